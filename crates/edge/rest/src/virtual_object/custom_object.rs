//! `CustomObject` and `CustomField`: what an administrator has made.
//!
//! Source: "`CustomObject`", "`CustomField`" (Tooling API Developer Guide).

use std::sync::Arc;

use landfall_model::RecordId;

use super::shown::{Shown, ShownField, developer_name, fields, objects};
use super::{Api, Column, Declared, VirtualObject};

/// A field of an object.
type OfObject = Column<Arc<Shown>>;

const OBJECT_COLUMNS: &[OfObject] = &[
    OfObject::id("Id", |shown| shown.id),
    OfObject::text("DeveloperName", |shown| Some(developer_name(shown.name()))),
    OfObject::none("NamespacePrefix"),
    OfObject::text("Language", |_| Some("en_US".to_owned())),
    OfObject::text("ManageableState", |_| Some("unmanaged".to_owned())),
    OfObject::text("SharingModel", |_| Some("ReadWrite".to_owned())),
    OfObject::none("Description"),
    OfObject::none("ExternalName"),
    OfObject::none("ExternalRepository"),
    OfObject::none("CustomHelpId"),
];

pub(super) fn object() -> VirtualObject {
    let declared = Declared {
        name: "CustomObject",
        label: "Custom Object",
        label_plural: "Custom Objects",
        key_prefix: Some("01I"),
        since: 31,
        apis: &[Api::Tooling],
        changeable: false,
        children: &[],
    };
    VirtualObject::new(declared, OBJECT_COLUMNS, |source| {
        let mut objects = objects(source);
        objects.retain(|shown| shown.id.is_some());
        objects
    })
}

/// A field of a field.
type OfField = Column<ShownField>;

const FIELD_COLUMNS: &[OfField] = &[
    OfField::id("Id", ShownField::id),
    OfField::text("TableEnumOrId", |shown| Some(table_of(&shown.object))),
    OfField::text("EntityDefinitionId", |shown| {
        Some(shown.object.durable_id())
    })
    .way("EntityDefinition", "EntityDefinition"),
    OfField::text("DeveloperName", |shown| Some(developer_name(shown.name()))),
    OfField::none("NamespacePrefix"),
    OfField::text("ManageableState", |_| Some("unmanaged".to_owned())),
    OfField::text("FullName", |shown| {
        Some(format!("{}.{}", shown.object.name(), shown.name()))
    })
    .unfiltered(),
    OfField::none("Description"),
    OfField::none("InlineHelpText"),
];

/// The name of a standard object, or the id of a custom one.
fn table_of(shown: &Shown) -> String {
    let id = shown.id.as_ref().map(RecordId::as_str);
    id.unwrap_or_else(|| shown.name()).to_owned()
}

pub(super) fn field() -> VirtualObject {
    let declared = Declared {
        name: "CustomField",
        label: "Custom Field",
        label_plural: "Custom Fields",
        key_prefix: Some("00N"),
        since: 31,
        apis: &[Api::Tooling],
        changeable: false,
        children: &[],
    };
    VirtualObject::new(declared, FIELD_COLUMNS, |source| {
        let mut fields = fields(source);
        fields.retain(|field| field.id().is_some());
        fields
    })
}
