//! Person accounts: an account and a contact that are one person.
//!
//! Both records have the values of the person, each under its own names, and change in the same transaction: first the
//! account, then the contact. What a change of the one means for the other is worked out after it, whichever of the two
//! was changed. Rules of contacts are not asked, those of accounts are.
//! Source: "Person Account Record Types" (SOAP API Developer Guide); "Change Events for Person Accounts" (Change Data
//! Capture Developer Guide); "`PushTopic` Event Publishing for `PersonAccount`" (Streaming API Developer Guide).

use std::sync::Arc;

use landfall_model::fault::PersonAccountReason;
use landfall_model::{
    ChangeType, EntityDefinition, Fault, FieldFault, FieldName, RecordFault, RecordId, RecordType,
    Row, Value,
};

use super::{Cause, Planner, required};
use crate::blueprint::{Blueprint, read, write};
use crate::command::Assignment;
use crate::derive;
use crate::error::Error;

pub(crate) const ACCOUNT: &str = "Account";
pub(crate) const CONTACT: &str = "Contact";
pub(super) const IS_PERSON: &str = "IsPersonAccount";
pub(super) const PERSON_CONTACT: &str = "PersonContactId";
pub(super) const LAST_NAME: &str = "LastName";

/// Fields that are the same in both records, under the same names.
const COMMON: [&str; 3] = ["OwnerId", "Phone", "Fax"];

/// A contact that comes into being with its account.
pub(super) struct NewContact<'p> {
    object: &'p Blueprint,
    row: Row,
}

/// Whether a record is a person account or the contact of one.
pub(crate) fn is_person(entity: &EntityDefinition, row: &Row) -> bool {
    read(row, entity.index_of(IS_PERSON)).as_bool() == Some(true)
}

/// The other record of a person: the contact of an account, or the account of a contact.
pub(crate) fn other_of_person(entity: &EntityDefinition, row: &Row) -> Option<RecordId> {
    let way = match entity.name.as_str() {
        ACCOUNT => PERSON_CONTACT,
        CONTACT => "AccountId",
        _ => return None,
    };
    let other = read(row, entity.index_of(way)).as_id();
    other.filter(|_| is_person(entity, row))
}

/// Whether accounts of the org can be persons.
pub(super) fn has_persons(object: &Blueprint) -> bool {
    object.entity.name.as_str() == ACCOUNT && object.entity.index_of(IS_PERSON).is_some()
}

/// Places of the values of a person in an account and in its contact.
pub(super) fn personal(
    account: &EntityDefinition,
    contact: &EntityDefinition,
) -> Vec<(usize, usize)> {
    let fields = account.fields.iter().enumerate();
    let fields = fields.filter(|(_, field)| field.stored());
    let pairs = fields.filter_map(|(place, field)| {
        let of_contact = field.contact_field.as_ref()?;
        Some((place, contact.index_of(of_contact.as_str())?))
    });
    pairs.collect()
}

/// The same with those of the values that every account has.
pub(super) fn pairs(account: &EntityDefinition, contact: &EntityDefinition) -> Vec<(usize, usize)> {
    let mut pairs = personal(account, contact);
    let common = COMMON.iter();
    pairs
        .extend(common.filter_map(|name| Some((account.index_of(name)?, contact.index_of(name)?))));
    pairs
}

pub(super) fn copy(from: &Row, to: &mut Row, pairs: impl Iterator<Item = (usize, usize)>) {
    for (source, target) in pairs {
        write(to, Some(target), read(from, Some(source)).clone());
    }
}

pub(super) fn swapped(pairs: &[(usize, usize)]) -> impl Iterator<Item = (usize, usize)> {
    pairs.iter().map(|(account, contact)| (*contact, *account))
}

