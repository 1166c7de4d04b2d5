//! Tests that would not run: CI counts a skipped test as a failure, so none is ignored.

use super::{Finding, Source};

pub(super) fn check(sources: &[Source], findings: &mut Vec<Finding>) {
    for source in sources.iter().filter(|source| source.is_rust()) {
        for (index, line) in source.text.lines().enumerate() {
            if line.trim_start().starts_with("#[ignore") {
                let what = "an ignored test: CI fails on a skipped check; run it on request by a variable of the environment";
                findings.push(Finding::at(&source.path, index + 1, what));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::source;
    use super::*;

    #[test]
    fn an_ignored_test_is_found() {
        let mut findings = Vec::new();
        let text = "#[test]\nfn runs() {}\n\n#[test]\n#[ignore = \"slow\"]\nfn rests() {}\n";
        check(&[source("a.rs", text), source("a.md", text)], &mut findings);
        let lines: Vec<_> = findings.iter().map(|finding| finding.line).collect();
        assert_eq!(lines, [Some(5)]);
    }
}
