//! Limits of the process: its configuration, files, connections.

use std::time::Duration;

use crate::Timestamp;

/// Size of a configuration file. Unit: bytes. Source: none.
pub const CONFIG_FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Size of a file that contains a secret or a certificate. Unit: bytes. Source: none.
pub const SECRET_FILE_BYTES_MAX: u64 = 64 * 1024;

/// Open connections by default: ten thousand idle subscribers and as many requests. Source: none.
pub const CONNECTIONS_DEFAULT: usize = 20_000;

/// Open files that connections leave to the store, bulk jobs, logs and sockets of the process. Source: none.
pub const FILES_RESERVED: u64 = 256;

/// Open files below which a server does not start. Source: none.
pub const FILES_MIN: u64 = 512;

/// Time between two log lines about the same kind of refusal; the next line has the count. Source: none.
pub const REFUSALS_LOGGED_EVERY: Duration = Duration::from_secs(10);

/// How long browsers remember to use TLS only. Unit: seconds. Source: none; a year, as RFC 6797 has in its examples.
pub const HSTS_SECONDS: u64 = 31_536_000;

/// Length of a request target; longer ones are answered with 414. Unit: bytes.
/// Source: "Headers and URI limits".
pub const REQUEST_TARGET_BYTES_MAX: usize = 16 * 1024;

/// How far the machine's clock may be set while a server runs; a further step is not followed. Unit: milliseconds.
/// Source: none; corrections of a clock are smaller, and no retention is counted in minutes.
pub const CLOCK_JUMP_MILLIS_MAX: i64 = 60 * 60 * 1000;

/// The latest time that a test can set a developer org's clock to: 4000-12-31T00:00:00Z.
/// Source: "Date Formats and Date Literals" (SOQL and SOSL Reference): the last date of a query.
pub const CLOCK_MAX: Timestamp = Timestamp::from_millis(64_092_124_800_000);

/// How long the move of a developer org's clock waits for what has fallen due. Source: none; each takes milliseconds.
pub const CLOCK_SETTLE_MAX: Duration = Duration::from_secs(10);

/// How long a call of the control interface waits for events or subscribers at most. Source: none.
pub const CONTROL_WAIT_MAX: Duration = Duration::from_mins(1);

/// How long it waits unless it says so. Source: none.
pub const CONTROL_WAIT: Duration = Duration::from_secs(5);

/// Bytes of what a subscriber calls itself that are kept while it is connected. Source: none; names of libraries are shorter.
pub const SUBSCRIBER_CLIENT_BYTES_MAX: usize = 100;

/// Events that one call of the control interface waits for at most. Source: none.
pub const CONTROL_EVENTS_MAX: usize = 1_000;

/// Bytes of an event that a refusal of the control interface shows. Source: none.
pub const CONTROL_SHOWN_BYTES_MAX: usize = 2_000;

/// Events that one call of the control interface lists unless it says so. Source: none.
pub const CONTROL_LISTED_EVENTS: usize = 100;

/// Events that one call of the control interface lists at most. Source: none.
pub const CONTROL_LISTED_EVENTS_MAX: usize = 500;

/// Bytes after which a list of events ends. Source: none; a large event is listed alone.
pub const CONTROL_LISTED_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Events that one call of the control interface looks at. Source: none; takes well under a second.
pub const CONTROL_SEARCHED_EVENTS_MAX: usize = 20_000;

/// Events that are read at once while the control interface searches. Source: none.
pub const CONTROL_SEARCHED_EVENTS_PAGE: usize = 500;

/// Spans of time by which the control interface counts events unless a call says so. Source: none.
pub const CONTROL_HISTOGRAM_BUCKETS: i64 = 60;

/// Spans of time by which the control interface counts events at most. Source: none; twice what a page draws.
pub const CONTROL_HISTOGRAM_BUCKETS_MAX: i64 = 240;

/// Values of one parameter that filters events. Source: none.
pub const CONTROL_FILTER_VALUES_MAX: usize = 32;

/// Characters of a filter of the control interface. Source: none.
pub const CONTROL_FILTER_CHARACTERS_MAX: usize = 1_024;

