//! The `PushTopics` in force: which there are, what they watch, and the notifications that a transaction makes due.
//!
//! A set is never changed: a change of a `PushTopic` makes a new one, which is in force from the commit of the change on.
//! A transaction asks only the topics that watch an object of its changes.

mod compile;
mod computed;
mod outline;

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use landfall_capture::push_topic::{Seen, Telling, Watch};
use landfall_model::{
    Catalog, ChangeType, EntityDefinition, EventUuid, FieldDefinition, KeyPrefix, RecordId, Row,
    Timestamp, Topic, limits,
};
use landfall_query::push_topic::FieldIndexes;
use landfall_schema::EventSchema;
use landfall_store::{Document, NewEvent, Reads, TopicId, Writer};
use tracing::{error, warn};

use crate::access::Access;
use crate::error::Error;
use crate::plan::{Cause, Step};
use crate::schemas::Schemas;
use crate::stored;

pub(crate) use compile::{checked, notify_for_operations};
pub(crate) use computed::Filling;
use computed::States;
pub use outline::{PushTopicDraft, PushTopicOutline};

/// Name of the object whose records are topics.
pub(crate) const OBJECT: &str = "PushTopic";

const DAY_MILLIS: i64 = 86_400_000;

/// A topic that is active.
#[derive(Clone, Debug)]
pub struct PushTopic {
    /// Its record.
    pub id: RecordId,
    /// The part of its channel after `/topic/`.
    pub name: String,
    /// The number of its events, which its record keeps under any name.
    pub topic: TopicId,
    watch: Watch,
    schema: Arc<EventSchema>,
}

impl PushTopic {
    /// The object that it watches.
    pub fn entity(&self) -> &Arc<EntityDefinition> {
        &self.watch.query().plan.entity
    }

    /// The fields that its notifications tell.
    pub fn told(&self) -> impl Iterator<Item = &FieldDefinition> {
        self.fields(&self.watch.query().told)
    }

    /// The schema of its notifications, as subscribers with every right get them.
    pub fn schema(&self) -> &EventSchema {
        &self.schema
    }

    /// The fields that its condition is about.
    pub fn condition(&self) -> impl Iterator<Item = &FieldDefinition> {
        self.fields(&self.watch.query().condition)
    }

    fn fields<'s>(&'s self, places: &'s [usize]) -> impl Iterator<Item = &'s FieldDefinition> {
        let fields = &self.entity().fields;
        places.iter().filter_map(|place| fields.get(*place))
    }

    fn notification(
        &self,
        change: ChangeType,
        telling: &mut Telling<'_>,
        uuid: EventUuid,
    ) -> Option<NewEvent> {
        match self.schema.encode_event(telling.row(&self.watch, change)) {
            Ok(payload) => Some(NewEvent {
                topic: self.topic,
                id: uuid.into(),
                schema: self.schema.id(),
                payload: Bytes::from(payload),
            }),
            Err(failure) => {
                error!(error = %crate::chain(&failure), topic = self.name, "a PushTopic notification cannot be built");
                None
            }
        }
    }
}

/// The topics of one object.
#[derive(Clone, Debug, Default)]
struct Watched {
    topics: Vec<Arc<PushTopic>>,
    /// No topic notifies of an update of none of these fields.
    tracked: FieldIndexes,
    /// Whether notifications have formula fields.
    has_formulas: bool,
}

/// All active topics.
#[derive(Clone, Debug, Default)]
pub struct PushTopics {
    by_name: HashMap<String, Arc<PushTopic>>,
    by_topic: HashMap<TopicId, Arc<PushTopic>>,
    by_object: HashMap<KeyPrefix, Watched>,
    /// When conditions with dates such as `TODAY` mean something else; none without such.
    stale_at: Option<Timestamp>,
}

impl PushTopics {
    /// The topics of the stored records. A topic whose query the objects no longer allow is left out.
    pub(crate) fn load(
        reads: &dyn Reads,
        catalog: &Catalog,
        schemas: &Schemas,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let mut topics = Self::default();
        if let Some(entity) = catalog.entity(OBJECT) {
            for row in reads.recent_rows(entity, limits::PUSH_TOPICS_MAX)? {
                topics.add((entity, &row), reads, catalog, schemas, now)?;
            }
        }
        Ok(topics)
    }

