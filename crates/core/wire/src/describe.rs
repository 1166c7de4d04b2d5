//! What describes say of a field that its definition says in other words.
//!
//! Source: "`Field`" in "`describeSObjects()`" (SOAP API Developer Guide); values by type: 318 recorded fields (`CumulusCI`).

use landfall_model::{
    Catalog, DeleteRule, EntityDefinition, FieldDefinition, FieldType, PicklistValue, RecordType,
};

/// Record type that every object has. Source: samples of "sObject Describe" (REST API Developer Guide).
pub const MASTER_RECORD_TYPE: &str = "012000000000000AAA";

/// Bytes of a multi-select picklist, as recorded.
const MULTI_PICKLIST_LENGTH: u32 = 4_099;

/// What deleting the referenced record does to this one.
pub fn delete_rule(
    catalog: &Catalog,
    entity: &EntityDefinition,
    field: &FieldDefinition,
) -> Option<DeleteRule> {
    field.reference_to.iter().find_map(|target| {
        catalog
            .entity(target.as_str())?
            .children
            .iter()
            .find(|child| child.child == entity.name && child.field == field.name)
            .map(|child| child.delete_rule)
    })
}

/// Which of its masters a detail reaches by the field: 0 for the first, 1 for the second.
///
/// Details are the custom objects without an owner; their masters are the references that they cannot be without.
pub fn master_order(entity: &EntityDefinition, field: &FieldDefinition) -> Option<u32> {
    let is_master = |field: &&FieldDefinition| {
        field.custom && field.field_type == FieldType::Reference && !field.nillable
    };
    if !entity.custom || entity.field("OwnerId").is_some() {
        return None;
    }
    let mut masters = entity.fields.iter().filter(is_master);
    let place = masters.position(|master| master.name == field.name)?;
    u32::try_from(place).ok()
}

/// Unit: characters.
pub fn length(field: &FieldDefinition) -> u32 {
    match field.field_type {
        FieldType::Id | FieldType::Reference => 18,
        FieldType::MultiPicklist if field.length == 0 => MULTI_PICKLIST_LENGTH,
        _ => field.length,
    }
}

/// Three bytes a character, except for ids and joined values.
pub fn byte_length(kind: FieldType, length: u32) -> u32 {
    match kind {
        FieldType::Id | FieldType::Reference | FieldType::MultiPicklist => length,
        kind if kind.is_text() => length.saturating_mul(3),
        _ => 0,
    }
}

/// Whether queries may aggregate its values.
pub fn aggregatable(field: &FieldDefinition) -> bool {
    field.filterable
        && !field.is_long_text()
        && !matches!(
            field.field_type,
            FieldType::Boolean
                | FieldType::MultiPicklist
                | FieldType::Address
                | FieldType::Location
                | FieldType::Time
                | FieldType::Base64
        )
}

/// The type's name in describes.
pub const fn type_name(kind: FieldType) -> &'static str {
    match kind {
        FieldType::Id => "id",
        FieldType::Reference => "reference",
        FieldType::String | FieldType::PersonName => "string",
        FieldType::TextArea => "textarea",
        FieldType::Boolean => "boolean",
        FieldType::Int => "int",
        FieldType::Long => "long",
        FieldType::AnyType => "anyType",
        FieldType::Double => "double",
        FieldType::Currency => "currency",
        FieldType::Percent => "percent",
        FieldType::Date => "date",
        FieldType::DateTime => "datetime",
        FieldType::Time => "time",
        FieldType::Picklist => "picklist",
        FieldType::MultiPicklist => "multipicklist",
        FieldType::Combobox => "combobox",
        FieldType::Email => "email",
        FieldType::Phone => "phone",
        FieldType::Url => "url",
        FieldType::Address => "address",
        FieldType::Location => "location",
        FieldType::EncryptedString => "encryptedstring",
        FieldType::Base64 => "base64",
        FieldType::JunctionIdList => "junctionidlist",
        FieldType::Complex => "complexvalue",
    }
}

