//! The one write path of an org, and what subscribers read.
//!
//! A [`Transaction`] comes from an edge; the writer thread computes it together with whatever else waits, makes records
//! and events durable in one commit, answers, and moves the [`Log`]'s tail. Time and randomness enter only here, by
//! [`Clock`] and [`Entropy`]. The engine speaks of definitions, values and faults, never of JSON or status codes.
//! Start reading at [`Engine`], whose methods are next to their subjects, and `state` (what is in memory), then `writer`
//! (the loop), `workspace` (what a group sees) and `plan` (what a change does).

mod access;
mod blueprint;
mod channel;
mod clock;
mod command;
mod compiled;
mod components;
mod currencies;
mod custom_metadata;
mod defaults;
mod definitions;
mod deleted_events;
mod deploy;
mod derive;
mod entropy;
mod error;
mod external_id;
pub mod faults;
pub mod features;
mod file_bytes;
mod following;
mod formulas;
mod generic_channels;
mod groups;
mod health;
mod identity;
mod lagging;
mod lease;
mod lens;
mod log;
mod made;
mod managed;
mod mask;
mod numbers;
mod object_access;
mod objects;
mod org;
mod permissions;
mod plan;
mod presence;
mod price_book;
mod profiles;
mod publish;
pub mod query;
mod record_types;
mod records;
mod rehearsal;
mod replication;
mod report;
mod roll_up;
mod rows;
mod schemas;
mod shipped;
mod snapshots;
mod state;
pub mod stored;
mod streams;
mod subscribable;
mod topics;
mod touched;
pub mod usage;
mod validate;
mod view;
mod workspace;
mod writer;

use std::convert::Infallible;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Weak};

use landfall_model::{CommitNumber, RecordId, ServiceFault};
use landfall_store::{Document, Opened, Reader, Scrubbed};

pub use landfall_channel::Filter;
pub use landfall_metadata::{Channel as DeclaredChannel, ChannelMember, ChannelType, MemberText};
pub use landfall_metadata::{
    ConnectedApp, Kind, ManagedSubscription, Node, NodeContent, Part, Problem, ReplayFrom,
};
pub use landfall_store::{
    Event, Failure, LogBounds, NewEvent, ObjectDifference, RecordDifference, SnapshotContent,
    TopicFilter, TopicId,
};

pub use access::{Access, OrgView, Rights};
pub use channel::Channel;
pub use clock::{
    AdjustableClock, Clock, ClockError, MachineTicks, ManualClock, Move, PlausibleClock, Reading,
    SystemClock, Ticks, Waiting, Working,
};
pub use command::{
    Assignment, Change, Conversion, Converted, ConvertedOpportunity, Merge, Merged, Outcome, Saved,
    Transaction,
};
pub use components::{Components, KeptComponent, Stamp};
pub use definitions::{Definitions, Publication, Subject};
pub use deleted_events::DeletedEvents;
pub use deploy::{Amended, Amending, Effect, Staging, Step, check_project};
pub use entropy::{Entropy, SeededEntropy, SystemEntropy, draw};
pub use error::Error;
pub use external_id::record_named;
pub use file_bytes::file_of;
pub use generic_channels::{GenericChannel, GenericChannels, Push, is_name as is_channel_name};
pub use health::Health;
pub use identity::Org;
pub use landfall_capture::transaction::CaptureRules;
pub use landfall_store::chain;
pub use lease::Lease;
pub use lens::Lens;
pub use log::{
    Backlog, Lag, Log, LogEvent, Prepare, Rendition, Stretch, Subscriber, SubscriberDemand,
    SubscriberPosition, Watcher,
};
pub use managed::{Managed, ManagedChange, ManagedValues};
pub use object_access::{Act, ObjectAccess};
pub use permissions::Permissions;
pub use presence::{Presence, Present};
pub use publish::Published;
pub use query::{
    Answer, Explained, ExplainedWay, Locator, Page, PageRow, PageSize, Prepared, Question,
};
pub use replication::{Period, Replicated};
pub use report::{defect, report};
pub use snapshots::{DifferenceRequest, Differences, EventDifferences, Restored};
pub use state::{Applied, Projection};
pub use streams::Streams;
pub use subscribable::{Subscribable, SubscribableKind};
pub use topics::{PushTopic, PushTopicDraft, PushTopicOutline, PushTopics};
pub use touched::{Scope, Touched};
pub use view::{EventViews, View, ViewRequest};
pub use writer::open::OpenTransaction;
pub use writer::{CommitTimes, CommitTimesRead, WriterCounters, WriterThread};

