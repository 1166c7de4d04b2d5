//! From the `<CustomField>` of a file to the definition of a field.
//!
//! Source: "`CustomField`" (Metadata API Developer Guide).

use landfall_model::{FieldDefinition, FieldType, FormulaDefinition, PicklistValue};

use crate::blank;
use crate::compound;
use crate::field_type::{DeclaredType, TYPES};
use crate::names;
use crate::number_format;
use crate::problem::{Report, SourceLine};
use crate::read::brief;
use crate::reference::{self, Link};
use crate::roll_up::{self, RollUpSource};
use crate::value_set::{self, GlobalValueSets};
use crate::xml::Element;

/// Whose field it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    CustomObject,
    StandardObject,
    User,
    PlatformEvent,
    CustomMetadataType,
}

/// A field as a file declares it, with what can only be resolved once all files are read.
#[derive(Clone, Debug)]
pub(crate) struct DeclaredField {
    pub(crate) at: SourceLine,
    pub(crate) definition: FieldDefinition,
    /// The parts of a compound, which stand before it.
    pub(crate) components: Vec<FieldDefinition>,
    pub(crate) link: Option<Link>,
    pub(crate) roll_up: Option<RollUpSource>,
    pub(crate) starting_number: Option<u64>,
    /// Where its formula begins.
    pub(crate) formula: Option<SourceLine>,
}

/// The full name of a field that is declared here; none if it needs no declaration or has a wrong name.
///
/// Files of standard fields only say what is tracked, and are left out.
pub(crate) fn custom_name<'a>(
    given: Option<&'a str>,
    element: &'a Element,
    report: &mut Report,
) -> Option<&'a str> {
    let full_name = match given {
        Some(_) => element.text("fullName", report),
        None => element.required("fullName", report),
    };
    let name = full_name.or(given)?;
    if let Some(given) = given
        && !given.eq_ignore_ascii_case(name)
    {
        let reason = format!("the file of the field {given} declares another one");
        report.inapplicable(&element.at, reason);
        return None;
    }
    let parts = names::custom(name)?;
    if let Some(namespace) = parts.namespace {
        let reason = format!("{name} is left out: the package {namespace} is not installed");
        report.warning(&element.at, reason);
        return None;
    }
    if parts.suffix != "c" {
        report.problem(
            &element.at,
            format!("The name '{}' must end with __c", brief(name)),
        );
        return None;
    }
    match names::fault_of_base(parts.base) {
        Some(fault) => {
            report.problem(&element.at, fault);
            None
        }
        None => Some(name),
    }
}

/// Reads a field; none if it has a problem that leaves nothing to go on with.
pub(crate) fn declare(
    name: &str,
    element: &Element,
    owner: Owner,
    globals: &GlobalValueSets,
    report: &mut Report,
) -> Option<DeclaredField> {
    let label = element.required("label", report);
    element.required("type", report)?;
    let declared = element.choice("type", &TYPES, report)?;
    let definition = blank::field(name, label?, declared.described());
    let mut field = DeclaredField {
        at: element.at.clone(),
        definition,
        components: Vec::new(),
        link: None,
        roll_up: None,
        starting_number: None,
        formula: None,
    };
    let help = element.text("inlineHelpText", report);
    field.definition.inline_help_text = help.map(str::to_owned);
    if !check_owner(declared, owner, element, report) {
        return None;
    }
    if element.has("formula") {
        field.formula = formula(&mut field.definition, declared, element, owner, report);
        field.formula.as_ref()?;
        return Some(field);
    }
    common(&mut field.definition, declared, element, owner, report);
    by_type(&mut field, declared, element, globals, report)?;
    Some(field)
}

/// Whether an owner can have fields of the type.
fn check_owner(
    declared: DeclaredType,
    owner: Owner,
    element: &Element,
    report: &mut Report,
) -> bool {
    let word = declared.as_str();
    for forbidden in declared.forbidden() {
        if let Some(found) = element.one(forbidden, report) {
            let reason = format!("Can not specify '{forbidden}' for a CustomField of type {word}");
            report.problem(&found.at, reason);
        }
    }
    let reason = match (declared, owner) {
        (DeclaredType::MetadataRelationship, owner) if owner != Owner::CustomMetadataType => {
            "is for custom metadata types only"
        }
        (DeclaredType::Hierarchy, owner) if owner != Owner::User => "is for User only",
        (DeclaredType::MasterDetail, Owner::StandardObject | Owner::User) => {
            "is not allowed on a standard object"
        }
        (declared, Owner::PlatformEvent) if !declared.can_be_in_platform_event() => {
            "is not allowed in a platform event: Checkbox, Date, DateTime, LongTextArea, Number, Text"
        }
        _ => return true,
    };
    let at = element
        .one("type", report)
        .map_or(&element.at, |found| &found.at);
    report.problem(at, format!("The field type {word} {reason}"));
    false
}

