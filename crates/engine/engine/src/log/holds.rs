//! Events that a fault holds back: they are committed, and subscribers get them later.
//!
//! What follows a held event on its topic waits with it: order is kept. So does what follows it on other topics of the same
//! session or stream, which reads the log in one pass.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use landfall_model::limits::HOLDS_MAX;
use landfall_model::{ReplayId, Timestamp};
use landfall_store::{TopicFilter, TopicId};
use tokio::sync::Notify;

/// The events of a topic from one on are held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hold {
    pub(crate) topic: TopicId,
    /// The first of them.
    pub(crate) from: ReplayId,
    pub(crate) until: Timestamp,
}

/// All events that are held back.
#[derive(Debug, Default)]
pub(super) struct Holds {
    /// How many holds there are: nothing else is looked at while there is none.
    count: AtomicUsize,
    /// In the order of their events.
    held: Mutex<Vec<Hold>>,
    /// There is a new one.
    pub(super) added: Notify,
}

impl Holds {
    fn held(&self) -> MutexGuard<'_, Vec<Hold>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Holds events back. If there are too many holds, the last one of the topic is for its events, too.
    pub(super) fn add(&self, holds: &[Hold]) {
        let mut held = self.held();
        for hold in holds {
            let is_full = held.len() >= HOLDS_MAX;
            let mut of_topic = held.iter_mut().filter(|known| known.topic == hold.topic);
            if of_topic.any(|known| known.until >= hold.until) {
                continue;
            }
            let last = held.iter_mut().rfind(|known| known.topic == hold.topic);
            match last {
                Some(last) if is_full || last.from == hold.from => last.until = hold.until,
                _ => held.push(*hold),
            }
        }
        self.count.store(held.len(), Ordering::Release);
        drop(held);
        self.added.notify_one();
    }

    /// The first event of these topics that is held back.
    pub(super) fn first(&self, filter: &TopicFilter) -> Option<ReplayId> {
        if self.count.load(Ordering::Acquire) == 0 {
            return None;
        }
        let held = self.held();
        let of_topics = held.iter().filter(|hold| filter.passes(hold.topic));
        of_topics.map(|hold| hold.from).min()
    }

    /// Lets go of what is due; gives its topics, and when more is due.
    pub(super) fn release(&self, now: Timestamp) -> (Vec<TopicId>, Option<Timestamp>) {
        let mut held = self.held();
        let due = held.extract_if(.., |hold| hold.until <= now);
        let topics = due.map(|hold| hold.topic).collect();
        self.count.store(held.len(), Ordering::Release);
        (topics, held.iter().map(|hold| hold.until).min())
    }

    /// Lets go of everything.
    pub(super) fn clear(&self) {
        self.held().clear();
        self.count.store(0, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn hold(topic: u32, from: u64, until: i64) -> Hold {
        Hold {
            topic: TopicId(topic),
            from: ReplayId::new(from),
            until: Timestamp::from_millis(until),
        }
    }

    fn first(holds: &Holds, topics: &[u32]) -> Option<u64> {
        let topics = topics.iter().map(|topic| TopicId(*topic)).collect();
        holds.first(&TopicFilter::These(topics)).map(ReplayId::get)
    }

    #[test]
    fn events_are_held_back_by_topic_until_they_are_due() {
        let holds = Holds::default();
        holds.add(&[hold(1, 10, 100), hold(2, 11, 50), hold(1, 12, 200)]);
        assert_eq!(first(&holds, &[1]), Some(10));
        assert_eq!(first(&holds, &[2, 3]), Some(11));
        assert_eq!(first(&holds, &[3]), None);
        let now = Timestamp::from_millis;
        assert_eq!(holds.release(now(49)), (vec![], Some(now(50))));
        assert_eq!(holds.release(now(100)).1, Some(now(200)));
        assert_eq!((first(&holds, &[1]), first(&holds, &[2])), (Some(12), None));
        assert_eq!(holds.release(now(200)), (vec![TopicId(1)], None));
        assert_eq!(first(&holds, &[1]), None);
    }

    #[test]
    fn an_event_that_waits_for_an_earlier_one_needs_no_hold_of_its_own() {
        let holds = Holds::default();
        holds.add(&[hold(1, 10, 100), hold(1, 11, 100), hold(1, 12, 90)]);
        assert_eq!(holds.held().len(), 1);
        holds.add(&[hold(1, 13, 101)]);
        assert_eq!(holds.held().len(), 2);
    }

    #[test]
    fn holds_have_a_bound_and_no_event_comes_early() {
        let holds = Holds::default();
        for number in 0..=u64::try_from(HOLDS_MAX).expect("a small number") {
            let until = i64::try_from(number).expect("a small number");
            holds.add(&[hold(1, number, until)]);
        }
        assert_eq!(holds.held().len(), HOLDS_MAX);
        let last = holds.held().last().copied().expect("there are some");
        assert_eq!(last.from.get() + 1, HOLDS_MAX as u64);
        assert_eq!(
            last.until.as_millis(),
            i64::try_from(HOLDS_MAX).expect("small")
        );
    }
}
