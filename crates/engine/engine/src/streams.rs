//! How `PushTopics` and generic channels are bounded, and for how long their events stay.
//!
//! Their events are in the one log, whose blocks are forgotten whole and in order. What has outlived its own, shorter
//! retention is out of reach of every subscriber from then on, and gone with its block.

use landfall_model::limits;
use landfall_store::LogBounds;

use crate::Engine;
use crate::error::Error;

/// Bounds of `PushTopics` and generic channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Streams {
    /// How long their events are retained, at most as long as others. Unit: hours.
    pub retention_hours: u64,
    /// Active `PushTopics` at once; none for as many as can be kept.
    pub push_topics_max: Option<usize>,
    /// Generic channels at once; none for as many as can be kept.
    pub channels_max: Option<usize>,
}

impl Default for Streams {
    fn default() -> Self {
        Self {
            retention_hours: limits::STREAM_RETENTION_HOURS,
            push_topics_max: None,
            channels_max: None,
        }
    }
}

impl Streams {
    /// How many `PushTopics` may be active.
    pub(crate) fn push_topics(&self) -> usize {
        let most = limits::PUSH_TOPICS_MAX;
        self.push_topics_max.map_or(most, |max| max.min(most))
    }

    /// How many generic channels there may be.
    pub(crate) fn channels(&self) -> usize {
        let most = limits::STREAMING_CHANNELS_MAX;
        self.channels_max.map_or(most, |max| max.min(most))
    }
}

/// See [`Engine::stream_bounds`].
pub(crate) async fn bounds(engine: &Engine) -> Result<LogBounds, Error> {
    let hours = i64::try_from(engine.0.state.options().streams.retention_hours).unwrap_or(i64::MAX);
    let retained = hours.saturating_mul(3_600_000).saturating_neg();
    let since = engine.clock().now().plus_millis(retained);
    let LogBounds { tail, .. } = engine.log().bounds();
    let first = engine.read(move |reader| reader.first_since(since)).await?;
    Ok(LogBounds {
        // What has come meanwhile is after the end that was looked at.
        earliest: first.filter(|first| *first <= tail),
        tail,
    })
}
