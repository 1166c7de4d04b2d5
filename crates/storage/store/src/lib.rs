//! The contract between the engine and the storage of its records, events and documents.
//!
//! The shape is *read what the commands need, compute, write all at once*: a group of commands reads through
//! [`Reads`], is computed in memory, and becomes durable by one [`Writer::commit`]. That fits one local file and a remote
//! database alike. Replay ids and commit numbers are assigned inside the commit, in its order: a back end that is shared by
//! several nodes takes its counter last and calls back for the events. What a commit touched is reported to everything that
//! is kept in memory by [`Reader::follow`].
//! Start reading at [`Writer`]; [`laws`] is the suite that every back end passes, [`faults`] makes a store fail on demand,
//! [`transfer`] moves an org from one back end to another.

mod chain;
mod event;
mod failure;
pub mod faults;
mod feed;
mod files;
pub mod laws;
mod query;
mod scrub;
mod snapshot;
pub mod transfer;
mod value_kind;
mod write;

pub use chain::chain;
pub use event::{Event, LogBounds, LogGap, NewEvent, Page, TopicFilter, TopicId};
pub use failure::Failure;
pub use feed::{Commit, Followed, RecentCommits, Touched};
pub use files::JobFiles;
pub use landfall_query::{QueryResult, ResultRow};
pub use query::{Deadline, QueryLimits, Reread, bytes_of};
pub use scrub::Scrubbed;
pub use snapshot::{
    Difference, DifferenceQuery, EventDifference, ObjectDifference, RecordDifference, Restoring,
    SnapshotContent,
};
pub use value_kind::ValueKind;
pub use write::{
    Appended, Cause, Committed, Conversion, Document, DocumentKind, Outcome, Position, RowRemoval,
    RowWrite, TransactionId, WriteSet,
};

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use landfall_model::{
    CommitNumber, EntityDefinition, EntityName, RecordId, ReplayId, Row, Timestamp, Topic, Value,
};
use landfall_query::Plan;

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file or server cannot be used: wrong version, wrong format, locked by another process.
    #[error("cannot open the store: {reason}")]
    Open {
        /// What is wrong and what to do about it.
        reason: String,
    },
    /// A read failed.
    #[error("cannot read {what}")]
    Read {
        /// What was read.
        what: &'static str,
        /// What the back end says.
        #[source]
        source: Cause,
    },
    /// A write failed in a way that ends the writer: nobody knows what the disk holds after a failed sync, and a write that
    /// contradicts what is stored is a defect. Every later write answers [`Self::Poisoned`].
    #[error("cannot commit")]
    Commit {
        /// What has gone wrong.
        failure: Failure,
        /// What the back end says.
        #[source]
        source: Cause,
    },
    /// Nothing was kept, and the writer may go on: [`Outcome::Unavailable`].
    #[error("the store cannot write")]
    Unavailable {
        /// What has gone wrong.
        failure: Failure,
        /// What the back end says.
        #[source]
        source: Cause,
    },
    /// Another process has become the writer of the org: [`Outcome::Fenced`].
    #[error("another process has become the writer of the org")]
    Fenced,
    /// Whether a write was kept could not be found out: [`Outcome::Unknown`].
    #[error("it is not known whether the write was kept")]
    InDoubt,
    /// A field of an object with records would have to become another kind of value. Nothing was changed, and the writer
    /// goes on.
    #[error("{entity}.{field} is kept as {kept} and cannot become {wanted}")]
    FieldKept {
        /// The object.
        entity: String,
        /// The field.
        field: String,
        /// How its values are kept.
        kept: String,
        /// How they would have to be kept.
        wanted: String,
    },
    /// An earlier write ended the writer: nothing more is written until the store is opened again.
    #[error("the writer has failed before and takes no more writes")]
    Poisoned,
    /// What was read cannot have been written by this code.
    #[error("{what} is corrupt: {reason}")]
    Corrupt {
        /// What was read.
        what: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A snapshot could not be saved, or is none that can be restored. Nothing was changed, and the writer goes on.
    #[error("snapshot: {reason}")]
    Snapshot {
        /// What is wrong.
        reason: String,
    },
    /// A query finds more records than its limits allow.
    #[error("the query finds too many records")]
    TooMany,
    /// A query has reached its [`Deadline`].
    #[error("the query took too long")]
    TimedOut,
}