    /// The set after a commit of these records.
    pub(crate) fn changed(
        &self,
        records: &BTreeSet<RecordId>,
        reads: &dyn Reads,
        catalog: &Catalog,
        schemas: &Schemas,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let mut topics = Self {
            stale_at: self.stale_at,
            ..Self::default()
        };
        let others = self.by_topic.values();
        for topic in others.filter(|topic| !records.contains(&topic.id)) {
            topics.insert(Arc::clone(topic));
        }
        if let Some(entity) = catalog.entity(OBJECT) {
            for id in records {
                if let Some(row) = reads.row(entity, *id)? {
                    topics.add((entity, &row), reads, catalog, schemas, now)?;
                }
            }
        }
        Ok(topics)
    }

    fn add(
        &mut self,
        (entity, row): (&EntityDefinition, &Row),
        reads: &dyn Reads,
        catalog: &Catalog,
        schemas: &Schemas,
        now: Timestamp,
    ) -> Result<(), Error> {
        let Some(id) = compile::id(entity, row).filter(|_| compile::is_active(entity, row)) else {
            return Ok(());
        };
        let compiled = match checked(entity, row, catalog, now) {
            Ok(compiled) => compiled,
            Err(refusal) => {
                warn!(?refusal, record_id = %id, "a PushTopic no longer fits its object and sends no notifications");
                return Ok(());
            }
        };
        if compiled.watch.query().is_dated {
            let next_day = (now.as_millis().div_euclid(DAY_MILLIS) + 1).saturating_mul(DAY_MILLIS);
            self.stale_at = Some(Timestamp::from_millis(next_day));
        }
        self.insert(Arc::new(PushTopic {
            id,
            name: compiled.name,
            topic: stored::topic_number(reads, &topic_of(id))?,
            watch: compiled.watch,
            schema: schemas.add(compiled.schema),
        }));
        Ok(())
    }

    fn insert(&mut self, topic: Arc<PushTopic>) {
        let watched = self.by_object.entry(topic.entity().key_prefix);
        let watched = watched.or_default();
        watched.tracked.extend(topic.watch.tracked());
        watched.has_formulas |= topic.told().any(|field| field.formula.is_some());
        watched.topics.push(Arc::clone(&topic));
        self.by_topic.insert(topic.topic, Arc::clone(&topic));
        self.by_name.insert(topic.name.clone(), topic);
    }

    /// Whether conditions have come to mean something else.
    pub(crate) fn is_stale(&self, now: Timestamp) -> bool {
        self.stale_at.is_some_and(|stale_at| now >= stale_at)
    }

    /// All topics, sorted by name.
    pub fn sorted(&self) -> Vec<&PushTopic> {
        let mut topics: Vec<&PushTopic> = self.by_name.values().map(|topic| &**topic).collect();
        topics.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        topics
    }

    /// A topic by the part of its channel after `/topic/`: letter case counts.
    pub fn named(&self, name: &str) -> Option<&Arc<PushTopic>> {
        self.by_name.get(name)
    }

    /// A topic by the number of its events.
    pub fn numbered(&self, topic: TopicId) -> Option<&Arc<PushTopic>> {
        self.by_topic.get(&topic)
    }

    /// The notifications of what a transaction did, all its steps in order, with its user.
    pub(crate) fn notifications(
        &self,
        steps: &[Step],
        (user, access): (RecordId, Option<&Access>),
        filling: &mut Filling<'_, '_>,
        mut uuid: impl FnMut() -> EventUuid,
    ) -> Result<Vec<NewEvent>, Error> {
        if self.by_object.is_empty() {
            return Ok(Vec::new());
        }
        let mut events = Vec::new();
        for changed in self.watched(steps) {
            let states = changed.states(filling)?;
            let steps = changed.steps.iter().zip(&states.steps);
            let seen: Vec<Seen<'_>> = steps
                .map(|(step, (before, after))| {
                    let before = before.as_deref().map(Vec::as_slice);
                    Seen::new(step.change, before, after)
                })
                .collect();
            if let [only] = seen.as_slice()
                && only.change == ChangeType::Update
                && !only.changed.meets(&changed.watched.tracked)
            {
                continue;
            }
            let hidden = access.and_then(|access| access.hidden_places(changed.entity));
            let mut telling: Option<Telling<'_>> = None;
            for topic in &changed.watched.topics {
                for place in topic.watch.told(&seen) {
                    let telling = telling
                        .get_or_insert_with(|| Telling::new(&states.last, user, hidden.as_deref()));
                    let change = seen
                        .get(place)
                        .map_or(ChangeType::Update, |seen| seen.change);
                    events.extend(topic.notification(change, telling, uuid()));
                }
            }
        }
        Ok(events)
    }

