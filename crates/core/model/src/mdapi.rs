//! What can go wrong with a request of the Metadata API.

/// A refusal of a whole request; what is wrong with a component is told in the result of its deployment.
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
