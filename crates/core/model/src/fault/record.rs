//! Why a record cannot be read, saved or deleted, whatever its values are.

use super::Operation;
use crate::id::RecordId;
use crate::name::FieldName;

/// What a validation rule says of a record that it refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenRule {
    /// Its message.
    pub message: String,
    /// The field that it is about; none: the record.
    pub field: Option<FieldName>,
}

/// Why something cannot be done with a person account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PersonAccountReason {
    /// Its contact is deleted and merged with it.
    OwnContact,
    /// A business account with several contacts, or with one of another owner, becomes none.
    Contacts,
    /// Only its own contact belongs to it.
    OtherContact,
    /// Person accounts and business accounts are not merged with each other.
    Merge,
}

/// Why a record cannot be read, saved or deleted, whatever its values are. `landfall-wire` spells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordFault {
    /// Validation rules refuse the record: at least one.
    RulesBroken {
        /// Each with its own error, in their order.
        broken: Vec<BrokenRule>,
    },
    /// A lookup refers to a record that its filter leaves out.
    FilterBroken {
        /// The lookup.
        field: FieldName,
        /// The filter's own error.
        message: String,
    },
    /// A record is given to a queue that serves other objects, or to a group that is no queue.
    NotServedByQueue,
    /// No record with this id.
    NotFound,
    /// No record to delete with this id.
    Unknown,
    /// The record is in the recycle bin.
    Deleted,
    /// The record is not in the recycle bin.
    NotDeleted,
    /// There is nothing in the recycle bin to be forgotten.
    BinEntryMissing,
    /// Not an external id field of the object.
    ExternalIdFieldUnknown {
        /// The name given.
        field: String,
    },
    /// Several records have the external id.
    ExternalIdAmbiguous {
        /// All of them.
        records: Vec<RecordId>,
    },
    /// The object does not take this operation.
    OperationRefused {
        /// What was tried.
        operation: Operation,
        /// Label of the object.
        label: String,
    },
    /// The record has children that forbid deleting it.
    DeleteRestricted {
        /// Label of the object.
        label: String,
        /// Label of the children's object.
        child: String,
    },
    /// Deleting would take more records along than one transaction may.
    DeleteTooLarge,
    /// The change was good, but another one of the same all-or-none request was not.
    RolledBack {
        /// The record, if it was there before.
        record: Option<RecordId>,
    },
    /// More records of an object than the org may have.
    LimitExceeded {
        /// What the records are called.
        label: String,
        /// How many there may be.
        max: usize,
    },
    /// Person accounts and their contacts do not take this.
    PersonAccount {
        /// Why.
        reason: PersonAccountReason,
    },
    /// The user may not do this.
    AccessDenied,
}
