//! Field history: which objects and fields are tracked, and the objects that keep the changes.
//!
//! Source: "`CustomObject`", `enableHistory`, and "`CustomField`", `trackHistory` (Metadata API Developer Guide); "Custom
//! Object`__History`" (Object Reference).

use std::collections::{BTreeMap, BTreeSet};

use landfall_model::{
    Capabilities, ChildRelationship, CustomKind, DeleteRule, EntityDefinition, EntityName,
    FieldDefinition, FieldName, FieldType, History, KeyPrefix, ObjectTraits, PicklistValue,
    SecuredBy,
};

use crate::blank;
use crate::gather::{ObjectSource, Sources};
use crate::prefix::KeyPrefixes;
use crate::problem::Report;

/// The way from a record to its changes.
const HISTORIES: &str = "Histories";

/// Lets objects track what their files say, each with an object for the changes.
pub(crate) fn enable(
    sources: &Sources,
    (book, taken): (&mut KeyPrefixes, &BTreeSet<KeyPrefix>),
    entities: &mut BTreeMap<String, EntityDefinition>,
    report: &mut Report,
) {
    for source in sources.objects.values() {
        let Some(entity) = entities.get(&source.name.to_ascii_lowercase()) else {
            continue;
        };
        let is_data = entity.traits.custom_kind == CustomKind::Data;
        let mut files = source.elements.iter();
        if !is_data || !files.any(|file| file.flag("enableHistory", report) == Some(true)) {
            continue;
        }
        let fields = tracked(source, entity, report);
        if enable_one(&entity.name.clone(), fields, (book, taken), entities).is_none() {
            let reason = format!("{} has no history of its fields here", source.name);
            report.warning(&source.at, reason);
        }
    }
}

fn enable_one(
    name: &EntityName,
    fields: Vec<FieldName>,
    (book, taken): (&mut KeyPrefixes, &BTreeSet<KeyPrefix>),
    entities: &mut BTreeMap<String, EntityDefinition>,
) -> Option<()> {
    let entity = entities.get_mut(&name.as_str().to_ascii_lowercase())?;
    let mut children = entity.children.iter();
    let shipped = children.find(|child| child.relationship_name.as_deref() == Some(HISTORIES));
    let (object, parent) = match shipped {
        Some(child) => (child.child.clone(), child.field.clone()),
        None if entity.custom => {
            let base = name.as_str().strip_suffix("__c").unwrap_or(name.as_str());
            let object = EntityName::new(format!("{base}__History"));
            (object, FieldName::new("ParentId"))
        }
        None => return None,
    };
    let prefix = book.assign(object.as_str(), b'h', taken)?;
    let holds = fields.iter().filter(|name| {
        let field = entity.field(name.as_str());
        field.is_some_and(|(_, field)| entity.secures(field))
    });
    let holds: Vec<FieldName> = holds.cloned().collect();
    if shipped.is_none() {
        entity.children.push(ChildRelationship {
            child: object.clone(),
            field: parent.clone(),
            relationship_name: Some(HISTORIES.to_owned()),
            delete_rule: DeleteRule::Cascade,
        });
        let of_custom = define(entity, &object, &fields);
        entities.insert(object.as_str().to_ascii_lowercase(), of_custom);
    }
    let kept = entities.get_mut(&object.as_str().to_ascii_lowercase())?;
    kept.key_prefix = prefix;
    kept.traits.holds = holds;
    let entity = entities.get_mut(&name.as_str().to_ascii_lowercase())?;
    entity.traits.history = Some(History {
        object,
        parent,
        fields,
    });
    Some(())
}

/// The fields that an object tracks, each component of a compound for itself.
fn tracked(
    source: &ObjectSource,
    entity: &EntityDefinition,
    report: &mut Report,
) -> Vec<FieldName> {
    let mut names: Vec<String> = Vec::new();
    for element in &source.elements {
        let name = element.all("nameField").next();
        if name.is_some_and(|name| name.flag("trackHistory", report) == Some(true)) {
            names.push("Name".to_owned());
        }
    }
    for (given, element) in source.fields() {
        if element.flag("trackHistory", report) == Some(true)
            && let Some(name) = given.or_else(|| element.text("fullName", report))
        {
            names.push(name.to_owned());
        }
    }
    let mut fields = Vec::new();
    for (_, field) in names.iter().filter_map(|name| entity.field(name)) {
        let name = field.name.as_str();
        let parts: Vec<&FieldDefinition> = if field.field_type.is_compound() {
            entity.components(name).map(|(_, part)| part).collect()
        } else {
            vec![field]
        };
        // What follows from other fields has no history.
        let parts = parts.into_iter();
        let parts =
            parts.filter(|part| part.stored() && !part.summarized && part.auto_number.is_none());
        fields.extend(parts.map(|part| part.name.clone()));
    }
    fields.dedup();
    fields
}

/// The object for the changes of a custom object's records.
fn define(
    entity: &EntityDefinition,
    object: &EntityName,
    fields: &[FieldName],
) -> EntityDefinition {
    let text = |name: &str, label: &str, length, field_type| FieldDefinition {
        length,
        filterable: true,
        groupable: true,
        sortable: true,
        in_change_event: false,
        ..FieldDefinition::new(name, label, field_type)
    };
    let value = |name: &str, label: &str| FieldDefinition {
        filterable: false,
        groupable: false,
        ..text(name, label, 255, FieldType::AnyType)
    };
    let [created_date, created_by, ..] = blank::audit();
    let parent = FieldDefinition {
        reference_to: vec![entity.name.clone()],
        relationship_name: Some("Parent".to_owned()),
        nillable: false,
        ..text("ParentId", "Parent ID", 18, FieldType::Reference)
    };
    let field = FieldDefinition {
        nillable: false,
        picklist: values(entity, fields),
        ..text("Field", "Changed Field", 255, FieldType::Picklist)
    };
    let definition = EntityDefinition::new(
        object.clone(),
        (
            format!("History: {}", entity.label),
            format!("History: {}", entity.label),
        ),
        KeyPrefix::NONE,
        false,
        Capabilities {
            queryable: true,
            replicateable: true,
            retrieveable: true,
            ..Capabilities::default()
        },
        vec![
            blank::id(),
            blank::is_deleted(),
            parent,
            created_by,
            created_date,
            field,
            text("DataType", "Datatype", 40, FieldType::Picklist),
            value("OldValue", "Old Value"),
            value("NewValue", "New Value"),
        ],
        Vec::new(),
        None,
    );
    definition.with_traits(ObjectTraits {
        secured_by: SecuredBy::Parent,
        controlled_by: Some(entity.name.clone()),
        ..ObjectTraits::default()
    })
}

fn values(entity: &EntityDefinition, fields: &[FieldName]) -> Vec<PicklistValue> {
    let of = |value: &str, label: &str| PicklistValue {
        value: value.to_owned(),
        label: label.to_owned(),
        active: true,
        default: false,
    };
    let tracked = fields.iter().filter_map(|name| entity.field(name.as_str()));
    let mut values = vec![of("created", "Created.")];
    values.extend(tracked.map(|(_, field)| of(field.history_name(), &field.label)));
    values
}
