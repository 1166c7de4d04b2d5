//! What the org consists of at a moment: objects, platform events, their schemas and topics.
//!
//! A set is never changed: a deployment makes a new one, and the writer puts it in the place of the old between two
//! groups. Whoever holds the old one goes on with it.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};

use landfall_metadata::{ConnectedApp, Settings};
use landfall_model::{
    Catalog, EntityDefinition, EntityName, PlatformEventDefinition, SchemaId, Timestamp, Topic,
};
use landfall_schema::EventSchema;
use landfall_store::{Document, DocumentKind, TopicId, Writer};
use tokio::sync::watch;

use crate::access::ObjectAccess;
use crate::channel::{self, Channel, Declared};
use crate::components::Components;
use crate::error::Error;
use crate::managed::Managed;
use crate::view::Views;

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

/// What is on a topic.
#[derive(Clone, Debug)]
pub enum Subject {
    /// Changes of an object's records.
    Changes(Arc<EntityDefinition>),
    /// A platform event.
    PlatformEvent(Arc<PlatformEventDefinition>),
}

/// One set of definitions.
#[derive(Clone, Debug, Default)]
pub struct Definitions {
    catalog: Arc<Catalog>,
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
    settings: Settings,
    components: Arc<Components>,
}

impl Definitions {
    /// Makes the set of a catalogue: tables, topics and schemas. Schemas that are new come back as documents, to be
    /// kept before the first event that needs them.
    pub(crate) fn build(
        writer: &mut dyn Writer,
        catalog: Catalog,
        modified: Timestamp,
        declared: &Declared,
        (issued, views): (&Issued, &Views),
    ) -> Result<(Self, Vec<Document>), Error> {
        writer.prepare(catalog.entities())?;
        let mut definitions = Self {
            modified,
            ..Self::default()
        };
        let mut new = Vec::new();
        for entity in catalog.entities() {
            if let Some(change_event) = &entity.change_event {
                let schema = built(EventSchema::of_change_event(entity), &entity.name)?;
                let schema = issued.add(schema, &mut new);
                let topic = Topic::of_change_event(change_event.name.as_str());
                let topic =
                    definitions.number(writer, topic, Subject::Changes(Arc::clone(entity)))?;
                let capture = Capture { schema, topic };
                definitions.captures.insert(entity.name.clone(), capture);
            }
        }
        for event in catalog.platform_events() {
            let schema = built(EventSchema::of_platform_event(event), &event.name)?;
            let schema = issued.add(schema, &mut new);
            let subject = Subject::PlatformEvent(Arc::clone(event));
            let topic = definitions.number(writer, event.topic(), subject)?;
            let publication = Publication {
                event: Arc::clone(event),
                object: Arc::new(landfall_metadata::event_object(event)),
                schema,
                topic,
            };
            definitions
                .publications
                .insert(event.name.clone(), publication);
        }
        let channels = channel::channels(&definitions, declared, views);
        definitions.selected = channels
            .values()
            .filter(|channel| !channel.is_of_platform_events())
            .flat_map(|channel| channel.topics().iter().copied())
            .collect();
        definitions.selected.sort_unstable();
        definitions.selected.dedup();
        definitions.channels = channels;
        definitions.declared = Arc::new(declared.clone());
        definitions.catalog = Arc::new(catalog);
        Ok((definitions, new))
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
        writer: &mut dyn Writer,
        topic: Topic,
        subject: Subject,
    ) -> Result<TopicId, Error> {
        let number = writer.topic(&topic)?;
        self.topics.insert(topic, number);
        self.subjects.insert(number, subject);
        Ok(number)
    }

    /// The same with subscriptions whose positions the service keeps.
    pub(crate) fn with_managed(mut self, managed: Vec<Arc<Managed>>) -> Self {
        self.managed = managed;
        self
    }

    /// The same with clients that may ask for tokens.
    pub(crate) fn with_connected_apps(mut self, apps: Vec<Arc<ConnectedApp>>) -> Self {
        self.connected_apps = apps;
        self
    }

    /// The deployed client with this consumer key.
    pub fn connected_app(&self, consumer_key: &str) -> Option<&Arc<ConnectedApp>> {
        let mut apps = self.connected_apps.iter();
        apps.find(|app| app.consumer_key == consumer_key)
    }