use command::Note;
use faults::Faults;
use lagging::Lagging;
use state::OrgState;
use usage::{Allocations, Usage};
use writer::handle::{Forgetting, Handle};

/// What an engine is started with.
pub struct Parts<S = Opened> {
    /// The opened store; for one that another process writes to, a reader.
    pub store: S,
    /// Where time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where randomness comes from.
    pub entropy: Arc<dyn Entropy>,
    /// The two instance characters of record ids, such as `5f`.
    pub instance: [u8; 2],
    /// Free space of the disk below which uploads and jobs are refused. Unit: bytes.
    pub reserve_bytes: u64,
    /// How long events are retained. Unit: hours.
    pub retention_hours: u64,
    /// Whether changes of every object that supports it are captured.
    pub capture_all: bool,
    /// How the changes of a transaction become events.
    pub capture_rules: CaptureRules,
    /// `PushTopics` and generic channels.
    pub streams: Streams,
    /// What the org may use.
    pub allocations: Allocations,
    /// How long what is in memory may be taken for what is stored.
    pub lease: Lease,
}

/// A running org: cheap to clone, shared by all edges.
#[derive(Clone)]
pub struct Engine(Arc<Shared>);

struct Shared {
    reader: Arc<dyn Reader>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    state: Arc<OrgState>,
    views: view::ViewCache,
    presence: Presence,
    deploying: landfall_lock::Mutex<()>,
    cursors: std::sync::Mutex<query::Cursors>,
    lanes: query::lanes::Lanes,
    org: Org,
    /// How long events are retained. Unit: hours.
    retention_hours: u64,
    usage: Arc<Usage>,
    faults: Faults,
    lagging: Lagging,
    reserve_bytes: u64,
    /// Whether the disk had less space than the reserve when it was last looked at.
    is_low: AtomicBool,
    writer: Handle,
    lease: Lease,
    /// Whether another process writes to the store.
    follows: bool,
}

impl Engine {
    /// Starts the writer on an opened store; a new store gets its organization, profiles and counters.
    ///
    /// # Errors
    /// [`Error`] if the store or a definition cannot be read.
    pub fn start(parts: Parts) -> Result<(Self, WriterThread), Error> {
        org::start(parts, false)
    }

