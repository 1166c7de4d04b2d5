//! Members of campaigns: their status, and how many of them a campaign has.
//!
//! Source: "`CampaignMember`", "`CampaignMemberStatus`", "Campaign" (Object Reference).

use std::collections::BTreeMap;
use std::sync::Arc;

use landfall_model::{ChangeType, Date, Fault, RecordId, Row, Value, ValueFault, limits};

use super::{Cause, Planner};
use crate::blueprint::Blueprint;
use crate::derive::Fields;
use crate::error::Error;
use crate::rows::{read, write};

const CAMPAIGN: &str = "Campaign";
const MEMBER: &str = "CampaignMember";
const STATUS: &str = "CampaignMemberStatus";

/// The statuses that a new campaign has: whether one is the default, and whether it counts as a response.
const STATUSES: [(&str, bool, bool); 2] = [("Sent", true, false), ("Responded", false, true)];

/// Counts of a campaign.
const COUNTS: [&str; 3] = ["NumberOfLeads", "NumberOfContacts", "NumberOfResponses"];

impl Planner<'_, '_> {
    /// Fills what follows from whom a member is and from its status.
    ///
    /// # Errors
    /// [`Error::Refused`] if it is nobody or a member already, [`Error::Store`].
    pub(super) fn settle_member(
        &mut self,
        object: &Blueprint,
        row: &mut Row,
        before: Option<&Row>,
    ) -> Result<(), Error> {
        if object.entity.name.as_str() != MEMBER {
            return Ok(());
        }
        let mut fields = Fields {
            entity: &object.entity,
            row,
            before,
        };
        if before.is_none() {
            self.identify(object, &mut fields)?;
        }
        let statuses = self.statuses(fields.get("CampaignId"))?;
        let known = |label: &Value| statuses.iter().find(|status| status.label == *label);
        let status = known(fields.get("Status")).or_else(|| statuses.iter().find(|s| s.is_default));
        let has_responded = status.is_some_and(|status| status.has_responded);
        if let Some(status) = status {
            fields.set("Status", status.label.clone());
        }
        fields.set("HasResponded", Value::Boolean(has_responded));
        if has_responded && fields.get("FirstRespondedDate").is_null() {
            fields.set("FirstRespondedDate", Value::Date(Date::of(self.now)));
        }
        Ok(())
    }

    /// Whom a new member is: a lead or a contact, and that once.
    fn identify(&mut self, object: &Blueprint, fields: &mut Fields<'_>) -> Result<(), Error> {
        if !fields.get("ContactId").is_null() {
            fields.set("LeadId", Value::Null);
        }
        let (name, kind) = if fields.get("ContactId").is_null() {
            ("LeadId", "Lead")
        } else {
            ("ContactId", "Contact")
        };
        let who = fields.get(name).clone();
        if who.is_null() {
            return Err(fields
                .refuse(name, "a campaign member is a lead or a contact")
                .into());
        }
        if let Some((place, field)) = object.entity.field(name) {
            let most = limits::ROLL_UP_DETAILS_MAX;
            let campaign = object.entity.index_of("CampaignId");
            let others = self.workspace.live_where(object, place, &who, most)?;
            let same = others
                .iter()
                .find(|(_, row)| read(row, campaign) == fields.get("CampaignId"));
            if let Some((record, _)) = same {
                let (field, record) = (field.name.clone(), *record);
                return Err(Fault::Value(ValueFault::Duplicate { field, record }).into());
            }
        }
        fields.set("LeadOrContactId", who);
        fields.set("Type", Value::Text(kind.to_owned()));
        Ok(())
    }

