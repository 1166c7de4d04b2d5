//! Formulas of fields, checked once all objects are known.
//!
//! Source: `salesforce/formula-engine`, for the texts of what is refused.

use std::collections::BTreeMap;

use landfall_formula::{Constant, Formula, Formulas, Subject, Usage};
use landfall_model::{Catalog, EntityDefinition, EntityName, FieldName};

use crate::field::DeclaredField;
use crate::problem::{Report, SourceLine};

/// Checks the formulas of all declared fields. A field whose formula is refused is null, with a warning.
pub(crate) fn checked(
    declared: &[(EntityName, DeclaredField)],
    catalog: &Catalog,
    constants: &Constants,
    report: &mut Report,
) -> Formulas {
    let mut formulas = Formulas::default();
    for (object, declared) in declared {
        let Some(at) = &declared.formula else {
            continue;
        };
        let name = &declared.definition.name;
        let found = catalog.entity(object.as_str()).and_then(|entity| {
            let (_, field) = entity.field(name.as_str())?;
            Some((entity, field, field.formula.as_ref()?))
        });
        let Some((entity, field, definition)) = found else {
            continue;
        };
        let subject = Subject {
            catalog,
            constants,
            entity,
            field: Some(&field.name),
            usage: Usage::Field,
            blanks_as_zero: definition.blanks_as_zero,
            result: field.field_type,
        };
        match Formula::new(&definition.text, &subject) {
            Ok(formula) => {
                warn_of_power(&formula, &format!("{object}.{name}"), at, report);
                formulas.insert(object, name, formula);
            }
            Err(error) => {
                let reason = format!("{object}.{name} is empty: {}", error.to_string().trim_end());
                report.warning(at, reason);
            }
        }
    }
    formulas
}

/// A default that is computed at each create.
#[derive(Clone, Debug)]
pub struct DefaultFormula {
    /// The object.
    pub entity: EntityName,
    /// The field.
    pub field: FieldName,
    /// What it is computed by.
    pub formula: Formula,
}

/// Checks the formulas of defaults. A field whose default is refused has none, with a warning.
///
/// Source: "Default Field Values" (Salesforce Help): they refer to no fields of the record.
pub(crate) fn defaults(
    declared: &[(EntityName, DeclaredField)],
    (catalog, constants): (&Catalog, &Constants),
    entities: &mut [EntityDefinition],
    report: &mut Report,
) -> Vec<DefaultFormula> {
    let mut defaults = Vec::new();
    for (object, declared) in declared {
        let definition = &declared.definition;
        let (Some(text), Some(entity)) =
            (&definition.default_formula, catalog.entity(object.as_str()))
        else {
            continue;
        };
        if definition.default_value.is_some() {
            // A literal: nothing is computed.
            continue;
        }
        let subject = Subject {
            catalog,
            constants,
            entity,
            field: None,
            usage: Usage::Default,
            blanks_as_zero: false,
            result: definition.field_type,
        };
        match Formula::new(text, &subject) {
            Ok(formula) => defaults.push(DefaultFormula {
                entity: object.clone(),
                field: definition.name.clone(),
                formula,
            }),
            Err(error) => {
                let error = error.to_string();
                let name = &definition.name;
                let reason = format!("{object}.{name} has no default: {}", error.trim_end());
                report.warning(&declared.at, reason);
                forget_default(object, name, entities);
            }
        }
    }
    defaults
}

fn forget_default(object: &EntityName, name: &FieldName, entities: &mut [EntityDefinition]) {
    let mut entities = entities.iter_mut();
    let entity = entities.find(|entity| entity.name == *object);
    let fields = entity.into_iter().flat_map(|entity| &mut entity.fields);
    for field in fields.filter(|field| field.name == *name) {
        field.default_formula = None;
        field.defaulted_on_create = false;
    }
}

/// Globals that are the same for everybody, by their paths in small letters.
pub(crate) type Constants = BTreeMap<String, Constant>;

/// Says how the service ranks `^`, where a formula depends on it.
pub(crate) fn warn_of_power(formula: &Formula, name: &str, at: &SourceLine, report: &mut Report) {
    if formula.mixes_power() {
        let reason = format!("{name}: * and / are computed before ^, as the service does");
        report.warning(at, reason);
    }
}

/// Marks the fields whose formulas write HTML.
pub(crate) fn mark_html(entities: &mut [EntityDefinition], formulas: &Formulas) {
    for entity in entities {
        if !formulas.has(&entity.name) {
            continue;
        }
        for field in &mut entity.fields {
            let formula = formulas.of(&entity.name, &field.name);
            if let (Some(definition), Some(formula)) = (&mut field.formula, formula) {
                definition.html = formula.is_html();
            }
        }
    }
}
