//! Roll-ups over formulas: which formulas can be summarized, known once formulas are checked.
//!
//! A formula is summarized when its detail is saved, so it must follow from the detail alone.
//!
//! Source: "Roll-Up Summary Field" (Salesforce Help): formulas over fields of other objects, or with functions such as
//! `TODAY` and `NOW`, cannot be summarized.

use landfall_formula::{Formula, Formulas, Target};
use landfall_model::{Catalog, EntityDefinition, EntityName, FieldName};

use super::RollUp;
use super::order::ordered;
use crate::problem::{Report, SourceLine};

/// A field of the details that is a formula.
#[derive(Clone, Debug, PartialEq)]
pub struct ComputedField {
    /// The field.
    pub field: FieldName,
    /// What it is computed by.
    pub formula: Formula,
    /// Its type and scale.
    pub target: Target,
}

impl RollUp {
    /// The fields of the details that it reads.
    fn used(&self) -> impl Iterator<Item = &FieldName> {
        let compared = self.filters.iter().map(|filter| &filter.field);
        self.summarized.iter().chain(compared)
    }

    /// Whether it is computed from another one's field, be it over a formula.
    fn uses(&self, other: &Self) -> bool {
        let read = self.formulas.iter().map(|computed| &computed.formula);
        let read = read.flat_map(|formula| formula.references().iter());
        let mut fields = self.used().chain(read.map(|reference| &reference.field));
        other.entity == self.child && fields.any(|field| *field == other.field)
    }

    fn at(&self) -> SourceLine {
        SourceLine {
            path: self.path.as_str().into(),
            line: self.line,
        }
    }
}

/// Gives roll-ups the formulas that they read, in an order in which each comes after those that it is computed from.
/// Those that have no values are returned; a warning says why.
pub(crate) fn computed(
    roll_ups: &mut Vec<RollUp>,
    formulas: &Formulas,
    catalog: &Catalog,
    report: &mut Report,
) -> Vec<(EntityName, FieldName)> {
    let mut empty: Vec<(EntityName, FieldName)> = Vec::new();
    let mut kept = Vec::with_capacity(roll_ups.len());
    for mut roll_up in roll_ups.drain(..) {
        match fields(&roll_up, formulas, catalog, &empty) {
            Ok(computed) => {
                roll_up.formulas = computed;
                kept.push(roll_up);
            }
            Err(reason) => {
                let name = (roll_up.entity.clone(), roll_up.field.clone());
                let reason = format!("{reason}: {}.{} is empty", name.0, name.1);
                report.warning(&roll_up.at(), reason);
                empty.push(name);
            }
        }
    }
    let (in_order, circular) = ordered(kept, RollUp::uses);
    for roll_up in circular {
        let reason = format!(
            "{}.{} is computed from itself",
            roll_up.entity, roll_up.field
        );
        report.problem(&roll_up.at(), reason);
    }
    *roll_ups = in_order;
    empty
}

/// The formulas that a roll-up reads, or why it has no values.
fn fields(
    roll_up: &RollUp,
    formulas: &Formulas,
    catalog: &Catalog,
    empty: &[(EntityName, FieldName)],
) -> Result<Vec<ComputedField>, String> {
    let child = &roll_up.child;
    let mut computed: Vec<ComputedField> = Vec::new();
    for name in roll_up.used() {
        let without_values = || format!("{child}.{name} has no values here");
        if empty
            .iter()
            .any(|known| (&known.0, &known.1) == (child, name))
        {
            return Err(without_values());
        }
        let entity = catalog.entity(child.as_str());
        let Some(target) = entity.and_then(|entity| target(entity, name)) else {
            continue;
        };
        let formula = formulas.of(child, name).ok_or_else(without_values)?;
        if !formula.is_of_its_record() {
            return Err(format!(
                "{child}.{name} cannot be summarized, since its value depends on more than its record"
            ));
        }
        computed.push(ComputedField {
            field: name.clone(),
            formula: formula.clone(),
            target,
        });
    }
    Ok(computed)
}

/// What the result of a formula field becomes; none of a field that is not one.
fn target(entity: &EntityDefinition, name: &FieldName) -> Option<Target> {
    let (_, field) = entity.field(name.as_str())?;
    field.formula.as_ref()?;
    Some(Target {
        field_type: field.field_type,
        scale: field.scale,
    })
}
