//! Each invariant of ARCHITECTURE.md names what guards it, and each guard exists.

use super::{Finding, Source, evidence::Evidence, find};

const FILE: &str = "ARCHITECTURE.md";
const SECTION: &str = "## Invariants";

pub(super) fn check(sources: &[Source], findings: &mut Vec<Finding>) {
    let Some(page) = find(sources, FILE) else {
        findings.push(Finding::new(FILE, "is missing"));
        return;
    };
    let evidence = Evidence::new(sources);
    let lines = (1..).zip(page.text.lines());
    let section = lines.skip_while(|(_, line)| *line != SECTION).skip(1);
    let section = section.take_while(|(_, line)| !line.starts_with("## "));
    // The header and the line under it.
    let rows = section.filter(|(_, line)| line.starts_with('|')).skip(2);
    let mut count = 0;
    for (number, row) in rows {
        count += 1;
        let missing = evidence.missing(row).into_iter();
        findings.extend(missing.map(|what| Finding::at(FILE, number, what)));
        if evidence.count(row) + lint_files(row, sources) == 0 {
            findings.push(Finding::at(FILE, number, "an invariant without a guard"));
        }
    }
    if count == 0 {
        findings.push(Finding::new(FILE, format!("has no table in `{SECTION}`")));
    }
}

/// How many settings of lints the row names.
fn lint_files(row: &str, sources: &[Source]) -> usize {
    let named = row.split('`').skip(1).step_by(2);
    named
        .filter(|name| name.strip_suffix(".toml").is_some() && find(sources, name).is_some())
        .count()
}

#[cfg(test)]
mod tests {
    use super::{super::source, *};

    #[test]
    fn an_invariant_without_a_guard_and_a_guard_that_does_not_exist_are_found() {
        let sources = [
            source("crates/core/clippy.toml", ""),
            source("crates/storage/store/src/laws.rs", "fn rising() {}"),
            source(
                FILE,
                "# A\n## Invariants\n\n| invariant | guards |\n|---|---|\n| a | `store: laws::rising` |\n\
                 | b | `store: laws::falling` |\n| c | nothing |\n| d | `crates/core/clippy.toml` |\n\n## B\n| e | |\n",
            ),
        ];
        let mut findings = Vec::new();
        check(&sources, &mut findings);
        let findings: Vec<String> = findings.iter().map(ToString::to_string).collect();
        assert_eq!(
            findings,
            [
                "ARCHITECTURE.md:7: store has no test laws::falling",
                "ARCHITECTURE.md:8: an invariant without a guard",
            ]
        );
    }
}
