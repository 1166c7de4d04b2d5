//! From a request body to the fields that it gives a record.
//!
//! The order of checks is the documented one: every field exists, every field may be written, every value reads.
//! Source: "Create a Record", "Update a Record" and "Insert or Update (Upsert) a Record Using an External ID" (REST API
//! Developer Guide).

use landfall_engine::{Assignment, record_named};
use landfall_http::json::{Body, Content, Json};
use landfall_model::limits::REST_LOOKUPS_MAX;
use landfall_model::{
    Catalog, ChildRelationship, EntityDefinition, Fault, FieldDefinition, FieldFault, FieldType,
    RecordId, Row, Value,
};
use landfall_wire::values::render;

use crate::values;

/// What a body gives.
#[derive(Debug, Default, PartialEq)]
pub struct Fields {
    /// Fields with their values.
    pub values: Vec<Assignment>,
    /// References whose record is named by an external id.
    pub lookups: Vec<Lookup>,
}

/// A reference whose record is named by an external id: `"Owner": {"Username": "a@b.c"}`.
#[derive(Clone, Debug, PartialEq)]
pub struct Lookup {
    /// Place of the reference field.
    pub reference: usize,
    /// Name of the object that it leads to.
    pub target: String,
    /// Place of the external id in that object.
    pub field: usize,
    /// The external id.
    pub key: Value,
}

impl Lookup {
    /// The one of these records that is meant, all of which have the external id.
    ///
    /// # Errors
    /// Those of [`record_named`].
    pub fn record(&self, target: &EntityDefinition, rows: &[Row]) -> Result<RecordId, Fault> {
        let field = target.fields.get(self.field);
        let key = field.and_then(|field| render(&self.key, field.field_type));
        record_named(target, self.field, &key.unwrap_or_default(), rows)
    }

    /// Why there is no record in an org that does not have the object.
    pub fn unknown(&self, entity: &EntityDefinition) -> Fault {
        Fault::Field(FieldFault::Unknown {
            field: self.target.clone(),
            entity: entity.name.clone(),
        })
    }
}

/// Which fields a request may give.
#[derive(Clone, Copy)]
pub enum Intent {
    /// A new record.
    Create,
    /// Changes of a record.
    Update,
    /// Either, by the external id field at this place.
    Upsert(usize),
}

impl Intent {
    const fn may_write(self, field: &FieldDefinition) -> bool {
        match self {
            Self::Create => field.createable,
            Self::Update => field.updateable,
            Self::Upsert(_) => field.createable || field.updateable,
        }
    }
}

/// What one member of the body stands for.
enum Member<'a> {
    Field(usize, &'a FieldDefinition),
    Relationship(usize, &'a FieldDefinition),
}

/// Reads the members of a record in a body; `attributes` are passed over.
///
/// # Errors
/// The first refusal in the documented order.
pub fn fields<'m>(
    body: &Body<'_>,
    record: impl IntoIterator<Item = &'m (String, Json)>,
    catalog: &Catalog,
    entity: &EntityDefinition,
    intent: Intent,
) -> Result<Fields, Fault> {
    let mut members = Vec::new();
    for (name, json) in record {
        if !name.eq_ignore_ascii_case("attributes") {
            members.push((member(entity, name, intent)?, json));
        }
    }
    let mut fields = Fields::default();
    for (member, json) in &members {
        let read = match member {
            // The engine reports all such fields at once, so their values are not checked.
            Member::Field(place, field) if !intent.may_write(field) || is_compound(field) => {
                put(&mut fields.values, (*place, Value::Null));
                Ok(())
            }
            Member::Field(place, field) => values::read_keeping_empty(body, json, field)
                .map(|value| put(&mut fields.values, (*place, value))),
            Member::Relationship(place, field) => {
                relationship(body, catalog, json, (*place, field), &mut fields)
            }
        };
        if let Err(fault) = read {
            return Err(read_only(&members, intent).unwrap_or(fault));
        }
    }
    Ok(fields)
}

fn member<'a>(
    entity: &'a EntityDefinition,
    name: &str,
    intent: Intent,
) -> Result<Member<'a>, Fault> {
    if name.eq_ignore_ascii_case("Id") {
        return Err(Fault::Field(FieldFault::IdInBody));
    }
    if let Some((place, field)) = entity.field(name) {
        return match intent {
            Intent::Upsert(key) if key == place => {
                Err(Fault::Field(FieldFault::ExternalIdInBody {
                    field: field.name.clone(),
                }))
            }
            Intent::Create | Intent::Update | Intent::Upsert(_) => Ok(Member::Field(place, field)),
        };
    }
    reference_named(entity, name)
        .map(|(place, field)| Member::Relationship(place, field))
        .ok_or_else(|| unknown(entity, name))
}

