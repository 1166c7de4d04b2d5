//! The spelling of `PubSubFault`.

use landfall_model::PubSubFault;

use crate::grpc;
use crate::grpc::{GrpcError, GrpcStatus};

/// Source: "Handle Errors" (Pub/Sub API Developer Guide).
#[expect(
    clippy::too_many_lines,
    reason = "one exhaustive table, in the order of the enum"
)]
pub(super) fn spell(fault: &PubSubFault) -> GrpcError {
    match fault {
        PubSubFault::CallMetadataMissing => grpc::authentication(grpc::AUTH_HEADERS_INVALID),
        PubSubFault::TopicNotFound { org, topic } => grpc::error(
            GrpcStatus::NotFound,
            grpc::TOPIC_NOT_FOUND,
            format!(
                "The topic information for org CORE/prod/{org} and topic {topic} not found. Ensure the topic name is \
                 correct and that the topic exists."
            ),
        ),
        PubSubFault::TopicMissing => grpc::error(
            GrpcStatus::InvalidArgument,
            grpc::TOPIC_EMPTY,
            "Topic validation failed. The topic name can't be blank.",
        ),
        PubSubFault::TopicDenied => grpc::error(
            GrpcStatus::PermissionDenied,
            grpc::TOPIC_DENIED,
            "The user doesn't have permission to subscribe to the topic.",
        ),
        PubSubFault::TopicInfoDenied => grpc::error(
            GrpcStatus::PermissionDenied,
            grpc::TOPIC_INFO_DENIED,
            "The user doesn't have permission to access the topic.",
        ),
        PubSubFault::SchemaNotFound => grpc::error(
            GrpcStatus::PermissionDenied,
            grpc::SCHEMA_DENIED,
            "The schema doesn't exist, or the user doesn't have access to it.",
        ),
        PubSubFault::SchemaMissing => grpc::error(
            GrpcStatus::InvalidArgument,
            grpc::SCHEMA_EMPTY,
            "Schema validation failed. The schema ID can't be blank.",
        ),
        // Source: none for the text.
        PubSubFault::SchemaUnavailable => grpc::error(
            GrpcStatus::Unavailable,
            grpc::SCHEMA_UNAVAILABLE,
            "The schema information is unavailable. Try again later.",
        ),
        // Clients: several match the beginning of this text.
        PubSubFault::ReplayIdCorrupted => grpc::error(
            GrpcStatus::InvalidArgument,
            grpc::REPLAY_ID_CORRUPTED,
            "The Replay ID validation failed. Ensure that the Replay ID is valid.",
        ),
        PubSubFault::ReplayIdMissing => grpc::error(
            GrpcStatus::InvalidArgument,
            grpc::REPLAY_ID_MISSING,
            "The Replay ID validation failed. A Replay ID is required with the CUSTOM replay preset.",
        ),
        PubSubFault::FetchCountInvalid => grpc::error(
            GrpcStatus::InvalidArgument,
            grpc::FETCH_COUNT_INVALID,
            "The number of requested events must be greater than 0.",
        ),
        PubSubFault::TopicChanged => grpc::error(
            GrpcStatus::InvalidArgument,
            grpc::TOPIC_CHANGED,
            "The topic name can't change during a stream.",
        ),
        // Source: a status in a published issue of the npm client.
        PubSubFault::ConnectionsTooMany => grpc::error(
            GrpcStatus::ResourceExhausted,
            grpc::PROTECTION,
            "The service received too many connections and doesn't have the resources to accept new connections.",
        ),
        PubSubFault::StreamIdle => grpc::error(
            GrpcStatus::DeadlineExceeded,
            grpc::STREAM_IDLE,
            "No FetchRequest was received in time. Closing the subscription.",
        ),
        PubSubFault::PublishRefused => grpc::error(
            GrpcStatus::PermissionDenied,
            grpc::TOPIC_INFO_DENIED,
            "Events can't be published on the topic.",
        ),
        PubSubFault::PublishTopicMissing => grpc::error(
            GrpcStatus::InvalidArgument,
            grpc::PUBLISH_TOPIC_EMPTY,
            "Topic validation failed. The topic name can't be blank.",
        ),
        PubSubFault::PublishTopicChanged => grpc::error(
            GrpcStatus::InvalidArgument,
            grpc::PUBLISH_TOPIC_CHANGED,
            "The topic name can't change during a stream.",
        ),
        PubSubFault::PublishEmpty => grpc::error(
            GrpcStatus::InvalidArgument,
            grpc::PUBLISH_COUNT_INVALID,
            "A PublishRequest must contain at least one event.",
        ),
        PubSubFault::PublishTooMany { most } => grpc::error(
            GrpcStatus::InvalidArgument,
            grpc::PUBLISH_COUNT_INVALID,
            format!("A PublishRequest must contain no more than {most} events."),
        ),
        PubSubFault::PublishIdle => grpc::error(
            GrpcStatus::DeadlineExceeded,
            grpc::PUBLISH_IDLE,
            "No PublishRequest was received in time. Closing the stream.",
        ),
        PubSubFault::AuthRefreshInvalid => grpc::authentication(grpc::AUTH_REFRESH_INVALID),
        PubSubFault::PublishAuthRefreshEarly => grpc::error(
            GrpcStatus::InvalidArgument,
            grpc::PUBLISH_AUTH_REFRESH_EARLY,
            "The authentication can't be refreshed in the first PublishRequest.",
        ),
    }
}
