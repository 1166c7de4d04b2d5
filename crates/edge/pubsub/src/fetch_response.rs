//! `FetchResponse` and `ManagedFetchResponse`, put together from events that are encoded already.
//!
//! An event is encoded once, as the field `events` of this message with its tag and length, and shared by all
//! subscribers: sending it is a copy of bytes.

use bytes::{Buf, BufMut, Bytes};
use prost::encoding::{self, DecodeContext, WireType};
use prost::{DecodeError, Message};

use crate::proto::{CommitReplayResponse, ConsumerEvent, ProducerEvent};

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

/// An event as the field `events`: tag, length, `ConsumerEvent`.
pub(crate) fn event_field(
    id: String,
    schema_id: String,
    payload: Bytes,
    replay_id: Vec<u8>,
) -> Bytes {
    let event = ConsumerEvent {
        event: Some(ProducerEvent {
            id,
            schema_id,
            payload,
            headers: Vec::new(),
        }),
        replay_id: replay_id.into(),
    };
    let mut field = Vec::with_capacity(event.encoded_len() + 8);
    encoding::message::encode(EVENTS, &event, &mut field);
    field.into()
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
    /// What became of a commit.
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
