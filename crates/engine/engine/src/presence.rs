//! Who listens to a channel at this moment: a `PushTopic` or a generic channel.
//!
//! Source: "Streaming Channel Push REST API" (Streaming API Developer Guide): the response to a push lists who is online.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use landfall_model::{RecordId, StreamingFault};
use landfall_store::TopicId;

/// The listeners of every channel. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Presence(Arc<Mutex<Listeners>>);

/// How many subscriptions each user has.
type Listeners = HashMap<TopicId, BTreeMap<RecordId, usize>>;

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
        let mut listeners = self.listeners();
        let users = listeners.entry(topic).or_default();
        let present = users.values().sum::<usize>();
        if most.is_some_and(|most| u64::try_from(present).is_ok_and(|present| present >= most)) {
            return Err(StreamingFault::SubscriptionLimitExceeded);
        }
        *users.entry(user).or_default() += 1;
        drop(listeners);
        Ok(Present {
            presence: self.clone(),
            topic,
            user,
        })
    }

    /// Who listens, each once.
    pub fn users(&self, topic: TopicId) -> Vec<RecordId> {
        let listeners = self.listeners();
        let users = listeners.get(&topic);
        users.map_or_else(Vec::new, |users| users.keys().copied().collect())
    }

    fn listeners(&self) -> MutexGuard<'_, Listeners> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
        let mut listeners = self.presence.listeners();
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
        assert!(presence.users(topic).is_empty() && presence.listeners().is_empty());
    }
}
