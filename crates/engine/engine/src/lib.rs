//! The one write path of an org, and what subscribers read.
//!
//! A [`Transaction`] comes from an edge; the writer thread computes it together with whatever else waits, makes records
//! and events durable in one commit, answers, and moves the [`Log`]'s tail. Time and randomness enter only here, by
//! [`Clock`] and [`Entropy`]. The engine speaks of definitions, values and faults, never of JSON or status codes.
//! Start reading at [`Engine`], then `writer` (the loop), `workspace` (what a group sees) and `plan` (what a change does).

mod access;
mod blueprint;
mod channel;
mod clock;
mod command;
mod components;
mod defaults;
mod definitions;
mod deploy;
mod derive;
mod entropy;
mod error;
mod generic_channels;
mod log;
mod managed;
mod numbers;
mod org;
mod plan;
mod presence;
mod profiles;
mod publish;
mod query;
mod replication;
mod roll_up;
mod streams;
mod tabbed;
mod topics;
pub mod usage;
mod validate;
mod view;
mod workspace;
mod writer;

use std::ops::ControlFlow;
use std::ops::RangeInclusive;
use std::sync::Arc;

use landfall_metadata::Component;
use landfall_model::{
    Catalog, EntityDefinition, RecordId, ReplayId, Row, SchemaId, Timestamp, Value,
};
use landfall_query::{Checked, Search, Tables};
use landfall_schema::EventSchema;
use landfall_store::{Document, DocumentKind, Opened, Reader};
use tokio::sync::watch;

pub use landfall_channel::Filter;
pub use landfall_metadata::{Channel as DeclaredChannel, ChannelMember, ChannelType, MemberText};
pub use landfall_metadata::{ConnectedApp, Kind, ManagedSubscription, Part, Problem, ReplayFrom};
pub use landfall_store::{Event, LogBounds, NewEvent, TopicFilter, TopicId};

pub use access::{Access, Act, ObjectAccess, Permissions, Rights};
pub use channel::Channel;
pub use clock::{Clock, ManualClock, SystemClock, Waiting};
pub use command::{
    Assignment, Change, Conversion, Converted, ConvertedOpportunity, Merge, Merged, Outcome, Saved,
    Transaction,
};
pub use components::{Components, KeptComponent, Stamp};
pub use definitions::{Definitions, Publication, Subject};
pub use deploy::{Amended, Amending, Effect, Step};
pub use entropy::{Entropy, SeededEntropy, SystemEntropy, draw};
pub use error::{Error, chain};
pub use generic_channels::{GenericChannel, GenericChannels, Push, is_name as is_channel_name};
pub use landfall_capture::transaction::CaptureRules;
pub use log::{Backlog, Lag, Log, LogEvent, Prepare, Rendition, Standing, Stretch, Watcher};
pub use managed::{Managed, ManagedChange, ManagedValues};
pub use org::Org;
pub use presence::{Presence, Present};
pub use publish::Published;
pub use query::{Answer, Explained, ExplainedWay, Locator, Page, PageRow, Question};
pub use replication::{Period, Replicated};
pub use streams::Streams;
pub use topics::{PushTopic, PushTopics};
pub use view::{Lens, Seen, Sight, View};
pub use writer::open::OpenTransaction;
pub use writer::{WriterCounters, WriterThread};

use access::AllRights;
use command::Note;
use definitions::{InForce, Issued};
use streams::StreamState;
use usage::{Allocations, Client, Usage};
use writer::handle::Handle;

/// What an engine is started with.
pub struct Parts {
    /// The opened store.
    pub store: Opened,
    /// Where time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where randomness comes from.
    pub entropy: Arc<dyn Entropy>,
    /// The two instance characters of record ids, such as `5f`.
    pub instance: [u8; 2],
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
}

/// An org at work: cheap to clone, shared by all edges.
#[derive(Clone)]
pub struct Engine(Arc<Shared>);

struct Shared {
    reader: Arc<dyn Reader>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    definitions: Arc<InForce>,
    standings: Arc<AllRights>,
    issued: Arc<Issued>,
    views: Arc<view::Views>,
    deploying: tokio::sync::Mutex<()>,
    cursors: std::sync::Mutex<query::Cursors>,
    querying: tokio::sync::Semaphore,
    org: Org,
    log: Arc<Log>,
    usage: Arc<Usage>,
    writer: Handle,
    streams: Arc<StreamState>,
}

