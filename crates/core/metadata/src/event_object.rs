//! A platform event as requests and describes see it: an object that can be created and nothing else; one that the
//! service publishes not even that.

use landfall_model::{
    Capabilities, EntityDefinition, FieldDefinition, FieldType, PlatformEventDefinition,
};

use crate::blank;

/// Fields of every platform event, before the defined ones.
/// Source: "Platform Event Fields" (Platform Events Developer Guide).
const SYSTEM_FIELDS: [(&str, &str, u32); 2] = [
    ("ReplayId", "Replay ID", 1_000),
    ("EventUuid", "Event UUID", 36),
];

/// The object of a platform event: the fields that every event has, then the defined ones.
pub fn event_object(event: &PlatformEventDefinition) -> EntityDefinition {
    let [created_date, created_by, ..] = blank::audit();
    let mut fields: Vec<FieldDefinition> = SYSTEM_FIELDS
        .into_iter()
        .map(|(name, label, length)| FieldDefinition {
            length,
            createable: false,
            updateable: false,
            custom: false,
            ..blank::field(name, label, FieldType::String)
        })
        .collect();
    fields.extend([created_date, created_by]);
    fields.extend(event.fields.iter().cloned().map(|field| FieldDefinition {
        updateable: false,
        ..field
    }));
    let custom = event.standard.is_none();
    EntityDefinition::new(
        event.name.clone(),
        (event.label.clone(), event.label_plural.clone()),
        event.key_prefix,
        custom,
        Capabilities {
            createable: custom,
            retrieveable: true,
            triggerable: true,
            ..Capabilities::default()
        },
        fields,
        Vec::new(),
        None,
    )
}
