//! What only clients of the Streaming API get.

/// What only clients of the Streaming API get. `landfall-wire` spells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamingFault {
    /// The path names no API version.
    VersionMissing,
    /// Only long polling is served.
    ConnectionTypeInvalid {
        /// What the client offered.
        offered: String,
    },
    /// A handshake is refused, with the reason.
    HandshakeDenied,
    /// A message without a client id, before any handshake.
    HandshakeMissing,
    /// The session has expired or never was.
    ClientUnknown,
    /// The token's user is not the user of the session.
    UserMismatch,
    /// The client does not return its cookie.
    CookieMissing {
        /// The session.
        client_id: String,
    },
    /// More clients at once than allowed.
    ClientLimitExceeded,
    /// More subscriptions at once than a session may have.
    SubscriptionLimitExceeded,
    /// A subscription without a channel.
    ChannelNameMissing,
    /// A channel that does not begin with a slash.
    ChannelSlashMissing,
    /// No such channel.
    ChannelNotFound {
        /// The channel asked for.
        channel: String,
    },
    /// A channel outside what clients may subscribe to.
    ChannelRestricted,
    /// The user may not see all records of the object, or the object is not selected for change events.
    ChangeEventsDenied,
    /// The user may not read `PushTopics`.
    StreamingNotEnabled,
    /// The user may not read the object of a `PushTopic`.
    TopicObjectDenied,
    /// The user may not read a field in the condition of a `PushTopic`.
    TopicConditionDenied,
    /// A subscription to a `PushTopic` is filtered by fields that it does not tell.
    TopicFilterUnknown {
        /// As the client spelled them.
        fields: Vec<String>,
    },
    /// The user may not make the generic channel that is not there.
    ChannelCreateDenied {
        /// The channel asked for.
        channel: String,
    },
    /// A generic channel is not there, and there may be no further one.
    ChannelsTooMany,
    /// The user may not read generic channels.
    ChannelAccessDenied,
    /// There is a generic channel whose name differs in letter case only.
    ChannelCaseVaries,
    /// Events are not published over Bayeux.
    PublishDenied,
    /// The replay id is unknown, expired or no id at all.
    ReplayIdInvalid {
        /// As the client spelled it.
        replay_id: String,
    },
    /// The replay map does not name the channel.
    ReplayChannelMissing {
        /// The channel without its query.
        channel: String,
        /// The map as the client sent it.
        map: String,
    },
}
