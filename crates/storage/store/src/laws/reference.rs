//! What queries are tried on: objects and records in memory, where [`landfall_query::Plan::find`] says what a query means.

use std::collections::BTreeMap;
use std::sync::Arc;

use landfall_model::{
    Capabilities, Catalog, ChildRelationship, Date, DeleteRule, EntityDefinition, EntityName,
    FieldDefinition, FieldName, FieldType, KeyPrefix, PicklistValue, RecordId, Row, Timestamp,
    Value,
};
use landfall_query::{Checked, Context, Tables, Zone, read};

use super::sample::field;
use crate::{QueryResult, RowWrite};

/// Objects with their records, in the order in which they were created.
pub struct Org {
    /// The objects.
    pub catalog: Catalog,
    records: BTreeMap<EntityName, Vec<Row>>,
}

/// How the definition of a thing may differ without anything becoming another query: the place of its fields, what it has
/// beside them, what is compared exactly and what has an index.
#[derive(Clone, Debug, Default)]
pub struct Variant {
    /// How many fields come after the others instead of before them.
    pub turned: usize,
    /// Fields of these types are among the others.
    pub extra: Vec<FieldType>,
    /// Names of fields whose texts are compared the other way: exactly, or not.
    pub exact: Vec<&'static str>,
    /// Names of fields that have an index.
    pub indexed: Vec<&'static str>,
    /// Whether the picklist is defined the other way round.
    pub reversed: bool,
}

impl Variant {
    fn thing(&self) -> EntityDefinition {
        let thing = thing();
        let mut fields: Vec<_> = thing.fields.into_iter().collect();
        for field in &mut fields {
            let is_in = |names: &[&str]| names.contains(&field.name.as_str());
            let (exact, indexed) = (is_in(&self.exact), is_in(&self.indexed));
            field.case_sensitive ^= exact;
            field.external_id |= indexed;
            if self.reversed {
                field.picklist.reverse();
            }
        }
        for (number, kind) in self.extra.iter().enumerate() {
            let extra = field(&format!("Extra{number}__c"), *kind);
            fields.insert((number * 3).min(fields.len()), extra);
        }
        let turned = self.turned.checked_rem(fields.len()).unwrap_or(0);
        fields.rotate_left(turned);
        entity("Thing__c", "a00", fields, thing.children)
    }
}

impl Org {
    /// A thing with a field of every kind, and its parts, with no records.
    pub fn new() -> Self {
        Self::of(&Variant::default())
    }

    /// The same with another definition of a thing.
    pub fn of(variant: &Variant) -> Self {
        Self {
            catalog: Catalog::new([variant.thing(), part()]),
            records: BTreeMap::new(),
        }
    }

    /// Adds a record with these values; says how it is written.
    ///
    /// # Panics
    /// If there is no such object or field.
    pub fn add(&mut self, object: &str, values: &[(&str, Value)]) -> RowWrite {
        let entity = Arc::clone(
            self.catalog
                .entity(object)
                .expect("an object of the sample"),
        );
        let records = self.records.entry(entity.name.clone()).or_default();
        let number = u64::try_from(records.len()).unwrap_or(0) + 1;
        let id = RecordId::from_number(entity.key_prefix, *b"LF", number);
        let mut row: Row = vec![Value::Null; entity.fields.len()];
        let own = ("Id", Value::Id(id));
        for (name, value) in values.iter().chain([&own]) {
            let place = entity.index_of(name).expect("a field of the sample");
            *row.get_mut(place).expect("a place of the row") = value.clone();
        }
        for (slot, field) in row.iter_mut().zip(&entity.fields) {
            if field.field_type == FieldType::Boolean && slot.is_null() {
                *slot = Value::Boolean(false);
            }
        }
        records.push(row.clone());
        RowWrite {
            entity,
            id,
            row,
            changed: None,
        }
    }

