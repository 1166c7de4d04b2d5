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
            (ReplayPreset::Custom(id), Some(earliest)) if (earliest..=bounds.tail).contains(&id) => {
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

    /// Goes back to a position that it came from: what was taken since then reached nobody.
    pub fn rewind(&mut self, to: ReplayId) {
        self.cursor = self.cursor.min(to);
    }

    fn advance(&mut self, to: ReplayId) {
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
