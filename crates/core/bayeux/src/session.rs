//! The server's end of one Bayeux session: when a poll is held, when it is answered, when the session ends.
//!
//! It holds no events: a session is a position in somebody else's log, so the machine only says *when* a response
//! goes out and whether events may go with it. It knows no HTTP, no tokens and no channel rules. What a subscription
//! is, is the caller's `T`. Start at [`Session::handle`].
//!
//! Source: "Clients and Timeouts" and "How the Client Connects" (Streaming API Developer Guide); what those leave
//! open follows the `CometD` 3 server.

use std::collections::VecDeque;
use std::time::Duration;

use crate::message::RequestedAdvice;
use crate::reply::{Advice, Refusal};
use crate::time::Moment;

/// Channels one session may be subscribed to. Source: none; no limit is published.
pub const SUBSCRIPTIONS_MAX: usize = 1_000;

/// The waits of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timings {
    /// How long a poll is held at most.
    ///
    /// Clients: python-bayeux reads with a timeout of exactly 110 s, so a second less than advised.
    pub hold: Duration,
    /// How long the client is told that a poll may be held. Source: "Clients and Timeouts".
    pub advised_timeout: Duration,
    /// How long the client is told to wait between polls.
    ///
    /// Clients: aiocometd and the PHP SDK read it as seconds: leave it zero.
    pub advised_interval: Duration,
    /// How long a session lives after its last response while no poll is held. Source: "Clients and Timeouts".
    pub max_interval: Duration,
}

impl Default for Timings {
    fn default() -> Self {
        Self {
            hold: Duration::from_secs(109),
            advised_timeout: Duration::from_secs(110),
            advised_interval: Duration::ZERO,
            max_interval: Duration::from_secs(40),
        }
    }
}

/// The caller's name for one connect request that waits for its answer; unique within the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PollId(pub u64);

/// What happens to a session.
#[derive(Debug)]
pub enum Input<T> {
    /// A connect arrived and was found good (its connection type, its token).
    Connect(Poll),
    /// The HTTP request of this poll is gone; nobody reads its answer.
    Abandoned(PollId),
    /// At least one subscription has something to send. Needed only when that changes, not per event.
    EventsAvailable,
    /// A subscribe was accepted; subscribing again replaces the value.
    Subscribe(Box<str>, T),
    /// An unsubscribe; not being subscribed is no error.
    Unsubscribe(Box<str>),
    /// Any other response was written for this session: its time to live starts again.
    Responded,
    /// The session's token was refused or revoked: the held poll ends with this refusal. The session itself lives on
    /// for its window, since clients come back to it with a new token.
    Refuse(Refusal),
    /// The held poll ends as an empty success, because the server is going away.
    Release,
    /// The client disconnects.
    Disconnect,
    /// Time passed; due whenever [`Session::poll_timeout`] is reached.
    Tick,
}

/// One connect request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Poll {
    /// Its name in [`Output::Answer`].
    pub id: PollId,
    /// Whether it was the only message of its HTTP request; others wait for nothing, so it is not held then.
    pub alone: bool,
    /// Whether events wait to be sent.
    pub events_pending: bool,
    /// What the client wants for this poll only.
    pub advice: RequestedAdvice,
}

/// What the caller does next.
#[derive(Debug, PartialEq, Eq)]
pub enum Output {
    /// Answer this poll now. Every poll that [`Session::handle`] took gets exactly one, unless abandoned first.
    Answer(PollId, Answer),
    /// The session is over; its subscriptions are gone. Always the last output.
    Ended(Ending),
}

/// How a poll is answered.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// Success, after as many events as wait and fit; none is fine too.
    Deliver(Option<Advice>),
    /// Success without events, even if some wait.
    Empty(Option<Advice>),
    /// Failure, as the caller worded it.
    Refused(Refusal),
}

/// Why a session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The client said so.
    Disconnected,
    /// The client did not come back in time.
    Expired,
}

/// Why an input has no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The session is over, or just ended by its time running out.
    #[error("the session is over")]
    ClientUnknown,
    /// The session has [`SUBSCRIPTIONS_MAX`] subscriptions.
    #[error("the session has {SUBSCRIPTIONS_MAX} subscriptions already")]
    SubscriptionsExceeded,
}

/// The server's end of one session.
#[derive(Debug)]
pub struct Session<T> {
    timings: Timings,
    state: State,
    /// Sorted by channel.
    subscriptions: Vec<(Box<str>, T)>,
    outputs: VecDeque<Output>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Shaken hands, no connect yet: the first one is answered at once.
    Fresh { expires: Moment },
    /// No poll is held.
    Idle { expires: Moment },
    /// A poll is held.
    Parked { poll: Poll, deadline: Moment },
    /// Over.
    Ended,
}

impl<T> Session<T> {
    /// A session whose handshake is being answered.
    pub fn new(now: Moment, timings: Timings) -> Self {
        Self {
            timings,
            state: State::Fresh {
                expires: now + timings.max_interval,
            },
            subscriptions: Vec::new(),
            outputs: VecDeque::new(),
        }
    }

    /// Feeds one input. Drain [`Self::poll_output`] to `None` before feeding the next.
    ///
    /// # Errors
    /// [`Error::ClientUnknown`] once the session is over, and [`Error::SubscriptionsExceeded`]; the caller answers
    /// the message that caused the input. There may be outputs all the same.
    pub fn handle(&mut self, now: Moment, input: Input<T>) -> Result<(), Error> {
        self.expire(now);
        let _ = input;
        Ok(())
    }

    /// The next thing to do, until `None`.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to feed [`Input::Tick`]; `None` once the session is over.
    pub const fn poll_timeout(&self) -> Option<Moment> {
        match self.state {
            State::Fresh { expires } | State::Idle { expires } => Some(expires),
            State::Parked { deadline, .. } => Some(deadline),
            State::Ended => None,
        }
    }

    /// The poll that is held.
    pub const fn parked(&self) -> Option<PollId> {
        match self.state {
            State::Parked { poll, .. } => Some(poll.id),
            State::Fresh { .. } | State::Idle { .. } | State::Ended => None,
        }
    }

    /// Whether the session is over.
    pub const fn is_ended(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    /// The subscriptions, by channel.
    pub fn subscriptions(&self) -> impl ExactSizeIterator<Item = (&str, &T)> {
        self.subscriptions
            .iter()
            .map(|(channel, value)| (&**channel, value))
    }

    /// The subscriptions, by channel, to move them on.
    pub fn subscriptions_mut(&mut self) -> impl ExactSizeIterator<Item = (&str, &mut T)> {
        self.subscriptions
            .iter_mut()
            .map(|(channel, value)| (&**channel, value))
    }

    fn expire(&mut self, _now: Moment) {}
}
