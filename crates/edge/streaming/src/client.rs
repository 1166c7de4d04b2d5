//! One streaming client: its user, its state behind a lock, and what is sent to it.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use landfall_auth::Login;
use landfall_bayeux::{
    Answer, Input, Moment, Poll, PollId, RequestedAdvice, Response, Session, Timings,
};
use landfall_engine::usage::{self, Tally};
use landfall_engine::{Engine, Error, LogEvent, Prepare, Rendition, Watcher};
use landfall_model::limits::STREAMING_RESERVED_BYTES_MAX;
use landfall_model::{Fault, RecordId, Timestamp};
use landfall_subscription::{Bounds, Read};
use tracing::error;

use crate::alarms::Alarms;
use crate::in_flight::InFlight;
use crate::poll::Waiting;
use crate::render::Renderer;
use crate::state::{Reading, State, Step, SubscribeRequest};

/// A client that has shaken hands.
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) user: RecordId,
    pub(crate) watcher: Watcher,
    /// Usage of what it was sent.
    pub(crate) tally: Arc<Tally>,
    state: Mutex<State>,
    /// Held while the log is read, so that two requests cannot share out one part of it.
    delivering: landfall_lock::Mutex<()>,
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
            tally: engine
                .usage()
                .subscriber(usage::Client::CometD(id.as_str().into())),
            id,
            user: login.user_id,
            watcher: engine.log().watch(),
            state: Mutex::new(State::new(
                engine,
                Session::new(moment(engine), timings),
                login,
                browser,
            )),
            delivering: landfall_lock::Mutex::new(landfall_lock::Rank::Delivery, ()),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Feeds the session and hands out the answers that fall due.
    ///
    /// # Errors
    /// The fault that the client's request is answered with.
    pub(crate) fn feed(&self, engine: &Engine, input: Input) -> Result<(), Fault> {
        self.state().feed(moment(engine), input)
    }

    /// The same for a poll whose answer the caller takes, if there is one.
    ///
    /// # Errors
    /// The fault that the client's request is answered with.
    pub(crate) fn feed_for(
        &self,
        engine: &Engine,
        poll: PollId,
        input: Input,
    ) -> Result<Option<Answer>, Fault> {
        self.state().feed_for(moment(engine), poll, input)
    }

    /// Whether it has a subscription to a channel.
    pub(crate) fn is_subscribed(&self, channel: &str) -> bool {
        self.state().is_subscribed(channel)
    }

    /// Subscribes to channels in order, up to the first that is refused.
    ///
    /// # Errors
    /// The first refusal.
    pub(crate) fn subscribe<'m>(
        &self,
        engine: &Engine,
        mut requests: impl Iterator<Item = Result<SubscribeRequest<'m>, Fault>>,
    ) -> Result<(), Fault> {
        let now = moment(engine);
        let mut state = self.state();
        let fed = requests.try_for_each(|request| state.subscribe(engine, now, request?));
        self.watcher.set(state.filter().clone());
        // What is replayed may be there already: let a held poll look.
        self.watcher.wake();
        fed
    }

    /// Ends subscriptions.
    ///
    /// # Errors
    /// [`landfall_model::StreamingFault::ClientUnknown`] if the session is over.
    pub(crate) fn unsubscribe(&self, engine: &Engine, channels: &[Box<str>]) -> Result<(), Fault> {
        let now = moment(engine);
        let mut state = self.state();
        let fed = channels
            .iter()
            .try_for_each(|channel| state.unsubscribe(now, channel));
        self.watcher.set(state.filter().clone());
        fed
    }

    /// Takes note of the newest login of the client's user.
    pub(crate) fn logged_in(&self, engine: &Engine, login: &Arc<Login>) {
        self.state().logged_in(engine, login);
    }

    /// Takes note of new definitions.
    pub(crate) fn redefined(&self, engine: &Engine) {
        let mut state = self.state();
        state.refresh(engine);
        self.watcher.set(state.filter().clone());
        // Events of what is new may be there already.
        self.watcher.wake();
    }

    /// The login of a client whose poll is held: it is in use as long as it waits.
    pub(crate) fn waiting_login(&self) -> Option<Arc<Login>> {
        self.state().waiting_login()
    }

    /// Lets time pass; says whether the session is over.
    pub(crate) fn tick(&self, engine: &Engine) -> bool {
        let mut state = self.state();
        let now = moment(engine);
        let due = state
            .session
            .poll_timeout()
            .is_none_or(|timeout| timeout <= now);
        if due {
            // A tick is refused by nobody: the session only notes the time.
            let _ = state.feed(now, Input::Tick);
        }
        state.session.is_ended()
    }

    /// Hands a connect to the session.
    ///
    /// # Errors
    /// [`landfall_model::StreamingFault::ClientUnknown`] if the session is over,
    /// [`landfall_model::ServiceFault::StoreUnavailable`] if the log cannot be read.
    pub(crate) async fn connect(
        self: &Arc<Self>,
        engine: &Engine,
        alarms: &Alarms,
        login: &Arc<Login>,
        alone: bool,
        advice: RequestedAdvice,
    ) -> Result<Waiting, Fault> {
        let events_pending = alone && self.has_pending(engine).await.map_err(Error::fault)?;
        let mut state = self.state();
        let id = state.next_poll();
        let poll = Poll {
            id,
            alone,
            events_pending,
            advice,
        };
        let answer = state.connect(moment(engine), poll, login)?;
        let is_held = state.session.parked() == Some(id);
        self.set_alarm(&mut state, alarms);
        drop(state);
        Ok(Waiting::new(
            Arc::clone(self),
            engine.clone(),
            id,
            answer,
            is_held,
        ))
    }

    /// Sees to it that a held poll ends by time.
    fn set_alarm(self: &Arc<Self>, state: &mut State, alarms: &Alarms) {
        let is_held = state.session.parked().is_some();
        let held_until = state.session.poll_timeout().filter(|_| is_held);
        if let Some(at) = held_until
            && state.alarm.is_none_or(|set| at < set)
        {
            alarms.set(self, state.alarm.replace(at), at);
        }
    }

    /// The alarm has gone off: answers the held poll, unless it is held for longer.
    pub(crate) fn rung(self: &Arc<Self>, engine: &Engine, alarms: &Alarms) {
        let mut state = self.state();
        state.alarm = None;
        // A tick is refused by nobody: the session only notes the time.
        let _ = state.feed(moment(engine), Input::Tick);
        self.set_alarm(&mut state, alarms);
    }

    /// Whether an event waits to be sent.
    ///
    /// # Errors
    /// [`Error::Store`] if the log cannot be read.
    pub(crate) async fn has_pending(&self, engine: &Engine) -> Result<bool, Error> {
        let _one = self.delivering.lock().await;
        let now = engine.clock().now();
        let log = {
            let mut state = self.state();
            state.begin_probe();
            bounds(engine, &state)
        };
        loop {
            let step = self.state().step(engine, (now, log), None);
            match step {
                Step::Available => return Ok(true),
                Step::Complete => return Ok(false),
                Step::Again => {}
                Step::Read(reading) => self.read_on(engine, reading, None).await?,
            }
        }
    }

    /// Reads what memory does not have, and passes it on. A future of its own: few polls read the store, and those that
    /// wait hold nothing for it.
    fn read_on<'r>(
        &'r self,
        engine: &'r Engine,
        reading: Box<Reading>,
        response: Option<&'r mut Response>,
    ) -> Pin<Box<impl Future<Output = Result<(), Error>> + 'r>> {
        Box::pin(async move {
            let prepare = prepare(engine);
            let Read { after, limit, .. } = reading.read;
            let log = engine.log();
            let stretch = log
                .read_prepared(after, &reading.filter, limit, &prepare)
                .await?;
            let seen = engine.evaluate(&stretch.events, &reading.lenses).await?;
            self.state()
                .pass_on(engine, &reading, (&stretch, &seen), response);
            Ok(())
        })
    }

    /// Writes the events that wait, in order, as many as one response may hold. What was written before the log could
    /// not be read any further stays good.
    pub(crate) async fn deliver(
        self: &Arc<Self>,
        engine: &Engine,
        response: &mut Response,
    ) -> InFlight {
        let _one = self.delivering.lock().await;
        let now = engine.clock().now();
        let in_flight = InFlight::begin(engine, self);
        let log = {
            let state = self.state();
            // The next is often as long as the last.
            response.reserve(state.response_bytes.min(STREAMING_RESERVED_BYTES_MAX));
            bounds(engine, &state)
        };
        loop {
            let step = {
                let mut state = self.state();
                let step = state.step(engine, (now, log), Some(response));
                state.response_bytes = response.len();
                step
            };
            let read = match step {
                Step::Available | Step::Complete => return in_flight,
                Step::Again => continue,
                Step::Read(reading) => self.read_on(engine, reading, Some(response)).await,
            };
            if let Err(error) = read {
                error!(%error, client_id = %self.id, "the log cannot be read");
                return in_flight;
            }
        }
    }
}

/// The bounds of the log now, as the client sees it.
fn bounds(engine: &Engine, state: &State) -> Bounds {
    let log = engine.log().deliverable(state.filter());
    Bounds {
        earliest: log.earliest,
        tail: log.tail,
    }
}

/// Renders old events before they are taken.
fn prepare(engine: &Engine) -> Prepare {
    let engine = engine.clone();
    Arc::new(move |events| {
        let mut renderer = Renderer::new(&engine, false);
        LogEvent::render_together(events, Rendition::Streaming, |event, data| {
            renderer.append(event, data);
        });
    })
}

/// A point of the session's time.
pub(crate) fn timestamp(moment: Moment) -> Timestamp {
    Timestamp::from_millis(i64::try_from(moment.as_millis()).unwrap_or(i64::MAX))
}

/// The session's time.
pub(crate) fn moment(engine: &Engine) -> Moment {
    Moment::from_millis(u64::try_from(engine.clock().now().as_millis()).unwrap_or_default())
}
