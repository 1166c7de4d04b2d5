//! Limits of the protocols: requests, responses, archives.

/// Events that a client of the Pub/Sub API may have requested and not received; requests beyond are not counted.
/// Source: "Pub/Sub API and Event Allocations" (Pub/Sub API Developer Guide).
pub const FETCH_CREDIT_MAX: u32 = 100;

/// Parts of one multipart body: more are refused.
/// Source: "Insert or Update Blob Data" (REST API Developer Guide): a collection of 200 records has a file for each.
pub const MULTIPART_PARTS_MAX: usize = 201;

/// Size from which answers are compressed. Unit: bytes. Source: none; below it a compressor costs more than it saves.
pub const COMPRESSED_BYTES_MIN: u64 = 1_024;

/// The same for the REST API. Unit: bytes. Source: none.
pub const REST_COMPRESSED_BYTES_MIN: usize = 1_024;

/// Pieces of a bulk result that are read ahead of the client. Source: none.
pub const BULK_PIECES_BUFFERED_MAX: usize = 2;

/// Levels of folders in a zip file. Source: none; an object's parts need three.
pub const ZIP_FOLDER_LEVELS_MAX: usize = 16;

/// Length of a name in a zip file. Unit: bytes. Source: none.
pub const ZIP_NAME_BYTES_MAX: usize = 1_024;

/// Components of one synchronous Metadata API call. Source: "`createMetadata()`" (Metadata API Developer Guide).
pub const METADATA_CALL_COMPONENTS_MAX: usize = 10;

/// Types in one `listMetadata()` call. Source: "`listMetadata()`" (Metadata API Developer Guide).
pub const LIST_METADATA_TYPES_MAX: usize = 3;

/// Length of a topic or schema id that an error repeats; longer than any that exists. Unit: bytes. Source: none.
pub const TOPIC_SHOWN_BYTES_MAX: usize = 255;

/// Size of one Pub/Sub API request: `PublishRequest` is the largest. Unit: bytes.
/// Source: "Pub/Sub API and Event Allocations" (Pub/Sub API Developer Guide).
pub const PUBSUB_REQUEST_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Events of one `PublishRequest`, which bounds its answer. Source: none; 200 are recommended.
pub const PUBSUB_PUBLISH_EVENTS_MAX: usize = 10_000;

/// Size of the events in one response of the Pub/Sub API. Unit: bytes. Source: none; gRPC clients accept 4 MiB by default.
pub const PUBSUB_RESPONSE_BYTES_MAX: usize = 3 * 1024 * 1024;

/// Records in one collections request, as the global describe reports. Source: "Describe Global" (REST API Developer Guide).
pub const DESCRIBED_BATCH_SIZE_MAX: i64 = 200;

/// What is read of a refused Streaming API request and discarded. Unit: bytes. Source: none.
/// Clients: many write the whole body before they read the answer, and would only see a broken connection.
pub const STREAMING_BODY_DISCARDED_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Idle time after which a `PublishStream` ends. Unit: seconds.
/// Source: the comment of `PublishStream` in `pubsub_api.proto` (forcedotcom/pub-sub-api); the error table of "Handle
/// Errors" (Pub/Sub API Developer Guide) has 1,800.
pub const PUBLISH_IDLE_SECONDS: u32 = 70;

/// Channels that one client may be subscribed to. Source: none; no limit is published.
pub const CLIENT_SUBSCRIPTIONS_MAX: usize = 1_000;

/// Events of one read if a channel filters or enriches them: few enough to be still cached when they are delivered.
/// Source: none.
pub const LENS_EVENTS_MAX: usize = 100;

/// Characters of a text that `landfall explain` reads.
///
/// Source: none; a line of a log is shorter.
pub const EXPLAINED_TEXT_CHARS_MAX: usize = 4_096;
