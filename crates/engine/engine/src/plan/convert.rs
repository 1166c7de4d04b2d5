//! A lead becomes an account, a contact and perhaps an opportunity.
//!
//! What is there already is filled where it is empty. The order is that of the change events: account, contact,
//! opportunity, lead; then the activities of the lead, which are the contact's from now on.
//! Source: `convertLead()` (SOAP API Developer Guide), "Change Events for Lead Conversion" (Change Data Capture Developer
//! Guide), "Default Lead Conversion Field Mapping" (Salesforce Help).

use std::sync::Arc;

use landfall_model::limits::CONVERTED_OPPORTUNITY_NAME_MAX;
use landfall_model::{
    ChangeType, ConversionFault, Date, Fault, RecordFault, RecordId, RequestFault, Row, Value,
    ValueFault,
};

use super::{Cause, Planner, persons};
use crate::blueprint::Blueprint;
use crate::command::{Assignment, Conversion, Converted, ConvertedOpportunity};
use crate::error::Error;
use crate::object_access::Act;
use crate::rows::{read, write};
use crate::{derive, validate};

/// Fields of a lead with the fields that they become.
type Mapping = &'static [(&'static str, &'static str)];

const ACCOUNT: Mapping = &[
    ("Company", "Name"),
    ("Street", "BillingStreet"),
    ("City", "BillingCity"),
    ("State", "BillingState"),
    ("PostalCode", "BillingPostalCode"),
    ("Country", "BillingCountry"),
    ("Latitude", "BillingLatitude"),
    ("Longitude", "BillingLongitude"),
    ("GeocodeAccuracy", "BillingGeocodeAccuracy"),
    ("Phone", "Phone"),
    ("Fax", "Fax"),
    ("Website", "Website"),
    ("Industry", "Industry"),
    ("AnnualRevenue", "AnnualRevenue"),
    ("NumberOfEmployees", "NumberOfEmployees"),
    ("Rating", "Rating"),
    ("LeadSource", "AccountSource"),
    ("CompanyDunsNumber", "DunsNumber"),
];

const CONTACT: Mapping = &[
    ("Salutation", "Salutation"),
    ("FirstName", "FirstName"),
    ("MiddleName", "MiddleName"),
    ("LastName", "LastName"),
    ("Suffix", "Suffix"),
    ("Title", "Title"),
    ("Street", "MailingStreet"),
    ("City", "MailingCity"),
    ("State", "MailingState"),
    ("PostalCode", "MailingPostalCode"),
    ("Country", "MailingCountry"),
    ("Latitude", "MailingLatitude"),
    ("Longitude", "MailingLongitude"),
    ("GeocodeAccuracy", "MailingGeocodeAccuracy"),
    ("Phone", "Phone"),
    ("MobilePhone", "MobilePhone"),
    ("Fax", "Fax"),
    ("Email", "Email"),
    ("Description", "Description"),
    (SOURCE, SOURCE),
    ("HasOptedOutOfEmail", "HasOptedOutOfEmail"),
    ("HasOptedOutOfFax", "HasOptedOutOfFax"),
    ("DoNotCall", "DoNotCall"),
    ("IndividualId", "IndividualId"),
    ("Pronouns", "Pronouns"),
    ("GenderIdentity", "GenderIdentity"),
];

const OPPORTUNITY: Mapping = &[(SOURCE, SOURCE)];

const SOURCE: &str = "LeadSource";
const ACTIVITIES: [&str; 2] = ["Task", "Event"];

/// A lead with what its successors are made from.
struct Source<'p> {
    object: &'p Blueprint,
    row: Arc<Row>,
    owner: RecordId,
}

impl Source<'_> {
    fn get(&self, field: &str) -> &Value {
        read(&self.row, self.object.entity.index_of(field))
    }

    /// Whether it has no company: it becomes a person account.
    fn is_person(&self) -> bool {
        self.get("Company").is_null()
    }

    /// What the lead gives to a new record.
    fn values(&self, target: &Blueprint, mapping: Mapping) -> Vec<Assignment> {
        let values = mapping.iter().filter_map(|(from, to)| {
            let (place, field) = target.entity.field(to)?;
            let value = self.get(from);
            (field.createable && !value.is_null()).then(|| (place, value.clone()))
        });
        values.collect()
    }

    /// What the lead gives to a record that is there: only where that has nothing.
    fn fills(&self, target: &Blueprint, mapping: Mapping, row: &Row) -> Vec<Assignment> {
        let mut values = self.values(target, mapping);
        values.retain(|(place, _)| {
            let field = target.entity.fields.get(*place);
            field.is_some_and(|field| field.updateable) && read(row, Some(*place)).is_null()
        });
        values
    }
}

