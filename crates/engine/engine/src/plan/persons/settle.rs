//! The second record of a person, after the first has changed.

use std::collections::HashSet;

use landfall_model::{ChangeType, RecordId, Row};

use super::{ACCOUNT, CONTACT, copy, other_of_person, pairs, swapped};
use crate::derive;
use crate::error::Error;
use crate::plan::{Cause, Planner, Step};

/// The other record of a person that a step has updated.
fn to_settle(step: &Step) -> Option<RecordId> {
    let is_update = step.change == ChangeType::Update;
    is_update.then(|| other_of_person(&step.entity, &step.after))?
}

impl Planner<'_, '_> {
    /// Brings the other record of each person in step that has been updated since: a contact right after its account, an
    /// account right before its contact.
    ///
    /// # Errors
    /// [`Error::Refused`] if an account cannot have what its contact was given, [`Error::Store`].
    pub(in crate::plan) fn settle_persons(&mut self, since: usize) -> Result<(), Error> {
        let mut changed = self.steps.iter().skip(since);
        if !changed.any(|step| to_settle(step).is_some()) {
            return Ok(());
        }
        let steps = self.steps.split_off(since);
        let mut present: HashSet<RecordId> = steps.iter().map(|step| step.id).collect();
        for step in steps {
            match to_settle(&step) {
                Some(other) if present.insert(other) => self.settle_person(step, other)?,
                _ => self.steps.push(step),
            }
        }
        Ok(())
    }

    /// Adds a step, and that of the other record.
    fn settle_person(&mut self, mut step: Step, other: RecordId) -> Result<(), Error> {
        let (accounts, contacts) = (self.named(ACCOUNT)?, self.named(CONTACT)?);
        let pairs = pairs(&accounts.entity, &contacts.entity);
        let of_account = step.entity.name == accounts.entity.name;
        let object = if of_account { contacts } else { accounts };
        let Some(before) = self.workspace.row(object, other)? else {
            self.steps.push(step);
            return Ok(());
        };
        let mut after = Row::clone(&before);
        if of_account {
            copy(&step.after, &mut after, pairs.into_iter());
        } else {
            copy(&step.after, &mut after, swapped(&pairs));
        }
        derive::person_name(&object.entity, &mut after);
        if !of_account {
            self.check_rules(accounts, &after, Some(&before))?;
        }
        self.check_unique(object, &after, Some(other), &object.unique)?;
        self.touch(object, &mut after);
        let consequence = (ChangeType::Update, Cause::Consequence);
        if of_account {
            self.steps.push(step);
            self.step(object, other, Some(before), after, consequence);
        } else {
            let change = (ChangeType::Update, step.cause);
            self.step(object, other, Some(before), after, change);
            step.cause = Cause::Consequence;
            self.steps.push(step);
        }
        Ok(())
    }
}
