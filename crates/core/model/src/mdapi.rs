//! What can go wrong with a request of the Metadata API.

/// A refusal of a whole request; problems of a component are in the result of its deployment.
///
/// Source: "Error Handling" (Metadata API Developer Guide) and recorded answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetadataFault {
    /// A deployment without a zip file.
    ZipMissing,
    /// The body of a REST request is no deployment.
    RequestUnreadable,
    /// There is no such type of components here.
    TypeUnknown {
        /// The name given.
        name: String,
    },
    /// Components of this type cannot be made or changed one by one.
    TypeNotForCalls {
        /// Name of the type.
        name: String,
    },
    /// More components than one call takes.
    ComponentsTooMany {
        /// How many it takes.
        max: usize,
    },
    /// The deployment is not one that was validated, or not lately.
    ValidationUnknown,
    /// The deployment is over: it cannot be canceled.
    DeploymentOver,
    /// More deployments wait than the org keeps waiting.
    DeploymentsTooMany,
    /// The user may not use the Metadata API.
    AccessDenied,
}

/// What is wrong with one component, or with a zip file as a whole: a request about others can succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ComponentFault {
    /// A component without a full name.
    NameMissing,
    /// A full name that no component of its type can have.
    NameInvalid {
        /// The type.
        kind: &'static str,
        /// The name given.
        name: String,
    },
    /// A component that is to be made is there already.
    Duplicate {
        /// The type.
        kind: &'static str,
        /// Its full name.
        name: String,
    },
    /// A component that is to be changed or deleted is not there.
    Missing {
        /// The type.
        kind: &'static str,
        /// The name given.
        name: String,
    },
    /// A component that cannot be deleted.
    Undeletable {
        /// Why, for people.
        reason: String,
    },
    /// What a component says is not right.
    Invalid {
        /// Why, for people.
        reason: String,
    },
    /// Another component is not right, and all or none were asked for.
    RolledBack,
    /// A zip file that cannot be read.
    ZipUnreadable {
        /// Why, for people.
        reason: String,
    },
    /// A deployment that failed for no reason of its own.
    Failed,
}
