//! Avro payloads as publishers send them: any bytes are a record or none, and every record has its JSON.
//!
//! The first byte chooses the schema.

#![no_main]

use std::sync::LazyLock;

use landfall_schema::EventSchema;
use libfuzzer_sys::fuzz_target;

static SCHEMAS: LazyLock<Vec<EventSchema>> = LazyLock::new(|| {
    let entities = landfall_standard::entities().expect("shipped definitions");
    entities
        .iter()
        .filter(|entity| entity.change_event.is_some())
        .map(|entity| EventSchema::of_change_event(entity).expect("a shipped schema"))
        .collect()
});

fuzz_target!(|data: &[u8]| {
    let Some((choice, payload)) = data.split_first() else {
        return;
    };
    let schema = &SCHEMAS[usize::from(*choice) % SCHEMAS.len()];
    let mut rendered = b"before".to_vec();
    let decoded = schema.decode(payload);
    if schema.render_cometd(payload, &mut rendered).is_err() {
        assert_eq!(
            rendered, b"before",
            "a failed rendering leaves nothing behind"
        );
        assert!(decoded.is_err(), "what can be decoded can be rendered");
    } else {
        std::str::from_utf8(&rendered).expect("JSON is text");
    }
});
