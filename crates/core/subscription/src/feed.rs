//! Several subscriptions of one client, fed by one pass over the log.

use landfall_model::ReplayId;

use crate::Subscription;

/// Where the pass begins: the position that the slowest subscription has reached; none without subscriptions.
pub fn position<'s, T: Ord + Copy + 's>(
    subscriptions: impl Iterator<Item = &'s Subscription<T>>,
) -> Option<ReplayId> {
    subscriptions.map(Subscription::cursor).min()
}

/// The topics that at least one subscription wants, rising.
pub fn topics<'s, T: Ord + Copy + 's>(
    subscriptions: impl Iterator<Item = &'s Subscription<T>>,
) -> Vec<T> {
    let mut topics: Vec<T> = subscriptions
        .flat_map(|subscription| subscription.topics.iter().copied())
        .collect();
    topics.sort_unstable();
    topics.dedup();
    topics
}

/// The subscriptions that the event at this position goes to. All of them are past it afterwards.
pub fn take<'s, K: 's, T: Ord + Copy + 's>(
    subscriptions: impl Iterator<Item = (K, &'s mut Subscription<T>)>,
    replay_id: ReplayId,
    topic: T,
) -> impl Iterator<Item = K> {
    subscriptions.filter_map(move |(key, subscription)| {
        let wanted = subscription.wants(replay_id, topic);
        subscription.advance(replay_id);
        wanted.then_some(key)
    })
}

/// Moves all subscriptions past a stretch of the log in which nothing is left for them.
pub fn advance<'s, T: Ord + Copy + 's>(
    subscriptions: impl Iterator<Item = &'s mut Subscription<T>>,
    to: ReplayId,
) {
    for subscription in subscriptions {
        subscription.advance(to);
    }
}

#[cfg(test)]
mod tests {
    use landfall_model::ReplayPreset;
    use proptest::prelude::*;

    use super::*;
    use crate::Bounds;

    fn events() -> impl Strategy<Value = Vec<u8>> {
        proptest::collection::vec(0_u8..4, 0..60)
    }

    fn wishes() -> impl Strategy<Value = Vec<(Vec<u8>, u64)>> {
        proptest::collection::vec((proptest::collection::vec(0_u8..4, 0..4), 0_u64..60), 1..5)
    }

    proptest! {
        /// Each subscriber sees exactly the events of its topics after its start: no gap, no repeat, no reordering,
        /// whatever the sizes of the stretches in which the log is read.
        #[test]
        fn nothing_is_lost_doubled_or_reordered(
            log in events(),
            wishes in wishes(),
            stretch in 1_usize..7,
        ) {
            let tail = log.len() as u64;
            let bounds = Bounds { earliest: (tail > 0).then(|| ReplayId::new(1)), tail: ReplayId::new(tail) };
            let mut subscriptions: Vec<Subscription<u8>> = wishes
                .iter()
                .map(|(topics, from)| {
                    let preset = if (1..=tail).contains(from) {
                        ReplayPreset::Custom(ReplayId::new(*from))
                    } else {
                        ReplayPreset::Earliest
                    };
                    Subscription::open(topics.clone(), preset, bounds).expect("within bounds")
                })
                .collect();
            let starts: Vec<u64> = subscriptions.iter().map(|s| s.cursor().get()).collect();
            let mut received: Vec<Vec<u64>> = vec![Vec::new(); subscriptions.len()];
            while let Some(at) = position(subscriptions.iter()).filter(|at| at.get() < tail) {
                let wanted = topics(subscriptions.iter());
                let from = usize::try_from(at.get()).expect("small");
                for (place, topic) in log.iter().enumerate().skip(from).take(stretch) {
                    let id = ReplayId::new(place as u64 + 1);
                    if wanted.contains(topic) {
                        let takers: Vec<usize> = take(subscriptions.iter_mut().enumerate(), id, *topic).collect();
                        for taker in takers {
                            received[taker].push(id.get());
                        }
                    }
                }
                let reached = (from + stretch).min(log.len()) as u64;
                advance(subscriptions.iter_mut(), ReplayId::new(reached));
            }
            for ((wish, start), received) in wishes.iter().zip(starts).zip(received) {
                let expected: Vec<u64> = (start + 1..=tail)
                    .filter(|id| wish.0.contains(&log[usize::try_from(*id).expect("small") - 1]))
                    .collect();
                prop_assert_eq!(received, expected);
            }
        }
    }
}
