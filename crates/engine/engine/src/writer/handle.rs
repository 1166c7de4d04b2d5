//! The way to the writer thread and back.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;

use landfall_model::{KeyPrefix, RecordId, ReplayId, Timestamp, limits};
use landfall_store::{Document, NewEvent};
use tokio::sync::{mpsc, oneshot};
use tracing::error;

use super::compute::By;
use super::open::{self, OpenTransaction, Opened};
use super::times::CommitTimes;
use crate::Engine;
use crate::access::Rights;
use crate::command::{Change, Note, Outcome, Transaction};
use crate::deploy::Deployment;
use crate::error::Error;
use crate::health::{Health, WriterHealth};
use crate::snapshots::{Restoration, Restored};
use crate::state::Projection;

pub(crate) type Answer<T> = oneshot::Sender<Result<T, Error>>;

/// Everything that the writer is asked to do.
pub(crate) enum Command {
    Commit(Transaction, By, Option<Note>, Answer<Vec<Outcome>>),
    /// A transaction whose changes come step by step. Nothing else is done until its end.
    Open(Opened),
    Put(Vec<Document>, Answer<()>),
    /// Has the system modification time of records move on, and nothing else of them.
    Stamp(Vec<RecordId>, Answer<()>),
    Publish(Vec<NewEvent>, Vec<Document>, Answer<Vec<ReplayId>>),
    Deploy(Box<Deployment>, Answer<()>),
    /// Back to a snapshot.
    Restore(Restoration, Answer<Restored>),
    /// Forgets all events, and gives out replay ids from the first one on again.
    RestartLog(Answer<()>),
    /// One step of forgetting events; answered with whether there is more to forget.
    Trim(Forgetting, Answer<bool>),
    /// Ids of records to come, one for each prefix. They are given to nothing else, whether they are used or not.
    Reserve(Vec<KeyPrefix>, Answer<Vec<RecordId>>),
    /// Has somebody take in everything, and each commit from now on.
    Attach(Weak<dyn Projection>, Answer<()>),
    /// Nothing but what comes before each command: a stale state is loaded again.
    LoadAgain,
    /// Has everything taken in that another process has committed.
    CatchUp(Answer<()>),
    Stop,
}

/// Which events are forgotten.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Forgetting {
    /// Those past their retention.
    Expired,
    /// All that there are.
    All,
}

impl Command {
    /// How many rows it makes the writer read and hold, about.
    fn weight(&self) -> usize {
        match self {
            Self::Commit(transaction, ..) => transaction.changes.len(),
            _ => 1,
        }
    }

    /// Changes that are known before they are planned, and who makes them.
    pub(super) fn changes(&self) -> Option<(RecordId, &[Change])> {
        match self {
            Self::Commit(transaction, ..) => Some((transaction.user, &transaction.changes)),
            _ => None,
        }
    }

    /// Answers with an error; says whether to stop.
    pub(crate) fn refuse(self, error: impl Fn() -> Error) -> bool {
        match self {
            Self::Commit(_, _, _, answer) => answer_with(answer, Err(error())),
            Self::Put(_, answer)
            | Self::Stamp(_, answer)
            | Self::RestartLog(answer)
            | Self::Deploy(_, answer)
            | Self::CatchUp(answer)
            | Self::Attach(_, answer) => answer_with(answer, Err(error())),
            Self::Publish(_, _, answer) => answer_with(answer, Err(error())),
            Self::Trim(_, answer) => answer_with(answer, Err(error())),
            Self::Reserve(_, answer) => answer_with(answer, Err(error())),
            Self::Restore(_, answer) => answer_with(answer, Err(error())),
            // Who opened it hears that nobody takes its steps.
            Self::Open(_) | Self::LoadAgain => {}
            Self::Stop => return true,
        }
        false
    }
}

/// What everybody hears from a writer whose store has failed; the log has the cause.
pub(super) fn failed() -> Error {
    landfall_store::Error::Poisoned.into()
}

pub(crate) fn answer_with<T>(answer: Answer<T>, result: Result<T, Error>) {
    // The caller may have hung up; the work is done in any case.
    let _ = answer.send(result);
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
    /// Changes, and commits of several, that were refused because they met damaged data.
    pub damaged: AtomicU64,
    /// How long commits took to become durable.
    pub times: CommitTimes,
}

impl WriterCounters {
    /// Takes note of a failure, if it is damaged data that was met.
    pub(super) fn note_damage(&self, failure: &Error) {
        if failure.is_damage() {
            self.damaged.fetch_add(1, Ordering::Relaxed);
            error!(
                error = %crate::chain(failure),
                "a change met damaged data and is refused, others are taken; see docs/operations/damage.md"
            );
        }
    }
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) health: WriterHealth,
    /// Whether a [`Command::LoadAgain`] waits.
    is_asked_to_load: AtomicBool,
    pub(super) counters: WriterCounters,
}

impl State {
    /// A further request to load a stale state again is let through.
    pub(crate) fn may_be_asked_again(&self) {
        self.is_asked_to_load.store(false, Ordering::Release);
    }

    pub(super) fn count(&self, commands: usize) {
        let commands = u64::try_from(commands).unwrap_or_default();
        self.counters.groups.fetch_add(1, Ordering::Relaxed);
        self.counters
            .commands
            .fetch_add(commands, Ordering::Relaxed);
    }
}

/// The way to the writer.
pub(crate) struct Handle {
    inbox: mpsc::Sender<Command>,
    state: Arc<State>,
}

/// The other end of a [`Handle`].
pub(crate) struct Inbox {
    commands: mpsc::Receiver<Command>,
    /// Received, to be worked on in this order.
    taken: VecDeque<Command>,
    pub(crate) state: Arc<State>,
}