/// Conditions and texts of such a filter. Source: none.
pub const CONTROL_FILTER_TERMS_MAX: usize = 32;

/// How deep its parentheses are. Source: none.
pub const CONTROL_FILTER_DEPTH_MAX: usize = 16;

/// Clients that follow events over the control interface at once. Source: none; each is a connection and a task.
pub const CONTROL_FOLLOWERS_MAX: usize = 64;

/// Events that are read at once for a client that follows. Source: none; it buffers two such pieces.
pub const CONTROL_FOLLOWED_EVENTS_PAGE: usize = 50;

/// How far a client that follows may fall back before it skips events. Source: none.
pub const CONTROL_FOLLOWER_LAG_MAX: u64 = 5_000;

/// After this time without events, a client that follows gets the tail of the log. Source: none.
pub const CONTROL_FOLLOWER_SILENCE: Duration = Duration::from_secs(10);

/// A client that follows gets pieces no faster than this. Source: none; a page draws no more often.
pub const CONTROL_FOLLOWER_PAUSE: Duration = Duration::from_millis(100);

/// Events that are kept as they were rendered for clients that follow. Source: none; all are near the end of the log.
pub const CONTROL_RENDERED_EVENTS_MAX: usize = 512;

/// Bytes of these. Source: none.
pub const CONTROL_RENDERED_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Orgs that are open at once in a developer's process. Source: none; each has a writer thread and files of its own.
pub const CONTROL_ORGS_MAX: usize = 128;

/// Logins to the console of a production node at once: the one that was not used for the longest time ends. Source: none.
pub const CONSOLE_SESSIONS_MAX: usize = 100;

/// Connections of operators to a production node at once; more wait. Source: none; those of clients are counted apart.
pub const OPERATORS_CONNECTIONS_MAX: usize = 32;

/// Bytes of a body with user name and password. Source: none.
pub const CONSOLE_LOGIN_BYTES_MAX: usize = 4 * 1024;

/// Bytes of an answer of which the console masks fields. Source: none; a page of a query has 2,000 records.
pub const CONSOLE_MASKED_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Requests that the journal of a developer org keeps by default. Source: none; a test makes fewer.
pub const JOURNAL_REQUESTS: usize = 10_000;

/// Bytes that the journal of an org takes at most. Source: none; a process has many orgs.
pub const JOURNAL_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Bytes of a body that the journal keeps. Source: none; a request of a test fits.
pub const JOURNAL_BODY_BYTES_MAX: usize = 4 * 1024;

/// Bytes of a target, a user agent, a media type or a message that the journal keeps. Source: none; they fit a line.
pub const JOURNAL_TEXT_BYTES_MAX: usize = 1_000;

/// Different mistakes that the journal keeps. Source: none; further ones are counted.
pub const JOURNAL_MISTAKES_MAX: usize = 200;

/// Requests that one answer lists by default, and at most. Source: none.
pub const JOURNAL_PAGE: (usize, usize) = (100, 1_000);

/// Faults within one answer that the journal looks at. Source: none; the records of a collection.
pub const REPORTED_FAULTS_MAX: usize = 200;

/// Snapshots of an org. Source: none; each is a copy of the data file.
pub const SNAPSHOTS_MAX: usize = 64;

/// Records, and events of each side, that a difference of two snapshots lists: unless the caller says, and at most. Source:
/// none; each record comes with its differing values.
pub const DIFFERENCE_PAGE: (usize, usize) = (100, 1_000);

/// Characters of the name of a snapshot. Source: none; it is the name of a file.
pub const SNAPSHOT_NAME_MAX: usize = 64;

/// Bytes of the body of a request to the control interface. Source: none; its bodies have a few members.
pub const CONTROL_BODY_BYTES_MAX: usize = 64 * 1024;

/// Faults in the plan of an org, fired or not. Source: none; a test arms a few.
pub const FAULTS_MAX: usize = 100;

/// How late the timer of a slow answer may be without the next piece being later. Source: none; beyond, the answer had nothing
/// to send.
pub const TIMER_LATE_MAX: Duration = Duration::from_millis(20);

/// Places in the log from which on the events of a topic are held back by faults, in one org. Source: none; beyond that, events
/// wait for those before them.
pub const HOLDS_MAX: usize = 4_096;

