//! The part of a client that is behind a lock: its session, and where its subscriptions stand in the log.

use std::ops::ControlFlow;
use std::sync::Arc;

use landfall_auth::{Access, Login, may_keep};
use landfall_bayeux::{
    Answer, Input, Moment, Output, Poll, PollId, RequestedAdvice, Response, Session,
};
use landfall_engine::usage::{Batch, Meter, Usage};
use landfall_engine::{
    Channel, Definitions, Engine, Lens, Seen, Sight, Stretch, TopicFilter, TopicId,
};
use landfall_model::{Fault, ReplayId, ReplayPreset, Topic};
use landfall_subscription::{Bounds, Subscription, feed};
use landfall_wire::ApiVersion;
use tokio::sync::{oneshot, watch};

use crate::channel::Target;
use crate::taking::{Form, Taken, Taking, Wanted, since, take};
use crate::view::View;

/// Bytes written before others may have the log.
const STRETCH_BYTES: usize = 64 * 1024;

/// A subscription, and where it stood before the events of the last delivery were taken.
#[derive(Debug)]
pub(crate) struct Position {
    pub(crate) subscription: Subscription<TopicId>,
    before: ReplayId,
    pub(crate) view: View,
    /// What its events count as.
    pub(crate) meter: Meter,
    /// The channel, if it groups several topics; none also if it is no longer there.
    pub(crate) group: Option<Arc<Channel>>,
    /// Where the log was when it began.
    pub(crate) since: ReplayId,
}

impl Position {
    /// What is done to the events of a topic.
    pub(crate) fn lens(&self, topic: TopicId) -> Option<&Arc<Lens>> {
        self.group.as_ref()?.lens(topic)
    }
}

/// Where a subscription stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) channel: Box<str>,
    pub(crate) topics: Vec<TopicId>,
    pub(crate) reached: ReplayId,
}

/// What a client asks for in a subscribe.
pub(crate) struct Wish<'w> {
    pub(crate) channel: &'w str,
    pub(crate) target: Target,
    pub(crate) preset: ReplayPreset,
    pub(crate) bounds: Bounds,
}

/// What to read from the log when memory does not hold it, or somebody has to look at it.
pub(crate) struct Reading {
    pub(crate) from: ReplayId,
    pub(crate) filter: TopicFilter,
    pub(crate) sights: Vec<Sight>,
    generation: u64,
}

/// What a look into the log led to.
pub(crate) enum Step<T> {
    /// That is it.
    Done(T),
    /// There is more; let others have the log first.
    Again,
    /// Memory does not go back that far.
    Read(Reading),
}

pub(crate) struct Machine {
    pub(crate) session: Session<Position>,
    /// The API version of the handshake decides the form of events.
    pub(crate) version: ApiVersion,
    login: Arc<Login>,
    /// What its user could do when its subscriptions were last looked at.
    access: Arc<Access>,
    waiting: Vec<(PollId, oneshot::Sender<Answer>)>,
    last_poll: u64,
    last_delivery: u64,
    /// The events of the last delivery, until it is known to have left.
    delivery: Batch,
    /// The topics of all subscriptions.
    filter: TopicFilter,
    /// New definitions may have more for the channel of all changes.
    deployments: watch::Receiver<Arc<Definitions>>,
    /// Moves on with every change of the subscriptions: what was read from the log for the old ones may lack events
    /// of the new ones.
    generation: u64,
}

impl Machine {
    pub(crate) fn new(engine: &Engine, session: Session<Position>, login: Arc<Login>) -> Self {
        Self {
            deployments: engine.deployments(),
            session,
            version: ApiVersion::NEWEST,
            access: login.access(),
            login,
            waiting: Vec::new(),
            last_poll: 0,
            last_delivery: 0,
            delivery: Batch::default(),
            filter: TopicFilter::These(Vec::new()),
            generation: 0,
        }
    }

