//! The writer: one thread that owns the store's write side and takes all that waits as one group.
//!
//! While a group is being synced to disk the next one fills up: there is no timer. Nobody is answered, and no event is
//! seen, before the commit that holds it is durable; after a failed commit nothing is taken any more.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

use bytes::Bytes;
use landfall_capture::{RecordChange, TransactionFacts};
use landfall_model::{
    Catalog, ChangeType, CommitNumber, EntityDefinition, EventUuid, Fault, RecordId, Row, Timestamp,
    TransactionKey, limits,
};
use landfall_store::{Appended, Document, NewEvent, Position, WriteSet, Writer};
use tokio::sync::{mpsc, oneshot};
use tracing::{error, info, warn};

use crate::clock::Clock;
use crate::command::{Outcome, Transaction};
use crate::entropy::{Entropy, draw};
use crate::error::Error;
use crate::log::Log;
use crate::numbers::Numbers;
use crate::plan::{Planner, Step};
use crate::schemas::Schemas;
use crate::workspace::Workspace;

type Answer<T> = oneshot::Sender<Result<T, Error>>;

/// Everything that the writer is asked to do.
pub(crate) enum Command {
    Commit(Transaction, Answer<Vec<Outcome>>),
    Put(Vec<Document>, Answer<()>),
    Trim(Answer<()>),
    Stop,
}

/// How much the writer has done since it started.
#[derive(Debug, Default)]
pub struct WriterCounters {
    /// Commits.
    pub groups: AtomicU64,
    /// Commands in them.
    pub commands: AtomicU64,
    /// Events in them.
    pub events: AtomicU64,
}

/// The way to the writer.
pub(crate) struct Handle {
    inbox: mpsc::Sender<Command>,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    failed: AtomicBool,
    counters: WriterCounters,
}

/// The other end of a [`Handle`].
pub(crate) struct Inbox {
    commands: mpsc::Receiver<Command>,
    state: Arc<State>,
}

pub(crate) fn channel() -> (Handle, Inbox) {
    let (inbox, commands) = mpsc::channel(limits::WRITER_QUEUE_MAX);
    let state = Arc::new(State::default());
    (
        Handle {
            inbox,
            state: Arc::clone(&state),
        },
        Inbox { commands, state },
    )
}

impl Handle {
    pub(crate) async fn commit(&self, transaction: Transaction) -> Result<Vec<Outcome>, Error> {
        self.ask(|answer| Command::Commit(transaction, answer)).await
    }

    pub(crate) async fn put(&self, documents: Vec<Document>) -> Result<(), Error> {
        self.ask(|answer| Command::Put(documents, answer)).await
    }

    pub(crate) async fn trim(&self) -> Result<(), Error> {
        self.ask(Command::Trim).await
    }

    pub(crate) fn is_healthy(&self) -> bool {
        !self.state.failed.load(Ordering::Acquire) && !self.inbox.is_closed()
    }

    pub(crate) fn counters(&self) -> &WriterCounters {
        &self.state.counters
    }

    async fn ask<T>(&self, command: impl FnOnce(Answer<T>) -> Command) -> Result<T, Error> {
        let (answer, answered) = oneshot::channel();
        self.inbox
            .send(command(answer))
            .await
            .map_err(|_| Error::Stopped)?;
        answered.await.map_err(|_| Error::Stopped)?
    }
}

/// The running writer. Stopping it commits what is queued.
pub struct WriterThread {
    inbox: mpsc::Sender<Command>,
    thread: JoinHandle<()>,
}

impl WriterThread {
    /// Lets the writer finish what is queued, and waits for it. Later commands are answered with [`Error::Stopped`].
    pub fn stop(self) {
        let asked = self.inbox.blocking_send(Command::Stop);
        if asked.is_ok() && self.thread.join().is_err() {
            error!("the writer thread panicked");
        }
    }
}

/// What the writer thread owns.
pub(crate) struct Core {
    pub(crate) store: Box<dyn Writer>,
    pub(crate) numbers: Numbers,
    pub(crate) retention_hours: u64,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) schemas: Arc<Schemas>,
    pub(crate) log: Arc<Log>,
    pub(crate) last_now: Timestamp,
}

pub(crate) fn spawn(core: Core, inbox: Inbox, handle: &Handle) -> Result<WriterThread, Error> {
    let sender = handle.inbox.clone();
    let thread = std::thread::Builder::new()
        .name("landfall-writer".to_owned())
        .spawn(move || core.run(inbox))
        .map_err(|error| Error::Document {
            what: "writer thread",
            reason: error.to_string(),
        })?;
    Ok(WriterThread {
        inbox: sender,
        thread,
    })
}

