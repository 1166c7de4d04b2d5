//! What a subscription delivers next, the same for every protocol: where it starts, what it has passed, what it wants.
//!
//! A subscription is a position and a set of topics; it holds no events. Several of one client form a [`feed`] that reads
//! the log once for all of them. It knows no protocol and no store: topics are whatever the caller numbers them with.
//! Start reading at [`Subscription::open`] and [`feed::take`].

pub mod feed;
pub mod fetch;

use landfall_model::{Fault, ReplayId, ReplayPreset};

/// What the log holds at the moment of subscribing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The oldest retained event, if any.
    pub earliest: Option<ReplayId>,
    /// The newest position given out.
    pub tail: ReplayId,
}

/// A position in the log and the topics that are wanted from there on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription<T> {
    /// Rising.
    topics: Vec<T>,
    /// The last position that is done with.
    cursor: ReplayId,
}

impl<T: Ord + Copy> Subscription<T> {
    /// Starts where the client asks.
    ///
    /// # Errors
    /// [`Fault::ReplayIdInvalid`] for a position that was never given out or whose event is no longer retained.
    /// Source: "Message Durability" (Streaming API Developer Guide): the id must correspond to an event within the
    /// retention window.
    pub fn open(mut topics: Vec<T>, preset: ReplayPreset, bounds: Bounds) -> Result<Self, Fault> {
        topics.sort_unstable();
        topics.dedup();
        let cursor = match (preset, bounds.earliest) {
            (ReplayPreset::Latest, _) | (ReplayPreset::Earliest, None) => bounds.tail,
            (ReplayPreset::Earliest, Some(earliest)) => {
                ReplayId::new(earliest.get().saturating_sub(1))
            }
            (ReplayPreset::Custom(id), Some(earliest))
                if (earliest..=bounds.tail).contains(&id) =>
            {
                id
            }
            (ReplayPreset::Custom(id), _) => {
                return Err(Fault::ReplayIdInvalid {
                    replay_id: id.to_string(),
                });
            }
        };
        Ok(Self { topics, cursor })
    }

    /// The same, and also from the position just before the oldest retained event: nothing is lost there.
    ///
    /// # Errors
    /// [`Fault::ReplayIdInvalid`] for any other position that is not retained.
    /// Clients: some of the Pub/Sub API come back with the position before the one they want, and all with positions of
    /// keepalives, which name no event.
    pub fn resume(topics: Vec<T>, preset: ReplayPreset, bounds: Bounds) -> Result<Self, Fault> {
        let preset = match (preset, bounds.earliest) {
            (ReplayPreset::Custom(id), Some(earliest)) if id.advanced_by(1) == earliest => {
                ReplayPreset::Earliest
            }
            (ReplayPreset::Custom(id), None) if id == bounds.tail => ReplayPreset::Latest,
            (preset, _) => preset,
        };
        Self::open(topics, preset, bounds)
    }

    /// Whether the event at this position is still to be delivered.
    pub fn wants(&self, replay_id: ReplayId, topic: T) -> bool {
        replay_id > self.cursor && self.topics.binary_search(&topic).is_ok()
    }

    /// The last position that is done with.
    pub const fn cursor(&self) -> ReplayId {
        self.cursor
    }

    /// The topics, rising.
    pub fn topics(&self) -> &[T] {
        &self.topics
    }

    /// Wants only those of its topics from now on that `keeps` holds for.
    pub fn narrow(&mut self, keeps: impl FnMut(&T) -> bool) {
        self.topics.retain(keeps);
    }

    /// Wants these topics from now on, and no others.
    pub fn carry(&mut self, topics: Vec<T>) {
        self.topics = topics;
        self.topics.sort_unstable();
        self.topics.dedup();
    }

    /// Goes back to a position that it came from: what was taken since then reached nobody.
    pub fn rewind(&mut self, to: ReplayId) {
        self.cursor = self.cursor.min(to);
    }

    /// Is done with everything up to `to`.
    pub fn advance(&mut self, to: ReplayId) {
        self.cursor = self.cursor.max(to);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds {
        earliest: Some(ReplayId::new(1_010)),
        tail: ReplayId::new(1_020),
    };

    fn open(preset: ReplayPreset, bounds: Bounds) -> Result<u64, Fault> {
        Subscription::open(vec![1], preset, bounds).map(|open| open.cursor().get())
    }

    #[test]
    fn presets_start_at_the_ends_of_the_log() {
        assert_eq!(open(ReplayPreset::Latest, BOUNDS), Ok(1_020));
        assert_eq!(open(ReplayPreset::Earliest, BOUNDS), Ok(1_009));
        let empty = Bounds {
            earliest: None,
            ..BOUNDS
        };
        assert_eq!(open(ReplayPreset::Earliest, empty), Ok(1_020));
    }

    #[test]
    fn a_subscription_whose_topics_change_wants_them_from_where_it_stands() {
        let mut open =
            Subscription::open(vec![2], ReplayPreset::Latest, BOUNDS).expect("a position");
        open.carry(vec![3, 1, 3]);
        assert_eq!(open.topics(), [1, 3]);
        assert!(open.wants(ReplayId::new(1_021), 1) && !open.wants(ReplayId::new(1_020), 3));
    }

    #[test]
    fn a_resumed_subscription_may_also_start_just_before_the_oldest_event() {
        let resume = |id, bounds| {
            let preset = ReplayPreset::Custom(ReplayId::new(id));
            Subscription::resume(vec![1], preset, bounds).map(|open| open.cursor().get())
        };
        assert_eq!(resume(1_009, BOUNDS), Ok(1_009));
        assert!(resume(1_008, BOUNDS).is_err());
        let empty = Bounds {
            earliest: None,
            ..BOUNDS
        };
        assert_eq!(resume(1_020, empty), Ok(1_020));
        assert!(resume(1_019, empty).is_err());
    }

    #[test]
    fn only_retained_positions_can_be_resumed_from() {
        let custom = |id| open(ReplayPreset::Custom(ReplayId::new(id)), BOUNDS);
        assert_eq!(custom(1_010), Ok(1_010));
        assert_eq!(custom(1_020), Ok(1_020));
        for unknown in [0, 12, 1_009, 1_021] {
            assert_eq!(
                custom(unknown),
                Err(Fault::ReplayIdInvalid {
                    replay_id: unknown.to_string()
                })
            );
        }
    }
}
