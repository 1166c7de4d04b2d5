//! `PushTopics` against an evaluator that does everything the plain way: random topics, random changes.
#![expect(
    clippy::indexing_slicing,
    reason = "places are made from the lists that they are in"
)]

use landfall_capture::push_topic::{NotifyFor, Operations, Seen, Telling, Watch};
use landfall_model::{Catalog, ChangeType, EntityDefinition, RecordId, Row, Timestamp, Value};
use landfall_query::push_topic::FieldIndexes;
use landfall_query::{Context, Zone};
use landfall_schema::{DecodedEvent, EventSchema, FieldValue};
use proptest::prelude::*;

const FIELDS: [&str; 5] = [
    "Name",
    "Industry",
    "Phone",
    "NumberOfEmployees",
    "LastModifiedDate",
];

/// A condition as text, and as a function of the values of [`FIELDS`].
#[derive(Clone, Debug)]
enum Condition {
    Text(usize, &'static str, bool),
    Number(&'static str, i64),
    Both(Box<Self>, Box<Self>),
    Either(Box<Self>, Box<Self>),
}

impl Condition {
    fn soql(&self) -> String {
        match self {
            Self::Text(field, value, true) => format!("{} = '{value}'", FIELDS[*field]),
            Self::Text(field, value, false) => format!("{} NOT IN ('{value}')", FIELDS[*field]),
            Self::Number(sign, number) => format!("NumberOfEmployees {sign} {number}"),
            Self::Both(left, right) => format!("({} AND {})", left.soql(), right.soql()),
            Self::Either(left, right) => format!("({} OR {})", left.soql(), right.soql()),
        }
    }

    fn holds(&self, state: &State) -> bool {
        match self {
            Self::Text(field, value, is) => (state.texts[*field] == Some(*value)) == *is,
            Self::Number(sign, number) => match (state.number, *sign) {
                (None, _) => false,
                (Some(own), ">") => own > *number,
                (Some(own), _) => own <= *number,
            },
            Self::Both(left, right) => left.holds(state) && right.holds(state),
            Self::Either(left, right) => left.holds(state) || right.holds(state),
        }
    }

    fn fields(&self) -> Vec<usize> {
        match self {
            Self::Text(field, ..) => vec![*field],
            Self::Number(..) => vec![3],
            Self::Both(left, right) | Self::Either(left, right) => {
                [left.fields(), right.fields()].concat()
            }
        }
    }
}

/// What a record holds, as far as it matters here.
#[derive(Clone, Debug, PartialEq)]
struct State {
    texts: [Option<&'static str>; 3],
    number: Option<i64>,
    modified: i64,
}

impl State {
    fn row(&self, entity: &EntityDefinition) -> Row {
        let mut row = vec![Value::Null; entity.fields.len()];
        let mut set = |name: &str, value| {
            row[entity.index_of(name).expect("a field")] = value;
        };
        for (name, text) in FIELDS.iter().zip(self.texts) {
            set(
                name,
                text.map_or(Value::Null, |text| Value::Text(text.to_owned())),
            );
        }
        set(
            "NumberOfEmployees",
            self.number.map_or(Value::Null, Value::Integer),
        );
        set(
            "LastModifiedDate",
            Value::DateTime(Timestamp::from_millis(self.modified)),
        );
        row
    }

    /// Indexes in [`FIELDS`] that differ.
    fn differing(&self, other: &Self) -> Vec<usize> {
        let mut differing: Vec<usize> = (0..3)
            .filter(|place| self.texts[*place] != other.texts[*place])
            .collect();
        if self.number != other.number {
            differing.push(3);
        }
        if self.modified != other.modified {
            differing.push(4);
        }
        differing
    }
}

#[derive(Clone, Debug)]
struct Topic {
    selected: Vec<usize>,
    condition: Option<Condition>,
    notify: NotifyFor,
    operations: Operations,
}

impl Topic {
    fn soql(&self) -> String {
        let selected = self.selected.iter().map(|field| FIELDS[*field]);
        let selected: Vec<&str> = std::iter::once("Id").chain(selected).collect();
        let selected = selected.join(", ");
        let condition = self.condition.as_ref();
        let condition = condition.map_or_else(String::new, |condition| {
            format!(" WHERE {}", condition.soql())
        });
        format!("SELECT {selected} FROM Account{condition}")
    }

    fn allows(&self, change: ChangeType) -> bool {
        match change {
            ChangeType::Create => self.operations.create,
            ChangeType::Update => self.operations.update,
            ChangeType::Delete => self.operations.delete,
            _ => self.operations.undelete,
        }
    }

    /// What is said of a record in this state, if who changed it may not read these fields.
    fn said(&self, state: &State, hidden: &[usize]) -> Vec<(&'static str, FieldValue)> {
        let shown = (0..FIELDS.len()).filter(|field| self.selected.contains(field));
        let shown = shown.filter(|field| !hidden.contains(field));
        shown
            .map(|field| {
                let value = match field {
                    3 => state.number.map(Value::Integer),
                    4 => Some(Value::DateTime(Timestamp::from_millis(state.modified))),
                    _ => state.texts[field].map(|text| Value::Text(text.to_owned())),
                };
                let value = value.map_or(FieldValue::Null, FieldValue::Plain);
                (FIELDS[field], value)
            })
            .collect()
    }

    /// The rules, read off the tables of the guide.
    fn told(&self, changes: &[(ChangeType, State, State)]) -> Vec<usize> {
        let in_condition = self
            .condition
            .as_ref()
            .map_or_else(Vec::new, Condition::fields);
        let counts = |(change, before, after): &(ChangeType, State, State)| {
            let matches = self
                .condition
                .as_ref()
                .is_none_or(|condition| condition.holds(after));
            let changed = before.differing(after);
            let changed = changed.iter().filter(|field| **field != 4);
            let is_tracked = |field: &&usize| match self.notify {
                NotifyFor::All => true,
                NotifyFor::Referenced => {
                    self.selected.contains(*field) || in_condition.contains(*field)
                }
                NotifyFor::Select => self.selected.contains(*field),
                NotifyFor::Where => in_condition.contains(*field),
            };
            let is_counted =
                *change != ChangeType::Update || changed.filter(is_tracked).count() > 0;
            self.allows(*change) && matches && is_counted
        };
        if !changes.iter().any(counts) {
            return Vec::new();
        }
        let goes_along = |(change, before, after): &(ChangeType, State, State)| {
            let changed = before.differing(after);
            let is_silent =
                *change == ChangeType::Update && changed.iter().all(|field| *field == 4);
            self.allows(*change) && !is_silent
        };
        let places = (0..changes.len()).rev();
        places
            .filter(|place| goes_along(&changes[*place]))
            .collect()
    }
}

/// What a notification says of each field of the selection but `Id`; nothing of those that are left out.
fn values(schema: &EventSchema, notification: &DecodedEvent) -> Vec<(&'static str, FieldValue)> {
    let left_out: Vec<&str> = schema.left_out(notification).collect();
    let told = FIELDS.iter().filter(|name| !left_out.contains(name));
    let position = |name: &&'static str| Some((*name, schema.position_of(name)?));
    told.filter_map(position)
        .map(|(name, position)| (name, notification.fields[position].clone()))
        .collect()
}

fn condition() -> impl Strategy<Value = Condition> {
    let leaf = prop_oneof![
        (0_usize..3, prop_oneof![Just("a"), Just("b")], any::<bool>())
            .prop_map(|(field, value, is)| Condition::Text(field, value, is)),
        (prop_oneof![Just(">"), Just("<=")], 0_i64..3)
            .prop_map(|(sign, number)| Condition::Number(sign, number)),
    ];
    leaf.prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone())
                .prop_map(|(left, right)| Condition::Both(left.into(), right.into())),
            (inner.clone(), inner)
                .prop_map(|(left, right)| Condition::Either(left.into(), right.into())),
        ]
    })
}

