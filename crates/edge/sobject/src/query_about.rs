//! Descriptions of a query, without its records: its columns, and what it costs.
//!
//! Source: "Get Feedback on Query Performance" (REST API Developer Guide); columns: none, the form is that of what clients
//! record. Clients: `sf data query` asks for the columns of every query that it prints as a table.

use landfall_engine::Explained;
use landfall_engine::query::plan::{Aggregate, Expression};
use landfall_engine::query::{Answers, Checked, Item, Plan, RecordShape};
use landfall_http::Writer;
use landfall_model::{EntityDefinition, FieldDefinition, FieldType};

/// The columns of a query.
pub fn columns(checked: &Checked) -> String {
    let plan = &checked.plan;
    let mut w = Writer::new();
    let (items, shape, grouped): (&[Item], Option<&RecordShape>, bool) = match &checked.answers {
        Answers::Records(shape) => (&shape.items, Some(shape), false),
        Answers::Groups(items) => (items, None, true),
        Answers::Count => (&[], None, false),
    };
    w.object(|w| {
        w.name("columnMetadata")
            .array(|w| write_items(w, plan, shape, items));
        w.name("entityName").string(plan.entity.name.as_str());
        w.name("groupBy").boolean(grouped);
        let id_selected =
            shape.is_some_and(|shape| shape.items.iter().any(|item| item.name() == "Id"));
        w.name("idSelected").boolean(id_selected);
        w.name("keyPrefix")
            .text_or_null(plan.entity.described_prefix());
    });
    w.finish()
}

fn write_items(w: &mut Writer, plan: &Plan, shape: Option<&RecordShape>, items: &[Item]) {
    for item in items {
        match item {
            Item::Value { name, column, .. } => {
                let column = plan.columns.get(*column);
                let expression = column.map_or(&Expression::Null, |column| &column.expression);
                let kind = column.map_or(FieldType::String, |column| column.field_type);
                let field = named(plan, expression).map(|(_, field)| field);
                let own = shape.and_then(|shape| shape.entity.as_ref()?.field(name));
                let field = own.map(|(_, field)| field).or(field);
                let called = called(plan, expression);
                let about = About {
                    name,
                    shown: called.as_deref().unwrap_or(name),
                    aggregate: called.is_some(),
                    kind: Some(kind),
                    field: field.filter(|_| called.is_none()),
                    foreign_key: None,
                };
                about.write(w, |_| ());
            }
            Item::Compound { name, .. } => About::of(name).write(w, |_| ()),
            Item::Parent { name, record } => {
                let from = shape.and_then(|shape| shape.entity.as_ref());
                let foreign_key = from.and_then(|entity| reference(entity, name));
                let about = About {
                    foreign_key,
                    ..About::of(name)
                };
                about.write(w, |w| write_items(w, plan, Some(record), &record.items));
            }
            Item::Children { name, place } => {
                let about = About {
                    aggregate: true,
                    ..About::of(name)
                };
                let child = plan.children.get(*place).map(|child| &child.plan);
                let inner = shape.and_then(|shape| shape.children.get(*place));
                about.write(w, |w| {
                    if let (Some(child), Some(inner)) = (child, inner) {
                        write_items(w, child, Some(inner), &inner.items);
                    }
                });
            }
            Item::TypeOf { name, .. } => {
                let from = shape.and_then(|shape| shape.entity.as_ref());
                let about = About {
                    foreign_key: from.and_then(|entity| reference(entity, name)),
                    ..About::of(name)
                };
                about.write(w, |_| ());
            }
        }
    }
}

/// One column.
struct About<'a> {
    name: &'a str,
    shown: &'a str,
    aggregate: bool,
    kind: Option<FieldType>,
    field: Option<&'a FieldDefinition>,
    foreign_key: Option<&'a str>,
}

impl<'a> About<'a> {
    const fn of(name: &'a str) -> Self {
        Self {
            name,
            shown: name,
            aggregate: false,
            kind: None,
            field: None,
            foreign_key: None,
        }
    }

    fn write(&self, w: &mut Writer, joined: impl FnOnce(&mut Writer)) {
        let apex = self.kind.and_then(apex_type);
        let number = matches!(apex, Some("Integer" | "Double"));
        w.object(|w| {
            w.name("aggregate").boolean(self.aggregate);
            w.name("apexType").text_or_null(apex);
            w.name("booleanType").boolean(apex == Some("Boolean"));
            w.name("columnName").string(self.name);
            w.name("custom")
                .boolean(self.field.is_some_and(|field| field.custom));
            w.name("displayName").string(self.shown);
            w.name("foreignKeyName").text_or_null(self.foreign_key);
            w.name("insertable")
                .boolean(self.field.is_some_and(|field| field.createable));
            w.name("joinColumns").array(joined);
            w.name("numberType").boolean(number);
            w.name("textType").boolean(apex == Some("String"));
            w.name("updatable")
                .boolean(self.field.is_some_and(|field| field.updateable));
        });
    }
}

