//! The features of an org as a component, and what in a project stands for a feature.
//!
//! This crate knows no features: it reads names and reasons, and leaves it to its caller what they mean.
//!
//! Source: "Settings" (Metadata API Developer Guide).

use landfall_xml::{Limits, document};

use crate::Component;
use crate::channel_file::part;
use crate::part::Part;
use crate::problem::Problem;
use crate::project::Kind;
use crate::xml;

const FEATURE: &str = "feature";
const REASON: &str = "reason";

/// A feature that an org has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedFeature {
    /// Its name.
    pub name: String,
    /// Why the org has it.
    pub reason: String,
}

/// The component that switches features on; `of` is what they come from.
pub fn features_part(of: &str, features: &[NamedFeature]) -> Part {
    let elements = features.iter();
    let elements: Vec<(&str, &str)> = elements
        .flat_map(|NamedFeature { name, reason }| {
            [(FEATURE, name.as_str()), (REASON, reason.as_str())]
        })
        .collect();
    part(Kind::Features, of, &elements, &[])
}

/// The same as a file of a project.
pub fn features_component(of: &str, features: &[NamedFeature]) -> Component {
    let Part { path, content, .. } = features_part(of, features);
    Component { path, content }
}

/// The features that components switch on.
pub fn named_features(parts: &[Part]) -> Vec<NamedFeature> {
    let parts = parts.iter().filter(|part| part.kind == Kind::Features);
    // What cannot be read is reported where all components are read.
    let read = parts.filter_map(|part| xml::parse(part).ok());
    let mut features = Vec::new();
    for element in read {
        for pair in element.children.chunks_exact(2) {
            if let [name, reason] = pair
                && (name.name.as_str(), reason.name.as_str()) == (FEATURE, REASON)
            {
                features.push(NamedFeature {
                    name: name.text.clone(),
                    reason: reason.text.clone(),
                });
            }
        }
    }
    features
}

/// Names of standard objects that a component is part of, refers to or takes the changes of.
pub fn objects_of_part(part: &Part) -> Vec<&str> {
    let own = part.name.split('.').next().unwrap_or_default();
    match part.kind {
        Kind::Object | Kind::RecordType | Kind::BusinessProcess | Kind::ValidationRule => vec![own],
        Kind::Field => {
            let mut objects = vec![own];
            objects.extend(texts(&part.content, "referenceTo"));
            objects
        }
        Kind::ChannelMember => texts(&part.content, "selectedEntity")
            .filter_map(|event| event.strip_suffix("ChangeEvent"))
            .collect(),
        _ => Vec::new(),
    }
}

/// The texts of the elements of this name in a document that may be damaged.
fn texts<'t>(content: &'t str, element: &str) -> impl Iterator<Item = &'t str> {
    let (begin, end) = (format!("<{element}>"), format!("</{element}>"));
    let mut rest = content;
    std::iter::from_fn(move || {
        let (_, after) = rest.split_once(&begin)?;
        let (text, after) = after.split_once(&end)?;
        rest = after;
        Some(text.trim())
    })
}

/// Whether a file holds settings, by its path; with the name of its component.
pub fn settings_file(path: &str) -> Option<&str> {
    let file = path.rsplit(['/', '\\']).next()?;
    let stem = file.strip_suffix("-meta.xml").unwrap_or(file);
    stem.strip_suffix(".settings")
}

/// The settings that a file of settings switches on.
///
/// # Errors
/// Where the text is no document, and why.
pub fn settings_that_are_on(path: &str, content: &str) -> Result<Vec<String>, Problem> {
    let document = document(content, Limits::FILE).map_err(|error| Problem {
        path: path.to_owned(),
        line: error.line,
        reason: error.to_string(),
    })?;
    let children = document.root.children.into_iter();
    let on = children.filter(|child| child.text.trim().eq_ignore_ascii_case("true"));
    Ok(on.map(|child| child.name).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str, reason: &str) -> NamedFeature {
        NamedFeature {
            name: name.to_owned(),
            reason: reason.to_owned(),
        }
    }

    #[test]
    fn features_are_read_back_with_their_reasons() {
        let features = [named("Quotes", "a <&> b"), named("FieldService", "flag")];
        let file = features_component("Project", &features);
        let parts = crate::parts(&[file]);
        let kinds: Vec<_> = parts
            .iter()
            .map(|part| (part.kind, part.name.as_str()))
            .collect();
        assert_eq!(kinds, [(Kind::Features, "Project")]);
        assert_eq!(named_features(&parts), features);
        assert!(named_features(&crate::parts(&[features_component("Project", &[])])).is_empty());
    }

    #[test]
    fn components_lead_to_the_objects_that_they_need() {
        let of = |path: &str, content: &str| {
            let parts = crate::parts(&[Component {
                path: path.to_owned(),
                content: content.to_owned(),
            }]);
            let objects = parts.iter().flat_map(objects_of_part);
            objects.map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(
            of("objects/Quote/Quote.object-meta.xml", "<CustomObject/>"),
            ["Quote"]
        );
        assert_eq!(
            of(
                "objects/A__c/fields/Q__c.field-meta.xml",
                "<CustomField><referenceTo> Quote </referenceTo></CustomField>"
            ),
            ["A__c", "Quote"]
        );
        assert_eq!(
            of(
                "platformEventChannelMembers/A.platformEventChannelMember-meta.xml",
                "<PlatformEventChannelMember><selectedEntity>QuoteChangeEvent</selectedEntity>"
            ),
            ["Quote"]
        );
        let profile =
            "<Profile><objectPermissions><object>Quote</object></objectPermissions></Profile>";
        assert!(of("profiles/Admin.profile-meta.xml", profile).is_empty());
    }

    #[test]
    fn settings_are_on_if_their_element_says_so() {
        assert_eq!(
            settings_file("a/settings/Quote.settings-meta.xml"),
            Some("Quote")
        );
        assert_eq!(settings_file("settings/Quote.settings"), Some("Quote"));
        assert_eq!(settings_file("settings/Quote.xml"), None);
        let content = "<QuoteSettings xmlns=\"http://soap.sforce.com/2006/04/metadata\">\
            <enableQuote>true</enableQuote><b>false</b><c><d>true</d></c></QuoteSettings>";
        assert_eq!(
            settings_that_are_on("p", content).expect("readable"),
            ["enableQuote"]
        );
        assert!(settings_that_are_on("p", "<a").is_err());
    }
}
