//! The client's end against the server's, over a network that loses requests and responses, and a server that
//! forgets its sessions: nothing is lost, repeated or reordered.

#![expect(
    clippy::indexing_slicing,
    reason = "a test that meets something else than it sent has failed"
)]

use std::collections::BTreeMap;

use landfall_bayeux::client::{self, Client, RequestId, Settings};
use landfall_bayeux::{
    Advice, Answer, Echo, Input, MESSAGES_MAX, Message, Moment, Output, Poll, PollId, RawJson,
    Refusal, Request, Response, Session, Timings, parse,
};
use proptest::prelude::*;
use serde_json::Value;

const CHANNELS: [&str; 2] = ["/data/A", "/data/B"];

/// Events in one response, so that replays take several.
const RESPONSE_EVENTS_MAX: usize = 3;

/// A server with a log of (replay id, channel); subscriptions are positions. It never learns that a connection broke.
#[derive(Default)]
struct Server {
    log: Vec<(i64, &'static str)>,
    sessions: BTreeMap<String, Session>,
    /// The positions of each session, by channel.
    positions: BTreeMap<String, BTreeMap<Box<str>, i64>>,
    sessions_ever: u64,
    polls_ever: u64,
    /// Who waits: the poll, its HTTP request and its message id.
    held: BTreeMap<PollId, (RequestId, Option<RawJson>)>,
    responses: Vec<(RequestId, Vec<u8>)>,
}

impl Server {
    fn publish(&mut self, now: Moment, channel: &'static str) {
        let id = self.log.last().map_or(1_001, |(id, _)| id + 7);
        self.log.push((id, channel));
        self.feed_all(now, || Input::EventsAvailable);
    }

    fn feed_all(&mut self, now: Moment, input: impl Fn() -> Input) {
        let client_ids: Vec<String> = self.sessions.keys().cloned().collect();
        for client_id in client_ids {
            let session = self.sessions.get_mut(&client_id).expect("listed");
            session.handle(now, input()).expect("never refused");
            self.answer_held(&client_id);
        }
    }

    fn post(&mut self, now: Moment, request: RequestId, body: &[u8]) {
        let messages = parse(body, MESSAGES_MAX).expect("a client sends messages");
        let alone = messages.len() == 1;
        let mut response = Response::new();
        let mut held = false;
        for message in &messages {
            let echo = message.echo();
            if let Request::Handshake(_) = message.request {
                let client_id = self.open(now);
                response.handshake(&echo, &client_id, &[("replay", true)]);
                continue;
            }
            let client_id = message.client_id.as_deref().unwrap_or_default().to_owned();
            let (input, poll) = self.input(&client_id, message, alone);
            let session = self.sessions.get_mut(&client_id);
            let taken = session.is_some_and(|session| session.handle(now, input).is_ok());
            match (taken, poll) {
                (false, _) => {
                    let unknown = Refusal::new("403::Unknown client").advising(Advice::Handshake);
                    response.refused(&echo, None, &unknown);
                }
                (true, None) => response.accepted(&echo, &client_id, None),
                (true, Some(poll)) => {
                    self.held.insert(poll, (request, message.id.clone()));
                    held = !self.answer(&client_id, Some((poll, &mut response)));
                }
            }
            self.answer_held(&client_id);
            // Replayed events wake the poll that is held.
            if self.has_events(&client_id) {
                let session = self.sessions.get_mut(&client_id).expect("has events");
                session.handle(now, Input::EventsAvailable).expect("known");
                self.answer_held(&client_id);
            }
        }
        if !held {
            self.responses.push((request, response.finish()));
        }
    }

    fn open(&mut self, now: Moment) -> String {
        self.sessions_ever += 1;
        let client_id = format!("c{}", self.sessions_ever);
        let session = Session::new(now, Timings::default());
        self.sessions.insert(client_id.clone(), session);
        client_id
    }

    fn input(
        &mut self,
        client_id: &str,
        message: &Message,
        alone: bool,
    ) -> (Input, Option<PollId>) {
        match &message.request {
            Request::Connect(connect) => {
                self.polls_ever += 1;
                let id = PollId(self.polls_ever);
                let poll = Poll {
                    id,
                    alone,
                    events_pending: self.has_events(client_id),
                    advice: connect.advice,
                };
                (Input::Connect(poll), Some(id))
            }
            Request::Subscribe(subscription) => {
                let channel = &subscription.channels().expect("named")[0];
                let ext = message.ext.as_ref().expect("always from a position");
                let ext: Value = serde_json::from_str(ext.as_str()).expect("JSON");
                let position = ext["replay"][&**channel].as_i64().expect("an id");
                let positions = self.positions.entry(client_id.to_owned()).or_default();
                positions.insert(channel.clone(), position);
                (Input::Request, None)
            }
            Request::Unsubscribe(subscription) => {
                let channel = &subscription.channels().expect("named")[0];
                if let Some(positions) = self.positions.get_mut(client_id) {
                    positions.remove(channel);
                }
                (Input::Request, None)
            }
            other => panic!("not sent here: {other:?}"),
        }
    }