    /// Feeds the session and hands out the answers that fall due.
    ///
    /// # Errors
    /// What the client that asked is told.
    pub(crate) fn feed(&mut self, now: Moment, input: Input<Position>) -> Result<(), Fault> {
        let taken = self.session.handle(now, input);
        while let Some(output) = self.session.poll_output() {
            match output {
                Output::Answer(id, answer) => {
                    if let Some(place) = self.waiting.iter().position(|(waiting, _)| *waiting == id)
                    {
                        // Nobody listens if the request is gone; the session hears of that by itself.
                        let _ = self.waiting.swap_remove(place).1.send(answer);
                    }
                }
                Output::Ended(_) => self.waiting.clear(),
            }
        }
        taken.map_err(|error| match error {
            landfall_bayeux::Error::ClientUnknown => Fault::ClientUnknown,
            landfall_bayeux::Error::SubscriptionsExceeded => Fault::SubscriptionLimitExceeded,
        })
    }

    /// Hands a connect to the session.
    ///
    /// # Errors
    /// [`Fault::ClientUnknown`] if the session is over.
    pub(crate) fn connect(
        &mut self,
        now: Moment,
        alone: bool,
        events_pending: bool,
        advice: RequestedAdvice,
    ) -> Result<(PollId, oneshot::Receiver<Answer>), Fault> {
        let (answer, answered) = oneshot::channel();
        self.last_poll += 1;
        let id = PollId(self.last_poll);
        self.waiting.push((id, answer));
        let poll = Poll {
            id,
            alone,
            events_pending,
            advice,
        };
        let taken = self.feed(now, Input::Connect(poll));
        if taken.is_err() {
            self.forget(id);
        }
        taken.map(|()| (id, answered))
    }

    /// Nobody waits for this poll's answer any more.
    pub(crate) fn forget(&mut self, id: PollId) {
        self.waiting.retain(|(waiting, _)| *waiting != id);
    }

    /// Subscribes, or subscribes again.
    ///
    /// A repeated subscribe that names no place in the log stays where it is: clients repeat what they got no answer to,
    /// and would lose what waits for them. One that names a place goes there.
    ///
    /// # Errors
    /// [`Fault::ClientUnknown`], [`Fault::SubscriptionLimitExceeded`], [`Fault::ReplayIdInvalid`].
    pub(crate) fn subscribe(
        &mut self,
        engine: &Engine,
        now: Moment,
        wish: Wish<'_>,
    ) -> Result<(), Fault> {
        let present = self.session.subscription(wish.channel);
        let (place, before) = match present.filter(|_| wish.preset == ReplayPreset::Latest) {
            Some(present) => {
                let here = Bounds {
                    earliest: None,
                    tail: present.subscription.cursor(),
                };
                (here, Some(present.before))
            }
            None => (wish.bounds, None),
        };
        let Target { topics, view } = wish.target;
        let subscription = Subscription::open(topics, wish.preset, place)?;
        let position = Position {
            before: before.unwrap_or_else(|| subscription.cursor()),
            subscription,
            view,
            meter: Meter::of_channel(wish.channel),
            group: None,
            since: since(engine),
        };
        self.feed(now, Input::Subscribe(wish.channel.into(), position))?;
        // What was looked up for the wish may be older than what this client has seen of the definitions.
        self.regroup(engine);
        Ok(())
    }

    /// Ends a subscription; not being subscribed is no error.
    ///
    /// # Errors
    /// [`Fault::ClientUnknown`].
    pub(crate) fn unsubscribe(&mut self, now: Moment, channel: &str) -> Result<(), Fault> {
        self.feed(now, Input::Unsubscribe(channel.into()))?;
        self.subscriptions_changed();
        Ok(())
    }

    /// Takes note of the newest login of the client's user. Rights that are lost end what they allowed; rights that are
    /// new count for new subscriptions.
    ///
    /// Source: "Required Permissions" (Change Data Capture Developer Guide); who lost access gets no further events.
    pub(crate) fn logged_in(&mut self, engine: &Engine, login: &Arc<Login>) {
        self.login = Arc::clone(login);
        self.narrow(engine);
    }

    /// Ends what the user may no longer receive; says whether their rights are others.
    fn narrow(&mut self, engine: &Engine) -> bool {
        let access = self.login.access();
        if Arc::ptr_eq(&self.access, &access) {
            return false;
        }
        let definitions = engine.definitions();
        let positions = self.session.subscriptions_mut();
        for (_, position) in positions.filter(|(_, position)| position.view.is_whole()) {
            let subscription = &mut position.subscription;
            subscription.narrow(|topic| may_keep(&definitions, &access, *topic));
        }
        self.access = access;
        self.subscriptions_changed();
        true
    }

