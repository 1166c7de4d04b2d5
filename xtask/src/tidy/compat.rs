//! What COMPAT.md says a behaviour is shown by is there: each test, and each case of a transcript.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, Source};

const FILE: &str = "COMPAT.md";

/// Names by what they belong to.
type Names<'s> = BTreeMap<&'s str, BTreeSet<&'s str>>;

pub(super) fn check(sources: &[Source], findings: &mut Vec<Finding>) {
    let (tests, cases) = (functions(sources), cases(sources));
    let compat = sources.iter().filter(|source| source.path.ends_with(FILE));
    for (number, line) in compat.flat_map(|source| (1..).zip(source.text.lines())) {
        for (owner, path) in line.split('`').skip(1).step_by(2).filter_map(test) {
            let name = path.rsplit("::").next().unwrap_or(path);
            let is_there = match tests.get(owner) {
                Some(names) => names.contains(name),
                // What else has a colon: a setting, or a header.
                None => !path.contains("::"),
            };
            if !is_there {
                let what = format!("{owner} has no test {path}");
                findings.push(Finding::at(FILE, number, what));
            }
        }
        for (file, case) in shown(line) {
            if cases.get(file).is_some_and(|titles| !titles.contains(case)) {
                let what = format!("{file} has no case \"{case}\"");
                findings.push(Finding::at(FILE, number, what));
            }
        }
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

/// A crate and a test of it: `rest: queries::both_forms_of_an_id_are_the_same`.
fn test(text: &str) -> Option<(&str, &str)> {
    let (owner, path) = text.split_once(": ")?;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_:".contains(c);
    (path.chars().all(plain) && path != "module::test").then_some((owner, path))
}

/// The cases that a line names: a transcript, and behind it titles in quotes with nothing but dots or commas between.
fn shown(line: &str) -> Vec<(&str, &str)> {
    let (mut shown, mut file) = (Vec::new(), None);
    let mut texts = line.split('"');
    while let (Some(between), Some(title)) = (texts.next(), texts.next()) {
        let between = between.trim();
        file = match between.rsplit(' ').next() {
            Some(name) if name.strip_suffix(".md").is_some() => Some(name),
            _ if matches!(between, "·" | ",") => file,
            _ => None,
        };
        shown.extend(file.map(|file| (file, title)));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::{super::source, *};

    #[test]
    fn what_is_named_and_is_not_there_is_found() {
        let sources = [
            source("tests/transcripts/soap.md", "## A login\n## A logout\n"),
            source(
                "crates/edge/rest/tests/rest/records.rs",
                "async fn a_b() {}",
            ),
            source(
                FILE,
                "| `rest: records::a_b` · `rest: records::a_c` · `timeout: 0` |\n\
                 | soap.md \"A login\" · \"A logout\" · \"None\" · `x` says \"so\" · soap.md \"Nothing\" |\n",
            ),
        ];
        let mut findings = Vec::new();
        check(&sources, &mut findings);
        let findings: Vec<String> = findings.iter().map(ToString::to_string).collect();
        assert_eq!(
            findings,
            [
                "COMPAT.md:1: rest has no test records::a_c",
                "COMPAT.md:2: soap.md has no case \"None\"",
                "COMPAT.md:2: soap.md has no case \"Nothing\"",
            ]
        );
    }
}
