//! Filters of lookups: which records a saved record may refer to.
//!
//! A filter is checked where the lookup gets a value, or where a field changes that the filter reads.
//!
//! Source: "Notes on Lookup Filters" (Salesforce Help).

use std::sync::Arc;

use landfall_formula::{Inputs, Mode};
use landfall_metadata::LookupFilter;
use landfall_model::{FieldName, RecordFault, Row};

use super::Planner;
use crate::blueprint::Blueprint;
use crate::error::Error;
use crate::formulas::{By, environment, value_of};
use crate::rows::read;

impl Planner<'_, '_> {
    /// Checks the filters of the lookups of a record that is about to be saved.
    ///
    /// # Errors
    /// [`RecordFault::FilterBroken`].
    pub(super) fn check_filters(
        &mut self,
        object: &Blueprint,
        row: &Row,
        before: Option<&Row>,
    ) -> Result<(), Error> {
        // The org itself is above its filters, as it is above its rules.
        if self.access.is_none() {
            return Ok(());
        }
        for filter in &object.filters {
            if concerns(object, filter, row, before) && !self.meets(object, filter, row)? {
                return Err(RecordFault::FilterBroken {
                    field: filter.field.clone(),
                    message: filter.message.clone(),
                }
                .into());
            }
        }
        Ok(())
    }

    fn meets(
        &mut self,
        object: &Blueprint,
        filter: &LookupFilter,
        row: &Row,
    ) -> Result<bool, Error> {
        let whole = Arc::clone(&self.blueprints.catalog);
        let mut rows = (&mut *self.workspace, self.blueprints);
        let access = self.access.clone();
        let by = By {
            user: self.user,
            org: self.blueprints.org,
            permissions: access.as_ref().map(|access| &**access.custom_permissions()),
        };
        let condition = &filter.condition;
        let surroundings = condition.surroundings();
        let environment = environment(surroundings, by, self.now, &whole, &mut rows)?;
        let references = condition.references();
        let mut values = Vec::with_capacity(references.len());
        for reference in references {
            values.push(value_of(
                reference,
                (&object.entity, row),
                &whole,
                &mut rows,
            )?);
        }
        let inputs = Inputs {
            values: &values,
            found: &[],
            mode: Mode::Save,
            is_new: false,
        };
        // What has no result is not met.
        Ok(condition.holds(inputs, &environment).unwrap_or(false))
    }
}

/// Whether a save has to meet a filter.
fn concerns(object: &Blueprint, filter: &LookupFilter, row: &Row, before: Option<&Row>) -> bool {
    let place = |name: &FieldName| object.entity.index_of(name.as_str());
    let lookup = place(&filter.field);
    if read(row, lookup).is_null() {
        return false;
    }
    let Some(before) = before else {
        return true;
    };
    let sources = filter.sources.iter().map(place);
    let mut places = sources.chain([lookup]);
    places.any(|place| read(row, place) != read(before, place))
}