    /// Whether there are new definitions or other rights: channels then carry what they say, in the way that they say, and
    /// what was lost is no longer received.
    ///
    /// They are in force before the first event that needs them. So who asks with events in hand, before any position
    /// moves past them, has missed none.
    pub(crate) fn redefined(&mut self, engine: &Engine) -> bool {
        let narrowed = self.narrow(engine);
        let redefined = is_redefined(&self.deployments);
        if redefined {
            self.deployments.mark_unchanged();
            self.regroup(engine);
        }
        narrowed || redefined
    }

    fn regroup(&mut self, engine: &Engine) {
        let definitions = engine.definitions();
        for (channel, position) in self.session.subscriptions_mut() {
            if Topic::is_channel(channel) {
                // It is open to everybody, and carries what the login may read; nothing if it is gone.
                let topics = landfall_auth::topics(engine, &self.login, channel);
                position.subscription.carry(topics.unwrap_or_default());
                position.group = definitions.channel(channel).cloned();
            }
        }
        self.subscriptions_changed();
    }

    fn subscriptions_changed(&mut self) {
        self.generation += 1;
        let positions = self.session.subscriptions();
        let topics = feed::topics(positions.map(|(_, position)| &position.subscription));
        self.filter = TopicFilter::These(topics);
    }

    /// The login of a client whose poll is held: it is in use as long as it waits.
    pub(crate) fn waiting_login(&self) -> Option<Arc<Login>> {
        self.session.parked().map(|_| Arc::clone(&self.login))
    }

    /// The topics of all subscriptions.
    pub(crate) const fn filter(&self) -> &TopicFilter {
        &self.filter
    }

    fn position(&self) -> Option<ReplayId> {
        let positions = self.session.subscriptions();
        feed::position(positions.map(|(_, position)| &position.subscription))
    }

    fn reading(&self, from: ReplayId) -> Reading {
        let positions = self.session.subscriptions();
        let sights = positions.flat_map(|(_, position)| {
            let lenses = position.group.iter().flat_map(|group| group.lenses());
            lenses.map(|(topic, lens)| Sight {
                topic,
                lens: Arc::clone(lens),
                since: position.since,
            })
        });
        Reading {
            from,
            filter: self.filter.clone(),
            sights: sights.collect(),
            generation: self.generation,
        }
    }

    /// Whether an event waits to be sent, as far as memory knows. Positions move past what nobody wants.
    pub(crate) fn look(&mut self, engine: &Engine) -> Step<bool> {
        let Some(from) = self.position() else {
            return Step::Done(false);
        };
        let (mut found, mut unseen) = (false, false);
        let seen = Seen::default();
        let session = &self.session;
        let reached = engine.log().visit_recent(from, &self.filter, |event| {
            match Wanted::of(engine, &seen, session, event) {
                Wanted::Nothing => return ControlFlow::Continue(()),
                Wanted::Some(..) => found = true,
                Wanted::Unseen => unseen = true,
            }
            ControlFlow::Break(())
        });
        match reached {
            Some(_) if self.redefined(engine) => Step::Again,
            Some(reached) if unseen => {
                self.advance(reached);
                Step::Read(self.reading(reached))
            }
            Some(reached) => {
                self.advance(reached);
                Step::Done(found)
            }
            None => Step::Read(self.reading(from)),
        }
    }

    /// The same with what was read.
    pub(crate) fn look_at(
        &mut self,
        engine: &Engine,
        reading: &Reading,
        (stretch, seen): (&Stretch, &Seen),
    ) -> Step<bool> {
        if self.redefined(engine) || self.generation != reading.generation {
            return Step::Again;
        }
        for event in &stretch.events {
            match Wanted::of(engine, seen, &self.session, event) {
                Wanted::Nothing => self.advance(event.event().replay_id),
                Wanted::Some(..) => return Step::Done(true),
                Wanted::Unseen => return Step::Again,
            }
        }
        self.advance(stretch.reached);
        if stretch.reached <= reading.from {
            Step::Done(false)
        } else {
            Step::Again
        }
    }

    /// The number of a delivery that begins: positions can come back to where they are now.
    pub(crate) fn begin_delivery(&mut self) -> u64 {
        for (_, position) in self.session.subscriptions_mut() {
            position.before = position.subscription.cursor();
        }
        self.last_delivery += 1;
        self.delivery = Batch::default();
        self.last_delivery
    }

