//! What follows from the shipped objects alone: in memory once for all orgs of a process.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use landfall_model::{Catalog, EntityDefinition, EntityName, PlatformEventDefinition};
use landfall_schema::EventSchema;

use crate::error::Error;

/// The shipped objects and the schemas of their events.
pub(crate) struct Shipped {
    /// Of an org without components.
    pub(crate) catalog: Arc<Catalog>,
    /// Of objects whose changes can be captured, by name.
    changes: HashMap<EntityName, Arc<EventSchema>>,
    /// Of platform events, by name, with the events as requests and describes see them.
    events: HashMap<EntityName, (Arc<EventSchema>, Arc<EntityDefinition>)>,
    /// All of them, by id.
    by_id: HashMap<String, Arc<EventSchema>>,
}

/// What follows from them, worked out once.
///
/// # Errors
/// [`Error::Standard`], [`Error::Schema`]: a mistake in a data file of this program.
pub(crate) fn shipped() -> Result<&'static Shipped, Error> {
    static SHIPPED: OnceLock<Shipped> = OnceLock::new();
    if let Some(shipped) = SHIPPED.get() {
        return Ok(shipped);
    }
    let shipped = Shipped::new()?;
    Ok(SHIPPED.get_or_init(|| shipped))
}

impl Shipped {
    fn new() -> Result<Self, Error> {
        let shipped = landfall_standard::shipped()?;
        let (entities, events) = (&shipped.entities, &shipped.platform_events);
        let catalog = Catalog::of(entities.iter().cloned());
        let mut new = Self {
            catalog: Arc::new(catalog.with_platform_events(events.iter().cloned())),
            changes: HashMap::new(),
            events: HashMap::new(),
            by_id: HashMap::new(),
        };
        for entity in entities {
            if entity.change_event.is_some() {
                let schema = new.keep(of_change_event(entity)?);
                new.changes.insert(entity.name.clone(), schema);
            }
        }
        for event in events {
            let schema = new.keep(of_platform_event(event)?);
            let object = Arc::new(landfall_metadata::event_object(event));
            new.events.insert(event.name.clone(), (schema, object));
        }
        Ok(new)
    }

    fn keep(&mut self, schema: EventSchema) -> Arc<EventSchema> {
        let schema = Arc::new(schema);
        self.by_id
            .insert(schema.id().to_string(), Arc::clone(&schema));
        schema
    }

    /// The schema with this id, if it is this text.
    pub(crate) fn schema(&self, id: &str, avro_json: &[u8]) -> Option<&Arc<EventSchema>> {
        let known = self.by_id.get(id);
        known.filter(|schema| schema.avro_json().as_bytes() == avro_json)
    }
}

/// The schema of the changes of an object.
///
/// # Errors
/// [`Error::Schema`] if it cannot have one.
pub(crate) fn schema_of_changes(entity: &Arc<EntityDefinition>) -> Result<Arc<EventSchema>, Error> {
    let shipped = shipped()?;
    let is_shipped = |of: &Arc<EntityDefinition>| Arc::ptr_eq(of, entity);
    let as_shipped = shipped.catalog.entity(entity.name.as_str());
    if as_shipped.is_some_and(is_shipped)
        && let Some(schema) = shipped.changes.get(&entity.name)
    {
        return Ok(Arc::clone(schema));
    }
    of_change_event(entity).map(Arc::new)
}

/// The schema of a platform event, and the event as requests and describes see it.
///
/// # Errors
/// [`Error::Schema`] if it cannot have one.
pub(crate) fn published(
    event: &Arc<PlatformEventDefinition>,
) -> Result<(Arc<EventSchema>, Arc<EntityDefinition>), Error> {
    let shipped = shipped()?;
    let is_shipped = |of: &Arc<PlatformEventDefinition>| Arc::ptr_eq(of, event);
    let as_shipped = shipped.catalog.platform_event(event.name.as_str());
    if as_shipped.is_some_and(is_shipped)
        && let Some((schema, object)) = shipped.events.get(&event.name)
    {
        return Ok((Arc::clone(schema), Arc::clone(object)));
    }
    let object = landfall_metadata::event_object(event);
    Ok((Arc::new(of_platform_event(event)?), Arc::new(object)))
}

fn of_change_event(entity: &EntityDefinition) -> Result<EventSchema, Error> {
    built(EventSchema::of_change_event(entity), &entity.name)
}

fn of_platform_event(event: &PlatformEventDefinition) -> Result<EventSchema, Error> {
    built(EventSchema::of_platform_event(event), &event.name)
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