/// A formula: described, but neither stored nor captured. Where it begins.
fn formula(
    field: &mut FieldDefinition,
    declared: DeclaredType,
    element: &Element,
    owner: Owner,
    report: &mut Report,
) -> Option<SourceLine> {
    if !declared.can_be_formula() || owner == Owner::PlatformEvent {
        let reason = format!(
            "A field of type {} cannot have a formula here",
            declared.as_str()
        );
        report.problem(&element.at, reason);
        return None;
    }
    let text = element.required("formula", report)?;
    let treatments = [("BlankAsBlank", false), ("BlankAsZero", true)];
    let blanks_as_zero = element.choice("formulaTreatBlanksAs", &treatments, report);
    field.formula = Some(FormulaDefinition {
        text: text.to_owned(),
        blanks_as_zero: blanks_as_zero.unwrap_or(false),
        html: false,
    });
    if field.field_type.is_decimal() {
        field.precision = element.number("precision", &(1..=18), report).unwrap_or(18);
        field.scale = element.number("scale", &(0..=18), report).unwrap_or(0);
    }
    if field.field_type == FieldType::String {
        field.length = 1_300;
    }
    field.nillable = field.field_type != FieldType::Boolean;
    field.calculated = true;
    field.createable = false;
    field.updateable = false;
    // Source: recorded describes.
    field.groupable = matches!(
        field.field_type,
        FieldType::Date | FieldType::Boolean | FieldType::Time
    );
    field.defaulted_on_create = field.field_type == FieldType::Boolean;
    field.in_change_event = false;
    let declared = element.one("formula", report);
    Some(declared.map_or_else(|| element.at.clone(), |declared| declared.at.clone()))
}

/// What fields of all types have.
fn common(
    field: &mut FieldDefinition,
    declared: DeclaredType,
    element: &Element,
    owner: Owner,
    report: &mut Report,
) {
    field.nillable = !element.flag("required", report).unwrap_or(false);
    let unique = element.flag("unique", report).unwrap_or(false);
    let case_sensitive = element.flag("caseSensitive", report).unwrap_or(false);
    let external_id = element.flag("externalId", report).unwrap_or(false);
    if owner == Owner::PlatformEvent {
        // Messages are not looked up: the flags are accepted and mean nothing.
        field.updateable = false;
        field.in_change_event = false;
    } else {
        field.unique = unique;
        field.case_sensitive = unique && case_sensitive;
        field.external_id = external_id;
        field.id_lookup = external_id;
        for (name, wrong) in [
            ("unique", unique && !declared.can_be_unique()),
            ("externalId", external_id && !declared.can_be_external_id()),
        ] {
            if wrong {
                let word = declared.as_str();
                let reason = format!("Can not specify '{name}' for a CustomField of type {word}");
                report.problem(&element.at, reason);
            }
        }
    }
    if declared != DeclaredType::Checkbox
        && let Some(text) = element.text("defaultValue", report)
    {
        field.default_value = literal(field.field_type, text);
        field.defaulted_on_create = true;
        if field.default_value.is_none() && owner == Owner::PlatformEvent {
            field.defaulted_on_create = false;
            let reason = format!(
                "the default of {} is not given: it is a formula",
                field.name
            );
            report.warning(&element.at, reason);
        } else {
            field.default_formula = Some(text.to_owned());
        }
    }
}

/// The value of a default that is no formula to be computed.
fn literal(field_type: FieldType, text: &str) -> Option<String> {
    if field_type.is_decimal() {
        let number: f64 = text.parse().ok()?;
        return number.is_finite().then(|| text.to_owned());
    }
    if !field_type.is_text() {
        return None;
    }
    ['"', '\''].into_iter().find_map(|quote| {
        let inner = text.strip_prefix(quote)?.strip_suffix(quote)?;
        (!inner.contains(quote) && !inner.contains('\\')).then(|| inner.to_owned())
    })
}

