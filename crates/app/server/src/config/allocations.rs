//! The allocations of an org: those of its edition, and settings that override single ones.

use landfall_engine::usage::Allocations;

use crate::error::Error;
use crate::settings::{self, Edition, Resolved, Setting};

/// The allocations that the settings give an org.
///
/// # Errors
/// [`Error::Value`].
pub(crate) fn allocations(set: Resolved<'_>) -> Result<Allocations, Error> {
    let base = match set.require(&settings::ALLOCATIONS)? {
        Edition::Developer => Allocations::DEVELOPER,
        Edition::Enterprise => Allocations::ENTERPRISE,
        Edition::Performance => Allocations::PERFORMANCE,
        Edition::Unlimited => Allocations::UNLIMITED,
    };
    let or = |setting: &Setting<u64>, base: Option<u64>| {
        Ok::<_, Error>(match set.get(setting)? {
            Some(limit) => at_most(limit),
            None => base,
        })
    };
    Ok(Allocations {
        published_hourly: or(&settings::PUBLISHED_HOURLY, base.published_hourly)?,
        delivered_daily: or(&settings::DELIVERED_DAILY, base.delivered_daily)?,
        push_topics_daily: or(&settings::PUSH_TOPICS_DAILY, base.push_topics_daily)?,
        generic_daily: or(&settings::GENERIC_DAILY, base.generic_daily)?,
        requests_daily: or(&settings::REQUESTS_DAILY, base.requests_daily)?,
        concurrent_clients: or(&settings::CONCURRENT_CLIENTS, base.concurrent_clients)?,
        event_definitions: or(&settings::EVENT_DEFINITIONS, base.event_definitions)?,
        selected_objects: or(&settings::SELECTED_OBJECTS, base.selected_objects)?,
        selected_events: or(&settings::SELECTED_EVENTS, base.selected_events)?,
        topic_subscribers: or(&settings::TOPIC_SUBSCRIBERS, base.topic_subscribers)?,
    })
}

/// How many active `PushTopics` and generic channels an org of an edition has; none: no limit.
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

/// A limit, of which 0 is none.
pub(crate) fn at_most<N: Default + PartialEq>(limit: N) -> Option<N> {
    Some(limit).filter(|limit| *limit != N::default())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::settings::{Program, Settings};

    fn of(text: &str) -> Allocations {
        let settings = Settings::parse(text, Path::new("landfall.toml")).expect("valid");
        allocations(settings.of(Program::Serve).expect("allowed")).expect("valid")
    }

    #[test]
    fn push_topics_and_channels_are_limited_by_edition() {
        assert_eq!(streams(Edition::Developer), Some((40, 200)));
        assert_eq!(streams(Edition::Enterprise), Some((50, 1_000)));
        assert_eq!(streams(Edition::Unlimited), None);
    }

    #[test]
    fn single_allocations_override_those_of_the_edition() {
        let own = "[limits]\ndelivered_daily = 7\nconcurrent_clients = 0\n";
        let allocations = of(own);
        assert_eq!(allocations.delivered_daily, Some(7));
        assert_eq!(allocations.concurrent_clients, None);
        assert_eq!(allocations.published_hourly, Some(50_000));
        let expected = Allocations {
            delivered_daily: Some(7),
            ..Allocations::UNLIMITED
        };
        assert_eq!(of(&format!("{own}allocations = \"unlimited\"")), expected);
    }
}
