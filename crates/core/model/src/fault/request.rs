//! What is wrong with a request before its subject matters: its resource, its headers, its body.

/// What is wrong with a request before its subject matters: its resource, its headers, its body. `landfall-wire` spells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestFault {
    /// No such resource, object or API version.
    ResourceNotFound,
    /// No Apex class is mapped to the address.
    ApexUrlUnmatched,
    /// The resource does not take this method.
    MethodNotAllowed {
        /// Method of the request.
        method: String,
        /// Methods that it takes, comma-separated.
        allowed: &'static str,
    },
    /// The body's media type is not read here.
    MediaTypeUnsupported {
        /// The media type of the request.
        media_type: String,
    },
    /// A body of several parts lacks one, or cannot be taken apart.
    PartsInvalid {
        /// What is wrong.
        reason: String,
    },
    /// The body is larger than the surface reads.
    TooLarge,
    /// A body is needed.
    BodyMissing,
    /// The body is not JSON, or not of the shape that is read here.
    JsonInvalid {
        /// What the parser says.
        reason: String,
        /// Place of the error, from 1.
        line: usize,
        /// Place of the error, from 1.
        column: usize,
    },
    /// The body is not XML.
    XmlInvalid {
        /// What the parser says.
        reason: String,
    },
    /// `payloadFormat` is neither EXPANDED nor COMPACT, or not allowed in this version.
    PayloadFormatInvalid {
        /// What was asked for.
        value: String,
    },
    /// The precondition of a conditional request does not hold.
    PreconditionFailed,
    /// A conditional header has no date.
    ConditionDateInvalid {
        /// The header's name.
        header: String,
    },
    /// The path names an API version that is not served.
    VersionUnsupported,
}
