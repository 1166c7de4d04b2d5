//! The events of a group, made inside its commit: only there is its position in the log known.

use std::collections::BTreeSet;
use std::ops::Range;
use std::slice;
use std::sync::Arc;

use bytes::Bytes;
use landfall_capture::transaction::{self, CaptureRules};
use landfall_capture::{CapturedEvent, RecordChange, Rehearsed, TransactionFacts};
use landfall_model::{CommitNumber, EntityDefinition, Timestamp};
use landfall_schema::EventSchema;
use landfall_store::{Appended, Event, NewEvent, Position};
use tracing::{error, warn};

use super::compute::{Computed, NetChange};
use crate::definitions::{Capture, Definitions};
use crate::faults::{FaultKind, Faults, Occasion, topic_of};
use crate::log::Hold;
use crate::objects::ACCOUNT;
use crate::state::OrgState;

/// How changes become events.
#[derive(Clone, Copy)]
pub(super) struct Rules<'r> {
    pub(super) capture: &'r CaptureRules,
    /// What goes wrong on purpose.
    pub(super) faults: &'r Faults,
}

/// The events of a group, with the commit numbers that its position in the log gives; `transactions` is set to the events of
/// each transaction that changed something.
pub(super) fn append<'g>(
    definitions: &Definitions,
    published: impl Iterator<Item = &'g NewEvent>,
    group: impl Iterator<Item = &'g Computed>,
    position: Position,
    at: Timestamp,
    (rules, transactions): (Rules<'_>, &mut Vec<Range<usize>>),
) -> Appended {
    transactions.clear();
    let mut events: Vec<NewEvent> = published.cloned().collect();
    let mut commit_number = position.commit_number;
    for transaction in group {
        let begin = events.len();
        events.extend(transaction.notifications.iter().cloned());
        if transaction.changes.is_empty() {
            continue;
        }
        commit_number = commit_number.advanced_by(1);
        // What the org does to itself while it is set up is no change that anybody waits for.
        if transaction.is_told {
            tell(definitions, transaction, commit_number, rules, &mut events);
        }
        transactions.push(begin..events.len());
    }
    Appended {
        events,
        at,
        commit_number,
    }
}

/// What faults hold back of the events of a group, all of which are durable; `parts` are those of one transaction, or of
/// one request that has published them.
pub(super) fn held_back(
    state: &OrgState,
    faults: &Faults,
    (events, parts): (&[Arc<Event>], &[Range<usize>]),
    now: Timestamp,
) -> Vec<Hold> {
    if !faults.is_armed() {
        return Vec::new();
    }
    let fires = |kind, events: &[Arc<Event>]| {
        let names = events
            .iter()
            .filter_map(|event| state.channel_of(event.topic))
            .collect::<BTreeSet<_>>();
        let topics: Vec<&str> = names.iter().map(String::as_str).collect();
        let fault = faults.fires(kind, || Occasion::default().topics(&topics))?;
        let delay = i64::try_from(fault.delay_ms).unwrap_or(i64::MAX);
        Some(now.plus_millis(delay))
    };
    let mut holds = Vec::new();
    let mut hold = |event: &Event, until| {
        holds.push(Hold {
            topic: event.topic,
            from: event.replay_id,
            until,
        });
    };
    for event in events {
        if let Some(until) = fires(FaultKind::Delay, slice::from_ref(event)) {
            hold(event, until);
        }
    }
    for part in parts {
        let events = events.get(part.clone()).unwrap_or_default();
        let Some((_, rest @ [_, ..])) = events.split_first() else {
            continue;
        };
        if let Some(until) = fires(FaultKind::PauseInside, events) {
            for event in rest {
                hold(event, until);
            }
        }
    }
    holds
}

