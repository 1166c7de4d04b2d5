//! What one commit makes durable.

use std::sync::Arc;

use landfall_model::conversion::{TypeChange, converted};
use landfall_model::{
    CommitNumber, EntityDefinition, EntityName, RecordId, ReplayId, Row, Timestamp, Value,
};

use crate::event::{Event, NewEvent};
use crate::feed::Commit;
use crate::{Error, Failure, Result};

/// What a document is about: a closed set, so that a store can lay each out as it likes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DocumentKind {
    /// Facts about the org itself.
    Org,
    /// Next record number by key prefix, next auto number by field.
    Counter,
    /// Event schemas by id.
    Schema,
    /// Password hashes by user.
    Credential,
    /// Logins by token hash.
    Session,
    /// Refresh tokens by token hash.
    RefreshToken,
    /// Connected apps by client id.
    ConnectedApp,
    /// What clients have committed as read.
    Cursor,
    /// Components of the deployed project, by path.
    Component,
    /// The records that went to the recycle bin along with another, by that other's id.
    DeletedAlong,
    /// The calendar entry of an invitee by the id of the invitation, and the invitation by the id of the entry.
    Invitation,
    /// Keys that the org signs with, by what it signs.
    SigningKey,
    /// Jobs of the Bulk API by id.
    BulkJob,
    /// Jobs of the Bulk API before 2.0 by id.
    BulkClassic,
    /// The results of the records of a job, by its id and the number of the transaction.
    BulkResult,
    /// Deployments of the Metadata API, by id.
    Deployment,
    /// The zip files of those that are not done, or that were validated, by id.
    DeploymentZip,
    /// Retrievals of the Metadata API, by id.
    Retrieval,
    /// What was published and delivered, by the hour.
    Usage,
    /// The bytes of a file, by the id of the record that has it.
    File,
}

impl DocumentKind {
    /// Every kind.
    pub const ALL: [Self; 20] = [
        Self::Org,
        Self::Counter,
        Self::Schema,
        Self::Credential,
        Self::Session,
        Self::RefreshToken,
        Self::ConnectedApp,
        Self::Cursor,
        Self::Component,
        Self::DeletedAlong,
        Self::Invitation,
        Self::SigningKey,
        Self::BulkJob,
        Self::BulkClassic,
        Self::BulkResult,
        Self::Deployment,
        Self::DeploymentZip,
        Self::Retrieval,
        Self::Usage,
        Self::File,
    ];

    /// The kind with a stored name; none for that of an unknown one.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// A name that stays the same for ever: it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Org => "org",
            Self::Counter => "counter",
            Self::Schema => "schema",
            Self::Credential => "credential",
            Self::Session => "session",
            Self::RefreshToken => "refresh_token",
            Self::ConnectedApp => "connected_app",
            Self::Cursor => "cursor",
            Self::Component => "component",
            Self::DeletedAlong => "deleted_along",
            Self::Invitation => "invitation",
            Self::SigningKey => "signing_key",
            Self::BulkJob => "bulk_job",
            Self::BulkClassic => "bulk_classic",
            Self::BulkResult => "bulk_result",
            Self::Deployment => "deployment",
            Self::DeploymentZip => "deployment_zip",
            Self::Retrieval => "retrieval",
            Self::Usage => "usage",
            Self::File => "file",
        }
    }
}

/// A document to be kept, or forgotten if it has no content.
#[derive(Clone, Debug)]
pub struct Document {
    /// What it is about.
    pub kind: DocumentKind,
    /// Its name among its kind.
    pub key: String,
    /// Its content; none forgets it.
    pub content: Option<Vec<u8>>,
}

/// A row to be kept.
#[derive(Clone, Debug)]
pub struct RowWrite {
    /// The object.
    pub entity: Arc<EntityDefinition>,
    /// The record.
    pub id: RecordId,
    /// All values after the change, those of fields that do not change too: a store may keep a checksum of them.
    pub row: Row,
    /// The places of the changed fields; none for a new record. A new record that is there already, or a change of one
    /// that is not, fails the commit: the engine has read before it writes.
    pub changed: Option<Vec<usize>>,
}

/// A row to be forgotten.
#[derive(Clone, Debug)]
pub struct RowRemoval {
    /// The object.
    pub entity: Arc<EntityDefinition>,
    /// The record. One that is not there fails the commit.
    pub id: RecordId,
}

/// Fields of an object that get another type: the values of all its records are converted.
#[derive(Clone, Debug)]
pub struct Conversion {
    /// The object as the store is prepared for it.
    pub from: Arc<EntityDefinition>,
    /// The object from this commit on. It has the same fields in the same order; only fields of another type differ.
    pub to: Arc<EntityDefinition>,
}