/// A transaction that was computed and waits for the commit.
struct Computed {
    outcomes: Vec<Outcome>,
    changes: Vec<Merged>,
    user: RecordId,
    origin: String,
    key: TransactionKey,
    at: Timestamp,
    answer: Answer<Vec<Outcome>>,
}

/// What a transaction did to one record, all its changes taken together.
struct Merged {
    entity: Arc<EntityDefinition>,
    id: RecordId,
    before: Option<Arc<Row>>,
    after: Arc<Row>,
    change: ChangeType,
    uuid: EventUuid,
}

/// A group's documents-only commands and the rest of what has to be answered.
#[derive(Default)]
struct Waiting {
    computed: Vec<Computed>,
    documents: Vec<Document>,
    puts: Vec<Answer<()>>,
    trims: Vec<Answer<()>>,
    stop: bool,
}

impl Core {
    fn run(mut self, mut inbox: Inbox) {
        while let Some(first) = inbox.commands.blocking_recv() {
            let mut group = vec![first];
            while group.len() < limits::GROUP_COMMANDS_MAX
                && let Ok(command) = inbox.commands.try_recv()
            {
                group.push(command);
            }
            if self.take(group, &inbox.state) {
                break;
            }
        }
        info!("the writer has stopped");
    }

    /// Computes, commits and answers a group; says whether to stop after it.
    fn take(&mut self, group: Vec<Command>, state: &State) -> bool {
        let mut waiting = Waiting::default();
        let mut workspace = Workspace::new(&*self.store);
        let mut computing = Computing {
            numbers: &mut self.numbers,
            clock: &*self.clock,
            entropy: &*self.entropy,
            catalog: &self.catalog,
            last_now: &mut self.last_now,
        };
        let commands = group.len();
        for command in group {
            match command {
                Command::Commit(transaction, answer) => {
                    match computing.compute(&mut workspace, transaction) {
                        Ok(computed) => waiting.computed.push(computed.answered_by(answer)),
                        Err(error) => answer_with(answer, Err(error)),
                    }
                }
                Command::Put(documents, answer) => {
                    waiting.documents.extend(documents);
                    waiting.puts.push(answer);
                }
                Command::Trim(answer) => waiting.trims.push(answer),
                Command::Stop => waiting.stop = true,
            }
        }
        let (rows, mut documents) = workspace.into_writes();
        documents.append(&mut waiting.documents);
        documents.extend(self.numbers.take_moved());
        let write = WriteSet { rows, documents };
        let stop = waiting.stop;
        let trims = std::mem::take(&mut waiting.trims);
        if !waiting.computed.is_empty() || !waiting.puts.is_empty() {
            state.counters.groups.fetch_add(1, Ordering::Relaxed);
            let commands = u64::try_from(commands).unwrap_or_default();
            state.counters.commands.fetch_add(commands, Ordering::Relaxed);
            self.commit(&write, waiting, state);
        }
        for answer in trims {
            let trimmed = self.trim();
            answer_with(answer, trimmed);
        }
        stop
    }

    fn commit(&mut self, write: &WriteSet, waiting: Waiting, state: &State) {
        let schemas = &*self.schemas;
        let last_now = self.last_now;
        let committed = self.store.commit(write, &mut |position| {
            append(schemas, &waiting.computed, position, last_now)
        });
        match committed {
            Ok(committed) => {
                self.log.publish(&committed.events, committed.tail);
                let events = u64::try_from(committed.events.len()).unwrap_or_default();
                state.counters.events.fetch_add(events, Ordering::Relaxed);
                for computed in waiting.computed {
                    answer_with(computed.answer, Ok(computed.outcomes));
                }
                for answer in waiting.puts {
                    answer_with(answer, Ok(()));
                }
            }
            Err(failure) => {
                if !state.failed.swap(true, Ordering::AcqRel) {
                    error!(error = %chain(&failure), "commit failed: no more writes are taken until a restart");
                }
                for computed in waiting.computed {
                    answer_with(computed.answer, Err(landfall_store::Error::Poisoned.into()));
                }
                for answer in waiting.puts {
                    answer_with(answer, Err(landfall_store::Error::Poisoned.into()));
                }
            }
        }
    }