    /// The changes that requests made of records of watched objects, record by record.
    fn watched<'t>(&'t self, steps: &'t [Step]) -> Vec<Changed<'t>> {
        let mut records: Vec<Changed<'t>> = Vec::new();
        let mut place_of: HashMap<RecordId, usize> = HashMap::new();
        for step in steps {
            let Some(watched) = self.by_object.get(&step.id.prefix()) else {
                continue;
            };
            let place = match place_of.entry(step.id) {
                Entry::Occupied(known) => *known.get(),
                Entry::Vacant(new) => {
                    records.push(Changed {
                        watched,
                        entity: &step.entity,
                        steps: Vec::new(),
                        last: &step.after,
                    });
                    *new.insert(records.len() - 1)
                }
            };
            if let Some(record) = records.get_mut(place) {
                record.last = &step.after;
                if step.cause == Cause::Request {
                    record.steps.push(step);
                }
            }
        }
        records
    }
}

/// What a transaction did to one record.
struct Changed<'t> {
    watched: &'t Watched,
    entity: &'t EntityDefinition,
    /// What was asked for.
    steps: Vec<&'t Step>,
    /// The record in the end.
    last: &'t Row,
}

impl<'t> Changed<'t> {
    /// The states that count, with formula fields if a topic selects them.
    fn states(&self, filling: &mut Filling<'_, '_>) -> Result<States<'t>, Error> {
        let mut state = |row: &'t Row| {
            if self.watched.has_formulas {
                filling.filled(self.entity, row).map(Cow::Owned)
            } else {
                Ok(Cow::Borrowed(row))
            }
        };
        let mut steps = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            let before = step.before.as_deref().map(&mut state).transpose()?;
            steps.push((before, state(&step.after)?));
        }
        Ok(States {
            steps,
            last: state(self.last)?,
        })
    }
}

/// What has to be there before a record is a topic: the number of its events is given here, a new schema comes back as a
/// document.
pub(crate) fn required(
    writer: &mut dyn Writer,
    (entity, row): (&EntityDefinition, &Row),
    catalog: &Catalog,
    schemas: &Schemas,
    now: Timestamp,
) -> Result<Option<Document>, Error> {
    let Some(id) = compile::id(entity, row) else {
        return Ok(None);
    };
    writer.topic(&topic_of(id))?;
    if !compile::is_active(entity, row) {
        return Ok(None);
    }
    let compiled = checked(entity, row, catalog, now).ok();
    Ok(compiled.and_then(|compiled| schemas.document_of_new(&compiled.schema)))
}

/// The same for all stored records.
pub(crate) fn all_required(
    writer: &mut dyn Writer,
    catalog: &Catalog,
    schemas: &Schemas,
    now: Timestamp,
) -> Result<Vec<Document>, Error> {
    let mut documents = Vec::new();
    if let Some(entity) = catalog.entity(OBJECT) {
        for row in writer.recent_rows(entity, limits::PUSH_TOPICS_MAX)? {
            let required = required(writer, (entity, &row), catalog, schemas, now)?;
            documents.extend(required);
        }
    }
    Ok(documents)
}

fn topic_of(record: RecordId) -> Topic {
    Topic::new(format!("/topic/{record}"))
}

/// The set in force, for readers.
#[derive(Debug, Default)]
pub(crate) struct TopicsInForce(RwLock<Arc<PushTopics>>);

impl TopicsInForce {
    pub(crate) fn get(&self) -> Arc<PushTopics> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn replace(&self, topics: PushTopics) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(topics);
    }
}
