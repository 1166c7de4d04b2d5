//! One field in a describe.
//!
//! Source: "`Field`" in "`describeSObjects()`" (SOAP API Developer Guide); the Partner WSDL for the order.

use landfall_model::{
    Catalog, DeleteRule, EntityDefinition, FieldDefinition, FieldName, FieldType, PicklistValue,
};
use landfall_wire::describe::{
    aggregatable, byte_length, delete_rule, length, listed_values, master_order, soap_type,
    type_name, valid_for,
};
use landfall_xml::Writer;

use crate::describe::write_known;

/// Writes what is in `fields`; `recent` for a version that has the elements that old ones lack.
pub(crate) fn write_field(
    w: &mut Writer,
    (catalog, entity): (&Catalog, &EntityDefinition),
    field: &FieldDefinition,
    recent: bool,
) {
    let rule = delete_rule(catalog, entity, field);
    write_first_half(w, field, rule == Some(DeleteRule::Cascade), recent);
    let order = master_order(entity, field);
    let restrict = rule == Some(DeleteRule::Restrict);
    write_second_half(w, (entity, field), (restrict, order), recent);
}

/// `aggregatable` to `idLookup`.
fn write_first_half(w: &mut Writer, field: &FieldDefinition, cascade: bool, recent: bool) {
    let kind = field.field_type;
    w.boolean("aggregatable", aggregatable(field));
    if recent {
        w.boolean("aiPredictionField", false);
    }
    w.boolean("autoNumber", field.auto_number.is_some());
    w.text("byteLength", &byte_length(kind, length(field)).to_string());
    w.boolean("calculated", field.calculated);
    let formula = field.formula.as_ref();
    write_known(
        w,
        "calculatedFormula",
        formula.map(|formula| formula.text.as_str()),
    );
    w.boolean("cascadeDelete", cascade);
    w.boolean("caseSensitive", field.case_sensitive);
    let compound = field.compound.as_ref().map(FieldName::as_str);
    write_known(w, "compoundFieldName", compound);
    let controller = field.controller.as_ref();
    let controller = controller.map(|controller| controller.field.as_str());
    write_known(w, "controllerName", controller);
    w.boolean("createable", field.createable);
    w.boolean("custom", field.custom);
    write_default(w, field);
    write_known(w, "defaultValueFormula", field.default_formula.as_deref());
    w.boolean("defaultedOnCreate", field.defaulted_on_create);
    w.boolean("dependentPicklist", controller.is_some());
    w.boolean("deprecatedAndHidden", false);
    w.text("digits", &field.digits.to_string());
    w.boolean("displayLocationInDecimal", false);
    w.boolean("encrypted", kind == FieldType::EncryptedString);
    w.boolean("externalId", field.external_id);
    write_known(w, "extraTypeInfo", field.extra_type_info.as_deref());
    w.boolean("filterable", field.filterable);
    if let Some(filter) = &field.lookup_filter
        && recent
    {
        w.element("filteredLookupInfo", |w| {
            for controlling in &filter.controlling_fields {
                w.text("controllingFields", controlling.as_str());
            }
            w.boolean("dependent", !filter.controlling_fields.is_empty());
            w.boolean("optionalFilter", filter.optional);
        });
    }
    if recent {
        let zero = formula.is_some_and(|formula| formula.blanks_as_zero);
        w.boolean("formulaTreatNullNumberAsZero", zero);
    }
    w.boolean("groupable", field.groupable);
    w.boolean("highScaleNumber", false);
    let html = formula.is_some_and(|formula| formula.html)
        || field.extra_type_info.as_deref() == Some("richtextarea");
    w.boolean("htmlFormatted", html);
    w.boolean("idLookup", field.id_lookup);
    write_known(w, "inlineHelpText", field.inline_help_text.as_deref());
}

/// `label` to `writeRequiresMasterRead`.
fn write_second_half(
    w: &mut Writer,
    (entity, field): (&EntityDefinition, &FieldDefinition),
    (restrict, order): (bool, Option<u32>),
    recent: bool,
) {
    let kind = field.field_type;
    w.text("label", &field.label);
    w.text("length", &length(field).to_string());
    w.text("name", field.name.as_str());
    w.boolean("nameField", field.name_field);
    w.boolean("namePointing", field.name_pointing);
    w.boolean("nillable", field.nillable);
    w.boolean("permissionable", field.permissionable());
    for value in listed_values(field) {
        let valid_for = valid_for(entity, field, &value.value);
        w.element("picklistValues", |w| {
            write_picklist_value(w, value, valid_for.as_deref());
        });
    }
    if recent {
        w.boolean("polymorphicForeignKey", field.polymorphic);
    }
    w.text("precision", &field.precision.to_string());
    let located = matches!(kind, FieldType::Address | FieldType::Location);
    w.boolean("queryByDistance", located);
    for target in &field.reference_to {
        w.text("referenceTo", target.as_str());
    }
    write_known(w, "relationshipName", field.relationship_name.as_deref());
    let order = order.map(|order| order.to_string());
    write_known(w, "relationshipOrder", order.as_deref());
    w.boolean("restrictedDelete", restrict);
    w.boolean("restrictedPicklist", field.restricted_picklist);
    w.text("scale", &field.scale.to_string());
    if recent {
        w.boolean("searchPrefilterable", false);
    }
    w.text("soapType", soap_type(kind));
    w.boolean("sortable", field.sortable);
    w.text("type", type_name(kind));
    w.boolean("unique", field.unique);
    w.boolean("updateable", field.updateable);
    w.boolean("writeRequiresMasterRead", false);
}

/// A checkbox always has one; a default that is a formula, be it a literal, is described as one.
fn write_default(w: &mut Writer, field: &FieldDefinition) {
    if field.default_formula.is_some() {
        return;
    }
    let (kind, text) = match (&field.default_value, field.field_type) {
        (default, FieldType::Boolean) => {
            let truth = default.as_deref() == Some("true");
            ("xsd:boolean", truth.to_string())
        }
        (Some(text), _) => ("xsd:string", text.clone()),
        (None, _) => return,
    };
    w.typed("defaultValue", &format!("xsi:type=\"{kind}\""), |w| {
        w.escaped(&text);
    });
}

fn write_picklist_value(w: &mut Writer, value: &PicklistValue, valid_for: Option<&str>) {
    w.boolean("active", value.active);
    w.boolean("defaultValue", value.default);
    w.text("label", &value.label);
    write_known(w, "validFor", valid_for);
    w.text("value", &value.value);
}
