//! What the org consists of at a moment: objects, platform events, their schemas and topics.
//!
//! A set is never changed: a deployment makes a new one, which replaces the old between two groups. Who holds the old one
//! goes on with it.

mod channels;

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::Arc;

use landfall_metadata::{ConnectedApp, OriginPattern, Settings};
use landfall_model::{
    Catalog, EntityDefinition, EntityName, PlatformEventDefinition, Timestamp, Topic,
};
use landfall_schema::EventSchema;
use landfall_store::{Document, DocumentKind, Reads, TopicId, Writer};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::Streams;
use crate::blueprint::Blueprints;
use crate::channel::{Channel, Declared};
use crate::compiled::{Compilation, Compiled};
use crate::components::Components;
use crate::currencies;
use crate::deleted_events::DeletedEvents;
use crate::error::Error;
use crate::formulas::FormulaFields;
use crate::identity;
use crate::managed::{self, Managed};
use crate::object_access::ObjectAccess;
use crate::objects::CONTACT;
use crate::record_types::Visibilities;
use crate::schemas::Schemas;
use crate::shipped;
use crate::stored;

/// How the changes of one object are captured.
#[derive(Clone, Debug)]
pub(crate) struct Capture {
    pub(crate) schema: Arc<EventSchema>,
    pub(crate) topic: TopicId,
}

/// How a platform event is published.
#[derive(Clone, Debug)]
pub struct Publication {
    /// The event.
    pub event: Arc<PlatformEventDefinition>,
    /// The event as requests and describes see it.
    pub object: Arc<EntityDefinition>,
    /// Its present schema.
    pub schema: Arc<EventSchema>,
    /// The topic that carries it.
    pub topic: TopicId,
}

/// What decides about definitions besides the components that are stored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    /// Whether changes of every object that supports it are captured.
    pub(crate) capture_all: bool,
    /// How many `PushTopics` and generic channels there may be.
    pub(crate) streams: Streams,
}

/// What is on a topic.
#[derive(Clone, Debug)]
pub enum Subject {
    /// Changes of an object's records.
    Changes(Arc<EntityDefinition>),
    /// A platform event.
    PlatformEvent(Arc<PlatformEventDefinition>),
}

/// The number of a topic.
type Numbering<'n> = dyn Fn(&Topic) -> Result<TopicId, Error> + 'n;

/// One set of definitions.
#[derive(Clone, Debug, Default)]
pub struct Definitions {
    catalog: Arc<Catalog>,
    blueprints: Arc<Blueprints>,
    formulas: Arc<FormulaFields>,
    modified: Timestamp,
    captures: HashMap<EntityName, Capture>,
    publications: HashMap<EntityName, Publication>,
    subjects: HashMap<TopicId, Subject>,
    topics: HashMap<Topic, TopicId>,
    /// The topics whose objects are selected for capture, rising.
    selected: Vec<TopicId>,
    channels: HashMap<Topic, Arc<Channel>>,
    declared: Arc<Declared>,
    managed: Vec<Arc<Managed>>,
    connected_apps: Vec<Arc<ConnectedApp>>,
    cors_origins: Arc<[OriginPattern]>,
    settings: Settings,
    components: Arc<Components>,
    visibilities: Arc<Visibilities>,
    deleted_events: Option<Arc<DeletedEvents>>,
}

impl Definitions {
    /// The definitions of the stored components, which are compiled unless `ahead` is what they come to. The topics are
    /// numbered by then, see [`required`]; `earlier` is the set that this one replaces.
    ///
    /// # Errors
    /// [`Error`] if the store or a component cannot be read.
    pub(crate) fn load(
        reads: &dyn Reads,
        options: Options,
        schemas: &Schemas,
        earlier: &Self,
        ahead: Option<Box<Compilation>>,
    ) -> Result<Self, Error> {
        let (Compilation { mut compiled, .. }, components) = Compilation::stored(reads, ahead)?;
        compiled.catalog = compiled.with_types(&components);
        compiled.catalog = currencies::offered(reads, compiled.catalog)?;
        let blueprints = Blueprints::new(&compiled.catalog, &compiled.roll_ups, options.streams);
        let blueprints = blueprints
            .with_rules(&compiled.validation_rules)
            .with_filters(&compiled.lookup_filters)
            .with_defaults(&compiled.defaults)
            .of_org(identity::id(reads)?);
        let beginning = Self {
            modified: modified(reads)?.map_or_else(Timestamp::default, |modified| modified.at()),
            blueprints: Arc::new(blueprints),
            deleted_events: DeletedEvents::stored(reads)?.map(Arc::new),
            ..Self::default()
        };
        let number = |topic: &Topic| stored::topic_number(reads, topic);
        beginning.with(compiled, components, options, (schemas, &number), earlier)
    }