    fn has_events(&self, client_id: &str) -> bool {
        let is_known = self.sessions.contains_key(client_id);
        let positions = self.positions.get(client_id).filter(|_| is_known);
        positions.into_iter().flatten().any(|(channel, position)| {
            let after = |(id, topic): &(i64, &str)| id > position && *topic == &**channel;
            self.log.iter().any(after)
        })
    }

    fn answer_held(&mut self, client_id: &str) {
        self.answer(client_id, None);
    }

    /// Answers polls; the one named goes into the response named. Whether that one was answered.
    fn answer(&mut self, client_id: &str, mut here: Option<(PollId, &mut Response)>) -> bool {
        let mut answered_here = false;
        while let Some(output) = self
            .sessions
            .get_mut(client_id)
            .and_then(Session::poll_output)
        {
            let Output::Answer(poll, answer) = output else {
                self.sessions.remove(client_id);
                continue;
            };
            let (request, id) = self.held.remove(&poll).expect("answered once");
            let mut own = Response::new();
            let is_here = here.as_ref().is_some_and(|(id, _)| *id == poll);
            let response = match &mut here {
                Some((_, response)) if is_here => response,
                _ => &mut own,
            };
            let advice = match answer {
                Answer::Deliver(advice) => {
                    self.take_events(client_id, response);
                    advice
                }
                Answer::Empty(advice) => advice,
                Answer::Refused(refusal) => panic!("{refusal:?}"),
            };
            response.accepted(&Echo::connect(id.as_ref()), client_id, advice);
            answered_here |= is_here;
            if !is_here {
                self.responses.push((request, own.finish()));
            }
        }
        answered_here
    }

    fn take_events(&mut self, client_id: &str, response: &mut Response) {
        let mut left = RESPONSE_EVENTS_MAX;
        for (channel, position) in self.positions.get_mut(client_id).into_iter().flatten() {
            for (id, topic) in &self.log {
                if left > 0 && *topic == &**channel && id > position {
                    let data = format!(r#"{{"event":{{"replayId":{id}}}}}"#);
                    response.event(channel, data.as_bytes());
                    *position = *id;
                    left -= 1;
                }
            }
        }
    }
}

/// Both ends and what is under way between them.
struct World {
    now: Moment,
    server: Server,
    client: Client,
    requests: Vec<(RequestId, Vec<u8>)>,
    awaited: Vec<RequestId>,
    received: BTreeMap<String, Vec<i64>>,
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            now: Moment::from_millis(0),
            server: Server::default(),
            client: Client::new(Settings::default()),
            requests: Vec::new(),
            awaited: Vec::new(),
            received: BTreeMap::new(),
        };
        for channel in CHANNELS {
            let channel = channel.into();
            let replay = Some(-2);
            world.feed(client::Input::Subscribe { channel, replay });
        }
        world.feed(client::Input::Start);
        world
    }

    fn feed(&mut self, input: client::Input<'_>) {
        self.client.handle(self.now, input).expect("few channels");
        while let Some(output) = self.client.poll_output() {
            match output {
                client::Output::Send { request, body, .. } => {
                    self.requests.push((request, body));
                    self.awaited.push(request);
                }
                client::Output::Cancel(request) => self.awaited.retain(|id| *id != request),
                client::Output::Event(event) => {
                    let received = self.received.entry(event.channel.into()).or_default();
                    received.push(event.replay_id.expect("always has one"));
                }
                client::Output::Closed(refusal) => panic!("closed: {refusal:?}"),
                client::Output::SubscribeRefused(channel, refusal) => {
                    panic!("{channel}: {refusal:?}")
                }
                client::Output::Opened { .. }
                | client::Output::Subscribed(_)
                | client::Output::Unsubscribed(_)
                | client::Output::Retrying(..) => (),
            }
        }
        assert!(self.awaited.len() <= 2, "a poll and a command at most");
    }

