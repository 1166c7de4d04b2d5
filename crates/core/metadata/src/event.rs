//! Platform events: messages that a project defines.
//!
//! Source: "`CustomObject`" (Metadata API Developer Guide), `eventType` and `publishBehavior`; "Define a Platform
//! Event with Metadata API" (Platform Events Developer Guide).

use landfall_model::{EntityName, KeyPrefix, PlatformEventDefinition};

use crate::field::DeclaredField;
use crate::object;
use crate::problem::Report;
use crate::xml::Element;

/// What an event file says beside its fields.
pub(crate) struct Heading {
    label: String,
    label_plural: String,
    publish_after_commit: bool,
}

/// Reads what an event file says beside its fields.
pub(crate) fn heading(name: &str, element: &Element, report: &mut Report) -> Heading {
    let label = object::label(name, element, report);
    let label_plural = element.text("pluralLabel", report);
    let label_plural = label_plural.map_or_else(|| label.clone(), str::to_owned);
    let deployment = [("Deployed", ()), ("InDevelopment", ())];
    element.choice("deploymentStatus", &deployment, report);
    if let Some(found) = element.one("nameField", report) {
        report.problem(&found.at, "A platform event cannot have a nameField");
    }
    let types = [("HighVolume", true), ("StandardVolume", false)];
    if element.choice("eventType", &types, report) == Some(false) {
        let at = element
            .one("eventType", report)
            .map_or(&element.at, |found| &found.at);
        let reason =
            "Standard-volume platform events can no longer be created: the eventType is HighVolume";
        report.inapplicable(at, reason);
    }
    let behaviors = [("PublishImmediately", false), ("PublishAfterCommit", true)];
    let publish_after_commit = element.choice("publishBehavior", &behaviors, report);
    Heading {
        label,
        label_plural,
        publish_after_commit: publish_after_commit.unwrap_or(false),
    }
}

/// Puts a platform event together.
pub(crate) fn define(
    name: &str,
    heading: Heading,
    declared: &[DeclaredField],
    key_prefix: KeyPrefix,
) -> PlatformEventDefinition {
    PlatformEventDefinition {
        name: EntityName::new(name),
        label: heading.label,
        label_plural: heading.label_plural,
        key_prefix,
        publish_after_commit: heading.publish_after_commit,
        standard: None,
        fields: declared
            .iter()
            .map(|field| field.definition.clone())
            .collect(),
    }
}
