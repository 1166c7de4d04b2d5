//! Everything that a store holds, as it is kept: what moves an org from one back end to another.
//!
//! A back end reads itself by [`Export`] and is filled by [`Import`], neither of which knows definitions: a record is its
//! values by the names of its fields, those of deleted fields too. [`copy`] moves an org in bounded batches and goes on where
//! it was interrupted; [`sums`] and [`compared`] say whether two stores hold the same. Start reading at [`copy`].

mod copy;
mod cursor;
mod sums;

pub use copy::{Copied, copy};
pub use sums::{Compared, Part, Sum, compared, sums};

use landfall_model::{EntityName, RecordId, ReplayId, Timestamp, Topic, Value};

use crate::{DocumentKind, JobFiles, NewEvent, Position, Result, TopicId, ValueKind};

/// How the text of a field compares in searches by its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// As it is.
    Exact,
    /// Without regard to ASCII letter case.
    Folded,
}

/// A field of which values are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptField {
    /// Its name.
    pub name: String,
    /// What kind of values.
    pub holds: ValueKind,
    /// How it is searched; none: it has no index.
    pub index: Option<Comparison>,
    /// Whether the definition in force has it. Otherwise the field was deleted, and would be restored with these values.
    pub is_current: bool,
}

/// The records of an object, without the records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptTable {
    /// The object.
    pub entity: EntityName,
    /// Its fields besides the id: those of the definition in force in its order, then the others.
    pub fields: Vec<KeptField>,
}

/// A record.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptRecord {
    /// Its number among the records of its object, in the order in which they were created.
    pub number: u64,
    /// Its id.
    pub id: RecordId,
    /// A value for each field of its table.
    pub values: Vec<Value>,
}

/// A document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptDocument {
    /// What it is about.
    pub kind: DocumentKind,
    /// Its name among its kind.
    pub key: String,
    /// Its content.
    pub content: Vec<u8>,
}

/// Events that were appended together.
#[derive(Clone, Debug)]
pub struct KeptBlock {
    /// The replay id of the first.
    pub first: ReplayId,
    /// When they were appended.
    pub appended: Timestamp,
    /// The events, one at least.
    pub events: Vec<NewEvent>,
}

impl KeptBlock {
    /// The replay id of the last event.
    pub fn last(&self) -> ReplayId {
        let further = self.events.len().saturating_sub(1);
        self.first
            .advanced_by(u64::try_from(further).unwrap_or(u64::MAX))
    }
}

/// How much there is to be moved, for an estimate of the time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amounts {
    /// Documents.
    pub documents: u64,
    /// Records, deleted ones included.
    pub records: u64,
    /// Retained events.
    pub events: u64,
}

impl Amounts {
    /// All of them.
    pub const fn items(&self) -> u64 {
        self.documents
            .saturating_add(self.records)
            .saturating_add(self.events)
    }
}

/// A store that is read as a whole. Nobody writes to it meanwhile: the back end holds its lock.
///
/// Each call that returns a list returns a bounded part of it, by number and by size, and one item at least unless it is at
/// the end. What has a checksum is compared with it.
pub trait Export {
    /// The position after the newest commit.
    fn position(&self) -> Position;

    /// How much there is.
    ///
    /// # Errors
    /// [`crate::Error::Read`].
    fn amounts(&self) -> Result<Amounts>;

    /// Every topic that was ever numbered, in the order of the numbers.
    ///
    /// # Errors
    /// [`crate::Error::Read`], [`crate::Error::Corrupt`].
    fn topics(&self) -> Result<Vec<(TopicId, Topic)>>;

    /// Documents after this one, in the order of the names of their kinds and of their keys.
    ///
    /// # Errors
    /// [`crate::Error::Read`], [`crate::Error::Corrupt`].
    fn documents(&self, after: Option<(DocumentKind, &str)>) -> Result<Vec<KeptDocument>>;

    /// Every object that may have records, in the order of the names.
    ///
    /// # Errors
    /// [`crate::Error::Read`], [`crate::Error::Corrupt`].
    fn tables(&self) -> Result<Vec<KeptTable>>;

    /// Records after this number, in the order of their numbers.
    ///
    /// # Errors
    /// [`crate::Error::Read`], [`crate::Error::Corrupt`].
    fn records(&self, table: &KeptTable, after: u64) -> Result<Vec<KeptRecord>>;

    /// Blocks of events after this event, or from the oldest on. They follow each other without a gap.
    ///
    /// # Errors
    /// [`crate::Error::Read`], [`crate::Error::Corrupt`].
    fn blocks(&self, after: Option<ReplayId>) -> Result<Vec<KeptBlock>>;

    /// The files of its jobs.
    fn files(&self) -> &dyn JobFiles;
}

/// A part of what is moved.
#[derive(Clone, Copy, Debug)]
pub enum Batch<'b> {
    /// Every topic with its number.
    Topics(&'b [(TopicId, Topic)]),
    /// Documents.
    Documents(&'b [KeptDocument]),
    /// An object is about to get records.
    Table(&'b KeptTable),
    /// Records of an object.
    Records(&'b KeptTable, &'b [KeptRecord]),
    /// An object has all of its records: its indexes can be made.
    Indexes(&'b KeptTable),
    /// Blocks of events.
    Blocks(&'b [KeptBlock]),
    /// Nothing but the note.
    Nothing,
}

/// A store that is filled. Until it is finished it is no store that can be opened; after a crash filling it goes on.
pub trait Import {
    /// What was noted with the newest batch; none if there was none yet.
    ///
    /// # Errors
    /// [`crate::Error::Read`].
    fn noted(&self) -> Result<Option<String>>;

    /// Keeps a batch together with a note: both are durable when this returns, or neither.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`], [`crate::Error::Commit`]; [`crate::Error::Snapshot`] if this store cannot hold it.
    fn write(&mut self, batch: Batch<'_>, note: &str) -> Result<()>;

    /// The files of its jobs.
    fn files(&self) -> &dyn JobFiles;

    /// Makes it a store at this position.
    ///
    /// # Errors
    /// Those of [`Self::write`].
    fn finish(self: Box<Self>, position: Position) -> Result<()>;
}
