//! Business accounts that become person accounts, and the other way round.
//!
//! Source: "Person Account Record Types" (SOAP API Developer Guide); "Converting an Account" (Change Data Capture Developer
//! Guide).

use std::sync::Arc;

use landfall_model::fault::PersonAccountReason;
use landfall_model::{ChangeType, RecordId, Row, Value};

use super::persons::{
    ACCOUNT, CONTACT, IS_PERSON, LAST_NAME, PERSON_CONTACT, copy, has_persons, is_of_person_type,
    is_person, of_other_kind, other_of_person, pairs, personal, refused, swapped,
};
use super::{Cause, Planner};
use crate::blueprint::{Blueprint, read, write};
use crate::command::Saved;
use crate::error::Error;
use crate::{derive, validate};

impl Planner<'_, '_> {
    /// Makes a business account a person account, or the other way round, if its new record type says so. The rules of
    /// accounts are not asked.
    ///
    /// # Errors
    /// [`FieldFault::OfOtherKind`] if anything else is changed, [`PersonAccountReason::Contacts`].
    pub(super) fn change_kind(
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
        let mut after = row.clone();
        let contact = if was {
            become_business(object, &mut after);
            other_of_person(&object.entity, before)
        } else {
            let (contact, of_contact) = self.only_contact(object, contacts, (id, before))?;
            become_person(object, &mut after, contacts, (contact, &of_contact));
            Some(contact)
        };
        self.touch(object, &mut after);
        let change = (ChangeType::Update, Cause::Request);
        self.step(object, id, Some(Arc::clone(before)), after.clone(), change);
        if let Some(contact) = contact {
            self.change_contact(contacts, contact, (id, &after))?;
        }
        Ok(Some(Saved { id, created: false }))
    }

    /// The contact that a business account becomes one with: the only one that it has, or a new one with its name.
    fn only_contact(
        &mut self,
        object: &Blueprint,
        contacts: &Blueprint,
        (id, account): (RecordId, &Row),
    ) -> Result<(RecordId, Row), Error> {
        let Some(place) = contacts.entity.index_of("AccountId") else {
            return Err(refused(PersonAccountReason::Contacts));
        };
        let known = self
            .workspace
            .live_where(contacts, place, &Value::Id(id), 2)?;
        match known.as_slice() {
            [] => {
                let mut contact = contacts.blank.clone();
                self.compute_defaults(contacts, &mut contact, &mut Vec::new())?;
                let name = read(account, object.entity.index_of("Name")).clone();
                if let Some((place, field)) = contacts.entity.field(LAST_NAME) {
                    let name = validate::fitting(field, validate::shaped(field, name)?)?;
                    write(&mut contact, Some(place), name);
                }
                Ok((self.numbers.record_id(contacts.entity.key_prefix), contact))
            }
            [(contact, row)] => {
                let owner = |object: &Blueprint, row| read(row, object.system.owner).clone();
                if owner(contacts, row) != owner(object, account) {
                    return Err(refused(PersonAccountReason::Contacts));
                }
                Ok((*contact, Row::clone(row)))
            }
            _ => Err(refused(PersonAccountReason::Contacts)),
        }
    }

    /// Brings the contact in step with an account that has become another kind.
    fn change_contact(
        &mut self,
        contacts: &Blueprint,
        contact: RecordId,
        (id, account): (RecordId, &Row),
    ) -> Result<(), Error> {
        let accounts = self.named(ACCOUNT)?;
        let pairs = pairs(&accounts.entity, &contacts.entity);
        let is = is_person(&accounts.entity, account);
        let before = self.workspace.row(contacts, contact)?;
        if before.is_none() {
            let mut row = contacts.blank.clone();
            write(&mut row, contacts.system.id, Value::Id(contact));
            self.number(contacts, &mut row);
            let (from, to) = (&accounts.system, &contacts.system);
            for to in [to.created_date, to.last_modified_date, to.system_modstamp] {
                write(&mut row, to, read(account, from.last_modified_date).clone());
            }
            for to in [to.created_by, to.last_modified_by] {
                write(&mut row, to, read(account, from.last_modified_by).clone());
            }
            copy(account, &mut row, pairs.into_iter());
            write(
                &mut row,
                contacts.entity.index_of("AccountId"),
                Value::Id(id),
            );
            write(
                &mut row,
                contacts.entity.index_of(IS_PERSON),
                Value::Boolean(is),
            );
            derive::person_name(&contacts.entity, &mut row);
            let change = (ChangeType::Create, Cause::Consequence);
            self.step(contacts, contact, None, row, change);
            return Ok(());
        }
        let Some(before) = before else {
            return Ok(());
        };
        let mut after = Row::clone(&before);
        if is {
            copy(account, &mut after, pairs.into_iter());
        }
        write(
            &mut after,
            contacts.entity.index_of(IS_PERSON),
            Value::Boolean(is),
        );
        self.touch(contacts, &mut after);
        let change = (ChangeType::Update, Cause::Consequence);
        self.step(contacts, contact, Some(before), after, change);
        Ok(())
    }
}

fn become_person(
    object: &Blueprint,
    account: &mut Row,
    contacts: &Blueprint,
    (contact, of_contact): (RecordId, &Row),
) {
    let personal = personal(&object.entity, &contacts.entity);
    copy(of_contact, account, swapped(&personal));
    let mut set = |name, value| write(account, object.entity.index_of(name), value);
    set(IS_PERSON, Value::Boolean(true));
    set(PERSON_CONTACT, Value::Id(contact));
    derive::person_name(&object.entity, account);
}

/// The name stays, as text.
fn become_business(object: &Blueprint, account: &mut Row) {
    let fields = object.entity.fields.iter().enumerate();
    for (place, _) in fields.filter(|(_, field)| field.contact_field.is_some()) {
        write(
            account,
            Some(place),
            read(&object.blank, Some(place)).clone(),
        );
    }
    let mut set = |name, value| write(account, object.entity.index_of(name), value);
    set(IS_PERSON, Value::Boolean(false));
    set(PERSON_CONTACT, Value::Null);
}
