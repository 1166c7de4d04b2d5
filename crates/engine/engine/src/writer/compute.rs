//! Computing a transaction on top of its group, at once or step by step: the result of each change, and what the
//! transaction did in the end.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::iter;
use std::sync::Arc;

use landfall_model::{
    ChangeType, EntityDefinition, EventUuid, Fault, RecordFault, RecordId, RequestFault, Row,
    Timestamp, TransactionKey, Value,
};

use landfall_store::NewEvent;

use super::prefetch::read_ahead;
use crate::access::Rights;
use crate::blueprint::{Blueprint, Blueprints};
use crate::clock::Clock;
use crate::command::{Change, Outcome, Transaction};
use crate::entropy::{Entropy, draw};
use crate::error::Error;
use crate::formulas::FormulaFields;
use crate::generic_channels;
use crate::numbers::Numbers;
use crate::plan::{Planner, Step};
use crate::rows::{read, write};
use crate::topics::{self, Filling, PushTopics};
use crate::workspace::{Savepoint, Workspace};
use crate::writer::WriterCounters;

/// What the events of a transaction are made from.
pub(super) struct Computed {
    pub(super) changes: Vec<NetChange>,
    pub(super) user: RecordId,
    /// Whether it makes change events: not if the org does it to itself.
    pub(super) is_told: bool,
    pub(super) origin: String,
    pub(super) key: TransactionKey,
    pub(super) at: Timestamp,
    /// Its notifications of `PushTopics`.
    pub(super) notifications: Vec<NewEvent>,
    /// Records of `PushTopics` and generic channels as they are after it.
    pub(super) streams: Vec<StreamRecord>,
}

/// A record of a `PushTopic` or a generic channel.
pub(super) type StreamRecord = (Arc<EntityDefinition>, RecordId, Arc<Row>);

/// What a transaction did to one record, all its changes taken together.
pub(super) struct NetChange {
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
    pub(super) topics: &'c PushTopics,
    pub(super) formulas: &'c FormulaFields,
    pub(super) counters: &'c WriterCounters,
}

/// Who makes a transaction.
pub(crate) struct By {
    pub(super) user: RecordId,
    /// What they may do; none: the org does it to itself.
    pub(super) rights: Option<Arc<Rights>>,
    /// When they made it, if it has waited since: its records are dated so.
    pub(super) saved: Option<Timestamp>,
}

impl Computing<'_> {
    /// Begins a transaction on top of what its group has done so far.
    pub(super) fn begin<'a, 'w>(
        &'a mut self,
        workspace: &'a mut Workspace<'w>,
        by: &By,
        origin: String,
    ) -> Work<'a, 'w> {
        // The clock may be set back; record dates and commit times never go back with it.
        let now = self.clock.now().max(*self.last_now);
        *self.last_now = now;
        Work {
            start: workspace.savepoint(),
            planner: Planner {
                workspace,
                blueprints: self.blueprints,
                numbers: self.numbers,
                user: by.user,
                access: by.rights.as_ref().map(|rights| rights.access()),
                now: by.saved.unwrap_or(now),
                steps: Vec::new(),
                due: Vec::new(),
            },
            at: now,
            entropy: self.entropy,
            topics: self.topics,
            formulas: self.formulas,
            counters: self.counters,
            origin,
        }
    }

    /// # Errors
    /// [`Error::Store`] if the store could not be read; the workspace is as before then.
    pub(super) fn compute(
        &mut self,
        workspace: &mut Workspace<'_>,
        transaction: Transaction,
        by: &By,
    ) -> Result<(Computed, Vec<Outcome>), Error> {
        let mut work = self.begin(workspace, by, transaction.origin);
        let outcomes = work.apply(transaction.changes, transaction.all_or_none)?;
        Ok((work.done()?, outcomes))
    }

    /// Has the system modification time of records move on, by a second at least. Nobody is informed.
    ///
    /// # Errors
    /// [`Error::Store`] if the store could not be read; the workspace is as before then.
    pub(super) fn stamp(
        &self,
        workspace: &mut Workspace<'_>,
        records: &[RecordId],
    ) -> Result<(), Error> {
        let before = workspace.savepoint();
        let stamped = records
            .iter()
            .try_for_each(|id| self.stamp_one(workspace, *id));
        if stamped.is_err() {
            workspace.roll_back(before);
        }
        stamped
    }

    fn stamp_one(&self, workspace: &mut Workspace<'_>, id: RecordId) -> Result<(), Error> {
        let Some(object) = self.blueprints.with_prefix(id.prefix()) else {
            return Ok(());
        };
        let Some(before) = workspace.row(object, id)? else {
            return Ok(());
        };
        let place = object.system.system_modstamp;
        let Value::DateTime(earlier) = *read(&before, place) else {
            return Ok(());
        };
        let now = self.clock.now().whole_second();
        let mut after = Row::clone(&before);
        let stamp = now.max(earlier.plus_millis(1_000));
        write(&mut after, place, Value::DateTime(stamp));
        workspace.put(&object.entity, id, Some(&before), Arc::new(after));
        Ok(())
    }
}

