//! What is kept in memory of an org and follows from what is stored: definitions, schemas, `PushTopics`, generic channels,
//! rights, and the end and the beginning of the log.
//!
//! There is one way to get it, [`OrgState::load`], and one way to move it on, [`OrgState::apply`] with what a commit has
//! touched; loading is applying everything. What other crates keep of the same kind, such as logins, is a [`Projection`]
//! that is attached to it. The writer applies its own commits after they are durable and before they are answered or
//! delivered, the log last: a reader of an event finds the definitions and the rights that it was committed with.
//!
//! A commit that is durable but cannot be applied makes the state *stale*. The commit is answered as what it is. Until the
//! state has been loaded again the writer takes no changes, nobody is let in, and no event of the commit is shown.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use landfall_model::{CommitNumber, RecordId, ServiceFault, Timestamp};
use landfall_schema::EventSchema;
use landfall_store::{Commit, DocumentKind, Event, Position, Reader, Reads, TopicId};
use tokio::sync::watch;

use crate::access::{AllRights, Rights};
use crate::clock::Clock;
use crate::compiled::{Compilation, Compilations};
use crate::definitions::{Definitions, InForce, Options};
use crate::error::Error;
use crate::generic_channels::{self, GenericChannels};
use crate::log::{Hold, Log};
use crate::schemas::Schemas;
use crate::topics::{self, PushTopics, TopicsInForce};
use crate::touched::{Scope, Touched};

/// What somebody else keeps in memory of what is stored.
pub trait Projection: Send + Sync {
    /// Applies what a commit has changed, before the commit is answered or delivered. Called on the writer's thread: all
    /// writing waits for it.
    ///
    /// # Errors
    /// [`Error`] if the store cannot be read: the state is stale then, and this is called again with everything.
    fn apply(&self, applied: &Applied<'_>) -> Result<(), Error>;
}

/// A commit on its way through the projections. Those of the engine have taken it in.
pub struct Applied<'a> {
    /// What it has touched.
    pub touched: &'a Touched,
    /// The store after it.
    pub reads: &'a dyn Reads,
    state: &'a OrgState,
}

impl Applied<'_> {
    /// The definitions after the commit.
    pub fn definitions(&self) -> Arc<Definitions> {
        self.state.definitions()
    }

    /// What a user may do, now and later.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn rights(&self, user: RecordId) -> Result<Arc<Rights>, Error> {
        self.state.rights(self.reads, user)
    }
}

/// The state of one org.
pub(crate) struct OrgState {
    options: Options,
    clock: Arc<dyn Clock>,
    compilations: Compilations,
    definitions: InForce,
    schemas: Schemas,
    /// That of the events of generic channels.
    generic: Arc<EventSchema>,
    topics: TopicsInForce,
    channels: GenericChannels,
    rights: AllRights,
    log: Arc<Log>,
    attached: Mutex<Vec<Weak<dyn Projection>>>,
    is_stale: AtomicBool,
    version: AtomicU64,
}

impl OrgState {
    /// The state of what is stored, which is compiled already.
    ///
    /// # Errors
    /// [`Error`] if the store or a document cannot be read.
    pub(crate) fn load(
        reader: &Arc<dyn Reader>,
        options: Options,
        clock: Arc<dyn Clock>,
        compilation: Compilation,
    ) -> Result<Self, Error> {
        let schemas = Schemas::default();
        let definitions = InForce::default();
        let log = Arc::new(Log::open(Arc::clone(reader), definitions.watch())?);
        let state = Self {
            options,
            clock,
            compilations: Compilations::default(),
            definitions,
            generic: schemas.add(generic_schema()?),
            schemas,
            topics: TopicsInForce::default(),
            channels: GenericChannels::default(),
            rights: AllRights::default(),
            attached: Mutex::default(),
            is_stale: AtomicBool::new(false),
            version: AtomicU64::new(0),
            log,
        };
        let begun = compilation.compiled.clone();
        state.compilations.expect(Some(Box::new(compilation)));
        state.load_again(&**reader)?;
        state.compilations.begin(begun);
        Ok(state)
    }

