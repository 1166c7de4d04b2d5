//! Every limit, with its unit and source, and the [`crate::Fault`] that it raises.
//!
//! Those of one subject are in a module of their own; all are re-exported here.

mod definitions;
mod edges;
mod formula;
mod login;
mod query;
mod server;
mod store;

use std::time::Duration;

pub use definitions::*;
pub use edges::*;
pub use formula::*;
pub use login::*;
pub use query::*;
pub use server::*;
pub use store::*;

/// Bytes of a file: `ValueFault::FileTooLarge` beyond.
/// Source: none; "Insert or Update Blob Data" (REST API Developer Guide) has 2 GB for versions of files.
pub const FILE_BYTES_MAX: usize = 100 * 1024 * 1024;

/// The same of an attachment. Source: "Attachment" (Object Reference).
pub const ATTACHMENT_BYTES_MAX: usize = 25 * 1024 * 1024;

/// The same of a document and of a static resource. Source: "Document", "`StaticResource`" (Object Reference).
pub const DOCUMENT_BYTES_MAX: usize = 5 * 1024 * 1024;

/// Characters of a value in the history of a field: longer ones are cut off.
/// Source: recorded describes of `OldValue` and `NewValue`.
pub const HISTORY_CHARACTERS_MAX: usize = 255;

/// Bytes of a request body in JSON with a file in it, in base64: `RequestFault::TooLarge` beyond.
/// Source: "Insert or Update Blob Data" (REST API Developer Guide).
pub const REST_FILE_BODY_BYTES_MAX: usize = 50 * 1024 * 1024;

/// Bytes of a request body of several parts with a file in it: `RequestFault::TooLarge` beyond.
pub const REST_FILE_PARTS_BYTES_MAX: usize = FILE_BYTES_MAX + REST_BODY_BYTES_MAX;

/// Bytes of one REST request body. Source: none; generous for single records, bulk uploads have their own.
pub const REST_BODY_BYTES_MAX: usize = 6 * 1024 * 1024;

/// Levels of nesting in one REST request body: `RequestFault::JsonInvalid` beyond. Source: none; records need three.
pub const REST_JSON_DEPTH_MAX: usize = 32;

/// Values in one REST request body: `RequestFault::JsonInvalid` beyond. Source: none; an object has 800 fields at most.
pub const REST_JSON_VALUES_MAX: usize = 100_000;

/// Lookups by external id in the body of one record: `RequestFault::JsonInvalid` beyond. Source: none.
pub const REST_LOOKUPS_MAX: usize = 25;

/// Records that answer for one external id, or for one relationship to children.
/// Source: "Query" (REST API Developer Guide), the size of one page.
pub const REST_RELATED_RECORDS_MAX: usize = 2_000;

/// Steps of a relationship path in `fields`. Source: "Relationship Queries" (SOQL and SOSL Reference).
pub const REST_PATH_STEPS_MAX: usize = 5;

/// Names in one `fields` parameter. Source: none; an address of 16 KiB holds fewer.
pub const REST_FIELDS_MAX: usize = 2_000;

/// Recently changed records in an object's basic information. Source: none.
pub const REST_RECENT_RECORDS_MAX: usize = 25;

/// Records in one sObject Collections request, or in one sObject Tree: `ManyFault::RecordsTooMany` beyond.
/// Source: "sObject Collections", "sObject Tree" (REST API Developer Guide).
pub const REST_COLLECTION_RECORDS_MAX: usize = 200;

/// Runs of records of one object in one sObject Collections request: `ManyFault::ChunksTooMany` beyond.
/// Source: "Create Records Using sObject Collections" (REST API Developer Guide).
pub const REST_COLLECTION_CHUNKS_MAX: usize = 10;

/// Records that one sObject Collections request reads: `ManyFault::RecordsTooMany` beyond.
/// Source: "Get Records with a Request Body Using sObject Collections" (REST API Developer Guide).
pub const REST_COLLECTION_READ_MAX: usize = 2_000;

/// Parts of one Composite or Composite Batch request: `ManyFault::PartsTooMany` beyond.
/// Source: "Send Multiple Requests Using Composite", "Composite Batch" (REST API Developer Guide).
pub const REST_PARTS_MAX: usize = 25;

/// Salesforce licenses of an org, as `UserLicense` shows them; users beyond are not refused.
/// Source: "Developer Edition" (Salesforce Editions, Salesforce Help).
pub const USER_LICENSES: u32 = 2;

