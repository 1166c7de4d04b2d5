//! Validation rules: what no record that is saved may meet.
//!
//! They see the record as it will be stored, with defaults and without auto numbers, and the records that it refers to as
//! they are. All rules are asked, so that one answer has the errors of all.
//!
//! Source: "Triggers and Order of Execution" (Apex Developer Guide); "Validation Rules" (Salesforce Help).

use std::sync::Arc;

use landfall_formula::{Inputs, Lookup, Mode, Surroundings, Target};
use landfall_model::fault::BrokenRule;
use landfall_model::{
    Catalog, EntityDefinition, FieldDefinition, FieldType, RecordFault, RecordId, Row, Value,
};

use super::Planner;
use crate::blueprint::Blueprint;
use crate::error::Error;
use crate::formulas::{By, Rows, SETUP_OWNER, environment, value_of};
use crate::rows::{read, write};
use crate::workspace::Workspace;

impl Rows for (&mut Workspace<'_>, &crate::blueprint::Blueprints) {
    fn row(
        &mut self,
        entity: &Arc<EntityDefinition>,
        id: RecordId,
    ) -> Result<Option<Arc<Row>>, Error> {
        match self.1.of(entity) {
            Some(object) => Ok(self.0.row(object, id)?),
            None => Ok(None),
        }
    }

    fn setting(
        &mut self,
        entity: &Arc<EntityDefinition>,
        owner: RecordId,
    ) -> Result<Option<Arc<Row>>, Error> {
        let (Some(object), Some(place)) = (self.1.of(entity), entity.index_of(SETUP_OWNER)) else {
            return Ok(None);
        };
        let live = self.0.live_where(object, place, &Value::Id(owner), 1)?;
        Ok(live.into_iter().next().map(|(_, row)| row))
    }
}

impl Planner<'_, '_> {
    /// Asks the object's rules about a record that is about to be saved.
    ///
    /// # Errors
    /// [`RecordFault::RulesBroken`].
    pub(super) fn check_rules(
        &mut self,
        object: &Blueprint,
        row: &Row,
        before: Option<&Row>,
    ) -> Result<(), Error> {
        // The org itself is above its rules.
        if object.rules.is_empty() || self.access.is_none() {
            return Ok(());
        }
        let row = self.complete(object, row, before);
        let whole = Arc::clone(&self.blueprints.catalog);
        let mut rows = (&mut *self.workspace, self.blueprints);
        let mut broken = Vec::new();
        let access = self.access.clone();
        let by = By {
            user: self.user,
            org: self.blueprints.org,
            permissions: access.as_ref().map(|access| &**access.custom_permissions()),
        };
        let surroundings = &object.rules_read;
        let environment = environment(surroundings, by, self.now, &whole, &mut rows)?;
        for rule in &object.rules {
            let references = rule.condition.references();
            let mut values = Vec::with_capacity(references.len());
            for reference in references {
                // Of a new record the value before is its own. Source: "PRIORVALUE" (Salesforce Help).
                let of = if reference.prior { before } else { None };
                let subject = (&object.entity, of.unwrap_or(&row));
                values.push(value_of(reference, subject, &whole, &mut rows)?);
            }
            let mut found = Vec::new();
            for lookup in rule.condition.lookups() {
                let inputs = Inputs {
                    values: &values,
                    found: &found,
                    mode: Mode::Save,
                    is_new: before.is_none(),
                };
                let name = rule.condition.name_of(lookup, inputs, &environment);
                found.push(match name {
                    Ok(name) => Ok(looked_up(lookup, name, &whole, &mut rows)?),
                    Err(failure) => Err(failure),
                });
            }
            let inputs = Inputs {
                values: &values,
                found: &found,
                mode: Mode::Save,
                is_new: before.is_none(),
            };
            match rule.condition.holds(inputs, &environment) {
                Ok(false) => {}
                Ok(true) => broken.push(BrokenRule {
                    message: rule.message.clone(),
                    field: rule.field.clone(),
                }),
                Err(failure) => broken.push(BrokenRule {
                    message: format!(
                        "Formula evaluation error in validation rule {}: {failure}",
                        rule.name
                    ),
                    field: None,
                }),
            }
        }
        if broken.is_empty() {
            return Ok(());
        }
        Err(RecordFault::RulesBroken { broken }.into())
    }

