//! Limits of the store: pages, statements, times.

use std::time::Duration;

/// Size of a stored block of events: a commit's events are split, so that a read in the middle is not a read of all.
/// Unit: bytes. Source: none.
pub const EVENT_BLOCK_BYTES_MAX: usize = 256 * 1024;

/// Time to wait for a locked database; no other process opens the file, so it is the exception. Source: none.
pub const STORE_BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Length of the write-ahead log, besides the last commit: beyond, queries that keep it from starting over are interrupted and
/// begin again. Unit: bytes. Source: none.
pub const WAL_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// How long the writer waits for readers of older states, once the log has half that length. Source: none; most reads take
/// less.
pub const WAL_RESTART_WAIT: Duration = Duration::from_millis(200);

/// Prepared statements of the writer: reads, inserts and sets of changed fields of each object. Source: none.
pub const WRITER_STATEMENTS_MAX: usize = 512;

/// Prepared statements of a reader. Source: none.
pub const READER_STATEMENTS_MAX: usize = 128;

/// Attempts to lock a data folder while another process closes it. Source: none.
pub const STORE_LOCK_TRIES_MAX: usize = 8;

/// What is read of the log for one page. Unit: bytes. Source: none.
pub const LOG_PAGE_BYTES_MAX: usize = 1024 * 1024;

/// Topics that are looked up in the index; with more, reading all blocks costs less. Source: none.
pub const LOG_INDEXED_TOPICS_MAX: usize = 16;

/// Blocks that one trim removes. Source: none.
pub const TRIM_BLOCKS_MAX: usize = 1_000;

/// Size of the blocks that one trim removes. Unit: bytes. Source: none.
pub const TRIM_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Time of saving a snapshot, or of comparing two states. Source: none; a backup of the largest file that is practical on one
/// disk takes hours.
pub const SNAPSHOT_TIME_MAX: Duration = Duration::from_hours(6);

/// Connections of a store for short reads: records by id, logins, events. Source: none.
pub const READERS: usize = 4;

/// Time of one query, its wait for others included: `QueryRefusal::TimedOut` beyond.
/// Source: "SOQL and SOSL Limits" (Salesforce Developer Limits).
pub const QUERY_TIME_MAX: Duration = Duration::from_mins(2);

/// Time of a query that reads all its records, its wait for others included: `QueryRefusal::TimedOut` beyond.
/// Source: "How Bulk Queries Are Processed" (Bulk API 2.0 and Bulk API Developer Guide), one attempt.
pub const QUERY_SCAN_TIME_MAX: Duration = Duration::from_mins(5);

/// Rows of a child query that are read even when the budget is used up, so that an answer has some of each. Source: none.
pub const QUERY_CHILD_ROWS_MIN: usize = 200;

/// Rows that one answer reads, child queries included: `store::Error::TooMany` beyond. Source: none.
pub const QUERY_ROWS_MAX: usize = 20_000;

/// Values of a list that are bound one by one; longer lists are one parameter. Source: none.
pub const QUERY_LIST_PARAMETERS_MAX: usize = 100;

/// Events that the store in memory reads for one page. Source: none.
pub const MEMORY_PAGE_EVENTS_MAX: usize = 10_000;

/// Events that one trim of the store in memory removes. Source: none.
pub const MEMORY_TRIM_EVENTS_MAX: usize = 1_000;

/// Recent commits that are kept for consumers of the feed that lag. Source: none.
pub const FEED_COMMITS_MAX: usize = 4_096;

/// Touched items in the recent commits that are kept. Source: none.
pub const FEED_ITEMS_MAX: usize = 65_536;

/// Touched items that the feed of a store on PostgreSQL lists of one commit; who follows loads everything anew after one with
/// more. Source: none.
pub const FEED_ITEMS_OF_COMMIT_MAX: usize = 10_000;

/// Time that a store on PostgreSQL keeps recent commits for nodes that follow. Source: none.
pub const FEED_KEPT: Duration = Duration::from_hours(1);

/// Commits that it keeps for them at most, however young they are. Source: none; loading everything anew costs less than
/// reading more of them.
pub const FEED_KEPT_COMMITS_MAX: u64 = 100_000;

/// Commits after which those that are kept no longer are deleted. Source: none; few enough to delete along with a commit.
pub const FEED_TRIM_COMMITS: u32 = 256;

/// Time after which the same happens with fewer commits. Source: none.
pub const FEED_TRIM_EVERY: Duration = Duration::from_mins(1);

/// Free pages that one trim gives back to the disk, 4 MiB. Source: none.
pub const SHRINK_PAGES_MAX: i64 = 1_000;

/// Levels of cascades whose records are read ahead; deeper ones are read when they are planned. Source: none.
pub const PREFETCH_LEVELS_MAX: usize = 8;

/// Rows that are read ahead for a value that one record has at most, as a unique one. Source: none.
pub const PREFETCH_HOLDERS_MAX: usize = 4;

/// Children of a deleted record, or details of a master, that are read ahead. Source: none.
pub const PREFETCH_CHILDREN_MAX: usize = 200;

/// What a check of a data file lists; it counts the rest. Source: none; a page of text.
pub const CHECK_FINDINGS_MAX: usize = 100;

/// Time between two passes through a data file that compare it with its checksums. Unit: milliseconds. Source: none.
pub const SCRUB_PAUSE_MILLIS: i64 = 60 * 60 * 1000;

/// Pace of such a pass. Unit: MiB a minute. Source: none; a file of 10 GiB in three hours.
pub const SCRUB_MIB_PER_MINUTE: u64 = 60;