impl<'p> Planner<'p, '_> {
    /// Converts a lead.
    pub(crate) fn convert(&mut self, conversion: Conversion) -> Result<Converted, Error> {
        let source = self.source(&conversion)?;
        let account = self.convert_account(&source, conversion.account)?;
        let contact = self.convert_contact(&source, account, &conversion)?;
        let opportunity = self.convert_opportunity(&source, account, conversion.opportunity)?;
        let converted = Converted {
            account,
            contact,
            opportunity,
        };
        self.end_lead(&source, conversion.lead, conversion.status, converted);
        for children in source.object.children() {
            let child = self.blueprints.with_prefix(children.child);
            if child.is_some_and(|child| ACTIVITIES.contains(&child.entity.name.as_str())) {
                self.adopt(*children, conversion.lead, contact, &mut Vec::new())?;
            }
        }
        Ok(converted)
    }

    /// The lead, if it can be converted as it is asked.
    fn source(&mut self, conversion: &Conversion) -> Result<Source<'p>, Error> {
        let object = self.named("Lead")?;
        self.allow(Act::Edit, &object.entity)?;
        let row = self.live(object, conversion.lead, Fault::Record(RecordFault::Unknown))?;
        let refused = |fault| Err(Fault::Conversion(fault).into());
        if read(&row, object.system.is_converted).as_bool() == Some(true) {
            return refused(ConversionFault::Converted);
        }
        if !derive::is_converted(&object.entity, &conversion.status) {
            return refused(ConversionFault::StatusInvalid {
                status: conversion.status.clone(),
            });
        }
        if conversion.contact.is_some() && conversion.account.is_none() {
            return refused(ConversionFault::AccountMissing);
        }
        if conversion.overwrite_lead_source && conversion.contact.is_none() {
            return refused(ConversionFault::ContactMissing);
        }
        let owner = conversion.owner;
        let owner = owner.or_else(|| read(&row, object.system.owner).as_id());
        let users = self.named("User")?.entity.key_prefix;
        match owner.filter(|owner| owner.prefix() == users) {
            Some(owner) => Ok(Source { object, row, owner }),
            None => refused(ConversionFault::OwnerInvalid),
        }
    }

    fn convert_account(
        &mut self,
        source: &Source<'_>,
        existing: Option<RecordId>,
    ) -> Result<RecordId, Error> {
        let object = self.named("Account")?;
        if let Some(id) = existing {
            let row = self.live(object, id, Fault::Record(RecordFault::Unknown))?;
            let values = source.fills(object, ACCOUNT, &row);
            let since = self.steps.len();
            self.update(object, id, values, None)?;
            self.settle_persons(since)?;
            return Ok(id);
        }
        let mut values = source.values(object, ACCOUNT);
        if source.is_person() {
            let contact = self.named("Contact")?;
            let person = source.values(contact, CONTACT);
            values.extend(persons::as_person(&object.entity, &contact.entity, person));
        }
        give(&mut values, object, "OwnerId", Value::Id(source.owner));
        Ok(self.create(object, values)?.id)
    }

    fn convert_contact(
        &mut self,
        source: &Source<'_>,
        account: RecordId,
        conversion: &Conversion,
    ) -> Result<RecordId, Error> {
        let object = self.named("Contact")?;
        if let Some(contact) = self.person_contact(account)? {
            return match conversion.contact {
                Some(other) if other != contact => {
                    Err(Fault::Conversion(ConversionFault::AccountOfContact).into())
                }
                _ => self.fill_person(source, contact),
            };
        }
        let Some(id) = conversion.contact else {
            let mut values = source.values(object, CONTACT);
            give(&mut values, object, "AccountId", Value::Id(account));
            give(&mut values, object, "OwnerId", Value::Id(source.owner));
            return Ok(self.create(object, values)?.id);
        };
        let row = self.live(object, id, Fault::Record(RecordFault::Unknown))?;
        if *read(&row, object.entity.index_of("AccountId")) != Value::Id(account) {
            return Err(Fault::Conversion(ConversionFault::AccountOfContact).into());
        }
        let mut values = source.fills(object, CONTACT, &row);
        if conversion.overwrite_lead_source {
            give(&mut values, object, SOURCE, source.get(SOURCE).clone());
        }
        Ok(self.update(object, id, values, None)?.id)
    }

    /// The contact of an account that is a person.
    fn person_contact(&mut self, account: RecordId) -> Result<Option<RecordId>, Error> {
        let object = self.named("Account")?;
        let row = self.workspace.row(object, account)?;
        Ok(row.and_then(|row| Some(self.contact_of_person(object, &row)?.1)))
    }

    /// Fills the contact of a person account where it is empty.
    fn fill_person(&mut self, source: &Source<'_>, id: RecordId) -> Result<RecordId, Error> {
        let object = self.named("Contact")?;
        let row = self.live(object, id, Fault::Record(RecordFault::Unknown))?;
        let values = source.fills(object, CONTACT, &row);
        if !values.is_empty() {
            let since = self.steps.len();
            self.update(object, id, values, None)?;
            self.settle_persons(since)?;
        }
        Ok(id)
    }

    fn convert_opportunity(
        &mut self,
        source: &Source<'_>,
        account: RecordId,
        wanted: ConvertedOpportunity,
    ) -> Result<Option<RecordId>, Error> {
        let object = self.named("Opportunity")?;
        let name = match wanted {
            ConvertedOpportunity::Unwanted => return Ok(None),
            ConvertedOpportunity::Existing(id) => {
                let row = self.live(object, id, Fault::Record(RecordFault::Unknown))?;
                let values = source.fills(object, OPPORTUNITY, &row);
                return Ok(Some(self.update(object, id, values, None)?.id));
            }
            ConvertedOpportunity::New(name) => opportunity_name(object, source, name)?,
        };
        let mut values = source.values(object, OPPORTUNITY);
        give(&mut values, object, "Name", Value::Text(name));
        give(&mut values, object, "AccountId", Value::Id(account));
        give(&mut values, object, "OwnerId", Value::Id(source.owner));
        give(&mut values, object, "StageName", first_stage(object));
        let quarter_end = derive::quarter_end(Date::of(self.now));
        give(&mut values, object, "CloseDate", quarter_end);
        Ok(Some(self.create(object, values)?.id))
    }

    /// Marks the lead as converted. None of this is anybody else's to set.
    fn end_lead(&mut self, source: &Source<'_>, id: RecordId, status: String, into: Converted) {
        let object = source.object;
        let mut after = Row::clone(&source.row);
        let mut set = |field: &str, value: Value| {
            write(&mut after, object.entity.index_of(field), value);
        };
        set("Status", Value::Text(status));
        set("IsConverted", Value::Boolean(true));
        set("ConvertedDate", Value::Date(Date::of(self.now)));
        set("ConvertedAccountId", Value::Id(into.account));
        set("ConvertedContactId", Value::Id(into.contact));
        let opportunity = into.opportunity.map_or(Value::Null, Value::Id);
        set("ConvertedOpportunityId", opportunity);
        self.touch(object, &mut after);
        let before = Arc::clone(&source.row);
        self.step(
            object,
            id,
            Some(before),
            after,
            (ChangeType::Update, Cause::Request),
        );
    }

    pub(super) fn named(&self, name: &str) -> Result<&'p Blueprint, Fault> {
        self.blueprints
            .named(name)
            .ok_or(Fault::Request(RequestFault::ResourceNotFound))
    }
}

