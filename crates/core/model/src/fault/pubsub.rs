//! What only clients of the Pub/Sub API get, except about managed subscriptions.

use crate::id::RecordId;

/// What only clients of the Pub/Sub API get, except about managed subscriptions. `landfall-wire` spells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PubSubFault {
    /// A call without the metadata that every call needs, or whose instance URL is none.
    CallMetadataMissing,
    /// No such topic, or its object is not selected for change events.
    TopicNotFound {
        /// The org of the call.
        org: RecordId,
        /// The topic asked for.
        topic: String,
    },
    /// A call without a topic.
    TopicMissing,
    /// The user may not read the topic.
    TopicDenied,
    /// The user may not learn about the topic.
    TopicInfoDenied,
    /// No such schema.
    SchemaNotFound,
    /// A call without a schema.
    SchemaMissing,
    /// Schemas cannot be read for a while.
    SchemaUnavailable,
    /// The replay id is not one of ours, or no longer retained.
    ReplayIdCorrupted,
    /// A start after a given event, without the event.
    ReplayIdMissing,
    /// A request for no event at all, or for less than none.
    FetchCountInvalid,
    /// A later request of a stream names another topic.
    TopicChanged,
    /// More streams than the service takes.
    ConnectionsTooMany,
    /// The client has used up what it asked for, and asks for nothing more.
    StreamIdle,
    /// Nothing can be published on the topic.
    PublishRefused,
    /// A request to publish without a topic.
    PublishTopicMissing,
    /// A later request of a publishing stream names another topic.
    PublishTopicChanged,
    /// A request to publish without an event.
    PublishEmpty,
    /// A request to publish more events than are taken at once.
    PublishTooMany {
        /// How many are taken.
        most: usize,
    },
    /// No request came on a publishing stream for too long.
    PublishIdle,
    /// A new access token that came on a stream is none.
    AuthRefreshInvalid,
    /// A publishing stream begins with a new access token.
    PublishAuthRefreshEarly,
}