impl<'p> Planner<'p, '_> {
    /// Gives a new account with a last name the user's default record type for persons, unless it says otherwise.
    ///
    /// Source: none: what clients expect that leave the record type out.
    pub(super) fn choose_person_type(
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
    pub(super) fn begin_person(
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
        Ok(Some(NewContact {
            object: contacts,
            row: contact,
        }))
    }

    /// Gives a new person account the id of its contact, and the numbers that the contact counts.
    pub(super) fn join_person(
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

    /// Makes the contact of a new person account.
    ///
    /// # Errors
    /// [`landfall_model::ValueFault::Duplicate`], [`Error::Store`].
    pub(super) fn end_person(
        &mut self,
        object: &Blueprint,
        account: (RecordId, &Row),
        contact: NewContact<'_>,
    ) -> Result<(), Error> {
        let NewContact {
            object: contacts,
            row: mut contact,
        } = contact;
        let (account, row) = account;
        let Some(id) = read(&contact, contacts.system.id).as_id() else {
            return Ok(());
        };
        copy(
            row,
            &mut contact,
            pairs(&object.entity, &contacts.entity).into_iter(),
        );
        let entity = &contacts.entity;
        write(
            &mut contact,
            entity.index_of("AccountId"),
            Value::Id(account),
        );
        write(
            &mut contact,
            entity.index_of(IS_PERSON),
            Value::Boolean(true),
        );
        derive::person_name(entity, &mut contact);
        self.check_unique(contacts, &contact, None, &contacts.unique)?;
        let (from, to) = (&object.system, &contacts.system);
        for (from, to) in [
            (from.created_date, to.created_date),
            (from.created_by, to.created_by),
            (from.last_modified_date, to.last_modified_date),
            (from.last_modified_by, to.last_modified_by),
            (from.system_modstamp, to.system_modstamp),
        ] {
            write(&mut contact, to, read(row, from).clone());
        }
        let change = (ChangeType::Create, Cause::Consequence);
        self.step(contacts, id, None, contact, change);
        Ok(())
    }

    /// Checks what an update gives to an account: the fields of its kind, with the values that its contact must have.
    ///
    /// # Errors
    /// [`FieldFault::OfOtherKind`], [`FieldFault::Required`].
    pub(super) fn check_person(
        &mut self,
        object: &Blueprint,
        row: &Row,
        given: &[usize],
    ) -> Result<(), Error> {
        if !has_persons(object) {
            return Ok(());
        }
        let is = is_person(&object.entity, row);
        check_kind(object, row, given, is)?;
        if is {
            check_required(object, self.named(CONTACT)?, row)?;
        }
        Ok(())
    }

    /// Checks whose contact a contact is: a person account has its own and no other.
    ///
    /// # Errors
    /// [`PersonAccountReason::OtherContact`], [`FieldFault::ReadOnly`].
    pub(super) fn check_contact(
        &mut self,
        object: &Blueprint,
        row: &Row,
        before: Option<&Row>,
    ) -> Result<(), Error> {
        let entity = &object.entity;
        if entity.name.as_str() != CONTACT || entity.index_of(IS_PERSON).is_none() {
            return Ok(());
        }
        let place = entity.index_of("AccountId");
        let account = read(row, place);
        if before.is_some_and(|before| read(before, place) == account) {
            return Ok(());
        }
        if before.is_some_and(|before| is_person(entity, before)) {
            return Err(Fault::Field(FieldFault::ReadOnly {
                fields: vec![FieldName::new("AccountId")],
            })
            .into());
        }
        let accounts = self.named(ACCOUNT)?;
        let Some(account) = account.as_id() else {
            return Ok(());
        };
        let account = self.workspace.row(accounts, account)?;
        if account.is_some_and(|account| is_person(&accounts.entity, &account)) {
            return Err(refused(PersonAccountReason::OtherContact));
        }
        Ok(())
    }

    /// Refuses to delete or merge the contact of a person account by itself.
    pub(super) fn check_own_contact(object: &Blueprint, row: &Row) -> Result<(), Error> {
        if object.entity.name.as_str() == CONTACT && is_person(&object.entity, row) {
            return Err(refused(PersonAccountReason::OwnContact));
        }
        Ok(())
    }

    /// The contact of a person account: it goes where the account goes.
    pub(super) fn contact_of_person(
        &self,
        object: &Blueprint,
        row: &Row,
    ) -> Option<(&'p Blueprint, RecordId)> {
        if object.entity.name.as_str() != ACCOUNT {
            return None;
        }
        let contact = other_of_person(&object.entity, row)?;
        Some((self.blueprints.with_prefix(contact.prefix())?, contact))
    }

    /// Brings the other record of each person in step that has been updated since.
    ///
    /// # Errors
    /// [`Error::Refused`] if an account cannot have what its contact was given, [`Error::Store`].
    pub(super) fn settle_persons(&mut self, since: usize) -> Result<(), Error> {
        let is_update = |change| change == ChangeType::Update;
        let changed: Vec<usize> = (since..self.steps.len())
            .filter(|index| {
                let step = self.steps.get(*index);
                step.is_some_and(|step| {
                    is_update(step.change) && other_of_person(&step.entity, &step.after).is_some()
                })
            })
            .collect();
        // An account is put in front of its contact: what is behind it moves by one.
        let mut moved = 0;
        for index in changed {
            moved += usize::from(self.settle_person(since, index + moved)?);
        }
        Ok(())
    }

    /// The same after one step; says whether a step was put in front of it.
    fn settle_person(&mut self, since: usize, index: usize) -> Result<bool, Error> {
        let Some(step) = self.steps.get(index) else {
            return Ok(false);
        };
        let Some(other) = other_of_person(&step.entity, &step.after) else {
            return Ok(false);
        };
        let mut steps = self.steps.iter().skip(since);
        if steps.any(|step| step.id == other) {
            return Ok(false);
        }
        let (accounts, contacts) = (self.named(ACCOUNT)?, self.named(CONTACT)?);
        let pairs = pairs(&accounts.entity, &contacts.entity);
        let (source, cause) = (Arc::clone(&step.after), step.cause);
        if step.entity.name == accounts.entity.name {
            let Some(before) = self.workspace.row(contacts, other)? else {
                return Ok(false);
            };
            let mut after = Row::clone(&before);
            copy(&source, &mut after, pairs.into_iter());
            derive::person_name(&contacts.entity, &mut after);
            self.check_unique(contacts, &after, Some(other), &contacts.unique)?;
            self.touch(contacts, &mut after);
            let change = (ChangeType::Update, Cause::Consequence);
            self.step(contacts, other, Some(before), after, change);
            return Ok(false);
        }
        let Some(before) = self.workspace.row(accounts, other)? else {
            return Ok(false);
        };
        let mut after = Row::clone(&before);
        copy(&source, &mut after, swapped(&pairs));
        derive::person_name(&accounts.entity, &mut after);
        self.check_rules(accounts, &after, Some(&before))?;
        self.check_unique(accounts, &after, Some(other), &accounts.unique)?;
        self.touch(accounts, &mut after);
        let change = (ChangeType::Update, cause);
        self.step(accounts, other, Some(before), after, change);
        if let Some(step) = self.steps.get_mut(index) {
            step.cause = Cause::Consequence;
        }
        if let Some(account) = self.steps.pop() {
            self.steps.insert(index, account);
        }
        Ok(true)
    }

    /// The contacts of accounts that are merged, the master's first; none if they are business accounts.
    ///
    /// # Errors
    /// [`PersonAccountReason::Merge`] if they are of both kinds, [`PersonAccountReason::OwnContact`].
    pub(super) fn merged_persons(
        object: &Blueprint,
        master: &Row,
        victims: &[Arc<Row>],
    ) -> Result<Option<(RecordId, Vec<RecordId>)>, Error> {
        for row in victims.iter().map(AsRef::as_ref).chain([master]) {
            Self::check_own_contact(object, row)?;
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

    /// Sends the contact of a merged person account to the recycle bin with it, merged into that of the master.
    pub(super) fn merge_contact(
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
                .put_document(super::purge::along_document(account, &[contact]));
        }
        Ok(())
    }

    /// Makes what refers to the contacts of merged person accounts refer to that of the master.
    pub(super) fn adopt_of_persons(
        &mut self,
        victims: &[RecordId],
        master: RecordId,
        related: &mut Vec<RecordId>,
    ) -> Result<(), Error> {
        let contacts = self.named(CONTACT)?;
        for children in &contacts.children {
            for victim in victims {
                self.adopt(*children, *victim, master, related)?;
            }
        }
        Ok(())
    }

    /// What a contact gets, as the values of its account.
    pub(super) fn as_person(
        account: &EntityDefinition,
        contact: &EntityDefinition,
        values: Vec<Assignment>,
    ) -> Vec<Assignment> {
        let pairs = pairs(account, contact);
        let values = values.into_iter().filter_map(|(place, value)| {
            let mut pairs = pairs.iter();
            let (of_account, _) = pairs.find(|(_, of_contact)| *of_contact == place)?;
            Some((*of_account, value))
        });
        values.collect()
    }
}

pub(super) fn refused(reason: PersonAccountReason) -> Error {
    Fault::Record(RecordFault::PersonAccount { reason }).into()
}

pub(super) fn is_of_person_type(object: &Blueprint, row: &Row) -> bool {
    let record_type = object.type_of(row);
    record_type.is_some_and(|record_type| record_type.person.is_some())
}

/// Refuses what a request gives to fields that a record of this kind does not have.
fn check_kind(object: &Blueprint, row: &Row, given: &[usize], person: bool) -> Result<(), Error> {
    let refused = given.iter().copied().filter(|place| {
        let field = object.entity.fields.get(*place);
        let value = read(row, Some(*place));
        field.is_some_and(|field| {
            let is_empty = value.is_null() || value.as_bool() == Some(false);
            if person {
                field.name_field
            } else {
                field.contact_field.is_some() && !is_empty
            }
        })
    });
    of_other_kind(object, refused)
}

pub(super) fn of_other_kind(
    object: &Blueprint,
    places: impl Iterator<Item = usize>,
) -> Result<(), Error> {
    let entity = &object.entity;
    let mut places: Vec<usize> = places.collect();
    if places.is_empty() {
        return Ok(());
    }
    places.sort_unstable();
    places.dedup();
    let fields = places.iter().filter_map(|place| entity.fields.get(*place));
    Err(Fault::Field(FieldFault::OfOtherKind {
        entity: entity.name.clone(),
        fields: fields.map(|field| field.name.clone()).collect(),
    })
    .into())
}

/// Whether a person account has what its contact must have.
fn check_required(object: &Blueprint, contacts: &Blueprint, row: &Row) -> Result<(), Error> {
    let must = |place: &usize| contacts.required.iter().any(|(other, _)| other == place);
    let pairs = pairs(&object.entity, &contacts.entity);
    let missing = pairs
        .iter()
        .filter(|(place, of_contact)| must(of_contact) && read(row, Some(*place)).is_null());
    Ok(required(&object.entity, missing.map(|(place, _)| *place))?)
}
