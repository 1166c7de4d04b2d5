//! The `data` of an event message, made once for all subscribers.

use std::cell::RefCell;
use std::sync::Arc;

use bytes::Bytes;
use landfall_engine::{Engine, Event};
use landfall_model::{EventId, SchemaId, limits};
use landfall_schema::{DecodeError, EventSchema, FieldValue};
use landfall_wire::write_json_string;
use tracing::error;

/// The `data` of an event message. Empty if the event cannot be read, which is a defect that is logged, not sent.
pub(crate) fn rendered(engine: &Engine, event: &Event) -> Bytes {
    Renderer::new(engine, false).rendered(event)
}

/// The same as API versions before 43.0 had it: points in time without milliseconds. Few clients are that old: it is not
/// kept.
pub(crate) fn rendered_in_seconds(engine: &Engine, event: &Event) -> Bytes {
    Renderer::new(engine, true).rendered(event)
}

thread_local! {
    /// Where events are rendered before their size is known: what is kept in memory is no larger than it must be.
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Renders events, most of which have the schema of the one before.
pub(crate) struct Renderer<'e> {
    engine: &'e Engine,
    in_seconds: bool,
    last: Option<Known>,
}

/// A schema, and what an event of it begins with.
struct Known {
    id: SchemaId,
    schema: Arc<EventSchema>,
    opening: Vec<u8>,
    kind: Kind,
}

/// What events of a schema are.
enum Kind {
    ChangeEvent,
    PlatformEvent,
    /// A notification of a `PushTopic`.
    Notification,
    /// An event of a generic channel.
    Generic,
}

impl Known {
    fn of(id: SchemaId, schema: Arc<EventSchema>) -> Self {
        let kind = if schema.is_of_push_topic() {
            Kind::Notification
        } else if schema.is_of_generic_event() {
            Kind::Generic
        } else if schema.has_header() {
            Kind::ChangeEvent
        } else {
            Kind::PlatformEvent
        };
        Self {
            id,
            opening: format!("{{\"schema\":\"{id}\",\"payload\":").into_bytes(),
            schema,
            kind,
        }
    }
}

impl<'e> Renderer<'e> {
    pub(crate) const fn new(engine: &'e Engine, in_seconds: bool) -> Self {
        Self {
            engine,
            in_seconds,
            last: None,
        }
    }

    fn rendered(&mut self, event: &Event) -> Bytes {
        SCRATCH.with_borrow_mut(|data| {
            data.clear();
            self.append(event, data);
            Bytes::copy_from_slice(data)
        })
    }

    /// Appends the `data` of an event message; nothing if the event cannot be read.
    pub(crate) fn append(&mut self, event: &Event, data: &mut Vec<u8>) {
        let start = data.len();
        let in_seconds = self.in_seconds;
        let written = match self.known(event.schema) {
            Some(known) => write(known, event, in_seconds, data).map_err(|error| error.to_string()),
            None => Err("its schema is unknown".to_owned()),
        };
        if let Err(reason) = written {
            error!(replay_id = %event.replay_id, schema = %event.schema, %reason, "an event cannot be rendered");
            data.truncate(start);
        }
    }

    fn known(&mut self, id: SchemaId) -> Option<&Known> {
        if self.last.as_ref().is_none_or(|last| last.id != id) {
            self.last = Some(Known::of(id, self.engine.schema(id)?));
        }
        self.last.as_ref()
    }
}

fn write(
    known: &Known,
    event: &Event,
    in_seconds: bool,
    data: &mut Vec<u8>,
) -> Result<(), DecodeError> {
    let schema = &known.schema;
    match known.kind {
        Kind::Notification => {
            data.extend_from_slice(&notification(schema, event, |_| true)?);
            return Ok(());
        }
        Kind::Generic => {
            data.extend_from_slice(&generic(schema, event)?);
            return Ok(());
        }
        Kind::ChangeEvent | Kind::PlatformEvent => {}
    }
    data.extend_from_slice(&known.opening);
    if in_seconds {
        schema.render_cometd_in_seconds(&event.payload, data)?;
    } else {
        schema.render_cometd(&event.payload, data)?;
    }
    data.extend_from_slice(b",\"event\":{");
    if let Kind::PlatformEvent = known.kind {
        write_id(&event.id, data);
        data.push(b',');
    }
    data.extend_from_slice(b"\"replayId\":");
    landfall_schema::write_natural(data, event.replay_id.get());
    data.extend_from_slice(b"}}");
    Ok(())
}

