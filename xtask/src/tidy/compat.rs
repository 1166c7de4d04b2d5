//! The pages under docs/compat, COMPAT.md and docs/reliability.md name only evidence that exists.

use super::{Finding, Source, evidence::Evidence};

const PAGES: &[&str] = &["COMPAT.md", "docs/compat", "docs/reliability.md"];

pub(super) fn check(sources: &[Source], findings: &mut Vec<Finding>) {
    let evidence = Evidence::new(sources);
    let is_page = |source: &&Source| PAGES.iter().any(|page| source.path.starts_with(page));
    for page in sources.iter().filter(is_page) {
        for (number, line) in (1..).zip(page.text.lines()) {
            let missing = evidence.missing(line).into_iter();
            findings.extend(missing.map(|what| Finding::at(&page.path, number, what)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::source, *};

    #[test]
    fn a_page_that_names_a_missing_test_is_found_with_its_line() {
        let sources = [
            source(
                "crates/edge/rest/tests/rest/records.rs",
                "async fn a_b() {}",
            ),
            source(
                "docs/compat/rest.md",
                "# REST\n| `rest: records::a_b` |\n| `rest: records::a_c` |\n",
            ),
            source("docs/rest.md", "`rest: records::a_d`"),
        ];
        let mut findings = Vec::new();
        check(&sources, &mut findings);
        let findings: Vec<String> = findings.iter().map(ToString::to_string).collect();
        assert_eq!(
            findings,
            ["docs/compat/rest.md:3: rest has no test records::a_c"]
        );
    }
}
