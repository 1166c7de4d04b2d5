//! How far subscribers are behind.

use std::collections::HashMap;
use std::sync::Arc;

use landfall_model::limits::SUBSCRIBER_CLIENT_BYTES_MAX;
use landfall_model::{ReplayId, Timestamp};
use landfall_store::TopicId;

use super::Tail;

/// A session of the Streaming API, or a stream of the Pub/Sub API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscriber {
    /// The client id of the session, the id of the call.
    pub id: String,
    /// The name that its user logged in with.
    pub username: String,
    /// What the client calls itself ([`Self::client_of`]).
    pub client: Option<Arc<str>>,
    /// What it does at the moment.
    pub demand: SubscriberDemand,
    /// Its subscriptions.
    pub positions: Vec<SubscriberPosition>,
}

impl Subscriber {
    /// What a client calls itself: its `User-Agent`, cut off at [`SUBSCRIBER_CLIENT_BYTES_MAX`].
    pub fn client_of(user_agent: &str) -> Arc<str> {
        let end = user_agent.floor_char_boundary(SUBSCRIBER_CLIENT_BYTES_MAX);
        Arc::from(user_agent.split_at(end).0)
    }
}

/// Whether a subscriber takes events at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubscriberDemand {
    /// A session whose poll is held: it gets the next event.
    PollHeld,
    /// A session between two polls.
    BetweenPolls,
    /// A stream, and the events that it has requested and not received.
    Requested(u32),
}

/// How far a subscription is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriberPosition {
    /// What was subscribed to.
    pub channel: String,
    /// The topics that are behind it.
    pub topics: Vec<TopicId>,
    /// Everything up to here was before the subscription.
    pub began: ReplayId,
    /// Everything up to here is done with.
    pub reached: ReplayId,
}

/// How far behind somebody is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lag {
    /// Events that wait.
    pub events: usize,
    /// When the oldest of them was appended; none if none waits.
    pub oldest: Option<Timestamp>,
}

/// The newest events of each topic at one moment: those that are in memory. Who is behind them all is further behind than
/// it can say.
#[derive(Debug, Default)]
pub struct Backlog(HashMap<TopicId, Vec<(ReplayId, Timestamp)>>);

impl Backlog {
    pub(super) fn of(tail: &Tail) -> Self {
        let mut newest: HashMap<TopicId, Vec<_>> = HashMap::new();
        for entry in &tail.events {
            let event = entry.event();
            let topic = newest.entry(event.topic).or_default();
            topic.push((event.replay_id, event.appended));
        }
        Self(newest)
    }

    /// How far somebody is behind.
    pub fn behind(&self, subscriber: &SubscriberPosition) -> Lag {
        let mut lag = Lag::default();
        for topic in &subscriber.topics {
            let events = self.0.get(topic).map_or(&[][..], Vec::as_slice);
            let done = events.partition_point(|(position, _)| *position <= subscriber.reached);
            let waiting = events.get(done..).unwrap_or_default();
            lag.events += waiting.len();
            let oldest = waiting.first().map(|(_, appended)| *appended);
            lag.oldest = [lag.oldest, oldest].into_iter().flatten().min();
        }
        lag
    }
}
