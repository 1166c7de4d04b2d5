//! Links between pages lead to files and headings that exist.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use super::{Finding, Source};

pub(super) fn check(sources: &[Source], findings: &mut Vec<Finding>) {
    for page in sources.iter().filter(|source| source.extension() == "md") {
        let mut is_fenced = false;
        for (number, line) in (1..).zip(page.text.lines()) {
            is_fenced ^= line.starts_with("```");
            if is_fenced {
                continue;
            }
            for link in links(line) {
                if !leads_somewhere(page, link, sources) {
                    let what = format!("the link to {link} leads nowhere");
                    findings.push(Finding::at(&page.path, number, what));
                }
            }
        }
    }
}

/// The targets of the links in `line`, without those of other sites.
fn links(line: &str) -> impl Iterator<Item = &str> {
    let targets = line.split("](").skip(1);
    let targets = targets.filter_map(|rest| rest.split(')').next());
    targets.filter(|target| !target.contains("://") && !target.contains(' '))
}

fn leads_somewhere(page: &Source, link: &str, sources: &[Source]) -> bool {
    let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
    let path = if file.is_empty() {
        page.path.clone()
    } else {
        resolve(&page.path, file)
    };
    let Some(target) = sources.iter().find(|source| source.path == path) else {
        return sources.iter().any(|source| source.path.starts_with(&path));
    };
    anchor.is_empty() || anchors(&target.text).contains(anchor)
}

/// The path that `file` has, as it is written on the page at `page`.
fn resolve(page: &Path, file: &str) -> PathBuf {
    let mut path = page.parent().map(PathBuf::from).unwrap_or_default();
    for part in Path::new(file).components() {
        match part {
            Component::ParentDir => {
                path.pop();
            }
            Component::Normal(name) => path.push(name),
            _ => (),
        }
    }
    path
}

/// The anchors of a page's headings, as the usual renderers make them.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let anchors = headings.map(|heading| {
        let title = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = title.chars().filter_map(|c| match c {
            ' ' => Some('-'),
            c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c),
            _ => None,
        });
        kept.collect()
    });
    anchors.collect()
}

#[cfg(test)]
mod tests {
    use super::{super::source, *};

    #[test]
    fn links_to_missing_files_and_headings_are_found() {
        let sources = [
            source(
                "README.md",
                "[a](docs/a.md#by-hand) [b](docs/b.md) [c](docs) [d](https://example.com/x)\n```\n[e](e.md)\n```\n",
            ),
            source(
                "docs/a.md",
                "# A\n## By hand\n[up](../README.md) [here](#by-hand) [there](#by-foot)\n",
            ),
        ];
        let mut findings = Vec::new();
        check(&sources, &mut findings);
        let findings: Vec<String> = findings.iter().map(ToString::to_string).collect();
        assert_eq!(
            findings,
            [
                "README.md:1: the link to docs/b.md leads nowhere",
                "docs/a.md:3: the link to #by-foot leads nowhere",
            ]
        );
    }
}
