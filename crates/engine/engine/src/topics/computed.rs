//! Formula fields in notifications: their values when the record changed, as the user reads them who changed it.
//!
//! Source: "Unsupported `PushTopic` Queries" (Streaming API Developer Guide): formulas are for the `SELECT` clause alone.
//! Source: none for whose values they are: a notification is one for all subscribers.

use std::borrow::Cow;

use landfall_formula::Environment;
use landfall_model::{EntityDefinition, RecordId, Row, Timestamp};

use crate::access::Access;
use crate::blueprint::Blueprints;
use crate::error::Error;
use crate::formulas::{By, FormulaFields, environment};
use crate::workspace::Workspace;

/// Gives rows of a transaction the values of their formula fields.
pub(crate) struct Filling<'f, 'w> {
    fields: &'f FormulaFields,
    rows: (&'f mut Workspace<'w>, &'f Blueprints),
    by: By<'f>,
    now: Timestamp,
    /// Made when it is first needed: most transactions change no object whose formulas a topic selects.
    environment: Option<Environment>,
}

impl<'f, 'w> Filling<'f, 'w> {
    /// For what a user does at a time.
    pub(crate) fn new(
        fields: &'f FormulaFields,
        workspace: &'f mut Workspace<'w>,
        blueprints: &'f Blueprints,
        (user, access): (RecordId, Option<&'f Access>),
        now: Timestamp,
    ) -> Self {
        Self {
            fields,
            rows: (workspace, blueprints),
            by: By {
                user,
                org: blueprints.org,
                permissions: access.map(|access| &**access.custom_permissions()),
            },
            now,
            environment: None,
        }
    }

    /// The row with the values of its formula fields.
    pub(super) fn filled(&mut self, entity: &EntityDefinition, row: &Row) -> Result<Row, Error> {
        let made = match self.environment.take() {
            Some(made) => made,
            None => environment(
                self.fields.formulas.surroundings(),
                self.by,
                self.now,
                &self.fields.whole,
                &mut self.rows,
            )?,
        };
        let mut row = row.clone();
        let filled = self.fields.fill(entity, &mut row, &made, &mut self.rows);
        self.environment = Some(made);
        filled.map(|()| row)
    }
}

/// The states of a record in a transaction.
pub(super) struct States<'t> {
    /// Before and after each step.
    pub(super) steps: Vec<(Option<Cow<'t, Row>>, Cow<'t, Row>)>,
    /// In the end.
    pub(super) last: Cow<'t, Row>,
}
