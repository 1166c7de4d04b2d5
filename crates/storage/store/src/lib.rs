//! The contract between the engine and whatever keeps its records, events and documents.
//!
//! The shape is *read what the commands need, compute, write all at once*: a group of commands reads through
//! [`Reads`], is computed in memory, and becomes durable by one [`Writer::commit`]. That fits one local file and a remote
//! database alike. Replay ids and commit numbers are given inside the commit, in its order: a back end that is shared by
//! several nodes takes its counter last and calls back for the events.
//! Start reading at [`Writer`]; [`laws`] is the suite that every back end passes, [`faults`] makes a store fail on demand.

mod event;
pub mod faults;
pub mod laws;
mod query;
mod write;

pub use event::{Event, LogBounds, NewEvent, Page, TopicFilter, TopicId};
pub use landfall_query::{Found, FoundRow};
pub use query::{Reread, Room};
pub use write::{
    Appended, Committed, Document, DocumentKind, Position, RowRemoval, RowWrite, WriteSet,
};

use std::ops::ControlFlow;
use std::sync::Arc;

use landfall_model::{EntityDefinition, RecordId, ReplayId, Row, Timestamp, Topic, Value};
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
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A commit failed; none of it is kept, and the writer is poisoned.
    #[error("cannot commit")]
    Commit {
        /// What the back end says.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A field would have to become another kind of value. Nothing was changed, and the writer goes on.
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
    /// An earlier commit failed: nothing more is written until the store is opened again.
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
    /// A query finds more records than there is room for.
    #[error("the query finds too many records")]
    TooMany,
    /// A query took too long.
    #[error("the query took too long")]
    TimedOut,
}

/// A result of the store.
pub type Result<T> = std::result::Result<T, Error>;

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

    /// All documents of a kind with their keys, in key order.
    ///
    /// # Errors
    /// [`Error::Read`].
    fn documents(&self, kind: DocumentKind) -> Result<Vec<(String, Vec<u8>)>>;
}

/// Reading while others write: any number of threads, each call on a consistent state.
pub trait Reader: Reads + Send + Sync {
    /// What the log holds.
    ///
    /// # Errors
    /// [`Error::Read`].
    fn log_bounds(&self) -> Result<LogBounds>;

    /// Events after `after`, in order, that pass the filter, as many as `limit` and a bounded number of bytes allow.
    /// The page says how far the log was looked through, also where nothing passed; from the tail on that is `after`.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::Corrupt`].
    fn events(&self, after: ReplayId, filter: &TopicFilter, limit: usize) -> Result<Page>;

    /// The first event that was appended at or after a point in time, as far as the store tells its events apart by time:
    /// a few older ones may be counted with it.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::Corrupt`].
    fn first_since(&self, at: Timestamp) -> Result<Option<ReplayId>>;

    /// What a query finds, all of it at one point in time. What it means is said by [`Plan::matches`] and by the plan's parts;
    /// texts are ordered by [`landfall_query::text::compare`] where they compare without regard to letter case.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::Corrupt`], [`Error::TooMany`], [`Error::TimedOut`].
    fn query(&self, plan: &Plan, room: Room) -> Result<Found>;

    /// Hands over the columns of every record that a query for records finds, one by one and all at one point in time, until
    /// `row` says that it is enough. They come in the plan's order; if it has none, in any. Queries of children are left out.
    ///
    /// # Errors
    /// As [`Self::query`]; `records` bounds what is put in order.
    fn scan(
        &self,
        plan: &Plan,
        records: usize,
        row: &mut dyn FnMut(Vec<Value>) -> ControlFlow<()>,
    ) -> Result<()>;

    /// How many records a query finds.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::TimedOut`].
    fn count(&self, plan: &Plan) -> Result<u64>;

    /// The present values of records that the query has found before, in the order of `ids`, whether it would find them
    /// now or not.
    ///
    /// # Errors
    /// As [`Self::query`].
    fn reread(&self, plan: &Plan, ids: &[RecordId], room: Room) -> Result<Reread>;
}

/// The one writer of a store.
pub trait Writer: Reads + Send {
    /// Makes room for these objects: tables, new columns, indexes. Nothing that is stored is lost. In records from before
    /// a field was there it is null, a checkbox false. A field cannot become another kind of value; saying so ends nothing.
    ///
    /// # Errors
    /// [`Error::FieldKept`], [`Error::Commit`], [`Error::Poisoned`].
    fn prepare(&mut self, entities: &[Arc<EntityDefinition>]) -> Result<()>;

    /// The number of a topic, given at first use and kept for ever.
    ///
    /// # Errors
    /// [`Error::Commit`], [`Error::Poisoned`].
    fn topic(&mut self, topic: &Topic) -> Result<TopicId>;

    /// Makes a group durable: all of it or nothing. `events` is called once, inside the transaction, with the
    /// position that the log has reached; what it returns is appended from there.
    ///
    /// # Errors
    /// [`Error::Commit`]: nothing is kept, and every later call answers [`Error::Poisoned`], since after a failed
    /// sync nobody knows what the disk holds. [`Error::Poisoned`].
    fn commit(
        &mut self,
        write: &WriteSet,
        events: &mut dyn FnMut(Position) -> Appended,
    ) -> Result<Committed>;

    /// Forgets events that were appended before `before`, a bounded number at a time; says whether there is more to do.
    ///
    /// # Errors
    /// [`Error::Commit`], [`Error::Poisoned`].
    fn trim(&mut self, before: Timestamp) -> Result<bool>;
}

/// An opened store: the writer, and as many readers as threads want.
pub struct Opened {
    /// The one writer.
    pub writer: Box<dyn Writer>,
    /// Shared by all readers.
    pub reader: Arc<dyn Reader>,
}
