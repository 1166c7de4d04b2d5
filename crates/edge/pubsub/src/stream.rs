//! What the streams that deliver events have in common: requests bring credit, the log brings events, the clock brings
//! keepalives and the end.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use landfall_auth::{Access, Login, may_keep};
use landfall_engine::usage::{self, Batch, Meter, Tally};
use landfall_engine::{
    Channel, Definitions, Engine, Prepare, Rendition, Seen, Sight, Stretch, TopicFilter, TopicId,
    View, Watcher,
};
use landfall_model::{Fault, ReplayId, ReplayPreset, Timestamp, Topic};
use landfall_subscription::fetch::{Due, Fetch};
use landfall_subscription::{Bounds, Subscription};
use tokio::sync::{mpsc, watch};
use tonic::{Status, Streaming};
use tracing::error;

use crate::call::Call;
use crate::fetch_response::{FetchResponse, event_field};
use crate::place::Place;
use crate::{PubsubState, call, replay, service, too_long};

/// Bytes of events in one response. Clients keep gRPC's default limit of 4 MiB.
const RESPONSE_BYTES_MAX: usize = 3 * 1024 * 1024;

/// Events that a channel looks at in one step.
const LOOK_EVENTS: usize = 100;

/// Why a stream ends.
pub(crate) enum End {
    /// The client has asked for the last time, or is gone.
    Done,
    /// An error that the client is told.
    Refused(Fault),
    /// A request that cannot be read.
    Broken(Status),
}

impl From<Fault> for End {
    fn from(fault: Fault) -> Self {
        Self::Refused(fault)
    }
}

/// What a stream has to look at.
pub(crate) enum Wake<Q> {
    /// A request.
    Request(Q),
    /// The log: a topic has moved.
    Moved,
    /// The clock.
    Due,
}

/// The way from the log to one client, whose responses are `R`.
pub(crate) struct Delivery<R> {
    pub(crate) state: PubsubState,
    pub(crate) login: Arc<Login>,
    /// What its user could do when the subscription was last looked at.
    access: Arc<Access>,
    pub(crate) fetch: Fetch,
    call: Call,
    /// Ends when the login does, or the server.
    ending: Pin<Box<dyn Future<Output = Fault> + Send>>,
    /// Ends when there is a reason of the stream's own.
    closing: Pin<Box<dyn Future<Output = Fault> + Send>>,
    watcher: Watcher,
    /// What the client was sent.
    tally: Arc<Tally>,
    /// Where it stands, for those who look from outside.
    place: Place,
    prepare: Prepare,
    /// New definitions may have other events for a channel.
    deployments: watch::Receiver<Arc<Definitions>>,
    /// None before the first request.
    subscription: Option<Subscription<TopicId>>,
    /// The name of the channel, if the topic is one.
    group: Option<String>,
    channel: Option<Arc<Channel>>,
    /// Where the log was when the subscription began.
    since: ReplayId,
    answers: mpsc::Sender<Result<R, Status>>,
}

