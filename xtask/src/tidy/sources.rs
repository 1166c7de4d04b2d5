//! What every source file keeps: a module document, a size, no loose ends, lints.

use super::{Finding, Source, find};

/// Past this a file is split by meaning.
const LINES_MAX: usize = 800;

/// Marks of unfinished work. What ships is finished; what is not is absent and listed in COMPAT.md.
const LOOSE_ENDS: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("HA", "CK"),
    concat!("to", "do!"),
    concat!("unimpl", "emented!"),
];

/// Files that are code or are read by people who change code.
const CODE: &[&str] = &["c", "h", "js", "mjs", "md", "py", "rs", "sh", "toml"];

pub(super) fn check(sources: &[Source], findings: &mut Vec<Finding>) {
    for source in sources {
        if source.is_rust() {
            module_document(source, findings);
            size(source, findings);
        }
        if CODE.contains(&source.extension()) {
            loose_ends(source, findings);
        }
        if source.path.ends_with("Cargo.toml") {
            inherits_lints(source, findings);
        }
        if source.path.ends_with("package-lock.json") {
            no_addresses(source, findings);
        }
    }
    same_clippy_settings(sources, findings);
}

fn module_document(source: &Source, findings: &mut Vec<Finding>) {
    if !source.text.starts_with("//!") {
        findings.push(Finding::new(
            &source.path,
            "does not start with `//!`: say what the module owns and what it does not know",
        ));
    }
}

fn size(source: &Source, findings: &mut Vec<Finding>) {
    let lines = source.text.lines().count();
    if lines > LINES_MAX {
        findings.push(Finding::new(
            &source.path,
            format!("has {lines} lines, more than {LINES_MAX}: split it by meaning"),
        ));
    }
}

fn loose_ends(source: &Source, findings: &mut Vec<Finding>) {
    for (number, line) in (1..).zip(source.text.lines()) {
        for mark in LOOSE_ENDS {
            if has_word(line, mark) {
                findings.push(Finding::at(&source.path, number, format!("`{mark}`")));
            }
        }
    }
}

/// Whether `line` has `word` with no letter, digit or underscore on either side.
fn has_word(line: &str, word: &str) -> bool {
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    line.match_indices(word).any(|(start, _)| {
        let before = line.get(..start).and_then(|text| text.chars().next_back());
        let after = line
            .get(start + word.len()..)
            .and_then(|text| text.chars().next());
        !before.is_some_and(is_part) && (word.ends_with('!') || !after.is_some_and(is_part))
    })
}

fn inherits_lints(source: &Source, findings: &mut Vec<Finding>) {
    let is_root = source.text.contains("[workspace]");
    if !is_root && !source.text.contains("[lints]\nworkspace = true") {
        findings.push(Finding::new(
            &source.path,
            "does not inherit the lints of the workspace",
        ));
    }
}

/// A lock file with download addresses ties everyone to the registry of its author.
fn no_addresses(source: &Source, findings: &mut Vec<Finding>) {
    if source.text.contains("\"resolved\"") {
        findings.push(Finding::new(
            &source.path,
            "has download addresses: remove the `resolved` lines",
        ));
    }
}

/// Clippy reads only the nearest `clippy.toml`, so the one of core must repeat the root's.
fn same_clippy_settings(sources: &[Source], findings: &mut Vec<Finding>) {
    const CORE: &str = "crates/core/clippy.toml";
    let (Some(root), Some(core)) = (find(sources, "clippy.toml"), find(sources, CORE)) else {
        findings.push(Finding::new(
            CORE,
            "clippy.toml is missing here or in the root",
        ));
        return;
    };
    for line in root
        .text
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
    {
        if !core.text.lines().any(|found| found == line) {
            findings.push(Finding::new(
                CORE,
                format!("does not repeat `{line}` of the root's"),
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::source, *};

    fn found(check: fn(&Source, &mut Vec<Finding>), path: &str, text: &str) -> usize {
        let mut findings = Vec::new();
        check(&source(path, text), &mut findings);
        findings.len()
    }

    #[test]
    fn a_module_without_a_document_is_found() {
        assert_eq!(found(module_document, "a.rs", "use std::fs;\n"), 1);
        assert_eq!(
            found(module_document, "a.rs", "//! Files.\nuse std::fs;\n"),
            0
        );
    }

    #[test]
    fn a_file_of_more_lines_than_allowed_is_found() {
        assert_eq!(found(size, "a.rs", &"\n".repeat(LINES_MAX)), 0);
        assert_eq!(found(size, "a.rs", &"\n".repeat(LINES_MAX + 1)), 1);
    }

    #[test]
    fn loose_ends_are_found_as_words_only() {
        let mark = LOOSE_ENDS[0];
        assert_eq!(found(loose_ends, "a.rs", &format!("// {mark}: later")), 1);
        assert_eq!(found(loose_ends, "a.rs", &format!("let a{mark}b = 1;")), 0);
        assert_eq!(
            found(loose_ends, "a.rs", &format!("{}(\"x\")", LOOSE_ENDS[4])),
            1
        );
    }

    #[test]
    fn a_lock_file_with_addresses_is_found() {
        assert_eq!(
            found(no_addresses, "package-lock.json", "{\"resolved\": \"x\"}"),
            1
        );
    }

    #[test]
    fn a_crate_with_its_own_lints_is_found() {
        assert_eq!(
            found(inherits_lints, "a/Cargo.toml", "[package]\nname = \"a\"\n"),
            1
        );
        assert_eq!(
            found(
                inherits_lints,
                "a/Cargo.toml",
                "[lints]\nworkspace = true\n"
            ),
            0
        );
    }
}
