//! Components that several package directories declare.
//!
//! The vendor's CLI deploys all package directories of a project in one transaction. Parts of objects, profiles,
//! permission sets and value sets are united; of anything else the file of the later directory counts.
//!
//! Source: "Multiple Package Directories" (Salesforce DX Developer Guide); none for components declared twice.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Range;

use landfall_xml::{Element, Limits, parse};

use crate::part::{Part, Piece};
use crate::problem::Problem;
use crate::project::Kind;
use crate::span::lines;

/// Each component once, in the order of the first declarations, and a warning for each declaration that is replaced.
pub fn united(parts: Vec<Part>) -> (Vec<Part>, Vec<Problem>) {
    let mut first: BTreeMap<(Kind, String), usize> = BTreeMap::new();
    let mut all: Vec<Part> = Vec::with_capacity(parts.len());
    let mut warnings = Vec::new();
    for part in parts {
        match first.entry((part.kind, part.name.to_ascii_lowercase())) {
            Entry::Vacant(vacant) => {
                vacant.insert(all.len());
                all.push(part);
            }
            Entry::Occupied(earlier) => {
                if let Some(earlier) = all.get_mut(*earlier.get()) {
                    warnings.extend(unite(earlier, part));
                }
            }
        }
    }
    (all, warnings)
}

/// A component as it is once another declaration of it is deployed: labels that the other does not have stay.
///
/// Source: "`CustomLabels`" (Metadata API Developer Guide): labels are components of their own.
pub fn deployed_over(mut earlier: Part, later: Part) -> Part {
    if earlier.kind != Kind::CustomLabels {
        return later;
    }
    // Labels are always united.
    unite(&mut earlier, later);
    earlier
}

/// Adds a later declaration to an earlier one, or replaces it.
fn unite(earlier: &mut Part, later: Part) -> Option<Problem> {
    if earlier.content == later.content {
        return None;
    }
    if let Some(replaced) = replaced(earlier.kind)
        && let Some(content) = joined(earlier, &later, &replaced)
    {
        earlier.content = content;
        return None;
    }
    let warning = Problem {
        path: earlier.path.clone(),
        line: earlier.line,
        reason: format!(
            "{} {} is replaced by {}",
            earlier.kind.root(),
            earlier.name,
            later.path
        ),
    };
    *earlier = later;
    Some(warning)
}

/// Which elements of an earlier declaration a later one replaces if it has them too; none if kinds are not united.
fn replaced(kind: Kind) -> Option<fn(&Element, &Element) -> bool> {
    fn is_same(element: &Element, other: &Element, names: [&str; 2]) -> bool {
        let key = |element: &Element| {
            let found = element
                .children
                .iter()
                .find(|child| names.contains(&child.name.as_str()));
            found.map(|child| child.text.trim().to_owned())
        };
        element.name == other.name && key(element) == key(other)
    }
    match kind {
        Kind::Profile | Kind::PermissionSet => Some(|element, other| {
            element.name == other.name && (element.children.is_empty() || other.children.is_empty())
        }),
        Kind::GlobalValueSet | Kind::StandardValueSet | Kind::CustomLabels => {
            Some(|element, other| is_same(element, other, ["fullName", "fullName"]))
        }
        Kind::Object => Some(|element, other| {
            let is_list =
                ["actionOverrides", "profileSearchLayouts"].contains(&element.name.as_str());
            element.name == other.name && !is_list
        }),
        Kind::Field
        | Kind::RecordType
        | Kind::BusinessProcess
        | Kind::ValidationRule
        | Kind::CustomMetadata
        | Kind::Channel
        | Kind::ChannelMember
        | Kind::ManagedSubscription
        | Kind::Queue
        | Kind::Group
        | Kind::ConnectedApp
        | Kind::CorsOrigin
        | Kind::Settings
        | Kind::Features => None,
    }
}