/// Queries and lists of records among the parts of one Composite request: `ManyFault::HeavyPartsTooMany` beyond.
/// Source: "Send Multiple Requests Using Composite" (REST API Developer Guide).
pub const REST_PARTS_HEAVY_MAX: usize = 5;

/// Levels of records in an sObject Tree: `ManyFault::LevelsTooMany` beyond.
/// Source: "sObject Tree" (REST API Developer Guide).
pub const REST_TREE_LEVELS_MAX: usize = 5;

/// Objects in an sObject Tree: `ManyFault::TypesTooMany` beyond. Source: "sObject Tree" (REST API Developer Guide).
pub const REST_TREE_TYPES_MAX: usize = 5;

/// Graphs in one request: `ManyFault::GraphTooLarge` beyond, as for the four that follow.
/// Source: "Composite Graph Limits" (REST API Developer Guide).
pub const REST_GRAPHS_MAX: usize = 75;

/// Nodes in all graphs of one request. Source: as above.
pub const REST_GRAPH_NODES_MAX: usize = 500;

/// Nodes that differ by version, method or object. Source: as above.
pub const REST_GRAPH_KINDS_MAX: usize = 15;

/// Nodes in a chain of references. Source: as above.
pub const REST_GRAPH_DEPTH_MAX: usize = 15;

/// Graphs that may fail: once more have, the rest is not tried. Source: as above.
pub const REST_GRAPH_FAILURES_MAX: usize = 14;

/// Records of which `updated` and `deleted` tell: `ReplicationFault::TooMany` beyond.
/// Source: "sObject Get Updated" (REST API Developer Guide).
pub const REPLICATED_RECORDS_MAX: usize = 600_000;

/// Days back that `updated` covers. Source: as above.
pub const REPLICATED_DAYS_UPDATED: i64 = 30;

/// Days back that `deleted` covers. Source: "sObject Get Deleted" (REST API Developer Guide).
pub const REPLICATED_DAYS_DELETED: i64 = 15;

/// Records in the list of recent ones. Source: "Recently Viewed Items" (REST API Developer Guide).
pub const REST_RECENT_ITEMS_MAX: usize = 200;

/// REST requests a day of a Developer Edition org: the limit that `Sforce-Limit-Info` shows.
/// Source: "API Request Limits and Allocations" (Salesforce Developer Limits and Allocations Quick Reference).
pub const REST_REQUESTS_DAILY_DEVELOPER: u64 = 15_000;

/// Records or groups in one answer to a query. Source: "Query" (REST API Developer Guide).
pub const QUERY_PAGE_ROWS_MAX: usize = 2_000;

/// Records in one answer to a search. Source: "`LIMIT n`" in SOSL (SOQL and SOSL Reference).
pub const SEARCH_ROWS_MAX: usize = 2_000;

/// Characters of the words of a search; longer ones find nothing. Source: "`FIND {SearchQuery}`" (SOQL and SOSL Reference).
pub const SEARCH_CHARACTERS_MAX: usize = 10_000;

/// Records that one query may find: `QueryRefusal::RecordsTooMany` beyond. Source: none; their ids are kept for the
/// pages to come.
pub const QUERY_RECORDS_MAX: usize = 2_000_000;

/// Bytes of the values of one page, after which it has no further record; the next page has the rest. At least one record is
/// in a page. Groups beyond are `QueryRefusal::GroupsTooMany`.
/// Source: "Change the Batch Size in Queries" (SOAP API Developer Guide): no guarantee that the requested size is the actual
/// size; none for the number.
pub const QUERY_PAGE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Bytes of the answer to a request of many parts: pages of further queries have one record each, and further reads without
/// pages are `RequestFault::TooLarge`. A part may go beyond. Source: none.
pub const ANSWER_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Bytes of the records that are read by their ids for one answer: `QueryRefusal::RecordsTooMany` beyond. Source: none.
pub const ROWS_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Queries of an org that are carried out at the same time; more wait. They have connections of their own. Source: none.
pub const QUERIES_AT_ONCE_MAX: usize = 4;

/// The same of one user, so that nobody keeps everybody else waiting. Source: none; half of all.
pub const QUERIES_OF_USER_AT_ONCE_MAX: usize = 2;

/// Queries whose further pages can be asked for; the oldest are forgotten. Source: none.
pub const QUERY_CURSORS_MAX: usize = 1_000;

