//! The machine: which events a client gets next, when, and when not.

use std::ops::ControlFlow;

use landfall_model::{Fault, LimitFault, PubSubFault, ReplayId, StreamingFault, Timestamp, limits};

use crate::credit::{Credit, Due, Timings};
use crate::org::{Frame, Lens, Org, View};
use crate::subscription::{Bounds, Subscription, before};

/// Channels that one client may be subscribed to. Source: none; no limit is published.
pub const SUBSCRIPTIONS_MAX: usize = limits::CLIENT_SUBSCRIPTIONS_MAX;

/// Events of one read.
pub const READ_EVENTS_MAX: usize = limits::REPLAY_PAGE_EVENTS_MAX;

/// Events of one read if lenses look at them: few enough that what was seen is still cached when they are delivered.
pub const LOOK_EVENTS_MAX: usize = limits::LENS_EVENTS_MAX;

/// A part of the log to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Read {
    /// Events after this position.
    pub after: ReplayId,
    /// So many at most.
    pub limit: usize,
    /// See [`Delivery::is_current`].
    generation: u64,
}

/// What the driver does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Read events of [`Delivery::topics`], pass each to [`Delivery::take`] or [`Delivery::probe`], then report
    /// [`Delivery::read_to`].
    Read(Read),
    /// The same, after the lenses of the subscriptions have looked at these events.
    Look(Read),
    /// An event waits, and no response is open for it.
    Available,
    /// Send the open response. It may be without events.
    Deliver,
    /// Nothing to do before an input, or before this time.
    Wait {
        /// The next timeout, if there is one.
        until: Option<Timestamp>,
    },
    /// The subscription is over.
    End(Fault),
}

/// How much the client wants.
#[derive(Clone, Copy, Debug)]
enum Demand {
    /// As many events as it has credit for: a stream of the Pub/Sub API.
    Credit(Credit),
    /// A client of the Streaming API that has no request open.
    Nothing,
    /// A poll is held until an event waits.
    Notice { is_available: bool },
    /// As many events as fit into one response.
    Response { is_full: bool },
}

/// The subscriptions of one client, and what it gets next.
///
/// `T` is a topic, `L` the lens of a subscription, `R` the rights of the user.
#[derive(Debug)]
pub struct Delivery<T, L, R> {
    /// Sorted by channel.
    subscriptions: Vec<(Box<str>, Subscription<T, L>)>,
    rights: R,
    demand: Demand,
    /// Bytes of one response, unless a single event is larger.
    response_bytes: usize,
    /// Events that the org may still be sent; `None` without a limit.
    allowance: Option<u64>,
    /// Events in the open response.
    taken: u64,
    /// The number of the newest response.
    responses: u64,
    /// A lens has to look at the next event.
    is_unseen: bool,
    /// The tail of the log up to which a read brought nothing.
    exhausted: Option<ReplayId>,
    /// Rises with every change of subscriptions, rights and demand: what was read before may lack events, or have too many.
    generation: u64,
    ended: Option<Fault>,
}

impl<T: Ord + Copy, L, R> Delivery<T, L, R> {
    /// The delivery to one stream of the Pub/Sub API.
    pub const fn of_stream(
        rights: R,
        response_bytes: usize,
        timings: Timings,
        now: Timestamp,
    ) -> Self {
        Self::new(
            rights,
            response_bytes,
            Demand::Credit(Credit::new(timings, now)),
        )
    }

    /// The delivery to one session of the Streaming API.
    pub const fn of_session(rights: R, response_bytes: usize) -> Self {
        Self::new(rights, response_bytes, Demand::Nothing)
    }

    const fn new(rights: R, response_bytes: usize, demand: Demand) -> Self {
        Self {
            subscriptions: Vec::new(),
            rights,
            demand,
            response_bytes,
            allowance: None,
            taken: 0,
            responses: 0,
            is_unseen: false,
            exhausted: None,
            generation: 0,
            ended: None,
        }
    }

    /// The subscriptions, by channel.
    pub fn subscriptions(&self) -> impl ExactSizeIterator<Item = (&str, &Subscription<T, L>)> {
        self.subscriptions
            .iter()
            .map(|(channel, subscription)| (&**channel, subscription))
    }

    /// The subscription to exactly this channel.
    pub fn subscription(&self, channel: &str) -> Option<&Subscription<T, L>> {
        let at = self.find(channel).ok()?;
        self.subscriptions
            .get(at)
            .map(|(_, subscription)| subscription)
    }

