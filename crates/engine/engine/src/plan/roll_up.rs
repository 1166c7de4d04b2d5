//! Keeping roll-up summary fields true: what a transaction did to details is added up in their masters at its end, once for
//! each field and record, and from there to the masters' masters.
//!
//! Source: "Triggers and Order of Execution" (Apex Developer Guide): the master goes through the save procedure, so it is
//! modified by the user of the transaction.

use std::collections::BTreeSet;

use landfall_metadata::Problem;
use landfall_model::{ChangeType, Fault, RecordId, Row, Value, ValueFault, limits};
use landfall_store::Reads;

use super::{Cause, Planner};
use crate::blueprint::Blueprint;
use crate::error::Error;
use crate::roll_up::Summary;
use crate::rows::{read, write};
use crate::validate;

/// A roll-up, by its place in [`crate::blueprint::Blueprints::summaries`], and the record whose field is due.
pub(crate) type Due = (usize, RecordId);

impl Planner<'_, '_> {
    /// Notes whose fields a change of one record makes due.
    pub(super) fn note(
        &mut self,
        object: &Blueprint,
        id: RecordId,
        before: Option<&Row>,
        after: &Row,
        change: ChangeType,
    ) {
        if change == ChangeType::Undelete {
            self.due
                .extend(object.has.iter().map(|summary| (*summary, id)));
        }
        let live = |row: &&Row| !object.is_deleted(row);
        let (before, after) = (before.filter(live), Some(after).filter(live));
        for summary in &object.counts_in {
            let Some(counts) = self.blueprints.summary(*summary) else {
                continue;
            };
            if let (Some(before), Some(after)) = (before, after)
                && counts.sees_no_difference(before, after)
            {
                continue;
            }
            let masters = [before, after].into_iter().flatten();
            let masters = masters.filter_map(|row| read(row, Some(counts.foreign_key)).as_id());
            self.due.extend(masters.map(|master| (*summary, master)));
        }
    }

    /// Computes all fields that are due. It ends: a roll-up comes after those that it is computed from.
    ///
    /// # Errors
    /// [`Error::Refused`] if a value does not fit its field or there are too many details, [`Error::Store`].
    pub(crate) fn roll_up(&mut self) -> Result<(), Error> {
        let mut due: BTreeSet<Due> = BTreeSet::new();
        let since = self.steps.len();
        loop {
            due.extend(self.due.drain(..));
            let Some((summary, master)) = due.pop_first() else {
                return self.settle_persons(since);
            };
            if let Some(summary) = self.blueprints.summary(summary) {
                self.summarize(summary, master)?;
            }
        }
    }

    /// Computes a new field for all existing records, as no user: that marks them as touched by
    /// the service, and not as modified.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a value does not fit its field or there are too many records, [`Error::Store`].
    pub(crate) fn begin(
        &mut self,
        number: usize,
        summary: &Summary,
        reads: &dyn Reads,
    ) -> Result<(), Error> {
        let Some(object) = self.blueprints.with_prefix(summary.parent) else {
            return Ok(());
        };
        let most = limits::ROLL_UP_MASTERS_MAX;
        let masters = reads.recent_rows(&object.entity, most + 1)?;
        if masters.len() > most {
            let reason = format!("more than {most} records are there already");
            return Err(impossible(summary, &reason));
        }
        let ids = masters
            .iter()
            .filter_map(|row| read(row, object.system.id).as_id());
        self.due.extend(ids.map(|id| (number, id)));
        self.roll_up().map_err(|error| match error {
            Error::Refused(Fault::Value(ValueFault::Refused { reason, .. })) => {
                impossible(summary, &reason)
            }
            Error::Refused(_) => impossible(summary, "a value is too large for its field"),
            other => other,
        })
    }

    fn summarize(&mut self, summary: &Summary, master: RecordId) -> Result<(), Error> {
        let objects = (
            self.blueprints.with_prefix(summary.parent),
            self.blueprints.with_prefix(summary.child),
        );
        let (Some(object), Some(child)) = objects else {
            return Ok(());
        };
        let Some(before) = self.workspace.row(object, master)? else {
            return Ok(());
        };
        let Some(field) = object.entity.fields.get(summary.place) else {
            return Ok(());
        };
        if object.is_deleted(&before) {
            return Ok(());
        }
        let most = limits::ROLL_UP_DETAILS_MAX;
        let key = Value::Id(master);
        let details = self
            .workspace
            .live_where(child, summary.foreign_key, &key, most + 1)?;
        if details.len() > most {
            return Err(Fault::Value(ValueFault::Refused {
                field: validate::subject(field),
                reason: format!("more than {most} records cannot be summarized"),
            })
            .into());
        }
        let value = summary.of(details.iter().map(|(_, row)| &**row));
        let value = validate::fitting(field, validate::rounded(field, value))?;
        if *read(&before, Some(summary.place)) == value {
            return Ok(());
        }
        let mut after = Row::clone(&before);
        write(&mut after, Some(summary.place), value);
        // The master goes through the save procedure.
        self.check_rules(object, &after, Some(&before))?;
        if self.user == RecordId::EMPTY {
            let stamp = Value::DateTime(self.now.whole_second());
            write(&mut after, object.system.system_modstamp, stamp);
        } else {
            self.touch(object, &mut after);
        }
        let change = (ChangeType::Update, Cause::Consequence);
        self.step(object, master, Some(before), after, change);
        Ok(())
    }
}

fn impossible(summary: &Summary, reason: &str) -> Error {
    let source = summary.source();
    let problem = Problem {
        path: source.path.clone(),
        line: source.line,
        reason: format!(
            "{}.{} cannot be computed: {reason}",
            source.entity, source.field
        ),
    };
    Error::Invalid {
        problems: vec![problem],
    }
}
