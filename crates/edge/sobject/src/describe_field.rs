//! One field in a describe: all 58 keys, always.
//!
//! Source: "`Field`" in "`describeSObjects()`" (SOAP API Developer Guide); values by type: 318 recorded fields (`CumulusCI`).

use landfall_http::Writer;
use landfall_model::{
    Catalog, DeleteRule, EntityDefinition, FieldDefinition, FieldType, PicklistValue,
};
use landfall_wire::describe::{aggregatable, delete_rule, listed_values, soap_type, valid_for};

pub use landfall_wire::describe::{byte_length, length, master_order, type_name};

/// Writes a field of an object with records.
pub fn write_field(
    w: &mut Writer,
    catalog: &Catalog,
    entity: &EntityDefinition,
    field: &FieldDefinition,
) {
    let rule = delete_rule(catalog, entity, field);
    w.object(|w| {
        write_first_half(w, field, rule == Some(DeleteRule::Cascade));
        let order = master_order(entity, field);
        let restrict = rule == Some(DeleteRule::Restrict);
        write_second_half(w, (entity, field), restrict, order);
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
    let formula = field.formula.as_ref();
    w.name("calculatedFormula")
        .text_or_null(formula.map(|formula| formula.text.as_str()));
    w.name("cascadeDelete").boolean(cascade);
    w.name("caseSensitive").boolean(field.case_sensitive);
    w.name("compoundFieldName").text_or_null(
        field
            .compound
            .as_ref()
            .map(landfall_model::FieldName::as_str),
    );
    let controller = field.controller.as_ref();
    w.name("controllerName")
        .text_or_null(controller.map(|controller| controller.field.as_str()));
    w.name("createable").boolean(field.createable);
    w.name("custom").boolean(field.custom);
    w.name("defaultValue");
    write_default(w, field);
    w.name("defaultValueFormula")
        .text_or_null(field.default_formula.as_deref());
    w.name("defaultedOnCreate")
        .boolean(field.defaulted_on_create);
    w.name("dependentPicklist").boolean(controller.is_some());
    w.name("deprecatedAndHidden").boolean(false);
    w.name("digits").integer(field.digits);
    w.name("displayLocationInDecimal").boolean(false);
    w.name("encrypted")
        .boolean(kind == FieldType::EncryptedString);
    w.name("externalId").boolean(field.external_id);
    w.name("extraTypeInfo")
        .text_or_null(field.extra_type_info.as_deref());
    w.name("filterable").boolean(field.filterable);
    match &field.lookup_filter {
        None => w.name("filteredLookupInfo").null(),
        Some(filter) => w.name("filteredLookupInfo").object(|w| {
            let controlling = &filter.controlling_fields;
            w.name("controllingFields").array(|w| {
                for field in controlling {
                    w.string(field.as_str());
                }
            });
            w.name("dependent").boolean(!controlling.is_empty());
            w.name("optionalFilter").boolean(filter.optional);
        }),
    }
    w.name("formulaTreatNullNumberAsZero")
        .boolean(formula.is_some_and(|formula| formula.blanks_as_zero));
    w.name("groupable").boolean(field.groupable);
    w.name("highScaleNumber").boolean(false);
    let html = formula.is_some_and(|formula| formula.html)
        || field.extra_type_info.as_deref() == Some("richtextarea");
    w.name("htmlFormatted").boolean(html);
    w.name("idLookup").boolean(field.id_lookup);
}

/// `inlineHelpText` to `writeRequiresMasterRead`.
fn write_second_half(
    w: &mut Writer,
    (entity, field): (&EntityDefinition, &FieldDefinition),
    restrict: bool,
    order: Option<u32>,
) {
    let kind = field.field_type;
    w.name("inlineHelpText")
        .text_or_null(field.inline_help_text.as_deref());
    w.name("label").string(&field.label);
    w.name("length").integer(length(field));
    w.name("mask").null();
    w.name("maskType").null();
    w.name("name").string(field.name.as_str());
    w.name("nameField").boolean(field.name_field);
    w.name("namePointing").boolean(field.name_pointing);
    w.name("nillable").boolean(field.nillable);
    w.name("permissionable").boolean(field.permissionable());
    w.name("picklistValues").array(|w| {
        for value in listed_values(field) {
            let valid_for = valid_for(entity, field, &value.value);
            write_picklist_value(w, value, valid_for.as_deref());
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

fn write_picklist_value(w: &mut Writer, value: &PicklistValue, valid_for: Option<&str>) {
    w.object(|w| {
        w.name("active").boolean(value.active);
        w.name("defaultValue").boolean(value.default);
        w.name("label").string(&value.label);
        w.name("validFor").text_or_null(valid_for);
        w.name("value").string(&value.value);
    });
}

/// A checkbox always has one; a default that is a formula, be it a literal, is described as one.
fn write_default(w: &mut Writer, field: &FieldDefinition) {
    match (&field.default_value, field.field_type) {
        (_, FieldType::Boolean) if field.formula.is_some() => w.null(),
        _ if field.default_formula.is_some() => w.null(),
        (default, FieldType::Boolean) => w.boolean(default.as_deref() == Some("true")),
        (Some(text), _) => w.string(text),
        (None, _) => w.null(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use landfall_test_org::definitions;

    const KEYS: &str = "aggregatable aiPredictionField autoNumber byteLength calculated calculatedFormula \
        cascadeDelete caseSensitive compoundFieldName controllerName createable custom defaultValue \
        defaultValueFormula defaultedOnCreate dependentPicklist deprecatedAndHidden digits displayLocationInDecimal \
        encrypted externalId extraTypeInfo filterable filteredLookupInfo formulaTreatNullNumberAsZero groupable \
        highScaleNumber htmlFormatted idLookup inlineHelpText label length mask maskType name nameField namePointing \
        nillable permissionable picklistValues polymorphicForeignKey precision queryByDistance referenceTargetField \
        referenceTo relationshipName relationshipOrder restrictedDelete restrictedPicklist scale searchPrefilterable \
        soapType sortable type unique updateable writeRequiresMasterRead";

    fn described(name: &str) -> Value {
        let catalog = definitions::catalog();
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