    /// The same with what is switched on.
    pub(crate) const fn with_settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// What is switched on.
    pub const fn settings(&self) -> Settings {
        self.settings
    }

    /// The same with the components that it comes from.
    pub(crate) fn with_components(mut self, components: Components) -> Self {
        self.components = Arc::new(components);
        self
    }

    /// The components that all this comes from.
    pub const fn components(&self) -> &Arc<Components> {
        &self.components
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

    /// The topics of all objects whose changes can be captured.
    pub(crate) fn capturable(&self) -> impl Iterator<Item = TopicId> {
        self.captures.values().map(|capture| capture.topic)
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

    /// How changes of the object are captured; none if they are not.
    pub(crate) fn capture_of(&self, entity: &EntityDefinition) -> Option<&Capture> {
        self.captures
            .get(&entity.name)
            .filter(|capture| self.selected.binary_search(&capture.topic).is_ok())
    }
}

fn built(
    schema: Result<EventSchema, landfall_schema::Error>,
    name: &EntityName,
) -> Result<EventSchema, Error> {
    schema.map_err(|source| Error::Schema {
        entity: name.to_string(),
        source,
    })
}

/// Every schema that was ever issued, by id: a retained event can always be read.
#[derive(Debug, Default)]
pub(crate) struct Issued(RwLock<HashMap<SchemaId, Arc<EventSchema>>>);

impl Issued {
    pub(crate) fn load(writer: &dyn Writer) -> Result<Self, Error> {
        let mut issued = HashMap::new();
        for (id, content) in writer.documents(DocumentKind::Schema)? {
            let unreadable = |reason: String| Error::Document {
                what: "event schema",
                reason: format!("{id}: {reason}"),
            };
            let json = String::from_utf8(content).map_err(|error| unreadable(error.to_string()))?;
            let schema =
                EventSchema::parse(&json).map_err(|error| unreadable(error.to_string()))?;
            issued.insert(schema.id(), Arc::new(schema));
        }
        Ok(Self(RwLock::new(issued)))
    }

    pub(crate) fn get(&self, id: SchemaId) -> Option<Arc<EventSchema>> {
        let issued = self.0.read().unwrap_or_else(PoisonError::into_inner);
        issued.get(&id).cloned()
    }

    /// The schemas that the store does not have, as documents.
    pub(crate) fn not_stored(&self, writer: &dyn Writer) -> landfall_store::Result<Vec<Document>> {
        let stored = writer.documents(DocumentKind::Schema)?;
        let stored: HashSet<String> = stored.into_iter().map(|(key, _)| key).collect();
        let issued = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let missing = issued
            .values()
            .filter(|schema| !stored.contains(&schema.id().to_string()));
        Ok(missing.map(|schema| schema_document(schema)).collect())
    }

    /// A schema that knows its rows takes the place of one that was read back; a new one has to be kept.
    pub(crate) fn add(&self, schema: EventSchema, new: &mut Vec<Document>) -> Arc<EventSchema> {
        let schema = Arc::new(schema);
        let mut issued = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if issued.insert(schema.id(), Arc::clone(&schema)).is_none() {
            new.push(schema_document(&schema));
        }
        schema
    }
}

fn schema_document(schema: &EventSchema) -> Document {
    Document {
        kind: DocumentKind::Schema,
        key: schema.id().to_string(),
        content: Some(schema.avro_json().as_bytes().to_vec()),
    }
}

/// The set in force.
#[derive(Debug)]
pub(crate) struct InForce(watch::Sender<Arc<Definitions>>);

impl InForce {
    pub(crate) fn new(definitions: Definitions) -> Self {
        Self(watch::Sender::new(Arc::new(definitions)))
    }

    pub(crate) fn get(&self) -> Arc<Definitions> {
        Arc::clone(&self.0.borrow())
    }

    pub(crate) fn replace(&self, definitions: Definitions) {
        self.0.send_replace(Arc::new(definitions));
    }

    pub(crate) fn watch(&self) -> watch::Receiver<Arc<Definitions>> {
        self.0.subscribe()
    }
}
