//! Custom settings: objects whose records set up the org, list by list or by org, profile and user.
//!
//! Source: "`CustomObject`" (Metadata API Developer Guide), `customSettingsType`; "Custom Settings" (Salesforce Help).

use landfall_model::{
    Capabilities, CustomKind, EntityDefinition, EntityName, KeyPrefix, ObjectTraits,
};

use crate::blank;
use crate::field::DeclaredField;
use crate::gather::ObjectSource;
use crate::object;
use crate::problem::Report;
use crate::xml::Element;

/// The kind of custom setting that an object file declares; none if it is another object.
pub(crate) fn kind(element: &Element, report: &mut Report) -> Option<CustomKind> {
    let kinds = [
        ("List", CustomKind::ListSetting),
        ("Hierarchy", CustomKind::HierarchySetting),
    ];
    element.choice("customSettingsType", &kinds, report)
}

/// Puts a custom setting together.
pub(crate) fn define(
    source: &ObjectSource,
    (element, custom_kind): (&Element, CustomKind),
    declared: &[DeclaredField],
    key_prefix: KeyPrefix,
    report: &mut Report,
) -> EntityDefinition {
    let label = object::label(&source.name, element, report);
    let visibilities = ["Public", "Protected", "PackageProtected"].map(|word| (word, ()));
    element.choice("visibility", &visibilities, report);
    let capabilities = Capabilities {
        createable: true,
        updateable: true,
        deletable: true,
        undeletable: true,
        queryable: true,
        replicateable: true,
        retrieveable: true,
        ..Capabilities::default()
    };
    let mut entity = EntityDefinition::new(
        EntityName::new(source.name.as_str()),
        (label.clone(), label),
        key_prefix,
        true,
        capabilities,
        blank::custom_setting(custom_kind),
        Vec::new(),
        None,
    )
    .with_traits(ObjectTraits {
        custom_kind,
        ..ObjectTraits::default()
    });
    object::add_fields(&mut entity, declared);
    for field in &mut entity.fields {
        field.in_change_event = false;
    }
    entity
}