fn topic() -> impl Strategy<Value = Topic> {
    (
        proptest::sample::subsequence((0..5).collect::<Vec<usize>>(), 0..=5),
        proptest::option::of(condition()),
        proptest::sample::select(NotifyFor::ALL.to_vec()),
        any::<(bool, bool, bool, bool)>(),
    )
        .prop_map(
            |(selected, condition, notify, (create, update, delete, undelete))| Topic {
                selected,
                condition,
                notify,
                operations: Operations {
                    create,
                    update,
                    delete,
                    undelete,
                },
            },
        )
}

fn state() -> impl Strategy<Value = State> {
    let text = || proptest::option::of(prop_oneof![Just("a"), Just("b")]);
    (
        [text(), text(), text()],
        proptest::option::of(0_i64..3),
        0_i64..2,
    )
        .prop_map(|(texts, number, modified)| State {
            texts,
            number,
            modified,
        })
}

fn changes() -> impl Strategy<Value = Vec<(ChangeType, State)>> {
    let kind = prop_oneof![
        4 => Just(ChangeType::Update),
        1 => Just(ChangeType::Create),
        1 => Just(ChangeType::Delete),
        1 => Just(ChangeType::Undelete),
    ];
    proptest::collection::vec((kind, state()), 1..4)
}

proptest! {
    #[test]
    fn topics_tell_what_the_tables_of_the_guide_say(
        topic in topic(),
        first in state(),
        changes in changes(),
        hidden in proptest::option::of(proptest::sample::subsequence((0..4).collect::<Vec<usize>>(), 0..=4)),
    ) {
        let catalog = Catalog::new(landfall_standard::entities().expect("the shipped objects"));
        let entity = catalog.entity("Account").expect("an object");
        let statement = topic.soql();
        let query = landfall_query::push_topic::read(&Context {
            statement: &statement,
            catalog: &catalog,
            now: Timestamp::from_millis(0),
            zone: Zone::utc(),
            fiscal_month: 1,
            user: RecordId::EMPTY,
            deleted: false,
            formulas: None,
        });
        let query = query.expect("a query");
        let watch = Watch::new(query, topic.notify, topic.operations);
        let mut before = first;
        let changes: Vec<(ChangeType, State, State)> = changes
            .into_iter()
            .map(|(change, after)| {
                let before = std::mem::replace(&mut before, after.clone());
                (change, before, after)
            })
            .collect();
        let rows: Vec<(Row, Row)> = changes
            .iter()
            .map(|(_, before, after)| (before.row(entity), after.row(entity)))
            .collect();
        let seen: Vec<Seen<'_>> = changes
            .iter()
            .zip(&rows)
            .map(|((change, ..), (before, after))| Seen::new(*change, Some(before), after))
            .collect();
        let told = watch.told(&seen);
        prop_assert_eq!(&told, &topic.told(&changes), "{}", statement);

        let schema = EventSchema::of_push_topic(entity, &watch.query().told).expect("a schema");
        let places = hidden.as_ref().map(|hidden| {
            let places = hidden.iter().filter_map(|field| entity.index_of(FIELDS[*field]));
            places.collect::<FieldIndexes>()
        });
        let (last, (_, row)) = (&changes[changes.len() - 1].2, &rows[rows.len() - 1]);
        let mut telling = Telling::new(row, RecordId::EMPTY, places.as_ref());
        for place in told {
            let payload = schema.encode_event(telling.row(&watch, changes[place].0));
            let notification = schema.decode(&payload.expect("a payload")).expect("a notification");
            let said = topic.said(last, &hidden.clone().unwrap_or_default());
            prop_assert_eq!(values(&schema, &notification), said, "{}", statement);
        }
    }
}