/// The reference field whose relationship has this name, in any letter case.
pub fn reference_named<'a>(
    entity: &'a EntityDefinition,
    relationship: &str,
) -> Option<(usize, &'a FieldDefinition)> {
    entity.fields.iter().enumerate().find(|(_, field)| {
        field
            .relationship_name
            .as_ref()
            .is_some_and(|name| name.eq_ignore_ascii_case(relationship))
    })
}

/// Reads `{"Username": "a@b.c"}` behind the name of a relationship; null clears the reference.
fn relationship(
    body: &Body<'_>,
    catalog: &Catalog,
    json: &Json,
    (place, field): (usize, &FieldDefinition),
    fields: &mut Fields,
) -> Result<(), Fault> {
    let members = match &json.content {
        Content::Object(members) => members,
        Content::Null => {
            put(&mut fields.values, (place, Value::Null));
            return Ok(());
        }
        _ => return Err(body.unexpected(json).into()),
    };
    let mut kind = None;
    let mut keys = Vec::new();
    for (name, value) in members {
        if name.eq_ignore_ascii_case("attributes") {
            kind = type_of(value);
        } else {
            keys.push((name, value));
        }
    }
    let [(name, value)] = keys.as_slice() else {
        let reason = "An external foreign key reference needs exactly 1 field";
        return Err(body.refuse(json, reason).into());
    };
    let targets: Vec<&EntityDefinition> = match kind {
        Some(kind) => catalog
            .entity(kind)
            .map(|entity| &**entity)
            .into_iter()
            .collect(),
        None => field
            .reference_to
            .iter()
            .filter_map(|target| catalog.entity(target.as_str()))
            .map(|entity| &**entity)
            .collect(),
    };
    let found = targets.iter().find_map(|target| {
        let (place, key) = target.field(name)?;
        identifies(key).then_some((*target, place, key))
    });
    let Some((target, key_place, key)) = found else {
        return Err(match targets.first() {
            Some(target) => unknown(target, name),
            None => body.unexpected(json).into(),
        });
    };
    match values::read(body, value, key)? {
        id @ Value::Id(_) => put(&mut fields.values, (place, id)),
        Value::Null => return Err(body.unexpected(value).into()),
        key => {
            if fields.lookups.len() >= REST_LOOKUPS_MAX {
                return Err(body
                    .refuse(json, "The content has too many references by external id")
                    .into());
            }
            fields.lookups.push(Lookup {
                reference: place,
                target: target.name.to_string(),
                field: key_place,
                key,
            });
        }
    }
    Ok(())
}

/// The relationship to children that a member names; fields and parents come first.
pub fn child_named<'e>(entity: &'e EntityDefinition, name: &str) -> Option<&'e ChildRelationship> {
    if entity.field(name).is_some() || reference_named(entity, name).is_some() {
        return None;
    }
    entity.children.iter().find(|child| {
        let known = child.relationship_name.as_ref();
        known.is_some_and(|known| known.eq_ignore_ascii_case(name))
    })
}

/// The records of one relationship.
///
/// # Errors
/// [`landfall_model::RequestFault::JsonInvalid`] unless it is an object with a list of `records`.
pub fn child_records<'b>(body: &Body<'_>, value: &'b Json) -> Result<&'b [Json], Fault> {
    let Content::Object(members) = &value.content else {
        return Err(body.unexpected(value).into());
    };
    match members.as_slice() {
        [(name, list)] if name == "records" => match &list.content {
            Content::Array(records) => Ok(records),
            _ => Err(body.unexpected(list).into()),
        },
        [] => Err(body
            .refuse(value, "Missing required field \"records\"")
            .into()),
        [(name, value), ..] => Err(body.unrecognized(name, value).into()),
    }
}

/// Whether records can be addressed by the field.
pub fn identifies(field: &FieldDefinition) -> bool {
    field.external_id || field.id_lookup
}

/// The object that the `attributes` of a record name.
pub fn type_of(attributes: &Json) -> Option<&str> {
    attribute(attributes, "type")
}

/// A text among the `attributes` of a record.
pub fn attribute<'j>(attributes: &'j Json, wanted: &str) -> Option<&'j str> {
    let Content::Object(members) = &attributes.content else {
        return None;
    };
    members
        .iter()
        .find_map(|(name, value)| match &value.content {
            Content::Text(text) if name == wanted => Some(text.as_str()),
            _ => None,
        })
}

/// A repeated member replaces the earlier one.
fn put(values: &mut Vec<Assignment>, assignment: Assignment) {
    match values.iter_mut().find(|(place, _)| *place == assignment.0) {
        Some(earlier) => *earlier = assignment,
        None => values.push(assignment),
    }
}

