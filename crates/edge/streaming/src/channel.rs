//! Which channels there are: the checks of a name that come before the question who may read it.

use landfall_auth::Login;
use landfall_engine::{Engine, TopicId};
use landfall_model::Fault;

/// Prefixes of channels that clients may name; all else is restricted.
const PREFIXES: [&str; 5] = ["/data/", "/event/", "/topic/", "/u/", "/systemTopic/"];

/// The topics behind a channel, for this login.
///
/// # Errors
/// The documented refusal, in the documented order of checks.
/// Source: "Streaming API Error Codes" (Streaming API Developer Guide).
pub(crate) fn topics(engine: &Engine, login: &Login, channel: &str) -> Result<Vec<TopicId>, Fault> {
    if channel.is_empty() {
        return Err(Fault::ChannelNameMissing);
    }
    if !channel.starts_with('/') {
        return Err(Fault::ChannelSlashMissing);
    }
    if !PREFIXES.iter().any(|prefix| channel.starts_with(prefix)) {
        return Err(Fault::ChannelRestricted);
    }
    landfall_auth::topics(engine, login, channel)
}