/// The change events of a transaction.
fn tell(
    definitions: &Definitions,
    transaction: &Computed,
    commit_number: CommitNumber,
    rules: Rules<'_>,
    events: &mut Vec<NewEvent>,
) {
    let facts = TransactionFacts {
        change_origin: &transaction.origin,
        transaction_key: transaction.key,
        commit_number,
        commit_user: transaction.user,
    };
    let changes = transaction.changes.iter();
    let captured: Vec<(&NetChange, Option<&Capture>)> = changes
        .map(|change| (change, definitions.capture_of(&change.entity)))
        .collect();
    let rules = Rules {
        capture: &rules.of_transaction(&captured),
        ..rules
    };
    let changes = captured.iter().map(|(change, capture)| {
        let schema = &(*capture)?.schema;
        if rules.fires(FaultKind::Drop, schema) {
            return None;
        }
        Some(RecordChange {
            entity: &change.entity,
            schema,
            record_id: change.id,
            change_type: change.change,
            before: change.before.as_ref().map(|row| row.as_slice()),
            after: Some(&change.after),
            changed_at: transaction.at,
            differences: rules.capture.differences,
            with_contact: !is_account(&change.entity) || definitions.captures_contacts(),
            rehearsed: rules.rehearsed(schema),
        })
    });
    transaction::tell(rules.capture, &facts, changes, |place, event| {
        if let Some((change, Some(capture))) = captured.get(place) {
            events.extend(logged(change, capture, event));
        }
    });
}

fn is_account(entity: &EntityDefinition) -> bool {
    !entity.custom && entity.name.as_str() == ACCOUNT
}

impl Rules<'_> {
    /// The rules for the changes of a transaction: with a fault, all of them overflow.
    fn of_transaction(self, captured: &[(&NetChange, Option<&Capture>)]) -> CaptureRules {
        if !self.faults.is_armed() {
            return *self.capture;
        }
        let mut schemas: Vec<&EventSchema> = Vec::new();
        for (_, capture) in captured {
            let schema = capture.map(|capture| &*capture.schema);
            if let Some(schema) =
                schema.filter(|schema| schemas.iter().all(|known| known.id() != schema.id()))
            {
                schemas.push(schema);
            }
        }
        let overflows = schemas
            .into_iter()
            .any(|schema| self.fires(FaultKind::Overflow, schema));
        CaptureRules {
            overflow_after: if overflows {
                0
            } else {
                self.capture.overflow_after
            },
            ..*self.capture
        }
    }

    /// What a fault makes of a change event of this schema.
    fn rehearsed(self, schema: &EventSchema) -> Option<Rehearsed> {
        if self.fires(FaultKind::Gap, schema) {
            Some(Rehearsed::Gap)
        } else if self.fires(FaultKind::Conversion, schema) {
            Some(Rehearsed::Conversion)
        } else {
            None
        }
    }

    /// Whether a fault fires for a change event of this schema.
    fn fires(self, kind: FaultKind, schema: &EventSchema) -> bool {
        // A topic is a text of its own: not made for nothing.
        self.faults.is_armed() && {
            let topic = topic_of(schema);
            let topics = [topic.as_str()];
            let occasion = || Occasion::default().topics(&topics);
            self.faults.fires(kind, occasion).is_some()
        }
    }
}

/// The part of a change that is in a common event, as far as identities go: beyond all records of a merged event.
const COMMON_PART: usize = 1 << 20;

/// An event as the log takes it.
fn logged(
    change: &NetChange,
    capture: &Capture,
    event: Result<CapturedEvent, landfall_capture::Error>,
) -> Option<NewEvent> {
    let event = match event {
        Ok(event) => event,
        Err(failure) => {
            error!(error = %crate::chain(&failure), record_id = %change.id, "a change cannot be captured");
            return None;
        }
    };
    if let Some(cause) = event.gap {
        warn!(?cause, record_id = %change.id, "a gap event replaces a change event");
    }
    let uuid = if event.is_common {
        change.uuid.of_part(COMMON_PART)
    } else {
        change.uuid
    };
    Some(NewEvent {
        topic: capture.topic,
        id: uuid.into(),
        schema: event.schema_id,
        payload: Bytes::from(event.payload),
    })
}
