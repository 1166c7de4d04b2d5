//! Why a component cannot be created or changed as a record of the Tooling API.

/// Why a component cannot be created or changed as a record of the Tooling API. `landfall-wire` spells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetupFault {
    /// A component that cannot be what is said of it.
    Invalid {
        /// Why, in the words of a deployment.
        reason: String,
    },
    /// The same for a number that is written as no number of its kind is.
    NumberInvalid {
        /// Why, in the words of a deployment.
        reason: String,
    },
    /// Nothing is said of what a component must have.
    FieldMissing {
        /// The member of its metadata.
        field: &'static str,
    },
    /// Another component of the kind has the name.
    NameTaken {
        /// The name.
        name: String,
        /// The kind, as people read it.
        kind: &'static str,
    },
    /// The object has a field of the name.
    FieldNameTaken {
        /// The name of the field without its suffix.
        field: String,
        /// The object, as people read it.
        object: String,
    },
    /// The name of a component is none of its kind.
    NameInvalid {
        /// The name.
        name: String,
    },
    /// Another component says the same.
    Duplicate {
        /// Its name.
        name: String,
    },
}