impl<R: From<FetchResponse>> Delivery<R> {
    pub(crate) fn new(
        state: PubsubState,
        call: Call,
        login: Arc<Login>,
        answers: mpsc::Sender<Result<R, Status>>,
    ) -> Self {
        Self {
            fetch: Fetch::new(state.timings, state.engine.clock().now()),
            watcher: state.engine.log().watch(),
            tally: state.engine.usage().subscriber(usage::Client::PubSub),
            place: state.places.begin(&call.rpc_id),
            ending: ending(&state, &login),
            closing: Box::pin(std::future::pending()),
            prepare: Arc::new(|event| {
                event.rendition(Rendition::PubSub, event_field);
            }),
            deployments: state.engine.deployments(),
            subscription: None,
            access: login.access(),
            group: None,
            channel: None,
            since: ReplayId::ORIGIN,
            state,
            call,
            login,
            answers,
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.state.engine.clock().now()
    }

    /// Tells the client why the stream ends, if it has to be told.
    pub(crate) async fn finish(self, end: End) {
        let status = match end {
            End::Done => return,
            End::Refused(fault) => self.call.refused(&fault),
            End::Broken(status) => status,
        };
        // A client that is gone needs no reason.
        let _ = self.answers.send(Err(status)).await;
    }

    /// Waits for what comes first, until `until` at most.
    pub(crate) async fn next<Q>(
        &mut self,
        requests: &mut Streaming<Q>,
        until: Option<Timestamp>,
    ) -> Result<Wake<Q>, End> {
        let clock = self.state.engine.clock();
        let deadline = self.fetch.deadline();
        let deadline = until.map_or(deadline, |until| deadline.min(until));
        let wake = tokio::select! {
            request = requests.message() => match request {
                Ok(Some(request)) => Wake::Request(request),
                Ok(None) => return Err(End::Done),
                Err(status) => return Err(End::Broken(too_long::told(status))),
            },
            fault = &mut self.ending => return Err(fault.into()),
            fault = &mut self.closing => return Err(fault.into()),
            () = self.answers.closed() => return Err(End::Done),
            () = self.watcher.woken() => Wake::Moved,
            Ok(()) = self.deployments.changed() => {
                self.deployments.mark_changed();
                Wake::Moved
            }
            () = clock.wait_until(deadline) => Wake::Due,
        };
        self.redefined()?;
        Ok(wake)
    }

    /// Whether there are new definitions or other rights: a channel then carries what they say, in the way that they
    /// say, and what was lost is no longer received.
    ///
    /// They are in force before the first event that needs them. So who asks with events in hand, before the position
    /// moves past them, has missed none.
    ///
    /// # Errors
    /// [`Fault::TopicNotFound`] if the channel is gone.
    /// Source: "Required Permissions" (Change Data Capture Developer Guide): within ten minutes.
    fn redefined(&mut self) -> Result<bool, Fault> {
        let access = self.login.access();
        let other = !Arc::ptr_eq(&self.access, &access);
        if other {
            let definitions = self.state.engine.definitions();
            if let Some(subscription) = &mut self.subscription {
                subscription.narrow(|topic| may_keep(&definitions, &access, *topic));
                let topics = subscription.topics().to_vec();
                self.watcher.set(TopicFilter::These(topics));
            }
            self.access = access;
        }
        // Nobody makes new ones once the engine is gone.
        let redefined = other || self.deployments.has_changed().unwrap_or(false);
        if redefined {
            self.deployments.mark_unchanged();
            if let (Some(subscription), Some(group)) = (&mut self.subscription, &self.group) {
                let topics = service::topics(&self.state, &self.login, group)?;
                self.channel = self.state.engine.definitions().channel(group).cloned();
                self.watcher.set(TopicFilter::These(topics.clone()));
                subscription.carry(topics);
                self.place.subscribed(group, subscription);
            }
        }
        Ok(redefined)
    }

    /// Goes on with another access token of the same user.
    pub(crate) fn refresh(&mut self, token: &str) -> Result<(), Fault> {
        self.login = call::refreshed(&self.state, &self.login, token)?;
        self.ending = ending(&self.state, &self.login);
        Ok(())
    }

    /// The position that everything up to is done with; none before the first request.
    pub(crate) fn reached(&self) -> Option<ReplayId> {
        self.subscription.as_ref().map(Subscription::cursor)
    }

    /// Starts where the client asks; `topics` are those behind the name.
    ///
    /// # Errors
    /// [`Fault::ReplayIdCorrupted`] for a position that is not retained.
    pub(crate) fn start(
        &mut self,
        name: &str,
        topics: Vec<TopicId>,
        preset: ReplayPreset,
    ) -> Result<(), Fault> {
        let log = self.state.engine.log().bounds();
        if Topic::is_channel(name) {
            self.group = Some(name.to_owned());
            self.channel = self.state.engine.definitions().channel(name).cloned();
        }
        self.since = log.tail;
        let bounds = Bounds {
            earliest: log.earliest,
            tail: log.tail,
        };
        self.watcher.set(TopicFilter::These(topics.clone()));
        let subscription =
            Subscription::resume(topics, preset, bounds).map_err(|_| Fault::ReplayIdCorrupted)?;
        self.place.subscribed(name, &subscription);
        self.subscription = Some(subscription);
        Ok(())
    }

    /// Sends what there is, as far as the credit goes.
    pub(crate) async fn deliver(&mut self) -> Result<(), End> {
        while self.fetch.credit() > 0 {
            let allowed = self.allowed()?;
            let Some(subscription) = &mut self.subscription else {
                return Ok(());
            };
            let filter = TopicFilter::These(subscription.topics().to_vec());
            let log = Arc::clone(self.state.engine.log());
            let from = subscription.cursor();
            let sights = self.sights();
            let limit = match sights.as_slice() {
                [] => usize::try_from(self.fetch.credit())
                    .unwrap_or(usize::MAX)
                    .min(allowed),
                // Many of them may be withheld.
                _ => LOOK_EVENTS,
            };
            let (engine, prepare) = (&self.state.engine, &self.prepare);
            let reading = (from, &filter, limit);
            let (stretch, seen) = read(engine, prepare, reading, &sights).await?;
            if self.redefined()? {
                continue;
            }
            let taken = self.taken(from, &stretch, &seen, allowed);
            let Some(subscription) = &mut self.subscription else {
                return Ok(());
            };
            subscription.advance(taken.reached);
            self.place.reached(taken.reached);
            if taken.events.is_empty() {
                let reached = taken.reached;
                if reached <= from || reached >= log.bounds().tail {
                    return Ok(());
                }
                continue;
            }
            self.respond(taken.events).await?;
            self.state
                .engine
                .usage()
                .delivered(&self.tally, &taken.batch);
        }
        Ok(())
    }

    /// How many events may be delivered before the org's allocation is used up.
    fn allowed(&self) -> Result<usize, Fault> {
        match self.state.engine.usage().left(Meter::Delivered) {
            Some(0) => Err(Fault::EventLimitExceeded),
            Some(left) => Ok(usize::try_from(left).unwrap_or(usize::MAX)),
            None => Ok(usize::MAX),
        }
    }

    /// What the channel does to the events of its topics.
    fn sights(&self) -> Vec<Sight> {
        let lenses = self.channel.iter().flat_map(|channel| channel.lenses());
        let sights = lenses.map(|(topic, lens)| Sight {
            topic,
            lens: Arc::clone(lens),
            since: self.since,
        });
        sights.collect()
    }

    /// The events as response fields, as many as the credit and one response allow. All that a channel makes of one event
    /// goes out together: it has one position, and a client that comes back with it gets none of the rest.
    fn taken(&self, from: ReplayId, stretch: &Stretch, seen: &Seen, allowed: usize) -> Taken {
        let credit = usize::try_from(self.fetch.credit()).unwrap_or(usize::MAX);
        let credit = credit.min(allowed);
        let mut taken = Taken {
            events: Vec::with_capacity(credit.min(stretch.events.len())),
            batch: Batch::default(),
            reached: from,
        };
        let mut bytes = 0;
        let mut is_whole = true;
        for event in &stretch.events {
            let (topic, replay_id) = (event.event().topic, event.event().replay_id);
            let lens = self
                .channel
                .as_ref()
                .and_then(|channel| channel.lens(topic));
            let view = match lens {
                None => View::AsStored,
                Some(lens) => {
                    let engine = &self.state.engine;
                    let Some(view) = engine.view(seen, replay_id, lens, self.since) else {
                        // What is left is looked at in the next round.
                        is_whole = false;
                        break;
                    };
                    view
                }
            };
            let before = taken.events.len();
            for event in view.shown(event) {
                let masked = self.state.engine.masked(&self.access, event);
                let event = masked.as_ref().unwrap_or(event);
                let field = event.rendition(Rendition::PubSub, event_field).clone();
                bytes += field.len();
                taken.events.push(field);
            }
            let is_full = taken.events.len() > credit || bytes > RESPONSE_BYTES_MAX;
            if is_full && before > 0 && taken.events.len() > before {
                taken.events.truncate(before);
                is_whole = false;
                break;
            }
            for _ in before..taken.events.len() {
                taken.batch.deliver(topic, Meter::Delivered);
            }
            taken.reached = replay_id;
        }
        if is_whole && taken.events.is_empty() {
            taken.reached = stretch.reached;
        }
        taken
    }

    async fn respond(&mut self, events: Vec<Bytes>) -> Result<(), End> {
        let response = self.response(events).into();
        self.send(response).await
    }

    /// The response with these events, which goes out next.
    pub(crate) fn response(&mut self, events: Vec<Bytes>) -> FetchResponse {
        let count = u32::try_from(events.len()).unwrap_or(u32::MAX);
        self.fetch.responded(self.now(), count);
        FetchResponse {
            events,
            latest_replay_id: replay::render(self.reached().unwrap_or(ReplayId::ORIGIN)),
            rpc_id: self.call.rpc_id.clone(),
            pending_num_requested: i32::try_from(self.fetch.credit()).unwrap_or(i32::MAX),
        }
    }

    /// Waits for a client that does not read, but not beyond the end of the stream.
    pub(crate) async fn send(&mut self, response: R) -> Result<(), End> {
        tokio::select! {
            biased;
            fault = &mut self.ending => Err(fault.into()),
            fault = &mut self.closing => Err(fault.into()),
            sent = self.answers.send(Ok(response)) => sent.map_err(|_| End::Done),
        }
    }

    /// Has the stream end when this does, and with its fault.
    pub(crate) fn close_on(&mut self, closing: impl Future<Output = Fault> + Send + 'static) {
        self.closing = Box::pin(closing);
    }

    /// Does what time has made due.
    pub(crate) async fn due(&mut self) -> Result<(), End> {
        // A stream that is open is in use.
        self.state.auth.keep_alive(&self.login)?;
        match self.fetch.due(self.now()) {
            Some(Due::Keepalive) => self.respond(Vec::new()).await,
            Some(Due::Close) => Err(Fault::StreamIdle.into()),
            None => Ok(()),
        }
    }
}

/// Ends when the login does, or the server.
fn ending(state: &PubsubState, login: &Login) -> Pin<Box<dyn Future<Output = Fault> + Send>> {
    let stopped = crate::stopped(state.stopping.clone());
    let ended = login.ended();
    Box::pin(async move {
        tokio::select! {
            () = ended => Fault::SessionInvalid,
            () = stopped => Fault::StoreUnavailable,
        }
    })
}

/// What comes next after a position, and what a channel makes of it.
async fn read(
    engine: &Engine,
    prepare: &Prepare,
    (from, filter, limit): (ReplayId, &TopicFilter, usize),
    sights: &[Sight],
) -> Result<(Stretch, Seen), Fault> {
    let read = async {
        let read = engine.log().read_prepared(from, filter, limit, prepare);
        let stretch = read.await?;
        let seen = engine.look(&stretch.events, sights).await?;
        Ok::<_, landfall_engine::Error>((stretch, seen))
    };
    read.await.map_err(|failure| {
        error!(error = %failure, "the log cannot be read");
        Fault::StoreUnavailable
    })
}

/// What goes out next, and how far in the log that is.
struct Taken {
    events: Vec<Bytes>,
    /// What they count.
    batch: Batch,
    reached: ReplayId,
}
