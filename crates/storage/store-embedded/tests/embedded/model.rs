//! Random commits, trims and reopenings against a naive model in memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use landfall_model::{
    CommitNumber, EntityDefinition, EventUuid, ReplayId, Row, SchemaId, Timestamp, Topic, Value,
};
use landfall_store::laws::sample;
use landfall_store::{
    Appended, Document, DocumentKind, Event, NewEvent, Opened, Outcome, Position, RowWrite,
    TopicFilter, TopicId, WriteSet,
};
use proptest::prelude::*;

use crate::place::Folder;

const TOPICS: [&str; 3] = ["/data/AChangeEvent", "/data/BChangeEvent", "/event/C__e"];
const FIELDS: [&str; 5] = ["Name", "Code__c", "Count__c", "Ratio__c", "Parent__c"];

#[derive(Clone, Debug)]
enum Step {
    Commit {
        rows: BTreeMap<u64, Vec<(usize, Value)>>,
        documents: Vec<(usize, &'static str, Option<Vec<u8>>)>,
        events: Vec<(usize, Vec<u8>)>,
        later: i64,
    },
    Trim {
        back: i64,
    },
    Reopen,
}

#[derive(Default)]
struct Model {
    rows: BTreeMap<u64, Row>,
    documents: BTreeMap<(DocumentKind, String), Vec<u8>>,
    events: Vec<Event>,
    given: u64,
    commits: u64,
    appended_at: Timestamp,
    now: i64,
}

fn value(field: usize) -> BoxedStrategy<Value> {
    let some = match FIELDS[field] {
        "Count__c" => (-3_i64..3).prop_map(Value::Integer).boxed(),
        "Ratio__c" => (-4_i32..4)
            .prop_map(|half| Value::Double(f64::from(half) / 2.0))
            .boxed(),
        "Parent__c" => (0_u64..3)
            .prop_map(|number| Value::Id(sample::id(number)))
            .boxed(),
        _ => "[aAbBäÄ ]{0,3}".prop_map(Value::Text).boxed(),
    };
    prop_oneof![4 => some, 1 => Just(Value::Null)].boxed()
}

fn any_field() -> impl Strategy<Value = (usize, Value)> {
    (0..FIELDS.len()).prop_flat_map(|field| (Just(field), value(field)))
}

fn step() -> impl Strategy<Value = Step> {
    let rows =
        prop::collection::btree_map(0_u64..6, prop::collection::vec(any_field(), 0..4), 0..4);
    let document = (
        0..DocumentKind::ALL.len(),
        prop::sample::select(vec!["a", "A", "b"]),
        prop::option::of(prop::collection::vec(any::<u8>(), 0..5)),
    );
    let payload = prop_oneof![
        20 => prop::collection::vec(any::<u8>(), 0..20),
        1 => Just(vec![7; 200_000]),
    ];
    let events = prop::collection::vec((0..TOPICS.len(), payload), 0..12);
    let commit = (
        rows,
        prop::collection::vec(document, 0..3),
        events,
        0_i64..5,
    );
    prop_oneof![
        8 => commit.prop_map(|(rows, documents, events, later)| Step::Commit {
            rows, documents, events, later,
        }),
        1 => (0_i64..20).prop_map(|back| Step::Trim { back }),
        1 => Just(Step::Reopen),
    ]
}

fn topics(store: &mut Opened) -> Vec<TopicId> {
    let number = |name: &&str| store.writer.topic(&Topic::new(*name)).expect("numbered");
    TOPICS.iter().map(number).collect()
}

impl Model {
    fn rows(
        &mut self,
        entity: &Arc<EntityDefinition>,
        changes: &BTreeMap<u64, Vec<(usize, Value)>>,
    ) -> Vec<RowWrite> {
        let write = |(&number, values): (&u64, &Vec<(usize, Value)>)| {
            let known = self.rows.contains_key(&number);
            let blank = || sample::row(entity, number, &[]);
            let row = self.rows.entry(number).or_insert_with(blank);
            for (field, value) in values {
                row[entity.index_of(FIELDS[*field]).expect("a field")] = value.clone();
            }
            let names: Vec<_> = values.iter().map(|(field, _)| FIELDS[*field]).collect();
            if known {
                sample::changed_row(entity, number, row.clone(), &names)
            } else {
                sample::new_row(entity, number, row.clone())
            }
        };
        changes.iter().map(write).collect()
    }

    fn documents(&mut self, changes: &[(usize, &str, Option<Vec<u8>>)]) -> Vec<Document> {
        let write = |(kind, key, content): &(usize, &str, Option<Vec<u8>>)| {
            let kind = DocumentKind::ALL[*kind];
            let name = (kind, (*key).to_owned());
            match content {
                Some(content) => self.documents.insert(name, content.clone()),
                None => self.documents.remove(&name),
            };
            Document {
                kind,
                key: (*key).to_owned(),
                content: content.clone(),
            }
        };
        changes.iter().map(write).collect()
    }