    fn trim(&mut self) -> Result<(), Error> {
        let hours = i64::try_from(self.retention_hours).unwrap_or(i64::MAX);
        let before = self
            .clock
            .now()
            .plus_millis(hours.saturating_mul(3_600_000).saturating_neg());
        while self.store.trim(before)? {}
        self.log.trimmed()
    }
}

/// Computing transactions on a workspace: what the writer has besides the store.
struct Computing<'c> {
    numbers: &'c mut Numbers,
    clock: &'c dyn Clock,
    entropy: &'c dyn Entropy,
    catalog: &'c Catalog,
    last_now: &'c mut Timestamp,
}

/// A [`Computed`] that does not know yet whom to answer.
struct Unanswered {
    outcomes: Vec<Outcome>,
    changes: Vec<Merged>,
    user: RecordId,
    origin: String,
    key: TransactionKey,
    at: Timestamp,
}

impl Unanswered {
    fn answered_by(self, answer: Answer<Vec<Outcome>>) -> Computed {
        Computed {
            outcomes: self.outcomes,
            changes: self.changes,
            user: self.user,
            origin: self.origin,
            key: self.key,
            at: self.at,
            answer,
        }
    }
}

impl Computing<'_> {
    /// # Errors
    /// [`Error::Store`] if the store could not be read; the workspace is as before then.
    fn compute(
        &mut self,
        workspace: &mut Workspace<'_>,
        transaction: Transaction,
    ) -> Result<Unanswered, Error> {
        // The clock may be set back; record dates and commit times never go back with it.
        let now = self.clock.now().max(*self.last_now);
        *self.last_now = now;
        let start = workspace.savepoint();
        let mut planner = Planner {
            workspace,
            catalog: self.catalog,
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
        Ok(Unanswered {
            outcomes,
            changes: merged(steps, self.entropy),
            user: transaction.user,
            origin: transaction.origin,
            key: TransactionKey::from_bytes(draw(self.entropy)),
            at: now,
        })
    }
}

/// Several changes of one record in one transaction are one change: the first kind, the final data.
///
/// Source: "General Considerations" (Change Data Capture Developer Guide).
fn merged(steps: Vec<Step>, entropy: &dyn Entropy) -> Vec<Merged> {
    let mut changes: Vec<(Merged, ChangeType)> = Vec::with_capacity(steps.len());
    let mut place_of = HashMap::with_capacity(steps.len());
    for step in steps {
        let earlier = place_of
            .get(&step.id)
            .and_then(|place: &usize| changes.get_mut(*place));
        if let Some((earlier, last)) = earlier {
            earlier.after = step.after;
            *last = step.change;
        } else {
            place_of.insert(step.id, changes.len());
            let merged = Merged {
                entity: step.entity,
                id: step.id,
                before: step.before,
                after: step.after,
                change: step.change,
                uuid: EventUuid::from_random(draw(entropy)),
            };
            changes.push((merged, step.change));
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

/// The events of a group, with the commit numbers that its position in the log gives.
fn append(
    schemas: &Schemas,
    group: &[Computed],
    position: Position,
    at: Timestamp,
) -> Appended {
    let mut events = Vec::new();
    let mut commit_number = position.commit_number;
    for transaction in group {
        if transaction.changes.is_empty() {
            continue;
        }
        commit_number = commit_number.advanced_by(1);
        for (place, change) in transaction.changes.iter().enumerate() {
            let sequence_number = i32::try_from(place + 1).unwrap_or(i32::MAX);
            events.extend(event(schemas, transaction, change, commit_number, sequence_number));
        }
    }
    Appended {
        events,
        at,
        commit_number,
    }
}

fn event(
    schemas: &Schemas,
    transaction: &Computed,
    change: &Merged,
    commit_number: CommitNumber,
    sequence_number: i32,
) -> Option<NewEvent> {
    // What the org does to itself while it is set up is no change that anybody waits for.
    if transaction.user == RecordId::EMPTY {
        return None;
    }
    let capture = schemas.capture_of(&change.entity)?;
    let captured = landfall_capture::capture(
        &RecordChange {
            entity: &change.entity,
            schema: &capture.schema,
            record_id: change.id,
            change_type: change.change,
            before: change.before.as_ref().map(|row| row.as_slice()),
            after: Some(&change.after),
            changed_at: transaction.at,
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
            error!(error = %chain(&failure), record_id = %change.id, "a change cannot be captured");
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

fn answer_with<T>(answer: Answer<T>, result: Result<T, Error>) {
    // Whoever asked may have hung up; the work is done all the same.
    let _ = answer.send(result);
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