/// Bytes that a check of a data file reads at a time, in one read transaction. Source: none; some milliseconds, during
/// which the write-ahead log cannot start over.
pub const CHECK_STEP_BYTES: usize = 4 * 1024 * 1024;

/// Layouts of one object's table that are kept besides that of the definition in force. Source: none; each is computed again
/// when it is needed.
pub const LAYOUTS_OF_OBJECT_MAX: usize = 4;

/// Records whose values are converted at a time when a field gets another type. Source: none; at most some ten MB of long texts.
pub const CONVERSION_RECORDS: usize = 200;

/// Time in which the records of an object are searched for values that get lost when a field gets another type. Source: none;
/// nothing else is committed meanwhile.
pub const CONVERSION_TIME_MAX: Duration = Duration::from_mins(5);

/// Time to connect to PostgreSQL. Source: none.
pub const POSTGRES_CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Time to connect to PostgreSQL, to agree on TLS and to log in. Source: none.
pub const POSTGRES_LOGIN_TIMEOUT: Duration = Duration::from_secs(10);

/// Size of a file with certificates or a key for PostgreSQL. Unit: bytes. Source: none; the authorities of a system take a
/// quarter of it.
pub const POSTGRES_TLS_FILE_MAX: u64 = 1 << 20;

/// Time without data after which a connection to PostgreSQL is probed. Source: none.
pub const POSTGRES_KEEPALIVE: Duration = Duration::from_secs(5);

/// Time after which a connection whose data is not acknowledged is given up. Source: none.
pub const POSTGRES_UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(10);

/// Time of one statement that reads or writes records, documents or events; queries have their own. Source: none.
pub const POSTGRES_STATEMENT_TIME_MAX: Duration = Duration::from_secs(30);

/// Time in which PostgreSQL answers all statements of a round trip, or the connection is given up. Source: none; longer than
/// that of a statement.
pub const POSTGRES_ANSWER_MAX: Duration = Duration::from_secs(40);

/// Prepared statements of one connection. Source: none.
pub const POSTGRES_STATEMENTS_MAX: usize = 512;

/// Length of the name of a table, a column or an index. Unit: bytes. Source: "Identifiers and Key Words" (PostgreSQL).
pub const POSTGRES_NAME_BYTES_MAX: usize = 63;

/// Time that a start waits for the lock of an org whose writer is just ending. Source: none.
pub const POSTGRES_LOCK_WAIT: Duration = Duration::from_secs(5);

/// Time that a writer waits for its lock when its connection was lost: the old session may not have noticed. Source: none.
pub const POSTGRES_RELOCK_WAIT: Duration = Duration::from_secs(2);

/// Time between two attempts to take the lock of an org. Source: none.
pub const POSTGRES_LOCK_POLL: Duration = Duration::from_millis(50);

/// Silence after which PostgreSQL ends the connection that holds the lead of an org, so that another node can take it: of a
/// node that is frozen or cut off. Source: none; less than requests wait for a leader.
pub const LEAD_SILENCE_MAX: Duration = Duration::from_secs(3);

/// Time in which PostgreSQL answers on that connection, or the node stops acknowledging. Source: none; together with
/// [`ELECTION_EVERY`] less than [`LEAD_SILENCE_MAX`].
pub const ELECTION_ANSWER_MAX: Duration = Duration::from_secs(2);

/// Time between two attempts to take the lead, and between two signs of life of the node that has it. Source: none.
pub const ELECTION_EVERY: Duration = Duration::from_millis(500);

/// Time between two notes of a node that it is there. Source: none.
pub const NODE_SEEN_EVERY: Duration = Duration::from_secs(2);

/// Time without such a note after which a node is listed as gone. Source: none.
pub const NODE_SEEN_MAX: Duration = Duration::from_secs(10);

/// Time after which the note of a node that is gone is removed. Source: none.
pub const NODE_KEPT_MAX: Duration = Duration::from_hours(24);

/// Objects whose tables are changed in one transaction: PostgreSQL holds a lock for each table and index. Source: none.
pub const POSTGRES_PREPARE_OBJECTS_MAX: usize = 20;

/// Records whose values are read in one round trip of a query. Source: none.
pub const POSTGRES_QUERY_ROWS: usize = 200;

/// Records whose children are read in one round trip of a query. Source: none.
pub const POSTGRES_PARENTS: usize = 32;

/// Records for which a formula in a condition, an order or a group is computed in one query of a store on PostgreSQL:
/// `store::Error::TooMany` beyond. Source: none.
pub const QUERY_FORMULA_RECORDS_MAX: usize = 100_000;

/// Time between two looks at whether anybody waits for a query still. Source: none.
pub const QUERY_ABANDON_POLL: Duration = Duration::from_millis(10);

/// Blocks of events that are read for one page. Source: none.
pub const LOG_PAGE_BLOCKS_MAX: usize = 512;

/// What a move of an org reads and writes at a time, one item at least: records, documents or events. Unit: bytes. Source:
/// none; the memory of a move is some of these.
pub const MOVE_BATCH_BYTES: usize = 4 * 1024 * 1024;

/// How many records or documents a move of an org reads and writes at a time. Source: none.
pub const MOVE_BATCH_ITEMS: usize = 2_000;

/// Size of the pieces in which the files of jobs are written, and stored by a back end that keeps them in a database. Unit:
/// bytes. Source: none.
pub const JOB_FILE_CHUNK_BYTES: usize = 256 * 1024;

/// Chunks of a file of a job that are read at a time at most. Source: none.
pub const JOB_FILE_READ_CHUNKS_MAX: usize = 4;