impl Error {
    /// What has gone wrong, as far as it is a failure of the store.
    pub const fn failure(&self) -> Failure {
        match self {
            Self::Commit { failure, .. } | Self::Unavailable { failure, .. } => *failure,
            Self::Corrupt { .. } => Failure::Damaged,
            Self::Fenced => Failure::Fenced,
            Self::Open { .. }
            | Self::Read { .. }
            | Self::InDoubt
            | Self::FieldKept { .. }
            | Self::Snapshot { .. }
            | Self::Poisoned
            | Self::TooMany
            | Self::TimedOut => Failure::Other,
        }
    }
}

/// A result of the store.
pub type Result<T> = std::result::Result<T, Error>;

/// A search for the rows of an object by the value of a field: see [`Reads::rows_where`].
#[derive(Clone, Copy, Debug)]
pub struct Lookup<'a> {
    /// The object.
    pub entity: &'a EntityDefinition,
    /// Index of the field in the definition.
    pub field: usize,
    /// The value.
    pub value: &'a Value,
    /// How many rows are returned at most.
    pub limit: usize,
}

/// Reading records and documents. Deleted records that are still in the recycle bin are found too: their `IsDeleted` says so.
pub trait Reads {
    /// The row of a record, or none.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::Corrupt`].
    fn row(&self, entity: &EntityDefinition, id: RecordId) -> Result<Option<Row>>;

    /// Rows whose field `field` (place in the definition) equals `value`, in the order of their ids, `limit` at most.
    /// Text compares without regard to ASCII letter case unless the field is case-sensitive.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::Corrupt`].
    fn rows_where(
        &self,
        entity: &EntityDefinition,
        field: usize,
        value: &Value,
        limit: usize,
    ) -> Result<Vec<Row>>;

    /// The rows of several records, in the order of `records`, in one round trip and at one point in time.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::Corrupt`].
    fn rows(&self, records: &[(&EntityDefinition, RecordId)]) -> Result<Vec<Option<Row>>>;