/// A transaction in the making.
pub(super) struct Work<'a, 'w> {
    planner: Planner<'a, 'w>,
    start: Savepoint,
    /// When it is committed.
    at: Timestamp,
    entropy: &'a dyn Entropy,
    topics: &'a PushTopics,
    formulas: &'a FormulaFields,
    counters: &'a WriterCounters,
    origin: String,
}

impl<'a> Work<'a, '_> {
    /// Makes changes on top of those made before; returns the result of each. A change that needs damaged data is refused as
    /// any other would be. If what is computed from them cannot be kept, none of them is made.
    ///
    /// # Errors
    /// [`Error::Store`] if the store could not be read; none of these changes is made then.
    pub(super) fn apply(
        &mut self,
        changes: Vec<Change>,
        all_or_none: bool,
    ) -> Result<Vec<Outcome>, Error> {
        let planner = &mut self.planner;
        let before = planner.mark();
        let mut outcomes = Vec::with_capacity(changes.len());
        for change in changes {
            let mark = planner.mark();
            match refusal_of(planner.apply(change), self.counters) {
                Ok(Ok(saved)) => outcomes.push(Ok(saved)),
                Ok(Err(fault)) => {
                    planner.roll_back(mark);
                    outcomes.push(Err(fault));
                }
                Err(error) => {
                    planner.roll_back(before);
                    return Err(error);
                }
            }
        }
        if all_or_none && outcomes.iter().any(Result::is_err) {
            planner.roll_back(before);
            for outcome in &mut outcomes {
                if let Ok(saved) = outcome {
                    let record = (!saved.created).then_some(saved.id);
                    *outcome = Err(Fault::Record(RecordFault::RolledBack { record }));
                }
            }
        }
        let rolled_up = refusal_of(planner.roll_up(), self.counters);
        if !matches!(rolled_up, Ok(Ok(()))) {
            planner.roll_back(before);
        }
        if let Err(fault) = rolled_up? {
            for outcome in outcomes.iter_mut().filter(|outcome| outcome.is_ok()) {
                *outcome = Err(fault.clone());
            }
        }
        Ok(outcomes)
    }

    /// The same for changes that nobody knew when the group was read ahead.
    ///
    /// # Errors
    /// As [`Self::apply`].
    pub(super) fn apply_unread(
        &mut self,
        changes: Vec<Change>,
        all_or_none: bool,
    ) -> Result<Vec<Outcome>, Error> {
        let Planner {
            blueprints,
            workspace,
            user,
            ..
        } = &mut self.planner;
        read_ahead(iter::once((*user, &*changes)), blueprints, workspace);
        self.apply(changes, all_or_none)
    }

    /// Does something that is several changes in one, with what is computed from them: all of it, or nothing.
    ///
    /// # Errors
    /// [`Error::Store`] if the store could not be read; within, why it is refused. Nothing is made then.
    pub(super) fn attempt<T>(
        &mut self,
        make: impl FnOnce(&mut Planner<'a, '_>) -> Result<T, Error>,
    ) -> Result<Result<T, Fault>, Error> {
        let planner = &mut self.planner;
        let before = planner.mark();
        let made = make(planner).and_then(|made| planner.roll_up().map(|()| made));
        if made.is_err() {
            planner.roll_back(before);
        }
        refusal_of(made, self.counters)
    }

    /// A record's values as the transaction sees them, placed by `entity`; also of one in the recycle bin.
    pub(super) fn row(
        &mut self,
        entity: &EntityDefinition,
        id: RecordId,
    ) -> Result<Option<Row>, Error> {
        let object = self.object(entity)?;
        let row = self.planner.workspace.row(object, id)?;
        Ok(row.map(|row| placed(&object.entity, entity, &row)))
    }

    /// Records whose field equals a value as the transaction sees them, placed by `entity`, `limit` at most. Those in the
    /// recycle bin are left out.
    pub(super) fn rows_where(
        &mut self,
        entity: &EntityDefinition,
        field: usize,
        value: &Value,
        limit: usize,
    ) -> Result<Vec<Row>, Error> {
        let object = self.object(entity)?;
        let name = entity.fields.get(field).map(|field| field.name.as_str());
        let Some(place) = name.and_then(|name| object.entity.index_of(name)) else {
            return Ok(Vec::new());
        };
        let found = self
            .planner
            .workspace
            .live_where(object, place, value, limit)?;
        let rows = found.iter();
        Ok(rows
            .map(|(_, row)| placed(&object.entity, entity, row))
            .collect())
    }

    fn object(&self, entity: &EntityDefinition) -> Result<&'a Blueprint, Fault> {
        let object = self.planner.blueprints.of(entity);
        object.ok_or(Fault::Request(RequestFault::ResourceNotFound))
    }

    /// Takes back all that was done.
    pub(super) fn undo(self) {
        self.planner.workspace.roll_back(self.start);
    }

    /// Ends the transaction; it becomes durable with its group.
    ///
    /// # Errors
    /// [`Error::Store`] if the content of a notification could not be read; nothing is made then.
    pub(super) fn done(self) -> Result<Computed, Error> {
        let Planner {
            workspace,
            blueprints,
            steps,
            user,
            access,
            now,
            ..
        } = self.planner;
        let mut draws = Draws::new(self.entropy, steps.len() + 1);
        let is_told = access.is_some();
        let is_notified = is_told && !self.origin.starts_with(BULK);
        let told: &[Step] = if is_notified { &steps } else { &[] };
        let by = (user, access.as_deref());
        let uuid = || EventUuid::from_random(draw(self.entropy));
        let mut filling = Filling::new(self.formulas, workspace, blueprints, by, now);
        let notifications = self.topics.notifications(told, by, &mut filling, uuid);
        let notifications = match notifications {
            Ok(notifications) => notifications,
            Err(error) => {
                workspace.roll_back(self.start);
                return Err(error);
            }
        };
        let streams = steps.iter().filter(|step| is_stream(&step.entity));
        Ok(Computed {
            notifications,
            streams: streams
                .map(|step| (Arc::clone(&step.entity), step.id, Arc::clone(&step.after)))
                .collect(),
            changes: net(steps, &mut draws),
            user,
            is_told,
            origin: self.origin,
            key: TransactionKey::from_bytes(draws.next()),
            at: self.at,
        })
    }
}