/// Ids kept for further pages by all queries together; the oldest queries are forgotten. Source: none.
pub const QUERY_CURSOR_IDS_MAX: usize = 4_000_000;

/// Hours after which further pages cannot be asked for any more.
/// Source: "Query Cursor Limits" (Salesforce Developer Limits and Allocations Quick Reference).
pub const QUERY_CURSOR_HOURS: u64 = 48;

/// Bytes of a bulk job's data: `RequestFault::TooLarge` beyond.
/// Source: "Limits" (Bulk API 2.0 and Bulk API Developer Guide): 150 MB once it is encoded in base64.
pub const BULK_CONTENT_BYTES_MAX: u64 = 150 * 1024 * 1024 / 4 * 3;

/// Records of a bulk job in one transaction.
/// Source: "How Requests Are Processed" (Bulk API 2.0 and Bulk API Developer Guide).
pub const BULK_CHUNK_RECORDS_MAX: usize = 200;

/// Bytes of them, after which a transaction takes no further record.
/// Source: "Limits" (Bulk API 2.0 and Bulk API Developer Guide), the size of a batch.
pub const BULK_CHUNK_BYTES_MAX: u64 = 10_000_000;

/// Bytes of one record of a bulk job: the job fails beyond.
/// Source: "Limits" (Bulk API 2.0 and Bulk API Developer Guide) has 400,000 characters, of up to four bytes.
pub const BULK_RECORD_BYTES_MAX: u64 = 1_600_000;

/// Fields of one record of a bulk job: the job fails beyond.
/// Source: "Limits" (Bulk API 2.0 and Bulk API Developer Guide).
pub const BULK_RECORD_FIELDS_MAX: usize = 5_000;

/// Bytes of what a bulk job finds: the job fails beyond.
/// Source: none; below what is stored for all of them.
pub const BULK_FOUND_BYTES_MAX: u64 = 16 * 1024 * 1024 * 1024;

/// Bytes of all that bulk jobs have found and were given, after which no query is taken: `BulkFault::StorageExceeded`.
/// Source: `DailyBulkV2QueryFileStorageMB` and the text of its refusal, as Airbyte's source-salesforce looks for it.
pub const BULK_STORED_BYTES_MAX: u64 = 1_000_000_000 * 1024;

/// Bytes after which the place of a record in what a bulk job finds is written down. Source: none; what a page skips at most.
pub const BULK_MARK_BYTES: u64 = 1024 * 1024;

/// Records of one page of a bulk query; pages are read in parallel. Source: none.
pub const BULK_PAGE_RECORDS: u64 = 50_000;

/// Such pages that are named in one answer.
/// Source: "Get Parallel Results for a Query Job" (Bulk API 2.0 and Bulk API Developer Guide).
pub const BULK_PARALLEL_PAGES_MAX: usize = 5;

/// Batches of JSON or XML that are turned into CSV at the same time; others wait. Source: none; a batch of 10 MB takes
/// many times that while its values are apart.
pub const BULK_CONVERSIONS_AT_ONCE_MAX: usize = 2;

/// Bulk queries that read at the same time; others wait. Source: none; fewer than all queries, so that those go on.
pub const BULK_QUERIES_AT_ONCE_MAX: usize = 1;

/// Bytes of a batch of the API before 2.0: `BulkFault::BatchTooLarge` beyond.
/// Source: "Bulk API and Bulk API 2.0 Limits and Allocations" (Salesforce Developer Limits and Allocations Quick Reference).
pub const BULK_BATCH_BYTES_MAX: usize = 10_000_000;

/// Records of a batch of the API before 2.0 in JSON or XML: `BulkFault::BatchTooLarge` beyond. Source: as before.
pub const BULK_BATCH_RECORDS_MAX: usize = 10_000;

/// Bulk jobs that are processed at a time; others wait. Source: none.
pub const BULK_JOBS_AT_ONCE_MAX: usize = 4;

/// Pause before a bulk job tries again whose transaction the store could not keep. Source: none.
pub const BULK_RETRY_PAUSE: Duration = Duration::from_secs(5);

/// Bytes of an upload after which the free space of the disk is looked at again. Source: none; far less than the reserve.
pub const RESERVE_CHECK_BYTES: u64 = 1024 * 1024;

