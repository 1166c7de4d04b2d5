//! `CustomObject` and `CustomField`: what an administrator has made.
//!
//! Source: "`CustomObject`", "`CustomField`" (Tooling API Developer Guide).

use std::sync::Arc;

use landfall_model::RecordId;

use crate::custom_field;

use super::rows::{FieldRow, ObjectRow, developer_name, fields, objects};
use super::{Api, Column, Declared, VirtualObject};

/// A field of an object.
type OfObject = Column<Arc<ObjectRow>>;

const OBJECT_COLUMNS: &[OfObject] = &[
    OfObject::id("Id", |row| row.id),
    OfObject::text("DeveloperName", |row| Some(developer_name(row.name()))),
    OfObject::none("NamespacePrefix"),
    OfObject::text("Language", |_| Some("en_US".to_owned())),
    OfObject::text("ManageableState", |_| Some("unmanaged".to_owned())),
    OfObject::text("SharingModel", |_| Some("ReadWrite".to_owned())),
    OfObject::none("Description"),
    OfObject::none("ExternalName"),
    OfObject::none("ExternalRepository"),
    OfObject::none("CustomHelpId"),
];

pub(crate) fn object() -> VirtualObject {
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
        objects.retain(|row| row.id.is_some());
        objects
    })
}

/// A field of a field.
type OfField = Column<FieldRow>;

/// The object of custom fields.
pub(crate) const FIELD_OBJECT: &str = "CustomField";

pub(crate) const FIELD_COLUMNS: &[OfField] = &[
    OfField::id("Id", FieldRow::id),
    OfField::text("TableEnumOrId", |row| Some(table_of(&row.object))),
    OfField::text("EntityDefinitionId", |row| Some(row.object.durable_id()))
        .way("EntityDefinition", "EntityDefinition"),
    OfField::text("DeveloperName", |row| Some(developer_name(row.name()))),
    OfField::none("NamespacePrefix"),
    OfField::text("ManageableState", |_| Some("unmanaged".to_owned())),
    OfField::text("FullName", |row| {
        Some(format!("{}.{}", row.object.name(), row.name()))
    })
    .unfiltered()
    .writable(),
    OfField::members("Metadata", |row| custom_field::metadata(row.part())).writable(),
    OfField::none("Description"),
    OfField::none("InlineHelpText"),
];

/// The name of a standard object, or the id of a custom one.
fn table_of(row: &ObjectRow) -> String {
    let id = row.id.as_ref().map(RecordId::as_str);
    id.unwrap_or_else(|| row.name()).to_owned()
}

pub(crate) fn field() -> VirtualObject {
    let declared = Declared {
        name: FIELD_OBJECT,
        label: "Custom Field",
        label_plural: "Custom Fields",
        key_prefix: Some("00N"),
        since: 31,
        apis: &[Api::Tooling],
        changeable: true,
        children: &[],
    };
    VirtualObject::new(declared, FIELD_COLUMNS, |source| {
        let mut fields = fields(source);
        fields.retain(|field| field.id().is_some());
        fields
    })
}
