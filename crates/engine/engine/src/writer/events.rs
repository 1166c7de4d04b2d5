//! The events of a group, made inside its commit: only there is its position in the log known.

use bytes::Bytes;
use landfall_capture::transaction::{self, CaptureRules};
use landfall_capture::{CapturedEvent, RecordChange, TransactionFacts};
use landfall_model::{CommitNumber, Timestamp};
use landfall_store::{Appended, NewEvent, Position};
use tracing::{error, warn};

use super::compute::{Computed, NetChange};
use crate::definitions::{Capture, Definitions};

/// The events of a group, with the commit numbers that its position in the log gives.
pub(super) fn append<'g>(
    definitions: &Definitions,
    published: impl Iterator<Item = &'g NewEvent>,
    group: impl Iterator<Item = &'g Computed>,
    position: Position,
    at: Timestamp,
    rules: &CaptureRules,
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
    rules: &CaptureRules,
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
    let changes = captured.iter().map(|(change, capture)| {
        Some(RecordChange {
            entity: &change.entity,
            schema: &(*capture)?.schema,
            record_id: change.id,
            change_type: change.change,
            before: change.before.as_ref().map(|row| row.as_slice()),
            after: Some(&change.after),
            changed_at: transaction.at,
            differences: rules.differences,
        })
    });
    transaction::tell(rules, &facts, changes, |place, event| {
        if let Some((change, Some(capture))) = captured.get(place) {
            events.extend(logged(change, capture, event));
        }
    });
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
