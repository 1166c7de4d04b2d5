//! Events as the fields of a response: what a channel shows of them, and the bytes of each.

use std::sync::Arc;

use bytes::Bytes;
use landfall_auth::Access;
use landfall_engine::usage::{Batch, Meter};
use landfall_engine::{Channel, DeletedEvents, Engine, EventViews, LogEvent, Rendition, TopicId};
use landfall_model::ReplayId;
use landfall_model::limits::FETCH_CREDIT_MAX;
use landfall_subscription::{Frame, Lens, Org, Subscription, View};

use crate::fetch_response::event_field;

/// What a channel does to the events of its topics; nothing on a topic that is no channel.
#[derive(Debug)]
pub(crate) struct ChannelLens(pub(crate) Option<Arc<Channel>>);

impl Lens for ChannelLens {
    fn looks(&self) -> bool {
        let mut channel = self.0.iter();
        channel.any(|channel| channel.lenses().next().is_some())
    }
}

/// The org, and what lenses have seen of the events at hand.
pub(crate) struct OrgEvents<'e> {
    engine: &'e Engine,
    seen: &'e EventViews,
    /// What was deleted with its definition.
    deleted: Option<Arc<DeletedEvents>>,
}

impl<'e> OrgEvents<'e> {
    pub(crate) fn new(engine: &'e Engine, seen: &'e EventViews) -> Self {
        let deleted = engine.definitions().deleted_events().map(Arc::clone);
        Self {
            engine,
            seen,
            deleted,
        }
    }
}

impl Org for OrgEvents<'_> {
    type Topic = TopicId;
    type Lens = ChannelLens;
    type Rights = Arc<Access>;
    type Event = Arc<LogEvent>;

    fn locate(event: &Arc<LogEvent>) -> (ReplayId, TopicId) {
        let event = event.event();
        (event.replay_id, event.topic)
    }

    #[inline]
    fn view(
        &self,
        subscription: &Subscription<TopicId, ChannelLens>,
        event: &Arc<LogEvent>,
    ) -> View<Arc<LogEvent>> {
        let stored = event.event();
        let deleted = self.deleted.as_ref();
        if deleted.is_some_and(|deleted| deleted.has(stored)) {
            return View::Withheld;
        }
        let channel = subscription.lens().0.as_ref();
        let Some(lens) = channel.and_then(|channel| channel.lens(stored.topic)) else {
            return View::AsStored;
        };
        let since = subscription.since();
        self.engine.view(self.seen, stored.replay_id, lens, since)
    }

    fn may_receive(&self, _: &Arc<Access>, _: &Arc<LogEvent>) -> bool {
        // The rights to a topic decide which topics a subscription has.
        true
    }

    #[inline]
    fn masked(&self, rights: &Arc<Access>, event: &Arc<LogEvent>) -> Option<Arc<LogEvent>> {
        self.engine.masked(rights, event)
    }
}

/// More events than most responses have to a client that is up to date.
const FEW: usize = 4;

/// The events of a response that is being filled.
#[derive(Default)]
pub(crate) struct EventFields {
    /// Fields `events`, each with tag and length.
    pub(crate) events: Vec<Bytes>,
    pub(crate) usage: Batch,
    bytes: usize,
}

impl Frame<OrgEvents<'_>> for EventFields {
    fn bytes(&self) -> usize {
        self.bytes
    }

    fn write(
        &mut self,
        _: &str,
        _: &Subscription<TopicId, ChannelLens>,
        event: &Arc<LogEvent>,
    ) -> bool {
        let field = event.rendition(Rendition::PubSub, event_field).clone();
        self.bytes += field.len();
        if self.events.len() == FEW {
            self.events.reserve_exact(FETCH_CREDIT_MAX as usize - FEW);
        }
        self.events.push(field);
        true
    }

    fn truncate(&mut self, bytes: usize) {
        while self.bytes > bytes
            && let Some(field) = self.events.pop()
        {
            self.bytes -= field.len();
        }
    }

    #[inline]
    fn keep(&mut self, topic: TopicId, copies: u64) {
        self.usage.deliver(topic, Meter::Delivered, copies);
    }
}
