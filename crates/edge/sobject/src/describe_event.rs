//! Change event objects in describes.
//!
//! Source: a recorded entry of `UserChangeEvent` (`CumulusCI`); "Change Event Object Names" (Change Data Capture Developer
//! Guide); the fields of event objects: apex-dev-tools/sobject-types.

use landfall_http::Writer;
use landfall_model::{
    Capabilities, Catalog, ChildRelationship, DeleteRule, EntityDefinition, EntityName,
    FieldDefinition, FieldType,
};

use crate::describe_field::{type_name, write_field};
use crate::describe_members::{basic, render_full};
use crate::object_describe::{Kind, ObjectDescribe};
use crate::template::Template;

/// The names of a change event object.
pub struct Naming<'a> {
    entity: &'a EntityDefinition,
    name: &'a str,
    label: String,
}

impl<'a> Naming<'a> {
    /// The names of an object's change event object, if it has one.
    pub fn of(entity: &'a EntityDefinition) -> Option<Self> {
        entity.change_event.as_ref().map(|event| Self {
            entity,
            name: event.name.as_str(),
            label: format!("{} Change Event", entity.label),
        })
    }

    /// The entry in the list of objects.
    pub fn summary(&self) -> ObjectDescribe<'_> {
        ObjectDescribe {
            name: self.name,
            label: &self.label,
            label_plural: &self.label,
            key_prefix: None,
            custom: self.entity.custom,
            custom_setting: false,
            capabilities: Capabilities {
                retrieveable: true,
                triggerable: true,
                ..Capabilities::default()
            },
            kind: Kind::Changes(self.entity.name.as_str()),
            layoutable: false,
            record_types: &[],
        }
    }
}

/// The basic information: the entry of the list, and name, label and type of each field.
pub fn basic_of(entity: &EntityDefinition) -> Option<Template> {
    let naming = Naming::of(entity)?;
    Some(basic(&naming.summary(), |w| {
        write_names(w, &fields(entity));
    }))
}

/// Name, label and type of each field: what the basic information about an event has in addition.
pub fn write_names(w: &mut Writer, fields: &[FieldDefinition]) {
    w.name("fields").array(|w| {
        for field in fields {
            w.object(|w| {
                w.name("name").string(field.name.as_str());
                w.name("label").string(&field.label);
                w.name("type").string(wire_type(field));
            });
        }
    });
}

/// The references that change events of `entity` hold to records of `target`.
pub fn references(entity: &EntityDefinition, target: &EntityName) -> Vec<ChildRelationship> {
    let Some(event) = &entity.change_event else {
        return Vec::new();
    };
    event
        .fields
        .iter()
        .filter_map(|name| entity.field(name.as_str()))
        .filter(|(_, field)| field.reference_to.contains(target))
        .map(|(_, field)| ChildRelationship {
            child: event.name.clone(),
            field: field.name.clone(),
            relationship_name: None,
            delete_rule: DeleteRule::Clear,
        })
        .collect()
}

/// The change event object as an object of its own, if there is one.
pub fn object(entity: &EntityDefinition) -> Option<EntityDefinition> {
    let naming = Naming::of(entity)?;
    let object = naming.summary();
    Some(EntityDefinition::new(
        EntityName::new(object.name),
        (object.label.to_owned(), object.label_plural.to_owned()),
        entity.key_prefix,
        object.custom,
        object.capabilities,
        fields(entity),
        Vec::new(),
        None,
    ))
}

/// The full describe; empty for an object without change events.
pub fn full(catalog: &Catalog, entity: &EntityDefinition) -> String {
    let Some(naming) = Naming::of(entity) else {
        return String::new();
    };
    render_full(
        &naming.summary(),
        false,
        |_| (),
        |w| {
            for field in fields(entity) {
                write(w, catalog, entity, &field);
            }
        },
    )
}

