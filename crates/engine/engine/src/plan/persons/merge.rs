//! Person accounts that become one.

use std::sync::Arc;

use landfall_model::fault::PersonAccountReason;
use landfall_model::{RecordId, Row, Value};

use super::check::check_own_contact;
use super::{CONTACT, has_persons, other_of_person, refused};
use crate::blueprint::Blueprint;
use crate::error::Error;
use crate::plan::{Cause, Planner, purge};
use crate::rows::write;

/// The contacts of accounts that are merged, the master's first; none if they are business accounts.
///
/// # Errors
/// [`PersonAccountReason::Merge`] if they are of both kinds, [`PersonAccountReason::OwnContact`].
pub(in crate::plan) fn merged_persons(
    object: &Blueprint,
    master: &Row,
    victims: &[Arc<Row>],
) -> Result<Option<(RecordId, Vec<RecordId>)>, Error> {
    for row in victims.iter().map(AsRef::as_ref).chain([master]) {
        check_own_contact(object, row)?;
    }
    if !has_persons(object) {
        return Ok(None);
    }
    let of_person = |row: &Row| other_of_person(&object.entity, row);
    let contacts: Vec<_> = victims.iter().map(|row| of_person(row)).collect();
    match of_person(master) {
        Some(contact) => {
            let contacts: Option<Vec<_>> = contacts.into_iter().collect();
            let contacts = contacts.ok_or_else(|| refused(PersonAccountReason::Merge))?;
            Ok(Some((contact, contacts)))
        }
        None if contacts.iter().all(Option::is_none) => Ok(None),
        None => Err(refused(PersonAccountReason::Merge)),
    }
}

impl Planner<'_, '_> {
    /// Sends the contact of a merged person account to the recycle bin with it, merged into that of the master.
    pub(in crate::plan) fn merge_contact(
        &mut self,
        account: RecordId,
        contact: RecordId,
        master: RecordId,
    ) -> Result<(), Error> {
        let contacts = self.named(CONTACT)?;
        if let Some(before) = self.workspace.row(contacts, contact)? {
            let mut after = Row::clone(&before);
            write(&mut after, contacts.system.master_record, Value::Id(master));
            self.move_to_bin(contacts, contact, before, after, Cause::Consequence);
            self.workspace
                .put_document(purge::along_document(account, &[contact]));
        }
        Ok(())
    }

    /// Makes what refers to the contacts of merged person accounts refer to that of the master.
    pub(in crate::plan) fn adopt_of_persons(
        &mut self,
        victims: &[RecordId],
        master: RecordId,
        related: &mut Vec<RecordId>,
    ) -> Result<(), Error> {
        let contacts = self.named(CONTACT)?;
        for children in contacts.children() {
            for victim in victims {
                self.adopt(*children, *victim, master, related)?;
            }
        }
        Ok(())
    }
}
