//! The part of a client that is behind a lock: its session, and the delivery of its subscriptions.

use std::ops::ControlFlow;
use std::sync::Arc;

use landfall_auth::{Access, Login, may_keep};
use landfall_bayeux::{
    Answer, Input, Moment, Output as SessionOutput, Poll, PollId, Response, Session,
};
use landfall_engine::usage::{Batch, Meter, Usage};
use landfall_engine::{
    Definitions, Engine, EventViews, Stretch, Subscriber, SubscriberDemand, SubscriberPosition,
    TopicFilter, TopicId, ViewRequest,
};
use landfall_model::{Fault, ReplayId, ReplayPreset, StreamingFault, Timestamp, Topic, limits};
use landfall_subscription::{Bounds, Delivery, Output, Read, Subscription};
use landfall_wire::ApiVersion;
use tokio::sync::{oneshot, watch};

use crate::channel::Target;
use crate::frame::{ChannelLens, EventFrame, Form, OrgEvents};

/// Bytes written to a response before others may have the log.
const STEP_BYTES: usize = 64 * 1024;

/// A subscription that a client asks for.
pub(crate) struct SubscribeRequest<'m> {
    pub(crate) channel: &'m str,
    pub(crate) target: Target,
    pub(crate) preset: ReplayPreset,
    pub(crate) bounds: Bounds,
}

/// A read that memory cannot answer, or that lenses have to look at.
pub(crate) struct Reading {
    pub(crate) read: Read,
    pub(crate) filter: TopicFilter,
    pub(crate) lenses: Vec<ViewRequest>,
    log: Bounds,
}

/// What came of a step of the delivery.
pub(crate) enum Step {
    /// An event waits.
    Available,
    /// Nothing is left to do: the response is complete, or no event waits.
    Complete,
    /// There is more; let others have the log first.
    Again,
    /// Read first.
    Read(Box<Reading>),
}

pub(crate) struct State {
    pub(crate) session: Session,
    /// The API version of the handshake decides the form of events.
    pub(crate) version: ApiVersion,
    /// Value of the cookie that binds the client to its browser.
    pub(crate) browser: String,
    login: Arc<Login>,
    /// What the client called itself when it shook hands.
    pub(crate) agent: Option<Arc<str>>,
    delivery: Delivery<TopicId, ChannelLens, Arc<Access>>,
    waiting: Vec<Unanswered>,
    /// When the session's alarm goes off.
    pub(crate) alarm: Option<Moment>,
    /// How long the newest response was.
    pub(crate) response_bytes: usize,
    last_poll: u64,
    /// The usage of the newest response, until it is known to have been sent.
    usage: Batch,
    /// The topics of all subscriptions.
    filter: TopicFilter,
    /// New definitions may add topics to a channel.
    deployments: watch::Receiver<Arc<Definitions>>,
}

/// A poll that waits for its answer.
struct Unanswered {
    id: PollId,
    answer: oneshot::Sender<Answer>,
    /// It ends with this login.
    login: Arc<Login>,
}

impl State {
    pub(crate) fn new(
        engine: &Engine,
        session: Session,
        login: Arc<Login>,
        browser: String,
    ) -> Self {
        Self {
            deployments: engine.deployments(),
            session,
            version: ApiVersion::NEWEST,
            browser,
            delivery: Delivery::of_session(login.access(), limits::STREAMING_RESPONSE_BYTES_MAX),
            login,
            agent: None,
            waiting: Vec::new(),
            alarm: None,
            response_bytes: 0,
            last_poll: 0,
            usage: Batch::default(),
            filter: TopicFilter::These(Vec::new()),
        }
    }

    /// Feeds the session and hands out the answers that fall due.
    ///
    /// # Errors
    /// The fault that the client gets.
    pub(crate) fn feed(&mut self, now: Moment, input: Input) -> Result<(), Fault> {
        self.fed(now, None, input).map(drop)
    }

    /// The same for a poll whose answer the caller takes, if there is one.
    ///
    /// # Errors
    /// The fault that the client gets.
    pub(crate) fn feed_for(
        &mut self,
        now: Moment,
        poll: PollId,
        input: Input,
    ) -> Result<Option<Answer>, Fault> {
        self.fed(now, Some(poll), input)
    }

