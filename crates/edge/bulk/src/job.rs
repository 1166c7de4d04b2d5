//! What a job is, and the form in which it is kept.
//!
//! Source: "Create a Job", "Get Information About an Ingest Job" (Bulk API 2.0 and Bulk API Developer Guide).

use landfall_engine::{Act, Engine, stored};
use landfall_model::{KeyPrefix, RecordId, Timestamp};
use landfall_store::{Document, DocumentKind};
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// First characters of the ids of jobs.
pub(crate) const JOB_PREFIX: &str = "750";

/// First characters of the ids of batches.
pub(crate) const BATCH_PREFIX: &str = "751";

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Work {
    /// To change the records of the job's data.
    Change(Changing),
    /// To find records.
    Query(Query),
}

/// See [`Work::Change`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Changing {
    pub(crate) operation: Operation,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) external_id_field: Option<String>,
}

/// See [`Work::Query`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Query {
    pub(crate) statement: String,
    /// Whether records in the recycle bin are meant too.
    pub(crate) deleted: bool,
    /// The columns of the result, once there is one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) columns: Vec<String>,
    /// Offsets into the result, at intervals; the first is that of the first record.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) marks: Vec<Mark>,
}

/// Where a record begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    /// How many come before it.
    pub(crate) record: u64,
    /// Unit: bytes.
    pub(crate) offset: u64,
}

/// What a job does with its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Operation {
    Insert,
    Update,
    Upsert,
    Delete,
    HardDelete,
}

/// How far a job is.
///
/// Source: "How Requests Are Processed" (Bulk API 2.0 and Bulk API Developer Guide).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum State {
    /// Takes data.
    Open,
    /// Waits to be processed.
    UploadComplete,
    InProgress,
    JobComplete,
    Failed,
    Aborted,
}

/// What separates fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Delimiter {
    /// A backquote.
    Backquote,
    /// `^`
    Caret,
    /// `,`, the default.
    Comma,
    /// `|`
    Pipe,
    /// `;`
    Semicolon,
    /// A tab.
    Tab,
}

/// What ends records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum LineEnding {
    Lf,
    Crlf,
}

/// In what form the API before 2.0 gives and takes records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Form {
    Csv,
    Json,
    Xml,
}

impl Form {
    /// Wire: `contentType` of a job.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "CSV",
            Self::Json => "JSON",
            Self::Xml => "XML",
        }
    }

    /// In which form jobs with records of this form are spoken of.
    pub(crate) const fn spoken(self) -> Self {
        match self {
            Self::Json => Self::Json,
            Self::Csv | Self::Xml => Self::Xml,
        }
    }
}

/// What makes a job a batch of another one, see [`crate::classic`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Batch {
    /// The id of that job.
    pub(crate) job: String,
    /// Of the records that it was given as CSV, or finds.
    pub(crate) form: Form,
    /// Bytes of the records as they came; none of a query.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) came: Option<u64>,
}

/// A job. Its key among documents is its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) id: String,
    #[serde(flatten)]
    pub(crate) work: Work,
    pub(crate) object: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) batch_of: Option<Batch>,
    pub(crate) delimiter: Delimiter,
    pub(crate) line_ending: LineEnding,
    /// The number before the `.0`.
    pub(crate) version: u16,
    /// The user.
    pub(crate) created_by: String,
    /// Where the changes come from, as in `changeOrigin`.
    pub(crate) origin: String,
    /// Unit: milliseconds since the epoch, as the other times.
    pub(crate) created: i64,
    pub(crate) modified: i64,
    pub(crate) state: State,
    /// Bytes of the data, or of what was found; none before it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) content: Option<u64>,
    #[serde(default)]
    pub(crate) progress: Progress,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
}

/// How much of a job's data is processed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// Transactions.
    pub(crate) chunks: u32,
    /// Where in the data the next record begins; 0 before the header has been read.
    pub(crate) offset: u64,
    /// Records, those that failed among them.
    pub(crate) processed: u64,
    pub(crate) failed: u64,
    /// Time that the transactions took. Unit: milliseconds.
    pub(crate) millis: i64,
}

impl Work {
    /// The name of the operation.
    pub(crate) const fn operation(&self) -> &'static str {
        match self {
            Self::Change(changing) => changing.operation.as_str(),
            Self::Query(query) if query.deleted => "queryAll",
            Self::Query(_) => "query",
        }
    }

    pub(crate) const fn kind(&self) -> Kind {
        match self {
            Self::Change(_) => Kind::Ingest,
            Self::Query(_) => Kind::Query,
        }
    }
}