    fn request_arrives(&mut self, index: usize) {
        if !self.requests.is_empty() {
            let (request, body) = self.requests.remove(index % self.requests.len());
            self.server.post(self.now, request, &body);
        }
    }

    fn response_arrives(&mut self, index: usize) {
        if !self.server.responses.is_empty() {
            let index = index % self.server.responses.len();
            let (request, body) = self.server.responses.remove(index);
            if self.awaited.contains(&request) {
                self.awaited.retain(|id| *id != request);
                self.feed(client::Input::Response(request, &body));
            }
        }
    }

    /// The client's connection breaks: what it carries arrives never, what the server does with it goes nowhere.
    fn connection_breaks(&mut self, index: usize) {
        if !self.awaited.is_empty() {
            let request = self.awaited.remove(index % self.awaited.len());
            self.requests.retain(|(id, _)| *id != request);
            self.server.responses.retain(|(id, _)| *id != request);
            self.feed(client::Input::Failed(request));
        }
    }

    fn sleep(&mut self, millis: u64) {
        self.now = Moment::from_millis(self.now.as_millis() + millis);
        self.server.feed_all(self.now, || Input::Tick);
        self.feed(client::Input::Tick);
    }

    fn server_restarts(&mut self) {
        self.server.sessions.clear();
        self.server.held.clear();
        self.server.responses.clear();
    }

    /// The network is whole again; whatever it swallowed is noticed by the client.
    fn settle(&mut self) {
        for _ in 0..2_000 {
            let answered: Vec<_> = self.server.responses.iter().map(|(id, _)| *id).collect();
            let held: Vec<_> = self.server.held.values().map(|(id, _)| *id).collect();
            let sent: Vec<_> = self.requests.iter().map(|(id, _)| *id).collect();
            let lost =
                |id: &RequestId| !answered.contains(id) && !held.contains(id) && !sent.contains(id);
            if let Some(index) = self.awaited.iter().position(lost) {
                self.connection_breaks(index);
            } else if !answered.is_empty() {
                self.response_arrives(0);
            } else if !sent.is_empty() {
                self.request_arrives(0);
            } else if let Some(timeout) = self.client.poll_timeout() {
                self.sleep(timeout.after(self.now).as_secs() * 1_000 + 1_000);
            } else if held == self.awaited {
                return;
            } else {
                self.sleep(1_000);
            }
        }
        panic!("it never settles");
    }

    fn published(&self, channel: &str) -> Vec<i64> {
        let on = |(id, topic): &(i64, &str)| (*topic == channel).then_some(*id);
        self.server.log.iter().filter_map(on).collect()
    }
}

#[derive(Clone, Debug)]
enum Step {
    Publish(usize),
    RequestArrives(usize),
    ResponseArrives(usize),
    ConnectionBreaks(usize),
    Sleep(u64),
    ServerRestarts,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..CHANNELS.len()).prop_map(Step::Publish),
        6 => any::<usize>().prop_map(Step::RequestArrives),
        6 => any::<usize>().prop_map(Step::ResponseArrives),
        3 => any::<usize>().prop_map(Step::ConnectionBreaks),
        3 => (0..45_000_u64).prop_map(Step::Sleep),
        1 => Just(Step::ServerRestarts),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(512)
    })]

    #[test]
    fn every_event_arrives_once_and_in_order_whatever_breaks(
        steps in proptest::collection::vec(step(), 0..120)
    ) {
        let mut world = World::new();
        for step in steps {
            match step {
                Step::Publish(channel) => world.server.publish(world.now, CHANNELS[channel]),
                Step::RequestArrives(index) => world.request_arrives(index),
                Step::ResponseArrives(index) => world.response_arrives(index),
                Step::ConnectionBreaks(index) => world.connection_breaks(index),
                Step::Sleep(millis) => world.sleep(millis),
                Step::ServerRestarts => world.server_restarts(),
            }
        }
        world.settle();
        for channel in CHANNELS {
            let received = world.received.remove(channel).unwrap_or_default();
            prop_assert_eq!(received, world.published(channel), "{}", channel);
        }
    }
}

#[test]
fn a_poll_that_the_server_holds_for_a_dead_connection_swallows_nothing() {
    let mut world = World::new();
    world.server.publish(world.now, CHANNELS[0]);
    world.settle();
    assert_eq!(world.received[CHANNELS[0]], [1_001]);
    assert_eq!(world.server.held.len(), 1, "the poll is held");

    world.connection_breaks(0);
    world.server.publish(world.now, CHANNELS[0]);
    world.settle();
    assert_eq!(world.received[CHANNELS[0]], [1_001, 1_008]);
}
