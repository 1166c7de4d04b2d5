//! The event schemas of the org: current ones by object, all that were ever issued by id, and the topics they are on.

use std::collections::HashMap;
use std::sync::Arc;

use landfall_model::{Catalog, EntityDefinition, EntityName, SchemaId, Topic};
use landfall_schema::EventSchema;
use landfall_store::{Document, DocumentKind, TopicId, Writer};

use crate::error::Error;

/// How the changes of one object are captured.
pub(crate) struct Captured {
    pub(crate) entity: Arc<EntityDefinition>,
    pub(crate) schema: Arc<EventSchema>,
    pub(crate) topic: TopicId,
}

/// Every schema and topic of the org.
#[derive(Default)]
pub(crate) struct Schemas {
    by_id: HashMap<SchemaId, Arc<EventSchema>>,
    of_entity: HashMap<EntityName, Captured>,
    topics: HashMap<Topic, TopicId>,
    on_topic: HashMap<TopicId, EntityName>,
    /// The topics whose objects are selected for capture.
    selected: Vec<TopicId>,
}

impl Schemas {
    /// Reads the schemas that were issued, and builds those of the present definitions. New ones come back as documents
    /// to be kept, so that an event can always be read.
    pub(crate) fn load(
        writer: &mut dyn Writer,
        catalog: &Catalog,
        capture_all: bool,
    ) -> Result<(Self, Vec<Document>), Error> {
        let mut schemas = Self::default();
        for (id, content) in writer.documents(DocumentKind::Schema)? {
            let unreadable = |reason: String| Error::Document {
                what: "event schema",
                reason: format!("{id}: {reason}"),
            };
            let json = String::from_utf8(content).map_err(|error| unreadable(error.to_string()))?;
            let schema =
                EventSchema::parse(&json).map_err(|error| unreadable(error.to_string()))?;
            schemas.by_id.insert(schema.id(), Arc::new(schema));
        }
        let mut new = Vec::new();
        for entity in catalog.entities() {
            let Some(change_event) = &entity.change_event else {
                continue;
            };
            let schema = EventSchema::of_change_event(entity).map_err(|source| Error::Schema {
                entity: entity.name.to_string(),
                source,
            })?;
            let schema = Arc::new(schema);
            if schemas
                .by_id
                .insert(schema.id(), Arc::clone(&schema))
                .is_none()
            {
                new.push(Document {
                    kind: DocumentKind::Schema,
                    key: schema.id().to_string(),
                    content: Some(schema.avro_json().as_bytes().to_vec()),
                });
            }
            let topic = Topic::of_change_event(change_event.name.as_str());
            let number = writer.topic(&topic)?;
            schemas.topics.insert(topic, number);
            schemas.on_topic.insert(number, entity.name.clone());
            if capture_all {
                schemas.selected.push(number);
            }
            schemas.of_entity.insert(
                entity.name.clone(),
                Captured {
                    entity: Arc::clone(entity),
                    schema,
                    topic: number,
                },
            );
        }
        schemas.selected.sort_unstable();
        Ok((schemas, new))
    }

    pub(crate) fn by_id(&self, id: SchemaId) -> Option<Arc<EventSchema>> {
        self.by_id.get(&id).cloned()
    }

    pub(crate) fn of_entity(&self, entity: &EntityDefinition) -> Option<Arc<EventSchema>> {
        self.of_entity
            .get(&entity.name)
            .map(|captured| Arc::clone(&captured.schema))
    }

    pub(crate) fn topic(&self, topic: &Topic) -> Option<TopicId> {
        self.topics.get(topic).copied()
    }

    pub(crate) fn entity_on(&self, topic: TopicId) -> Option<&Arc<EntityDefinition>> {
        let name = self.on_topic.get(&topic)?;
        self.of_entity.get(name).map(|captured| &captured.entity)
    }

    pub(crate) fn selected(&self) -> &[TopicId] {
        &self.selected
    }

    /// How changes of the object are captured; none if they are not.
    pub(crate) fn capture_of(&self, entity: &EntityDefinition) -> Option<&Captured> {
        self.of_entity
            .get(&entity.name)
            .filter(|captured| self.selected.binary_search(&captured.topic).is_ok())
    }
}
