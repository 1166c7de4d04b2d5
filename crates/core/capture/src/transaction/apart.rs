//! Updates that are equal in part: what is equal becomes one event of all records, and the rest one of each.
//!
//! Only updates that change the same fields of one object are compared. The common event comes right before the first of
//! the others, which lack the fields that it has, `LastModifiedDate` among them.
//! Source: recorded events of a transaction that updates two accounts alike except for one field. Source: none for more.

use std::collections::HashMap;

use landfall_model::{ChangeEventHeader, ChangeType, FieldBits, Value, limits};
use landfall_schema::{Inclusion, header_bytes};

use super::Held;
use crate::{CapturedEvent, RecordChange, differences, geolocation};

/// Fields that an update of any field changes: to have them in common is not to be alike.
const STAMPS: [&str; 2] = ["LastModifiedDate", "LastModifiedById"];

/// A changed field or component, as index in the definition and place in the event.
#[derive(Clone, Copy)]
struct Part {
    index: usize,
    position: usize,
    component: Option<usize>,
}

impl Part {
    fn is_in(self, fields: &FieldBits) -> bool {
        let Some(component) = self.component else {
            return fields.contains(self.position);
        };
        let bit = u32::try_from(component).ok();
        let bit = bit.and_then(|bit| 1_u64.checked_shl(bit));
        bit.is_some_and(|bit| fields.components(self.position) & bit != 0)
    }

    fn insert(self, fields: &mut FieldBits) {
        match self.component {
            Some(component) => fields.insert_nested(self.position, component),
            None => fields.insert(self.position),
        }
    }
}

/// Takes out of updates what they have in common. The common events are found by the index of the first update.
pub(super) fn take_common<'c>(events: &mut [Held<'c>]) -> HashMap<usize, Held<'c>> {
    let mut alike: HashMap<Vec<u8>, Vec<usize>> = HashMap::new();
    for (index, held) in events.iter().enumerate() {
        if held.event.gap.is_none() && held.event.header.change_type == ChangeType::Update {
            alike.entry(changing(held)).or_default().push(index);
        }
    }
    let groups = alike.into_values().filter(|group| group.len() > 1);
    groups.filter_map(|group| taken(events, &group)).collect()
}

/// Which fields of which object change, and all else that the header says but of which record.
fn changing(held: &Held<'_>) -> Vec<u8> {
    let mut bytes = held.event.schema_id.as_bytes().to_vec();
    bytes.extend(header_bytes(&ChangeEventHeader {
        record_ids: Vec::new(),
        sequence_number: 0,
        nulled_fields: FieldBits::default(),
        diff_fields: FieldBits::default(),
        ..held.event.header.clone()
    }));
    bytes
}

/// The common event of a group, if there is one: then the others are without what it says.
fn taken<'c>(events: &mut [Held<'c>], group: &[usize]) -> Option<(usize, Held<'c>)> {
    let first = *group.first()?;
    let members: Vec<&Held<'_>> = group
        .iter()
        .filter_map(|index| events.get(*index))
        .collect();
    let parts = changed_parts(members.first()?);
    let (common, rest): (Vec<Part>, Vec<Part>) = parts
        .into_iter()
        .partition(|part| is_common(*part, &members));
    let change = members.first()?.change;
    let is_stamp = |part: &Part| {
        let named = |name: &&str| change.schema.position_of(name) == Some(part.position);
        STAMPS.iter().any(named)
    };
    if rest.is_empty() || common.iter().all(is_stamp) {
        return None;
    }
    let count = u64::try_from(common.iter().filter(|part| !is_date(part, &change)).count()).ok()?;
    let held = common_event(&members, &common, count)?;
    let others: Option<Vec<Held<'c>>> = members
        .iter()
        .map(|member| without_common(member, &rest, count))
        .collect();
    for (index, other) in group.iter().zip(others?) {
        if let Some(slot) = events.get_mut(*index) {
            *slot = other;
        }
    }
    Some((first, held))
}