impl Engine {
    /// Starts the writer on an opened store; a new store gets its organization, profiles and counters.
    ///
    /// # Errors
    /// [`Error`] if the store or a definition cannot be read.
    pub fn start(parts: Parts) -> Result<(Self, WriterThread), Error> {
        org::start(parts)
    }

    /// Makes a transaction durable, its events included, and says what became of each change.
    ///
    /// # Errors
    /// [`Error::Store`] or [`Error::Stopped`]: nothing was kept.
    pub async fn commit(&self, transaction: Transaction) -> Result<Vec<Outcome>, Error> {
        let standing = self.standing_of(transaction.user).await?;
        self.0.writer.commit(transaction, standing, None).await
    }

    /// The same, with documents made from what became of the changes: both are kept, or neither. `note` is called on the
    /// writer's thread, and keeps everybody waiting.
    ///
    /// # Errors
    /// [`Error::Store`] or [`Error::Stopped`]: nothing was kept.
    pub async fn commit_noting(
        &self,
        transaction: Transaction,
        note: impl FnOnce(&[Outcome]) -> Vec<Document> + Send + 'static,
    ) -> Result<Vec<Outcome>, Error> {
        let note: Note = Box::new(note);
        let standing = self.standing_of(transaction.user).await?;
        let writer = &self.0.writer;
        writer.commit(transaction, standing, Some(note)).await
    }

    /// Opens a transaction whose changes come step by step. Until its end the writer does nothing else: between the
    /// steps nothing may be waited for but reads.
    ///
    /// # Errors
    /// [`Error::Stopped`].
    pub async fn open(&self, user: RecordId, origin: String) -> Result<OpenTransaction, Error> {
        let standing = self.standing_of(user).await?;
        self.0.writer.open(user, standing, origin).await
    }

    /// Opens a transaction that sets the org up, in the name of a user: nobody asks what they may do, and it makes no
    /// events. Otherwise it is as with [`Self::open`].
    ///
    /// # Errors
    /// [`Error::Stopped`].
    pub async fn set_up(&self, user: RecordId) -> Result<OpenTransaction, Error> {
        self.0.writer.open(user, None, String::new()).await
    }

