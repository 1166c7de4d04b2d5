//! Errors of the Pub/Sub API: a status, a code in the trailers, a text.

/// gRPC status codes that the service uses.
///
/// Source: "Status codes and their use in gRPC" (gRPC documentation).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrpcStatus {
    /// The request is wrong.
    InvalidArgument = 3,
    /// The client kept silent for too long.
    DeadlineExceeded = 4,
    /// There is no such thing.
    NotFound = 5,
    /// There is such a thing already.
    AlreadyExists = 6,
    /// The caller may not do this.
    PermissionDenied = 7,
    /// More than is allowed.
    ResourceExhausted = 8,
    /// Not in the state that things are in.
    FailedPrecondition = 9,
    /// The service failed.
    Internal = 13,
    /// The service cannot answer for a while.
    Unavailable = 14,
    /// The caller is nobody that is known.
    Unauthenticated = 16,
}

/// An error of the Pub/Sub API.
///
/// Wire: status and text, the text followed by ` rpcId: <uuid>`; trailers `error-code`, `rpc-id` and `type`.
/// Source: "Handle Errors" (Pub/Sub API Developer Guide).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrpcError {
    /// The status.
    pub status: GrpcStatus,
    /// The value of the trailer `error-code`.
    pub code: &'static str,
    /// The text without the call's id.
    pub message: String,
}

macro_rules! code {
    ($suffix:literal) => {
        concat!("sfdc.platform.eventbus.grpc.", $suffix)
    };
}

pub(crate) const AUTH_ERROR: &str = code!("service.auth.error");
pub(crate) const AUTH_HEADERS_INVALID: &str = code!("service.auth.headers.invalid");
/// Clients: the npm client and the official Java sample look for this code, which comes with the status INTERNAL.
pub(crate) const UNAVAILABLE: &str = code!("service.unavailable");
pub(crate) const TOPIC_NOT_FOUND: &str = code!("topic.not.found");
pub(crate) const TOPIC_EMPTY: &str = code!("topic.validation.empty");
pub(crate) const TOPIC_DENIED: &str = code!("subscription.topic.cannot.subscribe");
/// No access to what is known of a topic; also of a topic that nobody publishes to.
pub(crate) const TOPIC_INFO_DENIED: &str = code!("topic.meta.permission");
pub(crate) const SCHEMA_DENIED: &str = code!("schema.meta.permission");
pub(crate) const SCHEMA_UNAVAILABLE: &str = code!("schema.api.unavailable");
pub(crate) const SCHEMA_EMPTY: &str = code!("schema.validation.failed");
pub(crate) const REPLAY_ID_CORRUPTED: &str = code!("subscription.fetch.replayid.corrupted");
pub(crate) const REPLAY_ID_MISSING: &str = code!("subscription.fetch.replayid.validation.failed");
pub(crate) const FETCH_COUNT_INVALID: &str = code!("subscription.fetch.requested.events.invalid");
pub(crate) const TOPIC_CHANGED: &str = code!("subscription.fetch.topic.mismatch");
pub(crate) const STREAM_IDLE: &str = code!("subscription.fetch.request.invalid");
pub(crate) const PUBLISH_TOPIC_EMPTY: &str = code!("publish.topic.validation.empty");
pub(crate) const PUBLISH_TOPIC_CHANGED: &str = code!("publish.topic.mismatch");
pub(crate) const PUBLISH_COUNT_INVALID: &str = code!("publish.event.count.invalid");
pub(crate) const AUTH_REFRESH_INVALID: &str = code!("service.auth.refresh.invalid");
pub(crate) const PUBLISH_AUTH_REFRESH_EARLY: &str = code!("publish.auth.refresh.invalid");
pub(crate) const PUBLISH_IDLE: &str = code!("publish.stream.sweeper.timeout");
pub(crate) const MANAGED_NAME_EMPTY: &str =
    code!("managed.subscription.id.or.developer.name.empty");
pub(crate) const MANAGED_ID_INVALID: &str = code!("managed.subscription.subscription.id.invalid");
pub(crate) const MANAGED_ID_NOT_FOUND: &str =
    code!("managed.subscription.subscription.id.not.found");
pub(crate) const MANAGED_NAME_NOT_FOUND: &str =
    code!("managed.subscription.developer.name.not.found");
pub(crate) const MANAGED_ACTIVE: &str = code!("managed.subscription.already.active");
pub(crate) const MANAGED_STOPPED: &str = code!("managed.subscription.config.stopped");
pub(crate) const MANAGED_DELETED: &str = code!("managed.subscription.config.deleted");
pub(crate) const MANAGED_FETCH_INVALID: &str = code!("managed.subscription.fetch.request.invalid");
pub(crate) const MANAGED_COUNT_INVALID: &str =
    code!("managed.subscription.fetch.request.events.invalid");
pub(crate) const MANAGED_COMMIT_EARLY: &str =
    code!("managed.subscription.fetch.request.commit.request.restricted");
pub(crate) const MANAGED_REFRESH_EARLY: &str =
    code!("managed.subscription.fetch.request.auth.request.restricted");
pub(crate) const EVENT_LIMIT: &str = code!("subscription.limit.exceeded");
pub(crate) const PROTECTION: &str = code!("service.protection.triggered");
pub(crate) const INTERNAL: &str = code!("subscription.internal.error");

/// An error of the table.
pub(crate) fn error(
    status: GrpcStatus,
    code: &'static str,
    message: impl Into<String>,
) -> GrpcError {
    GrpcError {
        status,
        code,
        message: message.into(),
    }
}

/// The error of an event that is beyond the allocation of the hour.
///
/// Source: "Platform Event Allocations" (Platform Events Developer Guide).
pub const EVENT_LIMIT_EXCEEDED: &str = "LIMIT_EXCEEDED";

/// The caller is nobody that is known. Source: logs in published client issues.
pub(crate) fn authentication(code: &'static str) -> GrpcError {
    error(
        GrpcStatus::Unauthenticated,
        code,
        "An authentication exception occurred. Provide valid authentication via metadata headers.",
    )
}

/// The service cannot answer now. Source: log in an issue of the npm client.
pub(crate) fn unavailable() -> GrpcError {
    error(
        GrpcStatus::Internal,
        UNAVAILABLE,
        "The service is unavailable. Try again later.",
    )
}

pub(crate) fn internal() -> GrpcError {
    error(
        GrpcStatus::Internal,
        INTERNAL,
        "An internal error occurred.",
    )
}