/// Gives a value, in place of another one.
fn give(values: &mut Vec<Assignment>, object: &Blueprint, field: &str, value: Value) {
    if let Some(place) = object.entity.index_of(field) {
        values.retain(|(other, _)| *other != place);
        values.push((place, value));
    }
}

/// The name that is asked for, or the company as far as it fits.
fn opportunity_name(
    object: &Blueprint,
    source: &Source<'_>,
    asked: Option<String>,
) -> Result<String, Fault> {
    let Some((_, field)) = object.entity.field("Name") else {
        return Err(Fault::Request(RequestFault::ResourceNotFound));
    };
    let Some(name) = asked else {
        let company = source.get("Company").as_text();
        let name = company.or_else(|| source.get("Name").as_text());
        let company = name.unwrap_or_default();
        let most = usize::try_from(field.length).unwrap_or(usize::MAX);
        return Ok(company.chars().take(most).collect());
    };
    let max = CONVERTED_OPPORTUNITY_NAME_MAX;
    if name.chars().nth(max).is_some() {
        return Err(Fault::Value(ValueFault::TextTooLong {
            field: validate::subject(field),
            value: name,
            max: u32::try_from(max).unwrap_or(u32::MAX),
        }));
    }
    Ok(name)
}

/// The stage that an opportunity begins with.
fn first_stage(object: &Blueprint) -> Value {
    let stage = object.entity.field("StageName");
    let mut stages = stage.iter().flat_map(|(_, field)| &field.picklist);
    let first = stages.find(|stage| stage.active);
    first.map_or(Value::Null, |stage| Value::Text(stage.value.clone()))
}
