//! One streaming client: who it is, its session behind a lock, and what goes out to it.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use landfall_auth::Login;
use landfall_bayeux::{Input, Moment, RequestedAdvice, Response, Session, Timings};
use landfall_engine::usage::{self, Tally};
use landfall_engine::{Engine, Error, Prepare, Rendition, Seen, Stretch, Watcher};
use landfall_model::{Fault, RecordId, limits};
use tracing::error;

use crate::delivery::Delivery;
use crate::machine::{Machine, Position, Reading, Step, Wish};
use crate::poll::Waiting;
use crate::render::rendered;

/// Events taken in one step of a delivery from the store.
const STRETCH_EVENTS: usize = limits::REPLAY_PAGE_EVENTS_MAX;

/// The same where somebody has to look at them: few enough that what was seen is still kept when it is taken.
const LOOK_EVENTS: usize = 100;

/// A client that has shaken hands.
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) user: RecordId,
    /// Value of the cookie that ties the client to its browser.
    pub(crate) browser: String,
    pub(crate) watcher: Watcher,
    /// What it was sent.
    pub(crate) tally: Arc<Tally>,
    machine: Mutex<Machine>,
    /// Held while events are taken for a response, so that two responses cannot share out one stretch of the log.
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
            browser,
            watcher: engine.log().watch(),
            machine: Mutex::new(Machine::new(
                engine,
                Session::new(moment(engine), timings),
                login,
            )),
            delivering: landfall_lock::Mutex::new(landfall_lock::Rank::Delivery, ()),
        }
    }

    pub(crate) fn machine(&self) -> MutexGuard<'_, Machine> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Feeds the session and hands out the answers that fall due.
    ///
    /// # Errors
    /// What the client that asked is told.
    pub(crate) fn feed(&self, engine: &Engine, input: Input<Position>) -> Result<(), Fault> {
        self.machine().feed(moment(engine), input)
    }

    /// Whether it has a subscription to a channel.
    pub(crate) fn is_subscribed(&self, channel: &str) -> bool {
        self.machine().session.subscription(channel).is_some()
    }

    /// Subscribes to channels in order, up to the first that is refused.
    ///
    /// # Errors
    /// The first refusal.
    pub(crate) fn subscribe<'w>(
        &self,
        engine: &Engine,
        mut wishes: impl Iterator<Item = Result<Wish<'w>, Fault>>,
    ) -> Result<(), Fault> {
        let now = moment(engine);
        let mut machine = self.machine();
        let taken = wishes.try_for_each(|wish| machine.subscribe(engine, now, wish?));
        self.watcher.set(machine.filter().clone());
        // What is replayed may be there already: let a held poll look.
        self.watcher.wake();
        taken
    }

    /// Ends subscriptions.
    ///
    /// # Errors
    /// [`Fault::ClientUnknown`] if the session is over.
    pub(crate) fn unsubscribe(&self, engine: &Engine, channels: &[Box<str>]) -> Result<(), Fault> {
        let now = moment(engine);
        let mut machine = self.machine();
        let taken = channels
            .iter()
            .try_for_each(|channel| machine.unsubscribe(now, channel));
        self.watcher.set(machine.filter().clone());
        taken
    }

    /// Takes note of the newest login of the client's user.
    pub(crate) fn logged_in(&self, engine: &Engine, login: &Arc<Login>) {
        self.machine().logged_in(engine, login);
    }

    /// Takes note of new definitions.
    pub(crate) fn redefined(&self, engine: &Engine) {
        let mut machine = self.machine();
        machine.redefined(engine);
        self.watcher.set(machine.filter().clone());
        // Events of what is new may be there already.
        self.watcher.wake();
    }

    /// The login of a client whose poll is held: it is in use as long as it waits.
    pub(crate) fn waiting_login(&self) -> Option<Arc<Login>> {
        self.machine().waiting_login()
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
        let pending = alone && self.has_pending(engine).await.map_err(Error::fault)?;
        let mut machine = self.machine();
        let (id, answer) = machine.connect(moment(engine), alone, pending, advice)?;
        let held_until = match machine.session.parked() {
            Some(parked) if parked == id => machine.session.poll_timeout(),
            _ => None,
        };
        drop(machine);
        Ok(Waiting::new(
            Arc::clone(self),
            engine.clone(),
            id,
            answer,
            held_until,
        ))
    }

    /// Whether an event waits to be sent.
    ///
    /// # Errors
    /// [`Error::Store`] if the log cannot be read.
    pub(crate) async fn has_pending(&self, engine: &Engine) -> Result<bool, Error> {
        loop {
            let step = self.machine().look(engine);
            let reading = match step {
                Step::Done(pending) => return Ok(pending),
                Step::Again => continue,
                Step::Read(reading) => reading,
            };
            let (stretch, seen) = read(engine, &reading, 1).await?;
            let read = (&stretch, &seen);
            if let Step::Done(pending) = self.machine().look_at(engine, &reading, read) {
                return Ok(pending);
            }
        }
    }

    /// Writes the events that wait, in order, as many as one response may hold. What was written before the log could
    /// not be read any further stays good.
    pub(crate) async fn deliver(
        self: &Arc<Self>,
        engine: &Engine,
        response: &mut Response,
    ) -> Delivery {
        let _one = self.delivering.lock().await;
        let delivery = Delivery::begin(engine, self);
        loop {
            let step = self.machine().take(engine, response);
            let reading = match step {
                Step::Done(()) => return delivery,
                Step::Again => continue,
                Step::Read(reading) => reading,
            };
            let (stretch, seen) = match read(engine, &reading, STRETCH_EVENTS).await {
                Ok(read) => read,
                Err(error) => {
                    error!(%error, client_id = %self.id, "the log cannot be read");
                    return delivery;
                }
            };
            let step = self
                .machine()
                .take_from(engine, &reading, (&stretch, &seen), response);
            if let Step::Done(()) = step {
                return delivery;
            }
        }
    }
}

/// Reads on, `limit` events at most. A future of its own: few polls read the store, and those that wait hold nothing for it.
fn read<'r>(
    engine: &'r Engine,
    reading: &'r Reading,
    limit: usize,
) -> Pin<Box<impl Future<Output = Result<(Stretch, Seen), Error>> + 'r>> {
    Box::pin(async move {
        let limit = if reading.sights.is_empty() {
            limit
        } else {
            LOOK_EVENTS
        };
        let prepare = prepare(engine);
        let log = engine.log();
        let stretch = log
            .read_prepared(reading.from, &reading.filter, limit, &prepare)
            .await?;
        let seen = engine.look(&stretch.events, &reading.sights).await?;
        Ok((stretch, seen))
    })
}

/// Renders old events before they are taken.
fn prepare(engine: &Engine) -> Prepare {
    let engine = engine.clone();
    Arc::new(move |event| {
        event.rendition(Rendition::Streaming, |event| rendered(&engine, event));
    })
}

/// The session's time.
pub(crate) fn moment(engine: &Engine) -> Moment {
    Moment::from_millis(u64::try_from(engine.clock().now().as_millis()).unwrap_or_default())
}
