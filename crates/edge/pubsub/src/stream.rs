//! What the streams that deliver events have in common: a dumb loop of requests, log, clock and delivery machine.

use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;

use landfall_auth::{Access, Login, may_keep};
use landfall_engine::faults::{Arming, FaultKind};
use landfall_engine::usage::{self, Meter, Tally};
use landfall_engine::{
    Clock, Definitions, Engine, EventViews, LogEvent, Prepare, Rendition, Stretch, TopicFilter,
    TopicId, ViewRequest, Waiting, Watcher, Working,
};
use landfall_model::limits::PUBSUB_RESPONSE_BYTES_MAX;
use landfall_model::{
    Fault, LimitFault, PubSubFault, ReplayId, ReplayPreset, ServiceFault, SessionFault, Timestamp,
    Topic,
};
use landfall_subscription::{Bounds, Delivery, Output, Read, Subscription};
use tokio::sync::{mpsc, watch};
use tonic::{Status, Streaming};
use tracing::error;

use crate::call::Call;
use crate::fetch_response::{FetchResponse, write_event_field};
use crate::frame::{ChannelLens, EventFields, OrgEvents};
use crate::positions::StreamPosition;
use crate::{PubsubState, call, replay, reset, service, too_long};

/// Why a stream ends.
pub(crate) enum End {
    /// The client has sent its last request, or is gone.
    Done,
    /// An error that the client gets.
    Refused(Fault),
    /// A request that cannot be read.
    Broken(Status),
    /// Nothing more is sent, and the stream stays open.
    Silent,
    /// The stream is reset.
    Reset,
    /// The stream ends without a status.
    HalfClosed,
}

impl From<Fault> for End {
    fn from(fault: Fault) -> Self {
        Self::Refused(fault)
    }
}

landfall_model::from_fault_families!(End);

/// Why a stream wakes up.
pub(crate) enum Wake<Q> {
    /// A request.
    Request(Q),
    /// A topic has moved, or definitions have changed.
    Moved,
    /// A timeout.
    Due(Working),
}

