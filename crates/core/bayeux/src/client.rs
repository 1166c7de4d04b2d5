//! The client's end of a Bayeux session: handshake, poll, subscribe, and resume without losing an event.
//!
//! Two requests may be under way at once, as in the stock clients: the poll, and one command (subscribe, unsubscribe).
//! The machine renders requests and reads responses; the caller moves bytes and feeds the outcome of each request.
//!
//! What it does when things go wrong:
//! - the server advises: `retry` polls again, `handshake` makes a new session, `none` closes the client;
//! - a request fails or its response makes no sense: it tries again, at once the first time and later each time. The
//!   response to a lost poll may have carried events, so every subscription with a known position is set back to it
//!   before the next poll;
//! - after a new handshake every channel is subscribed to again, after the last event that was seen on it;
//! - an event at or before the last one seen on its channel is not delivered again.
//!
//! A subscription that starts at the tip and has not seen an event has no position: it loses what happens while
//! there is no session, by design of replay id -1. Start at [`Client::handle`].

mod incoming;
mod request;
mod subscriptions;

use std::collections::VecDeque;
use std::time::Duration;

use self::incoming::{Incoming, ReceivedAdvice, Reconnect, Reply};
use self::subscriptions::{Part, Subscriptions};
use crate::message::{CONNECT, HANDSHAKE};
use crate::reply::Refusal;
use crate::time::Moment;

pub use self::incoming::Event;
pub use self::subscriptions::SUBSCRIPTIONS_MAX;

/// The waits of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How long a request that is not held may take.
    pub request_timeout: Duration,
    /// How long a poll may be held if the server does not say.
    pub poll_timeout: Duration,
    /// How long the response to a poll may be under way, on top of the hold.
    pub network_delay: Duration,
    /// How much longer each failure in a row makes the wait.
    pub backoff_step: Duration,
    /// The longest wait between two tries.
    pub backoff_max: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            request_timeout: Duration::from_secs(30),
            poll_timeout: Duration::from_secs(110),
            network_delay: Duration::from_secs(10),
            backoff_step: Duration::from_secs(1),
            backoff_max: Duration::from_secs(30),
        }
    }
}

/// One HTTP request of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(u64);

/// What happens to a client.
#[derive(Debug)]
pub enum Input<'a> {
    /// Open a session; also after [`Output::Closed`], with the subscriptions where they were.
    Start,
    /// Receive a channel's events: those after `replay`, or the server's default. Subscribing again starts anew.
    Subscribe {
        /// The channel, with its filter if it has one.
        channel: Box<str>,
        /// Where to start; negative ones have a meaning of their own (-1 the tip, -2 all there is).
        replay: Option<i64>,
    },
    /// Receive them no more.
    Unsubscribe(&'a str),
    /// Say goodbye to the server and close.
    Disconnect,
    /// The body of a response with HTTP status 200. A request that is no longer awaited is ignored.
    Response(RequestId, &'a [u8]),
    /// The request failed: no connection, another status, no response in time.
    Failed(RequestId),
    /// Time passed; due whenever [`Client::poll_timeout`] is reached.
    Tick,
}

/// What the caller does next, or hears.
#[derive(Debug, PartialEq, Eq)]
pub enum Output {
    /// POST this body.
    Send {
        /// Its name in [`Input::Response`] and [`Input::Failed`].
        request: RequestId,
        /// Wire: a JSON array of messages.
        body: Vec<u8>,
        /// Feed [`Input::Failed`] when it takes longer.
        timeout: Duration,
    },
    /// Nobody waits for this request any more.
    Cancel(RequestId),
    /// A session was opened.
    Opened {
        /// Its client id.
        client_id: Box<str>,
    },
    /// The server took the subscription, for the first time or again.
    Subscribed(Box<str>),
    /// The server did not take the subscription; it is dropped.
    SubscribeRefused(Box<str>, Refusal),
    /// The channel's events end here.
    Unsubscribed(Box<str>),
    /// An event of a subscribed channel.
    Event(Event),
    /// Something failed, and the next try is at this moment. The refusal is the server's, if it said anything.
    Retrying(Moment, Option<Refusal>),
    /// No session, and none will be made before [`Input::Start`]. With a refusal if that is why.
    Closed(Option<Refusal>),
}

/// Why an input has no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The client has [`SUBSCRIPTIONS_MAX`] subscriptions.
    #[error("the client has {SUBSCRIPTIONS_MAX} subscriptions already")]
    SubscriptionsExceeded,
}

/// The client's end of one session after another.
#[derive(Debug)]
pub struct Client {
    settings: Settings,
    state: State,
    session: Option<Session>,
    command: Option<Command>,
    /// No command before this.
    command_after: Moment,
    subscriptions: Subscriptions,
    /// In a row, since a poll that was held ended well.
    failures: u32,
    last_id: u64,
    outputs: VecDeque<Output>,
}

