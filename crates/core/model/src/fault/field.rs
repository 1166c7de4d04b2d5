//! Fields that a record, or a request to save it, must or must not have.

use crate::name::EntityName;
use crate::name::FieldName;

/// Fields that a record, or a request to save it, must or must not have. `landfall-wire` spells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldFault {
    /// The object has no such field.
    Unknown {
        /// The name given.
        field: String,
        /// The object.
        entity: EntityName,
    },
    /// The body names the record that the path names already.
    IdInBody,
    /// The body gives an id to a platform event, which has none of its own.
    IdInEvent,
    /// The body names the external id that the path names already.
    ExternalIdInBody {
        /// The external id field.
        field: FieldName,
    },
    /// Fields that this operation must not set.
    ReadOnly {
        /// In the order of the request.
        fields: Vec<FieldName>,
    },
    /// Fields that the record does not have, as it is a person account or is not one.
    OfOtherKind {
        /// The object.
        entity: EntityName,
        /// In describe order.
        fields: Vec<FieldName>,
    },
    /// Required fields without a value.
    Required {
        /// In describe order.
        fields: Vec<FieldName>,
    },
}
