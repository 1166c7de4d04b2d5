//! Where the bytes of files are kept.

use landfall_model::{EntityDefinition, FieldType, RecordId};
use landfall_store::{Document, DocumentKind};

/// The field of an object that holds the bytes of a file.
pub fn file_of(entity: &EntityDefinition) -> Option<usize> {
    let mut fields = entity.fields.iter();
    fields.position(|field| field.field_type == FieldType::Base64)
}

/// The document of a record's bytes.
pub(crate) fn bytes_document(id: RecordId, bytes: Option<Vec<u8>>) -> Document {
    Document {
        kind: DocumentKind::File,
        key: id.to_string(),
        content: bytes,
    }
}
