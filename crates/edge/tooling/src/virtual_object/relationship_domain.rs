//! `RelationshipDomain`: references between objects as records.
//!
//! Source: "`RelationshipDomain`" (Tooling API Developer Guide).

use landfall_model::{DeleteRule, RecordId};

use super::rows::fields;
use super::{Api, Column, Declared, VirtualObject};

/// A reference to an object.
struct ObjectRow {
    parent: String,
    child: String,
    field: String,
    name: Option<String>,
    rule: DeleteRule,
}

/// A field of a reference.
type Of = Column<ObjectRow>;

const COLUMNS: &[Of] = &[
    Of::id("Id", |_| Some(RecordId::EMPTY)),
    Of::text("DurableId", |row| {
        Some(format!("{}.{}", row.parent, row.field))
    }),
    Of::text("ParentSobjectId", |row| Some(row.parent.clone()))
        .way("ParentSobject", "EntityDefinition"),
    Of::text("ChildSobjectId", |row| Some(row.child.clone()))
        .way("ChildSobject", "EntityDefinition"),
    Of::text("FieldId", |row| Some(row.field.clone())).way("Field", "FieldDefinition"),
    Of::text("RelationshipName", |row| row.name.clone()),
    Of::flag("IsCascadeDelete", |row| row.rule == DeleteRule::Cascade),
    Of::never("IsDeprecatedAndHidden"),
    Of::flag("IsRestrictedDelete", |row| row.rule == DeleteRule::Restrict),
];

pub(crate) fn object() -> VirtualObject {
    let declared = Declared {
        name: "RelationshipDomain",
        label: "Relationship Domain",
        label_plural: "Relationship Domains",
        key_prefix: None,
        since: 34,
        apis: &[Api::Plain, Api::Tooling],
        changeable: false,
        children: &[],
    };
    VirtualObject::new(declared, COLUMNS, |source| {
        let mut references = Vec::new();
        let catalog = source.call.catalog();
        for field in fields(source) {
            for target in &field.field().reference_to {
                let Some(parent) = catalog.entity(target.as_str()) else {
                    continue;
                };
                let child = field.object.name();
                let known = parent.children.iter().find(|known| {
                    known.child.as_str() == child && known.field.as_str() == field.name()
                });
                let ids = &field.object.ids;
                let id = parent.custom.then(|| ids.object(parent.name.as_str()));
                references.push(ObjectRow {
                    parent: id.map_or_else(|| parent.name.to_string(), |id| id.short().to_owned()),
                    child: field.object.durable_id(),
                    field: field.durable_id(),
                    name: known.and_then(|known| known.relationship_name.clone()),
                    rule: known.map_or(DeleteRule::Clear, |known| known.delete_rule),
                });
            }
        }
        references
    })
}
