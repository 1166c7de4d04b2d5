//! Texts that are too long for their fields, truncated on request.
//!
//! Source: `AllowFieldTruncationHeader` (SOAP API Developer Guide).

use landfall_engine::Change;
use landfall_model::{FieldDefinition, FieldType, Value};

/// Cuts what a change gives to the lengths of its fields.
pub(crate) fn cut(change: &mut Change) {
    let (Change::Create { entity, values }
    | Change::Update { entity, values, .. }
    | Change::Upsert { entity, values, .. }) = change
    else {
        return;
    };
    for (place, value) in values {
        if let (Some(field), Value::Text(text)) = (entity.fields.get(*place), value)
            && is_cut(field)
        {
            let max = usize::try_from(field.length).unwrap_or(usize::MAX);
            let end = text.char_indices().nth(max).map(|(end, _)| end);
            text.truncate(end.unwrap_or(text.len()));
        }
    }
}

fn is_cut(field: &FieldDefinition) -> bool {
    let kind = matches!(
        field.field_type,
        FieldType::Email
            | FieldType::EncryptedString
            | FieldType::MultiPicklist
            | FieldType::Phone
            | FieldType::Picklist
            | FieldType::String
            | FieldType::TextArea
    );
    kind && field.length > 0
}
