//! What can go wrong with a request of the SOAP API before it is a call.

use crate::name::{EntityName, FieldName};

/// A refusal of a SOAP request.
///
/// Source: "Error Handling" (SOAP API Developer Guide) and recorded answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SoapFault {
    /// There is no `SOAPAction` header.
    ActionMissing,
    /// The body is not an envelope.
    EnvelopeInvalid {
        /// What the parser says.
        reason: String,
    },
    /// The body of the envelope asks for what is not there.
    OperationUnknown {
        /// Namespace of the API.
        namespace: &'static str,
        /// Name of the element.
        name: String,
    },
    /// The path names an API version in no readable form.
    VersionInvalid,
    /// A record that does not say of which object it is.
    TypeMissing,
    /// Records are to be found by a field that does not identify them.
    KeyInvalid {
        /// The name given.
        field: String,
        /// The object.
        entity: EntityName,
    },
    /// A reference is named by more or less than one field of its record.
    ReferenceInvalid {
        /// The reference.
        field: FieldName,
    },
    /// Text that its type does not have.
    ValueInvalid {
        /// The text.
        value: String,
        /// Name of the type, such as `xsd:double`.
        kind: &'static str,
    },
}
