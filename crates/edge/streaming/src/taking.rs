//! From an event of the log to the messages of one session: through which channels it goes out, and in which form.

use std::borrow::Cow;
use std::sync::Arc;

use landfall_auth::Access;
use landfall_bayeux::{Response, Session};
use landfall_engine::usage::{Batch, Usage};
use landfall_engine::{Channel, Engine, LogEvent, Rendition, Seen, View};
use landfall_model::{ReplayId, limits};
use landfall_subscription::feed;
use landfall_wire::ApiVersion;

use crate::machine::Position;
use crate::render::{named, rendered, rendered_in_seconds, without_uuid};
use crate::topic_access::restricted;

/// Bytes of an event message besides its data, with the longest name of a channel.
const ENVELOPE_BYTES: usize = 128;

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

    pub(crate) const fn of(engine: &'e Engine, version: ApiVersion, access: &'e Access) -> Self {
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

/// What a session wants of an event.
pub(crate) enum Wanted {
    /// Nothing.
    Nothing,
    /// As many messages without a lens, and what it sees through lenses, in the order of its subscriptions.
    Some(usize, Vec<View>),
    /// Somebody has to look at it first.
    Unseen,
}

impl Wanted {
    pub(crate) fn of(
        engine: &Engine,
        seen: &Seen,
        session: &Session<Position>,
        event: &LogEvent,
    ) -> Self {
        let event = event.event();
        let (mut plain, mut views) = (0, Vec::new());
        let mut is_wanted = false;
        for (_, position) in session.subscriptions() {
            if !position.subscription.wants(event.replay_id, event.topic) {
                continue;
            }
            match position.lens(event.topic) {
                None => plain += usize::from(position.view.shows(engine, event)),
                Some(lens) => match engine.view(seen, event.replay_id, lens, position.since) {
                    Some(view) => {
                        is_wanted |= !matches!(view, View::Withheld);
                        views.push(view);
                    }
                    None => return Self::Unseen,
                },
            }
        }
        if is_wanted || plain > 0 {
            Self::Some(plain, views)
        } else {
            Self::Nothing
        }
    }
}

/// What became of an event.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// All that is wanted of it is written.
    Whole,
    /// The response is full.
    Full,
    /// Somebody has to look at it first.
    Unseen,
}

/// What a delivery counts, and how many copies more may go out: as many as the scarcest allocation has left.
pub(crate) struct Taking<'t> {
    batch: &'t mut Batch,
    left: u64,
}

impl<'t> Taking<'t> {
    pub(crate) fn begin(usage: &Usage, session: &Session<Position>, batch: &'t mut Batch) -> Self {
        let meters = session.subscriptions().map(|(_, position)| position.meter);
        let least = meters.filter_map(|meter| usage.left(meter)).min();
        let left = least.map_or(u64::MAX, |left| left.saturating_sub(batch.deliveries()));
        Self { batch, left }
    }
}

/// Writes one event to the response, once for each channel, unless the response is full or the org may not be sent any
/// more.
pub(crate) fn take(
    session: &mut Session<Position>,
    form: Form<'_>,
    seen: &Seen,
    event: &Arc<LogEvent>,
    response: &mut Response,
    taking: &mut Taking<'_>,
) -> Taken {
    let (plain, views) = match Wanted::of(form.engine, seen, session, event) {
        Wanted::Nothing => return Taken::Whole,
        Wanted::Unseen => return Taken::Unseen,
        Wanted::Some(plain, views) => (plain, views),
    };
    let masked = |event: &Arc<LogEvent>| {
        let masked = form.engine.masked(form.access, event);
        masked.unwrap_or_else(|| Arc::clone(event))
    };
    // What each subscription with a lens gets, in their order.
    let shown = views
        .iter()
        .map(|view| view.shown(event).iter().map(masked).collect());
    let shown: Vec<Vec<Arc<LogEvent>>> = shown.collect();
    let plainly = masked(event);
    let data = form.data(&plainly);
    let viewed = shown.iter().flatten();
    let viewed = viewed.map(|event| form.data(event).len() + ENVELOPE_BYTES);
    let bytes = response.len() + plain * (data.len() + ENVELOPE_BYTES) + viewed.sum::<usize>();
    let is_full = !response.is_empty() && bytes > limits::STREAMING_RESPONSE_BYTES_MAX;
    if is_full || taking.left == 0 {
        return Taken::Full;
    }
    let mut shown = shown.into_iter();
    let at = event.event();
    let subscriptions = session.subscriptions_mut().map(|(channel, position)| {
        let group = position.group.as_deref();
        let key = (channel, &position.view, group, position.meter);
        (key, &mut position.subscription)
    });
    for (channel, view, group, meter) in feed::take(subscriptions, at.replay_id, at.topic) {
        let mut write = |event: &LogEvent, data: &[u8]| {
            let names = group.is_some_and(Channel::is_of_platform_events);
            let data = if names {
                form.named(event, data)
            } else {
                Cow::Borrowed(data)
            };
            if !data.is_empty() {
                response.event(channel, &data);
                taking.batch.deliver(at.topic, meter);
                taking.left = taking.left.saturating_sub(1);
            }
        };
        if group.and_then(|group| group.lens(at.topic)).is_none() {
            if view.shows(form.engine, at) {
                write(&plainly, &data);
            }
            continue;
        }
        for event in shown.next().iter().flatten() {
            write(event, &form.data(event));
        }
    }
    Taken::Whole
}

/// A view is good for who subscribed when the log was here, or later.
pub(crate) fn since(engine: &Engine) -> ReplayId {
    engine.log().bounds().tail
}