    fn statuses(&mut self, campaign: &Value) -> Result<Vec<Status>, Error> {
        let Some(object) = self.blueprints.named(STATUS) else {
            return Ok(Vec::new());
        };
        let Some(place) = object.entity.index_of("CampaignId") else {
            return Ok(Vec::new());
        };
        let most = limits::ROLL_UP_DETAILS_MAX;
        let rows = self.workspace.live_where(object, place, campaign, most)?;
        let flag = |row: &Row, name| read(row, object.entity.index_of(name)).as_bool();
        let statuses = rows.iter().map(|(_, row)| Status {
            label: read(row, object.entity.index_of("Label")).clone(),
            is_default: flag(row, "IsDefault") == Some(true),
            has_responded: flag(row, "HasResponded") == Some(true),
        });
        Ok(statuses.collect())
    }

    /// Gives new campaigns their statuses, and counts the members that have come, gone or responded since.
    ///
    /// # Errors
    /// [`Error::Refused`] if a rule refuses that, [`Error::Store`].
    pub(super) fn settle_members(&mut self, since: usize) -> Result<(), Error> {
        let mut new = Vec::new();
        let mut counts: BTreeMap<RecordId, [i64; 3]> = BTreeMap::new();
        for step in self.steps.iter().skip(since) {
            let name = step.entity.name.as_str();
            if name == CAMPAIGN && step.change == ChangeType::Create {
                new.push(step.id);
            }
            if name != MEMBER {
                continue;
            }
            let place = |name| step.entity.index_of(name);
            let before = step.before.as_ref().map(|row| (row, -1));
            for (row, sign) in before.into_iter().chain([(&step.after, 1)]) {
                let is = |name| read(row, place(name)).as_bool() == Some(true);
                let Some(campaign) = read(row, place("CampaignId")).as_id() else {
                    continue;
                };
                if is("IsDeleted") {
                    continue;
                }
                let is_lead = !read(row, place("LeadId")).is_null();
                let counted = [is_lead, !is_lead, is("HasResponded")];
                let count = counts.entry(campaign).or_default();
                for (count, counted) in count.iter_mut().zip(counted) {
                    *count += sign * i64::from(counted);
                }
            }
        }
        for campaign in new {
            self.give_statuses(campaign)?;
        }
        for (campaign, counts) in counts {
            self.count_members(campaign, counts)?;
        }
        Ok(())
    }

    fn give_statuses(&mut self, campaign: RecordId) -> Result<(), Error> {
        let Some(object) = self.blueprints.named(STATUS) else {
            return Ok(());
        };
        for ((label, is_default, has_responded), order) in STATUSES.into_iter().zip(1..) {
            let values = [
                ("CampaignId", Value::Id(campaign)),
                ("Label", Value::Text(label.to_owned())),
                ("SortOrder", Value::Integer(order)),
                ("IsDefault", Value::Boolean(is_default)),
                ("HasResponded", Value::Boolean(has_responded)),
            ];
            let values = values.into_iter();
            let values =
                values.filter_map(|(name, value)| Some((object.entity.index_of(name)?, value)));
            self.make(object, values.collect())?;
        }
        Ok(())
    }

    fn count_members(&mut self, campaign: RecordId, counts: [i64; 3]) -> Result<(), Error> {
        let Some(object) = self.blueprints.named(CAMPAIGN) else {
            return Ok(());
        };
        let Some(before) = self.workspace.row(object, campaign)? else {
            return Ok(());
        };
        if object.is_deleted(&before) || counts == [0; 3] {
            return Ok(());
        }
        let mut after = Row::clone(&before);
        for (name, count) in COUNTS.into_iter().zip(counts) {
            let place = object.entity.index_of(name);
            let known = match read(&before, place) {
                Value::Integer(known) => *known,
                _ => 0,
            };
            write(
                &mut after,
                place,
                Value::Integer(known.saturating_add(count)),
            );
        }
        self.check_rules(object, &after, Some(&before))?;
        self.touch(object, &mut after);
        let change = (ChangeType::Update, Cause::Consequence);
        self.step(object, campaign, Some(Arc::clone(&before)), after, change);
        Ok(())
    }
}

/// What a member of a campaign can be.
struct Status {
    label: Value,
    is_default: bool,
    has_responded: bool,
}