impl Inbox {
    /// The next command, as soon as there is one; none when nobody can send any more.
    pub(crate) fn wait(&mut self) -> Option<Command> {
        self.taken
            .pop_front()
            .or_else(|| self.commands.blocking_recv())
    }

    /// The next command that has been taken.
    pub(crate) fn next_taken(&mut self) -> Option<Command> {
        self.taken.pop_front()
    }

    /// Has a command be the next again.
    pub(crate) fn put_back(&mut self, command: Command) {
        self.taken.push_front(command);
    }

    /// Takes what waits, about as much as a group may hold; returns whether there is anything to work on.
    pub(crate) fn take_waiting(&mut self) -> bool {
        let mut weight: usize = self.taken.iter().map(Command::weight).sum();
        while self.taken.len() < limits::GROUP_COMMANDS_MAX && weight < limits::GROUP_ROWS_MAX {
            let Ok(command) = self.commands.try_recv() else {
                break;
            };
            weight = weight.saturating_add(command.weight());
            self.taken.push_back(command);
        }
        !self.taken.is_empty()
    }

    /// The commands that have been taken.
    pub(super) fn taken(&self) -> impl Iterator<Item = &Command> {
        self.taken.iter()
    }
}

pub(crate) fn channel() -> (Handle, Inbox) {
    let (inbox, commands) = mpsc::channel(limits::WRITER_QUEUE_MAX);
    let state = Arc::new(State::default());
    (
        Handle {
            inbox,
            state: Arc::clone(&state),
        },
        Inbox {
            commands,
            taken: VecDeque::new(),
            state,
        },
    )
}

impl Handle {
    pub(crate) async fn commit(
        &self,
        transaction: Transaction,
        rights: Option<Arc<Rights>>,
        saved: Option<Timestamp>,
        note: Option<Note>,
    ) -> Result<Vec<Outcome>, Error> {
        let by = By {
            user: transaction.user,
            rights,
            saved,
        };
        self.ask(|answer| Command::Commit(transaction, by, note, answer))
            .await
    }

    pub(crate) async fn open(
        &self,
        engine: &Engine,
        user: RecordId,
        rights: Option<Arc<Rights>>,
        origin: String,
    ) -> Result<OpenTransaction, Error> {
        let (transaction, steps) = open::transaction(engine.clone());
        let by = By {
            user,
            rights,
            saved: None,
        };
        let opened = Opened { by, origin, steps };
        let sent = self.inbox.send(Command::Open(opened)).await;
        sent.map_err(|_| Error::Stopped)?;
        Ok(transaction)
    }

    pub(crate) async fn put(&self, documents: Vec<Document>) -> Result<(), Error> {
        self.ask(|answer| Command::Put(documents, answer)).await
    }

    pub(crate) async fn stamp(&self, records: Vec<RecordId>) -> Result<(), Error> {
        self.ask(|answer| Command::Stamp(records, answer)).await
    }

    pub(crate) async fn publish(
        &self,
        events: Vec<NewEvent>,
        documents: Vec<Document>,
    ) -> Result<Vec<ReplayId>, Error> {
        self.ask(|answer| Command::Publish(events, documents, answer))
            .await
    }

    pub(crate) async fn deploy(&self, deployment: Box<Deployment>) -> Result<(), Error> {
        self.ask(|answer| Command::Deploy(deployment, answer)).await
    }

    pub(crate) async fn restore(&self, restoration: Restoration) -> Result<Restored, Error> {
        self.ask(|answer| Command::Restore(restoration, answer))
            .await
    }

    pub(crate) async fn restart_log(&self) -> Result<(), Error> {
        self.ask(Command::RestartLog).await
    }

    pub(crate) async fn reserve(&self, prefixes: Vec<KeyPrefix>) -> Result<Vec<RecordId>, Error> {
        self.ask(|answer| Command::Reserve(prefixes, answer)).await
    }

    pub(crate) async fn attach(&self, projection: Weak<dyn Projection>) -> Result<(), Error> {
        self.ask(|answer| Command::Attach(projection, answer)).await
    }

    pub(crate) async fn catch_up(&self) -> Result<(), Error> {
        self.ask(Command::CatchUp).await
    }

    /// Has the writer try to load a stale state again, unless it is asked to already. Nobody waits for it.
    pub(crate) fn load_again(&self) {
        if self.state.is_asked_to_load.swap(true, Ordering::AcqRel) {
            return;
        }
        if self.inbox.try_send(Command::LoadAgain).is_err() {
            // With a full queue there are commands that do the same.
            self.state.may_be_asked_again();
        }
    }

    /// Step by step, so that others have their turn in between.
    pub(crate) async fn trim(&self, forgetting: Forgetting) -> Result<(), Error> {
        while self.ask(|answer| Command::Trim(forgetting, answer)).await? {}
        Ok(())
    }

    pub(crate) fn health(&self) -> Health {
        match self.state.health.now() {
            Health::Writable | Health::Refusing(_) if self.inbox.is_closed() => Health::Stopped,
            health => health,
        }
    }

    pub(crate) fn counters(&self) -> &WriterCounters {
        &self.state.counters
    }

    pub(crate) fn running(&self, thread: JoinHandle<()>) -> WriterThread {
        WriterThread {
            inbox: self.inbox.clone(),
            thread,
        }
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
    /// Lets the writer finish what is queued, and waits for it: not to be called on a thread that drives futures. Later
    /// commands are answered with [`Error::Stopped`].
    pub fn stop(self) {
        // A writer that is gone already cannot be asked, and is waited for all the same.
        let _ = self.inbox.blocking_send(Command::Stop);
        if self.thread.join().is_err() {
            error!("the writer thread panicked");
        }
    }
}
