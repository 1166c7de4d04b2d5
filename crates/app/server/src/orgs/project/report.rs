//! What a project holds: what of it is loaded, what is left out, and why.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use landfall_metadata::{Component, Kind, NamedFeature, OtherType, Part, Problem};

/// What a project holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The features that it switches on, by name.
    pub features: Vec<NamedFeature>,
    /// What definitions come from, by type.
    pub loaded: Vec<Loaded>,
    /// Whole components that no definitions come from, by type.
    pub left_out: Vec<LeftOut>,
    /// Lines that do not apply, by file and line.
    pub warnings: Vec<Problem>,
    /// What keeps the project from being used, by file and line.
    pub errors: Vec<Problem>,
}

/// Components of a type that are loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// The name of the type in the Metadata API.
    pub of: String,
    /// How many.
    pub count: usize,
}

/// Components of a type that are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The name of the type in the Metadata API, or how the names of its files end.
    pub of: String,
    /// How many.
    pub count: usize,
    /// Why.
    pub reason: &'static str,
}

impl Report {
    /// What is in the files of a project; `others` are those that no definitions come from.
    pub(super) fn of(components: &[Component], others: &[String]) -> Self {
        let parts = landfall_metadata::parts(components);
        Self {
            features: Vec::new(),
            loaded: loaded(&parts),
            left_out: left_out(others),
            warnings: Vec::new(),
            errors: Vec::new(),
        }
    }
}

fn loaded(parts: &[Part]) -> Vec<Loaded> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for part in parts.iter().filter(|part| part.kind != Kind::Features) {
        *counts.entry(part.kind.root()).or_default() += 1;
    }
    let rows = counts.into_iter();
    rows.map(|(of, count)| Loaded {
        of: of.to_owned(),
        count,
    })
    .collect()
}

pub(super) fn left_out(files: &[String]) -> Vec<LeftOut> {
    let mut rows: BTreeMap<String, LeftOut> = BTreeMap::new();
    let mut last = None;
    for file in files {
        let name = file.strip_suffix("-meta.xml").unwrap_or(file);
        let Some((of, reason)) = type_of(file, name) else {
            continue;
        };
        // A file and the file that describes it are one component.
        if last.replace(name) == Some(name) {
            continue;
        }
        match rows.entry(of.to_owned()) {
            Entry::Vacant(vacant) => {
                vacant.insert(LeftOut {
                    of: of.to_owned(),
                    count: 1,
                    reason,
                });
            }
            Entry::Occupied(mut row) => row.get_mut().count += 1,
        }
    }
    rows.into_values().collect()
}

/// The type of a component that is left out; none of a file that is no component.
fn type_of<'f>(file: &'f str, name: &'f str) -> Option<(&'f str, &'static str)> {
    let is_described = name.len() != file.len();
    let (path, suffix) = name.rsplit_once('.')?;
    if suffix == "md" && !path.split('/').any(|folder| folder == "customMetadata") {
        return None;
    }
    match OtherType::of_suffix(suffix) {
        // Of a component of several files, one is described.
        Some(known) if is_described || !["js", "app", "cmp", "evt"].contains(&suffix) => {
            Some((known.name, known.reason))
        }
        None if is_described && !suffix.contains('/') => Some((suffix, OtherType::UNKNOWN)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_are_counted_once() {
        let files = [
            "a/classes/A.cls",
            "a/classes/A.cls-meta.xml",
            "a/classes/B.cls",
            "a/flows/F.flow-meta.xml",
            "a/lwc/tile/tile.html",
            "a/lwc/tile/tile.js",
            "a/lwc/tile/tile.js-meta.xml",
            "a/new/N.novelty-meta.xml",
            "README.md",
            "package.xml",
        ]
        .map(str::to_owned);
        let rows = left_out(&files);
        let seen: Vec<(&str, usize, &str)> = rows
            .iter()
            .map(|row| (row.of.as_str(), row.count, row.reason))
            .collect();
        assert_eq!(
            seen,
            [
                ("ApexClass", 2, "code does not run here"),
                ("Flow", 1, "automation does not run here"),
                ("LightningComponentBundle", 1, "code does not run here"),
                ("novelty", 1, "not imitated"),
            ]
        );
    }
}
