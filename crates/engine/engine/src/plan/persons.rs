//! Person accounts: an account and a contact that are one person.
//!
//! Both records have the values of the person, each under its own names, and change in the same transaction: first the
//! account, then the contact. What a change of the one means for the other is worked out after it, whichever of the two
//! was changed. Rules of accounts are asked about each change of a person, those of contacts only if the request changes the
//! contact.
//! Source: "Person Account Record Types" (SOAP API Developer Guide); "Change Events for Person Accounts" (Change Data
//! Capture Developer Guide); "`PushTopic` Event Publishing for `PersonAccount`" (Streaming API Developer Guide).

mod check;
mod create;
mod kind;
mod merge;
mod settle;

use landfall_model::fault::PersonAccountReason;
use landfall_model::{EntityDefinition, Fault, RecordFault, RecordId, Row};

use super::Planner;
use crate::blueprint::Blueprint;
use crate::command::Assignment;
use crate::error::Error;
use crate::rows::{read, write};

pub(super) use check::check_own_contact;
pub(super) use merge::merged_persons;

use crate::objects::{ACCOUNT, CONTACT};
const IS_PERSON: &str = "IsPersonAccount";
const PERSON_CONTACT: &str = "PersonContactId";
const LAST_NAME: &str = "LastName";

/// Fields that are the same in both records, under the same names.
const COMMON: [&str; 3] = ["OwnerId", "Phone", "Fax"];

/// Whether a record is a person account or the contact of one.
fn is_person(entity: &EntityDefinition, row: &Row) -> bool {
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
fn has_persons(object: &Blueprint) -> bool {
    object.entity.name.as_str() == ACCOUNT && object.entity.index_of(IS_PERSON).is_some()
}

/// Places of the values of a person in an account and in its contact.
fn personal(account: &EntityDefinition, contact: &EntityDefinition) -> Vec<(usize, usize)> {
    let fields = account.fields.iter().enumerate();
    let fields = fields.filter(|(_, field)| field.stored());
    let pairs = fields.filter_map(|(place, field)| {
        let of_contact = field.contact_field.as_ref()?;
        Some((place, contact.index_of(of_contact.as_str())?))
    });
    pairs.collect()
}

/// The same with those of the values that every account has.
fn pairs(account: &EntityDefinition, contact: &EntityDefinition) -> Vec<(usize, usize)> {
    let mut pairs = personal(account, contact);
    let common = COMMON.iter();
    pairs
        .extend(common.filter_map(|name| Some((account.index_of(name)?, contact.index_of(name)?))));
    pairs
}

fn copy(from: &Row, to: &mut Row, pairs: impl Iterator<Item = (usize, usize)>) {
    for (source, target) in pairs {
        write(to, Some(target), read(from, Some(source)).clone());
    }
}

fn swapped(pairs: &[(usize, usize)]) -> impl Iterator<Item = (usize, usize)> {
    pairs.iter().map(|(account, contact)| (*contact, *account))
}

fn refused(reason: PersonAccountReason) -> Error {
    Fault::Record(RecordFault::PersonAccount { reason }).into()
}

fn is_of_person_type(object: &Blueprint, row: &Row) -> bool {
    let record_type = object.type_of(row);
    record_type.is_some_and(|record_type| record_type.person.is_some())
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

impl<'p> Planner<'p, '_> {
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
}
