//! Events as messages of one session: what its channels show of them, and in which form.

use std::borrow::Cow;
use std::sync::Arc;

use landfall_auth::Access;
use landfall_bayeux::Response;
use landfall_engine::faults::{FaultKind, Occasion};
use landfall_engine::usage::{Batch, Meter};
use landfall_engine::{Channel, DeletedEvents, Engine, EventViews, LogEvent, Rendition, TopicId};
use landfall_model::ReplayId;
use landfall_subscription::{Frame, Lens, Org, Subscription, View};
use landfall_wire::ApiVersion;

use crate::render::{named, rendered, rendered_in_seconds, without_uuid};
use crate::selection::Selection;
use crate::topic_access::{may_receive, restricted};

/// The form in which a client gets events.
#[derive(Clone, Copy)]
pub(crate) struct Form<'e> {
    engine: &'e Engine,
    version: ApiVersion,
    access: &'e Access,
}

impl<'e> Form<'e> {
    /// The version from which platform events on custom channels say which they are.
    const NAME_VERSION: u16 = 55;

    /// The version from which platform events have a UUID.
    const UUID_VERSION: u16 = 52;

    /// The version from which points in time have milliseconds.
    const MILLIS_VERSION: u16 = 43;

    pub(crate) const fn new(engine: &'e Engine, version: ApiVersion, access: &'e Access) -> Self {
        Self {
            engine,
            version,
            access,
        }
    }

    /// The `data` of an event.
    fn data<'a>(&self, event: &'a LogEvent) -> Cow<'a, [u8]> {
        if !self.access.is_whole()
            && let Some(data) = restricted(self.engine, self.access, event.event())
        {
            return Cow::Owned(data.into());
        }
        let version = self.version.number();
        let data = if version < Self::MILLIS_VERSION {
            Cow::Owned(rendered_in_seconds(self.engine, event.event()).into())
        } else {
            let data = event.rendition(Rendition::Streaming, |event| rendered(self.engine, event));
            Cow::Borrowed(data.as_ref())
        };
        if version < Self::UUID_VERSION
            && let Some(older) = without_uuid(&data)
        {
            return Cow::Owned(older);
        }
        data
    }

    /// The same on a channel of platform events: they say which event they are.
    fn named<'a>(&self, event: &LogEvent, data: &'a [u8]) -> Cow<'a, [u8]> {
        let schema = self.engine.schema(event.event().schema);
        match schema {
            Some(schema) if self.version.number() >= Self::NAME_VERSION => {
                named(data, schema.name()).map_or(Cow::Borrowed(data), Cow::Owned)
            }
            _ => Cow::Borrowed(data),
        }
    }
}

/// What a channel does to the events of its topics.
#[derive(Debug)]
pub(crate) struct ChannelLens {
    /// The events that are shown.
    pub(crate) selection: Selection,
    /// What deliveries are counted as.
    pub(crate) meter: Meter,
    /// The channel, if it groups several topics; none while it is deleted.
    pub(crate) channel: Option<Arc<Channel>>,
}

impl Lens for ChannelLens {
    fn looks(&self) -> bool {
        let mut channel = self.channel.iter();
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
        let channel = subscription.lens().channel.as_ref();
        let Some(lens) = channel.and_then(|channel| channel.lens(stored.topic)) else {
            let selection = &subscription.lens().selection;
            return if selection.shows(self.engine, stored) {
                View::AsStored
            } else {
                View::Withheld
            };
        };
        let since = subscription.since();
        self.engine.view(self.seen, stored.replay_id, lens, since)
    }

    fn may_receive(&self, rights: &Arc<Access>, event: &Arc<LogEvent>) -> bool {
        rights.is_whole() || may_receive(self.engine, rights, event.event())
    }

    fn masked(&self, rights: &Arc<Access>, event: &Arc<LogEvent>) -> Option<Arc<LogEvent>> {
        self.engine.masked(rights, event)
    }
}

/// The response of a session, and its usage.
pub(crate) struct EventFrame<'f> {
    form: Form<'f>,
    response: &'f mut Response,
    usage: &'f mut Batch,
    /// What the event at hand is counted as.
    meter: Meter,
}

impl<'f> EventFrame<'f> {
    pub(crate) const fn new(
        form: Form<'f>,
        response: &'f mut Response,
        usage: &'f mut Batch,
    ) -> Self {
        Self {
            form,
            response,
            usage,
            meter: Meter::Delivered,
        }
    }

    pub(crate) fn bytes_so_far(&self) -> usize {
        self.response.len()
    }
}

impl Frame<OrgEvents<'_>> for EventFrame<'_> {
    fn bytes(&self) -> usize {
        self.response.len()
    }

    fn write(
        &mut self,
        channel: &str,
        subscription: &Subscription<TopicId, ChannelLens>,
        event: &Arc<LogEvent>,
    ) -> bool {
        let topics = [channel];
        let lens = subscription.lens();
        self.meter = lens.meter;
        let mut data = self.form.data(event);
        let group = lens.channel.as_deref();
        if group.is_some_and(Channel::is_of_platform_events) {
            data = Cow::Owned(self.form.named(event, &data).into_owned());
        }
        if data.is_empty() {
            return false;
        }
        self.response.event(channel, &data);
        let occasion = || Occasion::default().topics(&topics);
        let faults = self.form.engine.faults();
        if faults.fires(FaultKind::Duplicate, occasion).is_some() {
            self.response.event(channel, &data);
        }
        true
    }

    fn truncate(&mut self, bytes: usize) {
        self.response.truncate(bytes);
    }

    fn keep(&mut self, topic: TopicId, copies: u64) {
        self.usage.deliver(topic, self.meter, copies);
    }
}
