//! What an org may use, by what an operator says: an edition, and numbers of one's own where they differ.

use landfall_engine::usage::Allocations;

use crate::settings::{Edition, Limits};

/// The allocations of an org that has those of `edition` unless told otherwise. A number of 0 is no limit.
pub(crate) fn allocations(edition: Edition, limits: &Limits) -> Allocations {
    let base = match limits.allocations.unwrap_or(edition) {
        Edition::Developer => Allocations::DEVELOPER,
        Edition::Enterprise => Allocations::ENTERPRISE,
        Edition::Performance => Allocations::PERFORMANCE,
        Edition::Unlimited => Allocations::UNLIMITED,
    };
    let of = |own: Option<u64>, base| match own {
        Some(limit) => Some(limit).filter(|limit| *limit > 0),
        None => base,
    };
    Allocations {
        published_hourly: of(limits.published_hourly, base.published_hourly),
        delivered_daily: of(limits.delivered_daily, base.delivered_daily),
        push_topics_daily: of(limits.push_topics_daily, base.push_topics_daily),
        generic_daily: of(limits.generic_daily, base.generic_daily),
        requests_daily: of(limits.requests_daily, base.requests_daily),
        concurrent_clients: of(limits.concurrent_clients, base.concurrent_clients),
        event_definitions: of(limits.event_definitions, base.event_definitions),
        selected_objects: of(limits.selected_objects, base.selected_objects),
        selected_events: of(limits.selected_events, base.selected_events),
        topic_subscribers: of(limits.topic_subscribers, base.topic_subscribers),
    }
}

/// How many active `PushTopics` and generic channels an org of an edition has; none: as many as can be kept.
///
/// Source: "PushTopic Streaming Allocations", "Generic Streaming Allocations" (Streaming API Developer Guide).
pub(crate) const fn streams(edition: Edition) -> Option<(usize, usize)> {
    match edition {
        Edition::Developer => Some((40, 200)),
        Edition::Enterprise => Some((50, 1_000)),
        Edition::Performance => Some((100, 1_000)),
        Edition::Unlimited => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_and_channels_are_as_many_as_in_the_edition() {
        assert_eq!(streams(Edition::Developer), Some((40, 200)));
        assert_eq!(streams(Edition::Enterprise), Some((50, 1_000)));
        assert_eq!(streams(Edition::Unlimited), None);
    }

    #[test]
    fn numbers_of_ones_own_go_before_those_of_the_edition() {
        let limits = Limits {
            delivered_daily: Some(7),
            concurrent_clients: Some(0),
            ..Limits::default()
        };
        let found = allocations(Edition::Developer, &limits);
        assert_eq!(found.delivered_daily, Some(7));
        assert_eq!(found.concurrent_clients, None);
        assert_eq!(found.published_hourly, Some(50_000));
        let limits = Limits {
            allocations: Some(Edition::Unlimited),
            ..limits
        };
        let found = allocations(Edition::Developer, &limits);
        let expected = Allocations {
            delivered_daily: Some(7),
            ..Allocations::UNLIMITED
        };
        assert_eq!(found, expected);
    }
}
