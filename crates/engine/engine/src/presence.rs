//! Who listens to a channel at this moment: a `PushTopic` or a generic channel.
//!
//! Source: "Streaming Channel Push REST API" (Streaming API Developer Guide): the response to a push lists who is online.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use landfall_model::{RecordId, StreamingFault};
use landfall_store::TopicId;

use crate::usage::Attendance;

/// The listeners of every channel. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Presence(Arc<Mutex<Here>>);

/// How many subscriptions each user has.
type Listeners = HashMap<TopicId, BTreeMap<RecordId, usize>>;

#[derive(Debug, Default)]
struct Here {
    listeners: Listeners,
    /// At other nodes of a cluster, by their names.
    elsewhere: BTreeMap<String, Elsewhere>,
}

/// Who listens at another node.
#[derive(Debug)]
struct Elsewhere {
    clients: u64,
    listeners: Listeners,
    /// What is not reported again by then is over.
    until: Instant,
}

impl Here {
    /// The other nodes that have reported lately.
    fn elsewhere(&self) -> impl Iterator<Item = (&str, &Elsewhere)> {
        let now = Instant::now();
        let nodes = self.elsewhere.iter();
        let nodes = nodes.filter(move |(_, node)| node.until > now);
        nodes.map(|(name, node)| (name.as_str(), node))
    }

    /// What is known of the listeners of a channel, of each node.
    fn users(&self, topic: TopicId) -> impl Iterator<Item = &BTreeMap<RecordId, usize>> {
        let elsewhere = self.elsewhere().map(|(_, node)| &node.listeners);
        let all = std::iter::once(&self.listeners).chain(elsewhere);
        all.filter_map(move |listeners| listeners.get(&topic))
    }
}

impl Presence {
    /// A subscription begins, if there may be one more; it ends when the answer is dropped.
    ///
    /// # Errors
    /// [`StreamingFault::SubscriptionLimitExceeded`].
    pub fn enter(
        &self,
        topic: TopicId,
        user: RecordId,
        most: Option<u64>,
    ) -> Result<Present, StreamingFault> {
        let mut here = self.here();
        let present: usize = here.users(topic).flat_map(BTreeMap::values).sum();
        if most.is_some_and(|most| u64::try_from(present).is_ok_and(|present| present >= most)) {
            return Err(StreamingFault::SubscriptionLimitExceeded);
        }
        let users = here.listeners.entry(topic).or_default();
        *users.entry(user).or_default() += 1;
        drop(here);
        Ok(Present {
            presence: self.clone(),
            topic,
            user,
        })
    }

    /// Who listens, each once.
    pub fn users(&self, topic: TopicId) -> Vec<RecordId> {
        let here = self.here();
        let users: BTreeSet<RecordId> = here
            .users(topic)
            .flat_map(BTreeMap::keys)
            .copied()
            .collect();
        users.into_iter().collect()
    }

    /// Takes note of who listens at another node, for so long.
    pub(crate) fn set_elsewhere(&self, node: &str, attendance: &Attendance, time: Duration) {
        let mut listeners = Listeners::new();
        for (topic, user, count) in attendance.listeners() {
            let users = listeners.entry(topic).or_default();
            *users.entry(user).or_default() += count;
        }
        let elsewhere = Elsewhere {
            clients: attendance.clients,
            listeners,
            until: Instant::now() + time,
        };
        let mut here = self.here();
        let now = Instant::now();
        here.elsewhere.retain(|_, node| node.until > now);
        here.elsewhere.insert(node.to_owned(), elsewhere);
    }

    /// Clients at the other nodes, without those of one.
    pub(crate) fn clients_elsewhere(&self, without: Option<&str>) -> u64 {
        let here = self.here();
        let others = here.elsewhere().filter(|(name, _)| Some(*name) != without);
        others.map(|(_, node)| node.clients).sum()
    }

    /// The listeners here.
    pub(crate) fn own(&self) -> Vec<(u32, String, u64)> {
        spelled([&self.here().listeners])
    }

    /// The listeners here and elsewhere, without those at one node.
    pub(crate) fn without(&self, node: &str) -> Vec<(u32, String, u64)> {
        let here = self.here();
        let others = here.elsewhere().filter(|(name, _)| *name != node);
        let others = others.map(|(_, node)| &node.listeners);
        spelled(std::iter::once(&here.listeners).chain(others))
    }

    fn here(&self) -> MutexGuard<'_, Here> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The listeners of some nodes as they are reported.
fn spelled<'l>(nodes: impl IntoIterator<Item = &'l Listeners>) -> Vec<(u32, String, u64)> {
    let channels = nodes.into_iter().flatten();
    let users = channels.flat_map(|(topic, users)| {
        let users = users.iter();
        users.map(|(user, count)| {
            let count = u64::try_from(*count).unwrap_or(u64::MAX);
            (topic.0, user.to_string(), count)
        })
    });
    users.collect()
}

/// A subscription of a user.
#[derive(Debug)]
pub struct Present {
    presence: Presence,
    topic: TopicId,
    user: RecordId,
}

impl Drop for Present {
    fn drop(&mut self) {
        let mut here = self.presence.here();
        let listeners = &mut here.listeners;
        let Some(users) = listeners.get_mut(&self.topic) else {
            return;
        };
        if let Some(count) = users.get_mut(&self.user) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                users.remove(&self.user);
            }
        }
        if users.is_empty() {
            listeners.remove(&self.topic);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_there_as_long_as_one_subscription_is() {
        let presence = Presence::default();
        let (topic, user) = (TopicId(1), RecordId::EMPTY);
        let enter = || presence.enter(topic, user, Some(2));
        let first = enter().expect("a place");
        let second = enter().expect("a place");
        assert_eq!(
            enter().err(),
            Some(StreamingFault::SubscriptionLimitExceeded)
        );
        drop(first);
        assert_eq!(presence.users(topic), [user]);
        assert!(presence.users(TopicId(2)).is_empty());
        drop(second);
        assert!(presence.users(topic).is_empty() && presence.here().listeners.is_empty());
    }

    #[test]
    fn listeners_at_other_nodes_count_as_long_as_they_are_reported() {
        let presence = Presence::default();
        let (topic, user) = (TopicId(1), RecordId::EMPTY);
        let attendance = Attendance {
            clients: 3,
            listeners: vec![(1, user.to_string(), 2)],
        };
        presence.set_elsewhere("a", &attendance, Duration::from_mins(1));
        presence.set_elsewhere("b", &attendance, Duration::from_mins(1));
        assert_eq!(presence.users(topic), [user]);
        assert_eq!(presence.clients_elsewhere(None), 6);
        assert_eq!(presence.clients_elsewhere(Some("a")), 3);
        assert_eq!(presence.without("a"), [(1, user.to_string(), 2)]);
        assert!(presence.own().is_empty());
        let refused = presence.enter(topic, user, Some(4)).err();
        assert_eq!(refused, Some(StreamingFault::SubscriptionLimitExceeded));
        for node in ["a", "b"] {
            presence.set_elsewhere(node, &attendance, Duration::ZERO);
        }
        assert!(presence.users(topic).is_empty());
        assert_eq!(presence.clients_elsewhere(None), 0);
    }
}
