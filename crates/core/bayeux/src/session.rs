//! The server's end of one Bayeux session: when a poll is held, when it is answered, when the session ends.
//!
//! It holds neither events nor subscriptions: it only says *when* a response is sent and whether events may be in it.
//! It knows no HTTP, no tokens and no channel rules. Start at [`Session::handle`].
//!
//! Source: "Clients and Timeouts" and "How the Client Connects" (Streaming API Developer Guide); what those leave
//! open follows the `CometD` 3 server.

use std::collections::VecDeque;
use std::time::Duration;

use crate::message::RequestedAdvice;
use crate::reply::{Advice, Refusal};
use crate::time::Moment;

/// The waits of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timings {
    /// How long a poll is held at most.
    ///
    /// Clients: python-bayeux reads with a timeout of exactly 110 s, so a second less than advised.
    pub hold: Duration,
    /// How long a poll may be held, as the advice says. Source: "Clients and Timeouts".
    pub advised_timeout: Duration,
    /// How long to wait between polls, as the advice says.
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
pub enum Input {
    /// A connect arrived and was found good (its connection type, its token).
    Connect(Poll),
    /// The HTTP request of this poll is gone; nobody reads its answer.
    Abandoned(PollId),
    /// At least one subscription has something to send. Needed only when that changes, not per event.
    EventsAvailable,
    /// A subscribe or an unsubscribe that is otherwise good.
    Request,
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
    /// The session is over, and its subscriptions with it. Always the last output.
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
    Refused(Box<Refusal>),
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
}

/// The server's end of one session.
#[derive(Debug)]
pub struct Session {
    timings: Timings,
    state: State,
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

impl Session {
    /// A session whose handshake is being answered.
    pub fn new(now: Moment, timings: Timings) -> Self {
        Self {
            timings,
            state: State::Fresh {
                expires: now + timings.max_interval,
            },
            outputs: VecDeque::with_capacity(1),
        }
    }

