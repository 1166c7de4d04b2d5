//! What queries mean, done slowly: every record is looked at, by [`Plan::matches`] and the parts of the plan.
//!
//! The objects and records that queries are tried on are here too: [`Org`].

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use landfall_model::{
    Capabilities, Catalog, ChildRelationship, Date, DeleteRule, EntityDefinition, EntityName,
    FieldDefinition, FieldName, FieldType, KeyPrefix, PicklistValue, RecordId, Row, Timestamp,
    Value,
};
use landfall_query::plan::{Aggregate, Expression, Grouping, Operand};
use landfall_query::{Answers, Checked, Context, Plan, Record, Zone, read, text};

use super::sample::field;
use crate::{Found, FoundRow, RowWrite};

/// Objects with their records, in the order in which they were created.
pub struct Org {
    /// The objects.
    pub catalog: Catalog,
    records: BTreeMap<EntityName, Vec<Row>>,
}

impl Org {
    /// A thing with a field of every kind, and its parts, with no records.
    pub fn new() -> Self {
        Self {
            catalog: Catalog::new([thing(), part()]),
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
    pub fn read(&self, statement: &str) -> Result<Checked, landfall_model::Fault> {
        read(&Context {
            statement,
            catalog: &self.catalog,
            now: Timestamp::from_millis(1_613_592_000_000),
            zone: Zone::find("America/Los_Angeles").unwrap_or_else(Zone::utc),
            fiscal_month: 4,
            user: RecordId::EMPTY,
            deleted: false,
        })
    }

    /// What a query finds, all rows read.
    pub fn find(&self, checked: &Checked) -> Found {
        let plan = &checked.plan;
        match (&plan.grouping, &checked.answers) {
            (Some(grouping), _) => self.groups(plan, grouping),
            (None, Answers::Count) => {
                let found = self.found(plan, None);
                let ids = found.iter().map(One::id).collect();
                let rows = Vec::new();
                Found { rows, ids }
            }
            (None, _) => self.records(plan, None),
        }
    }

    fn rows(&self, entity: &EntityDefinition) -> &[Row] {
        self.records.get(&entity.name).map_or(&[], Vec::as_slice)
    }

    /// The records of a plan in its order, those that refer to `owner` if there is one.
    fn found<'o>(&'o self, plan: &'o Plan, owner: Option<(usize, &Value)>) -> Vec<One<'o>> {
        let mut found: Vec<One<'o>> = self
            .rows(&plan.entity)
            .iter()
            .filter(|row| owner.is_none_or(|(place, id)| row.get(place) == Some(id)))
            .map(|row| self.one(plan, row))
            .filter(|record| plan.matches(record))
            .collect();
        found.sort_by(|left, right| {
            plan.order.iter().fold(Ordering::Equal, |so_far, step| {
                so_far.then_with(|| {
                    let left = plan.value_of(&step.operand.expression, left);
                    let right = plan.value_of(&step.operand.expression, right);
                    ordered(
                        &left,
                        &right,
                        &step.operand,
                        step.descending,
                        step.nulls_last,
                    )
                })
            })
        });
        cut(found, plan)
    }

    fn one<'o>(&'o self, plan: &'o Plan, row: &'o Row) -> One<'o> {
        let mut sources = vec![Some(row)];
        for parent in &plan.parents {
            let from = sources.get(parent.from).copied().flatten();
            let reference = from.and_then(|row| row.get(parent.place));
            let found = self.rows(&parent.entity).iter().find(|row| {
                let own = parent
                    .entity
                    .index_of("Id")
                    .and_then(|place| row.get(place));
                own.is_some_and(|own| !own.is_null() && Some(own) == reference)
            });
            sources.push(found);
        }
        One {
            org: self,
            id: plan.entity.index_of("Id").unwrap_or(0),
            sources,
        }
    }

    fn records(&self, plan: &Plan, owner: Option<(usize, &Value)>) -> Found {
        let mut found = Found::default();
        for record in self.found(plan, owner) {
            let id = record.id();
            found.ids.push(id);
            let values = plan.columns.iter();
            let values = values.map(|column| plan.value_of(&column.expression, &record));
            let children = plan.children.iter().map(|children| {
                self.records(&children.plan, Some((children.place, &Value::Id(id))))
            });
            found.rows.push(FoundRow {
                values: values.collect(),
                children: children.collect(),
            });
        }
        found
    }