    /// Gives a new record the defaults of the fields that the request is silent about; they are checked like its own values.
    ///
    /// # Errors
    /// [`RecordFault::RulesBroken`] for a default that has no result.
    pub(super) fn compute_defaults(
        &mut self,
        object: &Blueprint,
        row: &mut Row,
        given: &mut Vec<usize>,
    ) -> Result<(), Error> {
        let silent = object.defaults.iter();
        let silent: Vec<_> = silent.filter(|(place, _)| !given.contains(place)).collect();
        if silent.is_empty() {
            return Ok(());
        }
        let surroundings: Surroundings = silent.iter().map(|(_, formula)| formula).collect();
        let whole = Arc::clone(&self.blueprints.catalog);
        let mut rows = (&mut *self.workspace, self.blueprints);
        let access = self.access.clone();
        let by = By {
            user: self.user,
            org: self.blueprints.org,
            permissions: access.as_ref().map(|access| &**access.custom_permissions()),
        };
        let environment = environment(&surroundings, by, self.now, &whole, &mut rows)?;
        for (place, formula) in silent {
            let Some(field) = object.entity.fields.get(*place) else {
                continue;
            };
            let inputs = Inputs {
                values: &[],
                found: &[],
                mode: Mode::Save,
                is_new: true,
            };
            let result = formula.evaluate(inputs, &environment).map_err(|failure| {
                let message = format!(
                    "Formula evaluation error in the default value of {}: {failure}",
                    field.name
                );
                let field = Some(field.name.clone());
                let broken = vec![BrokenRule { message, field }];
                RecordFault::RulesBroken { broken }
            })?;
            let target = Target {
                field_type: field.field_type,
                scale: field.scale,
            };
            let value = listed_or_default(field, formula.shaped(result, target));
            write(row, Some(*place), value);
            given.push(*place);
        }
        Ok(())
    }

    /// A new record with its owner and author, which rules see.
    fn complete(&self, object: &Blueprint, row: &Row, before: Option<&Row>) -> Row {
        let mut row = row.clone();
        if before.is_none() {
            let system = &object.system;
            if read(&row, system.owner).is_null() {
                write(&mut row, system.owner, Value::Id(self.user));
            }
            let stamp = Value::DateTime(self.now.whole_second());
            write(&mut row, system.created_date, stamp);
            write(&mut row, system.created_by, Value::Id(self.user));
        }
        row
    }
}

/// The value that a rule looks up: that of the first record with the name, null if there is none.
fn looked_up(
    lookup: &Lookup,
    name: Option<String>,
    whole: &Catalog,
    rows: &mut (&mut Workspace<'_>, &crate::blueprint::Blueprints),
) -> Result<Value, Error> {
    let entity = whole.entity(lookup.entity.as_str());
    let (Some(name), Some(object)) = (name, entity.and_then(|entity| rows.1.of(entity))) else {
        return Ok(Value::Null);
    };
    let mut fields = object.entity.fields.iter();
    let Some(place) = fields.position(|field| field.name_field) else {
        return Ok(Value::Null);
    };
    let found = rows.0.live_where(object, place, &Value::Text(name), 1)?;
    let place = object.entity.index_of(lookup.field.as_str());
    Ok(found
        .first()
        .map_or(Value::Null, |(_, row)| read(row, place).clone()))
}

/// A value of a picklist, or its default where the computed one is none of its active values.
fn listed_or_default(field: &FieldDefinition, value: Value) -> Value {
    if field.field_type != FieldType::Picklist {
        return value;
    }
    let active = |text: &str| {
        let mut entries = field.picklist.iter();
        entries.any(|entry| entry.active && entry.value == text)
    };
    if value.as_text().is_some_and(active) {
        return value;
    }
    let default = field.picklist.iter().find(|entry| entry.default);
    default.map_or(Value::Null, |entry| Value::Text(entry.value.clone()))
}