    /// The topics of all subscriptions, rising.
    pub fn topics(&self) -> Vec<T> {
        let all = self.subscriptions.iter();
        let mut topics: Vec<T> = all
            .flat_map(|(_, subscription)| subscription.topics().iter().copied())
            .collect();
        topics.sort_unstable();
        topics.dedup();
        topics
    }

    /// The position of the slowest subscription: one pass over the log from here serves all.
    pub fn position(&self) -> Option<ReplayId> {
        let all = self.subscriptions.iter();
        all.map(|(_, subscription)| subscription.position()).min()
    }

    /// The rights by which events are delivered.
    pub const fn rights(&self) -> &R {
        &self.rights
    }

    // Inputs.

    /// The client subscribes. A repeated subscription that does not `moves` keeps its position: clients repeat requests
    /// whose answer they did not get, and would lose what waits for them.
    ///
    /// # Errors
    /// [`StreamingFault::SubscriptionLimitExceeded`].
    pub fn subscribe(
        &mut self,
        channel: &str,
        mut subscription: Subscription<T, L>,
        moves: bool,
    ) -> Result<(), StreamingFault> {
        match self.find(channel) {
            Ok(at) => {
                if let Some((_, present)) = self.subscriptions.get_mut(at) {
                    if !moves {
                        subscription.replaces(present);
                    }
                    *present = subscription;
                }
            }
            Err(_) if self.subscriptions.len() >= SUBSCRIPTIONS_MAX => {
                return Err(StreamingFault::SubscriptionLimitExceeded);
            }
            Err(at) => {
                if self.subscriptions.is_empty() {
                    // Most clients have no other.
                    self.subscriptions.reserve_exact(1);
                }
                self.subscriptions
                    .insert(at, (channel.into(), subscription));
            }
        }
        self.changed();
        Ok(())
    }

    /// The client unsubscribes; not being subscribed is no error.
    pub fn unsubscribe(&mut self, channel: &str) {
        if let Ok(at) = self.find(channel) {
            self.subscriptions.remove(at);
        }
        self.changed();
    }

    /// The client is gone.
    pub fn clear(&mut self) {
        self.subscriptions = Vec::new();
        self.changed();
    }

    /// The user has other rights. Of the topics of a subscription those stay that `keeps` holds for.
    pub fn rights_changed(&mut self, rights: R, mut keeps: impl FnMut(&L, T) -> bool) {
        self.rights = rights;
        for (_, subscription) in &mut self.subscriptions {
            subscription.retain_topics(&mut keeps);
        }
        self.changed();
    }

    /// The definitions changed, or what the rights make of them: `target` has the topics that a channel now carries, and
    /// may change its lens; `None` leaves a subscription as it is. Positions stay.
    ///
    /// Definitions are in force before the first event that depends on them. A driver that compares them after each read,
    /// before it passes on the events, misses nothing.
    pub fn definitions_changed(&mut self, mut target: impl FnMut(&str, &mut L) -> Option<Vec<T>>) {
        for (channel, subscription) in &mut self.subscriptions {
            subscription.retarget(|lens| target(channel, lens));
        }
        self.changed();
    }

    /// The client of a stream requests `count` more events.
    ///
    /// # Errors
    /// [`PubSubFault::FetchCountInvalid`] unless it is positive.
    pub fn request(&mut self, now: Timestamp, count: i32) -> Result<(), PubSubFault> {
        match &mut self.demand {
            Demand::Credit(credit) => credit.request(now, count),
            Demand::Nothing | Demand::Notice { .. } | Demand::Response { .. } => {
                Err(PubSubFault::FetchCountInvalid)
            }
        }
    }

    /// Events that the client of a stream has requested and not received.
    pub const fn credit(&self) -> u32 {
        match &self.demand {
            Demand::Credit(credit) => credit.available(),
            Demand::Nothing | Demand::Notice { .. } | Demand::Response { .. } => 0,
        }
    }

    /// A response without events was sent for another reason.
    pub fn responded(&mut self, now: Timestamp) {
        match &mut self.demand {
            Demand::Credit(credit) => credit.responded(now, 0),
            Demand::Nothing | Demand::Notice { .. } | Demand::Response { .. } => {}
        }
    }

    /// How many events the org may still be sent; `None` without a limit.
    pub const fn allow(&mut self, events: Option<u64>) {
        self.allowance = events;
    }

    /// A poll is held, or about to be: report when an event waits.
    pub fn notice(&mut self) {
        self.demand = Demand::Notice {
            is_available: false,
        };
        self.changed();
    }

