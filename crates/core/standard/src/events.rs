//! The platform events of the service: `platform-events.json`.
//!
//! Fields stand in the order of the documentation; it has no label, no length and no values for most of them.
//! Source: "Standard Platform Event Objects" and "Real-Time Event Monitoring Objects" (Platform Events Developer Guide).

use std::collections::HashSet;

use landfall_model::{EntityName, EventReaders, KeyPrefix, PlatformEventDefinition};
use serde::Deserialize;

use crate::Error;
use crate::data::{Field, ValueSets, read};

const EVENTS: &str = include_str!("../data/platform-events.json");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Event {
    name: String,
    label: String,
    readers: Readers,
    fields: Vec<Field>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Readers {
    Everybody,
    Customizers,
    Monitors,
}

pub(crate) fn platform_events() -> Result<Vec<PlatformEventDefinition>, Error> {
    let events: Vec<Event> = read("platform-events.json", EVENTS)?;
    events.into_iter().map(Event::into_definition).collect()
}

impl Event {
    fn into_definition(self) -> Result<PlatformEventDefinition, Error> {
        let (nothing, no_values) = (HashSet::new(), ValueSets::new());
        let fields = self.fields.into_iter();
        let fields = fields.map(|field| field.into_definition(&self.name, &nothing, &no_values));
        Ok(PlatformEventDefinition {
            fields: fields.collect::<Result<_, _>>()?,
            label_plural: self.label.clone(),
            label: self.label,
            name: EntityName::new(self.name),
            key_prefix: KeyPrefix::NONE,
            publish_after_commit: false,
            standard: Some(match self.readers {
                Readers::Everybody => EventReaders::Everybody,
                Readers::Customizers => EventReaders::Customizers,
                Readers::Monitors => EventReaders::Monitors,
            }),
        })
    }
}