    /// What components would come to that are not stored. It can be read; records and events go by what is in force.
    ///
    /// # Errors
    /// [`Error`] if a component cannot be read.
    pub(crate) fn staged(
        compiled: Compiled,
        components: Components,
        options: Options,
        earlier: &Self,
    ) -> Result<Self, Error> {
        let beginning = Self {
            modified: earlier.modified,
            blueprints: Arc::clone(&earlier.blueprints),
            deleted_events: earlier.deleted_events.clone(),
            ..Self::default()
        };
        // A topic gets its number when it is stored. No event is on it until then, so a number that none has will do.
        let unused = Cell::new(u32::MAX);
        let number = |topic: &Topic| {
            Ok(earlier.topic(topic).unwrap_or_else(|| {
                unused.set(unused.get() - 1);
                TopicId(unused.get())
            }))
        };
        let schemas = Schemas::default();
        beginning.with(compiled, components, options, (&schemas, &number), earlier)
    }

    /// The same with everything that follows from components.
    fn with(
        self,
        compiled: Compiled,
        components: Components,
        options: Options,
        (schemas, number): (&Schemas, &Numbering<'_>),
        earlier: &Self,
    ) -> Result<Self, Error> {
        let catalog = compiled.catalog;
        let formulas = FormulaFields {
            formulas: compiled.formulas,
            whole: Arc::clone(&catalog),
        };
        let mut definitions = Self {
            formulas: Arc::new(formulas),
            managed: managed::loaded(compiled.managed, &earlier.managed, &components)?,
            connected_apps: compiled.connected_apps,
            cors_origins: compiled.cors_origins.into(),
            settings: compiled.settings,
            components: Arc::new(components),
            visibilities: Arc::new(compiled.visibilities),
            ..self
        };
        for entity in catalog.entities() {
            if let Some(change_event) = &entity.change_event {
                let schema = schemas.add(shipped::schema_of_changes(entity)?);
                let topic = Topic::of_change_event(change_event.name.as_str());
                let topic =
                    definitions.number(number, topic, Subject::Changes(Arc::clone(entity)))?;
                let capture = Capture { schema, topic };
                definitions.captures.insert(entity.name.clone(), capture);
            }
        }
        for event in catalog.platform_events() {
            let (schema, object) = shipped::published(event)?;
            let subject = Subject::PlatformEvent(Arc::clone(event));
            let publication = Publication {
                event: Arc::clone(event),
                object,
                schema: schemas.add(schema),
                topic: definitions.number(number, event.topic(), subject)?,
            };
            definitions
                .publications
                .insert(event.name.clone(), publication);
        }
        let declared = compiled.channels.capturing(options.capture_all);
        let channels = channels::channels(&definitions, &declared);
        definitions.selected = channels
            .values()
            .filter(|channel| !channel.is_of_platform_events())
            .flat_map(|channel| channel.topics().iter().copied())
            .collect();
        definitions.selected.sort_unstable();
        definitions.selected.dedup();
        definitions.channels = channels;
        definitions.declared = Arc::new(declared);
        definitions.catalog = catalog;
        Ok(definitions)
    }

    /// What the planner has to know of the objects.
    pub(crate) const fn blueprints(&self) -> &Arc<Blueprints> {
        &self.blueprints
    }

    /// The formula fields, whether or not users see them.
    pub(crate) const fn formula_fields(&self) -> &Arc<FormulaFields> {
        &self.formulas
    }

    /// The same with another catalogue, and without the platform events that may not be read. What may not be created
    /// says so.
    pub(crate) fn seen(
        &self,
        catalog: Catalog,
        access: impl Fn(&PlatformEventDefinition) -> ObjectAccess,
    ) -> Self {
        let events = self.catalog.platform_events().iter();
        let events = events.filter(|event| access(event).read);
        let catalog = catalog.with_platform_events(events.map(Arc::clone));
        let mut seen = Self {
            catalog: Arc::new(catalog),
            ..self.clone()
        };
        seen.publications.retain(|_, publication| {
            let access = access(&publication.event);
            if !access.create && publication.object.capabilities.createable {
                let mut object = EntityDefinition::clone(&publication.object);
                object.capabilities.createable = false;
                publication.object = Arc::new(object);
            }
            access.read
        });
        seen
    }

    fn number(
        &mut self,
        number: &Numbering<'_>,
        topic: Topic,
        subject: Subject,
    ) -> Result<TopicId, Error> {
        let number = number(&topic)?;
        self.topics.insert(topic, number);
        self.subjects.insert(number, subject);
        Ok(number)
    }

    /// The deployed client with this consumer key.
    pub fn connected_app(&self, consumer_key: &str) -> Option<&Arc<ConnectedApp>> {
        let mut apps = self.connected_apps.iter();
        apps.find(|app| app.consumer_key == consumer_key)
    }

    /// The CORS allowlist.
    pub fn cors_origins(&self) -> &[OriginPattern] {
        &self.cors_origins
    }

    /// What is switched on.
    pub const fn settings(&self) -> Settings {
        self.settings
    }

    /// The components that all this comes from.
    pub const fn components(&self) -> &Arc<Components> {
        &self.components
    }

    /// The record types that permission sets and profiles make visible.
    pub(crate) fn visibilities(&self) -> &Visibilities {
        &self.visibilities
    }

    /// The subscriptions whose positions the service keeps, sorted by name.
    pub fn managed(&self) -> &[Arc<Managed>] {
        &self.managed
    }

    /// The objects and platform events.
    pub const fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    /// When they changed last.
    pub const fn modified(&self) -> Timestamp {
        self.modified
    }

    /// The number of a topic, if events can be on it: `/data/AccountChangeEvent`, `/event/Low_Ink__e`.
    pub fn topic(&self, topic: &Topic) -> Option<TopicId> {
        self.topics.get(topic).copied()
    }

    /// The name of a topic.
    pub fn name_of(&self, topic: TopicId) -> Option<&Topic> {
        let mut topics = self.topics.iter();
        topics.find_map(|(name, number)| (*number == topic).then_some(name))
    }

    /// The topics that events can be on, in any order.
    pub(crate) fn topics(&self) -> impl Iterator<Item = (&Topic, TopicId)> {
        self.topics.iter().map(|(name, number)| (name, *number))
    }

    /// The channels that carry several topics, in any order.
    pub(crate) fn channels(&self) -> impl Iterator<Item = (&Topic, &Arc<Channel>)> {
        self.channels.iter()
    }

    /// The channel behind a name such as `/data/ChangeEvents` or `/event/Orders__chn`.
    pub fn channel(&self, name: &str) -> Option<&Arc<Channel>> {
        self.channels.get(name)
    }

    /// The custom channels as they are declared, sorted by name.
    pub fn custom_channels(&self) -> &[landfall_metadata::Channel] {
        &self.declared.channels
    }

    /// What is declared to be on channels, sorted by name.
    pub fn channel_members(&self) -> &[landfall_metadata::ChannelMember] {
        &self.declared.members
    }

    /// Whether changes of every object that supports it are captured, whatever the members of channels are.
    pub fn captures_all(&self) -> bool {
        self.declared.capture_all
    }

    /// The topics of all objects whose changes can be captured.
    pub(crate) fn capturable(&self) -> impl Iterator<Item = TopicId> {
        self.captures.values().map(|capture| capture.topic)
    }

    /// Which events of the log were deleted with their definition; none if there are none.
    pub const fn deleted_events(&self) -> Option<&Arc<DeletedEvents>> {
        self.deleted_events.as_ref()
    }

    /// What is on a topic.
    pub fn subject(&self, topic: TopicId) -> Option<&Subject> {
        self.subjects.get(&topic)
    }

    /// The present change event schema of an object.
    pub fn change_event_schema(&self, entity: &str) -> Option<&Arc<EventSchema>> {
        self.captures.get(entity).map(|capture| &capture.schema)
    }

    /// How a platform event is published, by name in any letter case.
    pub fn publication(&self, event: &str) -> Option<&Publication> {
        let event = self.catalog.platform_event(event)?;
        self.publications.get(&event.name)
    }

    /// All platform events and how they are published, sorted by name.
    pub fn publications(&self) -> impl Iterator<Item = &Publication> {
        self.catalog
            .platform_events()
            .iter()
            .filter_map(|event| self.publications.get(&event.name))
    }

    /// The present schema of what is on a topic.
    pub fn schema_on(&self, topic: TopicId) -> Option<&Arc<EventSchema>> {
        match self.subject(topic)? {
            Subject::Changes(entity) => self.change_event_schema(entity.name.as_str()),
            Subject::PlatformEvent(event) => self
                .publications
                .get(&event.name)
                .map(|publication| &publication.schema),
        }
    }

    /// Whether changes of the object are captured.
    pub fn captures(&self, entity: &EntityDefinition) -> bool {
        self.capture_of(entity).is_some()
    }

    /// Whether changes of contacts are captured.
    pub(crate) fn captures_contacts(&self) -> bool {
        let contact = self.catalog.entity(CONTACT);
        contact.is_some_and(|contact| self.captures(contact))
    }

    /// How changes of the object are captured; none if they are not.
    pub(crate) fn capture_of(&self, entity: &EntityDefinition) -> Option<&Capture> {
        self.captures
            .get(&entity.name)
            .filter(|capture| self.selected.binary_search(&capture.topic).is_ok())
    }
}

/// What has to be there before definitions with this catalogue are in force: the numbers of their topics are given here,
/// their new schemas come back as documents. The tables are prepared by then.
///
/// # Errors
/// [`Error::Schema`], [`Error::Store`].
pub(crate) fn required(
    writer: &mut dyn Writer,
    catalog: &Catalog,
    schemas: &Schemas,
) -> Result<Vec<Document>, Error> {
    let changes = catalog.entities().iter().filter_map(|entity| {
        let event = entity.change_event.as_ref()?;
        Some(Topic::of_change_event(event.name.as_str()))
    });
    let events = catalog.platform_events().iter().map(|event| event.topic());
    let topics: Vec<Topic> = changes.chain(events).collect();
    writer.number(&topics)?;
    let mut documents = Vec::new();
    for entity in catalog.entities() {
        if entity.change_event.is_some() {
            let schema = shipped::schema_of_changes(entity)?;
            documents.extend(schemas.document_of_new(&schema));
        }
    }
    for event in catalog.platform_events() {
        let (schema, _) = shipped::published(event)?;
        documents.extend(schemas.document_of_new(&schema));
    }
    Ok(documents)
}

/// When the definitions changed last.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Modified {
    /// Unit: milliseconds since the epoch.
    modified: i64,
    /// The release that compiled them. Another one may ship other objects.
    release: String,
}

