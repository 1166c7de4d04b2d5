//! What the validation rules of an object read besides its record: the records that it refers to, and those of the user.

use landfall_formula::{Formula, Step};
use landfall_model::{RecordId, Value};

use super::Ahead;
use crate::blueprint::Blueprint;
use crate::command::Assignment;
use crate::workspace::Workspace;

/// A way that a formula takes, from a record that is among what is needed.
pub(super) struct Way<'b> {
    object: &'b Blueprint,
    id: RecordId,
    steps: &'b [Step],
}

impl<'b> Ahead<'b> {
    /// What the rules of an object read about a record with these new values, which has this id if it exists.
    pub(super) fn rules(
        &mut self,
        object: &'b Blueprint,
        id: Option<RecordId>,
        values: &[Assignment],
    ) {
        if object.rules.is_empty() {
            return;
        }
        if object.rules_read.depend_on_user() {
            self.user_record();
        }
        let system = &object.system;
        let conditions = object.rules.iter().map(|rule| &rule.condition);
        for reference in conditions.flat_map(Formula::references) {
            let Some((first, rest)) = reference.steps.split_first() else {
                continue;
            };
            let place = object.entity.index_of(first.field.as_str());
            let assigned = values.iter().find(|(given, _)| Some(*given) == place);
            match (assigned, id) {
                (Some((_, value)), _) if !reference.prior => self.step(first, value, rest),
                (_, Some(id)) => self.way(object, id, &reference.steps),
                // The owner and the author of a new record are its user.
                (_, None)
                    if place.is_some() && [system.owner, system.created_by].contains(&place) =>
                {
                    self.step(first, &Value::Id(self.user), rest);
                }
                (_, None) => {}
            }
        }
    }

    /// The user of the command, by whom globals and the day differ.
    fn user_record(&mut self) {
        if let Some(users) = self.blueprints.with_prefix(self.user.prefix()) {
            self.needed.row(users, self.user);
        }
    }

    fn way(&mut self, object: &'b Blueprint, id: RecordId, steps: &'b [Step]) {
        self.needed.row(object, id);
        if !steps.is_empty() {
            self.ways.push(Way { object, id, steps });
        }
    }

    /// Takes a step, if it leads to a record of the object that the formula means.
    fn step(&mut self, step: &Step, value: &Value, rest: &'b [Step]) {
        let Value::Id(id) = value else {
            return;
        };
        let target = self.blueprints.with_prefix(id.prefix());
        if let Some(target) = target.filter(|target| target.entity.name == step.target) {
            self.way(target, *id, rest);
        }
    }

    /// Goes on from a record, now that it has been read.
    pub(super) fn next(&mut self, workspace: &Workspace<'_>, way: &Way<'b>) {
        let (Some((step, rest)), Some(row)) =
            (way.steps.split_first(), workspace.known_row(way.id))
        else {
            return;
        };
        let place = way.object.entity.index_of(step.field.as_str());
        if let Some(value) = place.and_then(|place| row.get(place)) {
            self.step(step, value, rest);
        }
    }
}