/// Free space of the disk below which uploads and jobs are refused. Unit: MiB. Source: none; the write-ahead log and the
/// commits of a busy hour.
pub const RESERVE_MIB: u64 = 512;

/// Damaged blocks of events that one gap covers; the next ones are another gap. Source: none; what one read looks at.
pub const LOG_GAP_BLOCKS_MAX: usize = 1_000;

/// Gaps in the log that have a line in the server's log; further ones have none. Source: none.
pub const LOG_GAPS_REPORTED_MAX: usize = 1_000;

/// Bulk jobs that are kept: `BulkFault::QuotaExceeded` beyond.
/// Source: none; the service counts 15,000 batches a day.
pub const BULK_JOBS_MAX: usize = 15_000;

/// Days after which a bulk job that has ended is deleted.
/// Source: "Limits" (Bulk API 2.0 and Bulk API Developer Guide).
pub const BULK_JOB_DAYS: i64 = 7;

/// Bulk jobs in one page of their list. Source: none.
pub const BULK_PAGE_JOBS_MAX: usize = 1_000;

/// Bytes of a request body that defines or changes a bulk job: `RequestFault::TooLarge` beyond. Source: none.
pub const BULK_BODY_BYTES_MAX: usize = 64 * 1024;

/// Bytes of a request body that brings a query: `RequestFault::TooLarge` beyond.
/// Source: "SOQL and SOSL Limits" (Salesforce Developer Limits) has 100,000 characters, of up to four bytes.
pub const BULK_QUERY_BODY_BYTES_MAX: usize = 400_000 + BULK_BODY_BYTES_MAX;

/// Bytes of a request that brings a bulk job and its data at once: `RequestFault::TooLarge` beyond.
/// Source: "Create a Job" (Bulk API 2.0 and Bulk API Developer Guide) has 100,000 characters, of up to four bytes.
pub const BULK_MULTIPART_BYTES_MAX: usize = 400_000 + BULK_BODY_BYTES_MAX;

/// Bytes of one Streaming API request body; a larger one is 413.
/// Source: "How the Client Connects" (Streaming API Developer Guide).
pub const STREAMING_BODY_BYTES_MAX: usize = 32_768;

/// Bytes of events in one long-poll response; the rest follows in the next one.
/// Clients: the CometD Java client gives up above 1 MiB. Source: none.
pub const STREAMING_RESPONSE_BYTES_MAX: usize = 900 * 1024;

/// What a response of the Streaming API reserves at its beginning, if the last one was as long. Unit: bytes. Source: none.
pub const STREAMING_RESERVED_BYTES_MAX: usize = 64 * 1024;

/// Bytes of one OAuth request body. Source: none.
pub const OAUTH_BODY_BYTES_MAX: usize = 64 * 1024;

/// Bytes of one event; a larger change event is replaced by a gap event, a larger platform event is
/// `LimitFault::EventTooLarge`.
/// Source: "Gap Events" (Change Data Capture Developer Guide).
pub const EVENT_BYTES_MAX: usize = 1_000_000;

/// Bytes of an event's id that its publisher chose. Source: none: those of a text field.
pub const EVENT_ID_BYTES_MAX: usize = 255;

/// Changes of one transaction that have events of their own; overflow events cover the rest.
/// Source: "Overflow Events" (Change Data Capture Developer Guide).
pub const OVERFLOW_CHANGES: u64 = 100_000;

/// Records of one merged event, whose own events together have [`EVENT_BYTES_MAX`] at most: a channel that takes it apart
/// delivers all of it at once. Source: none.
pub const MERGED_RECORDS_MAX: usize = 1_000;

/// Commands in one commit group. Source: none.
pub const GROUP_COMMANDS_MAX: usize = 1_000;

/// Commands that are committed one by one after a group met damaged data, so that the next one that meets it is refused
/// alone. Source: none.
pub const COMMANDS_ALONE_AFTER_DAMAGE: usize = 256;

/// How long an open transaction may keep the writer waiting for its next step. Source: none; steps follow each other
/// within microseconds.
pub const OPEN_TRANSACTION_PAUSE_MAX: Duration = Duration::from_secs(10);

/// Rows in the hands of one commit group after which it takes no further command, so that others wait a fraction of a
/// second at most. A single command may go beyond. Source: none.
pub const GROUP_ROWS_MAX: usize = 4_000;