    /// A response is open. Gives its number.
    pub fn begin_response(&mut self) -> u64 {
        for (_, subscription) in &mut self.subscriptions {
            subscription.begin_response();
        }
        self.demand = Demand::Response { is_full: false };
        self.taken = 0;
        self.responses += 1;
        self.changed();
        self.responses
    }

    /// Whether a response is the newest: what it holds can still be taken back.
    pub const fn is_newest(&self, response: u64) -> bool {
        self.responses == response
    }

    /// A response did not reach the client: its events are delivered again, unless a newer response has begun. Order
    /// counts more than what a dead connection held.
    pub fn response_failed(&mut self, response: u64) {
        if self.is_newest(response) {
            for (_, subscription) in &mut self.subscriptions {
                subscription.rewind();
            }
            self.changed();
        }
    }

    /// The subscription ends for a reason that the driver knows.
    pub fn end(&mut self, fault: Fault) {
        self.ended = Some(fault);
    }

    /// Whether what was read for this may be passed on: neither subscriptions nor rights nor demand have changed.
    pub const fn is_current(&self, read: &Read) -> bool {
        self.generation == read.generation
    }

    /// The log was read for `read`: there is nothing left for the client up to `reached`. `log` as of before the read.
    pub fn read_to(&mut self, read: &Read, reached: ReplayId, log: Bounds) {
        match self.demand {
            // The position of a response with events is that of the last one.
            Demand::Credit(_) if self.taken > 0 => {}
            _ => self.advance(reached),
        }
        let has_moved = self.position() > Some(read.after);
        if !has_moved && !self.is_unseen {
            self.exhausted = Some(log.tail);
        }
    }

    /// Everything up to `to` is done for all subscriptions.
    fn advance(&mut self, to: ReplayId) {
        for (_, subscription) in &mut self.subscriptions {
            subscription.advance(to);
        }
    }

    fn changed(&mut self) {
        self.exhausted = None;
        self.generation += 1;
    }

    fn find(&self, channel: &str) -> Result<usize, usize> {
        self.subscriptions
            .binary_search_by(|(present, _)| (**present).cmp(channel))
    }
}

impl<T: Ord + Copy, L: Lens, R> Delivery<T, L, R> {
    /// What to do next. `log` may be as of a while ago: newer events are delivered the next time.
    pub fn poll(&mut self, now: Timestamp, log: Bounds) -> Output {
        if let Some(fault) = &self.ended {
            return Output::End(fault.clone());
        }
        if let Some(earliest) = log.earliest {
            // What retention has removed is not delivered any more.
            self.advance(before(earliest));
        }
        match self.demand {
            Demand::Nothing => Output::Wait { until: None },
            Demand::Notice { is_available: true } => {
                self.demand = Demand::Nothing;
                Output::Available
            }
            Demand::Notice {
                is_available: false,
            } => self.read(log, 1).unwrap_or(Output::Wait { until: None }),
            Demand::Response { is_full } => {
                let read = if is_full {
                    None
                } else {
                    self.read(log, READ_EVENTS_MAX)
                };
                read.unwrap_or_else(|| {
                    self.demand = Demand::Nothing;
                    Output::Deliver
                })
            }
            Demand::Credit(credit) => self.poll_stream(now, log, credit),
        }
    }

    fn poll_stream(&mut self, now: Timestamp, log: Bounds, mut credit: Credit) -> Output {
        let taken = std::mem::take(&mut self.taken);
        if taken > 0 {
            credit.responded(now, u32::try_from(taken).unwrap_or(u32::MAX));
            self.demand = Demand::Credit(credit);
            return Output::Deliver;
        }
        if credit.available() > 0 {
            if self.allowance == Some(0) {
                return Output::End(Fault::Limit(LimitFault::Deliveries));
            }
            let limit = u64::from(credit.available());
            let limit = self.allowance.map_or(limit, |allowed| limit.min(allowed));
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            if let Some(read) = self.read(log, limit) {
                return read;
            }
        }
        match credit.due(now) {
            Some(Due::Keepalive) => {
                credit.responded(now, 0);
                self.demand = Demand::Credit(credit);
                Output::Deliver
            }
            Some(Due::Close) => Output::End(Fault::PubSub(PubSubFault::StreamIdle)),
            None => Output::Wait {
                until: Some(credit.deadline()),
            },
        }
    }

