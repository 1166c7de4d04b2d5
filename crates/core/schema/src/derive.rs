//! From an object's definition to the schema of its change event, and from a platform event's to its schema.

use landfall_model::{EntityDefinition, FieldDefinition, FieldType, PlatformEventDefinition};

use crate::encode::Source;
use crate::shape::{Compound, EventField, Scalar, Shape};
use crate::{Error, EventSchema, HEADER};

/// Fields that only change events have: an object never holds a value for them.
///
/// Source: apex-dev-tools/sobject-types, `UserChangeEvent` and `EventChangeEvent`.
const EVENT_ONLY: [(&str, Scalar, &str); 4] = [
    ("ActivityRecurrence2Id", Scalar::Text, "ForeignKey:EntityId"),
    (
        "ActivityRecurrence2ExceptionId",
        Scalar::Text,
        "ForeignKey:EntityId",
    ),
    ("IsSystemControlled", Scalar::Boolean, "Data:Boolean"),
    ("WorkspaceId", Scalar::Text, "ForeignKey:EntityId"),
];

impl EventSchema {
    /// The schema of an object's change event.
    ///
    /// Source: "Change Event Message Structure" (Change Data Capture Developer Guide) for what is in it.
    ///
    /// # Errors
    /// [`Error::NotCaptured`] if the object has no change event, [`Error::FieldUnknown`] if the event names a field
    /// that the object does not have, and what [`Self::new`] refuses.
    pub fn of_change_event(entity: &EntityDefinition) -> Result<Self, Error> {
        let Some(change_event) = &entity.change_event else {
            return Err(Error::NotCaptured {
                entity: entity.name.to_string(),
            });
        };
        let mut fields = vec![EventField {
            name: HEADER.to_owned(),
            shape: Shape::Header,
            doc: "Data:ComplexValueType".to_owned(),
        }];
        let mut sources = vec![Source::Absent];
        for name in &change_event.fields {
            let Some((field, source)) = resolve(entity, name.as_str()) else {
                return Err(Error::FieldUnknown {
                    entity: entity.name.to_string(),
                    field: name.to_string(),
                });
            };
            fields.push(field);
            sources.push(source);
        }
        Self::assemble(change_event.name.as_str(), fields, sources)
    }

    /// The schema of a platform event.
    ///
    /// A row to be encoded with it has the creation date, the creator, and then the values of the defined fields.
    /// Source: "Platform Event Schema by Event Name" (REST API Developer Guide).
    ///
    /// # Errors
    /// [`Error::FieldUnknown`] if a field is of a type that platform events cannot have, and what [`Self::new`] refuses.
    pub fn of_platform_event(event: &PlatformEventDefinition) -> Result<Self, Error> {
        let mut fields = vec![
            EventField {
                name: "CreatedDate".to_owned(),
                shape: Shape::Required(Scalar::DateTime),
                doc: "CreatedDate:DateTime".to_owned(),
            },
            EventField {
                name: "CreatedById".to_owned(),
                shape: Shape::Required(Scalar::Text),
                doc: "CreatedBy:EntityId".to_owned(),
            },
        ];
        for definition in &event.fields {
            let Some(scalar) = scalar(definition.field_type) else {
                return Err(Error::FieldUnknown {
                    entity: event.name.to_string(),
                    field: definition.name.to_string(),
                });
            };
            fields.push(EventField {
                name: definition.name.to_string(),
                shape: Shape::Optional(scalar),
                doc: doc(definition).to_owned(),
            });
        }
        Self::new(event.name.as_str(), fields)
    }
}

/// A top-level field of the event, and where its value comes from.
fn resolve(entity: &EntityDefinition, name: &str) -> Option<(EventField, Source)> {
    let (shape, source, doc) = match entity.field(name) {
        Some((index, definition)) => of_field(entity, index, definition)?,
        None => of_names(entity, name).or_else(|| event_only(name))?,
    };
    let field = EventField {
        name: name.to_owned(),
        shape,
        doc: doc.to_owned(),
    };
    Some((field, source))
}

pub(crate) fn of_field(
    entity: &EntityDefinition,
    index: usize,
    definition: &FieldDefinition,
) -> Option<(Shape, Source, &'static str)> {
    let name = definition.name.as_str();
    if definition.extra_type_info.as_deref() == Some("switchablepersonname") {
        let record = "Switchable_PersonName";
        let compound = Compound::person_name(record, further_names(entity, name));
        let parts = parts(entity, name, &compound);
        let source = if parts.iter().all(Option::is_none) {
            Source::Row(index)
        } else {
            Source::TextOrComponents { text: index, parts }
        };
        let shape = Shape::TextOrCompound(compound);
        return Some((shape, source, "Data:Switchable_PersonName"));
    }
    if definition.field_type.is_compound() || entity.components(name).next().is_some() {
        let (compound, doc) = match definition.field_type {
            FieldType::Address => (Compound::address(), "Data:Address"),
            FieldType::Location => (Compound::location(), "Data:Location"),
            _ => (
                Compound::person_name("PersonName", further_names(entity, name)),
                "Data:PersonName",
            ),
        };
        let parts = parts(entity, name, &compound);
        return Some((Shape::Compound(compound), Source::Components(parts), doc));
    }
    Some((
        Shape::Optional(scalar(definition.field_type)?),
        Source::Row(index),
        doc(definition),
    ))
}