/// How often a store is asked for the outcome of a commit that it does not know. Source: none.
pub const OUTCOME_QUERIES_MAX: usize = 50;

/// Pause between two of these queries: with their number, writes wait 5 seconds at most. Source: none.
pub const OUTCOME_QUERY_PAUSE: Duration = Duration::from_millis(100);

/// Commands that may wait for the writer; more wait outside the queue. Source: none.
pub const WRITER_QUEUE_MAX: usize = 4_096;

/// Commits that are taken from a store's feed at once.
/// Source: none.
pub const COMMITS_FOLLOWED_AT_ONCE: usize = 256;

/// Time between two looks of a node that follows at what was committed, besides those that it is notified of.
/// Source: none.
pub const FEED_POLL_EVERY: Duration = Duration::from_millis(50);

/// Time after a look at what was committed during which a node that follows delivers events: a right that is taken away is
/// without effect on every node after that.
/// Source: none.
pub const FOLLOWED_STATE_MAX: Duration = Duration::from_secs(1);

/// Time that a report of another node about its clients and listeners counts.
/// Source: none; some reports may get lost.
pub const ATTENDANCE_KEPT_MAX: Duration = Duration::from_secs(5);

/// Time between two loads of everything by a node that follows and is too far behind; it delivers nothing meanwhile.
/// Source: none.
pub const FOLLOWED_LOAD_EVERY: Duration = Duration::from_secs(5);

/// How often a stale org state is loaded again before the next command is looked at.
/// Source: none.
pub const STATE_LOADS_AT_ONCE: u32 = 3;

/// Records that one delete may cascade to: `RecordFault::DeleteTooLarge` beyond.
/// Source: none; "Overflow Events" (Change Data Capture Developer Guide) mentions one of 120,000. Each takes about 10 KB of
/// memory until the commit.
pub const CASCADE_RECORDS_MAX: usize = 125_000;

/// Details that one roll-up summary field is computed from: `ValueFault::Refused` beyond. Source: none.
pub const ROLL_UP_DETAILS_MAX: usize = 100_000;

/// Records that a new roll-up summary field is computed for at once: a problem of the project beyond. Source: none.
pub const ROLL_UP_MASTERS_MAX: usize = 100_000;

/// Events kept in memory for live subscribers; older ones are read from the store. Source: none.
pub const TAIL_EVENTS_MAX: usize = 65_536;

/// Bytes of events kept in memory for live subscribers, their rendered forms included. Source: none.
pub const TAIL_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Bytes of what channels with filters or enriched fields make of events, for all of their subscribers. What goes is made
/// again when it is asked for. Source: none.
pub const VIEWS_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The same that one subscriber asks for at once; an event more, at least one. Source: none.
pub const LOOK_BYTES_MAX: usize = 1024 * 1024;

/// Events read from the store in one step of a replay. Source: none.
pub const REPLAY_PAGE_EVENTS_MAX: usize = 1_000;

/// Steps of replays that are kept in memory, for other subscribers and for the rest of a step. Source: none.
pub const REPLAY_PAGES_MAX: usize = 64;

/// Bytes of them, counted as those of [`TAIL_BYTES_MAX`]. Source: none.
pub const REPLAY_PAGES_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Characters from which on an event may carry a diff of a text in place of the text.
/// Source: "Sending Data Differences for Fields of Updated Records" (Change Data Capture Developer Guide).
pub const DIFFERENCE_CHARACTERS_MIN: usize = 1_000;

/// Lines that a diff of a text may remove and add; with more of them the event carries the text.
/// Source: none; at the longest text, some ten milliseconds.
pub const DIFFERENCE_EDITS_MAX: usize = 256;

/// Retention of change events and high-volume platform events, in hours.
/// Source: "Event Message Durability" (Change Data Capture Developer Guide).
pub const RETENTION_HOURS: u64 = 72;

/// Retention of the events of `PushTopics` and generic channels, in hours.
/// Source: "Message Durability" (Streaming API Developer Guide).
pub const STREAM_RETENTION_HOURS: u64 = 24;

/// Active `PushTopics` of an org: `RecordFault::LimitExceeded` beyond. Settings can only have fewer.
/// Source: none; "PushTopic Streaming Allocations" (Streaming API Developer Guide) has a tenth of it at most.
pub const PUSH_TOPICS_MAX: usize = 1_000;