/// The default of a picklist: what `defaultValue` says, unless that is a literal that is none of the active values, and
/// otherwise the default of the list.
fn default_of_list(field: &mut FieldDefinition, values: &[PicklistValue]) {
    let mut active = values.iter().filter(|value| value.active);
    let is_kept = match (&field.default_formula, &field.default_value) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(_), Some(literal)) => active.clone().any(|value| value.value == *literal),
    };
    if is_kept {
        return;
    }
    if let Some(default) = active.find(|value| value.default) {
        field.default_value = Some(default.value.clone());
        field.defaulted_on_create = true;
    }
}

/// What fields of one type have.
fn by_type(
    field: &mut DeclaredField,
    declared: DeclaredType,
    element: &Element,
    globals: &GlobalValueSets,
    report: &mut Report,
) -> Option<()> {
    let definition = &mut field.definition;
    match declared {
        DeclaredType::Text => {
            definition.length = element.required_number("length", &(1..=255), report)?;
        }
        DeclaredType::TextArea => definition.extra_type_info = Some("plaintextarea".to_owned()),
        DeclaredType::LongTextArea => long_text(definition, "plaintextarea", element, report)?,
        DeclaredType::Html => long_text(definition, "richtextarea", element, report)?,
        DeclaredType::EncryptedText => encrypted(definition, element, report)?,
        DeclaredType::Checkbox => checkbox(definition, element, report)?,
        DeclaredType::Number | DeclaredType::Currency | DeclaredType::Percent => {
            number(definition, element, report)?;
        }
        DeclaredType::Date
        | DeclaredType::DateTime
        | DeclaredType::Time
        | DeclaredType::Email
        | DeclaredType::Phone
        | DeclaredType::Url => {}
        DeclaredType::Picklist | DeclaredType::MultiselectPicklist => {
            let allowed = value_set::of_field(element, globals, report)?;
            default_of_list(definition, &allowed.values);
            definition.restricted_picklist = allowed.restricted;
            definition.picklist = allowed.values;
            field.definition.controller = allowed.controller;
        }
        DeclaredType::AutoNumber => {
            number_format::declare(definition, 30, element, report)?;
            field.starting_number = number_format::starting_number(element, report);
        }
        DeclaredType::Lookup | DeclaredType::MasterDetail | DeclaredType::Hierarchy => {
            field.link = Some(reference::declare(definition, declared, element, report)?);
        }
        DeclaredType::MetadataRelationship => {
            field.link = reference::declare_metadata(definition, element, report);
        }
        DeclaredType::ExternalLookup | DeclaredType::IndirectLookup => {
            reference::declare_external(definition, element, report)?;
        }
        DeclaredType::Summary => {
            field.roll_up = Some(roll_up::declare(definition, element, report)?);
        }
        DeclaredType::Location => {
            field.components = compound::location(definition, element, report)?;
        }
        DeclaredType::Address => field.components = compound::address(definition),
    }
    Some(())
}

fn long_text(
    field: &mut FieldDefinition,
    kind: &str,
    element: &Element,
    report: &mut Report,
) -> Option<()> {
    field.length = element.required_number("length", &(256..=131_072), report)?;
    element.number("visibleLines", &(1..=50), report);
    field.extra_type_info = Some(kind.to_owned());
    field.filterable = false;
    field.groupable = false;
    field.sortable = false;
    Some(())
}

fn encrypted(field: &mut FieldDefinition, element: &Element, report: &mut Report) -> Option<()> {
    let masks = ["all", "creditCard", "lastFour", "nino", "sin", "ssn"].map(|mask| (mask, ()));
    element.required("maskType", report)?;
    element.choice("maskType", &masks, report)?;
    element.choice("maskChar", &[("asterisk", ()), ("X", ())], report);
    field.length = element.required_number("length", &(1..=175), report)?;
    Some(())
}

fn checkbox(field: &mut FieldDefinition, element: &Element, report: &mut Report) -> Option<()> {
    element.required("defaultValue", report)?;
    let checked = element.flag("defaultValue", report)?;
    field.nillable = false;
    field.defaulted_on_create = true;
    field.default_value = Some(checked.to_string());
    Some(())
}

fn number(field: &mut FieldDefinition, element: &Element, report: &mut Report) -> Option<()> {
    let precision = element.required_number("precision", &(1..=18), report);
    let scale = element.required_number("scale", &(0..=18), report);
    field.precision = precision?;
    field.scale = scale?;
    if field.scale > field.precision {
        let at = element
            .one("scale", report)
            .map_or(&element.at, |found| &found.at);
        report.problem(at, "The scale must not be greater than the precision");
        return None;
    }
    Some(())
}
