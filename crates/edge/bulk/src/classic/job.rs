//! A job that has batches, and the form in which it is kept.
//!
//! Source: "`JobInfo`", "Interpret Batch State" (Bulk API 2.0 and Bulk API Developer Guide).

use landfall_engine::stored;
use landfall_store::{Document, DocumentKind};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::job::{Form, Operation, State};

/// A job. Its key among documents is its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Classic {
    pub(crate) id: String,
    pub(crate) task: Task,
    pub(crate) object: String,
    pub(crate) form: Form,
    /// Whether the client asked for one batch after the other; it is only returned.
    pub(crate) serial: bool,
    /// The number before the `.0`.
    pub(crate) version: u16,
    /// The user.
    pub(crate) created_by: String,
    /// Where the changes come from, as in `changeOrigin`.
    pub(crate) origin: String,
    /// Unit: milliseconds since the epoch, as the other time.
    pub(crate) created: i64,
    pub(crate) modified: i64,
    pub(crate) state: Stage,
    /// Ids of the batches, in the order in which they came.
    pub(crate) batches: Vec<String>,
}

/// What is done with each batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Task {
    Change {
        operation: Operation,
        external_id_field: Option<String>,
    },
    Query {
        deleted: bool,
    },
}

/// Whether a job takes batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stage {
    Open,
    Closed,
    Aborted,
}

impl Task {
    /// The name of the operation.
    pub(crate) const fn as_str(&self) -> &'static str {
        match self {
            Self::Change { operation, .. } => operation.as_str(),
            Self::Query { deleted: true } => "queryAll",
            Self::Query { deleted: false } => "query",
        }
    }
}

impl Stage {
    /// Wire: `state` of a job.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "Open",
            Self::Closed => "Closed",
            Self::Aborted => "Aborted",
        }
    }
}

impl Classic {
    pub(crate) fn read(content: &[u8]) -> Result<Self, Error> {
        Ok(stored::read_since_before("bulk job with batches", content)?)
    }

    /// As it is kept.
    pub(crate) fn document(&self) -> Document {
        Document {
            kind: DocumentKind::BulkClassic,
            key: self.id.clone(),
            content: Some(stored::write(self)),
        }
    }

    /// The document of it, to be forgotten.
    pub(crate) fn forgotten(&self) -> Document {
        Document {
            kind: DocumentKind::BulkClassic,
            key: self.id.clone(),
            content: None,
        }
    }
}

/// Wire: `state` of a batch.
pub(crate) const fn batch_state(state: State, form: Form) -> &'static str {
    match state {
        State::Open | State::UploadComplete => "Queued",
        State::InProgress => "InProgress",
        State::JobComplete => "Completed",
        State::Failed => "Failed",
        State::Aborted => match form {
            Form::Json => "NotProcessed",
            Form::Csv | Form::Xml => "Not Processed",
        },
    }
}
