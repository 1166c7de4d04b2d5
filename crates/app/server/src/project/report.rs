//! What a project holds: what of it is loaded, what is left out, and why.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use landfall_metadata::{Component, Part, Problem};

/// Why Landfall has no use for components of a type.
const CODE: &str = "code does not run here";
const AUTOMATION: &str = "automation does not run here";
const ACCESS: &str = "records are not shared by rules here";
const PAGES: &str = "there is no user interface here";
const REPORTS: &str = "there are no reports here";
const OTHER: &str = "not imitated";

/// Types of the Metadata API that no definitions come from: how the names of their files end, and why they are left out.
///
/// Source: "Metadata Types" (Metadata API Developer Guide); the suffixes: forcedotcom/source-deploy-retrieve,
/// `metadataRegistry.json`.
const TYPES: [(&str, &str, &str); 51] = [
    ("app", "CustomApplication", PAGES),
    ("approvalProcess", "ApprovalProcess", AUTOMATION),
    ("assignmentRules", "AssignmentRules", AUTOMATION),
    ("autoResponseRules", "AutoResponseRules", AUTOMATION),
    ("businessProcess", "BusinessProcess", OTHER),
    ("cls", "ApexClass", CODE),
    ("cmp", "AuraDefinitionBundle", CODE),
    ("compactLayout", "CompactLayout", PAGES),
    ("component", "ApexComponent", CODE),
    ("customPermission", "CustomPermission", OTHER),
    ("dashboard", "Dashboard", REPORTS),
    ("duplicateRule", "DuplicateRule", OTHER),
    ("email", "EmailTemplate", OTHER),
    ("escalationRules", "EscalationRules", AUTOMATION),
    ("evt", "AuraDefinitionBundle", CODE),
    ("fieldSet", "FieldSet", PAGES),
    ("flexipage", "FlexiPage", PAGES),
    ("flow", "Flow", AUTOMATION),
    ("flowDefinition", "FlowDefinition", AUTOMATION),
    ("group", "Group", ACCESS),
    ("homePageLayout", "HomePageLayout", PAGES),
    ("index", "Index", OTHER),
    ("js", "LightningComponentBundle", CODE),
    ("layout", "Layout", PAGES),
    ("letter", "Letterhead", OTHER),
    ("listView", "ListView", PAGES),
    ("matchingRule", "MatchingRules", OTHER),
    ("messageChannel", "LightningMessageChannel", PAGES),
    ("namedCredential", "NamedCredential", OTHER),
    ("network", "Network", PAGES),
    ("object", "CustomObject", OTHER),
    ("objectTranslation", "CustomObjectTranslation", PAGES),
    ("page", "ApexPage", CODE),
    ("permissionsetgroup", "PermissionSetGroup", ACCESS),
    ("queue", "Queue", ACCESS),
    ("quickAction", "QuickAction", PAGES),
    ("remoteSite", "RemoteSiteSetting", OTHER),
    ("report", "Report", REPORTS),
    ("reportFolder", "ReportFolder", REPORTS),
    ("reportType", "ReportType", REPORTS),
    ("resource", "StaticResource", PAGES),
    ("role", "Role", ACCESS),
    ("settings", "Settings", OTHER),
    ("sharingRules", "SharingRules", ACCESS),
    ("site", "CustomSite", PAGES),
    ("tab", "CustomTab", PAGES),
    ("testSuite", "ApexTestSuite", CODE),
    ("translation", "Translations", PAGES),
    ("trigger", "ApexTrigger", CODE),
    ("webLink", "WebLink", PAGES),
    ("workflow", "Workflow", AUTOMATION),
];

/// What a project holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
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
        Self {
            loaded: loaded(&landfall_metadata::parts(components)),
            left_out: left_out(others),
            warnings: Vec::new(),
            errors: Vec::new(),
        }
    }
}

fn loaded(parts: &[Part]) -> Vec<Loaded> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for part in parts {
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
    let known = TYPES.iter().find(|(known, _, _)| *known == suffix);
    match known {
        // Of a component of several files, one is described.
        Some((_, of, reason)) if is_described || !["js", "app", "cmp", "evt"].contains(&suffix) => {
            Some((of, reason))
        }
        None if is_described && !suffix.contains('/') => Some((suffix, OTHER)),
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
                ("ApexClass", 2, CODE),
                ("Flow", 1, AUTOMATION),
                ("LightningComponentBundle", 1, CODE),
                ("novelty", 1, OTHER),
            ]
        );
    }

    #[test]
    fn types_are_sorted_by_suffix() {
        assert!(TYPES.is_sorted_by_key(|(suffix, _, _)| *suffix));
    }
}