/// The fault of a change that is refused: by a rule, or because what it needs is damaged.
fn refusal_of<T>(
    made: Result<T, Error>,
    counters: &WriterCounters,
) -> Result<Result<T, Fault>, Error> {
    match made {
        Ok(made) => Ok(Ok(made)),
        Err(Error::Refused(fault)) => Ok(Err(fault)),
        Err(error) if error.is_damage() => {
            counters.note_damage(&error);
            Ok(Err(error.fault()))
        }
        Err(error) => Err(error),
    }
}

/// Whether the records of an object say what the Streaming API has.
fn is_stream(entity: &EntityDefinition) -> bool {
    matches!(
        entity.name.as_str(),
        topics::OBJECT | generic_channels::OBJECT
    )
}

/// How the origin of changes by the Bulk API begins: `PushTopics` do not notify of them.
/// Source: "PushTopic" (Object Reference), usage.
const BULK: &str = "com/salesforce/api/bulkapi/";

/// A row of one definition as a row of another one of the same object.
fn placed(from: &EntityDefinition, to: &EntityDefinition, row: &Row) -> Row {
    if std::ptr::eq(from, to) {
        return row.clone();
    }
    let value = |name| row.get(from.index_of(name)?).cloned();
    let fields = to.fields.iter();
    fields
        .map(|field| value(field.name.as_str()).unwrap_or(Value::Null))
        .collect()
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
fn net(steps: Vec<Step>, draws: &mut Draws) -> Vec<NetChange> {
    let mut changes: Vec<(NetChange, ChangeType)> = Vec::with_capacity(steps.len());
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
                let net = NetChange {
                    entity: step.entity,
                    id: step.id,
                    before: step.before,
                    after: step.after,
                    change: step.change,
                    uuid: EventUuid::from_random(draws.next()),
                };
                changes.push((net, step.change));
            }
        }
    }
    changes
        .into_iter()
        .filter_map(|(mut net, last)| {
            net.change = landfall_capture::net(net.change, last)?;
            Some(net)
        })
        .collect()
}
