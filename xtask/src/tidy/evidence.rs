//! What a table names as evidence: tests, cases of transcripts, scenarios of peers, steps of xtask, fuzz targets.
//!
//! `crate: module::test` in backticks; `file.md "heading" · "heading"`; `peers: CLIENT scenario`, `xtask: step` and
//! `fuzz: target` with the scenario, step or target in backticks.

use std::collections::{BTreeMap, BTreeSet};

use super::Source;

const PEERS: &str = "tests/peers";
const STEPS: &str = "xtask/src/ci.rs";
const FUZZ_TARGETS: &str = "fuzz/fuzz_targets";

/// The scenarios that every client of the Streaming API runs.
const SHARED_SCENARIOS: &str = "scenarios";

/// Names by what they belong to.
type Names<'s> = BTreeMap<&'s str, BTreeSet<&'s str>>;
type Peers<'s> = BTreeMap<String, BTreeSet<&'s str>>;

/// Everything of the project that can be named as evidence.
pub(super) struct Evidence<'s> {
    tests: Names<'s>,
    cases: Names<'s>,
    peers: Peers<'s>,
    steps: BTreeSet<&'s str>,
    fuzz_targets: BTreeSet<&'s str>,
}

impl<'s> Evidence<'s> {
    pub(super) fn new(sources: &'s [Source]) -> Self {
        let fuzz_targets = sources
            .iter()
            .filter(|source| source.path.starts_with(FUZZ_TARGETS));
        let fuzz_targets = fuzz_targets.filter_map(|source| source.path.file_stem()?.to_str());
        let steps = sources.iter().find(|source| source.path.ends_with(STEPS));
        let steps = steps.map_or("", |source| &source.text).split("step(\"");
        Self {
            tests: functions(sources),
            cases: cases(sources),
            peers: scenarios(sources),
            steps: steps
                .skip(1)
                .filter_map(|rest| rest.split('"').next())
                .collect(),
            fuzz_targets: fuzz_targets.collect(),
        }
    }

    /// What of the evidence in `line` does not exist, in words.
    pub(super) fn missing(&self, line: &str) -> Vec<String> {
        let mut missing = Vec::new();
        for (owner, path) in named_tests(line) {
            if !self.has_test(owner, path) {
                missing.push(format!("{owner} has no test {path}"));
            }
        }
        for (file, case) in named_cases(line) {
            if self.cases.get(file).is_some_and(|all| !all.contains(case)) {
                missing.push(format!("{file} has no case \"{case}\""));
            }
        }
        for (client, scenario) in named_scenarios(line) {
            if !self.has_scenario(client, scenario) {
                missing.push(format!("the peer {client} has no scenario {scenario}"));
            }
        }
        for step in named(line, "xtask: ") {
            if !self.steps.contains(step) {
                missing.push(format!("xtask has no step {step}"));
            }
        }
        for target in named(line, "fuzz: ") {
            if !self.fuzz_targets.contains(target) {
                missing.push(format!("there is no fuzz target {target}"));
            }
        }
        missing
    }

    /// How many pieces of evidence `line` names.
    pub(super) fn count(&self, line: &str) -> usize {
        let tests = named_tests(line).filter(|(owner, _)| self.tests.contains_key(owner));
        let cases = named_cases(line)
            .into_iter()
            .filter(|(file, _)| self.cases.contains_key(file));
        tests.count()
            + cases.count()
            + named_scenarios(line).len()
            + named(line, "xtask: ").count()
            + named(line, "fuzz: ").count()
    }

    fn has_test(&self, owner: &str, path: &str) -> bool {
        let name = path.rsplit("::").next().unwrap_or(path);
        match self.tests.get(owner) {
            Some(names) => names.contains(name),
            // What else has a colon: a setting, or a header.
            None => !path.contains("::"),
        }
    }

    fn has_scenario(&self, client: &str, scenario: &str) -> bool {
        let of = |client: &str| {
            self.peers
                .get(client)
                .is_some_and(|all| all.contains(scenario))
        };
        of(client) || (self.peers.contains_key(client) && of(SHARED_SCENARIOS))
    }
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

/// The tests in backticks, with their crates: `rest: queries::both_forms_of_an_id_are_the_same`.
fn named_tests(line: &str) -> impl Iterator<Item = (&str, &str)> {
    line.split('`').skip(1).step_by(2).filter_map(|text| {
        let (owner, path) = text.split_once(": ")?;
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_:".contains(c);
        (path.chars().all(plain) && path != "module::test").then_some((owner, path))
    })
}

/// The names in backticks of the lists that begin with `kind`.
fn named<'l>(line: &'l str, kind: &'l str) -> impl Iterator<Item = &'l str> {
    let lists = line.split(kind).skip(1).map(list);
    lists.flat_map(|list| list.split('`').skip(1).step_by(2))
}

/// The list that `text` begins with: it ends with its cell, with the next kind of evidence or with the sentence.
fn list(text: &str) -> &str {
    let end = text.find([';', '|', '·', '.']).unwrap_or(text.len());
    text.get(..end).unwrap_or(text)
}

/// The scenarios that a line names, with their client: `peers: cut` or `peers: jsforce bulk, sf bulk`, each scenario in
/// backticks. A scenario without a client is of the one before it; the first, of all clients of the Streaming API.
fn named_scenarios(line: &str) -> Vec<(&str, &str)> {
    let mut named = Vec::new();
    for list in line.split("peers: ").skip(1).map(list) {
        let mut client = SHARED_SCENARIOS;
        for item in list.split(", ") {
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
            source("xtask/src/ci.rs", "report.step(\"crash\", run)"),
            source("fuzz/fuzz_targets/soql.rs", ""),
        ];
        let lines = [
            "| `rest: records::a_b` · `rest: records::a_c` · `timeout: 0` |",
            "| soap.md \"A login\" · \"A logout\" · \"None\" · `x` says \"so\" · soap.md \"Nothing\" |",
            "| peers: `cut`, tap-salesforce `bulk_job`, `sync` · peers: `fly` |",
            "| xtask: `crash`, `smash` · fuzz: `soql` · fuzz: `sql` |",
        ];
        let evidence = Evidence::new(&sources);
        let missing: Vec<String> = lines
            .iter()
            .flat_map(|line| evidence.missing(line))
            .collect();
        assert_eq!(
            missing,
            [
                "rest has no test records::a_c",
                "soap.md has no case \"None\"",
                "soap.md has no case \"Nothing\"",
                "the peer tap-salesforce has no scenario sync",
                "the peer scenarios has no scenario fly",
                "xtask has no step smash",
                "there is no fuzz target sql",
            ]
        );
        let counts: Vec<usize> = lines.iter().map(|line| evidence.count(line)).collect();
        assert_eq!(counts, [2, 4, 4, 4]);
    }
}