/// The elements of both declarations; none if one of them is damaged, which compiling reports.
fn joined(
    earlier: &mut Part,
    later: &Part,
    replaced: &impl Fn(&Element, &Element) -> bool,
) -> Option<String> {
    let first = parse(&earlier.content, Limits::FILE).ok()?;
    let second = parse(&later.content, Limits::FILE).ok()?;
    let mut content = String::new();
    let mut from = 0;
    for element in &first.children {
        if second.children.iter().any(|other| replaced(element, other)) {
            content.push_str(earlier.content.get(from..element.outer.start)?);
            // What stays keeps its lines.
            let taken = lines(earlier.content.get(element.outer.clone())?);
            content.extend(std::iter::repeat_n('\n', taken));
            from = element.outer.end;
        }
    }
    content.push_str(earlier.content.get(from..first.inner.end)?);
    let Range { start, end } = second.inner;
    if first.inner.is_empty() || start == end {
        // An empty element has no place for more.
        if start != end {
            earlier.path.clone_from(&later.path);
            earlier.line = later.line;
            return Some(later.content.clone());
        }
        return Some(earlier.content.clone());
    }
    content.push('\n');
    earlier.also.push(Piece {
        from: lines(&content) + 1,
        path: later.path.clone(),
        line: later.line + lines(later.content.get(..start)?),
    });
    content.push_str(later.content.get(start..end)?);
    content.push_str(earlier.content.get(first.inner.end..)?);
    Some(content)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Report;
    use crate::{Component, parts};

    fn profile(folder: &str, lines: &str) -> Component {
        Component {
            path: format!("{folder}/profiles/Admin.profile-meta.xml"),
            content: format!("<Profile>\n{lines}\n</Profile>\n"),
        }
    }

    #[test]
    fn a_profile_of_two_directories_has_the_lines_of_both() {
        let one = "<custom>false</custom>\n<userPermissions><name>A</name></userPermissions>";
        let two = "<custom>true</custom>\n\n<userPermissions><name>B</name></userPermissions>";
        let (all, warnings) = united(parts(&[profile("a", one), profile("b", two)]));
        assert_eq!((all.len(), warnings), (1, Vec::new()));
        let root = crate::xml::parse(&all[0]).expect("well-formed");
        let seen: Vec<(&str, &str, usize)> = root
            .children
            .iter()
            .map(|child| (child.name.as_str(), &*child.at.path, child.at.line))
            .collect();
        assert_eq!(
            seen,
            [
                ("userPermissions", "a/profiles/Admin.profile-meta.xml", 3),
                ("custom", "b/profiles/Admin.profile-meta.xml", 2),
                ("userPermissions", "b/profiles/Admin.profile-meta.xml", 4),
            ]
        );
        assert_eq!(root.text("custom", &mut Report::default()), Some("true"));
    }

    #[test]
    fn a_third_directory_adds_its_lines_too() {
        let line = |name: &str| format!("<userPermissions><name>{name}</name></userPermissions>");
        let files = ["A", "B", "C"].map(|name| profile(name, &line(name)));
        let (all, _) = united(parts(&files));
        let root = crate::xml::parse(&all[0]).expect("well-formed");
        let seen: Vec<(&str, usize)> = root
            .children
            .iter()
            .map(|child| (&*child.at.path, child.at.line))
            .collect();
        assert_eq!(
            seen,
            [
                ("A/profiles/Admin.profile-meta.xml", 2),
                ("B/profiles/Admin.profile-meta.xml", 2),
                ("C/profiles/Admin.profile-meta.xml", 2)
            ]
        );
    }

    #[test]
    fn of_two_fields_the_later_counts() {
        let field = |folder: &str, label: &str| Component {
            path: format!("{folder}/objects/Trip__c/fields/A__c.field-meta.xml"),
            content: format!("<CustomField><label>{label}</label></CustomField>"),
        };
        let (all, warnings) = united(parts(&[field("a", "A"), field("b", "B")]));
        assert_eq!(all.len(), 1);
        assert!(all[0].content.contains("<label>B</label>"));
        assert_eq!(
            warnings[0].to_string(),
            "a/objects/Trip__c/fields/A__c.field-meta.xml:1: CustomField Trip__c.A__c is replaced by \
             b/objects/Trip__c/fields/A__c.field-meta.xml"
        );
        let (_, warnings) = united(parts(&[field("a", "A"), field("b", "A")]));
        assert_eq!(warnings, Vec::new());
    }

    #[test]
    fn a_value_of_two_directories_is_there_once() {
        let set = |folder: &str, values: &str| Component {
            path: format!("{folder}/globalValueSets/Colors.globalValueSet-meta.xml"),
            content: format!(
                "<GlobalValueSet><masterLabel>C</masterLabel>{values}</GlobalValueSet>"
            ),
        };
        let value = |name: &str| format!("<customValue><fullName>{name}</fullName></customValue>");
        let (all, _) = united(parts(&[
            set("a", &format!("{}{}", value("Red"), value("Blue"))),
            set("b", &format!("{}{}", value("Blue"), value("Green"))),
        ]));
        let root = crate::xml::parse(&all[0]).expect("well-formed");
        let names: Vec<&str> = root
            .all("customValue")
            .filter_map(|value| value.children.first())
            .map(|name| name.text.as_str())
            .collect();
        assert_eq!(names, ["Red", "Blue", "Green"]);
    }
}
