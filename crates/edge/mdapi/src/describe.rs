//! Which types of components there are.
//!
//! Source: "`describeMetadata()`" (Metadata API Developer Guide).

use landfall_engine::Kind;
use landfall_model::EntityDefinition;
use serde_json::{Value, json};

/// All types.
pub(crate) fn describe() -> Value {
    let is_top = |kind: &Kind| kind.inline().is_none();
    let types: Vec<Value> = Kind::ALL.into_iter().filter(is_top).map(one).collect();
    json!({
        "metadataObjects": types,
        "organizationNamespace": "",
        "partialSaveAllowed": true,
        "testRequired": false,
    })
}

fn one(kind: Kind) -> Value {
    let children: Vec<&str> = match kind {
        Kind::Object => {
            let parts = Kind::ALL.into_iter().filter(|kind| kind.inline().is_some());
            parts.map(Kind::root).collect()
        }
        _ => Vec::new(),
    };
    json!({
        "childXmlNames": children,
        "directoryName": kind.folder(),
        "inFolder": false,
        "metaFile": false,
        "suffix": kind.suffix(),
        "xmlName": kind.root(),
    })
}

/// Fields that are part of every object, or of other fields: they are no components.
const NOT_COMPONENTS: [&str; 9] = [
    "Id",
    "IsDeleted",
    "CreatedDate",
    "CreatedById",
    "LastModifiedDate",
    "LastModifiedById",
    "SystemModstamp",
    "LastViewedDate",
    "LastReferencedDate",
];

/// The fields that an object is shipped with. Only their names are returned: nothing else of them can be changed.
pub(crate) fn standard_fields(entity: &EntityDefinition) -> impl Iterator<Item = String> {
    let shipped = entity.fields.iter().filter(|field| {
        let name = field.name.as_str();
        !name.contains("__") && field.compound.is_none() && !NOT_COMPONENTS.contains(&name)
    });
    shipped.map(|field| format!("{}.{}", entity.name, field.name))
}
