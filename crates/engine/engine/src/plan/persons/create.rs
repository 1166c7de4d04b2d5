//! New person accounts, with their contacts.

use landfall_model::{ChangeType, RecordId, RecordType, Row, Value};

use super::check::{check_kind, check_required};
use super::{
    CONTACT, IS_PERSON, LAST_NAME, PERSON_CONTACT, copy, has_persons, is_of_person_type, pairs,
    swapped,
};
use crate::blueprint::Blueprint;
use crate::derive;
use crate::error::Error;
use crate::plan::{Cause, Planner};
use crate::rows::{read, write};

/// A contact that comes into being with its account.
pub(in crate::plan) struct NewContact<'p> {
    object: &'p Blueprint,
    row: Row,
}

impl<'p> NewContact<'p> {
    /// A contact with these values.
    pub(super) const fn new(object: &'p Blueprint, row: Row) -> Self {
        Self { object, row }
    }

    pub(super) const fn row(&self) -> &Row {
        &self.row
    }
}

impl<'p> Planner<'p, '_> {
    /// Gives a new account with a last name the user's default record type for persons, unless it says otherwise.
    ///
    /// Source: none: what clients expect that leave the record type out.
    pub(in crate::plan) fn choose_person_type(
        &self,
        object: &Blueprint,
        row: &mut Row,
        given: &mut Vec<usize>,
    ) {
        let place = object.system.record_type;
        let is_said = place.is_none_or(|place| given.contains(&place));
        let last_name = object.entity.index_of(LAST_NAME);
        if is_said || !has_persons(object) || read(row, last_name).is_null() {
            return;
        }
        let types = match &self.access {
            Some(access) => access.record_types(&object.entity),
            None => &object.entity.record_types,
        };
        let usable =
            |known: &&RecordType| known.active && known.available && known.person.is_some();
        let is_default = |known: &&RecordType| known.person.is_some_and(|person| person.default);
        let usable = types.iter().filter(usable);
        let chosen = usable
            .clone()
            .find(is_default)
            .or_else(|| usable.clone().next());
        if let (Some(chosen), Some(place)) = (chosen, place) {
            write(row, Some(place), Value::Id(chosen.id));
            given.push(place);
        }
    }

    /// Prepares the contact of a new account, if that is a person: the defaults of contacts are those of the account too.
    ///
    /// # Errors
    /// [`FieldFault::OfOtherKind`], [`FieldFault::Required`].
    pub(in crate::plan) fn begin_person(
        &mut self,
        object: &Blueprint,
        row: &mut Row,
        given: &mut Vec<usize>,
    ) -> Result<Option<NewContact<'p>>, Error> {
        if !has_persons(object) {
            return Ok(None);
        }
        let is = is_of_person_type(object, row);
        check_kind(object, row, given, is)?;
        if !is {
            return Ok(None);
        }
        let contacts = self.named(CONTACT)?;
        let pairs = pairs(&object.entity, &contacts.entity);
        let mut contact = contacts.blank.clone();
        let said = pairs.iter().filter(|(place, _)| given.contains(place));
        let said: Vec<_> = said.copied().collect();
        copy(row, &mut contact, said.iter().copied());
        let mut settled: Vec<usize> = said.iter().map(|(_, place)| *place).collect();
        self.compute_defaults(contacts, &mut contact, &mut settled)?;
        copy(&contact, row, swapped(&pairs));
        for (place, of_contact) in &pairs {
            if settled.contains(of_contact) && !given.contains(place) {
                given.push(*place);
            }
        }
        let is_person = object.entity.index_of(IS_PERSON);
        write(row, is_person, Value::Boolean(true));
        check_required(object, contacts, row)?;
        // A name that is required is there.
        derive::person_name(&object.entity, row);
        Ok(Some(NewContact::new(contacts, contact)))
    }

    /// Gives a person account the id of its new contact, and the numbers that the contact counts.
    pub(in crate::plan) fn join_person(
        &mut self,
        object: &Blueprint,
        row: &mut Row,
        contact: &mut NewContact<'_>,
    ) {
        let contacts = contact.object;
        let id = self.numbers.record_id(contacts.entity.key_prefix);
        write(&mut contact.row, contacts.system.id, Value::Id(id));
        self.number(contacts, &mut contact.row);
        let pairs = pairs(&object.entity, &contacts.entity);
        let counted = contacts.auto_numbers.iter().map(|auto| auto.place);
        let counted: Vec<usize> = counted.collect();
        let counted = swapped(&pairs).filter(|(place, _)| counted.contains(place));
        copy(&contact.row, row, counted);
        write(row, object.entity.index_of(PERSON_CONTACT), Value::Id(id));
    }

    /// Makes the new contact of a person account.
    ///
    /// # Errors
    /// [`landfall_model::ValueFault::Duplicate`], [`Error::Store`].
    pub(in crate::plan) fn end_person(
        &mut self,
        object: &Blueprint,
        (id, account): (RecordId, &Row),
        contact: NewContact<'_>,
    ) -> Result<(), Error> {
        let NewContact {
            object: contacts,
            row: mut contact,
        } = contact;
        let Some(contact_id) = read(&contact, contacts.system.id).as_id() else {
            return Ok(());
        };
        let entity = &contacts.entity;
        copy(
            account,
            &mut contact,
            pairs(&object.entity, entity).into_iter(),
        );
        let mut set = |name, value| write(&mut contact, entity.index_of(name), value);
        set("AccountId", Value::Id(id));
        set(IS_PERSON, Value::Boolean(true));
        derive::person_name(entity, &mut contact);
        self.check_unique(contacts, &contact, None, &contacts.unique)?;
        let (from, to) = (&object.system, &contacts.system);
        for (from, to) in [
            (from.last_modified_date, to.created_date),
            (from.last_modified_by, to.created_by),
            (from.last_modified_date, to.last_modified_date),
            (from.last_modified_by, to.last_modified_by),
            (from.system_modstamp, to.system_modstamp),
        ] {
            write(&mut contact, to, read(account, from).clone());
        }
        let change = (ChangeType::Create, Cause::Consequence);
        self.step(contacts, contact_id, None, contact, change);
        Ok(())
    }
}
