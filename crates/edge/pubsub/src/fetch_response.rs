//! `FetchResponse` and `ManagedFetchResponse`, put together from events that are encoded already.
//!
//! An event is encoded once, as the field `events` of this message with its tag and length, and shared by all
//! subscribers: sending it is a copy of bytes.

use bytes::{Buf, BufMut, Bytes};
use landfall_engine::Event;
use landfall_model::EventId;
use prost::encoding::{self, DecodeContext, WireType};
use prost::{DecodeError, Message};

use crate::proto::{CommitReplayResponse, ConsumerEvent};

const EVENTS: u32 = 1;
const LATEST_REPLAY_ID: u32 = 2;
const RPC_ID: u32 = 3;
const PENDING_NUM_REQUESTED: u32 = 4;
const COMMIT_RESPONSE: u32 = 5;

/// The message `eventbus.v1.FetchResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FetchResponse {
    /// Fields `events`, each with tag and length.
    pub events: Vec<Bytes>,
    /// The position that the subscription has reached.
    pub latest_replay_id: Vec<u8>,
    /// The call.
    pub rpc_id: String,
    /// How many events may still be sent.
    pub pending_num_requested: i32,
}

/// Fields of `ConsumerEvent` and `ProducerEvent`.
const EVENT: u32 = 1;
const REPLAY_ID: u32 = 2;
const ID: u32 = 1;
const SCHEMA_ID: u32 = 2;
const PAYLOAD: u32 = 3;

/// An event as the field `events`: tag, length, `ConsumerEvent`.
pub(crate) fn event_field(event: &Event) -> Bytes {
    let mut field = Vec::new();
    write_event_field(event, &mut field);
    field.into()
}

/// Appends an event as the field `events`, as it is done for every event of a replay: its payload is copied once.
pub(crate) fn write_event_field(event: &Event, field: &mut Vec<u8>) {
    let uuid;
    let id = match &event.id {
        EventId::Uuid(known) => {
            uuid = known.to_text();
            uuid.as_slice()
        }
        EventId::Text(text) => text.as_bytes(),
    };
    let schema_id = event.schema.to_text();
    let replay_id = event.replay_id.to_bytes();
    let inner = field_len(ID, id.len())
        + field_len(SCHEMA_ID, schema_id.len())
        + field_len(PAYLOAD, event.payload.len());
    let outer = field_len(EVENT, inner) + field_len(REPLAY_ID, replay_id.len());
    field.reserve(field_len(EVENTS, outer));
    begin(EVENTS, outer, field);
    begin(EVENT, inner, field);
    for (tag, bytes) in [
        (ID, id),
        (SCHEMA_ID, &schema_id),
        (PAYLOAD, &event.payload),
        (REPLAY_ID, &replay_id),
    ] {
        begin(tag, bytes.len(), field);
        field.extend_from_slice(bytes);
    }
}

/// The event in a field `events`; none if there is none.
pub(crate) fn consumer_event(field: &[u8]) -> Option<ConsumerEvent> {
    let mut rest = field;
    encoding::decode_key(&mut rest).ok()?;
    ConsumerEvent::decode_length_delimited(rest).ok()
}

/// Bytes of a field that has a length, tag and length included.
fn field_len(tag: u32, bytes: usize) -> usize {
    // All tags take a byte.
    debug_assert!(encoding::key_len(tag) == 1);
    1 + encoding::encoded_len_varint(wide(bytes)) + bytes
}

/// Tag and length of a field.
fn begin(tag: u32, bytes: usize, field: &mut Vec<u8>) {
    let tag = u8::try_from(tag << 3 | WireType::LengthDelimited as u32).unwrap_or_default();
    if let Ok(bytes @ 0..0x80) = u8::try_from(bytes) {
        field.extend_from_slice(&[tag, bytes]);
    } else {
        field.push(tag);
        encoding::encode_varint(wide(bytes), field);
    }
}

