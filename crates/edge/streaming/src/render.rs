//! The `data` of an event message, made once for all subscribers.

use std::cell::RefCell;
use std::io::Write as _;

use bytes::Bytes;
use landfall_engine::{Engine, Event};
use landfall_schema::{DecodeError, EventSchema, FieldValue};
use landfall_wire::write_json_string;
use tracing::error;

/// The `data` of an event message. Empty if the event cannot be read, which is a defect that is logged, not sent.
pub(crate) fn rendered(engine: &Engine, event: &Event) -> Bytes {
    written(engine, event, false)
}

/// The same as API versions before 43.0 had it: points in time without milliseconds. Few clients are that old: it is not
/// kept.
pub(crate) fn rendered_in_seconds(engine: &Engine, event: &Event) -> Bytes {
    written(engine, event, true)
}

fn written(engine: &Engine, event: &Event, in_seconds: bool) -> Bytes {
    SCRATCH.with_borrow_mut(|data| {
        data.clear();
        render(engine, event, in_seconds, data)
    })
}

thread_local! {
    /// Where events are rendered before their size is known: what is kept in memory is no larger than it must be.
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

fn render(engine: &Engine, event: &Event, in_seconds: bool, data: &mut Vec<u8>) -> Bytes {
    let failed = |reason: &dyn std::fmt::Display| {
        error!(replay_id = %event.replay_id, schema = %event.schema, %reason, "an event cannot be rendered");
        Bytes::new()
    };
    let Some(schema) = engine.schema(event.schema) else {
        return failed(&"its schema is unknown");
    };
    if schema.is_of_push_topic() {
        return notification(&schema, event, |_| true).unwrap_or_else(|error| failed(&error));
    }
    if schema.is_of_generic_event() {
        return generic(&schema, event).unwrap_or_else(|error| failed(&error));
    }
    // Writing to memory does not fail.
    let _ = write!(data, "{{\"schema\":\"{}\",\"payload\":", event.schema);
    let payload = if in_seconds {
        schema.render_cometd_in_seconds(&event.payload, data)
    } else {
        schema.render_cometd(&event.payload, data)
    };
    if let Err(error) = payload {
        return failed(&error);
    }
    if schema.has_header() {
        let _ = write!(data, ",\"event\":{{\"replayId\":{}}}}}", event.replay_id);
    } else {
        let (uuid, replay_id) = (event.uuid, event.replay_id);
        let _ = write!(
            data,
            ",\"event\":{{{UUID}{uuid}\",\"replayId\":{replay_id}}}}}"
        );
    }
    Bytes::copy_from_slice(data)
}

/// The `data` of a notification of a `PushTopic`, with the fields that are seen.
///
/// Source: "PushTopic Queries" (Streaming API Developer Guide); of a deleted record only its id is told: log of a client.
///
/// # Errors
/// [`DecodeError`] for bytes that are not of the schema.
pub(crate) fn notification(
    schema: &EventSchema,
    event: &Event,
    is_seen: impl Fn(&str) -> bool,
) -> Result<Bytes, DecodeError> {
    let decoded = schema.decode(&event.payload)?;
    let happened = text_of(decoded.fields.first());
    let left_out: Vec<&str> = schema.left_out(&decoded).collect();
    let is_told = |name: &str| !name.starts_with('_') && !left_out.contains(&name);
    let is_shown =
        |name: &str| is_told(name) && (happened != DELETED || name == "Id") && is_seen(name);
    let mut data = begun(event);
    data.push_str(",\"type\":\"");
    data.push_str(happened);
    data.push_str("\"},\"sobject\":");
    let mut data = data.into_bytes();
    schema.render_some(&event.payload, is_shown, &mut data)?;
    data.push(b'}');
    Ok(Bytes::from(data))
}

/// The word for a delete.
const DELETED: &str = "deleted";

/// The `data` of an event of a generic channel.
fn generic(schema: &EventSchema, event: &Event) -> Result<Bytes, DecodeError> {
    let decoded = schema.decode(&event.payload)?;
    let mut data = begun(event);
    data.push_str("},\"payload\":");
    write_json_string(&mut data, text_of(decoded.fields.first()));
    data.push('}');
    Ok(Bytes::from(data))
}

/// `{"event":{"createdDate":"2016-03-29T16:40:08.208Z","replayId":13`, which both go on from.
fn begun(event: &Event) -> String {
    let created = landfall_wire::dates::render_utc(event.appended);
    let id = event.replay_id;
    format!("{{\"event\":{{\"createdDate\":\"{created}\",\"replayId\":{id}")
}

fn text_of(value: Option<&FieldValue>) -> &str {
    match value {
        Some(FieldValue::Plain(value)) => value.as_text().unwrap_or_default(),
        _ => "",
    }
}

/// The member that only platform events have.
const UUID: &str = "\"EventUuid\":\"";

/// Characters of a UUID, and what stands after it.
const UUID_BYTES: usize = 36 + "\",".len();

/// The same `data` as API versions before 52.0 had it: without the event's UUID. None if it has none.
///
/// Source: "Platform Event Fields" (Platform Events Developer Guide): `EventUuid` is available from 52.0 on.
pub(crate) fn without_uuid(data: &[u8]) -> Option<Vec<u8>> {
    let start = place_of_uuid(data)?;
    let mut older = data.get(..start)?.to_vec();
    older.extend_from_slice(data.get(start + UUID.len() + UUID_BYTES..)?);
    Some(older)
}

/// Where the member begins.
fn place_of_uuid(data: &[u8]) -> Option<usize> {
    // The member stands at the end, after everything that a publisher can write.
    let tail = data
        .len()
        .checked_sub(UUID.len() + UUID_BYTES + "\"replayId\":}}".len() + 20)?;
    let found = data
        .get(tail..)?
        .windows(UUID.len())
        .position(|window| window == UUID.as_bytes())?;
    Some(tail + found)
}

/// The same `data` as custom channels of platform events have it: with the name of the event. None if it has no UUID.
///
/// Source: "Group Platform Events into One Stream with a Custom Channel" (Platform Events Developer Guide):
/// `EventApiName`, from 55.0 on.
pub(crate) fn named(data: &[u8], event: &str) -> Option<Vec<u8>> {
    let start = place_of_uuid(data)?;
    let mut longer = data.get(..start)?.to_vec();
    longer.extend_from_slice(b"\"EventApiName\":\"");
    longer.extend_from_slice(event.as_bytes());
    longer.extend_from_slice(b"\",");
    longer.extend_from_slice(data.get(start..)?);
    Some(longer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_versions_get_no_uuid() {
        let uuid = "2ec0e371-1395-457f-9275-be1b527a72f7";
        let data = format!(
            "{{\"schema\":\"s\",\"payload\":{{\"A__c\":\"{UUID}x\"}},\"event\":{{{UUID}{uuid}\",\"replayId\":1002}}}}"
        );
        let older = without_uuid(data.as_bytes()).expect("there is one");
        let older = String::from_utf8(older).expect("text");
        assert!(older.ends_with("\"event\":{\"replayId\":1002}}"), "{older}");
        assert!(older.starts_with("{\"schema\":\"s\",\"payload\":{\"A__c\""));
        assert_eq!(without_uuid(b"{\"event\":{\"replayId\":1002}}"), None);
    }
}
