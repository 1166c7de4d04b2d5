//! Who is woken when topics move.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use landfall_store::{Event, TopicFilter, TopicId};
use tokio::sync::Notify;

use super::Log;

/// The watchers, by what they watch.
#[derive(Default)]
pub(super) struct FanOut {
    last_watcher: u64,
    by_topic: HashMap<TopicId, HashMap<u64, Arc<Notify>>>,
    of_all: HashMap<u64, Arc<Notify>>,
}

/// The topics of events, each once.
pub(super) fn topics(events: &[Arc<Event>]) -> Vec<TopicId> {
    let mut topics = Vec::new();
    for event in events {
        if topics.last() != Some(&event.topic) {
            topics.push(event.topic);
        }
    }
    topics.sort_unstable();
    topics.dedup();
    topics
}

impl FanOut {
    /// How many watch these topics; those of several count more than once.
    pub(super) fn watchers(&self, topics: &[TopicId]) -> usize {
        let watched = topics.iter().filter_map(|topic| self.by_topic.get(topic));
        self.of_all.len() + watched.map(HashMap::len).sum::<usize>()
    }

    /// Wakes the watchers of these topics.
    pub(super) fn wake_topics(&self, topics: &[TopicId]) {
        if topics.is_empty() {
            return;
        }
        for woken in self.of_all.values() {
            woken.notify_one();
        }
        for watchers in topics.iter().filter_map(|topic| self.by_topic.get(topic)) {
            for woken in watchers.values() {
                woken.notify_one();
            }
        }
    }

    /// Wakes every watcher, whatever it watches.
    pub(super) fn wake_all(&self) {
        let of_topics = self.by_topic.values().flat_map(HashMap::values);
        for woken in of_topics.chain(self.of_all.values()) {
            woken.notify_one();
        }
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.by_topic.is_empty() && self.of_all.is_empty()
    }

    fn remove(&mut self, number: u64, topics: &TopicFilter) {
        match topics {
            TopicFilter::All => {
                self.of_all.remove(&number);
            }
            TopicFilter::These(topics) => {
                for topic in topics {
                    if let Some(watchers) = self.by_topic.get_mut(topic) {
                        watchers.remove(&number);
                        if watchers.is_empty() {
                            self.by_topic.remove(topic);
                        }
                    }
                }
            }
        }
    }
}

/// Is woken when a topic that it watches moves. Forgotten when dropped.
pub struct Watcher {
    log: Arc<Log>,
    number: u64,
    woken: Arc<Notify>,
    topics: Mutex<TopicFilter>,
}

impl Watcher {
    pub(super) fn new(log: &Arc<Log>) -> Self {
        let mut fan_out = log.fan_out();
        fan_out.last_watcher += 1;
        Self {
            log: Arc::clone(log),
            number: fan_out.last_watcher,
            woken: Arc::new(Notify::new()),
            topics: Mutex::new(TopicFilter::These(Vec::new())),
        }
    }

    /// Watches these topics from now on, and no others.
    pub fn set(&self, filter: TopicFilter) {
        let mut topics = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
        let mut fan_out = self.log.fan_out();
        fan_out.remove(self.number, &topics);
        match &filter {
            TopicFilter::All => {
                fan_out.of_all.insert(self.number, Arc::clone(&self.woken));
            }
            TopicFilter::These(watched) => {
                for topic in watched {
                    fan_out
                        .by_topic
                        .entry(*topic)
                        .or_default()
                        .insert(self.number, Arc::clone(&self.woken));
                }
            }
        }
        *topics = filter;
    }

    /// Ends when a topic has moved since the last time, or [`Self::wake`] was called.
    pub async fn woken(&self) {
        self.woken.notified().await;
    }

    /// Wakes the task that waits for this watcher.
    pub fn wake(&self) {
        self.woken.notify_one();
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let topics = self
            .topics
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        self.log.fan_out().remove(self.number, topics);
    }
}