    /// The same on a copy of the store of another org that has begun and was not used: it becomes an org of its own.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_on_copy(parts: Parts) -> Result<(Self, WriterThread), Error> {
        org::start(parts, true)
    }

    /// Opens a store that another process writes to, and follows its commits from there on. The org takes no changes.
    ///
    /// # Errors
    /// [`Error`] if the store or a definition cannot be read, or has no org yet.
    pub fn follow(parts: Parts<Arc<dyn Reader>>) -> Result<(Self, WriterThread), Error> {
        org::follow(parts)
    }

    /// The faults that a test has armed.
    pub fn faults(&self) -> &Faults {
        &self.0.faults
    }

    /// Shows subscribers the events that faults hold back, as they fall due. Never ends.
    pub async fn release_held(&self) -> Infallible {
        let mut work = Working::default();
        loop {
            let next = self.log().release(self.clock().now());
            drop(work);
            work = if let Some(next) = next {
                tokio::select! {
                    work = self.clock().wait_until(next) => work,
                    () = self.log().holding() => Working::default(),
                }
            } else {
                self.log().holding().await;
                Working::default()
            };
        }
    }

    /// Makes a transaction durable, its events included, and returns the result of each change.
    ///
    /// # Errors
    /// [`Error::Store`] or [`Error::Stopped`]: nothing was kept.
    pub async fn commit(&self, transaction: Transaction) -> Result<Vec<Outcome>, Error> {
        self.made(transaction, None).await
    }

    /// The same, with documents made from the results of the changes: both are kept, or neither. `note` is called on the
    /// writer's thread, and keeps everybody waiting.
    ///
    /// # Errors
    /// [`Error::Store`] or [`Error::Stopped`]: nothing was kept.
    pub async fn commit_noting(
        &self,
        transaction: Transaction,
        note: impl FnOnce(&[Outcome]) -> Vec<Document> + Send + 'static,
    ) -> Result<Vec<Outcome>, Error> {
        self.made(transaction, Some(Box::new(note))).await
    }

    async fn made(
        &self,
        transaction: Transaction,
        note: Option<Note>,
    ) -> Result<Vec<Outcome>, Error> {
        let rights = self.rights_of(transaction.user).await?;
        if self.faults().is_armed() {
            return rehearsal::commit(self, transaction, rights, note).await;
        }
        let writer = &self.0.writer;
        writer.commit(transaction, rights, None, note).await
    }

    /// Opens a transaction whose changes come step by step. Until its end the writer does nothing else: between the
    /// steps nothing may be waited for but reads.
    ///
    /// # Errors
    /// [`Error::Stopped`].
    pub async fn open(&self, user: RecordId, origin: String) -> Result<OpenTransaction, Error> {
        let rights = self.rights_of(user).await?;
        self.0.writer.open(self, user, rights, origin).await
    }

    /// Opens a transaction that sets the org up, as a user: their rights are not checked, and it makes no
    /// events. Otherwise it is as with [`Self::open`].
    ///
    /// # Errors
    /// [`Error::Stopped`].
    pub async fn set_up(&self, user: RecordId) -> Result<OpenTransaction, Error> {
        self.0.writer.open(self, user, None, String::new()).await
    }

    /// Has somebody follow the commits of the org, beginning with everything that is stored, until it is dropped.
    ///
    /// # Errors
    /// Those of the projection, [`Error::Stopped`].
    pub async fn attach(&self, projection: Weak<dyn Projection>) -> Result<(), Error> {
        self.0.writer.attach(projection).await
    }

    /// The newest commit that is in memory: who has seen a later one has to wait.
    pub fn version(&self) -> CommitNumber {
        self.0.state.version()
    }

    /// Whether what is in memory is what is stored, so that somebody can be let in. If a commit could not be read back,
    /// this has it tried again. Nobody is let in without a [`Lease`] that holds.
    ///
    /// # Errors
    /// [`ServiceFault::StoreUnavailable`].
    pub fn check(&self) -> Result<(), ServiceFault> {
        if !self.0.lease.holds() {
            return Err(ServiceFault::StoreUnavailable);
        }
        let checked = self.0.state.check();
        if checked.is_err() {
            self.0.writer.load_again();
        }
        checked
    }

    /// Makes documents durable.
    ///
    /// # Errors
    /// [`Error::Store`] or [`Error::Stopped`]: nothing was kept.
    pub async fn put(&self, documents: Vec<Document>) -> Result<(), Error> {
        self.0.writer.put(documents).await
    }

    /// Forgets events that are past their retention.
    ///
    /// # Errors
    /// [`Error::Store`] or [`Error::Stopped`].
    pub async fn trim(&self) -> Result<(), Error> {
        self.0.writer.trim(Forgetting::Expired).await
    }

    /// Forgets all events, as if they were past their retention.
    ///
    /// # Errors
    /// [`Error::Store`] or [`Error::Stopped`].
    pub async fn forget_events(&self) -> Result<(), Error> {
        self.0.writer.trim(Forgetting::All).await
    }

    /// Forgets all events, and gives out replay ids from the first one on again: [`Log::restarted`].
    ///
    /// # Errors
    /// [`Error::Store`] or [`Error::Stopped`]: the log is as before.
    pub async fn restart_log(&self) -> Result<(), Error> {
        self.0.writer.restart_log().await?;
        self.log().begins_again();
        Ok(())
    }

    /// Compares the next part of what is stored with its checksums.
    ///
    /// # Errors
    /// [`Error::Store`]: it cannot be read now. Damage is no error but a finding.
    pub async fn scrub(&self, bytes: usize) -> Result<Scrubbed, Error> {
        self.read(move |reader| reader.scrub(bytes)).await
    }

    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&dyn Reader) -> landfall_store::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let reader = Arc::clone(&self.0.reader);
        Self::read_by(reader, read).await
    }

    /// Reads records as a request for them does: from an earlier state while a fault delays reads.
    async fn read_records<T: Send + 'static>(
        &self,
        read: impl FnOnce(&dyn Reader) -> landfall_store::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let (clock, state) = (&self.0.clock, &self.0.state);
        let lagging = self
            .0
            .lagging
            .reader(|| clock.now(), || state.definitions());
        let reader = lagging.unwrap_or_else(|| Arc::clone(&self.0.reader));
        Self::read_by(reader, read).await
    }

    async fn read_by<T: Send + 'static>(
        reader: Arc<dyn Reader>,
        read: impl FnOnce(&dyn Reader) -> landfall_store::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        Ok(tokio::task::spawn_blocking(move || read(&*reader))
            .await
            .map_err(|_| Error::Stopped)??)
    }

    /// Who the org is.
    pub fn org(&self) -> &Org {
        &self.0.org
    }

    /// The event log.
    pub fn log(&self) -> &Arc<Log> {
        self.0.state.log()
    }

    /// The one clock.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.clock
    }

    /// The one source of randomness.
    pub fn entropy(&self) -> &dyn Entropy {
        &*self.0.entropy
    }

    /// How much the writer has done.
    pub fn writer_counters(&self) -> &WriterCounters {
        self.0.writer.counters()
    }
}
