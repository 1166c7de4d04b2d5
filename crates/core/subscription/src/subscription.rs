//! One subscription: a position in the log, topics and a lens.

use landfall_model::{ReplayId, ReplayPreset, StreamingFault};

/// The bounds of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The oldest retained event, if any.
    pub earliest: Option<ReplayId>,
    /// The newest position that was assigned.
    pub tail: ReplayId,
}

impl Bounds {
    /// The position that a subscription starts after.
    ///
    /// # Errors
    /// [`StreamingFault::ReplayIdInvalid`] for a position that was never assigned or whose event is no longer retained.
    /// Source: "Message Durability" (Streaming API Developer Guide): the id must correspond to an event within the
    /// retention window.
    pub fn start(self, preset: ReplayPreset) -> Result<ReplayId, StreamingFault> {
        match (preset, self.earliest) {
            (ReplayPreset::Latest, _) | (ReplayPreset::Earliest, None) => Ok(self.tail),
            (ReplayPreset::Earliest, Some(earliest)) => Ok(before(earliest)),
            (ReplayPreset::Custom(id), Some(earliest)) if (earliest..=self.tail).contains(&id) => {
                Ok(id)
            }
            (ReplayPreset::Custom(id), _) => Err(StreamingFault::ReplayIdInvalid {
                replay_id: id.to_string(),
            }),
        }
    }

    /// The same, and also the position just before the oldest retained event: nothing is lost there.
    ///
    /// # Errors
    /// [`StreamingFault::ReplayIdInvalid`] for any other position that is not retained.
    /// Clients: some of the Pub/Sub API resume with the position before the one they want, and all with positions of
    /// keepalives, which name no event.
    pub fn resume(self, preset: ReplayPreset) -> Result<ReplayId, StreamingFault> {
        self.start(match (preset, self.earliest) {
            (ReplayPreset::Custom(id), Some(earliest)) if id.advanced_by(1) == earliest => {
                ReplayPreset::Earliest
            }
            (ReplayPreset::Custom(id), None) if id == self.tail => ReplayPreset::Latest,
            (preset, _) => preset,
        })
    }
}

/// The position just before an event.
pub(crate) fn before(event: ReplayId) -> ReplayId {
    ReplayId::new(event.get().saturating_sub(1))
}

/// A position in the log, the topics that are delivered from there on, and a lens.
#[derive(Debug)]
pub struct Subscription<T, L> {
    /// Rising.
    topics: Vec<T>,
    /// The position that it began at.
    began: ReplayId,
    /// The last position that is done.
    position: ReplayId,
    /// The position before the last response.
    previous: ReplayId,
    /// The tail of the log when the subscription began: enriched events show records as of then, or later.
    since: ReplayId,
    lens: L,
}

impl<T: Ord + Copy, L> Subscription<T, L> {
    /// A subscription to the events after a position; `since` is the tail of the log.
    pub fn new(topics: Vec<T>, lens: L, position: ReplayId, since: ReplayId) -> Self {
        Self {
            topics: sorted(topics),
            began: position,
            position,
            previous: position,
            since,
            lens,
        }
    }

    /// The topics, rising.
    pub fn topics(&self) -> &[T] {
        &self.topics
    }

    /// The position that it began at: events up to there were never for the client.
    pub const fn began(&self) -> ReplayId {
        self.began
    }

    /// The last position that is done.
    pub const fn position(&self) -> ReplayId {
        self.position
    }

    /// The tail of the log when the subscription began.
    pub const fn since(&self) -> ReplayId {
        self.since
    }

    /// What is done to the events.
    pub const fn lens(&self) -> &L {
        &self.lens
    }

    /// Changes the lens, and takes the topics that this gives; the position stays.
    pub(crate) fn retarget(&mut self, change: impl FnOnce(&mut L) -> Option<Vec<T>>) {
        if let Some(topics) = change(&mut self.lens) {
            self.topics = sorted(topics);
        }
    }

    /// Keeps only some of the topics.
    pub(crate) fn retain_topics(&mut self, mut keeps: impl FnMut(&L, T) -> bool) {
        let lens = &self.lens;
        self.topics.retain(|topic| keeps(lens, *topic));
    }

    /// Whether the event at this position is still to be delivered.
    pub(crate) fn wants(&self, position: ReplayId, topic: T) -> bool {
        position > self.position && self.topics.binary_search(&topic).is_ok()
    }

    /// A response begins: [`Self::rewind`] returns to here.
    pub(crate) const fn begin_response(&mut self) {
        self.previous = self.position;
    }

    /// Goes back to the position before the last response.
    pub(crate) fn rewind(&mut self) {
        self.position = self.position.min(self.previous);
    }

    /// Everything up to `to` is done.
    pub(crate) fn advance(&mut self, to: ReplayId) {
        self.position = self.position.max(to);
    }

    /// Takes the place of an earlier subscription to the same channel: its unconfirmed response can still be rewound.
    pub(crate) fn replaces(&mut self, earlier: &Self) {
        self.position = earlier.position;
        self.previous = earlier.previous;
    }
}

fn sorted<T: Ord>(mut topics: Vec<T>) -> Vec<T> {
    topics.sort_unstable();
    topics.dedup();
    topics
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds {
        earliest: Some(ReplayId::new(1_010)),
        tail: ReplayId::new(1_020),
    };

    const EMPTY: Bounds = Bounds {
        earliest: None,
        ..BOUNDS
    };

    fn start(preset: ReplayPreset, bounds: Bounds) -> Result<u64, StreamingFault> {
        bounds.start(preset).map(ReplayId::get)
    }

    #[test]
    fn presets_start_at_the_ends_of_the_log() {
        assert_eq!(start(ReplayPreset::Latest, BOUNDS), Ok(1_020));
        assert_eq!(start(ReplayPreset::Earliest, BOUNDS), Ok(1_009));
        assert_eq!(start(ReplayPreset::Earliest, EMPTY), Ok(1_020));
    }

    #[test]
    fn a_subscription_whose_topics_change_goes_on_from_its_position() {
        let mut open = Subscription::new(vec![2], (), BOUNDS.tail, BOUNDS.tail);
        open.retarget(|()| Some(vec![3, 1, 3]));
        assert_eq!(open.topics(), [1, 3]);
        assert!(open.wants(ReplayId::new(1_021), 1) && !open.wants(ReplayId::new(1_020), 3));
    }

    #[test]
    fn a_resumed_subscription_may_also_start_just_before_the_oldest_event() {
        let resume = |id, bounds: Bounds| {
            let preset = ReplayPreset::Custom(ReplayId::new(id));
            bounds.resume(preset).map(ReplayId::get)
        };
        assert_eq!(resume(1_009, BOUNDS), Ok(1_009));
        assert!(resume(1_008, BOUNDS).is_err());
        assert_eq!(resume(1_020, EMPTY), Ok(1_020));
        assert!(resume(1_019, EMPTY).is_err());
    }

    #[test]
    fn only_retained_positions_can_be_resumed_from() {
        let custom = |id| start(ReplayPreset::Custom(ReplayId::new(id)), BOUNDS);
        assert_eq!(custom(1_010), Ok(1_010));
        assert_eq!(custom(1_020), Ok(1_020));
        for unknown in [0, 12, 1_009, 1_021] {
            assert!(matches!(
                custom(unknown),
                Err(StreamingFault::ReplayIdInvalid { .. })
            ));
        }
    }
}