    fn fed(
        &mut self,
        now: Moment,
        own: Option<PollId>,
        input: Input,
    ) -> Result<Option<Answer>, Fault> {
        let fed = self.session.handle(now, input);
        let mut taken = None;
        while let Some(output) = self.session.poll_output() {
            match output {
                SessionOutput::Answer(id, answer) if own == Some(id) => {
                    self.forget(id);
                    taken = Some(answer);
                }
                SessionOutput::Answer(id, answer) => {
                    if let Some(at) = self.waiting.iter().position(|waiting| waiting.id == id) {
                        // Nobody listens if the request is gone; the session is notified of that by itself.
                        let _ = self.waiting.swap_remove(at).answer.send(answer);
                    }
                }
                SessionOutput::Ended(_) => {
                    self.waiting.clear();
                    self.delivery.clear();
                }
            }
        }
        fed.map(|()| taken).map_err(|error| match error {
            landfall_bayeux::Error::ClientUnknown => {
                Fault::Streaming(StreamingFault::ClientUnknown)
            }
        })
    }

    /// Hands a connect to the session.
    ///
    /// # Errors
    /// [`StreamingFault::ClientUnknown`] if the session is over.
    pub(crate) fn connect(
        &mut self,
        now: Moment,
        poll: Poll,
        login: &Arc<Login>,
    ) -> Result<oneshot::Receiver<Answer>, Fault> {
        let (answer, answered) = oneshot::channel();
        self.waiting.push(Unanswered {
            id: poll.id,
            answer,
            login: Arc::clone(login),
        });
        let fed = self.feed(now, Input::Connect(poll));
        if fed.is_err() {
            self.forget(poll.id);
        }
        fed.map(|()| answered)
    }

    /// A name for the next connect.
    pub(crate) const fn next_poll(&mut self) -> PollId {
        self.last_poll += 1;
        PollId(self.last_poll)
    }

    /// Whether a poll waits whose login has ended.
    pub(crate) fn is_logged_out(&self) -> bool {
        let mut waiting = self.waiting.iter();
        waiting.any(|waiting| !waiting.login.is_live())
    }

    /// Nobody waits for this poll's answer any more.
    pub(crate) fn forget(&mut self, id: PollId) {
        self.waiting.retain(|waiting| waiting.id != id);
    }

    /// Whether there is a subscription to a channel.
    pub(crate) fn is_subscribed(&self, channel: &str) -> bool {
        self.delivery.subscription(channel).is_some()
    }

    /// Subscribes, or subscribes again.
    ///
    /// # Errors
    /// [`StreamingFault::ClientUnknown`], [`StreamingFault::SubscriptionLimitExceeded`],
    /// [`StreamingFault::ReplayIdInvalid`].
    pub(crate) fn subscribe(
        &mut self,
        engine: &Engine,
        now: Moment,
        request: SubscribeRequest<'_>,
    ) -> Result<(), Fault> {
        let position = request.bounds.start(request.preset)?;
        self.feed(now, Input::Request)?;
        let lens = ChannelLens {
            selection: request.target.selection,
            meter: Meter::of_channel(request.channel),
            channel: None,
        };
        let tail = engine.log().bounds().tail;
        let subscription = Subscription::new(request.target.topics, lens, position, tail);
        let moves = request.preset != ReplayPreset::Latest;
        self.delivery
            .subscribe(request.channel, subscription, moves)?;
        // The topics of the request may be older than the definitions that this client has seen.
        self.retarget(engine);
        Ok(())
    }

    /// Ends a subscription; not being subscribed is no error.
    ///
    /// # Errors
    /// [`StreamingFault::ClientUnknown`].
    pub(crate) fn unsubscribe(&mut self, now: Moment, channel: &str) -> Result<(), Fault> {
        self.feed(now, Input::Request)?;
        self.delivery.unsubscribe(channel);
        self.topics_changed();
        Ok(())
    }

    /// Takes the newest login of the client's user. Rights that are lost end what they allowed.
    ///
    /// Source: "Required Permissions" (Change Data Capture Developer Guide); a user without access gets no further events.
    pub(crate) fn logged_in(&mut self, engine: &Engine, login: &Arc<Login>) {
        self.login = Arc::clone(login);
        self.refresh(engine);
    }