    /// What [`Self::rows_where`] finds for each of several lookups, in one round trip and at one point in time.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::Corrupt`].
    fn matching(&self, lookups: &[Lookup<'_>]) -> Result<Vec<Vec<Row>>>;

    /// The newest rows of an object that are not deleted, by last modification, `limit` at most.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::Corrupt`].
    fn recent_rows(&self, entity: &EntityDefinition, limit: usize) -> Result<Vec<Row>>;

    /// One document, or none.
    ///
    /// # Errors
    /// [`Error::Read`].
    fn document(&self, kind: DocumentKind, key: &str) -> Result<Option<Vec<u8>>>;

    /// Several documents of a kind, in the order of `keys`, in one round trip and at one point in time.
    ///
    /// # Errors
    /// [`Error::Read`].
    fn documents_at(&self, kind: DocumentKind, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>>;

    /// All documents of a kind with their keys, in key order.
    ///
    /// # Errors
    /// [`Error::Read`].
    fn documents(&self, kind: DocumentKind) -> Result<Vec<(String, Vec<u8>)>>;

    /// The number of a topic, or none if [`Writer::topic`] has not given it one yet.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::Corrupt`].
    fn topic_number(&self, topic: &Topic) -> Result<Option<TopicId>>;
}

/// Reading while others write: any number of threads, each call on a consistent state.
///
/// Queries (the calls that take a [`Deadline`]) wait for each other at most: other reads go on, however many queries there
/// are.
pub trait Reader: Reads + Send + Sync {
    /// What the log holds.
    ///
    /// # Errors
    /// [`Error::Read`].
    fn log_bounds(&self) -> Result<LogBounds>;

    /// The position after the newest commit.
    ///
    /// # Errors
    /// [`Error::Read`].
    fn position(&self) -> Result<Position>;

    /// Bytes that the disk has left for the store; none where the store cannot know. Does not wait for other reads.
    ///
    /// # Errors
    /// [`Error::Commit`] with [`Failure::FileMissing`] or [`Failure::FileReplaced`]: what is written from now on is lost.
    fn free_bytes(&self) -> Result<Option<u64>>;

    /// Looks at the next `bytes` of what is stored, or somewhat more, and compares them with their checksums. It begins at
    /// the start, and again there after the end. A store without checksums is at the end at once.
    ///
    /// # Errors
    /// [`Error::Read`]. Damage is no error but a finding.
    fn scrub(&self, bytes: usize) -> Result<Scrubbed> {
        let _ = bytes;
        Ok(Scrubbed {
            findings: Vec::new(),
            further: 0,
            is_end: true,
        })
    }

    /// A reader of the present state, however much is written after this, until it is dropped. Its commit feed and its
    /// position are those of the present.
    ///
    /// # Errors
    /// [`Error::Read`]; [`Error::Snapshot`] from a store that cannot do so.
    fn pinned(&self) -> Result<Arc<dyn Reader>> {
        Err(snapshot::unpinned())
    }

    /// Writes a snapshot, everything that is stored at one point in time, into a file that is empty or not there yet. Others
    /// read and write meanwhile. It is durable when this returns; after an error the file is gone.
    ///
    /// # Errors
    /// [`Error::Snapshot`], also from a store that cannot do so, and after the deadline.
    fn save(&self, to: &Path, deadline: &Deadline) -> Result<SnapshotContent> {
        let _ = deadline;
        Err(snapshot::unsupported(to))
    }

    /// What differs between a snapshot and another one, or what is stored now.
    ///
    /// # Errors
    /// [`Error::Snapshot`], also from a store that has none, and after the deadline.
    fn difference(
        &self,
        from: &Path,
        to: Option<&Path>,
        query: &DifferenceQuery,
        deadline: &Deadline,
    ) -> Result<Difference> {
        let _ = (to, query, deadline);
        Err(snapshot::unsupported(from))
    }

    /// The files of jobs, where the store keeps them too. None: they are in a folder that is no part of the store.
    fn job_files(&self) -> Option<Arc<dyn JobFiles>> {
        None
    }

    /// The commits after `after`, in order and without a gap, `limit` at most. A commit is reported before its writer
    /// returns, and after readers see what it wrote.
    ///
    /// # Errors
    /// [`Error::Read`].
    fn follow(&self, after: CommitNumber, limit: usize) -> Result<Followed>;

    /// Events after `after`, in order, that pass the filter, as many as `limit` and a bounded number of bytes allow.
    /// The page says how far the log was looked through, also where nothing passed; from the tail on that is `after`.
    /// Events that are damaged end the page as a gap, and reading continues after them.
    ///
    /// # Errors
    /// [`Error::Read`]; [`Error::Corrupt`] if not even the bounds of the damage can be read.
    fn events(&self, after: ReplayId, filter: &TopicFilter, limit: usize) -> Result<Page>;

    /// The first event that was appended at or after a point in time, as far as the store knows the times of
    /// its events: a few older ones may be counted with it.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::Corrupt`].
    fn first_since(&self, at: Timestamp) -> Result<Option<ReplayId>>;

    /// What a query finds, all of it at one point in time. What it means is said by [`Plan::matches`] and by the plan's parts;
    /// texts are ordered by [`landfall_query::text::compare`] where they compare without regard to letter case.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::Corrupt`], [`Error::TooMany`], [`Error::TimedOut`].
    fn query(&self, plan: &Plan, limits: QueryLimits, deadline: &Deadline) -> Result<QueryResult>;

    /// Hands over the columns of every record that a query for records finds, one by one, until `row` says that it is enough.
    /// They come in the plan's order; if it has none, in any. Queries of children are left out.
    ///
    /// They are of one point in time, unless so much is written meanwhile that the store cannot keep that state: then the
    /// records that are left are read at a later one. Each is handed over at most once, and with values of one point in time.
    ///
    /// # Errors
    /// As [`Self::query`]; `records` bounds what is put in order.
    fn scan(
        &self,
        plan: &Plan,
        records: usize,
        deadline: &Deadline,
        row: &mut dyn FnMut(Vec<Value>) -> ControlFlow<()>,
    ) -> Result<()>;

    /// How many records a query finds.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::TimedOut`].
    fn count(&self, plan: &Plan, deadline: &Deadline) -> Result<u64>;

    /// The present values of records that the query has found before, in the order of `ids`, whether it would find them
    /// now or not.
    ///
    /// # Errors
    /// As [`Self::query`].
    fn reread(
        &self,
        plan: &Plan,
        ids: &[RecordId],
        limits: QueryLimits,
        deadline: &Deadline,
    ) -> Result<Reread>;
}

/// The one writer of a store.
pub trait Writer: Reads + Send {
    /// Prepares storage for these objects: tables, new columns, indexes. Nothing that is stored is lost. In records from before
    /// a field was there it is null, a checkbox false. A field cannot become another kind of value, except by a [`Conversion`];
    /// saying so ends nothing. What only holds the records of an object may be made with the first of them.
    ///
    /// # Errors
    /// [`Error::FieldKept`], [`Error::Unavailable`], [`Error::Fenced`]: nothing was changed. [`Error::Commit`],
    /// [`Error::Poisoned`].
    fn prepare(&mut self, entities: &[Arc<EntityDefinition>]) -> Result<()>;

    /// The number of a topic, assigned at first use and kept for ever.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Fenced`], [`Error::Commit`], [`Error::Poisoned`].
    fn topic(&mut self, topic: &Topic) -> Result<TopicId>;

    /// Numbers several topics, which costs one commit where the store can do that.
    ///
    /// # Errors
    /// Those of [`Self::topic`]; some may have been numbered.
    fn number(&mut self, topics: &[Topic]) -> Result<()> {
        for topic in topics {
            self.topic(topic)?;
        }
        Ok(())
    }

    /// Names the objects whose records [`Touched::records`] lists from the next commit on: those that are kept in memory.
    fn report_records_of(&mut self, objects: &[EntityName]);

    /// Makes a group durable: all of it or nothing. `events` is called once at most, inside the transaction, with the
    /// position that the store has reached; what it returns is appended from there. [`Position::after`] is the position
    /// after it.
    ///
    /// # Errors
    /// [`Error::Commit`]: the writer ends. [`Error::Poisoned`].
    fn commit(
        &mut self,
        write: &WriteSet,
        events: &mut dyn FnMut(Position) -> Appended,
    ) -> Result<Outcome>;

    /// The outcome of the commit that answered [`Outcome::Unknown`], which is answered again while it is unknown.
    ///
    /// # Errors
    /// [`Error::Commit`] if this writer never issued the id; [`Error::Poisoned`].
    fn outcome_of(&mut self, transaction: TransactionId) -> Result<Outcome>;

    /// Returns to what a snapshot of this store holds, in one commit. The number and the time of that commit go on from the
    /// present ones; it reports what it has touched as any other does.
    ///
    /// # Errors
    /// [`Error::Snapshot`]: nothing was changed. [`Error::Commit`]: the writer ends. [`Error::Poisoned`].
    fn restore(&mut self, from: &Path, how: &Restoring) -> Result<Outcome> {
        let Restoring { .. } = how;
        Err(snapshot::unsupported(from))
    }

    /// Deletes all events, and gives out replay ids from the first one on again, in one commit. What clients know of earlier
    /// positions is wrong then: only a test wants that.
    ///
    /// # Errors
    /// [`Error::Snapshot`] from a store that cannot do so; [`Error::Commit`]: the writer ends. [`Error::Poisoned`].
    fn restart_log(&mut self) -> Result<Outcome> {
        Err(Error::Snapshot {
            reason: "the log of this store does not begin again".to_owned(),
        })
    }

    /// Deletes events that were appended before `before`, a bounded number at a time; returns whether there is more to
    /// do. A call that deletes events is a commit: it takes a commit number and is reported by [`Reader::follow`].
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Fenced`]: nothing was deleted. [`Error::Commit`], [`Error::Poisoned`].
    fn trim(&mut self, before: Timestamp) -> Result<bool>;
}

/// An opened store: the writer, and as many readers as threads want.
pub struct Opened {
    /// The one writer.
    pub writer: Box<dyn Writer>,
    /// Shared by all readers.
    pub reader: Arc<dyn Reader>,
}