/// The longest delay of a fault. Unit: milliseconds. Source: none; clients give up sooner.
pub const FAULT_DELAY_MILLIS_MAX: u64 = 10 * 60 * 1000;

/// Earlier states of an org that reads see at once while a fault delays them. Source: none.
pub const LAGGING_STATES_MAX: usize = 32;

/// Memory for the bodies of all requests in progress: `ServiceFault::Busy` beyond. Unit: KiB. Source: none.
pub const BODIES_KIB_MAX: usize = 256 * 1024;

/// The same for requests of clients that are not known yet, whose login is in the body. Unit: KiB. Source: none.
pub const ANONYMOUS_BODIES_KIB_MAX: usize = 16 * 1024;

/// The body of a request, as far as it is read before its login is known. Unit: bytes.
/// Source: none; logins and the headers of SOAP calls are much shorter.
pub const ANONYMOUS_BODY_BYTES_MAX: usize = 64 * 1024;

/// Pause within the body of a request. Source: none.
pub const BODY_PAUSE_MAX: Duration = Duration::from_secs(30);

/// Time that a client may take for the body of a request, and for each of so many bytes a second more:
/// a body that comes in a trickle ends. Source: none.
pub const BODY_TIME_MIN: Duration = Duration::from_mins(1);

/// See [`BODY_TIME_MIN`]. Source: none; a tenth of a slow mobile network.
pub const BODY_BYTES_A_SECOND_MIN: u64 = 4 * 1024;

/// Time until a new connection has begun a request, TLS handshake included. Source: none.
pub const CONNECTION_OPENING_MAX: Duration = Duration::from_secs(15);

/// Time that an HTTP/1 connection may be idle between requests, or take to send one request's head. Source: none.
pub const HTTP1_HEAD_MAX: Duration = Duration::from_mins(2);

/// Size of an HTTP/1 request head, and of decoded HTTP/2 header fields. Unit: bytes.
/// Source: "Headers and URI limits" has 16 KiB; twice that, as access tokens may come twice.
pub const REQUEST_HEAD_BYTES_MAX: usize = 32 * 1024;

/// Concurrent requests on an HTTP/2 connection: held polls of many clients may share one.
/// Source: "Pub/Sub API Allocations" (Pub/Sub API Developer Guide).
pub const HTTP2_STREAMS_MAX: u32 = 1_000;

/// Requests of an HTTP/2 connection that may be cancelled before they are read: as many as may be open. Source: none; the
/// library's own limit, 20, ends a connection with all its other streams when a client cancels some calls at once.
pub const HTTP2_RESETS_MAX: usize = 1_000;

/// Time between two pings of an HTTP/2 peer. Source: none.
pub const HTTP2_PING_EVERY: Duration = Duration::from_secs(30);

/// Time in which an HTTP/2 peer has to answer a ping. Source: none.
pub const HTTP2_PONG_WITHIN: Duration = Duration::from_secs(20);

/// Subscribers with metrics of their own. Source: none.
pub const METRICS_SUBSCRIBERS_MAX: usize = 100;

/// Files next to the data file that belong to no org, or among those of the bulk jobs and of no job, that are named.
/// Source: none.
pub const ORPHANS_NAMED_MAX: usize = 100;

/// What a client sends before it has its answer, as far as it is buffered. Unit: bytes. Source: none.
pub const POLL_EARLY_BYTES_MAX: usize = 64;

/// Header lines of a long poll; with more it is served by the HTTP library. Source: none.
pub const POLL_HEADERS_MAX: usize = 64;

/// Files of a project: one with more is refused. Source: none; exported orgs with 35,000 are public.
pub const PROJECT_FILES_MAX: usize = 200_000;

/// Size of one file of a project. Unit: bytes. Source: none.
pub const PROJECT_FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Levels of folders in a project. Source: none.
pub const PROJECT_DEPTH_MAX: usize = 32;

/// Administrators that are read to find the first one. Source: none.
pub const ADMINISTRATORS_READ_MAX: usize = 200;