/// One stream that delivers events; its responses are `R`.
pub(crate) struct EventStream<R> {
    pub(crate) state: PubsubState,
    pub(crate) login: Arc<Login>,
    delivery: Delivery<TopicId, ChannelLens, Arc<Access>>,
    /// The events of the next response.
    frame: EventFields,
    /// The topics of the subscription.
    filter: TopicFilter,
    call: Call,
    /// Ends when the login does, or the server, or the lease of the org, or as somebody wants it to.
    ending: Pin<Box<dyn Future<Output = Fault> + Send>>,
    /// Ends when there is a reason of the stream's own.
    closing: Pin<Box<dyn Future<Output = Fault> + Send>>,
    watcher: Watcher,
    /// Usage of what the client was sent.
    tally: Arc<Tally>,
    /// Its position, as metrics report it.
    position: StreamPosition,
    prepare: Prepare,
    /// New definitions may add topics to a channel.
    deployments: watch::Receiver<Arc<Definitions>>,
    /// The next timeout.
    deadline: Timestamp,
    /// What wakes the stream by then, if it is set. It may be set for an earlier point: to set it again after each response
    /// would cost more than to be woken too early now and then.
    alarm: Option<(Timestamp, Waiting<'static>)>,
    /// When a keepalive is sent that a fault holds back.
    late: Option<Timestamp>,
    answers: mpsc::Sender<Result<R, Status>>,
}

impl<R: From<FetchResponse>> EventStream<R> {
    pub(crate) fn new(
        state: PubsubState,
        call: Call,
        login: Arc<Login>,
        answers: mpsc::Sender<Result<R, Status>>,
    ) -> Self {
        let now = state.engine.clock().now();
        let position = state
            .positions
            .begin(&call.rpc_id, &login.username, call.agent());
        Self {
            delivery: Delivery::of_stream(
                login.access(),
                PUBSUB_RESPONSE_BYTES_MAX,
                state.settings.timings,
                now,
            ),
            frame: EventFields::default(),
            filter: TopicFilter::These(Vec::new()),
            watcher: state.engine.log().watch(),
            tally: state.engine.usage().subscriber(usage::Client::PubSub),
            ending: ending(&state, &login, &position),
            position,
            closing: Box::pin(std::future::pending()),
            prepare: Arc::new(|events| {
                LogEvent::render_together(events, Rendition::PubSub, write_event_field);
            }),
            deployments: state.engine.deployments(),
            deadline: now,
            alarm: None,
            late: None,
            state,
            call,
            login,
            answers,
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.state.engine.clock().now()
    }

    /// Sends the client the reason why the stream ends, if there is one.
    pub(crate) async fn finish(mut self, end: End) {
        self.alarm = None;
        let status = match end {
            End::Done => return,
            End::Silent => {
                tokio::select! {
                    () = self.answers.closed() => return,
                    fault = &mut self.ending => self.call.refused(&fault),
                }
            }
            End::Reset => reset::status(),
            End::HalfClosed => reset::half_close(),
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
        let deadline = until.map_or(self.deadline, |until| self.deadline.min(until));
        let wake = tokio::select! {
            // An end comes before requests, and these before what costs more to ask for: a stream delivers after each.
            biased;
            fault = &mut self.ending => return Err(fault.into()),
            fault = &mut self.closing => return Err(fault.into()),
            request = requests.message() => match request {
                Ok(Some(request)) => Wake::Request(request),
                Ok(None) => return Err(End::Done),
                Err(status) => return Err(End::Broken(too_long::as_service(status))),
            },
            () = self.answers.closed() => return Err(End::Done),
            () = self.watcher.woken() => Wake::Moved,
            Ok(()) = self.deployments.changed() => {
                self.deployments.mark_changed();
                Wake::Moved
            }
            work = alarm(&mut self.alarm, deadline, self.state.engine.clock()) => Wake::Due(work),
        };
        Ok(wake)
    }

    /// Passes new definitions and other rights to the delivery. True if there were any.
    ///
    /// They are in force before the first event that depends on them: called with events in hand, before the position moves
    /// past them, this misses nothing.
    ///
    /// # Errors
    /// [`PubSubFault::TopicNotFound`] if the channel is deleted.
    /// Source: "Required Permissions" (Change Data Capture Developer Guide): within ten minutes.
    fn refresh(&mut self) -> Result<bool, Fault> {
        let has_other_rights = !self.login.rights().are(self.delivery.rights());
        let is_redefined = is_redefined(&self.deployments);
        if !has_other_rights && !is_redefined {
            return Ok(false);
        }
        let access = self.login.access();
        self.deployments.mark_unchanged();
        let definitions = self.state.engine.definitions();
        if has_other_rights {
            let rights = Arc::clone(&access);
            self.delivery
                .rights_changed(rights, |_, topic| may_keep(&definitions, &access, topic));
        }
        let channel = self.delivery.subscriptions().next();
        let channel = channel.map(|(name, _)| name.to_owned());
        if let Some(name) = channel.filter(|name| Topic::is_channel(name)) {
            let topics = service::topics(&self.state, &self.login, &name)?;
            self.delivery.definitions_changed(|_, lens| {
                lens.0 = definitions.channel(&name).cloned();
                Some(topics.clone())
            });
        }
        self.topics_changed();
        Ok(true)
    }

    fn topics_changed(&mut self) {
        self.filter = TopicFilter::These(self.delivery.topics());
        self.watcher.set(self.filter.clone());
        if let Some((name, subscription)) = self.delivery.subscriptions().next() {
            self.position.subscribed(name, subscription);
        }
    }

    /// Goes on with another access token of the same user.
    pub(crate) fn renew_login(&mut self, token: &str) -> Result<(), Fault> {
        self.login = call::refreshed(&self.state, &self.login, token)?;
        self.ending = ending(&self.state, &self.login, &self.position);
        Ok(())
    }

    /// The position of the subscription; `None` before the first request.
    pub(crate) fn reached(&self) -> Option<ReplayId> {
        self.delivery.position()
    }

    /// The client requests more events.
    ///
    /// # Errors
    /// [`PubSubFault::FetchCountInvalid`].
    pub(crate) fn request(&mut self, count: i32) -> Result<(), PubSubFault> {
        let now = self.now();
        self.delivery.request(now, count)?;
        self.position.requested(self.delivery.credit());
        Ok(())
    }

    /// Starts where the client asks; `topics` are those of the topic name.
    ///
    /// # Errors
    /// [`PubSubFault::ReplayIdCorrupted`] for a position that is not retained.
    pub(crate) async fn start(
        &mut self,
        name: &str,
        topics: Vec<TopicId>,
        preset: ReplayPreset,
    ) -> Result<(), Fault> {
        if matches!(preset, ReplayPreset::Custom(_)) {
            self.rehearse_replay(name).await?;
        }
        self.state.engine.reach(preset).await;
        let log = self.bounds();
        let position = log
            .resume(preset)
            .map_err(|_| Fault::PubSub(PubSubFault::ReplayIdCorrupted))?;
        let definitions = self.state.engine.definitions();
        let channel = Topic::is_channel(name).then(|| definitions.channel(name).cloned());
        let lens = ChannelLens(channel.flatten());
        let subscription = Subscription::new(topics, lens, position, log.tail);
        self.delivery.subscribe(name, subscription, true)?;
        self.topics_changed();
        Ok(())
    }

    fn bounds(&self) -> Bounds {
        let log = self.state.engine.log().bounds();
        Bounds {
            earliest: log.earliest,
            tail: log.tail,
        }
    }

    /// Does what the delivery asks for until it has to wait.
    pub(crate) async fn deliver(&mut self) -> Result<(), End> {
        loop {
            if !self.state.engine.lease().holds() {
                // What its user may see may be other than what is known here.
                return Err(Fault::Service(ServiceFault::StoreUnavailable).into());
            }
            self.refresh()?;
            if self.late.is_some_and(|late| late <= self.now()) {
                let keepalive = self.empty_response().into();
                self.late = None;
                self.send(keepalive).await?;
            }
            self.delivery
                .allow(self.state.engine.usage().left(Meter::Delivered));
            let log = Bounds {
                tail: self.state.engine.log().deliverable(&self.filter).tail,
                ..self.bounds()
            };
            match self.delivery.poll(self.now(), log) {
                Output::Read(read) => {
                    if !self.visit(&read, log)? {
                        self.read(&read, log).await?;
                    }
                }
                Output::Look(read) => self.read(&read, log).await?,
                Output::Deliver if self.is_late() => {}
                Output::Deliver => self.respond().await?,
                // Only polls wait for events.
                Output::Available => {}
                Output::Wait { until } => {
                    let until = [until, self.late].into_iter().flatten().min();
                    self.deadline = until.unwrap_or(self.deadline);
                    return Ok(());
                }
                Output::End(fault) => return Err(fault.into()),
            }
        }
    }

    /// Passes on what memory has of the log. False if it begins later.
    fn visit(&mut self, read: &Read, log: Bounds) -> Result<bool, Fault> {
        let engine = &self.state.engine;
        let seen = &EventViews::default();
        let org = OrgEvents::new(engine, seen);
        let (delivery, frame) = (&mut self.delivery, &mut self.frame);
        let deployments = &self.deployments;
        let mut is_first = true;
        let reached = engine
            .log()
            .visit_recent(read.after, &self.filter, |event| {
                // Nothing is added meanwhile: what these events depend on is in force before the first.
                if std::mem::take(&mut is_first) && is_redefined(deployments) {
                    return ControlFlow::Break(());
                }
                delivery.take(&org, event, frame)
            });
        let Some(reached) = reached else {
            return Ok(false);
        };
        if !self.refresh()? {
            self.read_to(read, reached, log);
        }
        Ok(true)
    }

    /// Reads the store, has lenses look at the events, and passes them on. What was read before something changed is read
    /// again.
    async fn read(&mut self, read: &Read, log: Bounds) -> Result<(), End> {
        let engine = self.state.engine.clone();
        let lenses = self.lenses();
        let reading = (read, &self.filter, &self.prepare);
        let (stretch, seen) = read_and_look(&engine, reading, &lenses).await?;
        if self.refresh()? || !self.delivery.is_current(read) {
            return Ok(());
        }
        let org = OrgEvents::new(&engine, &seen);
        let mut reached = read.after;
        for event in &stretch.events {
            if self.delivery.take(&org, event, &mut self.frame).is_break() {
                self.read_to(read, reached, log);
                return Ok(());
            }
            reached = event.event().replay_id;
        }
        self.read_to(read, stretch.reached, log);
        Ok(())
    }

    fn read_to(&mut self, read: &Read, reached: ReplayId, log: Bounds) {
        self.delivery.read_to(read, reached, log);
        if self.frame.events.is_empty() {
            self.report_position();
        }
    }

    /// Events that have been taken but not sent are not behind the client.
    fn report_position(&self) {
        self.position.requested(self.delivery.credit());
        if let Some(reached) = self.delivery.position() {
            self.position.reached(reached);
        }
    }

    /// The lenses of the channel.
    fn lenses(&self) -> Vec<ViewRequest> {
        let subscriptions = self.delivery.subscriptions();
        let lenses = subscriptions.flat_map(|(_, subscription)| {
            let channel = subscription.lens().0.iter();
            let lenses = channel.flat_map(|channel| channel.lenses());
            lenses.map(|(topic, lens)| ViewRequest {
                topic,
                lens: Arc::clone(lens),
                since: subscription.since(),
            })
        });
        lenses.collect()
    }

    /// Whether the response that is due is a keepalive which a fault holds back. Events come in time, and replace it.
    fn is_late(&mut self) -> bool {
        if !self.frame.events.is_empty() {
            return false;
        }
        if self.late.is_none() {
            let fault = self.fires(FaultKind::KeepaliveLate);
            let delay = fault.map(|fault| i64::try_from(fault.delay_ms).unwrap_or(i64::MAX));
            self.late = delay.map(|delay| self.now().plus_millis(delay));
        }
        self.late.is_some()
    }

    /// Sends the events that were taken; none for a keepalive.
    async fn respond(&mut self) -> Result<(), End> {
        self.late = None;
        let mut frame = std::mem::take(&mut self.frame);
        if let Some(last) = frame.events.last().cloned()
            && self.fires(FaultKind::Duplicate).is_some()
        {
            frame.events.push(last);
        }
        let response = self.response(frame.events).into();
        self.send(response).await?;
        self.report_position();
        let usage = self.state.engine.usage();
        usage.delivered(&self.tally, &frame.usage);
        Ok(())
    }

    /// A response without events that is sent for another reason than a timeout.
    pub(crate) fn empty_response(&mut self) -> FetchResponse {
        let now = self.now();
        self.delivery.responded(now);
        self.response(Vec::new())
    }

    fn response(&self, events: Vec<bytes::Bytes>) -> FetchResponse {
        FetchResponse {
            events,
            latest_replay_id: replay::render(self.reached().unwrap_or(ReplayId::ORIGIN)),
            rpc_id: self.call.rpc_id.clone(),
            pending_num_requested: i32::try_from(self.delivery.credit()).unwrap_or(i32::MAX),
        }
    }

    /// Waits for a client that does not read, but not beyond the end of the stream.
    pub(crate) async fn send(&mut self, response: R) -> Result<(), End> {
        self.rehearse()?;
        // A client that reads has no more than its credit before the next request, which an end comes before.
        if let Ok(permit) = self.answers.try_reserve() {
            permit.send(Ok(response));
            return Ok(());
        }
        // Nobody looks at the alarm meanwhile.
        self.alarm = None;
        tokio::select! {
            biased;
            fault = &mut self.ending => Err(fault.into()),
            fault = &mut self.closing => Err(fault.into()),
            sent = self.answers.send(Ok(response)) => sent.map_err(|_| End::Done),
        }
    }

    /// Ends the stream as a test has asked for. The occasions of a subscription are its start, and each response.
    ///
    /// # Errors
    /// The end.
    pub(crate) fn rehearse(&self) -> Result<(), End> {
        if self.fires(FaultKind::StreamSilent).is_some() {
            return Err(End::Silent);
        }
        if self.fires(FaultKind::StreamEnded).is_some() {
            return Err(End::Done);
        }
        if self.fires(FaultKind::StreamReset).is_some() {
            return Err(End::Reset);
        }
        if self.fires(FaultKind::HalfClose).is_some() {
            return Err(End::HalfClosed);
        }
        if self.fires(FaultKind::Unavailable).is_some() {
            return Err(Fault::Service(ServiceFault::StoreUnavailable).into());
        }
        if self.fires(FaultKind::EventsDailyLimit).is_some() {
            return Err(Fault::Limit(LimitFault::Deliveries).into());
        }
        Ok(())
    }

    /// What faults do to a subscription that names a replay id.
    async fn rehearse_replay(&mut self, topic: &str) -> Result<(), Fault> {
        if self.fires_on(FaultKind::Trim, &[topic]).is_some() {
            let forgotten = self.state.engine.forget_events().await;
            forgotten.map_err(landfall_engine::Error::fault)?;
        }
        let restarts = self.fires_on(FaultKind::RestartStream, &[topic]);
        if restarts.is_some() {
            let restarted = self.state.engine.restart_log().await;
            restarted.map_err(landfall_engine::Error::fault)?;
        }
        if self
            .fires_on(FaultKind::ReplayIdInvalid, &[topic])
            .is_some()
        {
            return Err(Fault::PubSub(PubSubFault::ReplayIdCorrupted));
        }
        Ok(())
    }

    /// Whether a fault fires for the subscription.
    fn fires(&self, kind: FaultKind) -> Option<Arming> {
        let mut subscriptions = self.delivery.subscriptions();
        let name = subscriptions.next().map(|(name, _)| name);
        self.fires_on(kind, name.as_slice())
    }

    fn fires_on(&self, kind: FaultKind, topics: &[&str]) -> Option<Arming> {
        let occasion = || self.call.occasion(&self.login).topics(topics);
        let faults = self.state.engine.faults();
        faults.fires(kind, occasion)
    }

    /// Has the stream end when this does, and with its fault.
    pub(crate) fn close_on(&mut self, closing: impl Future<Output = Fault> + Send + 'static) {
        self.closing = Box::pin(closing);
    }

    /// A stream that is open at a timeout is in use.
    ///
    /// # Errors
    /// [`SessionFault::Invalid`] if the login has ended.
    pub(crate) fn keep_alive(&self) -> Result<(), Fault> {
        self.state.auth.keep_alive(&self.login)
    }
}

/// Ends at a deadline. The alarm may go off before; it is set again then.
async fn alarm(
    alarm: &mut Option<(Timestamp, Waiting<'static>)>,
    deadline: Timestamp,
    clock: &Arc<dyn Clock>,
) -> Working {
    if alarm.as_ref().is_some_and(|(point, _)| *point > deadline) {
        *alarm = None;
    }
    loop {
        let (point, waiting) = alarm.get_or_insert_with(|| (deadline, until(clock, deadline)));
        let (point, work) = (*point, waiting.await);
        *alarm = None;
        if point >= deadline {
            return work;
        }
        let mut next = until(clock, deadline);
        tokio::select! {
            biased;
            // Before the work of the early alarm ends: a clock that is moved waits for both.
            due = &mut next => return due,
            () = std::future::ready(()) => *alarm = Some((deadline, next)),
        }
    }
}

/// A wait for a point in time that borrows nothing.
fn until(clock: &Arc<dyn Clock>, point: Timestamp) -> Waiting<'static> {
    let clock = Arc::clone(clock);
    Box::pin(async move { clock.wait_until(point).await })
}

/// Events from the store, and what lenses see of them.
async fn read_and_look(
    engine: &Engine,
    (read, filter, prepare): (&Read, &TopicFilter, &Prepare),
    lenses: &[ViewRequest],
) -> Result<(Stretch, EventViews), Fault> {
    let outcome = async {
        let log = engine.log();
        let stretch = log.read_prepared(read.after, filter, read.limit, prepare);
        let stretch = stretch.await?;
        let seen = engine.evaluate(&stretch.events, lenses).await?;
        Ok::<_, landfall_engine::Error>((stretch, seen))
    };
    outcome.await.map_err(|failure| {
        error!(error = %failure, "the log cannot be read");
        Fault::Service(ServiceFault::StoreUnavailable)
    })
}

/// Whether there are definitions that the stream has not seen. Nobody makes new ones once the engine is gone.
fn is_redefined(deployments: &watch::Receiver<Arc<Definitions>>) -> bool {
    deployments.has_changed().unwrap_or(false)
}

/// Ends when the login does, or the server, or the lease of the org, or as somebody wants it to.
fn ending(
    state: &PubsubState,
    login: &Login,
    position: &StreamPosition,
) -> Pin<Box<dyn Future<Output = Fault> + Send>> {
    let stopped = crate::stopped(state.stopping.clone());
    let logged_out = login.ended();
    let ended = position.ended();
    let lapsed = state.engine.lease().lapse();
    Box::pin(async move {
        tokio::select! {
            () = logged_out => Fault::Session(SessionFault::Invalid),
            () = stopped => Fault::Service(ServiceFault::StoreUnavailable),
            () = ended => Fault::Service(ServiceFault::StoreUnavailable),
            () = lapsed => Fault::Service(ServiceFault::StoreUnavailable),
        }
    })
}
