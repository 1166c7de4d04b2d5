//! The schemas of events: present and former ones.

use landfall_apidoc::{Call, Kind, Member};
use landfall_engine::Definitions;
use landfall_http::Writer;
use landfall_model::SchemaId;

use crate::Made;
use crate::refusal::Refusal;

pub(crate) const LIST: Call = Call {
    method: "get",
    path: "schemas",
    id: "listSchemas",
    summary: "Every schema of change events and platform events that the org has issued. The REST API returns each by its id: \
              event/eventSchema/{id}",
    parameters: &[],
    reads: &[],
    status: 200,
    answers: &[Member::required(
        "schemas",
        Kind::List(&[
            Member::required("id", Kind::Text, "Its id"),
            Member::required("event", Kind::Text, "The event: AccountChangeEvent"),
            Member::optional(
                "entity",
                Kind::Text,
                "The object, or the platform event; none if it was deleted",
            ),
            Member::required(
                "current",
                Kind::Boolean,
                "Whether new events have it. Former ones decode older events",
            ),
            Member::required(
                "fields",
                Kind::Integer,
                "How many fields it has; bit n of a bitmap names field n",
            ),
        ]),
        "By event; the current one first",
    )],
    refusals: &[],
};

/// A schema that new events have.
struct Current {
    id: SchemaId,
    event: String,
    entity: String,
}

pub(crate) fn list(made: &Made<'_>) -> Result<String, Refusal> {
    let org = made.org()?;
    let current = current(&org.engine.definitions());
    let mut all = org.engine.schemas();
    // Clients get notifications of PushTopics and texts of generic channels without a schema.
    all.retain(|schema| !schema.is_of_push_topic() && !schema.is_of_generic_event());
    let is_current = |id: SchemaId| current.iter().any(|one| one.id == id);
    // The order of the ids stays.
    all.sort_by(|one, other| {
        let key = |schema: &landfall_schema::EventSchema| !is_current(schema.id());
        (one.name(), key(one)).cmp(&(other.name(), key(other)))
    });
    let mut w = Writer::new();
    w.object(|w| {
        w.name("schemas").array(|w| {
            for schema in &all {
                w.object(|w| {
                    w.name("id").string(&schema.id().to_string());
                    w.name("event").string(schema.name());
                    let mut same = current.iter();
                    if let Some(one) = same.find(|one| one.event == schema.name()) {
                        w.name("entity").string(&one.entity);
                    }
                    w.name("current").boolean(is_current(schema.id()));
                    w.name("fields").raw(&schema.fields().len().to_string());
                });
            }
        });
    });
    Ok(w.finish())
}

fn current(definitions: &Definitions) -> Vec<Current> {
    let catalog = definitions.catalog();
    let changes = catalog.entities().iter().filter_map(|entity| {
        let schema = definitions.change_event_schema(entity.name.as_str())?;
        Some(Current {
            id: schema.id(),
            event: schema.name().to_owned(),
            entity: entity.name.to_string(),
        })
    });
    let events = definitions.publications().map(|publication| Current {
        id: publication.schema.id(),
        event: publication.schema.name().to_owned(),
        entity: publication.schema.name().to_owned(),
    });
    changes.chain(events).collect()
}