/// Whether the part is the date that no update lacks, which does not count as a change.
fn is_date(part: &Part, change: &RecordChange<'_>) -> bool {
    change.schema.position_of(STAMPS[0]) == Some(part.position)
}

fn changed_parts(held: &Held<'_>) -> Vec<Part> {
    let changed = &held.event.header.changed_fields;
    let indexes = 0..held.change.entity.fields.len();
    let parts = indexes.filter_map(|index| {
        let slot = held.change.schema.slot_of(index)?;
        let part = Part {
            index,
            position: slot.position,
            component: slot.component,
        };
        part.is_in(changed).then_some(part)
    });
    parts.collect()
}

/// Whether all updates give the part the same value, and none of them as a difference.
fn is_common(part: Part, members: &[&Held<'_>]) -> bool {
    let Some((first, others)) = members.split_first() else {
        return false;
    };
    let together = geolocation(first.change.entity, part.index);
    let indexes = together.unwrap_or_else(|| vec![part.index]);
    let value = |held: &Held<'_>, index: usize| -> Option<Value> {
        held.change.after.and_then(|row| row.get(index)).cloned()
    };
    let is_whole = |held: &Held<'_>| !held.event.header.diff_fields.contains(part.position);
    members.iter().all(|held| is_whole(held))
        && others.iter().all(|held| {
            indexes
                .iter()
                .all(|index| value(held, *index) == value(first, *index))
        })
}

fn common_event<'c>(members: &[&Held<'c>], common: &[Part], count: u64) -> Option<Held<'c>> {
    let first = members.first()?;
    let ids = members
        .iter()
        .flat_map(|held| &held.event.header.record_ids);
    let ids: Vec<String> = ids.cloned().collect();
    let records = ids.len();
    let mut header = narrowed(&first.event.header, common);
    header.record_ids = ids;
    let mut held = encoded(first, header, first.change.after?)?;
    let is_within = records <= limits::MERGED_RECORDS_MAX
        && held.event.payload.len().saturating_mul(records) <= limits::EVENT_BYTES_MAX;
    held.event.changes = count.saturating_mul(u64::try_from(records).ok()?);
    held.is_common = true;
    is_within.then_some(held)
}

fn without_common<'c>(member: &Held<'c>, rest: &[Part], count: u64) -> Option<Held<'c>> {
    let change = member.change;
    let (before, after) = (change.before?, change.after?);
    let mut header = narrowed(&member.event.header, rest);
    let told = differences(&change, before, after, &mut header);
    let records = u64::try_from(header.record_ids.len()).ok()?;
    let mut held = encoded(member, header, told.as_deref().unwrap_or(after))?;
    held.event.changes = member
        .event
        .changes
        .saturating_sub(count.saturating_mul(records));
    Some(held)
}

/// A header that lists these parts only, and no differences yet.
fn narrowed(header: &ChangeEventHeader, parts: &[Part]) -> ChangeEventHeader {
    let mut narrowed = ChangeEventHeader {
        changed_fields: FieldBits::default(),
        nulled_fields: FieldBits::default(),
        diff_fields: FieldBits::default(),
        ..header.clone()
    };
    for part in parts {
        part.insert(&mut narrowed.changed_fields);
        if part.is_in(&header.nulled_fields) {
            part.insert(&mut narrowed.nulled_fields);
        }
    }
    narrowed
}

fn encoded<'c>(held: &Held<'c>, header: ChangeEventHeader, row: &[Value]) -> Option<Held<'c>> {
    let include = Inclusion::Only(&header.changed_fields);
    let payload = held
        .change
        .schema
        .encode_change(&header, row, include)
        .ok()?;
    Some(Held {
        place: held.place,
        change: held.change,
        fields: header_bytes(&header).len(),
        is_common: false,
        event: CapturedEvent {
            schema_id: held.event.schema_id,
            header,
            payload,
            changes: 0,
            gap: None,
            is_common: false,
        },
    })
}
