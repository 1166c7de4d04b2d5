//! COMPAT.md and the pages under docs/compat name only tests, cases of transcripts and peer scenarios that exist.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, Source};

const INDEX: &str = "COMPAT.md";
const PAGES: &str = "docs/compat";
const PEERS: &str = "tests/peers";

/// The scenarios that every client of the Streaming API runs.
const SHARED_SCENARIOS: &str = "scenarios";

/// Names by what they belong to.
type Names<'s> = BTreeMap<&'s str, BTreeSet<&'s str>>;
type Peers<'s> = BTreeMap<String, BTreeSet<&'s str>>;

pub(super) fn check(sources: &[Source], findings: &mut Vec<Finding>) {
    let (tests, cases, peers) = (functions(sources), cases(sources), scenarios(sources));
    let pages = sources
        .iter()
        .filter(|source| source.path.ends_with(INDEX) || source.path.starts_with(PAGES));
    for page in pages {
        for (number, line) in (1..).zip(page.text.lines()) {
            let missing = missing_tests(line, &tests)
                .chain(missing_cases(line, &cases))
                .chain(missing_scenarios(line, &peers));
            findings.extend(missing.map(|what| Finding::at(&page.path, number, what)));
        }
    }
}

fn missing_tests<'a>(line: &'a str, tests: &'a Names<'_>) -> impl Iterator<Item = String> + 'a {
    let named = line.split('`').skip(1).step_by(2).filter_map(test);
    named.filter_map(|(owner, path)| {
        let name = path.rsplit("::").next().unwrap_or(path);
        let exists = match tests.get(owner) {
            Some(names) => names.contains(name),
            // What else has a colon: a setting, or a header.
            None => !path.contains("::"),
        };
        (!exists).then(|| format!("{owner} has no test {path}"))
    })
}

fn missing_cases<'a>(line: &'a str, cases: &'a Names<'_>) -> impl Iterator<Item = String> + 'a {
    named_cases(line).into_iter().filter_map(|(file, case)| {
        let exists = cases.get(file).is_none_or(|titles| titles.contains(case));
        (!exists).then(|| format!("{file} has no case \"{case}\""))
    })
}

fn missing_scenarios<'a>(line: &'a str, peers: &'a Peers<'_>) -> impl Iterator<Item = String> + 'a {
    named_scenarios(line)
        .into_iter()
        .filter_map(|(client, scenario)| {
            let of = |client: &str| peers.get(client).is_some_and(|all| all.contains(scenario));
            let exists = of(client) || (peers.contains_key(client) && of(SHARED_SCENARIOS));
            (!exists).then(|| format!("the peer {client} has no scenario {scenario}"))
        })
}

/// The functions of each crate, by the crate's folder.
fn functions(sources: &[Source]) -> Names<'_> {
    let mut functions = Names::new();
    for source in sources.iter().filter(|source| source.is_rust()) {
        let mut folders = source.path.iter().filter_map(|folder| folder.to_str());
        if folders.next() != Some("crates") {
            continue;
        }
        let Some(owner) = folders.nth(1) else {
            continue;
        };
        let names = source.text.split("fn ").skip(1).filter_map(|rest| {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
            rest.get(..end)
        });
        functions.entry(owner).or_default().extend(names);
    }
    functions
}

/// The titles of each transcript's cases, by the name of its file.
fn cases(sources: &[Source]) -> Names<'_> {
    let transcripts = sources
        .iter()
        .filter(|source| source.path.starts_with("tests/transcripts"));
    let cases = transcripts.filter_map(|source| {
        let titles = source.text.lines();
        let titles = titles.filter_map(|line| line.strip_prefix("## "));
        Some((source.path.file_name()?.to_str()?, titles.collect()))
    });
    cases.collect()
}

/// The words of each client's program, by the client's name as the pages spell it: `tap-salesforce`.
fn scenarios(sources: &[Source]) -> Peers<'_> {
    let programs = sources
        .iter()
        .filter(|source| source.path.starts_with(PEERS));
    let mut words = Peers::new();
    for source in programs {
        let Some(file) = source.path.file_stem().and_then(|file| file.to_str()) else {
            continue;
        };
        let client = file.strip_suffix("_peer").unwrap_or(file).replace('_', "-");
        let is_part = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
        let found = source.text.split(|c: char| !is_part(c));
        words.entry(client).or_default().extend(found);
    }
    words
}

/// A crate and a test of it: `rest: queries::both_forms_of_an_id_are_the_same`.
fn test(text: &str) -> Option<(&str, &str)> {
    let (owner, path) = text.split_once(": ")?;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_:".contains(c);
    (path.chars().all(plain) && path != "module::test").then_some((owner, path))
}

/// The scenarios that a line names, with their client: `peers: cut` or `peers: jsforce bulk, sf bulk`, each scenario in
/// backticks. A scenario without a client is of the one before it; the first, of all clients of the Streaming API.
fn named_scenarios(line: &str) -> Vec<(&str, &str)> {
    let mut named = Vec::new();
    for list in line.split("peers: ").skip(1) {
        let end = list.find([';', '|', '·', '.']).unwrap_or(list.len());
        let mut client = SHARED_SCENARIOS;
        for item in list.get(..end).unwrap_or(list).split(", ") {
            let mut parts = item.split('`');
            let (Some(name), Some(scenario)) = (parts.next(), parts.next()) else {
                continue;
            };
            if !name.trim().is_empty() {
                client = name.trim();
            }
            named.push((client, scenario));
        }
    }
    named
}

/// The cases that a line names: a transcript, then titles in quotes with nothing but dots or commas between.
fn named_cases(line: &str) -> Vec<(&str, &str)> {
    let (mut named, mut file) = (Vec::new(), None);
    let mut texts = line.split('"');
    while let (Some(between), Some(title)) = (texts.next(), texts.next()) {
        let between = between.trim();
        file = match between.rsplit(' ').next() {
            Some(name) if name.strip_suffix(".md").is_some() => Some(name),
            _ if matches!(between, "·" | ",") => file,
            _ => None,
        };
        named.extend(file.map(|file| (file, title)));
    }
    named
}

#[cfg(test)]
mod tests {
    use super::{super::source, *};

    #[test]
    fn a_name_that_does_not_exist_is_found() {
        let sources = [
            source("tests/transcripts/soap.md", "## A login\n## A logout\n"),
            source(
                "crates/edge/rest/tests/rest/records.rs",
                "async fn a_b() {}",
            ),
            source("tests/peers/scenarios.mjs", "export { cut };"),
            source("tests/peers/tap_salesforce_peer.py", "bulk_job()"),
            source(
                "docs/compat/rest.md",
                "| `rest: records::a_b` · `rest: records::a_c` · `timeout: 0` |\n\
                 | soap.md \"A login\" · \"A logout\" · \"None\" · `x` says \"so\" · soap.md \"Nothing\" |\n\
                 | peers: `cut`, tap-salesforce `bulk_job`, `sync` · peers: `fly` |\n",
            ),
        ];
        let mut findings = Vec::new();
        check(&sources, &mut findings);
        let findings: Vec<String> = findings.iter().map(ToString::to_string).collect();
        assert_eq!(
            findings,
            [
                "docs/compat/rest.md:1: rest has no test records::a_c",
                "docs/compat/rest.md:2: soap.md has no case \"None\"",
                "docs/compat/rest.md:2: soap.md has no case \"Nothing\"",
                "docs/compat/rest.md:3: the peer tap-salesforce has no scenario sync",
                "docs/compat/rest.md:3: the peer scenarios has no scenario fly",
            ]
        );
    }
}