/// The places of the components that the object has.
fn parts(entity: &EntityDefinition, name: &str, compound: &Compound) -> Vec<Option<usize>> {
    let parts = compound.components.iter();
    parts
        .map(|part| component_index(entity, name, &part.name))
        .collect()
}

/// The parts of a name that an org may switch on.
fn further_names<'a>(entity: &'a EntityDefinition, compound: &'a str) -> Vec<&'static str> {
    let has = |part: &str| {
        entity
            .components(compound)
            .any(|(_, field)| field.name.as_str() == part)
    };
    ["MiddleName", "Suffix"]
        .into_iter()
        .filter(|part| has(part))
        .collect()
}

/// The place of a component's value: `Street` of `BillingAddress` is `BillingStreet`, of `Home__c` `Home__Street__s`.
fn component_index(entity: &EntityDefinition, compound: &str, part: &str) -> Option<usize> {
    let expected = match compound.strip_suffix("__c") {
        Some(base) => format!("{base}__{part}__s"),
        None => format!(
            "{}{part}",
            compound.strip_suffix("Address").unwrap_or_default()
        ),
    };
    entity
        .components(compound)
        .find(|(_, field)| field.name.as_str() == expected)
        .map(|(index, _)| index)
}

/// A list of names: the checkboxes whose names begin with the field's.
fn of_names(entity: &EntityDefinition, group: &str) -> Option<(Shape, Source, &'static str)> {
    let members: Vec<(usize, String)> = entity
        .fields
        .iter()
        .enumerate()
        .filter(|(_, field)| field.field_type == FieldType::Boolean)
        .filter_map(|(index, field)| {
            let name = field.name.as_str().strip_prefix(group)?;
            (!name.is_empty()).then(|| (index, name.to_owned()))
        })
        .collect();
    (!members.is_empty()).then_some((Shape::Names, Source::Names(members), "Data:MultiEnum"))
}

fn event_only(name: &str) -> Option<(Shape, Source, &'static str)> {
    EVENT_ONLY
        .into_iter()
        .find(|(known, ..)| *known == name)
        .map(|(_, scalar, doc)| (Shape::Optional(scalar), Source::Absent, doc))
}

pub(crate) const fn scalar(field_type: FieldType) -> Option<Scalar> {
    Some(match field_type {
        FieldType::Id
        | FieldType::Reference
        | FieldType::String
        | FieldType::TextArea
        | FieldType::Picklist
        | FieldType::MultiPicklist
        | FieldType::Combobox
        | FieldType::Email
        | FieldType::Phone
        | FieldType::Url
        | FieldType::EncryptedString => Scalar::Text,
        FieldType::Boolean => Scalar::Boolean,
        FieldType::Int => Scalar::Int,
        FieldType::Long => Scalar::Long,
        FieldType::Double | FieldType::Currency | FieldType::Percent => Scalar::Double,
        FieldType::Date => Scalar::Date,
        FieldType::DateTime => Scalar::DateTime,
        FieldType::Time => Scalar::Time,
        FieldType::Address
        | FieldType::Location
        | FieldType::PersonName
        | FieldType::AnyType
        | FieldType::Base64
        | FieldType::JunctionIdList
        | FieldType::Complex => return None,
    })
}

/// Role and type for mappers. Clients: Valeriyyy/SalesforceGRPC picks its converters by it.
pub(crate) fn doc(definition: &FieldDefinition) -> &'static str {
    match definition.field_type {
        FieldType::Id | FieldType::Reference => "ForeignKey:EntityId",
        FieldType::String if definition.relationship_name.is_some() => {
            "ExternalForeignKey:ExternalId"
        }
        FieldType::TextArea if definition.extra_type_info.as_deref() == Some("richtextarea") => {
            "Data:HtmlStringPlusClob"
        }
        FieldType::TextArea if definition.is_long_text() => "Data:StringPlusClob",
        FieldType::TextArea => "Data:MultiLineText",
        FieldType::Picklist if definition.restricted_picklist && !definition.custom => {
            "Data:StaticEnum"
        }
        FieldType::Picklist | FieldType::Combobox => "Data:DynamicEnum",
        FieldType::MultiPicklist => "Data:MultiEnum",
        FieldType::Email => "Data:Email",
        FieldType::Phone => "Data:Phone",
        FieldType::Url => "Data:Url",
        FieldType::EncryptedString => "Data:EncryptedText",
        FieldType::Boolean => "Data:Boolean",
        FieldType::Int => "Data:Integer",
        FieldType::Long => "Data:Long",
        FieldType::Double => "Data:Double",
        FieldType::Currency => "Data:Currency",
        FieldType::Percent => "Data:Percent",
        FieldType::Date => "Data:DateOnly",
        FieldType::DateTime if definition.name.as_str() == "CreatedDate" => "CreatedDate:DateTime",
        FieldType::DateTime => "Data:DateTime",
        FieldType::Time => "Data:TimeOnly",
        FieldType::String
        | FieldType::Address
        | FieldType::Location
        | FieldType::PersonName
        | FieldType::AnyType
        | FieldType::Base64
        | FieldType::JunctionIdList
        | FieldType::Complex => "Data:Text",
    }
}
