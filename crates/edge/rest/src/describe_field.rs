//! One field in a describe: all 58 keys, always.
//!
//! Source: "`Field`" in "`describeSObjects()`" (SOAP API Developer Guide); values by type: 318 recorded fields (`CumulusCI`).

use landfall_model::{
    Catalog, DeleteRule, EntityDefinition, FieldDefinition, FieldType, PicklistValue,
};

use crate::writer::Writer;

/// Bytes of a multi-select picklist, as recorded.
const MULTI_PICKLIST_LENGTH: u32 = 4_099;

/// Writes a field of an object with records.
pub(crate) fn write_field(
    w: &mut Writer,
    catalog: &Catalog,
    entity: &EntityDefinition,
    field: &FieldDefinition,
) {
    let rule = delete_rule(catalog, entity, field);
    w.object(|w| {
        write_first_half(w, field, rule == Some(DeleteRule::Cascade));
        let order = master_order(entity, field);
        write_second_half(w, field, rule == Some(DeleteRule::Restrict), order);
    });
}

/// `aggregatable` to `idLookup`.
fn write_first_half(w: &mut Writer, field: &FieldDefinition, cascade: bool) {
    let kind = field.field_type;
    let length = length(field);
    w.name("aggregatable").boolean(aggregatable(field));
    w.name("aiPredictionField").boolean(false);
    w.name("autoNumber").boolean(field.auto_number.is_some());
    w.name("byteLength").integer(byte_length(kind, length));
    w.name("calculated").boolean(field.calculated);
    w.name("calculatedFormula").null();
    w.name("cascadeDelete").boolean(cascade);
    w.name("caseSensitive").boolean(field.case_sensitive);
    w.name("compoundFieldName").text_or_null(
        field
            .compound
            .as_ref()
            .map(landfall_model::FieldName::as_str),
    );
    w.name("controllerName").null();
    w.name("createable").boolean(field.createable);
    w.name("custom").boolean(field.custom);
    w.name("defaultValue");
    write_default(w, field);
    w.name("defaultValueFormula").null();
    w.name("defaultedOnCreate")
        .boolean(field.defaulted_on_create);
    w.name("dependentPicklist").boolean(false);
    w.name("deprecatedAndHidden").boolean(false);
    w.name("digits").integer(field.digits);
    w.name("displayLocationInDecimal").boolean(false);
    w.name("encrypted")
        .boolean(kind == FieldType::EncryptedString);
    w.name("externalId").boolean(field.external_id);
    w.name("extraTypeInfo")
        .text_or_null(field.extra_type_info.as_deref());
    w.name("filterable").boolean(field.filterable);
    w.name("filteredLookupInfo").null();
    w.name("formulaTreatNullNumberAsZero").boolean(false);
    w.name("groupable").boolean(field.groupable);
    w.name("highScaleNumber").boolean(false);
    w.name("htmlFormatted")
        .boolean(field.extra_type_info.as_deref() == Some("richtextarea"));
    w.name("idLookup").boolean(field.id_lookup);
}

/// `inlineHelpText` to `writeRequiresMasterRead`.
fn write_second_half(w: &mut Writer, field: &FieldDefinition, restrict: bool, order: Option<u32>) {
    let kind = field.field_type;
    w.name("inlineHelpText").null();
    w.name("label").string(&field.label);
    w.name("length").integer(length(field));
    w.name("mask").null();
    w.name("maskType").null();
    w.name("name").string(field.name.as_str());
    w.name("nameField").boolean(field.name_field);
    w.name("namePointing").boolean(field.name_pointing);
    w.name("nillable").boolean(field.nillable);
    w.name("permissionable").boolean(permissionable(field));
    w.name("picklistValues").array(|w| {
        for value in &field.picklist {
            write_picklist_value(w, value);
        }
    });
    w.name("polymorphicForeignKey").boolean(field.polymorphic);
    w.name("precision").integer(field.precision);
    w.name("queryByDistance")
        .boolean(matches!(kind, FieldType::Address | FieldType::Location));
    w.name("referenceTargetField").null();
    w.name("referenceTo").strings(
        field
            .reference_to
            .iter()
            .map(landfall_model::EntityName::as_str),
    );
    w.name("relationshipName")
        .text_or_null(field.relationship_name.as_deref());
    w.name("relationshipOrder");
    match order {
        Some(order) => w.integer(order),
        None => w.null(),
    }
    w.name("restrictedDelete").boolean(restrict);
    w.name("restrictedPicklist")
        .boolean(field.restricted_picklist);
    w.name("scale").integer(field.scale);
    w.name("searchPrefilterable").boolean(false);
    w.name("soapType").string(soap_type(kind));
    w.name("sortable").boolean(field.sortable);
    w.name("type").string(type_name(kind));
    w.name("unique").boolean(field.unique);
    w.name("updateable").boolean(field.updateable);
    w.name("writeRequiresMasterRead").boolean(false);
}