    /// What a user may do, now and later: as long as it is held it follows every change of permissions.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn standing(&self, user: RecordId) -> Result<Arc<Rights>, Error> {
        let standings = &self.0.standings;
        if let Some(standing) = standings.find(user) {
            return Ok(standing);
        }
        let (standings, definitions) = (Arc::clone(standings), Arc::clone(&self.0.definitions));
        self.read(move |reader| standings.open(reader, || definitions.get(), user))
            .await
    }

    /// The objects of the org as a user sees them.
    async fn catalog_of(&self, user: RecordId) -> Result<Arc<Catalog>, Error> {
        let standing = self.standing_of(user).await?;
        Ok(match standing {
            Some(standing) => Arc::clone(standing.access().definitions().catalog()),
            None => self.catalog(),
        })
    }

    /// The same; none of the org itself.
    async fn standing_of(&self, user: RecordId) -> Result<Option<Arc<Rights>>, Error> {
        if user == RecordId::EMPTY {
            return Ok(None);
        }
        self.standing(user).await.map(Some)
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
        self.0.writer.trim().await
    }

    /// A record's values, also of one in the recycle bin.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn row(
        &self,
        entity: &Arc<EntityDefinition>,
        id: RecordId,
    ) -> Result<Option<Row>, Error> {
        let entity = Arc::clone(entity);
        self.read(move |reader| reader.row(&entity, id)).await
    }

    /// The values of several records of one object, in the order of the ids; none for one that is not there.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn rows(
        &self,
        entity: &Arc<EntityDefinition>,
        ids: Vec<RecordId>,
    ) -> Result<Vec<Option<Row>>, Error> {
        let entity = Arc::clone(entity);
        self.read(move |reader| ids.iter().map(|id| reader.row(&entity, *id)).collect())
            .await
    }

    /// Records whose field equals a value, deleted ones included, `limit` at most.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn rows_where(
        &self,
        entity: &Arc<EntityDefinition>,
        field: usize,
        value: Value,
        limit: usize,
    ) -> Result<Vec<Row>, Error> {
        let entity = Arc::clone(entity);
        self.read(move |reader| reader.rows_where(&entity, field, &value, limit))
            .await
    }

    /// The records that were modified last, `limit` at most.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn recent_rows(
        &self,
        entity: &Arc<EntityDefinition>,
        limit: usize,
    ) -> Result<Vec<Row>, Error> {
        let entity = Arc::clone(entity);
        self.read(move |reader| reader.recent_rows(&entity, limit))
            .await
    }

    /// One document.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn document(
        &self,
        kind: DocumentKind,
        key: String,
    ) -> Result<Option<Vec<u8>>, Error> {
        self.read(move |reader| reader.document(kind, &key)).await
    }

    /// All documents of a kind, in key order.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn documents(&self, kind: DocumentKind) -> Result<Vec<(String, Vec<u8>)>, Error> {
        self.read(move |reader| reader.documents(kind)).await
    }

    /// Answers a query with its first page.
    ///
    /// # Errors
    /// [`Error::Refused`] for what is no query or may not be asked, [`Error::Store`].
    pub async fn query(&self, question: Question<'_>) -> Result<Answer, Error> {
        query::first(self, question).await
    }

    /// Answers a query of records that are not kept: of these objects, and made by `tables`. All is on one page.
    ///
    /// # Errors
    /// As [`Self::query`]; [`Error::Refused`] for more than a page holds.
    pub async fn query_of(
        &self,
        question: Question<'_>,
        catalog: &Catalog,
        tables: &(dyn Tables + Sync),
    ) -> Result<Answer, Error> {
        query::of(self, question, catalog, tables).await
    }

    /// What a search finds, object by object.
    ///
    /// # Errors
    /// As [`Self::query`].
    pub async fn find(
        &self,
        question: Question<'_>,
        search: &Search,
    ) -> Result<Vec<Answer>, Error> {
        query::find(self, question, search).await
    }

    /// A query as it would be carried out.
    ///
    /// # Errors
    /// [`Error::Refused`] for what is no query or may not be asked, [`Error::Store`].
    pub async fn examine(&self, question: Question<'_>) -> Result<Checked, Error> {
        let catalog = self.catalog_of(question.user).await?;
        query::checked(self, question, &catalog).await
    }

    /// A query of these objects as [`Self::query_of`] would carry it out.
    ///
    /// # Errors
    /// As [`Self::examine`].
    pub async fn examine_of(
        &self,
        question: Question<'_>,
        catalog: &Catalog,
    ) -> Result<Checked, Error> {
        query::checked(self, question, catalog).await
    }

    /// What a query costs.
    ///
    /// # Errors
    /// As [`Self::query`].
    pub async fn explain(&self, question: Question<'_>) -> Result<Explained, Error> {
        query::explain(self, question).await
    }

    /// The next page of a query.
    ///
    /// # Errors
    /// [`Error::Refused`] if there is none for this user, [`Error::Store`].
    pub async fn query_more(
        &self,
        locator: &str,
        user: RecordId,
        batch: usize,
    ) -> Result<Answer, Error> {
        query::more(self, locator, user, batch).await
    }

    /// Reads all records that an examined query finds, at one point in time, and hands their columns to `row` on a thread
    /// for blocking work, until it says that it is enough; gives back what `row` works on.
    ///
    /// # Errors
    /// [`Error::Refused`] if there are too many or it takes too long, [`Error::Store`].
    pub async fn scan<S: Send + 'static>(
        &self,
        checked: Arc<Checked>,
        state: S,
        row: impl FnMut(&mut S, Vec<Value>) -> ControlFlow<()> + Send + 'static,
    ) -> Result<S, Error> {
        query::scan(self, checked, state, row).await
    }

    /// The records of an object that were last changed in a stretch of time, with the moment.
    ///
    /// # Errors
    /// [`Error::Refused`] if there are too many to tell, [`Error::Store`].
    pub async fn replicated(
        &self,
        entity: &Arc<EntityDefinition>,
        period: &Period,
    ) -> Result<Vec<(RecordId, Timestamp)>, Error> {
        replication::replicated(self, entity, period).await
    }

    /// How many records an object has, without those in the recycle bin.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn record_count(&self, entity: &Arc<EntityDefinition>) -> Result<u64, Error> {
        replication::count(self, entity).await
    }

    /// Reads for a query, of which only some go on at the same time.
    async fn search<T: Send + 'static>(
        &self,
        read: impl FnOnce(&dyn Reader) -> landfall_store::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let turn = self.0.querying.acquire().await;
        let _turn = turn.map_err(|_| Error::Stopped)?;
        self.read(read).await
    }

    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&dyn Reader) -> landfall_store::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let reader = Arc::clone(&self.0.reader);
        Ok(tokio::task::spawn_blocking(move || read(&*reader))
            .await
            .map_err(|_| Error::Stopped)??)
    }

    /// Makes events durable that belong to no record, in their order; says which positions they got.
    ///
    /// # Errors
    /// [`Error::Refused`] if that many may not be published now; [`Error::Store`] or [`Error::Stopped`]. None was kept.
    pub async fn publish(
        &self,
        client: &Client,
        events: Vec<NewEvent>,
    ) -> Result<Vec<ReplayId>, Error> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        self.publish_noting(client, events, Vec::new()).await
    }

    /// The same, with documents about it: both are kept, or neither.
    ///
    /// # Errors
    /// Those of [`Self::publish`].
    pub async fn publish_noting(
        &self,
        client: &Client,
        events: Vec<NewEvent>,
        documents: Vec<Document>,
    ) -> Result<Vec<ReplayId>, Error> {
        let usage = self.usage();
        let topics: Vec<TopicId> = events.iter().map(|event| event.topic).collect();
        let reservation = usage.reserve(topics.iter().copied())?;
        let positions = self.0.writer.publish(events, documents).await?;
        reservation.keep();
        usage.published(client, topics.into_iter());
        Ok(positions)
    }

    /// A platform event with the values of a request, placed by [`Publication::object`]: for [`Self::publish`], and for
    /// whoever asked.
    ///
    /// # Errors
    /// [`Error::Refused`] for values that the definition does not allow, and for who may not publish; [`Error::Schema`].
    pub fn prepare(
        &self,
        publication: &Publication,
        user: RecordId,
        values: Vec<Assignment>,
    ) -> Result<(Published, NewEvent), Error> {
        publish::prepare(self, publication, user, values)
    }

    /// An event that the service itself publishes, with values by field name: for [`Self::publish`]. None if the org does
    /// not have it.
    ///
    /// # Errors
    /// [`Error::Schema`] for a value of another type than its field.
    pub fn event_of_service(
        &self,
        event: &str,
        user: RecordId,
        values: Vec<(&str, Value)>,
    ) -> Result<Option<NewEvent>, Error> {
        publish::of_service(self, event, user, values)
    }

    /// Publishes a platform event with the values of a request.
    ///
    /// # Errors
    /// Those of [`Self::prepare`] and [`Self::publish`].
    pub async fn publish_record(
        &self,
        client: &Client,
        publication: &Publication,
        user: RecordId,
        values: Vec<Assignment>,
    ) -> Result<Published, Error> {
        let (published, event) = self.prepare(publication, user, values)?;
        self.publish(client, vec![event]).await?;
        Ok(published)
    }

    /// The `PushTopics` in force. Take them once for each request.
    pub fn push_topics(&self) -> Arc<PushTopics> {
        self.0.streams.topics.get()
    }

    /// The generic channels.
    pub fn generic_channels(&self) -> &GenericChannels {
        &self.0.streams.channels
    }

    /// Who listens to which channel.
    pub fn presence(&self) -> &Presence {
        &self.0.streams.presence
    }

    /// Makes texts durable as events of a generic channel, in their order.
    ///
    /// # Errors
    /// [`Error::Store`] or [`Error::Stopped`]: none was kept. [`Error::Schema`].
    pub async fn push(&self, channel: TopicId, pushes: Vec<Push>) -> Result<(), Error> {
        generic_channels::push(self, channel, pushes).await
    }

    /// Makes the generic channel that a subscriber asks for.
    ///
    /// # Errors
    /// [`Error::Refused`] if there cannot be one of this name, or no further one; [`Error::Store`], [`Error::Stopped`].
    pub async fn make_channel(&self, name: &str, user: RecordId) -> Result<(), Error> {
        generic_channels::make(self, name, user).await
    }

    /// What the log holds of `PushTopics` and generic channels: their events are not retained as long as others.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn stream_bounds(&self) -> Result<LogBounds, Error> {
        streams::bounds(self).await
    }

    /// The position that a managed subscription has kept; none if it has none.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Document`].
    pub async fn kept_position(&self, subscription: RecordId) -> Result<Option<ReplayId>, Error> {
        let key = subscription.to_string();
        let content = self.document(DocumentKind::Cursor, key).await?;
        content
            .map(|content| managed::position(&content))
            .transpose()
    }

    /// Keeps the position of a managed subscription.
    ///
    /// # Errors
    /// [`Error::Store`] or [`Error::Stopped`]: it has the position that it had.
    pub async fn keep_position(
        &self,
        subscription: RecordId,
        position: ReplayId,
    ) -> Result<(), Error> {
        self.put(vec![managed::cursor(subscription, Some(position))])
            .await
    }

    /// Changes one subscription whose position the service keeps, and says which. A stream of one that ends or stops ends.
    ///
    /// # Errors
    /// [`Error::Refused`], or as [`Amending::amend`]: they are as before.
    pub async fn manage(&self, change: ManagedChange, by: RecordId) -> Result<RecordId, Error> {
        let _one = self.0.deploying.lock().await;
        managed::manage(self, change, by).await
    }

    /// Takes over the files of a project: objects, fields, platform events. What was in the project before and is no more
    /// is removed from the definitions; records and events stay. What was made with [`Amending::amend`] stays as well, unless
    /// the project names it; what was changed so stays while the project says of it what it said before.
    ///
    /// # Errors
    /// [`Error::Invalid`] with all that is wrong, [`Error::Store`], [`Error::Stopped`]: the org is as before.
    pub async fn deploy(&self, files: Vec<Component>) -> Result<Vec<Problem>, Error> {
        let _one = self.0.deploying.lock().await;
        deploy::deploy(self, &files).await
    }

    /// Takes the components in hand, to look at them and change them one by one.
    pub async fn amending(&self) -> Amending<'_> {
        Amending::begin(self).await
    }

    /// What the org consists of now. Take it once for each request: it may be replaced at any time.
    pub fn definitions(&self) -> Arc<Definitions> {
        self.0.definitions.get()
    }

    /// What the org consists of, and when that is replaced.
    pub fn deployments(&self) -> watch::Receiver<Arc<Definitions>> {
        self.0.definitions.watch()
    }

    /// The objects and platform events of the org now.
    pub fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(self.definitions().catalog())
    }

    /// Who the org is.
    pub fn org(&self) -> &Org {
        &self.0.org
    }

    /// The schema with this id, current or old.
    pub fn schema(&self, id: SchemaId) -> Option<Arc<EventSchema>> {
        self.0.issued.get(id)
    }

    /// The event log.
    pub fn log(&self) -> &Arc<Log> {
        &self.0.log
    }

    /// What was used of the org's allocations.
    pub fn usage(&self) -> &Usage {
        &self.0.usage
    }

    /// Keeps what was counted since the last time.
    ///
    /// # Errors
    /// [`Error::Store`] or [`Error::Stopped`].
    pub async fn save_usage(&self) -> Result<(), Error> {
        let documents = self.usage().unsaved();
        if documents.is_empty() {
            return Ok(());
        }
        self.put(documents).await
    }

    /// The usage of some hours, counted from 1970, as far as there was any; the last one may be going on.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Document`].
    pub async fn usage_of(&self, hours: RangeInclusive<i64>) -> Result<Vec<usage::Hour>, Error> {
        usage::history(self, hours).await
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

    /// Whether writes are taken: not after the store has failed.
    pub fn is_writable(&self) -> bool {
        self.0.writer.is_healthy()
    }
}
