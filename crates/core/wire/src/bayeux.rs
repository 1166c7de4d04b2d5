//! The `error` texts of the Streaming API: `code:args:text`, the arguments left empty.
//!
//! Braces are literal wherever a log of the service shows them.
//! Source for all: "Streaming API Error Codes" (Streaming API Developer Guide) and published client logs.

use std::borrow::Cow;

pub(crate) const UNEXPECTED: &str = "500::An unexpected error occurred";

/// Source: the guide's sample prints two spaces between the sentences.
pub(crate) const BUSY: &str = "503::Server is too busy.  Please try your request again later.";

pub(crate) const REQUEST_TOO_LARGE: &str = "413::Maximum Request Size Exceeded";

/// Clients: @salesforce/core matches `400::API version in the URI is mandatory`.
pub(crate) const VERSION_MISSING: &str =
    "400::API version in the URI is mandatory. URI format: '/cometd/67.0'";

pub(crate) const VERSION_UNSUPPORTED: &str = "400::Unsupported API version. Only API versions '37.0' and later are \
    supported. URI format: '/cometd/67.0'";

pub(crate) const TOPIC_CONDITION_DENIED: &str = "403::Subscriber does not have access to all fields referenced in the \
    where clause of the PushTopic";

pub(crate) const CHANNELS_TOO_MANY: &str =
    "403::Unable to create channel dynamically, maximum channel limit has been exceeded";

/// Clients: the sample handler of CometD.NetCore.Salesforce looks for `you provided was invalid` and reads the number
/// between the braces; apache/camel matches `400::The replayId \{.*} you provided was invalid.*`.
/// Source: log in EMP-Connector issue 14, both spaces after "invalid." included.
pub(crate) fn replay_id_invalid(replay_id: &str) -> String {
    format!(
        "400::The replayId {{{replay_id}}} you provided was invalid.  Please provide a valid ID, -2 to replay all \
         events, or -1 to replay only new events."
    )
}

/// Source: logs in EMP-Connector issue 41 and jsforce issue 888.
pub(crate) fn replay_channel_missing(channel: &str, map: &str) -> String {
    format!(
        "400::The replayId for channel {{{channel}}} wasn't found using the provided replay ID map {{{map}}}. Ensure \
         that the channel name you provided in the replay map is valid and matches the channel name used for \
         subscribing."
    )
}

/// Each kind of channel has a text of its own.
///
/// Source: for `PushTopics` the log text (`does not exist`, braces), where the guide's table prints `doesn’t exist`; the
/// guide for generic channels; for all else what dufoli/Salesforce-Inspector-Advanced notes of `/event/…`: a client that
/// names such a channel would have to create it.
pub(crate) fn channel_not_found(channel: &str) -> Cow<'static, str> {
    if channel.starts_with("/topic/") {
        format!("400::The channel you requested to subscribe to does not exist {{{channel}}}")
            .into()
    } else if channel.starts_with("/u/") {
        "404::Unknown channel".into()
    } else {
        "403:denied_by_security_policy:create_denied".into()
    }
}