    fn events(&mut self, topics: &[TopicId], payloads: &[(usize, Vec<u8>)]) -> Vec<NewEvent> {
        let new = |(topic, payload): &(usize, Vec<u8>)| {
            self.given += 1;
            let event = Event {
                replay_id: ReplayId::ORIGIN.advanced_by(self.given),
                topic: topics[*topic],
                id: EventUuid::from_bytes([u8::try_from(payload.len() % 256).expect("a byte"); 16])
                    .into(),
                appended: Timestamp::from_millis(self.now),
                schema: SchemaId::from_bytes([u8::try_from(*topic).expect("a few"); 16]),
                payload: Bytes::from(payload.clone()),
            };
            let new = NewEvent {
                topic: event.topic,
                id: event.id.clone(),
                schema: event.schema,
                payload: event.payload.clone(),
            };
            self.events.push(event);
            new
        };
        payloads.iter().map(new).collect()
    }

    fn apply(
        &mut self,
        folder: &Folder,
        entity: &Arc<EntityDefinition>,
        mut store: Opened,
        step: Step,
    ) -> Opened {
        match step {
            Step::Commit {
                rows,
                documents,
                events,
                later,
            } => {
                let topics = topics(&mut store);
                self.now += later;
                let position = Position {
                    tail: ReplayId::ORIGIN.advanced_by(self.given),
                    commit_number: CommitNumber::ORIGIN.advanced_by(self.commits),
                    appended_at: self.appended_at,
                };
                self.commits += 1;
                self.appended_at = Timestamp::from_millis(self.now);
                let write = WriteSet {
                    rows: self.rows(entity, &rows),
                    documents: self.documents(&documents),
                    ..WriteSet::default()
                };
                let events = self.events(&topics, &events);
                let committed = store.writer.commit(&write, &mut |found| {
                    assert_eq!(found, position);
                    Appended {
                        events: events.clone(),
                        at: Timestamp::from_millis(self.now),
                        commit_number: found.commit_number.advanced_by(1),
                    }
                });
                let committed = committed.and_then(Outcome::committed);
                let committed = committed.expect("committed");
                assert_eq!(
                    committed.commit.tail,
                    ReplayId::ORIGIN.advanced_by(self.given)
                );
                assert_eq!(committed.events.len(), events.len());
                store
            }
            Step::Trim { back } => {
                let before = Timestamp::from_millis(self.now - back);
                while store.writer.trim(before).expect("trimmed") {}
                let kept = self.events.len();
                self.events.retain(|event| event.appended >= before);
                self.commits += u64::from(self.events.len() < kept);
                store
            }
            Step::Reopen => {
                drop(store);
                folder.opened(entity)
            }
        }
    }

    fn check(&self, store: &mut Opened, entity: &EntityDefinition) {
        let reader = &store.reader;
        for number in 0..6 {
            let row = reader.row(entity, sample::id(number)).expect("readable");
            assert_eq!(row.as_ref(), self.rows.get(&number));
        }
        for wanted in self.rows.values().chain(&[sample::full_row(entity, 9)]) {
            for name in FIELDS {
                let field = entity.index_of(name).expect("a field");
                let found = reader
                    .rows_where(entity, field, &wanted[field], 4)
                    .expect("readable");
                let expected: Vec<_> = self
                    .rows
                    .values()
                    .filter(|row| equal(name, &row[field], &wanted[field]))
                    .take(4)
                    .cloned()
                    .collect();
                assert_eq!(found, expected, "{name} = {:?}", wanted[field]);
            }
        }
        for kind in DocumentKind::ALL {
            let expected: Vec<_> = self
                .documents
                .iter()
                .filter(|((of, _), _)| *of == kind)
                .map(|((_, key), content)| (key.clone(), content.clone()))
                .collect();
            assert_eq!(reader.documents(kind).expect("readable"), expected);
        }
        self.check_events(store);
    }

    fn check_events(&self, store: &mut Opened) {
        let topics = topics(store);
        let bounds = store.reader.log_bounds().expect("readable");
        assert_eq!(bounds.tail, ReplayId::ORIGIN.advanced_by(self.given));
        assert_eq!(
            bounds.earliest,
            self.events.first().map(|event| event.replay_id)
        );
        let filters = [
            TopicFilter::All,
            TopicFilter::These(topics[..1].to_vec()),
            TopicFilter::These(vec![topics[0], topics[2]]),
        ];
        for filter in filters {
            for (offset, limit) in [(0, 1_000), (0, 3), (self.given / 2, 5)] {
                let mut after = ReplayId::ORIGIN.advanced_by(offset);
                let mut found = Vec::new();
                let expected: Vec<_> = self
                    .events
                    .iter()
                    .filter(|event| event.replay_id > after && filter.passes(event.topic))
                    .collect();
                while after < bounds.tail {
                    let page = store
                        .reader
                        .events(after, &filter, limit)
                        .expect("readable");
                    assert!(page.events.len() <= limit && page.reached > after);
                    found.extend(page.events);
                    after = page.reached;
                }
                let found: Vec<_> = found.iter().map(|event| &**event).collect();
                assert!(
                    found == expected,
                    "after {offset}, pages of {limit}, {filter:?}"
                );
            }
        }
    }
}

/// Whether a search would say so.
fn equal(field: &str, left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Text(left), Value::Text(right)) if field != "Code__c" => {
            left.eq_ignore_ascii_case(right)
        }
        (left, right) => left == right,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_store_does_what_a_naive_one_would(steps in prop::collection::vec(step(), 1..14)) {
        let folder = Folder::new();
        let entity = sample::entity();
        let mut store = folder.opened(&entity);
        let mut model = Model::default();
        for step in steps {
            store = model.apply(&folder, &entity, store, step);
            model.check(&mut store, &entity);
        }
    }
}