fn wide(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

impl Message for FetchResponse {
    fn encode_raw(&self, buf: &mut impl BufMut) {
        for event in &self.events {
            buf.put_slice(event);
        }
        if !self.latest_replay_id.is_empty() {
            encoding::bytes::encode(LATEST_REPLAY_ID, &self.latest_replay_id, buf);
        }
        if !self.rpc_id.is_empty() {
            encoding::string::encode(RPC_ID, &self.rpc_id, buf);
        }
        if self.pending_num_requested != 0 {
            encoding::int32::encode(PENDING_NUM_REQUESTED, &self.pending_num_requested, buf);
        }
    }

    fn merge_field(
        &mut self,
        tag: u32,
        wire_type: WireType,
        buf: &mut impl Buf,
        ctx: DecodeContext,
    ) -> Result<(), DecodeError> {
        match tag {
            EVENTS => {
                let mut event = ConsumerEvent::default();
                encoding::message::merge(wire_type, &mut event, buf, ctx)?;
                let mut field = Vec::with_capacity(event.encoded_len() + 8);
                encoding::message::encode(EVENTS, &event, &mut field);
                self.events.push(field.into());
                Ok(())
            }
            LATEST_REPLAY_ID => {
                encoding::bytes::merge(wire_type, &mut self.latest_replay_id, buf, ctx)
            }
            RPC_ID => encoding::string::merge(wire_type, &mut self.rpc_id, buf, ctx),
            PENDING_NUM_REQUESTED => {
                encoding::int32::merge(wire_type, &mut self.pending_num_requested, buf, ctx)
            }
            _ => encoding::skip_field(wire_type, tag, buf, ctx),
        }
    }

    fn encoded_len(&self) -> usize {
        let mut length = self.events.iter().map(Bytes::len).sum();
        if !self.latest_replay_id.is_empty() {
            length += encoding::bytes::encoded_len(LATEST_REPLAY_ID, &self.latest_replay_id);
        }
        if !self.rpc_id.is_empty() {
            length += encoding::string::encoded_len(RPC_ID, &self.rpc_id);
        }
        if self.pending_num_requested != 0 {
            length +=
                encoding::int32::encoded_len(PENDING_NUM_REQUESTED, &self.pending_num_requested);
        }
        length
    }

    fn clear(&mut self) {
        *self = Self::default();
    }
}

/// The message `eventbus.v1.ManagedFetchResponse`, whose first fields are those of a [`FetchResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ManagedFetchResponse {
    /// The first fields.
    pub fetched: FetchResponse,
    /// The outcome of a commit.
    pub commit_response: Option<CommitReplayResponse>,
}

impl From<FetchResponse> for ManagedFetchResponse {
    fn from(fetched: FetchResponse) -> Self {
        Self {
            fetched,
            commit_response: None,
        }
    }
}

impl Message for ManagedFetchResponse {
    fn encode_raw(&self, buf: &mut impl BufMut) {
        self.fetched.encode_raw(buf);
        if let Some(response) = &self.commit_response {
            encoding::message::encode(COMMIT_RESPONSE, response, buf);
        }
    }

    fn merge_field(
        &mut self,
        tag: u32,
        wire_type: WireType,
        buf: &mut impl Buf,
        ctx: DecodeContext,
    ) -> Result<(), DecodeError> {
        if tag == COMMIT_RESPONSE {
            let response = self.commit_response.get_or_insert_default();
            encoding::message::merge(wire_type, response, buf, ctx)
        } else {
            self.fetched.merge_field(tag, wire_type, buf, ctx)
        }
    }

    fn encoded_len(&self) -> usize {
        let response = self.commit_response.as_ref();
        self.fetched.encoded_len()
            + response.map_or(0, |response| {
                encoding::message::encoded_len(COMMIT_RESPONSE, response)
            })
    }

    fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use landfall_engine::TopicId;
    use landfall_model::{EventUuid, ReplayId, SchemaId, Timestamp};

    use super::*;
    use crate::proto::ProducerEvent;

    #[test]
    fn an_event_is_written_as_the_generated_code_writes_it() {
        for length in [0, 1, 127, 128, 20_000] {
            let event = Event {
                replay_id: ReplayId::new(1_234_567),
                topic: TopicId(1),
                appended: Timestamp::from_millis(0),
                id: EventUuid::from_random([0xa5; 16]).into(),
                schema: SchemaId::from_bytes([0x5a; 16]),
                payload: vec![7; length].into(),
            };
            let consumer = ConsumerEvent {
                event: Some(ProducerEvent {
                    id: event.id.to_string(),
                    schema_id: event.schema.to_string(),
                    payload: event.payload.clone(),
                    headers: Vec::new(),
                }),
                replay_id: event.replay_id.to_bytes().to_vec().into(),
            };
            let mut expected = Vec::new();
            encoding::message::encode(EVENTS, &consumer, &mut expected);
            let field = event_field(&event);
            if length > 0 {
                assert_eq!(field, expected);
            }
            // The generated code leaves out what is empty; readers take both.
            let read = FetchResponse::decode(field).expect("a message");
            assert_eq!(read.events, [expected]);
        }
    }
}