/// Generic channels of an org: `RecordFault::LimitExceeded` beyond. Settings can only have fewer.
/// Source: none; "Generic Streaming Allocations" (Streaming API Developer Guide) has 1,000.
pub const STREAMING_CHANNELS_MAX: usize = 100_000;

/// Generic channels that `/asyncapi.yaml` describes: the first by name.
/// Source: none; all that an org of the service can have.
pub const CHANNELS_DESCRIBED_MAX: usize = 1_000;

/// Characters of a text that is pushed to a generic channel: `ValueFault::TextTooLong` beyond.
/// Source: "Streaming Channel Push REST API" (Streaming API Developer Guide).
pub const PUSH_CHARACTERS_MAX: u32 = 3_000;

/// Texts in one request to push, and users of one text: `Fault::ManyFault` beyond. Source: none.
pub const PUSHES_MAX: usize = 1_000;

/// Conditions of one filtered subscription: more are refused. Source: none; a `PushTopic` query is short.
pub const TOPIC_FILTERS_MAX: usize = 100;

/// Idle minutes after which an access token expires.
/// Source: "Session Expiration" (SOAP API Developer Guide, `login()`).
pub const SESSION_IDLE_MINUTES: u64 = 120;

/// Live logins of one user: `LoginFault::LoginRateExceeded` beyond. Source: none; above what any client opens.
pub const LOGINS_PER_USER_MAX: usize = 10_000;

/// Live logins of an org: `ServiceFault::Busy` beyond. Source: none.
pub const LOGINS_MAX: usize = 100_000;

/// Logins of one user in an hour: `LoginFault::LoginRateExceeded` beyond.
/// Source: `login()` (SOAP API Developer Guide).
pub const LOGINS_AN_HOUR: u32 = 3_600;

/// Refresh tokens of one user and connected app; one more revokes the oldest.
/// Source: "OAuth Tokens and Scopes" (Salesforce Help) has five; test suites hold more.
pub const REFRESH_TOKENS_PER_APP_MAX: usize = 1_000;

/// Minutes in which an authorization code can be exchanged.
/// Source: "OAuth 2.0 Web Server Flow" (Salesforce Help).
pub const AUTHORIZATION_CODE_MINUTES: i64 = 15;

/// Authorization codes that are remembered, used ones among them; one more displaces the oldest. Source: none.
pub const AUTHORIZATION_CODES_MAX: usize = 10_000;

/// Minutes in which a user who has logged in can answer what the app asks for. Source: none.
pub const CONSENT_MINUTES: i64 = 10;

/// Minutes that an ID token is good for.
/// Source: "Edit Connected App ID Token Settings" (Salesforce Help), the default.
pub const ID_TOKEN_MINUTES: i64 = 2;

/// Minutes in which a device can be let in by its user.
/// Source: "OAuth 2.0 Device Flow" (Salesforce Help).
pub const DEVICE_CODE_MINUTES: i64 = 10;

/// Seconds that a device lets pass between two polls.
/// Source: "OAuth 2.0 Device Flow" (Salesforce Help), `interval`.
pub const DEVICE_POLL_SECONDS: i64 = 5;

/// Devices that are remembered; one more displaces the oldest. Source: none.
pub const DEVICE_CODES_MAX: usize = 10_000;

/// Length of an administrator's password, and of every password set in an org that has one configured. Unit: characters.
/// Source: none.
pub const PRODUCTION_PASSWORD_CHARS_MIN: usize = 12;

/// Length of a consumer secret or of the token of `/metrics`, which nobody has to type. Unit: characters. Source: none.
pub const CLIENT_SECRET_CHARS_MIN: usize = 16;

/// Sources whose failed logins are remembered. Source: none.
pub const FAILED_LOGIN_SOURCES_MAX: usize = 10_000;

/// Longest wait after failed logins of a source, or of a user at one source. Unit: milliseconds. Source: none.
pub const FAILED_LOGIN_WAIT_MS_MAX: i64 = 15 * 60 * 1_000;

/// Longest wait after failed logins of a user at all sources together. Unit: milliseconds. Source: none.
pub const FAILED_LOGIN_WAIT_OF_USER_MS_MAX: i64 = 60 * 1_000;

/// Time between two log lines about failed logins. Unit: milliseconds. Source: none.
pub const FAILED_LOGINS_LOGGED_EVERY_MS: i64 = 10 * 1_000;

/// Pairs of user and source that have logged in and are remembered. Source: none.
pub const LOGIN_SOURCES_KNOWN_MAX: usize = 10_000;

