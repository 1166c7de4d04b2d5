//! What the two records of a person may be given.

use landfall_model::fault::PersonAccountReason;
use landfall_model::{Fault, FieldFault, FieldName, Row};

use super::{ACCOUNT, CONTACT, IS_PERSON, has_persons, is_person, pairs, refused};
use crate::blueprint::Blueprint;
use crate::error::Error;
use crate::plan::{Planner, required};
use crate::rows::read;

impl Planner<'_, '_> {
    /// Checks what an update gives to an account: the fields of its kind, with the values that its contact must have.
    ///
    /// # Errors
    /// [`FieldFault::OfOtherKind`], [`FieldFault::Required`].
    pub(in crate::plan) fn check_person(
        &self,
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
    pub(in crate::plan) fn check_contact(
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
}

/// Refuses to delete or merge the contact of a person account by itself.
pub(in crate::plan) fn check_own_contact(object: &Blueprint, row: &Row) -> Result<(), Error> {
    if object.entity.name.as_str() == CONTACT && is_person(&object.entity, row) {
        return Err(refused(PersonAccountReason::OwnContact));
    }
    Ok(())
}

/// Refuses what a request gives to fields that a record of this kind does not have.
pub(super) fn check_kind(
    object: &Blueprint,
    row: &Row,
    given: &[usize],
    person: bool,
) -> Result<(), Error> {
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

/// Refuses the fields at these places: a record of this kind does not have them.
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
pub(super) fn check_required(
    object: &Blueprint,
    contacts: &Blueprint,
    row: &Row,
) -> Result<(), Error> {
    let must = |place: &usize| contacts.required.iter().any(|(other, _)| other == place);
    let pairs = pairs(&object.entity, &contacts.entity);
    let missing = pairs
        .iter()
        .filter(|(place, of_contact)| must(of_contact) && read(row, Some(*place)).is_null());
    Ok(required(&object.entity, missing.map(|(place, _)| *place))?)
}
