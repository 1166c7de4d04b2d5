//! Formulas of fields, checked once all objects are known.
//!
//! Source: `salesforce/formula-engine`, for the texts of what is refused.

use std::collections::BTreeMap;

use landfall_formula::{Datum, Formula, Formulas, Subject, Usage};
use landfall_model::{Catalog, EntityDefinition, EntityName};

use crate::field::DeclaredField;
use crate::problem::{Report, SourceLine};

/// Checks the formulas of all declared fields. A field whose formula is refused is null, with a warning.
pub(crate) fn checked(
    declared: &[(EntityName, DeclaredField)],
    catalog: &Catalog,
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
            constants: constants(),
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

/// Globals that are the same for everybody: none are loaded.
pub(crate) const fn constants() -> &'static BTreeMap<String, Datum> {
    static NONE: BTreeMap<String, Datum> = BTreeMap::new();
    &NONE
}

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
        for field in &mut entity.fields {
            let formula = formulas.of(&entity.name, &field.name);
            if let (Some(definition), Some(formula)) = (&mut field.formula, formula) {
                definition.html = formula.is_html();
            }
        }
    }
}
