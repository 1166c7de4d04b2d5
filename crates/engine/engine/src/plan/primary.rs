//! The primary role of a contact: a record that becomes it takes the mark from the one that was.
//!
//! Source: "`AccountContactRole`", "`ContractContactRole`", "`OpportunityContactRole`" (Object Reference), `IsPrimary`.

use std::sync::Arc;

use landfall_model::{ChangeType, RecordId, Row, Value, limits};

use super::{Cause, Planner};
use crate::blueprint::Blueprint;
use crate::error::Error;
use crate::rows::{read, write};

/// Roles, with the field that says whose they are.
const ROLES: [(&str, &str); 3] = [
    ("AccountContactRole", "AccountId"),
    ("ContractContactRole", "ContractId"),
    ("OpportunityContactRole", "OpportunityId"),
];

impl Planner<'_, '_> {
    /// Leaves the mark to the roles that have got it since.
    ///
    /// # Errors
    /// [`Error::Refused`] if a rule refuses that, [`Error::Store`].
    pub(super) fn settle_primary(&mut self, since: usize) -> Result<(), Error> {
        let mut new = Vec::new();
        for step in self.steps.iter().skip(since) {
            let role = ROLES
                .iter()
                .find(|(name, _)| *name == step.entity.name.as_str());
            let Some((name, whole)) = role else {
                continue;
            };
            let is = |row: &Row| read(row, step.entity.index_of("IsPrimary")).as_bool();
            let was = step.before.as_deref().and_then(is);
            if is(&step.after) == Some(true) && was != Some(true) {
                let place = step.entity.index_of(whole);
                new.extend(place.map(|place| {
                    let whole = read(&step.after, Some(place)).clone();
                    (*name, place, whole, step.id)
                }));
            }
        }
        for (name, place, whole, id) in new {
            if let Some(object) = self.blueprints.named(name) {
                self.unmark(object, place, &whole, id)?;
            }
        }
        Ok(())
    }

    fn unmark(
        &mut self,
        object: &Blueprint,
        place: usize,
        whole: &Value,
        primary: RecordId,
    ) -> Result<(), Error> {
        let most = limits::ROLL_UP_DETAILS_MAX;
        let roles = self.workspace.live_where(object, place, whole, most)?;
        let mark = object.entity.index_of("IsPrimary");
        for (id, before) in roles {
            if id == primary || read(&before, mark).as_bool() != Some(true) {
                continue;
            }
            let mut after = Row::clone(&before);
            write(&mut after, mark, Value::Boolean(false));
            self.check_rules(object, &after, Some(&before))?;
            self.touch(object, &mut after);
            let change = (ChangeType::Update, Cause::Consequence);
            self.step(object, id, Some(Arc::clone(&before)), after, change);
        }
        Ok(())
    }
}
