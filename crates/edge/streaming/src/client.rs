//! One streaming client: its Bayeux session, its subscriptions' positions, and whoever waits for its polls.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use landfall_auth::Login;
use landfall_bayeux::{Answer, Input, Moment, Output, Poll, PollId, RequestedAdvice, Response, Session, Timings};
use landfall_engine::{Engine, Error, Watcher};
use landfall_model::{Fault, RecordId, limits};
use landfall_engine::{Event, TopicFilter, TopicId};
use landfall_subscription::{Subscription, feed};
use tokio::sync::oneshot;
use tracing::error;

/// Events looked at in one step of a delivery.
const STRETCH_EVENTS: usize = 512;

/// A client that has shaken hands.
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) user: RecordId,
    /// Value of the cookie that ties the client to its browser.
    pub(crate) browser: String,
    watcher: Watcher,
    machine: Mutex<Machine>,
    /// Held while events are taken for a response, so that two responses cannot share out one stretch of the log.
    delivering: tokio::sync::Mutex<()>,
}

struct Machine {
    session: Session<Subscription<TopicId>>,
    waiting: Vec<(PollId, oneshot::Sender<Answer>)>,
    last_poll: u64,
    login: Arc<Login>,
}

/// A poll that waits for its answer. Dropping it tells the session that nobody reads the answer any more.
pub(crate) struct Waiting {
    client: Arc<Client>,
    engine: Engine,
    id: PollId,
    answer: oneshot::Receiver<Answer>,
    answered: bool,
}

impl Client {
    pub(crate) fn new(
        engine: &Engine,
        login: Arc<Login>,
        id: String,
        browser: String,
        timings: Timings,
    ) -> Self {
        Self {
            id,
            user: login.user_id,
            browser,
            watcher: engine.log().watch(),
            machine: Mutex::new(Machine {
                session: Session::new(moment(engine), timings),
                waiting: Vec::new(),
                last_poll: 0,
                login,
            }),
            delivering: tokio::sync::Mutex::new(()),
        }
    }

    fn machine(&self) -> MutexGuard<'_, Machine> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Feeds the session and hands out the answers that fall due.
    ///
    /// # Errors
    /// What the client that asked is told.
    pub(crate) fn feed(
        &self,
        engine: &Engine,
        input: Input<Subscription<TopicId>>,
    ) -> Result<(), Fault> {
        self.machine().feed(moment(engine), input)
    }

    pub(crate) fn subscribe(
        &self,
        engine: &Engine,
        channel: &str,
        subscription: Subscription<TopicId>,
    ) -> Result<(), Fault> {
        let mut machine = self.machine();
        machine.feed(
            moment(engine),
            Input::Subscribe(channel.into(), subscription),
        )?;
        self.watch(&machine);
        // What is replayed may be there already: let a held poll look.
        self.watcher.wake();
        Ok(())
    }

    pub(crate) fn unsubscribe(&self, engine: &Engine, channel: &str) -> Result<(), Fault> {
        let mut machine = self.machine();
        machine.feed(moment(engine), Input::Unsubscribe(channel.into()))?;
        self.watch(&machine);
        Ok(())
    }

    fn watch(&self, machine: &Machine) {
        self.watcher
            .set(TopicFilter::These(machine.topics()));
    }

    /// Takes note of the newest login of the client's user.
    pub(crate) fn logged_in(&self, login: &Arc<Login>) {
        let mut machine = self.machine();
        if !Arc::ptr_eq(&machine.login, login) {
            machine.login = Arc::clone(login);
        }
    }

    /// The login of a client whose poll is held: it is in use as long as it waits.
    pub(crate) fn waiting_login(&self) -> Option<Arc<Login>> {
        let machine = self.machine();
        machine
            .session
            .parked()
            .map(|_| Arc::clone(&machine.login))
    }

    /// Lets time pass; says whether the session is over.
    pub(crate) fn tick(&self, engine: &Engine) -> bool {
        let mut machine = self.machine();
        let now = moment(engine);
        let due = machine
            .session
            .poll_timeout()
            .is_none_or(|timeout| timeout <= now);
        if due {
            // A tick is refused by nobody: the session only notes the time.
            let _ = machine.feed(now, Input::Tick);
        }
        machine.session.is_ended()
    }

    /// Hands a connect to the session.
    ///
    /// # Errors
    /// [`Fault::ClientUnknown`] if the session is over, [`Fault::StoreUnavailable`] if the log cannot be read.
    pub(crate) async fn connect(
        self: &Arc<Self>,
        engine: &Engine,
        alone: bool,
        advice: RequestedAdvice,
    ) -> Result<Waiting, Fault> {
        let events_pending = alone && self.has_pending(engine).await.map_err(Error::fault)?;
        let (answer, answered) = oneshot::channel();
        let mut machine = self.machine();
        machine.last_poll += 1;
        let id = PollId(machine.last_poll);
        machine.waiting.push((id, answer));
        let poll = Poll {
            id,
            alone,
            events_pending,
            advice,
        };
        let taken = machine.feed(moment(engine), Input::Connect(poll));
        if taken.is_err() {
            machine.waiting.retain(|(waiting, _)| *waiting != id);
        }
        drop(machine);
        taken?;
        Ok(Waiting {
            client: Arc::clone(self),
            engine: engine.clone(),
            id,
            answer: answered,
            answered: false,
        })
    }

    /// Whether an event waits to be sent. Positions move past what nobody wants.
    async fn has_pending(&self, engine: &Engine) -> Result<bool, Error> {
        let _one = self.delivering.lock().await;
        loop {
            let Some((from, filter)) = self.machine().position() else {
                return Ok(false);
            };
            let stretch = engine.log().read(from, &filter, 1).await?;
            if !stretch.events.is_empty() {
                return Ok(true);
            }
            self.machine().advance(stretch.reached);
            if stretch.reached <= from || stretch.reached >= engine.log().bounds().tail {
                return Ok(false);
            }
        }
    }