    /// The next read, unless everything was read.
    fn read(&mut self, log: Bounds, limit: usize) -> Option<Output> {
        let after = self.position()?;
        if after >= log.tail || self.exhausted == Some(log.tail) {
            return None;
        }
        let looks = self.looks();
        let read = Read {
            after,
            // Many of them may be withheld.
            limit: if looks { LOOK_EVENTS_MAX } else { limit },
            generation: self.generation,
        };
        Some(if std::mem::take(&mut self.is_unseen) {
            Output::Look(read)
        } else {
            Output::Read(read)
        })
    }

    /// Whether there are lenses that may have to look at events.
    pub fn looks(&self) -> bool {
        let mut all = self.subscriptions.iter();
        all.any(|(_, subscription)| subscription.lens().looks())
    }

    /// Passes on the next event while a poll is held: whether the client would get it. Breaks where reading has to stop.
    pub fn probe<O>(&mut self, org: &O, event: &O::Event) -> ControlFlow<()>
    where
        O: Org<Topic = T, Lens = L, Rights = R>,
    {
        let (position, topic) = O::locate(event);
        for (_, subscription) in &self.subscriptions {
            if !subscription.wants(position, topic) {
                continue;
            }
            let is_delivered = match org.view(subscription, event) {
                View::Unseen => {
                    self.is_unseen = true;
                    return ControlFlow::Break(());
                }
                View::Withheld => false,
                View::AsStored | View::Altered(_) => org.may_receive(&self.rights, event),
            };
            if is_delivered {
                self.demand = Demand::Notice { is_available: true };
                return ControlFlow::Break(());
            }
        }
        self.advance(position);
        ControlFlow::Continue(())
    }

    /// Passes on the next event while a response is open: writes what the subscriptions deliver of it, all or nothing. It
    /// has one position, and a client that comes back with that position gets none of the rest. Breaks where reading has
    /// to stop.
    pub fn take<O>(
        &mut self,
        org: &O,
        event: &O::Event,
        frame: &mut impl Frame<O>,
    ) -> ControlFlow<()>
    where
        O: Org<Topic = T, Lens = L, Rights = R>,
    {
        let (position, topic) = O::locate(event);
        let bytes = frame.bytes();
        let Some(copies) = self.write(org, event, frame) else {
            frame.truncate(bytes);
            self.is_unseen = true;
            return ControlFlow::Break(());
        };
        if copies > 0 {
            if !self.fits(copies, frame.bytes()) {
                frame.truncate(bytes);
                self.full();
                return ControlFlow::Break(());
            }
            frame.keep(topic, copies);
            self.taken += copies;
        }
        self.advance(position);
        let is_used_up = self.taken > 0 && self.taken >= u64::from(self.credit());
        match self.demand {
            Demand::Credit(_) if is_used_up => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }

    /// The copies that were written of an event; `None` if a lens has to look at it first.
    fn write<O>(&self, org: &O, event: &O::Event, frame: &mut impl Frame<O>) -> Option<u64>
    where
        O: Org<Topic = T, Lens = L, Rights = R>,
    {
        let (position, topic) = O::locate(event);
        let mut copies = 0;
        for (channel, subscription) in &self.subscriptions {
            if !subscription.wants(position, topic) {
                continue;
            }
            let mut write = |event: &O::Event| {
                if !org.may_receive(&self.rights, event) {
                    return 0;
                }
                let is_written = match org.masked(&self.rights, event) {
                    None => frame.write(channel, subscription, event),
                    Some(masked) => frame.write(channel, subscription, &masked),
                };
                u64::from(is_written)
            };
            copies += match org.view(subscription, event) {
                View::Unseen => return None,
                View::Withheld => 0,
                View::AsStored => write(event),
                View::Altered(events) => events.iter().map(write).sum(),
            };
        }
        Some(copies)
    }

    /// Whether a response of this size has room for so many copies of an event. The first event always fits.
    fn fits(&self, copies: u64, bytes: usize) -> bool {
        if self.allowance.is_some_and(|allowed| self.taken >= allowed) {
            return false;
        }
        let credit = match &self.demand {
            Demand::Credit(credit) => u64::from(credit.available()),
            Demand::Nothing | Demand::Notice { .. } | Demand::Response { .. } => u64::MAX,
        };
        self.taken == 0 || (self.taken + copies <= credit && bytes <= self.response_bytes)
    }

    const fn full(&mut self) {
        match &mut self.demand {
            Demand::Response { is_full } => *is_full = true,
            // What was taken is sent before anything else is read.
            Demand::Credit(_) | Demand::Nothing | Demand::Notice { .. } => {}
        }
    }
}
