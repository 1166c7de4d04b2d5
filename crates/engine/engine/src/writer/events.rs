//! The events of a group, made inside its commit: only there is its position in the log known.

use bytes::Bytes;
use landfall_capture::transaction::{self, CaptureRules};
use landfall_capture::{CapturedEvent, RecordChange, Rehearsed, TransactionFacts};
use landfall_model::{CommitNumber, Timestamp};
use landfall_schema::EventSchema;
use landfall_store::{Appended, NewEvent, Position};
use tracing::{error, warn};

use super::compute::{Computed, NetChange};
use crate::definitions::{Capture, Definitions};
use crate::faults::{FaultKind, Faults, Occasion, topic_of};

/// How changes become events.
#[derive(Clone, Copy)]
pub(super) struct Rules<'r> {
    pub(super) capture: &'r CaptureRules,
    /// What goes wrong on purpose.
    pub(super) faults: &'r Faults,
}

/// The events of a group, with the commit numbers that its position in the log gives.
pub(super) fn append<'g>(
    definitions: &Definitions,
    published: impl Iterator<Item = &'g NewEvent>,
    group: impl Iterator<Item = &'g Computed>,
    position: Position,
    at: Timestamp,
    rules: Rules<'_>,
) -> Appended {
    let mut events: Vec<NewEvent> = published.cloned().collect();
    let mut commit_number = position.commit_number;
    for transaction in group {
        events.extend(transaction.notifications.iter().cloned());
        if transaction.changes.is_empty() {
            continue;
        }
        commit_number = commit_number.advanced_by(1);
        // What the org does to itself while it is set up is no change that anybody waits for.
        if transaction.is_told {
            tell(definitions, transaction, commit_number, rules, &mut events);
        }
    }
    Appended {
        events,
        at,
        commit_number,
    }
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
            rehearsed: rules.rehearsed(schema),
        })
    });
    transaction::tell(rules.capture, &facts, changes, |place, event| {
        if let Some((change, Some(capture))) = captured.get(place) {
            events.extend(logged(change, capture, event));
        }
    });
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
