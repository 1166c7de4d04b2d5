//! What queries, searches, queries of PushTopics and filters of channels mean: any text is checked against the standard
//! objects or refused, and what passed can be evaluated. Filters of the control interface are read or refused at a place.

#![no_main]

use std::sync::LazyLock;

use landfall_channel::{Filter, Subject};
use landfall_model::{Catalog, RecordId, Timestamp, Value};
use landfall_query::{Context, Plan, Record, Zone, push_topic, read, search};
use landfall_schema::EventSchema;
use libfuzzer_sys::fuzz_target;

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

static CATALOG: LazyLock<Catalog> =
    LazyLock::new(|| Catalog::new(landfall_standard::entities().expect("shipped definitions")));

static SCHEMA: LazyLock<EventSchema> = LazyLock::new(|| {
    let entity = CATALOG.entity("Account").expect("a shipped object");
    EventSchema::of_change_event(entity).expect("a shipped schema")
});

/// A record in which every field has the same value.
struct Same(Value);

impl Record for Same {
    fn value(&self, _: usize, _: usize) -> Value {
        self.0.clone()
    }
}

fn context(statement: &str) -> Context<'_> {
    Context {
        statement,
        catalog: &CATALOG,
        now: NOW,
        zone: Zone::utc(),
        fiscal_month: 1,
        user: RecordId::EMPTY,
        deleted: true,
        formulas: None,
    }
}

fn evaluate(plan: &Plan) {
    for value in [
        Value::Null,
        Value::Boolean(true),
        Value::Integer(-1),
        Value::Double(0.5),
        Value::Text("A%_b".to_owned()),
        Value::DateTime(NOW),
    ] {
        let _ = plan.matches(&Same(value));
    }
}

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match read(&context(text)) {
        Ok(checked) => evaluate(&checked.plan),
        Err(fault) => assert!(!format!("{fault:?}").is_empty()),
    }
    if let Ok(topic) = push_topic::read(&context(text)) {
        let fields = topic.plan.entity.fields.len();
        assert!(
            topic
                .told
                .iter()
                .chain(&topic.condition)
                .all(|place| *place < fields)
        );
        evaluate(&topic.plan);
        let bare = text.trim_end();
        let bare = bare.strip_suffix(';').unwrap_or(bare);
        assert!(
            read(&context(bare)).is_ok(),
            "the query of a topic is a query"
        );
    }
    if let Ok(parsed) = landfall_soql::parse_search(text) {
        let _ = search(&context(text), &parsed);
    }
    filter(text);
    if let Err(place) = landfall_control::check_filter(text) {
        assert!((1..=text.chars().count() + 1).contains(&place));
    }
});

fn filter(text: &str) {
    let subject = Subject::Changes {
        entity: CATALOG.entity("Account").expect("a shipped object"),
        schema: &SCHEMA,
    };
    match Filter::read(text, &subject) {
        Ok(filter) => {
            assert_eq!(filter.text(), text);
            for value in [Value::Null, Value::Integer(7), Value::Text("x".to_owned())] {
                let _ = filter.admits(NOW, &|_| value.clone());
            }
        }
        Err(refusal) => assert!(!refusal.to_string().is_empty()),
    }
}