/// The state of the poll; commands are sent independently of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// No session is wanted.
    Closed,
    /// A request is under way.
    Busy(Errand, RequestId),
    /// The next request is not due yet.
    Waiting { until: Moment, next: Next },
    /// The next poll waits for the subscriptions to be set back.
    Repositioning,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Errand {
    Handshake,
    Connect,
    Disconnect,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Handshake,
    Connect,
}

#[derive(Debug)]
struct Session {
    client_id: Box<str>,
    /// Whether its first connect was answered.
    connected: bool,
    timeout: Duration,
    interval: Duration,
}

#[derive(Debug)]
struct Command {
    request: RequestId,
    parts: Vec<(u64, Part)>,
}

impl Client {
    /// A client that has done nothing yet.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            state: State::Closed,
            session: None,
            command: None,
            command_after: Moment::from_millis(0),
            subscriptions: Subscriptions::default(),
            failures: 0,
            last_id: 0,
            outputs: VecDeque::new(),
        }
    }

    /// Feeds one input. Drain [`Self::poll_output`] to `None` before feeding the next.
    ///
    /// # Errors
    /// [`Error::SubscriptionsExceeded`].
    pub fn handle(&mut self, now: Moment, input: Input<'_>) -> Result<(), Error> {
        match input {
            Input::Start => self.start(),
            Input::Subscribe { channel, replay } => self.subscriptions.want(channel, replay)?,
            Input::Unsubscribe(channel) => {
                let left = self.subscriptions.leave(channel);
                self.outputs.extend(left);
            }
            Input::Disconnect => self.disconnect(),
            Input::Response(request, body) => self.response(now, request, body),
            Input::Failed(request) => self.failed(now, request),
            Input::Tick => self.tick(now),
        }
        self.send_command(now);
        self.connect_once_set_back();
        Ok(())
    }

    /// The next thing to do or hear, until `None`.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to feed [`Input::Tick`]; `None` while only a response or the caller can change anything.
    pub fn poll_timeout(&self) -> Option<Moment> {
        let wake = match self.state {
            State::Waiting { until, .. } => Some(until),
            State::Closed | State::Busy(..) | State::Repositioning => None,
        };
        let command = self.has_command().then_some(self.command_after);
        wake.into_iter().chain(command).min()
    }

    /// The position of every subscription: the last event seen, else where it was asked to start.
    pub fn positions(&self) -> impl Iterator<Item = (&str, Option<i64>)> {
        self.subscriptions.positions()
    }

    fn start(&mut self) {
        match self.state {
            State::Closed => {
                self.failures = 0;
                self.shake_hands();
            }
            State::Busy(..) | State::Waiting { .. } | State::Repositioning => (),
        }
    }

    fn disconnect(&mut self) {
        match self.state {
            State::Closed | State::Busy(Errand::Disconnect, _) => return,
            State::Busy(Errand::Handshake | Errand::Connect, _)
            | State::Waiting { .. }
            | State::Repositioning => (),
        }
        match self.drop_session() {
            None => self.close(None),
            Some(session) => self.send(
                Errand::Disconnect,
                self.settings.request_timeout,
                |out, id| request::disconnect(out, id, &session.client_id),
            ),
        }
    }

    fn response(&mut self, now: Moment, request: RequestId, body: &[u8]) {
        let Ok(elements) = incoming::parse(body) else {
            self.failed(now, request);
            return;
        };
        match self.finish(request) {
            Some(Errand::Disconnect) => self.close(None),
            Some(Errand::Handshake) => match find(&elements, HANDSHAKE, request.0) {
                Some(reply) => self.handshake_reply(now, reply),
                None => self.retry(now, Next::Handshake, None, None),
            },
            Some(Errand::Connect) => self.poll_response(now, request, elements),
            None => self.command_response(now, request, elements),
        }
    }

    fn failed(&mut self, now: Moment, request: RequestId) {
        match self.finish(request) {
            Some(Errand::Disconnect) => self.close(None),
            Some(Errand::Handshake) => self.retry(now, Next::Handshake, None, None),
            Some(Errand::Connect) => self.poll_lost(now),
            None => self.command_response(now, request, Vec::new()),
        }
    }

    /// The errand that this request was on; the caller decides what comes next.
    fn finish(&mut self, request: RequestId) -> Option<Errand> {
        match self.state {
            State::Busy(errand, awaited) if awaited == request => {
                self.state = State::Closed;
                Some(errand)
            }
            State::Busy(..) | State::Closed | State::Waiting { .. } | State::Repositioning => None,
        }
    }

    fn handshake_reply(&mut self, now: Moment, reply: &Reply) {
        match (&reply.client_id, &reply.refusal) {
            (Some(client_id), None) => {
                let advice = reply.advice;
                self.session = Some(Session {
                    client_id: client_id.clone(),
                    connected: false,
                    timeout: advice.timeout.unwrap_or(self.settings.poll_timeout),
                    interval: advice.interval.unwrap_or_default(),
                });
                self.command_after = now;
                let client_id = client_id.clone();
                self.outputs.push_back(Output::Opened { client_id });
                self.connect();
            }
            (_, refusal) => match reply.advice.reconnect {
                Some(Reconnect::None) => self.close(refusal.clone()),
                Some(Reconnect::Retry | Reconnect::Handshake) | None => {
                    let interval = reply.advice.interval;
                    self.retry(now, Next::Handshake, interval, refusal.clone());
                }
            },
        }
    }

    /// In order: the reply is the last one, but a server may announce its end before it.
    fn poll_response(&mut self, now: Moment, request: RequestId, elements: Vec<Incoming>) {
        let mut decided = false;
        for element in elements {
            match element {
                Incoming::Event(event) => {
                    if self.subscriptions.take(&event) {
                        self.outputs.push_back(Output::Event(event));
                    }
                }
                Incoming::Reply(_) if decided => (),
                Incoming::Reply(reply) if reply.answers(CONNECT, request.0) => {
                    self.poll_reply(now, &reply);
                    decided = true;
                }
                Incoming::Reply(reply) => {
                    if reply.advice.reconnect == Some(Reconnect::Handshake) {
                        let interval = reply.advice.interval;
                        self.retry(now, Next::Handshake, interval, reply.refusal);
                        decided = true;
                    }
                }
            }
        }
        if !decided {
            self.poll_lost(now);
        }
    }

    fn poll_lost(&mut self, now: Moment) {
        self.subscriptions.set_back();
        self.retry(now, Next::Connect, None, None);
    }

    fn poll_reply(&mut self, now: Moment, reply: &Reply) {
        let ReceivedAdvice {
            reconnect,
            interval,
            timeout,
        } = reply.advice;
        match (reconnect, &reply.refusal) {
            (Some(Reconnect::None), refusal) => self.close(refusal.clone()),
            (Some(Reconnect::Handshake), refusal) => {
                self.retry(now, Next::Handshake, interval, refusal.clone());
            }
            (Some(Reconnect::Retry) | None, Some(refusal)) => {
                self.retry(now, Next::Connect, interval, Some(refusal.clone()));
            }
            (Some(Reconnect::Retry) | None, None) => {
                let Some(session) = &mut self.session else {
                    return;
                };
                if session.connected {
                    self.failures = 0;
                }
                session.connected = true;
                session.timeout = timeout.unwrap_or(session.timeout);
                session.interval = interval.unwrap_or(session.interval);
                if session.interval.is_zero() {
                    self.connect();
                } else {
                    let until = now + session.interval;
                    let next = Next::Connect;
                    self.state = State::Waiting { until, next };
                }
            }
        }
    }

    /// The command's request is over; whatever of it is not answered in `elements` is tried again.
    fn command_response(&mut self, now: Moment, request: RequestId, elements: Vec<Incoming>) {
        let Some(command) = self.command.take_if(|command| command.request == request) else {
            return;
        };
        let mut unanswered = false;
        for (id, part) in &command.parts {
            let Some(reply) = find(&elements, part.meta_channel(), *id) else {
                self.subscriptions.unanswered(part);
                unanswered = true;
                continue;
            };
            match (reply.advice.reconnect, &reply.refusal) {
                (Some(Reconnect::Handshake), Some(refusal)) => {
                    let interval = reply.advice.interval;
                    return self.retry(now, Next::Handshake, interval, Some(refusal.clone()));
                }
                (Some(Reconnect::None), Some(refusal)) => {
                    return self.close(Some(refusal.clone()));
                }
                (_, refusal) => {
                    let heard = self.subscriptions.answered(part, refusal.as_ref());
                    self.outputs.extend(heard);
                }
            }
        }
        self.deliver_beside(&command, elements);
        if unanswered {
            self.command_after = now + self.backoff();
            let retrying = Output::Retrying(self.command_after, None);
            self.outputs.push_back(retrying);
        }
    }

    /// Some servers put events beside the replies of a command. Those of channels that the command moves come again,
    /// after the ones before them.
    fn deliver_beside(&mut self, command: &Command, elements: Vec<Incoming>) {
        for element in elements {
            match element {
                Incoming::Event(event) => {
                    let about = |part: &Part| part.subscription() == Some(&*event.channel);
                    let moved = command.parts.iter().any(|(_, part)| about(part));
                    if !moved && self.subscriptions.take(&event) {
                        self.outputs.push_back(Output::Event(event));
                    }
                }
                Incoming::Reply(_) => (),
            }
        }
    }

    fn tick(&mut self, now: Moment) {
        match self.state {
            State::Waiting { until, next } if until <= now => match next {
                Next::Handshake => self.shake_hands(),
                Next::Connect => self.state = State::Repositioning,
            },
            State::Waiting { .. } | State::Closed | State::Busy(..) | State::Repositioning => (),
        }
    }

    /// Waits for the next try, as long as advised, or longer if there were failures. Shaking hands gives the session
    /// up.
    fn retry(
        &mut self,
        now: Moment,
        next: Next,
        interval: Option<Duration>,
        refusal: Option<Refusal>,
    ) {
        match next {
            Next::Handshake => drop(self.drop_session()),
            Next::Connect => (),
        }
        let until = now + self.backoff().max(interval.unwrap_or_default());
        self.command_after = until;
        self.state = State::Waiting { until, next };
        self.outputs.push_back(Output::Retrying(until, refusal));
    }

    /// How long to wait after one more failure: not at all the first time.
    fn backoff(&mut self) -> Duration {
        let wait = self.settings.backoff_step.saturating_mul(self.failures);
        self.failures = self.failures.saturating_add(1);
        wait.min(self.settings.backoff_max)
    }

    fn close(&mut self, refusal: Option<Refusal>) {
        self.drop_session();
        self.outputs.push_back(Output::Closed(refusal));
    }

    /// Forgets the session and what is under way in it; its subscriptions are gone on the server, too.
    fn drop_session(&mut self) -> Option<Session> {
        let poll = match self.state {
            State::Busy(_, request) => Some(request),
            State::Closed | State::Waiting { .. } | State::Repositioning => None,
        };
        self.state = State::Closed;
        let command = self.command.take().map(|command| command.request);
        let cancelled = poll.into_iter().chain(command).map(Output::Cancel);
        self.outputs.extend(cancelled);
        self.outputs.extend(self.subscriptions.session_lost());
        self.session.take()
    }

    fn shake_hands(&mut self) {
        let timeout = self.settings.request_timeout;
        self.send(Errand::Handshake, timeout, request::handshake);
    }

    fn connect(&mut self) {
        let Some(session) = &self.session else {
            return;
        };
        let client_id = session.client_id.clone();
        let held = session.connected;
        let timeout = if held {
            session.timeout + self.settings.network_delay
        } else {
            self.settings.request_timeout
        };
        self.send(Errand::Connect, timeout, |out, id| {
            request::connect(out, id, &client_id, held);
        });
    }

    fn connect_once_set_back(&mut self) {
        match self.state {
            State::Repositioning if self.command.is_none() && !self.has_command() => {
                self.connect();
            }
            State::Repositioning | State::Closed | State::Busy(..) | State::Waiting { .. } => (),
        }
    }

    /// Whether a command is to be sent, now or later.
    fn has_command(&self) -> bool {
        self.session.is_some() && self.command.is_none() && self.subscriptions.is_pending()
    }

    fn send_command(&mut self, now: Moment) {
        if self.command_after > now || !self.has_command() {
            return;
        }
        let Some(session) = &self.session else {
            return;
        };
        let polling = match self.state {
            State::Busy(Errand::Connect, _) => true,
            State::Busy(Errand::Handshake | Errand::Disconnect, _)
            | State::Closed
            | State::Waiting { .. }
            | State::Repositioning => false,
        };
        let client_id = &session.client_id;
        let messages = self
            .subscriptions
            .command(client_id, &mut self.last_id, !polling);
        let request = self.next_request();
        self.command = Some(Command {
            request,
            parts: messages.parts,
        });
        self.outputs.push_back(Output::Send {
            request,
            body: messages.body,
            timeout: self.settings.request_timeout,
        });
    }

    /// Sends a request of one message, whose id is the request's.
    fn send(&mut self, errand: Errand, timeout: Duration, write: impl FnOnce(&mut Vec<u8>, u64)) {
        let request = self.next_request();
        let mut body = vec![b'['];
        write(&mut body, request.0);
        body.push(b']');
        self.state = State::Busy(errand, request);
        self.outputs.push_back(Output::Send {
            request,
            body,
            timeout,
        });
    }

    fn next_request(&mut self) -> RequestId {
        self.last_id += 1;
        RequestId(self.last_id)
    }
}

fn find<'a>(elements: &'a [Incoming], channel: &str, id: u64) -> Option<&'a Reply> {
    elements.iter().find_map(|element| match element {
        Incoming::Reply(reply) if reply.answers(channel, id) => Some(reply),
        Incoming::Reply(_) | Incoming::Event(_) => None,
    })
}
