//! The events of a whole transaction: numbered, overflowing beyond the threshold, and merged where they are equal if that is set.
//!
//! Changes are counted, not events. What nobody captures has a number, but does not count. A change that would go beyond
//! the bound belongs to the rest as a whole, and so does all that follows: each object in it has one overflow event, at its
//! first change there, and numbers go on with these.
//!
//! Source: "Merged Change Events", "Overflow Events" (Change Data Capture Developer Guide). Source: none for the number that
//! follows a merged event, and for the change that reaches the bound.

mod apart;

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use landfall_model::{ChangeEventHeader, ChangeType, KeyPrefix, RecordId, limits};
use landfall_schema::header_bytes;

use crate::{
    CapturedEvent, Error, GapCause, RecordChange, Rehearsed, TransactionFacts, capture, header,
    without_fields,
};

/// How the changes of a transaction become events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaptureRules {
    /// Whether updates may tell large texts by what changed in them.
    pub differences: bool,
    /// Whether equal changes of several records are one event.
    pub merge: bool,
    /// How many changes have events of their own.
    pub overflow_after: u64,
}

impl Default for CaptureRules {
    /// As documented, without what the service does sometimes.
    fn default() -> Self {
        Self {
            differences: true,
            merge: false,
            overflow_after: limits::OVERFLOW_CHANGES,
        }
    }
}

/// Makes the events of the changes of a transaction, none of which is of the record of another; a change that is not
/// captured is none. Each event goes to `put` with the place of its first change, or why there is none.
pub fn tell<'c>(
    rules: &CaptureRules,
    facts: &TransactionFacts<'_>,
    changes: impl IntoIterator<Item = Option<RecordChange<'c>>>,
    mut put: impl FnMut(usize, Result<CapturedEvent, Error>),
) {
    let mut bounded = Bounded {
        facts,
        left: Some(rules.overflow_after),
        overflown: Vec::new(),
    };
    let mut merging = rules.merge.then(Merging::default);
    let mut number = 1;
    for (place, change) in changes.into_iter().enumerate() {
        let Some(change) = change else {
            number += i32::from(bounded.left.is_some());
            continue;
        };
        match (bounded.event(&change, number), &mut merging) {
            (None, _) => continue,
            (Some(Ok(event)), Some(merging)) => {
                if !merging.add(place, change, event) {
                    continue;
                }
            }
            (Some(event), _) => put(place, event),
        }
        number += 1;
    }
    if let Some(merging) = merging {
        merging.finish(|place, event| put(place, Ok(event)));
    }
}

/// The overflow event of an object, at the place of a change of one of its records.
///
/// # Errors
/// [`Error::Encode`].
pub fn overflow(
    change: &RecordChange<'_>,
    facts: &TransactionFacts<'_>,
    number: i32,
) -> Result<CapturedEvent, Error> {
    let header = ChangeEventHeader {
        record_ids: vec![RecordId::EMPTY.to_string()],
        change_type: ChangeType::GapOverflow,
        ..header(change, facts, number)
    };
    without_fields(change.schema, header, 1, GapCause::Overflow)
}

/// Captures changes one by one, until they are too many.
struct Bounded<'f> {
    facts: &'f TransactionFacts<'f>,
    /// How many more changes have events of their own; none once the threshold is exceeded.
    left: Option<u64>,
    /// Objects with an overflow event.
    overflown: Vec<KeyPrefix>,
}

impl Bounded<'_> {
    /// The event of a change; none if there was an overflow event of the object.
    fn event(
        &mut self,
        change: &RecordChange<'_>,
        number: i32,
    ) -> Option<Result<CapturedEvent, Error>> {
        if let Some(left) = self.left {
            let captured = capture(change, self.facts, number);
            let Ok(event) = &captured else {
                return Some(captured);
            };
            self.left = left.checked_sub(event.changes);
            if self.left.is_some() {
                return Some(captured);
            }
        }
        let object = change.entity.key_prefix;
        if self.overflown.contains(&object) {
            return None;
        }
        self.overflown.push(object);
        Some(overflow(change, self.facts, number))
    }
}

