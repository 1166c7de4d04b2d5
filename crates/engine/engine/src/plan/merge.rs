//! Several records become one.
//!
//! The victims go to the recycle bin alone: nothing cascades, since what refers to them refers to the master then. The
//! order is that of the change events: the victims, the master, what referred to a victim.
//! Source: `merge()` (SOAP API Developer Guide), "Triggers and Merge Statements" (Apex Developer Guide).

use std::collections::HashSet;
use std::sync::Arc;

use landfall_model::fault::Operation;
use landfall_model::limits::MERGE_VICTIMS_MAX;
use landfall_model::{ChangeType, Fault, MergeFault, RecordFault, RecordId, Row, Value, limits};

use super::{Cause, Planner, persons, refused};
use crate::blueprint::{Blueprint, Children};
use crate::command::{Assignment, Merge, Merged};
use crate::error::Error;
use crate::object_access::Act;
use crate::rows::{read, write};

/// The field of a contact that a master without a value takes over from a victim.
const REPORTS_TO: &str = "ReportsToId";

impl Planner<'_, '_> {
    /// Makes records one.
    pub(crate) fn merge(&mut self, merge: Merge) -> Result<Merged, Error> {
        let Merge {
            entity,
            master,
            values,
            victims,
        } = merge;
        let mut values = self.placed(&entity, values)?;
        let object = self.object(&entity)?;
        let since = self.steps.len();
        if !object.entity.capabilities.mergeable {
            return Err(refused(Operation::Merge, &object.entity).into());
        }
        self.allow(Act::Delete, &object.entity)?;
        check(master, &victims)?;
        let master_row = self.live(object, master, Fault::Record(RecordFault::Unknown))?;
        let mut merged = Vec::with_capacity(victims.len());
        for victim in &victims {
            merged.push(self.live(object, *victim, Fault::Record(RecordFault::Unknown))?);
        }
        let persons = persons::merged_persons(object, &master_row, &merged)?;
        for (place, (victim, before)) in victims.iter().zip(&merged).enumerate() {
            let mut after = Row::clone(before);
            write(&mut after, object.system.master_record, Value::Id(master));
            self.move_to_bin(object, *victim, Arc::clone(before), after, Cause::Request);
            if let Some((of_master, contacts)) = &persons
                && let Some(contact) = contacts.get(place)
            {
                self.merge_contact(*victim, *contact, *of_master)?;
            }
        }
        values.extend(taken_over(object, &master_row, &values, &merged, &victims));
        self.update(object, master, values, None)?;
        self.settle_persons(since)?;
        let mut related = Vec::new();
        for children in object.children() {
            for victim in &victims {
                self.adopt(*children, *victim, master, &mut related)?;
            }
            if children.child == object.entity.key_prefix {
                self.check_above(object, children.place, master)?;
            }
        }
        if let Some((of_master, contacts)) = &persons {
            self.adopt_of_persons(contacts, *of_master, &mut related)?;
        }
        self.settle_invitees(since)?;
        self.settle_persons(since)?;
        let mut seen = HashSet::new();
        related.retain(|id| seen.insert(*id));
        Ok(Merged { related })
    }

    /// Makes what refers to a record refer to another one.
    pub(super) fn adopt(
        &mut self,
        Children { child, place, .. }: Children,
        from: RecordId,
        to: RecordId,
        related: &mut Vec<RecordId>,
    ) -> Result<(), Error> {
        let Some(child) = self.blueprints.with_prefix(child) else {
            return Ok(());
        };
        let enough = limits::CASCADE_RECORDS_MAX + 1;
        let found = self
            .workspace
            .live_where(child, place, &Value::Id(from), enough)?;
        self.bounded(found.len())?;
        for (id, before) in found {
            let mut after = Row::clone(&before);
            write(&mut after, Some(place), Value::Id(to));
            self.touch(child, &mut after);
            self.step(
                child,
                id,
                Some(before),
                after,
                (ChangeType::Update, Cause::Consequence),
            );
            related.push(id);
        }
        Ok(())
    }

    /// Whether no record is above itself by the reference at this place, as far as the master is concerned.
    fn check_above(
        &mut self,
        object: &Blueprint,
        place: usize,
        master: RecordId,
    ) -> Result<(), Error> {
        let mut seen = HashSet::new();
        let mut at = master;
        while seen.insert(at) {
            let row = self.workspace.row(object, at)?;
            match row.and_then(|row| read(&row, Some(place)).as_id()) {
                Some(above) if above == master => {
                    return Err(MergeFault::Cyclical.into());
                }
                Some(above) => at = above,
                None => break,
            }
        }
        Ok(())
    }
}

fn check(master: RecordId, victims: &[RecordId]) -> Result<(), MergeFault> {
    let most = MERGE_VICTIMS_MAX;
    if victims.is_empty() || victims.len() > most {
        return Err(MergeFault::VictimsInvalid { most });
    }
    let distinct: HashSet<_> = victims.iter().collect();
    if distinct.len() < victims.len() || distinct.contains(&master) {
        return Err(MergeFault::VictimRepeated);
    }
    Ok(())
}

/// Whom the master reports to, if only a victim has a value.
fn taken_over(
    object: &Blueprint,
    master: &Row,
    given: &[Assignment],
    merged: &[Arc<Row>],
    victims: &[RecordId],
) -> Option<Assignment> {
    let place = object.entity.index_of(REPORTS_TO)?;
    let is_given = given.iter().any(|(other, _)| *other == place);
    if is_given || !read(master, Some(place)).is_null() {
        return None;
    }
    let superiors = merged.iter();
    let mut superiors = superiors.filter_map(|row| read(row, Some(place)).as_id());
    let superior = superiors.find(|superior| !victims.contains(superior))?;
    Some((place, Value::Id(superior)))
}