    /// Writes the events that wait, in order, as many as one response may hold.
    ///
    /// # Errors
    /// [`Error::Store`] if the log cannot be read: what was written before stays good.
    pub(crate) async fn deliver(&self, engine: &Engine, response: &mut Response) -> Result<(), Error> {
        let _one = self.delivering.lock().await;
        loop {
            let Some((from, filter)) = self.machine().position() else {
                return Ok(());
            };
            let stretch = engine.log().read(from, &filter, STRETCH_EVENTS).await?;
            let mut machine = self.machine();
            for event in &stretch.events {
                let data = event.rendition(|event| rendered(engine, event));
                if !response.is_empty()
                    && response.len() + data.len() > limits::STREAMING_RESPONSE_BYTES_MAX
                {
                    return Ok(());
                }
                let (replay_id, topic) = (event.event().replay_id, event.event().topic);
                for channel in feed::take(machine.session.subscriptions_mut(), replay_id, topic) {
                    if !data.is_empty() {
                        response.event(channel, data);
                    }
                }
            }
            machine.advance(stretch.reached);
            if stretch.reached <= from || stretch.reached >= engine.log().bounds().tail {
                return Ok(());
            }
        }
    }
}

impl Machine {
    fn feed(&mut self, now: Moment, input: Input<Subscription<TopicId>>) -> Result<(), Fault> {
        let taken = self.session.handle(now, input);
        while let Some(output) = self.session.poll_output() {
            match output {
                Output::Answer(id, answer) => {
                    if let Some(place) = self.waiting.iter().position(|(waiting, _)| *waiting == id) {
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

    fn topics(&self) -> Vec<TopicId> {
        feed::topics(self.session.subscriptions().map(|(_, subscription)| subscription))
    }

    fn position(&self) -> Option<(landfall_model::ReplayId, TopicFilter)> {
        let subscriptions = self.session.subscriptions().map(|(_, subscription)| subscription);
        let from = feed::position(subscriptions)?;
        Some((from, TopicFilter::These(self.topics())))
    }

    fn advance(&mut self, to: landfall_model::ReplayId) {
        feed::advance(
            self.session
                .subscriptions_mut()
                .map(|(_, subscription)| subscription),
            to,
        );
    }
}

impl Waiting {
    /// Ends with the poll's answer; none if the session ended without one. `stopping` ends when the server goes away.
    pub(crate) async fn answered(
        mut self,
        login: &Login,
        refusal: impl Fn() -> landfall_bayeux::Refusal,
        stopping: impl Future<Output = ()>,
    ) -> Option<Answer> {
        let client = Arc::clone(&self.client);
        let engine = self.engine.clone();
        let mut stopping = std::pin::pin!(stopping);
        let mut revoked = std::pin::pin!(login.ended());
        let mut going_on = true;
        loop {
            let deadline = client.machine().session.poll_timeout()?;
            let due = engine.clock().wait_until(timestamp(deadline));
            let input = tokio::select! {
                biased;
                answer = &mut self.answer => {
                    self.answered = true;
                    return answer.ok();
                }
                () = &mut revoked, if going_on => {
                    going_on = false;
                    Input::Refuse(refusal())
                }
                () = &mut stopping, if going_on => {
                    going_on = false;
                    Input::Release
                }
                () = client.watcher.woken() => match client.has_pending(&engine).await {
                    Ok(false) => continue,
                    Ok(true) => Input::EventsAvailable,
                    Err(error) => {
                        error!(%error, client_id = %client.id, "the log cannot be read");
                        Input::Release
                    }
                },
                () = due => Input::Tick,
            };
            client.feed(&engine, input).ok()?;
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if !self.answered {
            let mut machine = self.client.machine();
            machine.waiting.retain(|(waiting, _)| *waiting != self.id);
            // An abandoned poll is refused by nobody: the session only notes it.
            let _ = machine.feed(moment(&self.engine), Input::Abandoned(self.id));
        }
    }
}

/// The session's time.
fn moment(engine: &Engine) -> Moment {
    Moment::from_millis(u64::try_from(engine.clock().now().as_millis()).unwrap_or_default())
}

fn timestamp(moment: Moment) -> landfall_model::Timestamp {
    landfall_model::Timestamp::from_millis(i64::try_from(moment.as_millis()).unwrap_or(i64::MAX))
}

/// The `data` of an event message. Empty if the event cannot be read, which is a defect that is logged, not sent.
fn rendered(engine: &Engine, event: &Event) -> Bytes {
    let mut data = Vec::with_capacity(512 + event.payload.len() * 2);
    data.extend_from_slice(b"{\"schema\":\"");
    data.extend_from_slice(event.schema.to_string().as_bytes());
    data.extend_from_slice(b"\",\"payload\":");
    let rendered = engine
        .schema(event.schema)
        .ok_or_else(|| "its schema is unknown".to_owned())
        .and_then(|schema| {
            schema
                .render_cometd(&event.payload, &mut data)
                .map_err(|error| error.to_string())
        });
    if let Err(reason) = rendered {
        error!(replay_id = %event.replay_id, schema = %event.schema, reason, "an event cannot be rendered");
        return Bytes::new();
    }
    data.extend_from_slice(b",\"event\":{\"replayId\":");
    data.extend_from_slice(event.replay_id.to_string().as_bytes());
    data.extend_from_slice(b"}}");
    Bytes::from(data)
}