    /// Passes new definitions and other rights to the delivery. True if there were any.
    ///
    /// They are in force before the first event that depends on them: called with events in hand, before any position moves
    /// past them, this misses nothing.
    pub(crate) fn refresh(&mut self, engine: &Engine) -> bool {
        let has_other_rights = !self.login.rights().are(self.delivery.rights());
        let is_redefined = is_redefined(&self.deployments);
        if !has_other_rights && !is_redefined {
            return false;
        }
        let access = self.login.access();
        self.deployments.mark_unchanged();
        if has_other_rights {
            let definitions = engine.definitions();
            let rights = Arc::clone(&access);
            self.delivery.rights_changed(rights, |lens, topic| {
                !lens.selection.is_everything() || may_keep(&definitions, &access, topic)
            });
        }
        // A right that is new counts for new subscriptions.
        if is_redefined {
            self.retarget(engine);
        } else {
            self.topics_changed();
        }
        true
    }

    /// Channels are open to everybody, and carry what the login may read; nothing while they are deleted.
    fn retarget(&mut self, engine: &Engine) {
        let definitions = engine.definitions();
        let login = &self.login;
        self.delivery.definitions_changed(|channel, lens| {
            if !Topic::is_channel(channel) {
                return None;
            }
            lens.channel = definitions.channel(channel).cloned();
            Some(landfall_auth::topics(engine, login, channel).unwrap_or_default())
        });
        self.topics_changed();
    }

    fn topics_changed(&mut self) {
        self.filter = TopicFilter::These(self.delivery.topics());
    }

    /// The login of a client whose poll is held: it is in use as long as it waits.
    pub(crate) fn waiting_login(&self) -> Option<Arc<Login>> {
        self.session.parked().map(|_| Arc::clone(&self.login))
    }

    /// When it ends unless the client sends something.
    pub(crate) fn expires(&self) -> Option<Moment> {
        self.session.expires()
    }

    /// The channels of all subscriptions.
    pub(crate) fn channels(&self) -> Vec<String> {
        let subscriptions = self.delivery.subscriptions();
        subscriptions.map(|(name, _)| name.to_owned()).collect()
    }

    /// The topics of all subscriptions.
    pub(crate) const fn filter(&self) -> &TopicFilter {
        &self.filter
    }

    /// The client as a subscriber.
    pub(crate) fn subscriber(&self, id: &str) -> Subscriber {
        let subscriptions = self.delivery.subscriptions();
        let positions = subscriptions.map(|(channel, subscription)| SubscriberPosition {
            channel: channel.to_owned(),
            topics: subscription.topics().to_vec(),
            began: subscription.began(),
            reached: subscription.position(),
        });
        Subscriber {
            id: id.to_owned(),
            username: self.login.username.to_string(),
            client: self.agent.clone(),
            demand: if self.session.parked().is_some() {
                SubscriberDemand::PollHeld
            } else {
                SubscriberDemand::BetweenPolls
            },
            positions: positions.collect(),
        }
    }

    /// Whether the org may not be sent any more events of a kind that the session is subscribed to; for a session without
    /// subscriptions, of any kind.
    ///
    /// Source: "Streaming API Error Codes" (Streaming API Developer Guide): a first connect is refused as well.
    pub(crate) fn is_used_up(&self, usage: &Usage) -> bool {
        let used_up = |meter| usage.left(meter) == Some(0);
        let mut subscriptions = self.delivery.subscriptions().peekable();
        if subscriptions.peek().is_none() {
            return Meter::DELIVERIES.into_iter().any(used_up);
        }
        subscriptions.any(|(_, subscription)| used_up(subscription.lens().meter))
    }

    /// Begins to look for an event that waits.
    pub(crate) fn begin_probe(&mut self) {
        self.delivery.notice();
    }

    /// Begins a response, and gives its number.
    pub(crate) fn begin_response(&mut self, usage: &Usage) -> u64 {
        self.usage = Batch::default();
        let subscriptions = self.delivery.subscriptions();
        let left = subscriptions.filter_map(|(_, open)| usage.left(open.lens().meter));
        let least = left.min();
        self.delivery.allow(least);
        self.delivery.begin_response()
    }

    /// The usage of a response that has been sent.
    pub(crate) fn response_sent(&mut self, response: u64) -> Batch {
        if self.delivery.is_newest(response) {
            std::mem::take(&mut self.usage)
        } else {
            Batch::default()
        }
    }

    /// A response reached nobody.
    pub(crate) fn response_failed(&mut self, response: u64) {
        self.delivery.response_failed(response);
    }

