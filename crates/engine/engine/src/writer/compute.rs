//! Computing one transaction on top of its group: what becomes of each change, and what the transaction did in the end.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use landfall_model::{
    ChangeType, EntityDefinition, EventUuid, Fault, RecordId, Row, Timestamp, TransactionKey,
};

use crate::blueprint::Blueprints;
use crate::clock::Clock;
use crate::command::{Outcome, Transaction};
use crate::entropy::Entropy;
use crate::error::Error;
use crate::numbers::Numbers;
use crate::plan::{Planner, Step};
use crate::workspace::Workspace;

/// What the events of a transaction are made from.
pub(super) struct Computed {
    pub(super) changes: Vec<Merged>,
    pub(super) user: RecordId,
    pub(super) origin: String,
    pub(super) key: TransactionKey,
    pub(super) at: Timestamp,
}

/// What a transaction did to one record, all its changes taken together.
pub(super) struct Merged {
    pub(super) entity: Arc<EntityDefinition>,
    pub(super) id: RecordId,
    pub(super) before: Option<Arc<Row>>,
    pub(super) after: Arc<Row>,
    pub(super) change: ChangeType,
    pub(super) uuid: EventUuid,
}

/// What the writer has besides the store.
pub(super) struct Computing<'c> {
    pub(super) numbers: &'c mut Numbers,
    pub(super) clock: &'c dyn Clock,
    pub(super) entropy: &'c dyn Entropy,
    pub(super) blueprints: &'c Blueprints,
    pub(super) last_now: &'c mut Timestamp,
}

impl Computing<'_> {
    /// # Errors
    /// [`Error::Store`] if the store could not be read; the workspace is as before then.
    pub(super) fn compute(
        &mut self,
        workspace: &mut Workspace<'_>,
        transaction: Transaction,
    ) -> Result<(Computed, Vec<Outcome>), Error> {
        // The clock may be set back; record dates and commit times never go back with it.
        let now = self.clock.now().max(*self.last_now);
        *self.last_now = now;
        let start = workspace.savepoint();
        let mut planner = Planner {
            workspace,
            blueprints: self.blueprints,
            numbers: self.numbers,
            user: transaction.user,
            now,
            steps: Vec::new(),
        };
        let mut outcomes = Vec::with_capacity(transaction.changes.len());
        for change in transaction.changes {
            let savepoint = planner.workspace.savepoint();
            let steps = planner.steps.len();
            match planner.apply(change) {
                Ok(saved) => outcomes.push(Ok(saved)),
                Err(Error::Refused(fault)) => {
                    planner.workspace.roll_back(savepoint);
                    planner.steps.truncate(steps);
                    outcomes.push(Err(fault));
                }
                Err(error) => {
                    planner.workspace.roll_back(start);
                    return Err(error);
                }
            }
        }
        let mut steps = planner.steps;
        if transaction.all_or_none && outcomes.iter().any(Result::is_err) {
            workspace.roll_back(start);
            steps.clear();
            for outcome in &mut outcomes {
                if outcome.is_ok() {
                    *outcome = Err(Fault::RolledBack);
                }
            }
        }
        let mut draws = Draws::new(self.entropy, steps.len() + 1);
        let computed = Computed {
            changes: merged(steps, &mut draws),
            user: transaction.user,
            origin: transaction.origin,
            key: TransactionKey::from_bytes(draws.next()),
            at: now,
        };
        Ok((computed, outcomes))
    }
}

/// Random bytes for the identities of one transaction, drawn at once: the operating system is asked once only.
struct Draws {
    bytes: Vec<u8>,
    taken: usize,
}

impl Draws {
    fn new(entropy: &dyn Entropy, count: usize) -> Self {
        let mut bytes = vec![0; count * 16];
        entropy.fill(&mut bytes);
        Self { bytes, taken: 0 }
    }

    fn next(&mut self) -> [u8; 16] {
        let drawn = self
            .bytes
            .get(self.taken..)
            .and_then(|rest| rest.first_chunk());
        self.taken += 16;
        *drawn.expect("one draw was made for each step, and one for the key")
    }
}

/// Several changes of one record in one transaction are one change: the first kind, the final data.
///
/// Source: "General Considerations" (Change Data Capture Developer Guide).
fn merged(steps: Vec<Step>, draws: &mut Draws) -> Vec<Merged> {
    let mut changes: Vec<(Merged, ChangeType)> = Vec::with_capacity(steps.len());
    let mut place_of = HashMap::with_capacity(steps.len());
    for step in steps {
        match place_of.entry(step.id) {
            Entry::Occupied(place) => {
                let place: &usize = place.get();
                if let Some((earlier, last)) = changes.get_mut(*place) {
                    earlier.after = step.after;
                    *last = step.change;
                }
            }
            Entry::Vacant(place) => {
                place.insert(changes.len());
                let merged = Merged {
                    entity: step.entity,
                    id: step.id,
                    before: step.before,
                    after: step.after,
                    change: step.change,
                    uuid: EventUuid::from_random(draws.next()),
                };
                changes.push((merged, step.change));
            }
        }
    }
    changes
        .into_iter()
        .filter_map(|(mut merged, last)| {
            merged.change = landfall_capture::merge(merged.change, last)?;
            Some(merged)
        })
        .collect()
}