fn write_picklist_value(w: &mut Writer, value: &PicklistValue) {
    w.object(|w| {
        w.name("active").boolean(value.active);
        w.name("defaultValue").boolean(value.default);
        w.name("label").string(&value.label);
        w.name("validFor").null();
        w.name("value").string(&value.value);
    });
}

/// A checkbox always has one; others as their definition says.
fn write_default(w: &mut Writer, field: &FieldDefinition) {
    match (&field.default_value, field.field_type) {
        (default, FieldType::Boolean) => w.boolean(default.as_deref() == Some("true")),
        (Some(text), _) => w.string(text),
        (None, _) => w.null(),
    }
}

/// What deleting the referenced record does to this one.
fn delete_rule(
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
pub(crate) fn master_order(entity: &EntityDefinition, field: &FieldDefinition) -> Option<u32> {
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

pub(crate) fn length(field: &FieldDefinition) -> u32 {
    match field.field_type {
        FieldType::Id | FieldType::Reference => 18,
        FieldType::MultiPicklist if field.length == 0 => MULTI_PICKLIST_LENGTH,
        _ => field.length,
    }
}

/// Three bytes a character, but for ids and joined values.
pub(crate) fn byte_length(kind: FieldType, length: u32) -> u32 {
    match kind {
        FieldType::Id | FieldType::Reference | FieldType::MultiPicklist => length,
        kind if kind.is_text() => length.saturating_mul(3),
        _ => 0,
    }
}

fn aggregatable(field: &FieldDefinition) -> bool {
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

/// Whether profiles can hide the field: what people fill in or an administrator computes, compounds as a whole.
pub(crate) fn permissionable(field: &FieldDefinition) -> bool {
    if field.field_type.is_compound() {
        return true;
    }
    let component = field
        .compound
        .as_ref()
        .is_some_and(|whole| *whole != field.name);
    // A checkbox is never null, and is not required either.
    let optional = field.nillable || (field.custom && field.field_type == FieldType::Boolean);
    let shown = field.createable || field.updateable || (field.custom && field.calculated);
    !component && optional && !field.name_field && shown
}

/// The type's name in describes.
pub(crate) const fn type_name(kind: FieldType) -> &'static str {
    match kind {
        FieldType::Id => "id",
        FieldType::Reference => "reference",
        FieldType::String | FieldType::PersonName => "string",
        FieldType::TextArea => "textarea",
        FieldType::Boolean => "boolean",
        FieldType::Int => "int",
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

const fn soap_type(kind: FieldType) -> &'static str {
    match kind {
        FieldType::Id | FieldType::Reference => "tns:ID",
        FieldType::Boolean => "xsd:boolean",
        FieldType::Int => "xsd:int",
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

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::fixture;

    const KEYS: &str = "aggregatable aiPredictionField autoNumber byteLength calculated calculatedFormula \
        cascadeDelete caseSensitive compoundFieldName controllerName createable custom defaultValue \
        defaultValueFormula defaultedOnCreate dependentPicklist deprecatedAndHidden digits displayLocationInDecimal \
        encrypted externalId extraTypeInfo filterable filteredLookupInfo formulaTreatNullNumberAsZero groupable \
        highScaleNumber htmlFormatted idLookup inlineHelpText label length mask maskType name nameField namePointing \
        nillable permissionable picklistValues polymorphicForeignKey precision queryByDistance referenceTargetField \
        referenceTo relationshipName relationshipOrder restrictedDelete restrictedPicklist scale searchPrefilterable \
        soapType sortable type unique updateable writeRequiresMasterRead";

    fn described(name: &str) -> Value {
        let catalog = fixture::catalog();
        let entity = catalog.entity("Thing").expect("in the fixture");
        let (_, field) = entity.field(name).expect("in the fixture");
        let mut w = Writer::new();
        write_field(&mut w, &catalog, entity, field);
        serde_json::from_str(&w.finish()).expect("JSON")
    }

    #[test]
    fn every_field_has_every_key() {
        let keys: Vec<_> = KEYS.split_whitespace().collect();
        assert_eq!(keys.len(), 57);
        for field in ["Id", "Name", "HomeAddress", "ParentId", "Amount"] {
            let described = described(field);
            let described = described.as_object().expect("an object");
            assert_eq!(described.len(), keys.len(), "{field}");
            assert!(
                keys.iter().all(|key| described.contains_key(*key)),
                "{field}"
            );
        }
    }

    #[test]
    fn values_follow_the_type() {
        let id = described("Id");
        assert_eq!(id["type"], "id");
        assert_eq!(id["soapType"], "tns:ID");
        assert_eq!((&id["length"], &id["byteLength"]), (&18.into(), &18.into()));
        let name = described("Name");
        assert_eq!(name["byteLength"], 240);
        let deleted = described("IsDeleted");
        assert_eq!(deleted["defaultValue"], false);
        assert_eq!(deleted["aggregatable"], false);
        let street = described("HomeStreet");
        assert_eq!(street["compoundFieldName"], "HomeAddress");
        assert_eq!(street["permissionable"], false);
        assert_eq!(described("HomeAddress")["permissionable"], true);
        assert_eq!(described("ParentId")["referenceTo"][0], "Thing");
    }
}