    /// Takes in everything that is stored.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub(crate) fn load_again(&self, reader: &dyn Reader) -> Result<(), Error> {
        // First: a commit that is made meanwhile is applied once more, which changes nothing.
        let position = reader.position()?;
        self.apply_touched(reader, &Touched::everything())?;
        self.has_come_to(position, &[]);
        self.is_stale.store(false, Ordering::Release);
        Ok(())
    }

    /// Takes in a commit. `events` are those that it has appended, as far as they are at hand: others are read from the
    /// store when somebody asks for them.
    ///
    /// # Errors
    /// [`Error`] if the store or a document cannot be read. The state is no whole one then: [`Self::is_stale_now`].
    pub(crate) fn apply(
        &self,
        reads: &dyn Reads,
        commit: &Commit,
        events: &[Arc<Event>],
    ) -> Result<(), Error> {
        let touched = Touched::of(&commit.touched);
        if !touched.is_nothing() {
            self.apply_touched(reads, &touched)?;
        }
        self.has_come_to(commit.position(), events);
        Ok(())
    }

    /// Holds events back that are about to be shown.
    pub(crate) fn hold(&self, holds: &[Hold]) {
        self.log.hold(holds);
    }

    fn has_come_to(&self, position: Position, events: &[Arc<Event>]) {
        self.log.advance(events, position.tail);
        let number = position.commit_number.get();
        self.version.fetch_max(number, Ordering::Release);
    }

    /// The newest commit that is in the state.
    pub(crate) fn version(&self) -> CommitNumber {
        CommitNumber::new(self.version.load(Ordering::Acquire))
    }

    fn apply_touched(&self, reads: &dyn Reads, touched: &Touched) -> Result<(), Error> {
        self.schemas
            .apply(reads, &touched.documents(DocumentKind::Schema))?;
        if touched.definitions() {
            let earlier = self.definitions.get();
            let ahead = self.compilations.expected();
            let (options, schemas) = (self.options, &self.schemas);
            let definitions = Definitions::load(reads, options, schemas, &earlier, ahead)?;
            let definitions = Arc::new(definitions);
            let topics = self.topics_of(reads, &definitions, self.clock.now())?;
            self.topics.replace(topics);
            self.definitions.replace(definitions);
        }
        let definitions = self.definitions.get();
        let catalog = definitions.catalog();
        if let Scope::These(records) = touched.records(topics::OBJECT) {
            let now = self.clock.now();
            let before = self.topics.get();
            let topics = before.changed(records, reads, catalog, &self.schemas, now)?;
            self.topics.replace(topics);
        }
        let channels = touched.records(generic_channels::OBJECT);
        self.channels.apply(reads, catalog, channels)?;
        self.rights.apply(reads, &definitions, touched)?;
        for projection in self.projections() {
            projection.apply(&Applied {
                touched,
                reads,
                state: self,
            })?;
        }
        if touched.rewound() {
            self.log.replaced()?;
        } else if touched.log() {
            self.log.trimmed()?;
        }
        Ok(())
    }

    fn topics_of(
        &self,
        reads: &dyn Reads,
        definitions: &Definitions,
        now: Timestamp,
    ) -> Result<PushTopics, Error> {
        PushTopics::load(reads, definitions.catalog(), &self.schemas, now)
    }

    /// Reads conditions with dates such as `TODAY` again if the day is another.
    ///
    /// # Errors
    /// [`Error`] if the store cannot be read: the topics are as before.
    pub(crate) fn date_topics(&self, reads: &dyn Reads, now: Timestamp) -> Result<(), Error> {
        if self.topics.get().is_stale(now) {
            let topics = self.topics_of(reads, &self.definitions.get(), now)?;
            self.topics.replace(topics);
        }
        Ok(())
    }

    /// Has a projection take in everything now, and each commit from now on, until it is dropped.
    ///
    /// # Errors
    /// Those of the projection: it is not attached then.
    pub(crate) fn attach(
        &self,
        reads: &dyn Reads,
        projection: &Weak<dyn Projection>,
    ) -> Result<(), Error> {
        let Some(attached) = projection.upgrade() else {
            return Ok(());
        };
        attached.apply(&Applied {
            touched: &Touched::everything(),
            reads,
            state: self,
        })?;
        let mut all = self.attached();
        all.retain(|known| known.strong_count() > 0);
        all.push(Weak::clone(projection));
        Ok(())
    }

    fn projections(&self) -> Vec<Arc<dyn Projection>> {
        self.attached().iter().filter_map(Weak::upgrade).collect()
    }

    fn attached(&self) -> MutexGuard<'_, Vec<Weak<dyn Projection>>> {
        self.attached.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note that a durable commit is not in the state.
    pub(crate) fn is_stale_now(&self) {
        self.is_stale.store(true, Ordering::Release);
    }

    /// Whether a durable commit is not in the state.
    pub(crate) fn is_stale(&self) -> bool {
        self.is_stale.load(Ordering::Acquire)
    }

    /// The same as a verdict.
    ///
    /// # Errors
    /// [`ServiceFault::StoreUnavailable`].
    pub(crate) fn check(&self) -> Result<(), ServiceFault> {
        if self.is_stale() {
            Err(ServiceFault::StoreUnavailable)
        } else {
            Ok(())
        }
    }

    /// What decides about the state besides the store.
    pub(crate) const fn options(&self) -> &Options {
        &self.options
    }

    /// What was compiled and is needed once more.
    pub(crate) const fn compilations(&self) -> &Compilations {
        &self.compilations
    }

    pub(crate) fn definitions(&self) -> Arc<Definitions> {
        self.definitions.get()
    }

    pub(crate) fn watch(&self) -> watch::Receiver<Arc<Definitions>> {
        self.definitions.watch()
    }

    pub(crate) const fn schemas(&self) -> &Schemas {
        &self.schemas
    }

    pub(crate) const fn generic_schema(&self) -> &Arc<EventSchema> {
        &self.generic
    }

    pub(crate) fn topics(&self) -> Arc<PushTopics> {
        self.topics.get()
    }

    pub(crate) const fn channels(&self) -> &GenericChannels {
        &self.channels
    }

    pub(crate) const fn log(&self) -> &Arc<Log> {
        &self.log
    }

    /// The channel that the events of a topic come on, as subscribers spell it.
    pub(crate) fn channel_of(&self, topic: TopicId) -> Option<String> {
        let definitions = self.definitions();
        let declared = definitions.name_of(topic).map(ToString::to_string);
        let of_push_topic = || {
            let topics = self.topics();
            let topic = topics.numbered(topic)?;
            Some(format!("/topic/{}", topic.name))
        };
        declared
            .or_else(of_push_topic)
            .or_else(|| self.channels.name_of(topic))
    }

    /// The rights of a user that are in memory already.
    pub(crate) fn known_rights(&self, user: RecordId) -> Option<Arc<Rights>> {
        self.rights.find(user)
    }

    /// The rights of all users, as faults change them.
    pub(crate) const fn all_rights(&self) -> &AllRights {
        &self.rights
    }

    /// The rights of any user.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub(crate) fn rights(&self, reads: &dyn Reads, user: RecordId) -> Result<Arc<Rights>, Error> {
        Ok(self.rights.open(reads, || self.definitions.get(), user)?)
    }
}

/// The schema of the events of generic channels.
pub(crate) fn generic_schema() -> Result<EventSchema, Error> {
    EventSchema::of_generic_event().map_err(|source| Error::Schema {
        entity: generic_channels::OBJECT.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests;
