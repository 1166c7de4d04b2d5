//! Business accounts that become person accounts, and the other way round.
//!
//! Source: "Person Account Record Types" (SOAP API Developer Guide); "Converting an Account" (Change Data Capture Developer
//! Guide).

use std::sync::Arc;

use landfall_model::fault::PersonAccountReason;
use landfall_model::{ChangeType, RecordId, Row, Value};

use super::check::{check_required, of_other_kind};
use super::create::NewContact;
use super::{
    CONTACT, IS_PERSON, LAST_NAME, PERSON_CONTACT, copy, has_persons, is_of_person_type, is_person,
    other_of_person, pairs, personal, refused, swapped,
};
use crate::blueprint::Blueprint;
use crate::command::Saved;
use crate::error::Error;
use crate::plan::{Cause, Planner};
use crate::rows::{read, write};
use crate::{derive, validate};

impl Planner<'_, '_> {
    /// Makes a business account a person account, or the other way round, if its new record type says so. The rules of
    /// accounts are not asked.
    ///
    /// # Errors
    /// [`landfall_model::FieldFault::OfOtherKind`] if anything else is changed, [`PersonAccountReason::Contacts`],
    /// [`landfall_model::FieldFault::Required`] and [`landfall_model::ValueFault::Duplicate`] if its contact cannot be that of a person.
    pub(in crate::plan) fn change_kind(
        &mut self,
        object: &Blueprint,
        (id, before): (RecordId, &Arc<Row>),
        row: &Row,
        given: &[usize],
    ) -> Result<Option<Saved>, Error> {
        let was = is_person(&object.entity, before);
        if !has_persons(object) || was == is_of_person_type(object, row) {
            return Ok(None);
        }
        let others = given.iter().copied();
        let others = others.filter(|place| Some(*place) != object.system.record_type);
        of_other_kind(object, others)?;
        let contacts = self.named(CONTACT)?;
        let account = (id, before);
        if was {
            self.become_business(object, contacts, account, row)?;
        } else {
            self.become_person(object, contacts, account, row)?;
        }
        Ok(Some(Saved { id, created: false }))
    }

    /// The name stays, as text; so does the contact.
    fn become_business(
        &mut self,
        object: &Blueprint,
        contacts: &Blueprint,
        (id, before): (RecordId, &Arc<Row>),
        row: &Row,
    ) -> Result<(), Error> {
        let mut after = row.clone();
        let fields = object.entity.fields.iter().enumerate();
        for (place, _) in fields.filter(|(_, field)| field.contact_field.is_some()) {
            let value = read(&object.blank, Some(place)).clone();
            write(&mut after, Some(place), value);
        }
        let mut set = |name, value| write(&mut after, object.entity.index_of(name), value);
        set(IS_PERSON, Value::Boolean(false));
        set(PERSON_CONTACT, Value::Null);
        self.touch(object, &mut after);
        let change = (ChangeType::Update, Cause::Request);
        self.step(object, id, Some(Arc::clone(before)), after, change);
        let Some(contact) = other_of_person(&object.entity, before) else {
            return Ok(());
        };
        if let Some(before) = self.workspace.row(contacts, contact)? {
            let after = Row::clone(&before);
            self.change_contact(contacts, contact, (before, after), false);
        }
        Ok(())
    }

    /// The account gets the values of its only contact; without one, those of a new contact that has its name.
    ///
    /// # Errors
    /// [`PersonAccountReason::Contacts`] if it has several, or one of another owner, [`landfall_model::FieldFault::Required`] if the
    /// contact lacks what a contact must have, [`landfall_model::ValueFault::Duplicate`].
    fn become_person(
        &mut self,
        object: &Blueprint,
        contacts: &Blueprint,
        (id, before): (RecordId, &Arc<Row>),
        row: &Row,
    ) -> Result<(), Error> {
        let mut after = row.clone();
        let personal = personal(&object.entity, &contacts.entity);
        write(
            &mut after,
            object.entity.index_of(IS_PERSON),
            Value::Boolean(true),
        );
        let known = self.only_contact(object, contacts, (id, before))?;
        let mut new = None;
        if let Some((contact, of_contact)) = &known {
            copy(of_contact, &mut after, swapped(&personal));
            let place = object.entity.index_of(PERSON_CONTACT);
            write(&mut after, place, Value::Id(*contact));
        } else {
            let mut contact = NewContact::new(contacts, self.named_as(object, contacts, before)?);
            copy(contact.row(), &mut after, swapped(&personal));
            self.join_person(object, &mut after, &mut contact);
            new = Some(contact);
        }
        check_required(object, contacts, &after)?;
        derive::person_name(&object.entity, &mut after);
        self.check_unique(object, &after, Some(id), &object.unique)?;
        self.touch(object, &mut after);
        let account = after.clone();
        let change = (ChangeType::Update, Cause::Request);
        self.step(object, id, Some(Arc::clone(before)), after, change);
        if let Some((contact, before)) = known {
            let mut after = Row::clone(&before);
            let pairs = pairs(&object.entity, &contacts.entity);
            copy(&account, &mut after, pairs.into_iter());
            self.change_contact(contacts, contact, (before, after), true);
        }
        match new {
            Some(contact) => self.end_person(object, (id, &account), contact),
            None => Ok(()),
        }
    }

    /// The only contact that a business account has, if it has any.
    fn only_contact(
        &mut self,
        object: &Blueprint,
        contacts: &Blueprint,
        (id, account): (RecordId, &Row),
    ) -> Result<Option<(RecordId, Arc<Row>)>, Error> {
        let refused = || refused(PersonAccountReason::Contacts);
        let place = contacts.entity.index_of("AccountId").ok_or_else(refused)?;
        let known = self
            .workspace
            .live_where(contacts, place, &Value::Id(id), 2)?;
        let owner = |object: &Blueprint, row| read(row, object.system.owner).clone();
        match known.as_slice() {
            [] => Ok(None),
            [(_, row)] if owner(contacts, row) == owner(object, account) => {
                Ok(known.into_iter().next())
            }
            _ => Err(refused()),
        }
    }

    /// The values of a new contact with the name of a business account.
    fn named_as(
        &mut self,
        object: &Blueprint,
        contacts: &Blueprint,
        account: &Row,
    ) -> Result<Row, Error> {
        let mut contact = contacts.blank.clone();
        self.compute_defaults(contacts, &mut contact, &mut Vec::new())?;
        let name = read(account, object.entity.index_of("Name")).clone();
        if let Some((place, field)) = contacts.entity.field(LAST_NAME) {
            let name = validate::fitting(field, validate::shaped(field, name)?)?;
            write(&mut contact, Some(place), name);
        }
        Ok(contact)
    }

    /// Makes a contact that of a person account, or of a business account.
    fn change_contact(
        &mut self,
        contacts: &Blueprint,
        id: RecordId,
        (before, mut after): (Arc<Row>, Row),
        of_person: bool,
    ) {
        let place = contacts.entity.index_of(IS_PERSON);
        write(&mut after, place, Value::Boolean(of_person));
        self.touch(contacts, &mut after);
        let change = (ChangeType::Update, Cause::Consequence);
        self.step(contacts, id, Some(before), after, change);
    }
}