/// The type's name in XML.
pub const fn soap_type(kind: FieldType) -> &'static str {
    match kind {
        FieldType::Id | FieldType::Reference => "tns:ID",
        FieldType::Boolean => "xsd:boolean",
        FieldType::Int => "xsd:int",
        FieldType::Long => "xsd:long",
        FieldType::AnyType => "xsd:anyType",
        FieldType::Double | FieldType::Currency | FieldType::Percent => "xsd:double",
        FieldType::Date => "xsd:date",
        FieldType::DateTime => "xsd:dateTime",
        FieldType::Time => "xsd:time",
        FieldType::Address => "urn:address",
        FieldType::Location => "urn:location",
        FieldType::Base64 => "xsd:base64Binary",
        FieldType::JunctionIdList => "urn:JunctionIdListNames",
        FieldType::Complex => "tns:complexvalue",
        FieldType::String
        | FieldType::PersonName
        | FieldType::TextArea
        | FieldType::Picklist
        | FieldType::MultiPicklist
        | FieldType::Combobox
        | FieldType::Email
        | FieldType::Phone
        | FieldType::Url
        | FieldType::EncryptedString => "xsd:string",
    }
}

/// The values of a picklist that describes list: those that are active.
pub fn listed_values(field: &FieldDefinition) -> impl Iterator<Item = &PicklistValue> {
    field.picklist.iter().filter(|value| value.active)
}

/// The values of the controlling field for which a value is offered, as a set of bits from the left; none if no field
/// controls the picklist.
///
/// Wire: base64; a checkbox has the bits unchecked and checked.
/// Source: "`PicklistEntry`" in "`describeSObjects()`" (SOAP API Developer Guide), `validFor`; recorded describes are
/// padded to three bytes.
pub fn valid_for(
    entity: &EntityDefinition,
    field: &FieldDefinition,
    value: &str,
) -> Option<String> {
    let controller = field.controller.as_ref()?;
    let (_, controlling) = entity.field(controller.field.as_str())?;
    let known = controller
        .offered
        .iter()
        .find(|(offered, _)| offered == value);
    let offered = known.map_or(&[][..], |(_, values)| values.as_slice());
    let has = |wanted: &str| offered.iter().any(|value| value == wanted);
    let bits: Vec<bool> = if controlling.field_type == FieldType::Boolean {
        ["unchecked", "checked"].map(has).to_vec()
    } else {
        listed_values(controlling)
            .map(|value| has(&value.value))
            .collect()
    };
    Some(base64_bits(&bits))
}

/// Bits in groups of 24, which are four characters.
fn base64_bits(bits: &[bool]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let groups = bits.len().div_ceil(24).max(1);
    let sextets = (0..groups * 4).map(|sextet| {
        let bit = |at: usize| bits.get(sextet * 6 + at).copied().unwrap_or_default();
        (0..6).fold(0, |value, at| (value << 1) | usize::from(bit(at)))
    });
    let character = |sextet: usize| ALPHABET.get(sextet).copied().map_or('A', char::from);
    sextets.map(character).collect()
}

/// A record type in a describe.
#[expect(
    clippy::struct_excessive_bools,
    reason = "the vendor's describe consists of flags"
)]
pub struct RecordTypeInfo<'a> {
    /// Its id.
    pub id: &'a str,
    /// Developer name.
    pub developer_name: &'a str,
    /// What people see.
    pub name: &'a str,
    /// Whether records can be given it.
    pub active: bool,
    /// Whether the user can give it to records.
    pub available: bool,
    /// Whether the user's new records have it.
    pub default: bool,
    /// Whether it is that of records without a type.
    pub master: bool,
}

/// The record types of an object, the master type last: one of them is the user's default.
///
/// Source: recorded describes of `CumulusCI`.
pub fn record_types(types: &[RecordType]) -> impl Iterator<Item = RecordTypeInfo<'_>> {
    let own = types.iter().map(|record_type| RecordTypeInfo {
        id: record_type.id.as_str(),
        developer_name: &record_type.developer_name,
        name: &record_type.label,
        active: record_type.active,
        available: record_type.available,
        default: record_type.default,
        master: false,
    });
    own.chain([RecordTypeInfo {
        id: MASTER_RECORD_TYPE,
        developer_name: "Master",
        name: "Master",
        active: true,
        available: true,
        default: !types.iter().any(|record_type| record_type.default),
        master: true,
    }])
}

#[cfg(test)]
mod tests {
    use super::base64_bits;

    /// Source: recorded describes.
    #[test]
    fn bits_are_read_from_the_left_in_groups_of_three_bytes() {
        let bits = |set: &[usize], count: usize| {
            let bits: Vec<bool> = (0..count).map(|bit| set.contains(&bit)).collect();
            base64_bits(&bits)
        };
        assert_eq!(bits(&[0, 2], 8), "oAAA");
        assert_eq!(bits(&[1], 2), "QAAA");
        assert_eq!(bits(&[20], 21), "AAAI");
        assert_eq!(bits(&[24], 25), "AAAAgAAA");
        assert_eq!(bits(&[], 0), "AAAA");
    }
}