    /// Feeds one input. Drain [`Self::poll_output`] to `None` before feeding the next.
    ///
    /// # Errors
    /// [`Error::ClientUnknown`] for a request to a session that is over; the caller answers the message behind the input. A session that ends by its time while being asked says so in
    /// an output as well.
    pub fn handle(&mut self, now: Moment, input: Input) -> Result<(), Error> {
        self.expire(now);
        match input {
            Input::Connect(poll) => self.connect(now, poll),
            Input::Request => self.request(now),
            Input::Disconnect => self.disconnect(now),
            Input::Refuse(refusal) => self.refuse(now, refusal),
            Input::Abandoned(id) => {
                self.abandon(now, id);
                Ok(())
            }
            Input::EventsAvailable => {
                self.release(now, Answer::Deliver);
                Ok(())
            }
            Input::Release => {
                self.release(now, Answer::Empty);
                Ok(())
            }
            Input::Responded => {
                self.touch(now);
                Ok(())
            }
            Input::Tick => {
                self.tick(now);
                Ok(())
            }
        }
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

    /// When the session ends unless the client sends something: after a held poll has its answer and the client does not
    /// come back. `None` once it is over.
    pub fn expires(&self) -> Option<Moment> {
        match self.state {
            State::Fresh { expires } | State::Idle { expires } => Some(expires),
            State::Parked { deadline, .. } => Some(deadline + self.timings.max_interval),
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

    fn connect(&mut self, now: Moment, poll: Poll) -> Result<(), Error> {
        match self.state {
            State::Ended => return Err(Error::ClientUnknown),
            State::Fresh { .. } => {
                let advice = Some(self.advice(poll.advice));
                let answer = if poll.alone {
                    Answer::Deliver(advice)
                } else {
                    Answer::Empty(advice)
                };
                self.answer(now, poll, answer);
            }
            State::Idle { .. } => self.park(now, poll),
            State::Parked { poll: older, .. } => {
                self.answer(now, older, Answer::Empty(self.reply_advice(older)));
                self.park(now, poll);
            }
        }
        Ok(())
    }

    /// Holds the poll, unless there is a reason to answer it at once.
    fn park(&mut self, now: Moment, poll: Poll) {
        let hold = poll
            .advice
            .timeout
            .map_or(self.timings.hold, |asked| asked.min(self.timings.hold));
        if !poll.alone {
            // Clients: aiocometd reconnects with connect and subscribes in one request and reads all the replies
            // before it goes on; events in a response that has subscribe replies confuse several others.
            self.answer(now, poll, Answer::Empty(self.reply_advice(poll)));
        } else if poll.events_pending || hold.is_zero() {
            self.answer(now, poll, Answer::Deliver(self.reply_advice(poll)));
        } else {
            let deadline = now + hold;
            self.state = State::Parked { poll, deadline };
        }
    }

    fn request(&mut self, now: Moment) -> Result<(), Error> {
        if self.is_ended() {
            return Err(Error::ClientUnknown);
        }
        self.touch(now);
        Ok(())
    }

    fn disconnect(&mut self, now: Moment) -> Result<(), Error> {
        match self.state {
            State::Ended => return Err(Error::ClientUnknown),
            State::Fresh { .. } | State::Idle { .. } => (),
            State::Parked { poll, .. } => {
                self.answer(now, poll, Answer::Empty(Some(Advice::None)));
            }
        }
        self.end(Ending::Disconnected);
        Ok(())
    }

    fn refuse(&mut self, now: Moment, refusal: Refusal) -> Result<(), Error> {
        match self.state {
            State::Ended => return Err(Error::ClientUnknown),
            State::Fresh { .. } | State::Idle { .. } => (),
            State::Parked { poll, .. } => {
                self.answer(now, poll, Answer::Refused(Box::new(refusal)));
            }
        }
        Ok(())
    }

    fn abandon(&mut self, now: Moment, id: PollId) {
        match self.state {
            State::Parked { poll, .. } if poll.id == id => self.state = self.idle(now, poll),
            State::Fresh { .. } | State::Idle { .. } | State::Parked { .. } | State::Ended => (),
        }
    }

    /// Ends the held poll, if there is one.
    fn release(&mut self, now: Moment, answer: fn(Option<Advice>) -> Answer) {
        match self.state {
            State::Parked { poll, .. } => self.answer(now, poll, answer(self.reply_advice(poll))),
            State::Fresh { .. } | State::Idle { .. } | State::Ended => (),
        }
    }

    fn touch(&mut self, now: Moment) {
        let renewed = now + self.timings.max_interval;
        match &mut self.state {
            State::Fresh { expires } | State::Idle { expires } => {
                *expires = renewed.max(*expires);
            }
            State::Parked { .. } | State::Ended => (),
        }
    }

    fn tick(&mut self, now: Moment) {
        match self.state {
            State::Parked { poll, deadline } if deadline <= now => {
                self.answer(now, poll, Answer::Deliver(self.reply_advice(poll)));
            }
            // What time does to a session without a poll has been done by `expire`.
            State::Parked { .. } | State::Fresh { .. } | State::Idle { .. } | State::Ended => (),
        }
    }

    fn expire(&mut self, now: Moment) {
        match self.state {
            State::Fresh { expires } | State::Idle { expires } if expires <= now => {
                self.end(Ending::Expired);
            }
            State::Fresh { .. } | State::Idle { .. } | State::Parked { .. } | State::Ended => (),
        }
    }

    fn end(&mut self, ending: Ending) {
        self.state = State::Ended;
        self.outputs.push_back(Output::Ended(ending));
    }

    fn answer(&mut self, now: Moment, poll: Poll, answer: Answer) {
        self.outputs.push_back(Output::Answer(poll.id, answer));
        self.state = self.idle(now, poll);
    }

    /// No poll is held from `now` on; the last one said how long the client wants to stay away.
    fn idle(&self, now: Moment, last: Poll) -> State {
        State::Idle {
            expires: now + self.interval(last.advice) + self.timings.max_interval,
        }
    }

    /// Only a poll that asked for something is answered with advice, the first one apart.
    fn reply_advice(&self, poll: Poll) -> Option<Advice> {
        poll.advice.is_some().then(|| self.advice(poll.advice))
    }

    /// The interval of this poll, but the timeout of the next one: what is asked holds for one poll only.
    ///
    /// Source: `takeAdvice` in `ServerSessionImpl.java` (cometd/cometd).
    fn advice(&self, asked: RequestedAdvice) -> Advice {
        Advice::Retry {
            interval: self.interval(asked),
            timeout: self.timings.advised_timeout,
        }
    }

    fn interval(&self, asked: RequestedAdvice) -> Duration {
        asked
            .interval
            .map_or(self.timings.advised_interval, |asked| {
                asked.min(self.timings.hold)
            })
    }
}