fn is_compound(field: &FieldDefinition) -> bool {
    field.field_type.is_compound() || field.field_type == FieldType::Id
}

fn read_only(members: &[(Member<'_>, &Json)], intent: Intent) -> Option<Fault> {
    let fields: Vec<_> = members
        .iter()
        .filter_map(|(member, _)| match member {
            Member::Field(_, field) | Member::Relationship(_, field) => {
                (!intent.may_write(field)).then(|| field.name.clone())
            }
        })
        .collect();
    (!fields.is_empty()).then_some(Fault::Field(FieldFault::ReadOnly { fields }))
}

fn unknown(entity: &EntityDefinition, field: &str) -> Fault {
    Fault::Field(FieldFault::Unknown {
        field: field.to_owned(),
        entity: entity.name.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use landfall_model::{RequestFault, ValueFault};
    use landfall_test_org::definitions;

    fn read(text: &str, intent: Intent) -> Result<Fields, Fault> {
        let catalog = definitions::catalog();
        let entity = catalog.entity("Thing").expect("in the fixture");
        let body = Body::parse(text.as_bytes())?;
        fields(&body, body.members()?, &catalog, entity, intent)
    }

    fn place(field: &str) -> usize {
        let catalog = definitions::catalog();
        let entity = catalog.entity("Thing").expect("in the fixture");
        entity.index_of(field).expect("in the fixture")
    }

    #[test]
    fn fields_are_found_in_any_letter_case_and_attributes_are_ignored() {
        let fields = read(
            r#"{"attributes":{"type":"Thing"},"name":"A","NAME":"B","amount":"1"}"#,
            Intent::Create,
        )
        .expect("valid");
        assert_eq!(
            fields.values,
            [
                (place("Name"), Value::Text("B".to_owned())),
                (place("Amount"), Value::Double(1.0))
            ]
        );
    }

    #[test]
    fn an_unknown_field_is_reported_before_a_read_only_one_and_a_bad_value() {
        assert!(matches!(
            read(r#"{"CreatedDate":"x","Amount":"y","Nme":"A"}"#, Intent::Update),
            Err(Fault::Field(FieldFault::Unknown { field, .. })) if field == "Nme"
        ));
        assert!(matches!(
            read(r#"{"Amount":"y","CreatedDate":"x"}"#, Intent::Update),
            Err(Fault::Field(FieldFault::ReadOnly { fields })) if fields.len() == 1
        ));
        assert!(matches!(
            read(r#"{"Amount":"y"}"#, Intent::Update),
            Err(Fault::Value(ValueFault::Unreadable { .. }))
        ));
    }

    #[test]
    fn what_the_path_names_the_body_must_not() {
        assert_eq!(
            read(r#"{"id":"x","Name":"A"}"#, Intent::Create),
            Err(Fault::Field(FieldFault::IdInBody))
        );
        assert!(matches!(
            read(r#"{"code__C":"x"}"#, Intent::Upsert(place("Code__c"))),
            Err(Fault::Field(FieldFault::ExternalIdInBody { field })) if field.as_str() == "Code__c"
        ));
    }

    #[test]
    fn a_relationship_names_a_record_by_external_id() {
        let fields = read(r#"{"Parent":{"Code__c":"P1"}}"#, Intent::Create).expect("valid");
        assert_eq!(
            fields.lookups,
            [Lookup {
                reference: place("ParentId"),
                target: "Thing".to_owned(),
                field: place("Code__c"),
                key: Value::Text("P1".to_owned()),
            }]
        );
        let fields = read(r#"{"Parent":null}"#, Intent::Update).expect("valid");
        assert_eq!(fields.values, [(place("ParentId"), Value::Null)]);
        for text in [
            r#"{"Parent":{}}"#,
            r#"{"Parent":{"Code__c":"a","Id":"b"}}"#,
            r#"{"Parent":{"Code__c":null}}"#,
            r#"{"Parent":"P1"}"#,
        ] {
            assert!(
                matches!(
                    read(text, Intent::Create),
                    Err(Fault::Request(RequestFault::JsonInvalid { .. }))
                ),
                "{text}"
            );
        }
        assert!(matches!(
            read(r#"{"Parent":{"Name":"a"}}"#, Intent::Create),
            Err(Fault::Field(FieldFault::Unknown { .. }))
        ));
    }

    #[test]
    fn a_body_that_is_no_object_is_refused() {
        assert!(matches!(
            read("[{}]", Intent::Create),
            Err(Fault::Request(RequestFault::JsonInvalid { reason, line: 1, column: 1 })) if reason.ends_with("unexpected array")
        ));
    }
}