    /// Reads a statement as it is asked at noon of 2021-02-17 in Los Angeles.
    ///
    /// # Errors
    /// The refusal.
    pub fn read(&self, statement: &str) -> Result<Checked, landfall_model::QueryFault> {
        read(&Context {
            statement,
            catalog: &self.catalog,
            now: Timestamp::from_millis(1_613_592_000_000),
            zone: Zone::find("America/Los_Angeles").unwrap_or_else(Zone::utc),
            fiscal_month: 4,
            user: RecordId::EMPTY,
            deleted: false,
            formulas: None,
        })
    }

    /// What a query finds, all rows read.
    pub fn find(&self, checked: &Checked) -> QueryResult {
        checked.plan.find(self)
    }
}

impl Tables for Org {
    fn rows(&self, entity: &EntityDefinition) -> &[Row] {
        self.records.get(&entity.name).map_or(&[], Vec::as_slice)
    }
}

impl Default for Org {
    fn default() -> Self {
        Self::new()
    }
}

fn prefix(text: &str) -> KeyPrefix {
    KeyPrefix::parse(text).expect("three letters and digits")
}

fn reference(name: &str, to: &str, relationship: &str) -> FieldDefinition {
    FieldDefinition {
        nillable: true,
        reference_to: vec![EntityName::new(to)],
        relationship_name: Some(relationship.to_owned()),
        ..field(name, FieldType::Reference)
    }
}

fn entity(
    name: &str,
    key_prefix: &str,
    fields: Vec<FieldDefinition>,
    children: Vec<ChildRelationship>,
) -> EntityDefinition {
    let capabilities = Capabilities {
        queryable: true,
        ..Capabilities::default()
    };
    EntityDefinition::new(
        EntityName::new(name),
        (name.to_owned(), name.to_owned()),
        prefix(key_prefix),
        true,
        capabilities,
        fields,
        children,
        None,
    )
}

fn thing() -> EntityDefinition {
    let value = |value: &str, label: &str| PicklistValue {
        value: value.to_owned(),
        label: label.to_owned(),
        active: true,
        default: false,
    };
    let coordinate = |name| FieldDefinition {
        compound: Some(FieldName::new("Place__c")),
        ..field(name, FieldType::Double)
    };
    let fields = vec![
        field("Id", FieldType::Id),
        FieldDefinition {
            id_lookup: true,
            name_field: true,
            ..field("Name", FieldType::String)
        },
        FieldDefinition {
            case_sensitive: true,
            external_id: true,
            ..field("Code__c", FieldType::String)
        },
        field("Count__c", FieldType::Int),
        field("Ratio__c", FieldType::Double),
        field("Flag__c", FieldType::Boolean),
        field("Day__c", FieldType::Date),
        field("At__c", FieldType::DateTime),
        field("Hour__c", FieldType::Time),
        FieldDefinition {
            picklist: vec![
                value("Red", "rot"),
                value("Amber", "gelb"),
                value("Green", "grün"),
            ],
            ..field("Kind__c", FieldType::Picklist)
        },
        field("Kinds__c", FieldType::MultiPicklist),
        reference("Parent__c", "Thing__c", "Parent__r"),
        coordinate("Place__Latitude__s"),
        coordinate("Place__Longitude__s"),
        field("Place__c", FieldType::Location),
        field("IsDeleted", FieldType::Boolean),
    ];
    let parts = ChildRelationship {
        child: EntityName::new("Part__c"),
        field: FieldName::new("Thing__c"),
        relationship_name: Some("Parts__r".to_owned()),
        delete_rule: DeleteRule::Clear,
    };
    entity("Thing__c", "a00", fields, vec![parts])
}

fn part() -> EntityDefinition {
    let fields = vec![
        field("Id", FieldType::Id),
        field("Name", FieldType::String),
        field("Price__c", FieldType::Currency),
        reference("Thing__c", "Thing__c", "Thing__r"),
        field("IsDeleted", FieldType::Boolean),
    ];
    entity("Part__c", "a01", fields, Vec::new())
}

/// A day as a value.
pub const fn day(days: i32) -> Value {
    Value::Date(Date::from_days(days))
}