/// The `data` of a notification of a `PushTopic`, with the fields that are seen.
///
/// Source: "PushTopic Queries" (Streaming API Developer Guide); of a deleted record only its id is sent: log of a client.
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

/// The member that only platform events have. No text in JSON contains it, since its quotes would be escaped.
const UUID: &str = "\"EventUuid\":\"";

/// What follows it, and also is in no text.
const AFTER_UUID: &str = "\"replayId\":";

fn write_id(id: &EventId, data: &mut Vec<u8>) {
    data.extend_from_slice(b"\"EventUuid\":");
    match id {
        EventId::Uuid(uuid) => {
            data.push(b'"');
            data.extend_from_slice(&uuid.to_text());
            data.push(b'"');
        }
        EventId::Text(text) if text.bytes().all(is_plain) => {
            data.push(b'"');
            data.extend_from_slice(text.as_bytes());
            data.push(b'"');
        }
        EventId::Text(text) => {
            let mut quoted = String::with_capacity(text.len() + 2);
            write_json_string(&mut quoted, text);
            data.extend_from_slice(quoted.as_bytes());
        }
    }
}

/// Whether JSON needs no escape for a byte.
const fn is_plain(byte: u8) -> bool {
    byte >= 0x20 && byte != b'"' && byte != b'\\'
}

/// The same `data` as API versions before 52.0 had it: without the event's UUID. None if it has none.
///
/// Source: "Platform Event Fields" (Platform Events Developer Guide): `EventUuid` is available from 52.0 on.
pub(crate) fn without_uuid(data: &[u8]) -> Option<Vec<u8>> {
    let start = place_of_uuid(data)?;
    let mut older = data.get(..start)?.to_vec();
    older.extend_from_slice(data.get(last(data, AFTER_UUID)?..)?);
    Some(older)
}

/// Where the member begins: it is the last one but the replay id, so it is looked for from the end.
fn place_of_uuid(data: &[u8]) -> Option<usize> {
    let end = last(data, AFTER_UUID)?;
    let before = data.get(..end)?;
    if !before.ends_with(b"\",") {
        return None;
    }
    let bytes_max = UUID.len() + limits::EVENT_ID_BYTES_MAX * ESCAPED.len() + "\",".len();
    let tail = end.saturating_sub(bytes_max);
    let found = last(before.get(tail..)?, UUID)?;
    Some(tail + found)
}

/// The longest form of a byte of a text in JSON.
const ESCAPED: &str = "\\u0000";

fn last(data: &[u8], text: &str) -> Option<usize> {
    data.windows(text.len())
        .rposition(|window| window == text.as_bytes())
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

    /// What a publisher writes in the place of the UUID is found, and nothing that it contains is taken for it.
    #[test]
    fn an_id_of_any_text_is_found_and_left_out() {
        let longest = "\u{1}".repeat(limits::EVENT_ID_BYTES_MAX);
        for id in ["x", "\",\"replayId\":1,\"EventUuid\":\"", "\\", &longest] {
            let mut data = br#"{"payload":{"EventUuid":"y"},"event":{"#.to_vec();
            write_id(&EventId::parse(id).expect("an id"), &mut data);
            data.extend_from_slice(br#","replayId":1002}}"#);
            let older = without_uuid(&data).expect("there is one");
            let older = String::from_utf8(older).expect("text");
            assert_eq!(
                older,
                r#"{"payload":{"EventUuid":"y"},"event":{"replayId":1002}}"#
            );
            let named = named(&data, "A__e").expect("there is one");
            let named: serde_json::Value = serde_json::from_slice(&named).expect("JSON");
            let expected =
                serde_json::json!({"EventApiName": "A__e", "EventUuid": id, "replayId": 1002});
            assert_eq!(named["event"], expected);
        }
    }
}