    fn groups(&self, plan: &Plan, grouping: &Grouping) -> Found {
        let unlimited = Plan {
            limit: None,
            offset: 0,
            order: Vec::new(),
            ..plan.clone()
        };
        let all = self.found(&unlimited, None);
        let mut groups: Vec<Group<'_, '_>> = Vec::new();
        for set in &grouping.sets {
            let mut of_set: Vec<Group<'_, '_>> = Vec::new();
            for record in &all {
                let keys: Vec<Value> = grouping
                    .keys
                    .iter()
                    .map(|key| plan.value_of(&key.expression, record))
                    .collect();
                let known = of_set.iter_mut().find(|group| group.has(&keys, grouping));
                match known {
                    Some(group) => group.members.push(record),
                    None => of_set.push(Group {
                        plan,
                        set,
                        first: keys,
                        members: vec![record],
                    }),
                }
            }
            if of_set.is_empty() && set.iter().all(|counts| !counts) {
                of_set.push(Group {
                    plan,
                    set,
                    first: Vec::new(),
                    members: Vec::new(),
                });
            }
            groups.extend(of_set);
        }
        let having = Plan {
            filter: grouping.having.clone(),
            ..unlimited.clone()
        };
        groups.retain(|group| group.holds(&having.filter));
        groups.sort_by(|left, right| {
            plan.order.iter().fold(Ordering::Equal, |so_far, step| {
                so_far.then_with(|| {
                    let expression = &step.operand.expression;
                    let (left, right) = (left.value(expression), right.value(expression));
                    ordered(
                        &left,
                        &right,
                        &step.operand,
                        step.descending,
                        step.nulls_last,
                    )
                })
            })
        });
        let rows = cut(groups, plan).into_iter().map(|group| FoundRow {
            values: plan
                .columns
                .iter()
                .map(|column| group.value(&column.expression))
                .collect(),
            children: Vec::new(),
        });
        Found {
            rows: rows.collect(),
            ids: Vec::new(),
        }
    }
}

impl Default for Org {
    fn default() -> Self {
        Self::new()
    }
}

fn cut<T>(found: Vec<T>, plan: &Plan) -> Vec<T> {
    let skipped = usize::try_from(plan.offset).unwrap_or(usize::MAX);
    let limit = plan.limit.unwrap_or(u64::MAX);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    found.into_iter().skip(skipped).take(limit).collect()
}

/// A record with those that it leads to.
struct One<'o> {
    org: &'o Org,
    id: usize,
    sources: Vec<Option<&'o Row>>,
}

impl One<'_> {
    fn id(&self) -> RecordId {
        self.value(0, self.id).as_id().unwrap_or(RecordId::EMPTY)
    }
}

impl Record for One<'_> {
    fn value(&self, source: usize, place: usize) -> Value {
        let row = self.sources.get(source).copied().flatten();
        row.and_then(|row| row.get(place))
            .cloned()
            .unwrap_or_default()
    }

    fn finds(&self, plan: &Plan, id: &Value) -> bool {
        self.org
            .records(plan, None)
            .rows
            .iter()
            .any(|row| row.values.first() == Some(id))
    }
}

/// Records that have the counted keys in common.
struct Group<'g, 'o> {
    plan: &'g Plan,
    set: &'g [bool],
    /// The keys of its first record.
    first: Vec<Value>,
    members: Vec<&'g One<'o>>,
}

impl Group<'_, '_> {
    fn has(&self, keys: &[Value], grouping: &Grouping) -> bool {
        let counted = self.set.iter().zip(&grouping.keys);
        counted
            .zip(self.first.iter().zip(keys))
            .all(|((counts, key), (own, other))| !counts || same(own, other, key.folded))
    }

    fn holds(&self, predicate: &landfall_query::plan::Predicate) -> bool {
        use landfall_query::plan::Predicate;
        match predicate {
            Predicate::All(terms) => terms.iter().all(|term| self.holds(term)),
            Predicate::Any(terms) => terms.iter().any(|term| self.holds(term)),
            Predicate::Not(term) => !self.holds(term),
            Predicate::Compare {
                operand,
                comparison,
                value,
            } => {
                let own = self.value(&operand.expression);
                !own.is_null() && comparison.is_met_by(compare(&own, value, operand.folded))
            }
            Predicate::OneOf { operand, values } => {
                let own = self.value(&operand.expression);
                values.iter().any(|value| same(&own, value, operand.folded))
            }
            Predicate::IsNull(expression) => self.value(expression).is_null(),
            Predicate::Like {
                expression,
                pattern,
            } => match self.value(expression) {
                Value::Text(own) => text::is_like(&own, pattern),
                _ => false,
            },
            Predicate::Includes { .. } | Predicate::Found { .. } => false,
        }
    }