impl Conversion {
    /// The places of the fields whose values are converted.
    pub fn places(&self) -> Vec<usize> {
        let fields = self.from.fields.iter().zip(&self.to.fields).enumerate();
        let differing = fields.filter(|(_, (from, to))| {
            matches!(TypeChange::between(from, to), TypeChange::Converts(_))
        });
        differing.map(|(place, _)| place).collect()
    }

    /// What the value at a place becomes.
    pub fn value(&self, place: usize, value: &Value) -> Value {
        match (self.from.fields.get(place), self.to.fields.get(place)) {
            (Some(from), Some(to)) => converted(from, to, value),
            _ => value.clone(),
        }
    }
}

/// Everything but the events of one commit.
#[derive(Clone, Debug, Default)]
pub struct WriteSet {
    /// Conversions of fields, each object once. They come first: rows of these objects are of the new definitions. Nothing
    /// but conversions makes a stored field another kind of value.
    pub conversions: Vec<Conversion>,
    /// Objects that get records soon: what holds these may be made now, rather than with the first of them.
    pub tables: Vec<EntityName>,
    /// Rows, each record once.
    pub rows: Vec<RowWrite>,
    /// Rows to be forgotten, none of them among those to be kept.
    pub removals: Vec<RowRemoval>,
    /// Documents; of several with one name the last counts.
    pub documents: Vec<Document>,
}

impl WriteSet {
    /// Whether there is nothing to be done.
    pub const fn is_empty(&self) -> bool {
        self.conversions.is_empty()
            && self.tables.is_empty()
            && self.rows.is_empty()
            && self.removals.is_empty()
            && self.documents.is_empty()
    }
}

/// How far a store has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The newest replay id so far; the events of the next commit get the ones after it.
    pub tail: ReplayId,
    /// The newest commit number so far.
    pub commit_number: CommitNumber,
    /// When the newest commit was made: no later commit has an earlier time. [`Timestamp::default`] in a new store.
    pub appended_at: Timestamp,
}

impl Position {
    /// Where a new store begins.
    pub const ORIGIN: Self = Self {
        tail: ReplayId::ORIGIN,
        commit_number: CommitNumber::ORIGIN,
        appended_at: Timestamp::from_millis(0),
    };

    /// The position after a commit that appends these events. Every commit takes a commit number, also one without
    /// changes of records, and none is earlier than the one before it, whatever `appended` says.
    #[must_use]
    pub fn after(self, appended: &Appended) -> Self {
        let events = u64::try_from(appended.events.len()).unwrap_or(u64::MAX);
        Self {
            tail: self.tail.advanced_by(events),
            commit_number: appended
                .commit_number
                .max(self.commit_number.advanced_by(1)),
            appended_at: appended.at.max(self.appended_at),
        }
    }
}

/// The events of a commit.
#[derive(Clone, Debug)]
pub struct Appended {
    /// In the order of their replay ids to be.
    pub events: Vec<NewEvent>,
    /// When the commit is made.
    pub at: Timestamp,
    /// The newest commit number that they used.
    pub commit_number: CommitNumber,
}

/// What a commit made durable.
#[derive(Clone, Debug)]
pub struct Committed {
    /// The appended events with their replay ids.
    pub events: Vec<Arc<Event>>,
    /// The commit as [`Reader::follow`](crate::Reader::follow) reports it.
    pub commit: Arc<Commit>,
}

/// Identity of a transaction whose outcome is not known. Only the writer that issued it can interpret it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TransactionId(pub u64);

/// The outcome of a commit.
#[derive(Debug)]
#[must_use]
pub enum Outcome {
    /// It is durable.
    Committed(Committed),
    /// Another process has become the writer of the org. Nothing was kept, and this writer never commits again.
    Fenced,
    /// Nothing was kept, as with a full disk or a lost connection. The writer may go on with the next commit.
    Unavailable {
        /// What has gone wrong.
        failure: Failure,
        /// What the back end says.
        source: Cause,
    },
    /// It may be durable or not. [`Writer::outcome_of`](crate::Writer::outcome_of) is asked until it is known; until then
    /// the writer takes nothing else.
    Unknown(TransactionId),
}

/// Why a store could not do its work, in the words of the back end.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

impl Outcome {
    /// What was committed, where every other outcome is an error.
    ///
    /// # Errors
    /// [`Error::Fenced`], [`Error::Unavailable`], [`Error::InDoubt`].
    pub fn committed(self) -> Result<Committed> {
        match self {
            Self::Committed(committed) => Ok(committed),
            Self::Fenced => Err(Error::Fenced),
            Self::Unavailable { failure, source } => Err(Error::Unavailable { failure, source }),
            Self::Unknown(_) => Err(Error::InDoubt),
        }
    }
}