/// Size of all seed files together. Unit: bytes. Source: none.
pub const SEED_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Time that requests in progress have to finish once the server stops. Source: none; the whole stop takes 10 s at most.
pub const DRAIN_MAX: Duration = Duration::from_secs(8);

/// Time that the last reader has to close the store. Source: none.
pub const STORE_CLOSE_MAX: Duration = Duration::from_secs(1);

/// Time that a peer may read nothing of what is written to it. Source: none.
pub const RESPONSE_STALL_MAX: Duration = Duration::from_mins(1);

/// Bytes of an answer above which its memory is counted. Source: none; thousands of small ones are on their way at a time.
pub const ANSWER_BYTES_COUNTED: u64 = 64 * 1024;

/// Memory for all larger answers that clients have not read yet: `ServiceFault::Busy` beyond. Unit: KiB. Source: none.
pub const ANSWERS_KIB_MAX: usize = 512 * 1024;

/// The same of one connection; as many wait until those have been read. Unit: KiB. Source: none.
pub const ANSWERS_OF_CONNECTION_KIB_MAX: usize = 64 * 1024;

/// Bytes of a larger answer that are handed to a connection at once. Source: none; a frame of HTTP/2.
pub const ANSWER_PIECE_BYTES: usize = 16 * 1024;

/// What the HTTP library buffers of a connection, over HTTP/2 of what each stream sends. Unit: bytes. Source: none.
pub const CONNECTION_BUFFER_BYTES: usize = 64 * 1024;

/// Size of a CONNECT request. Unit: bytes. Source: none.
pub const TUNNEL_HEAD_BYTES_MAX: usize = 8 * 1024;

/// Rest of a request body that is read and discarded; the connection is closed if there is more. Unit: bytes. Source: none.
pub const BODY_DISCARDED_BYTES_MAX: usize = 1024 * 1024;

/// Beginning of a body that is searched for what names its org; logins and the headers of SOAP calls are much shorter.
/// Unit: bytes. Source: none.
pub const ORG_HEAD_BYTES_MAX: usize = 64 * 1024;

/// Time that a request waits for a node that leads; then the documented refusal of a service that is not available.
/// Source: none.
pub const LEADER_WAIT_MAX: Duration = Duration::from_secs(5);

/// Pause before a request is passed on again that did not reach the leader. Source: none.
pub const LEADER_RETRY_EVERY: Duration = Duration::from_millis(50);

/// Time to connect to the leader. Source: none.
pub const LEADER_CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Body of a request that is kept until the leader has it, so that it can be passed on again; larger ones and streams are
/// passed on once. Unit: bytes. Source: none.
pub const PASSED_BODY_KEPT_BYTES_MAX: u64 = 64 * 1024;

/// Idle connections to the leader that are kept. Source: none.
pub const LEADER_CONNECTIONS_IDLE_MAX: usize = 256;

/// Time after which an idle connection to the leader is closed. Source: none.
pub const LEADER_CONNECTION_IDLE_MAX: Duration = Duration::from_mins(1);

/// Time that a node which follows waits to be up to date: for a request with a login that it does not know, and for the answer
/// to a request that it has passed on. Source: none.
pub const FOLLOWER_WAIT_MAX: Duration = Duration::from_secs(1);

/// Time between two reports of a node that follows to the leader. Source: none.
pub const FOLLOWER_REPORT_EVERY: Duration = Duration::from_secs(1);

/// Size of such a report, and of the reply. Unit: bytes. Source: none; some ten thousand sessions that use many topics.
pub const FOLLOWER_REPORT_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Time that requests in progress have to finish when a node hands the lead over; others wait meanwhile. Source: none; less
/// than [`LEADER_WAIT_MAX`].
pub const HAND_OVER_MAX: Duration = Duration::from_secs(3);

/// Time that a leader that cannot reach PostgreSQL keeps the org open, to read and to deliver what it has. Source: none.
pub const LEADER_ALONE_MAX: Duration = Duration::from_secs(10);

/// Time that a node which could not open the org leaves the lead to others. Source: none.
pub const ELECTION_PAUSE: Duration = Duration::from_secs(5);

/// How often a leader looks whether its writer has ended. Source: none.
pub const LEADER_HEALTH_EVERY: Duration = Duration::from_millis(100);