/// The header has a type that no field of a record has.
fn write(w: &mut Writer, catalog: &Catalog, entity: &EntityDefinition, field: &FieldDefinition) {
    let mut plain = Writer::new();
    write_field(&mut plain, catalog, entity, field);
    let mut text = plain.finish();
    if field.name.as_str() == HEADER {
        text = text
            .replace(
                "\"soapType\":\"xsd:string\"",
                "\"soapType\":\"urn:ChangeEventHeader\"",
            )
            .replace("\"type\":\"string\"", "\"type\":\"complexvalue\"");
    }
    w.raw(&text);
}

const HEADER: &str = "ChangeEventHeader";

fn wire_type(field: &FieldDefinition) -> &'static str {
    if field.name.as_str() == HEADER {
        "complexvalue"
    } else {
        type_name(field.field_type)
    }
}

/// `ReplayId`, `ChangeEventHeader`, `Id`, then the fields of the event, compounds after their parts.
fn fields(entity: &EntityDefinition) -> Vec<FieldDefinition> {
    let mut fields = vec![
        read_only("ReplayId", "Replay ID", FieldType::String, 1_000),
        read_only(HEADER, "Change Event Header", FieldType::String, 0),
        read_only(
            "Id",
            &format!("{} Change Event ID", entity.label),
            FieldType::Id,
            18,
        ),
    ];
    let names = entity.change_event.iter().flat_map(|event| &event.fields);
    for name in names {
        let parts = entity.components(name.as_str()).map(|(_, part)| part);
        let whole = entity.field(name.as_str()).map(|(_, whole)| whole);
        for field in parts.chain(whole) {
            fields.push(seen_in_event(field));
        }
    }
    fields
}

/// A field of the object as the event has it: it can only be read, and may be missing.
fn seen_in_event(field: &FieldDefinition) -> FieldDefinition {
    FieldDefinition {
        nillable: true,
        createable: false,
        updateable: false,
        defaulted_on_create: false,
        unique: false,
        external_id: false,
        id_lookup: false,
        filterable: false,
        groupable: false,
        sortable: false,
        ..field.clone()
    }
}

fn read_only(name: &str, label: &str, field_type: FieldType, length: u32) -> FieldDefinition {
    FieldDefinition {
        length,
        ..FieldDefinition::new(name, label, field_type)
    }
}

#[cfg(test)]
mod tests {
    use landfall_wire::ApiVersion;
    use serde_json::Value;

    use super::*;
    use landfall_test_org::definitions;

    #[test]
    fn the_header_leads_and_compounds_follow_their_parts() {
        let catalog = definitions::catalog();
        let entity = catalog.entity("Thing").expect("in the fixture");
        let describe: Value = serde_json::from_str(
            &Template::new(full(&catalog, entity)).expand(ApiVersion::NEWEST, "http://h"),
        )
        .expect("JSON");
        let fields = describe["fields"].as_array().expect("an array");
        let names: Vec<_> = fields
            .iter()
            .filter_map(|field| field["name"].as_str())
            .collect();
        assert_eq!(
            names,
            [
                "ReplayId",
                "ChangeEventHeader",
                "Id",
                "Name",
                "HomeStreet",
                "HomeCity",
                "HomeLatitude",
                "HomeAddress",
                "Amount",
                "ParentId"
            ]
        );
        assert_eq!(fields[1]["type"], "complexvalue");
        assert_eq!(describe["name"], "ThingChangeEvent");
        assert_eq!(describe["recordTypeInfos"], Value::Array(Vec::new()));
    }

    #[test]
    fn the_basic_information_names_the_fields() {
        let catalog = definitions::catalog();
        let entity = catalog.entity("Thing").expect("in the fixture");
        let basic = basic_of(entity).expect("Thing has change events");
        let basic: Value =
            serde_json::from_str(&basic.expand(ApiVersion::NEWEST, "http://h")).expect("JSON");
        assert_eq!(basic["name"], "ThingChangeEvent");
        assert_eq!(basic["label"], "Thing Change Event");
        assert_eq!(
            basic["fields"][3],
            serde_json::json!({"name": "Name", "label": "Name", "type": "string"})
        );
        assert_eq!(
            basic["urls"]["eventSchema"],
            "/services/data/v67.0/sobjects/ThingChangeEvent/eventSchema"
        );
    }
}