    /// What a delivery that has left consisted of.
    pub(crate) fn delivered(&mut self, delivery: u64) -> Batch {
        if delivery == self.last_delivery {
            std::mem::take(&mut self.delivery)
        } else {
            Batch::default()
        }
    }

    /// Whether the org may not be sent any more events of a kind that the session is subscribed to; for a session without
    /// subscriptions, of any kind.
    ///
    /// Source: "Streaming API Error Codes" (Streaming API Developer Guide): a first connect is refused as well.
    pub(crate) fn is_used_up(&self, usage: &Usage) -> bool {
        let used_up = |meter| usage.left(meter) == Some(0);
        let mut positions = self.session.subscriptions().peekable();
        if positions.peek().is_none() {
            return Meter::DELIVERIES.into_iter().any(used_up);
        }
        positions.any(|(_, position)| used_up(position.meter))
    }

    /// Where the subscriptions stand.
    pub(crate) fn places(&self) -> Vec<Place> {
        let positions = self.session.subscriptions();
        let places = positions.map(|(channel, position)| Place {
            channel: channel.into(),
            topics: position.subscription.topics().to_vec(),
            reached: position.subscription.cursor(),
        });
        places.collect()
    }

    /// Takes the events that wait, in order, as many as the response may hold, as far as memory knows them.
    pub(crate) fn take(&mut self, engine: &Engine, response: &mut Response) -> Step<()> {
        let Some(from) = self.position() else {
            return Step::Done(());
        };
        let start = response.len();
        let mut taken = Taken::Whole;
        let seen = Seen::default();
        let access = Arc::clone(&self.access);
        let (session, form) = (&mut self.session, Form::of(engine, self.version, &access));
        let mut taking = Taking::begin(engine.usage(), session, &mut self.delivery);
        let deployments = &self.deployments;
        let reached = engine.log().visit_recent(from, &self.filter, |event| {
            if is_redefined(deployments) {
                return ControlFlow::Break(());
            }
            taken = take(session, form, &seen, event, response, &mut taking);
            if taken != Taken::Whole || response.len() - start > STRETCH_BYTES {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        match reached {
            None => Step::Read(self.reading(from)),
            Some(_) if self.redefined(engine) => Step::Again,
            Some(_) if taken == Taken::Full => Step::Done(()),
            Some(reached) => {
                self.advance(reached);
                if taken == Taken::Unseen {
                    Step::Read(self.reading(reached))
                } else if response.len() - start > STRETCH_BYTES {
                    Step::Again
                } else {
                    Step::Done(())
                }
            }
        }
    }

    /// The same with what was read.
    pub(crate) fn take_from(
        &mut self,
        engine: &Engine,
        reading: &Reading,
        (stretch, seen): (&Stretch, &Seen),
        response: &mut Response,
    ) -> Step<()> {
        if self.redefined(engine) || self.generation != reading.generation {
            return Step::Again;
        }
        let access = Arc::clone(&self.access);
        let form = Form::of(engine, self.version, &access);
        let mut taking = Taking::begin(engine.usage(), &self.session, &mut self.delivery);
        let mut reached = reading.from;
        for event in &stretch.events {
            match take(&mut self.session, form, seen, event, response, &mut taking) {
                Taken::Whole => reached = event.event().replay_id,
                Taken::Full => return Step::Done(()),
                Taken::Unseen => {
                    self.advance(reached);
                    return Step::Again;
                }
            }
        }
        self.advance(stretch.reached);
        if stretch.reached <= reading.from {
            Step::Done(())
        } else {
            Step::Again
        }
    }

    /// Takes back a delivery that reached nobody, unless the session has moved on to the next.
    pub(crate) fn take_back(&mut self, delivery: u64) {
        if delivery == self.last_delivery {
            for (_, position) in self.session.subscriptions_mut() {
                position.subscription.rewind(position.before);
            }
        }
    }

    fn advance(&mut self, to: ReplayId) {
        let positions = self.session.subscriptions_mut();
        feed::advance(
            positions.map(|(_, position)| &mut position.subscription),
            to,
        );
    }
}

/// Whether there are definitions that the client has not seen. Nobody makes new ones once the engine is gone.
fn is_redefined(deployments: &watch::Receiver<Arc<Definitions>>) -> bool {
    deployments.has_changed().unwrap_or(false)
}
