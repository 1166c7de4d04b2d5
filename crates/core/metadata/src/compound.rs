//! Fields that are made of other fields: geolocations and addresses.
//!
//! Source: "Compound Fields" (Object Reference).

use landfall_model::{FieldDefinition, FieldType};

use crate::blank;
use crate::problem::Report;
use crate::xml::Element;

/// The parts of a geolocation.
pub(crate) fn location(
    field: &FieldDefinition,
    element: &Element,
    report: &mut Report,
) -> Option<Vec<FieldDefinition>> {
    let scale = element.required_number("scale", &(0..=15), report)?;
    element.flag("displayLocationInDecimal", report);
    Some(coordinates(field, scale))
}

/// The parts of an address.
pub(crate) fn address(field: &FieldDefinition) -> Vec<FieldDefinition> {
    let mut parts = vec![
        FieldDefinition {
            extra_type_info: Some("plaintextarea".to_owned()),
            ..part(field, "Street", FieldType::TextArea)
        },
        text(field, "City", 40),
        text(field, "PostalCode", 20),
        text(field, "StateCode", 10),
        text(field, "CountryCode", 10),
    ];
    parts.extend(coordinates(field, 15));
    parts.push(FieldDefinition {
        length: 40,
        ..part(field, "GeocodeAccuracy", FieldType::Picklist)
    });
    parts
}

fn coordinates(field: &FieldDefinition, scale: u32) -> Vec<FieldDefinition> {
    ["Latitude", "Longitude"]
        .into_iter()
        .map(|name| FieldDefinition {
            precision: 18,
            scale,
            ..part(field, name, FieldType::Double)
        })
        .collect()
}

fn text(field: &FieldDefinition, name: &str, length: u32) -> FieldDefinition {
    FieldDefinition {
        length,
        ..part(field, name, FieldType::String)
    }
}

/// `Home__c` has the parts `Home__Latitude__s` and so on.
fn part(field: &FieldDefinition, name: &str, field_type: FieldType) -> FieldDefinition {
    let whole = field.name.as_str();
    let base = whole.strip_suffix("__c").unwrap_or(whole);
    FieldDefinition {
        nillable: field.nillable,
        compound: Some(field.name.clone()),
        ..blank::field(
            &format!("{base}__{name}__s"),
            &format!("{} ({name})", field.label),
            field_type,
        )
    }
}
