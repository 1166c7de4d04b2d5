//! Schemas of what only the Streaming API carries: notifications of `PushTopics`, and generic events.
//!
//! No client sees these schemas: a notification is read back field by field ([`EventSchema::render_some`]), so that each
//! subscriber gets what it may read. The names that are not fields of a record begin with an underscore, which no field
//! does.

use landfall_model::{EntityDefinition, FieldDefinition, FieldType};

use crate::derive::{doc, of_field, scalar};
use crate::encode::Source;
use crate::shape::{EventField, Scalar, Shape};
use crate::{Error, EventSchema};

/// What happened to the record: `created`.
pub const TYPE: &str = "_Type";
/// Who changed it.
pub const CHANGED_BY: &str = "_ChangedById";
/// The text that was pushed to a generic channel.
pub const PAYLOAD: &str = "_Payload";
/// The users that it was pushed to, with `;` between them; null for everybody.
pub const USERS: &str = "_UserIds";

/// Names of the schemas themselves.
const NOTIFICATION: &str = "PushTopicNotification";
const GENERIC: &str = "GenericEvent";

impl EventSchema {
    /// The schema of the notifications of a topic that tells these fields of an object.
    ///
    /// A row to be encoded with it is the record's, with the values of [`TYPE`] and [`CHANGED_BY`] behind it.
    ///
    /// # Errors
    /// [`Error::FieldUnknown`] for a field that is not there or of a kind that no event has, and what [`Self::new`]
    /// refuses.
    pub fn of_push_topic(entity: &EntityDefinition, told: &[usize]) -> Result<Self, Error> {
        let behind = entity.fields.len();
        let mut fields = vec![
            lead(TYPE, Shape::Required(Scalar::Text)),
            lead(CHANGED_BY, Shape::Required(Scalar::Text)),
        ];
        let mut sources = vec![Source::Row(behind), Source::Row(behind + 1)];
        for place in told {
            let field = entity.fields.get(*place);
            let unknown = || Error::FieldUnknown {
                entity: entity.name.to_string(),
                field: field.map_or_else(|| place.to_string(), |field| field.name.to_string()),
            };
            let field = field.ok_or_else(unknown)?;
            let (shape, source) = told_as(entity, *place, field).ok_or_else(unknown)?;
            fields.push(EventField {
                name: field.name.to_string(),
                shape,
                doc: doc(field).to_owned(),
            });
            sources.push(source);
        }
        Self::assemble(NOTIFICATION, fields, sources)
    }

    /// The schema of the events of generic channels: [`PAYLOAD`] and [`USERS`].
    ///
    /// # Errors
    /// What [`Self::new`] refuses.
    pub fn of_generic_event() -> Result<Self, Error> {
        Self::new(
            GENERIC,
            vec![
                lead(PAYLOAD, Shape::Optional(Scalar::Text)),
                lead(USERS, Shape::Optional(Scalar::Text)),
            ],
        )
    }

    /// Whether this is the schema of a topic's notifications.
    pub fn is_of_push_topic(&self) -> bool {
        self.name() == NOTIFICATION && self.position_of(TYPE) == Some(0)
    }

    /// Whether this is the schema of generic events.
    pub fn is_of_generic_event(&self) -> bool {
        self.name() == GENERIC && self.position_of(PAYLOAD) == Some(0)
    }
}

fn lead(name: &str, shape: Shape) -> EventField {
    EventField {
        name: name.to_owned(),
        shape,
        doc: "Data:Text".to_owned(),
    }
}

/// The name of a person is text here; an address is a record as in change events.
fn told_as(
    entity: &EntityDefinition,
    place: usize,
    field: &FieldDefinition,
) -> Option<(Shape, Source)> {
    if let FieldType::Address | FieldType::Location = field.field_type {
        let (shape, source, _) = of_field(entity, place, field)?;
        return Some((shape, source));
    }
    let scalar = scalar(field.field_type)?;
    Some((Shape::Optional(scalar), Source::Row(place)))
}
