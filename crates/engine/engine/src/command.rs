//! What edges ask the engine to do.

use std::sync::Arc;

use landfall_model::{EntityDefinition, Fault, RecordId, Timestamp, Value};
use landfall_store::Document;

/// Changes that become durable together, with one transaction key.
///
/// Source: "Change Event Considerations" (Change Data Capture Developer Guide): a single-record REST call is one
/// transaction, and so is one collections call.
#[derive(Clone, Debug)]
pub struct Transaction {
    /// In the order of the request.
    pub changes: Vec<Change>,
    /// Whether one failed change undoes all.
    pub all_or_none: bool,
    /// Who makes the changes. [`RecordId::EMPTY`] is the org itself, being set up: such changes make no events.
    pub user: RecordId,
    /// Through which API and client: `com/salesforce/api/rest/59.0;client=Astro`, or empty.
    pub origin: String,
}

/// A field of a change: its place in the definition, and its new value.
pub type Assignment = (usize, Value);

/// One change of one record.
#[derive(Clone, Debug)]
pub enum Change {
    /// A new record.
    Create {
        /// The object.
        entity: Arc<EntityDefinition>,
        /// The fields that the request gives.
        values: Vec<Assignment>,
    },
    /// New values of a record.
    Update {
        /// The object.
        entity: Arc<EntityDefinition>,
        /// The record.
        id: RecordId,
        /// The fields that the request gives.
        values: Vec<Assignment>,
        /// Refuse if the record was modified after this point (`If-Unmodified-Since`).
        unmodified_since: Option<Timestamp>,
    },
    /// New values of the record with an external id, or a new record with it.
    Upsert {
        /// The object.
        entity: Arc<EntityDefinition>,
        /// The external id field.
        field: usize,
        /// Its value.
        key: Value,
        /// The fields that the request gives.
        values: Vec<Assignment>,
        /// Never create.
        update_only: bool,
    },
    /// Into the recycle bin.
    Delete {
        /// The object.
        entity: Arc<EntityDefinition>,
        /// The record.
        id: RecordId,
    },
    /// Back from the recycle bin.
    Undelete {
        /// The object.
        entity: Arc<EntityDefinition>,
        /// The record.
        id: RecordId,
    },
    /// None: what asks for it is refused already, and keeps its place among the others.
    Refused(Fault),
}

/// A change that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Saved {
    /// The record.
    pub id: RecordId,
    /// Whether it is new.
    pub created: bool,
}

/// What became of a change.
pub type Outcome = Result<Saved, Fault>;

/// Documents that are kept in the same commit as a transaction, made from what became of its changes.
pub(crate) type Note = Box<dyn FnOnce(&[Outcome]) -> Vec<Document> + Send>;
