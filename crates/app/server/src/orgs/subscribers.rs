//! The subscribers of an org, of both protocols, for the control interface.

use bytes::Bytes;
use landfall_auth::Auth;
use landfall_control::{Ending, Protocol, Work};
use landfall_engine::{Event, Subscriber};
use landfall_model::Timestamp;
use landfall_pubsub::PubsubState;
use landfall_streaming::StreamingState;

pub(crate) struct Subscribers {
    pub(crate) streaming: StreamingState,
    pub(crate) pubsub: PubsubState,
    pub(crate) auth: Auth,
}

impl landfall_control::Subscribers for Subscribers {
    fn list(&self) -> Vec<(Protocol, Subscriber)> {
        let sessions = self.streaming.subscribers().into_iter();
        let streams = self.pubsub.subscribers().into_iter();
        sessions
            .map(|session| (Protocol::Cometd, session))
            .chain(streams.map(|stream| (Protocol::Pubsub, stream)))
            .collect()
    }

    fn end(&self, id: &str) -> bool {
        self.streaming.end(id) || self.pubsub.end(id)
    }

    fn ending(&self, until: Timestamp) -> Ending {
        Ending {
            logins: self.auth.ending(until),
            sessions: self.streaming.ending(until),
        }
    }

    fn stopping(&self) -> Work<()> {
        Box::pin(self.streaming.stopping())
    }

    fn data(&self, event: &Event) -> Bytes {
        self.streaming.data(event)
    }
}
