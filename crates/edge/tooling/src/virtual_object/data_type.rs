//! The type of a field as people see it: `Text(80)`, `Lookup(User)`, `Date/Time`.
//!
//! Source: "`FieldDefinition`" (Tooling API Developer Guide), `DataType`; the texts: "Custom Field Types" (Salesforce Help).

use landfall_model::{FieldDefinition, FieldType};
use landfall_sobject::describe_field::master_order;

use super::rows::FieldRow;

/// What people see.
pub(super) fn data_type(row: &FieldRow) -> String {
    let field = row.field();
    if field.auto_number.is_some() {
        return "Auto Number".to_owned();
    }
    if field.summarized {
        return "Roll-Up Summary".to_owned();
    }
    if field.calculated {
        return format!("Formula ({})", plain(field.field_type));
    }
    let text = match field.field_type {
        FieldType::Reference if field.reference_to.len() == 1 => {
            let is_detail = master_order(&row.object.entity, field).is_some();
            let kind = if is_detail { "Master-Detail" } else { "Lookup" };
            let targets = field
                .reference_to
                .iter()
                .map(landfall_model::EntityName::as_str);
            format!("{kind}({})", targets.collect::<Vec<_>>().join(","))
        }
        FieldType::Reference => {
            let targets = field
                .reference_to
                .iter()
                .map(landfall_model::EntityName::as_str);
            format!("Lookup({})", targets.collect::<Vec<_>>().join(","))
        }
        FieldType::Id => "Lookup()".to_owned(),
        FieldType::String if row.is_compound() || field.name_field && !field.custom => {
            "Name".to_owned()
        }
        FieldType::TextArea => text_area(field),
        FieldType::String | FieldType::Url | FieldType::EncryptedString => {
            format!("{}({})", plain(field.field_type), field.length)
        }
        FieldType::Int => format!("Number({}, 0)", field.digits),
        FieldType::Double | FieldType::Currency | FieldType::Percent => format!(
            "{}({}, {})",
            plain(field.field_type),
            field.precision.saturating_sub(field.scale),
            field.scale
        ),
        other => plain(other).to_owned(),
    };
    let marks = [
        (field.external_id, " (External ID)"),
        (
            field.unique && !field.case_sensitive,
            " (Unique Case Insensitive)",
        ),
        (
            field.unique && field.case_sensitive,
            " (Unique Case Sensitive)",
        ),
    ];
    let marks = marks.into_iter().filter(|(has, _)| *has && field.custom);
    marks.fold(text, |text, (_, mark)| text + mark)
}

fn text_area(field: &FieldDefinition) -> String {
    let rich = field.extra_type_info.as_deref() == Some("richtextarea");
    let kind = match (field.is_long_text(), rich) {
        (_, true) => "Rich Text Area",
        (true, false) => "Long Text Area",
        (false, false) => "Text Area",
    };
    format!("{kind}({})", field.length)
}

/// The name of a type.
const fn plain(kind: FieldType) -> &'static str {
    match kind {
        FieldType::Id | FieldType::Reference => "Lookup",
        FieldType::String | FieldType::Combobox | FieldType::AnyType => "Text",
        FieldType::TextArea => "Text Area",
        FieldType::Boolean => "Checkbox",
        FieldType::Int | FieldType::Long | FieldType::Double => "Number",
        FieldType::Currency => "Currency",
        FieldType::Percent => "Percent",
        FieldType::Date => "Date",
        FieldType::DateTime => "Date/Time",
        FieldType::Time => "Time",
        FieldType::Picklist => "Picklist",
        FieldType::MultiPicklist => "Picklist (Multi-Select)",
        FieldType::Email => "Email",
        FieldType::Phone => "Phone",
        FieldType::Url => "URL",
        FieldType::Address => "Address",
        FieldType::Location => "Geolocation",
        FieldType::PersonName => "Name",
        FieldType::EncryptedString => "Text (Encrypted)",
        FieldType::Base64 => "File",
        FieldType::JunctionIdList | FieldType::Complex => "Complex Value",
    }
}
