//! How large a document may be.

use landfall_model::limits::{
    BULK_BATCH_BYTES_MAX, METADATA_ELEMENTS_MAX, METADATA_FILE_BYTES_MAX,
    METADATA_REQUEST_BYTES_MAX, SOAP_ELEMENTS_MAX, XML_ATTRIBUTES_MAX, XML_DEPTH_MAX,
};

/// Bounds of one document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Its bytes.
    pub bytes: usize,
    /// Levels of nesting.
    pub depth: usize,
    /// Its elements.
    pub elements: usize,
    /// Attributes of one element.
    pub attributes: usize,
}

impl Limits {
    /// A request of an API, or a batch of a bulk job. Most APIs bound the body of a request further.
    pub const REQUEST: Self = Self {
        bytes: BULK_BATCH_BYTES_MAX,
        depth: XML_DEPTH_MAX,
        elements: SOAP_ELEMENTS_MAX,
        attributes: XML_ATTRIBUTES_MAX,
    };

    /// A request of the Metadata API, which can hold a zip file.
    pub const METADATA_REQUEST: Self = Self {
        bytes: METADATA_REQUEST_BYTES_MAX,
        ..Self::REQUEST
    };

    /// A file of a project or of a deployment.
    pub const FILE: Self = Self {
        bytes: METADATA_FILE_BYTES_MAX,
        elements: METADATA_ELEMENTS_MAX,
        ..Self::REQUEST
    };
}