/// Passwords of one source that are checked or wait for it at once: `LoginFault::LoginRateExceeded` beyond. Source: none.
pub const PASSWORDS_PENDING_PER_SOURCE_MAX: usize = 32;

/// Consent tickets that are remembered as redeemed. Source: none.
pub const CONSENT_TICKETS_REDEEMED_MAX: usize = 10_000;

/// How far the clock of a signer may be ahead of the server's. Unit: milliseconds. Source: none.
pub const ASSERTION_CLOCK_SKEW_MS: i64 = 60 * 1_000;

/// User names whose failed logins are remembered. Source: none.
pub const FAILED_LOGIN_NAMES_MAX: usize = 10_000;

/// Logins that may wait for their password to be hashed: `ServiceFault::Busy` beyond. Source: none.
pub const PASSWORD_QUEUE_MAX: usize = 256;

/// Bytes of a password: longer ones are wrong. Source: none.
pub const PASSWORD_BYTES_MAX: usize = 1_024;

/// Bytes of a token: longer ones are unknown. Source: none.
pub const TOKEN_BYTES_MAX: usize = 1_024;

/// Bytes of one metadata file: a problem of the project beyond.
/// Source: none; the largest object file of a full org has some three megabytes.
pub const METADATA_FILE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Elements of one metadata file: a problem of the project beyond. Source: none.
pub const METADATA_ELEMENTS_MAX: usize = 250_000;

/// Metadata files of one project: a problem of the project beyond.
/// Source: "Metadata Limits" (Metadata API Developer Guide), which has 10,000 files a deployment.
pub const METADATA_COMPONENTS_MAX: usize = 50_000;

/// Problems of a project that are kept, and as many warnings: further ones are counted. Source: none.
pub const METADATA_PROBLEMS_MAX: usize = 10_000;

/// Lines of one file of a project that do not apply and are logged one by one: further ones are counted. Source: none.
pub const PROJECT_WARNINGS_LOGGED_MAX: usize = 3;

/// Characters of the display format of an auto number, without its braces: a problem of the project beyond.
/// Source: "Custom Field Types" (Salesforce Help), auto number; braces: `javidiazllobet/MSF_Salesforce_CI` has a format of
/// 35 characters with four pairs.
pub const DISPLAY_FORMAT_CHARACTERS_MAX: usize = 30;

/// Fields that an administrator may add to one object: a problem of the project beyond.
/// Source: "Custom Fields Allowed Per Object" (Salesforce Help): 900 with those of packages; an exported org with 818 is
/// public.
pub const CUSTOM_FIELDS_PER_OBJECT_MAX: usize = 900;

/// Custom channels of change events, and as many of platform events: a problem of the project beyond.
/// Source: "Channels and Event Allocations" (Platform Events Developer Guide).
pub const CHANNELS_OF_A_TYPE_MAX: usize = 100;

/// Custom channels of monitoring events: a problem of the project beyond.
/// Source: "Channels and Event Allocations" (Platform Events Developer Guide).
pub const MONITORING_CHANNELS_MAX: usize = 3;

/// Fields that one channel member may enrich events with: a problem of the project beyond.
/// Source: "Considerations for Event Enrichment" (Change Data Capture Developer Guide).
pub const ENRICHED_FIELDS_MAX: usize = 10;

/// Different fields in a filter expression: a problem of the project beyond.
/// Source: "Filter Expression Considerations" (Change Data Capture Developer Guide).
pub const FILTER_FIELDS_MAX: usize = 10;

/// Characters of a filter expression: a problem of the project beyond.
/// Source: "Filter Your Stream of Platform Events" (Platform Events Developer Guide).
pub const FILTER_CHARACTERS_MAX: usize = 131_072;

/// Managed event subscriptions of an org: a problem of the project beyond, and `ManagedSetupFault::TooMany`.
/// Source: "Pub/Sub API Allocations" (Pub/Sub API Developer Guide).
pub const MANAGED_SUBSCRIPTIONS_MAX: usize = 200;

/// Characters of the label of a managed event subscription, and of its version: `ValueFault::TextTooLong` beyond.
/// Source: none; labels of other setup objects have 80.
pub const MANAGED_TEXT_CHARACTERS_MAX: usize = 80;

/// Login events that are queued: more are dropped. Source: none.
pub const LOGIN_EVENTS_QUEUED_MAX: usize = 10_000;

