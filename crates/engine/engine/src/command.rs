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
    /// A new record that the service itself makes: fields that requests may not write are among them.
    CreateByService {
        /// The object.
        entity: Arc<EntityDefinition>,
        /// The fields that it gives.
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
    /// Deleted for good, without the recycle bin: only for users who may do so by the Bulk API.
    Erase {
        /// The object.
        entity: Arc<EntityDefinition>,
        /// The record.
        id: RecordId,
    },
    /// Out of the recycle bin for good.
    Purge {
        /// The object.
        entity: Arc<EntityDefinition>,
        /// The record.
        id: RecordId,
    },
    /// None: what asks for it is refused already, and keeps its place among the others.
    Refused(Fault),
}

impl Change {
    /// The object that it is about.
    pub(crate) const fn entity(&self) -> Option<&Arc<EntityDefinition>> {
        match self {
            Self::Create { entity, .. }
            | Self::CreateByService { entity, .. }
            | Self::Update { entity, .. }
            | Self::Upsert { entity, .. }
            | Self::Delete { entity, .. }
            | Self::Undelete { entity, .. }
            | Self::Erase { entity, .. }
            | Self::Purge { entity, .. } => Some(entity),
            Self::Refused(_) => None,
        }
    }
}

/// A change that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Saved {
    /// The record.
    pub id: RecordId,
    /// Whether it is new.
    pub created: bool,
}

/// Records of one object to become one.
///
/// Source: `merge()` (SOAP API Developer Guide).
#[derive(Clone, Debug)]
pub struct Merge {
    /// The object.
    pub entity: Arc<EntityDefinition>,
    /// The record that stays.
    pub master: RecordId,
    /// New values of it.
    pub values: Vec<Assignment>,
    /// The records that go to the recycle bin; what refers to them refers to the master then.
    pub victims: Vec<RecordId>,
}

/// A merge that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// The records that refer to the master now.
    pub related: Vec<RecordId>,
}

/// A lead to become an account, a contact and perhaps an opportunity.
///
/// Source: `convertLead()` (SOAP API Developer Guide).
#[derive(Clone, Debug)]
pub struct Conversion {
    /// The lead.
    pub lead: RecordId,
    /// Its status from then on.
    pub status: String,
    /// The account that it becomes a part of; none: a new one.
    pub account: Option<RecordId>,
    /// The contact that it becomes; none: a new one.
    pub contact: Option<RecordId>,
    /// What it becomes besides.
    pub opportunity: ConvertedOpportunity,
    /// Whether the contact's source becomes the lead's.
    pub overwrite_lead_source: bool,
    /// Who owns what is new; none: the lead's owner.
    pub owner: Option<RecordId>,
}

/// What opportunity a conversion makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConvertedOpportunity {
    /// None.
    Unwanted,
    /// One of this name; none: the lead's company.
    New(Option<String>),
    /// One that is there.
    Existing(RecordId),
}

/// A conversion that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Converted {
    /// The account.
    pub account: RecordId,
    /// The contact.
    pub contact: RecordId,
    /// The opportunity.
    pub opportunity: Option<RecordId>,
}

/// The result of a change.
pub type Outcome = Result<Saved, Fault>;

/// Documents that are kept in the same commit as a transaction, made from the results of its changes.
pub(crate) type Note = Box<dyn FnOnce(&[Outcome]) -> Vec<Document> + Send>;