/// The events of a transaction, of which some may yet be of more records.
#[derive(Default)]
struct Merging<'c> {
    events: Vec<Held<'c>>,
    /// Those that take further records, by all that they say but of which record and at which place.
    open: HashMap<Vec<u8>, usize>,
}

struct Held<'c> {
    place: usize,
    /// The change of the first record.
    change: RecordChange<'c>,
    event: CapturedEvent,
    /// Where the fields begin in the payload, which is of the first record alone.
    fields: usize,
    /// Whether it is what updates have in common whose rest is in events of their own.
    is_common: bool,
}

impl<'c> Merging<'c> {
    /// Takes an event; says whether it stays one of its own.
    fn add(&mut self, place: usize, change: RecordChange<'c>, mut event: CapturedEvent) -> bool {
        let fields = header_bytes(&event.header).len();
        // The event of a conversion is of all records already.
        let is_of_all = change.rehearsed == Some(Rehearsed::Conversion);
        if merges(event.header.change_type) && !is_of_all {
            match self.open.entry(said(&event, fields)) {
                Entry::Occupied(mut open) => match self.events.get_mut(*open.get()) {
                    Some(held) if held.has_room() => {
                        let ids = &mut held.event.header.record_ids;
                        ids.append(&mut event.header.record_ids);
                        held.event.changes += event.changes;
                        return false;
                    }
                    _ => {
                        open.insert(self.events.len());
                    }
                },
                Entry::Vacant(open) => {
                    open.insert(self.events.len());
                }
            }
        }
        self.events.push(Held {
            place,
            change,
            event,
            fields,
            is_common: false,
        });
        true
    }

    /// Hands over the events in order. A common event takes a number, and later ones are numbered on.
    fn finish(mut self, mut put: impl FnMut(usize, CapturedEvent)) {
        let mut common = apart::take_common(&mut self.events);
        let mut later = 0;
        for (index, held) in self.events.into_iter().enumerate() {
            if let Some(common) = common.remove(&index) {
                put(common.place, common.whole(later));
                later += 1;
            }
            put(held.place, held.whole(later));
        }
    }
}

impl Held<'_> {
    fn has_room(&self) -> bool {
        let records = self.event.header.record_ids.len() + 1;
        let bytes = self.event.payload.len().saturating_mul(records);
        records <= limits::MERGED_RECORDS_MAX && bytes <= limits::EVENT_BYTES_MAX
    }

    /// The event with all of its records, so many places later.
    fn whole(mut self, later: i32) -> CapturedEvent {
        let event = &mut self.event;
        event.is_common = self.is_common;
        event.header.sequence_number += later;
        if event.header.record_ids.len() > 1 || later > 0 {
            let head = header_bytes(&event.header);
            event.payload.splice(..self.fields, head);
        }
        self.event
    }
}

/// A new record has values of its own, if only its id.
const fn merges(change_type: ChangeType) -> bool {
    match change_type {
        ChangeType::Create | ChangeType::Undelete | ChangeType::Snapshot => false,
        ChangeType::Update
        | ChangeType::Delete
        | ChangeType::GapCreate
        | ChangeType::GapUpdate
        | ChangeType::GapDelete
        | ChangeType::GapUndelete
        | ChangeType::GapOverflow => true,
    }
}

/// All that an event says but of which record and at which place of the transaction.
fn said(event: &CapturedEvent, fields: usize) -> Vec<u8> {
    let mut said = header_bytes(&ChangeEventHeader {
        record_ids: Vec::new(),
        sequence_number: 0,
        ..event.header.clone()
    });
    said.extend_from_slice(event.payload.get(fields..).unwrap_or_default());
    said
}
