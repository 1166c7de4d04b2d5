//! The events of a group, made inside its commit: only there is its position in the log known.

use bytes::Bytes;
use landfall_capture::{RecordChange, TransactionFacts};
use landfall_model::{CommitNumber, Timestamp};
use landfall_store::{Appended, NewEvent, Position};
use tracing::{error, warn};

use super::compute::{Computed, NetChange};
use crate::definitions::Definitions;

/// The events of a group, with the commit numbers that its position in the log gives. Large texts may be told by their
/// differences.
pub(super) fn append<'g>(
    definitions: &Definitions,
    published: impl Iterator<Item = &'g NewEvent>,
    group: impl Iterator<Item = &'g Computed>,
    position: Position,
    at: Timestamp,
    differences: bool,
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
        if !transaction.is_told {
            continue;
        }
        for (place, change) in transaction.changes.iter().enumerate() {
            let sequence_number = i32::try_from(place + 1).unwrap_or(i32::MAX);
            events.extend(event(
                definitions,
                transaction,
                change,
                commit_number,
                sequence_number,
                differences,
            ));
        }
    }
    Appended {
        events,
        at,
        commit_number,
    }
}

fn event(
    definitions: &Definitions,
    transaction: &Computed,
    change: &NetChange,
    commit_number: CommitNumber,
    sequence_number: i32,
    differences: bool,
) -> Option<NewEvent> {
    let capture = definitions.capture_of(&change.entity)?;
    let captured = landfall_capture::capture(
        &RecordChange {
            entity: &change.entity,
            schema: &capture.schema,
            record_id: change.id,
            change_type: change.change,
            before: change.before.as_ref().map(|row| row.as_slice()),
            after: Some(&change.after),
            changed_at: transaction.at,
            differences,
        },
        &TransactionFacts {
            change_origin: &transaction.origin,
            transaction_key: transaction.key,
            commit_number,
            commit_user: transaction.user,
            sequence_number,
        },
    );
    let captured = match captured {
        Ok(captured) => captured,
        Err(failure) => {
            error!(error = %crate::chain(&failure), record_id = %change.id, "a change cannot be captured");
            return None;
        }
    };
    if let Some(cause) = captured.gap {
        warn!(?cause, record_id = %change.id, "a change is told by a gap event");
    }
    Some(NewEvent {
        topic: capture.topic,
        uuid: change.uuid,
        schema: captured.schema_id,
        payload: Bytes::from(captured.payload),
    })
}
