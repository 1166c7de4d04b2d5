//! Avro payloads as publishers send them: any bytes are a record or none, every record has its JSON and one encoding
//! of our own.
//!
//! The first byte chooses the schema.

#![no_main]

use std::sync::LazyLock;

use landfall_model::ChangeEventHeader;
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
        let is_named = decoded.is_ok_and(|decoded| is_named(schema, decoded.header.as_ref()));
        assert!(!is_named, "what can be decoded can be rendered");
        return;
    }
    std::str::from_utf8(&rendered).expect("JSON is text");
    if let Ok(decoded) = decoded {
        let encoded = schema.encode_decoded(&decoded).expect("its own values");
        let again = schema
            .decode(&encoded)
            .expect("what was encoded can be decoded");
        let again = schema.encode_decoded(&again).expect("its own values");
        assert_eq!(again, encoded, "an event has one encoding");
    }
});

/// Whether the bitmaps of a header name fields that the schema has.
fn is_named(schema: &EventSchema, header: Option<&ChangeEventHeader>) -> bool {
    header.is_none_or(|header| {
        [
            &header.nulled_fields,
            &header.diff_fields,
            &header.changed_fields,
        ]
        .into_iter()
        .all(|bits| schema.names_of(bits).is_ok())
    })
}