impl Modified {
    /// A change by this release.
    pub(crate) fn now(at: Timestamp) -> Self {
        Self {
            modified: at.as_millis(),
            release: RELEASE.to_owned(),
        }
    }

    pub(crate) const fn at(&self) -> Timestamp {
        Timestamp::from_millis(self.modified)
    }

    /// Whether it was this release that compiled them.
    pub(crate) fn is_by_this_release(&self) -> bool {
        self.release == RELEASE
    }

    pub(crate) fn document(&self) -> Document {
        stored::document(DocumentKind::Org, stored::DEFINITIONS, self)
    }
}

const RELEASE: &str = env!("CARGO_PKG_VERSION");

/// When the stored definitions changed last; none in a data folder from before that was stored.
pub(crate) fn modified(reads: &dyn Reads) -> Result<Option<Modified>, Error> {
    let content = reads.document(DocumentKind::Org, stored::DEFINITIONS)?;
    content
        .map(|content| stored::read("time of the last change of definitions", &content))
        .transpose()
}

/// The set in force.
#[derive(Debug)]
pub(crate) struct InForce(watch::Sender<Arc<Definitions>>);

impl Default for InForce {
    fn default() -> Self {
        Self(watch::Sender::new(Arc::default()))
    }
}

impl InForce {
    pub(crate) fn get(&self) -> Arc<Definitions> {
        Arc::clone(&self.0.borrow())
    }

    pub(crate) fn replace(&self, definitions: Arc<Definitions>) {
        self.0.send_replace(definitions);
    }

    pub(crate) fn watch(&self) -> watch::Receiver<Arc<Definitions>> {
        self.0.subscribe()
    }
}