/// The two families of jobs, each with resources of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Ingest,
    Query,
}

impl Kind {
    /// The segment of paths.
    pub(crate) const fn segment(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Query => "query",
        }
    }

    /// Wire: `jobType`.
    pub(crate) const fn job_type(self) -> &'static str {
        match self {
            Self::Ingest => "V2Ingest",
            Self::Query => "V2Query",
        }
    }
}

impl Operation {
    /// What it takes the right to do. What an upsert makes new is checked record by record.
    pub(crate) const fn act(self) -> Act {
        match self {
            Self::Insert => Act::Create,
            Self::Update | Self::Upsert => Act::Edit,
            Self::Delete | Self::HardDelete => Act::Delete,
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [
            Self::Insert,
            Self::Update,
            Self::Upsert,
            Self::Delete,
            Self::HardDelete,
        ]
        .into_iter()
        .find(|operation| operation.as_str() == text)
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Upsert => "upsert",
            Self::Delete => "delete",
            Self::HardDelete => "hardDelete",
        }
    }
}

impl State {
    /// Whether the job has ended.
    pub(crate) const fn is_final(self) -> bool {
        matches!(self, Self::JobComplete | Self::Failed | Self::Aborted)
    }

    /// Wire: `state`.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "Open",
            Self::UploadComplete => "UploadComplete",
            Self::InProgress => "InProgress",
            Self::JobComplete => "JobComplete",
            Self::Failed => "Failed",
            Self::Aborted => "Aborted",
        }
    }

    /// The name of the state in errors.
    pub(crate) const fn in_errors(self) -> &'static str {
        match self {
            Self::Open => "Open",
            Self::UploadComplete | Self::InProgress => "Closed",
            Self::JobComplete => "Completed",
            Self::Failed => "Failed",
            Self::Aborted => "Aborted",
        }
    }
}

impl Delimiter {
    /// Every one that a job may name.
    pub const ALL: [Self; 6] = [
        Self::Backquote,
        Self::Caret,
        Self::Comma,
        Self::Pipe,
        Self::Semicolon,
        Self::Tab,
    ];

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|delimiter| delimiter.as_str() == text)
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Backquote => "BACKQUOTE",
            Self::Caret => "CARET",
            Self::Comma => "COMMA",
            Self::Pipe => "PIPE",
            Self::Semicolon => "SEMICOLON",
            Self::Tab => "TAB",
        }
    }

    /// The character itself.
    pub(crate) const fn byte(self) -> u8 {
        match self {
            Self::Backquote => b'`',
            Self::Caret => b'^',
            Self::Comma => b',',
            Self::Pipe => b'|',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
        }
    }
}

impl LineEnding {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Lf, Self::Crlf]
            .into_iter()
            .find(|ending| ending.as_str() == text)
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Lf => "LF",
            Self::Crlf => "CRLF",
        }
    }
}

impl Job {
    /// Whether it is a job of this kind, and not a batch.
    pub(crate) fn is(&self, kind: Kind) -> bool {
        self.work.kind() == kind && self.batch_of.is_none()
    }

    pub(crate) fn read(content: &[u8]) -> Result<Self, Error> {
        Ok(stored::read_since_before("bulk job", content)?)
    }

    /// As it is kept.
    pub(crate) fn document(&self) -> Document {
        Document {
            kind: DocumentKind::BulkJob,
            key: self.id.clone(),
            content: Some(stored::write(self)),
        }
    }

    /// All documents of it, to be forgotten.
    pub(crate) fn forgotten(&self) -> Vec<Document> {
        // A query has results in its file only.
        let results = (0..self.progress.chunks).map(|chunk| Document {
            kind: DocumentKind::BulkResult,
            key: self.result_key(chunk),
            content: None,
        });
        let job = Document {
            kind: DocumentKind::BulkJob,
            key: self.id.clone(),
            content: None,
        };
        results.chain([job]).collect()
    }

    /// The key of the results of one transaction.
    pub(crate) fn result_key(&self, chunk: u32) -> String {
        format!("{}/{chunk:08}", self.id)
    }
}

/// The id of the job or batch that has this number.
pub(crate) fn id_of(engine: &Engine, prefix: &str, number: u64) -> String {
    let org = engine.org().id;
    let mut bytes = org.as_str().bytes().skip(3);
    let mut next = || bytes.next().unwrap_or(b'0');
    let instance = [next(), next()];
    let prefix = KeyPrefix::parse(prefix).expect("three digits");
    RecordId::from_number(prefix, instance, number).to_string()
}

/// A point in time as jobs keep it.
pub(crate) const fn point(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}