    fn value(&self, expression: &Expression) -> Value {
        match expression {
            Expression::Key(place) => self.key(*place),
            Expression::IsSubtotal(place) => {
                let counts = self.set.get(*place).copied().unwrap_or(false);
                Value::Integer(i64::from(!counts))
            }
            Expression::Aggregate {
                function,
                of,
                folded,
            } => self.aggregate(*function, of.as_deref(), *folded),
            Expression::Rank { of, values } => match self.value(of) {
                Value::Text(own) => rank(&own, values),
                _ => Value::Null,
            },
            Expression::Ranked { rank, values } => match self.value(rank) {
                Value::Integer(place) => {
                    let place = usize::try_from(place).unwrap_or(usize::MAX);
                    let value = values.get(place);
                    value.map_or(Value::Null, |value| Value::Text(value.clone()))
                }
                _ => Value::Null,
            },
            _ => Value::Null,
        }
    }

    fn key(&self, place: usize) -> Value {
        let counts = self.set.get(place).copied().unwrap_or(false);
        let keys = self.plan.grouping.as_ref().map(|grouping| &grouping.keys);
        let Some(key) = keys.and_then(|keys| keys.get(place)).filter(|_| counts) else {
            return Value::Null;
        };
        let values = self.members.iter();
        let values = values.map(|record| self.plan.value_of(&key.expression, *record));
        values
            .min_by(|left, right| compare(left, right, false))
            .unwrap_or_default()
    }

    fn aggregate(&self, function: Aggregate, of: Option<&Expression>, folded: bool) -> Value {
        let count = |count: usize| Value::Integer(i64::try_from(count).unwrap_or(i64::MAX));
        let Some(of) = of else {
            return count(self.members.len());
        };
        let values: Vec<Value> = self
            .members
            .iter()
            .map(|record| self.plan.value_of(of, *record))
            .filter(|value| !value.is_null())
            .collect();
        let order = |left: &&Value, right: &&Value| compare(left, right, folded);
        match function {
            Aggregate::Count => count(values.len()),
            Aggregate::CountDistinct => {
                let mut distinct: Vec<&Value> = Vec::new();
                for value in &values {
                    if !distinct.iter().any(|known| same(known, value, folded)) {
                        distinct.push(value);
                    }
                }
                count(distinct.len())
            }
            Aggregate::Min => values.iter().min_by(order).cloned().unwrap_or_default(),
            // The first of several that differ in letter case.
            Aggregate::Max => {
                let reversed = values.iter().rev();
                reversed.max_by(order).cloned().unwrap_or_default()
            }
            Aggregate::Sum | Aggregate::Avg if values.is_empty() => Value::Null,
            Aggregate::Sum => Value::Double(values.iter().map(number).sum()),
            #[expect(clippy::cast_precision_loss, reason = "as many numbers as a test has")]
            Aggregate::Avg => {
                Value::Double(values.iter().map(number).sum::<f64>() / values.len() as f64)
            }
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "the numbers of a test are small"
)]
fn number(value: &Value) -> f64 {
    match value {
        Value::Integer(number) => *number as f64,
        Value::Double(number) => *number,
        _ => 0.0,
    }
}

fn rank(value: &str, values: &[String]) -> Value {
    let place = values
        .iter()
        .position(|known| text::compare(known, value).is_eq());
    Value::Integer(i64::try_from(place.unwrap_or(values.len())).unwrap_or(i64::MAX))
}

/// Nulls first, then by value.
fn compare(left: &Value, right: &Value, folded: bool) -> Ordering {
    match (left, right) {
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Less,
        (_, Value::Null) => Ordering::Greater,
        (Value::Text(left), Value::Text(right)) if folded => text::compare(left, right),
        (Value::Text(left), Value::Text(right)) => left.cmp(right),
        (Value::Id(left), Value::Id(right)) => left.cmp(right),
        (Value::Boolean(left), Value::Boolean(right)) => left.cmp(right),
        (Value::Date(left), Value::Date(right)) => left.cmp(right),
        (Value::DateTime(left), Value::DateTime(right)) => left.cmp(right),
        (Value::Time(left), Value::Time(right)) => left.cmp(right),
        _ => number(left).total_cmp(&number(right)),
    }
}

fn same(left: &Value, right: &Value, folded: bool) -> bool {
    compare(left, right, folded).is_eq()
}

fn ordered(
    left: &Value,
    right: &Value,
    operand: &Operand,
    descending: bool,
    nulls_last: bool,
) -> Ordering {
    match (left.is_null(), right.is_null()) {
        (true, true) => Ordering::Equal,
        (true, false) if nulls_last => Ordering::Greater,
        (true, false) => Ordering::Less,
        (false, true) if nulls_last => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => {
            let order = compare(left, right, operand.folded);
            if descending { order.reverse() } else { order }
        }
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