    /// Goes on with the response, or looks for an event that waits without one, as far as memory has the log.
    pub(crate) fn step(
        &mut self,
        engine: &Engine,
        (now, log): (Timestamp, Bounds),
        mut response: Option<&mut Response>,
    ) -> Step {
        let mut written = 0;
        self.refresh(engine);
        if !engine.lease().holds() {
            // What its user may see may be other than what is known here.
            return Step::Complete;
        }
        while written <= STEP_BYTES {
            let read = match self.delivery.poll(now, log) {
                Output::Read(read) => read,
                Output::Look(read) => return Step::Read(Box::new(self.reading(read, log))),
                Output::Available => return Step::Available,
                Output::Deliver | Output::Wait { .. } | Output::End(_) => return Step::Complete,
            };
            let before = response.as_ref().map_or(0, |response| response.len());
            let Some(reached) = self.visit(engine, &read, response.as_deref_mut()) else {
                return Step::Read(Box::new(self.reading(read, log)));
            };
            if !self.refresh(engine) {
                self.delivery.read_to(&read, reached, log);
            }
            written += response.as_ref().map_or(0, |response| response.len()) - before;
        }
        Step::Again
    }

    /// Passes on what memory has of the log, and says how far that is; `None` if it begins later.
    fn visit(
        &mut self,
        engine: &Engine,
        read: &Read,
        response: Option<&mut Response>,
    ) -> Option<ReplayId> {
        let seen = EventViews::default();
        let org = OrgEvents::new(engine, &seen);
        let rights = Arc::clone(self.delivery.rights());
        let form = Form::new(engine, self.version, &rights);
        let mut frame = response.map(|response| EventFrame::new(form, response, &mut self.usage));
        let enough = frame.as_ref().map_or(0, EventFrame::bytes_so_far) + STEP_BYTES;
        let (delivery, deployments) = (&mut self.delivery, &self.deployments);
        let mut is_first = true;
        engine
            .log()
            .visit_recent(read.after, &self.filter, |event| {
                // Nothing is added meanwhile: what these events depend on is in force before the first.
                if std::mem::take(&mut is_first) && is_redefined(deployments) {
                    return ControlFlow::Break(());
                }
                let Some(frame) = &mut frame else {
                    return delivery.probe(&org, event);
                };
                delivery.take(&org, event, frame)?;
                if frame.bytes_so_far() > enough {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            })
    }

    fn reading(&self, read: Read, log: Bounds) -> Reading {
        let subscriptions = self.delivery.subscriptions();
        let lenses = subscriptions.flat_map(|(_, subscription)| {
            let channel = subscription.lens().channel.iter();
            let lenses = channel.flat_map(|channel| channel.lenses());
            lenses.map(|(topic, lens)| ViewRequest {
                topic,
                lens: Arc::clone(lens),
                since: subscription.since(),
            })
        });
        Reading {
            read,
            filter: self.filter.clone(),
            lenses: lenses.collect(),
            log,
        }
    }

    /// Passes on what was read. What was read before something changed is read again.
    pub(crate) fn pass_on(
        &mut self,
        engine: &Engine,
        reading: &Reading,
        (stretch, seen): (&Stretch, &EventViews),
        response: Option<&mut Response>,
    ) {
        if self.refresh(engine) || !self.delivery.is_current(&reading.read) {
            return;
        }
        let org = OrgEvents::new(engine, seen);
        let rights = Arc::clone(self.delivery.rights());
        let form = Form::new(engine, self.version, &rights);
        let mut frame = response.map(|response| EventFrame::new(form, response, &mut self.usage));
        let mut reached = reading.read.after;
        for event in &stretch.events {
            let flow = match &mut frame {
                Some(frame) => self.delivery.take(&org, event, frame),
                None => self.delivery.probe(&org, event),
            };
            if flow.is_break() {
                self.delivery.read_to(&reading.read, reached, reading.log);
                return;
            }
            reached = event.event().replay_id;
        }
        let reached = stretch.reached;
        self.delivery.read_to(&reading.read, reached, reading.log);
    }
}

/// Whether there are definitions that the client has not seen. Nobody makes new ones once the engine is gone.
fn is_redefined(deployments: &watch::Receiver<Arc<Definitions>>) -> bool {
    deployments.has_changed().unwrap_or(false)
}
