//! Text is in the words of the field: pages, help texts, log messages and errors, which users read, and comments.
//!
//! The phrases and what to write in their place are in `phrases.txt`.

use super::{Finding, Source, literals::literals};

const LIST: &str = include_str!("phrases.txt");

/// The crate that spells texts of the service, word for word.
const WIRE: &str = "crates/core/wire/";

/// A phrase in small letters, and what to write in its place.
type Phrase = (&'static str, &'static str);

pub(super) fn check(sources: &[Source], findings: &mut Vec<Finding>) {
    let phrases = phrases(findings);
    for source in sources {
        for (number, text) in texts(source) {
            let text = text.to_lowercase();
            for (phrase, instead) in phrases.iter().filter(|(phrase, _)| has(&text, phrase)) {
                let what = format!("\"{phrase}\": write {instead}");
                findings.push(Finding::at(&source.path, number, what));
            }
        }
    }
}

fn phrases(findings: &mut Vec<Finding>) -> Vec<Phrase> {
    let mut phrases = Vec::new();
    for (number, line) in (1..).zip(LIST.lines()) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match line.split_once(" -> ") {
            Some(phrase) => phrases.push(phrase),
            None => findings.push(Finding::at(
                "xtask/src/tidy/phrases.txt",
                number,
                "is not `phrase -> what to write`",
            )),
        }
    }
    phrases
}

/// The texts of a file that people read, with their lines.
fn texts(source: &Source) -> Vec<(usize, String)> {
    let path = source.path.to_string_lossy();
    if source.extension() == "md" {
        return page(&source.text);
    }
    if path == "docs/landfall.toml" {
        return comments(&source.text, "#");
    }
    if !source.is_rust() {
        return Vec::new();
    }
    let mut texts = comments(&source.text, "//");
    let is_code = path.starts_with("crates/") && path.contains("/src/");
    if is_code && !path.starts_with(WIRE) && !path.ends_with("/tests.rs") {
        let literals = literals(&source.text).into_iter();
        texts.extend(literals.map(|literal| (literal.line, unwrapped(literal.text))));
    }
    texts
}

/// The lines of a page outside of fenced blocks, without what is in backticks.
fn page(text: &str) -> Vec<(usize, String)> {
    let mut is_fenced = false;
    let lines = (1..).zip(text.lines()).filter(|(_, line)| {
        is_fenced ^= line.starts_with("```");
        !is_fenced
    });
    lines.map(|(number, line)| (number, prose(line))).collect()
}

/// The lines that are comments, without what is in backticks.
fn comments(text: &str, mark: &str) -> Vec<(usize, String)> {
    let lines = (1..).zip(text.lines());
    let comments = lines.filter_map(|(number, line)| {
        let comment = line.trim_start().strip_prefix(mark)?;
        Some((number, prose(comment)))
    });
    comments.collect()
}

/// A line without what is in backticks.
fn prose(line: &str) -> String {
    let parts: Vec<&str> = line.split('`').step_by(2).collect();
    parts.join("`")
}

/// The text of a literal that goes over several lines, in one, without the names of what is put in.
fn unwrapped(literal: &str) -> String {
    let mut text = String::new();
    let mut is_name = false;
    for line in literal.split("\\\n") {
        for character in line.trim_start().chars() {
            is_name = match character {
                '{' => true,
                '}' => false,
                _ => is_name,
            };
            if !is_name {
                text.push(character);
            }
        }
    }
    text
}

/// Whether `text` has `phrase` with no letter, digit or underscore on either side.
fn has(text: &str, phrase: &str) -> bool {
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    text.match_indices(phrase).any(|(start, _)| {
        let before = text.get(..start).and_then(|text| text.chars().next_back());
        let after = text
            .get(start + phrase.len()..)
            .and_then(|text| text.chars().next());
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::{super::source, *};

    fn found(path: &str, text: &str) -> Vec<String> {
        let mut findings = Vec::new();
        check(&[source(path, text)], &mut findings);
        findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn phrases_are_found_in_pages_outside_of_code() {
        let text = "A login is Told.\n`told` a_told\n```\ntold\n```\nretold\n";
        assert_eq!(
            found("docs/a.md", text),
            ["docs/a.md:1: \"told\": write reported, published, returned"]
        );
    }

    #[test]
    fn phrases_are_found_in_literals_over_several_lines_and_in_comments() {
        let text = "/// What is told.\nlet a = \"it goes \\\n    before {told}\"; // told\n";
        let path = "crates/app/landfall/src/cli.rs";
        let comment =
            |path: &str| format!("{path}:1: \"told\": write reported, published, returned");
        let literal = format!("{path}:2: \"goes before\": write takes precedence over");
        assert_eq!(found(path, text), [comment(path), literal]);
        for other in [
            "crates/core/wire/src/rest.rs",
            "crates/edge/rest/tests/a.rs",
        ] {
            assert_eq!(found(other, text), [comment(other)]);
        }
    }
}
