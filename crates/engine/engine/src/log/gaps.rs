//! Gaps in the log as subscribers see them: for each object whose change events are damaged, one overflow event, which has
//! its consumers read the object anew.
//!
//! Source: "Overflow Events" (Change Data Capture Developer Guide). Events on other topics have no such event, and are
//! missing.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use landfall_capture::transaction::overflow;
use landfall_capture::{RecordChange, TransactionFacts};
use landfall_model::limits::LOG_GAPS_REPORTED_MAX;
use landfall_model::{
    ChangeType, CommitNumber, EventId, EventUuid, RecordId, ReplayId, TransactionKey,
};
use landfall_store::{Event, LogGap, TopicFilter, TopicId};
use tokio::sync::watch;
use tracing::error;

use crate::definitions::{Definitions, Subject};

/// What gaps are explained with, and which are in the log of the server already.
pub(super) struct Gaps {
    definitions: watch::Receiver<Arc<Definitions>>,
    reported: Mutex<BTreeSet<ReplayId>>,
}

impl Gaps {
    pub(super) const fn new(definitions: watch::Receiver<Arc<Definitions>>) -> Self {
        Self {
            definitions,
            reported: Mutex::new(BTreeSet::new()),
        }
    }

    /// The overflow events after a position that pass a filter. They take the last replay ids of the gap, one for each
    /// object, the same for every subscriber.
    pub(super) fn events(
        &self,
        gap: &LogGap,
        after: ReplayId,
        filter: &TopicFilter,
    ) -> Vec<Arc<Event>> {
        let definitions = Arc::clone(&self.definitions.borrow());
        self.report(gap, &definitions);
        let objects = gap.topics.iter().copied();
        let objects: Vec<TopicId> = objects
            .filter(|topic| matches!(definitions.subject(*topic), Some(Subject::Changes(_))))
            .collect();
        let count = u64::try_from(objects.len()).unwrap_or(u64::MAX);
        let behind = (0..count).rev();
        objects
            .into_iter()
            .zip(behind)
            .filter(|(topic, _)| filter.passes(*topic))
            .filter_map(|(topic, behind)| {
                let replay_id = gap.last.get().saturating_sub(behind);
                // A subscriber that has passed that position has not passed the gap.
                let replay_id = ReplayId::new(replay_id).max(after.advanced_by(1));
                event(gap, replay_id, topic, &definitions).map(Arc::new)
            })
            .collect()
    }

    fn report(&self, gap: &LogGap, definitions: &Definitions) {
        let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        if reported.len() >= LOG_GAPS_REPORTED_MAX || !reported.insert(gap.last) {
            return;
        }
        let topics: Vec<String> = gap
            .topics
            .iter()
            .filter_map(|topic| {
                Some(match definitions.subject(*topic)? {
                    Subject::Changes(entity) => entity.name.to_string(),
                    Subject::PlatformEvent(event) => event.name.to_string(),
                })
            })
            .collect();
        error!(
            first = %gap.first,
            last = %gap.last,
            ?topics,
            "stored events are damaged: subscribers of change events get overflow events instead"
        );
    }
}

/// The overflow event of the object on a topic.
fn event(
    gap: &LogGap,
    replay_id: ReplayId,
    topic: TopicId,
    definitions: &Definitions,
) -> Option<Event> {
    let Some(Subject::Changes(entity)) = definitions.subject(topic) else {
        return None;
    };
    let schema = definitions.change_event_schema(entity.name.as_str())?;
    let key = key(gap, topic);
    let change = RecordChange {
        entity,
        schema,
        record_id: RecordId::EMPTY,
        change_type: ChangeType::GapOverflow,
        before: None,
        after: None,
        changed_at: gap.appended,
        differences: false,
        with_contact: false,
        rehearsed: None,
    };
    let facts = TransactionFacts {
        change_origin: "",
        transaction_key: TransactionKey::from_bytes(key),
        // That of the changes is lost with them.
        commit_number: CommitNumber::ORIGIN,
        commit_user: RecordId::EMPTY,
    };
    let captured = overflow(&change, &facts, 1);
    let captured = captured.inspect_err(|failure| {
        error!(error = %crate::chain(failure), "an overflow event cannot be encoded");
    });
    let captured = captured.ok()?;
    Some(Event {
        replay_id,
        topic,
        appended: gap.appended,
        id: EventId::Uuid(EventUuid::from_bytes(key)),
        schema: captured.schema_id,
        payload: Bytes::from(captured.payload),
    })
}

/// The same identity whenever the gap is read: its end, and the topic.
fn key(gap: &LogGap, topic: TopicId) -> [u8; 16] {
    let mut key = [0; 16];
    let (end, of) = key.split_at_mut(8);
    end.copy_from_slice(&gap.last.get().to_be_bytes());
    let (_, of) = of.split_at_mut(4);
    of.copy_from_slice(&topic.0.to_be_bytes());
    key
}