const fn apex_type(kind: FieldType) -> Option<&'static str> {
    match kind {
        FieldType::Id | FieldType::Reference => Some("Id"),
        FieldType::Boolean => Some("Boolean"),
        FieldType::Int => Some("Integer"),
        FieldType::Long => Some("Long"),
        FieldType::AnyType => Some("Object"),
        FieldType::Double | FieldType::Currency | FieldType::Percent => Some("Double"),
        FieldType::Date => Some("Date"),
        FieldType::DateTime => Some("Datetime"),
        FieldType::Time => Some("Time"),
        FieldType::Base64 => Some("Blob"),
        FieldType::Address | FieldType::Location | FieldType::PersonName | FieldType::Complex => {
            None
        }
        FieldType::String
        | FieldType::TextArea
        | FieldType::Picklist
        | FieldType::MultiPicklist
        | FieldType::Combobox
        | FieldType::Email
        | FieldType::Phone
        | FieldType::Url
        | FieldType::EncryptedString
        | FieldType::JunctionIdList => Some("String"),
    }
}

/// The field that a relationship goes by.
fn reference<'e>(entity: &'e EntityDefinition, relationship: &str) -> Option<&'e str> {
    entity
        .fields
        .iter()
        .find(|field| field.relationship_name.as_deref() == Some(relationship))
        .map(|field| field.name.as_str())
}

/// How an aggregate is written: `avg(Amount)`.
fn called(plan: &Plan, expression: &Expression) -> Option<String> {
    let (function, of) = match expression {
        Expression::Aggregate { function, of, .. } => (*function, of.as_deref()),
        Expression::Ranked { rank, .. } => return called(plan, rank),
        _ => return None,
    };
    let of = match of {
        Some(Expression::Rank { of, .. }) => Some(&**of),
        other => other,
    };
    let path = of.and_then(|of| named(plan, of)).map(|(path, _)| path);
    let function = match function {
        Aggregate::Count => "count",
        Aggregate::CountDistinct => "count_distinct",
        Aggregate::Avg => "avg",
        Aggregate::Min => "min",
        Aggregate::Max => "max",
        Aggregate::Sum => "sum",
    };
    Some(format!("{function}({})", path.unwrap_or_default()))
}

/// The path of a field, and the field.
fn named<'p>(plan: &'p Plan, expression: &Expression) -> Option<(String, &'p FieldDefinition)> {
    let (source, place) = match expression {
        Expression::Field { source, place } => (*source, *place),
        Expression::Key(key) => {
            let key = plan.grouping.as_ref()?.keys.get(*key)?;
            return named(plan, &key.expression);
        }
        _ => return None,
    };
    let Some(parent) = source.checked_sub(1).map(|parent| plan.parents.get(parent)) else {
        let field = plan.entity.fields.get(place)?;
        return Some((field.name.to_string(), field));
    };
    let parent = parent?;
    let field = parent.entity.fields.get(place)?;
    let by = Expression::Field {
        source: parent.from,
        place: parent.place,
    };
    let (way, reference) = named(plan, &by)?;
    let relationship = reference.relationship_name.as_deref()?;
    let before = way
        .strip_suffix(reference.name.as_str())
        .unwrap_or_default();
    Some((format!("{before}{relationship}.{}", field.name), field))
}

/// What a query costs.
pub fn explained(explained: &Explained, statement: &str) -> String {
    let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let mut w = Writer::new();
    w.object(|w| {
        w.name("plans").array(|w| {
            for way in &explained.ways {
                w.object(|w| {
                    let scan = way.fields.is_empty();
                    w.name("cardinality").integer(count(way.records));
                    w.name("fields")
                        .strings(way.fields.iter().map(String::as_str));
                    let operation = if scan { "TableScan" } else { "Index" };
                    w.name("leadingOperationType").string(operation);
                    w.name("notes").array(|w| {
                        for field in explained.unindexed.iter().filter(|_| scan) {
                            write_note(w, &explained.object, field);
                        }
                    });
                    w.name("relativeCost").double(way.cost);
                    w.name("sobjectCardinality")
                        .integer(count(explained.records));
                    w.name("sobjectType").string(&explained.object);
                });
            }
        });
        w.name("sourceQuery").string(statement);
    });
    w.finish()
}

fn write_note(w: &mut Writer, object: &str, field: &str) {
    w.object(|w| {
        w.name("description")
            .string("Not considering filter for optimization because unindexed");
        w.name("fields").strings([field]);
        w.name("tableEnumOrId").string(object);
    });
}
