//! Validation rules: conditions that no record of an object may meet.
//!
//! Source: "`ValidationRule`" (Metadata API Developer Guide).

use landfall_formula::{Formula, Subject, Usage};
use landfall_model::limits::VALIDATION_MESSAGE_CHARACTERS_MAX;
use landfall_model::{Catalog, EntityName, FieldName, FieldType};

use crate::formulas::{Constants, warn_of_power};
use crate::gather::{self, ObjectSource};
use crate::problem::{Report, SourceLine};
use crate::xml::Element;

/// An active validation rule.
#[derive(Clone, Debug)]
pub struct ValidationRule {
    /// The object.
    pub entity: EntityName,
    /// Developer name.
    pub name: String,
    /// What keeps a record from being saved.
    pub condition: Formula,
    /// What the client reads then.
    pub message: String,
    /// The field that the message is about; none: the record.
    pub field: Option<FieldName>,
}

/// A rule as a file declares it.
pub(crate) struct DeclaredRule {
    at: SourceLine,
    name: String,
    active: bool,
    condition: String,
    message: String,
    field: Option<String>,
}

/// Reads the rules of an object.
pub(crate) fn declare(source: &ObjectSource, report: &mut Report) -> Vec<DeclaredRule> {
    let rules = source.validation_rules();
    let rules = gather::with_names("validation rule", &source.name, rules, report);
    let rules = rules.into_iter();
    rules
        .filter_map(|(name, element)| rule(name, element, report))
        .collect()
}

fn rule(name: &str, element: &Element, report: &mut Report) -> Option<DeclaredRule> {
    element.required("active", report)?;
    let active = element.flag("active", report);
    let condition = element.required("errorConditionFormula", report);
    let at = element.one("errorConditionFormula", report);
    // The guide's own sample has the other name.
    let message = match element.text("validationMessage", report) {
        Some(message) if !element.has("errorMessage") => Some(message),
        _ => element.required("errorMessage", report),
    };
    let message = message?;
    if message.chars().count() > VALIDATION_MESSAGE_CHARACTERS_MAX {
        let reason = format!(
            "the error message of {name} has more than {VALIDATION_MESSAGE_CHARACTERS_MAX} characters"
        );
        report.inapplicable(&element.at, reason);
    }
    Some(DeclaredRule {
        at: at.map_or_else(|| element.at.clone(), |at| at.at.clone()),
        name: name.to_owned(),
        active: active?,
        condition: condition?.to_owned(),
        message: message.to_owned(),
        field: element.text("errorDisplayField", report).map(str::to_owned),
    })
}

/// Checks rules, and keeps those that are active. One whose condition is refused is left out, with a warning.
pub(crate) fn checked(
    declared: &[(EntityName, DeclaredRule)],
    catalog: &Catalog,
    constants: &Constants,
    report: &mut Report,
) -> Vec<ValidationRule> {
    let mut rules = Vec::new();
    for (object, declared) in declared {
        let Some(entity) = catalog.entity(object.as_str()) else {
            continue;
        };
        let subject = Subject {
            catalog,
            constants,
            entity,
            field: None,
            usage: Usage::Rule,
            blanks_as_zero: false,
            result: FieldType::Boolean,
        };
        let name = format!("{object}.{}", declared.name);
        let condition = match Formula::new(&declared.condition, &subject) {
            Ok(condition) => condition,
            Err(error) => {
                let error = error.to_string();
                let reason = format!("the rule {name} is left out: {}", error.trim_end());
                report.warning(&declared.at, reason);
                continue;
            }
        };
        warn_of_power(&condition, &name, &declared.at, report);
        let field = declared.field.as_ref();
        let shown = field.and_then(|field| entity.field(field));
        if let (Some(field), None) = (field, shown) {
            let reason =
                format!("the rule {name} shows its error on no field: {field} is not here");
            report.warning(&declared.at, reason);
        }
        if declared.active {
            rules.push(ValidationRule {
                entity: object.clone(),
                name: declared.name.clone(),
                condition,
                message: declared.message.clone(),
                field: shown.map(|(_, field)| field.name.clone()),
            });
        }
    }
    rules
}