/// Login events of one commit. Source: none.
pub const LOGIN_EVENTS_BATCH_MAX: usize = 256;

/// Bytes of one SOAP request body, unpacked: `RequestFault::TooLarge` beyond. Source: none; as much as of a REST request.
pub const SOAP_BODY_BYTES_MAX: usize = REST_BODY_BYTES_MAX;

/// Levels of nesting in one XML document. Source: none; records in an envelope need seven, objects six.
pub const XML_DEPTH_MAX: usize = 32;

/// Attributes of one XML element. Source: none; envelopes declare a dozen namespaces.
pub const XML_ATTRIBUTES_MAX: usize = 64;

/// Elements of one SOAP envelope: `SoapFault::EnvelopeInvalid` beyond. Source: none; 200 records of 500 fields.
pub const SOAP_ELEMENTS_MAX: usize = 100_000;

/// Invitees of one calendar event. Source: "`EventRelation`" (Object Reference).
pub const EVENT_INVITEES_MAX: usize = 1_000;

/// Records that one merge takes besides its master: `MergeFault::VictimsInvalid` beyond. Source: `merge()` (SOAP API
/// Developer Guide).
pub const MERGE_VICTIMS_MAX: usize = 2;

/// Leads that one call converts: `ConversionFault::LeadsTooMany` beyond. Source: `convertLead()` (SOAP API Developer Guide).
pub const LEADS_CONVERTED_MAX: usize = 100;

/// The name of an opportunity that a conversion asks for: `ValueFault::TextTooLong` beyond. Source: `convertLead()` (SOAP API
/// Developer Guide). Unit: characters.
pub const CONVERTED_OPPORTUNITY_NAME_MAX: usize = 80;

/// Bytes of the zip file of a deployment. Source: "Metadata Limits" (Metadata API Developer Guide), 39 MB.
pub const METADATA_ZIP_BYTES_MAX: usize = 39 * 1024 * 1024;

/// Bytes of a request of the Metadata API, its zip file in base64 included: `RequestFault::TooLarge` beyond.
/// Source: none.
pub const METADATA_REQUEST_BYTES_MAX: usize = 56 * 1024 * 1024;

/// Requests of the Metadata API that are read at the same time; others wait. Source: none; they are in memory.
pub const METADATA_REQUESTS_AT_ONCE_MAX: usize = 4;

/// Bytes of the files of a zip file that are read. Source: none; the service has 400 MB, of all kinds of files.
pub const METADATA_UNZIPPED_BYTES_MAX: usize = 100 * 1024 * 1024;

/// Files of a deployment. Source: "Metadata Limits" (Metadata API Developer Guide).
pub const METADATA_FILES_MAX: usize = 10_000;

/// Deployments that are remembered; older ones are forgotten once they are done. Source: none; the service has 30 days.
pub const DEPLOYMENTS_KEPT_MAX: usize = 100;

/// Deployments that wait: `MetadataFault::DeploymentsTooMany` beyond. Source: none.
pub const DEPLOYMENTS_WAITING_MAX: usize = 10;

/// Retrievals that are remembered; older ones are forgotten. Source: none.
pub const RETRIEVALS_KEPT_MAX: usize = 100;

/// How long a validated deployment can be deployed. Unit: days.
/// Source: "Deploy a Recently Validated Component Set Without Tests" (Metadata API Developer Guide).
pub const VALIDATION_DAYS: i64 = 10;

/// Objects that one call describes: `ManyFault::RecordsTooMany` beyond. Source: `describeSObjects()` (SOAP API Developer
/// Guide).
pub const DESCRIBED_OBJECTS_MAX: usize = 100;

/// Days that usage is kept, and that a query of it by event and client may reach back.
///
/// Source: "Monitor Platform Event Publishing and Delivery Usage" (Platform Events Developer Guide) has 45 at least,
/// "`PlatformEventUsageMetric`" (Object Reference) a range of 60.
pub const USAGE_DAYS: i64 = 60;

/// Publishers and subscribers that the usage of one hour distinguishes, by topic; more are counted together.
/// Source: none.
pub const USAGE_ENTRIES_MAX: usize = 1_000;

/// Forms of one event that are kept in memory for users who do not see all of its fields; others are made each time.
///
/// Source: none.
pub const EVENT_MASKS_MAX: usize = 8;
