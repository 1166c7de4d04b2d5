//! Schemas of what only the Streaming API carries: notifications of `PushTopics`, and generic events.
//!
//! No client sees these schemas: a notification is read back field by field ([`EventSchema::render_some`]), so that each
//! subscriber gets what it may read. The names that are not fields of a record begin with an underscore, which no field
//! does.

use landfall_model::{EntityDefinition, FieldDefinition, FieldType, Value};

use crate::derive::{doc, of_field, scalar};
use crate::encode::Source;
use crate::shape::{EventField, Scalar, Shape};
use crate::{DecodedEvent, Error, EventSchema, FieldValue};

/// What happened to the record: `created`.
pub const TYPE: &str = "_Type";
/// Who changed it.
pub const CHANGED_BY: &str = "_ChangedById";
/// The fields that they may not read, with `;` between them; null for none.
pub const LEFT_OUT: &str = "_LeftOut";
/// The text that was pushed to a generic channel.
pub const PAYLOAD: &str = "_Payload";
/// The users that it was pushed to, with `;` between them; null for everybody.
pub const USERS: &str = "_UserIds";

/// Names of the schemas themselves.
const NOTIFICATION: &str = "PushTopicNotification";
const GENERIC: &str = "GenericEvent";

const BETWEEN: &str = ";";

/// The value of [`LEFT_OUT`] for these fields.
pub fn left_out(fields: &[&str]) -> Value {
    if fields.is_empty() {
        Value::Null
    } else {
        Value::Text(fields.join(BETWEEN))
    }
}

impl EventSchema {
    /// The schema of the notifications of a topic that selects these fields of an object.
    ///
    /// A row to be encoded with it is the record's, with the values of [`TYPE`], [`CHANGED_BY`] and [`LEFT_OUT`] behind it.
    ///
    /// # Errors
    /// [`Error::FieldUnknown`] for a field that is not there or of a kind that no event has, and what [`Self::new`]
    /// refuses.
    pub fn of_push_topic(entity: &EntityDefinition, told: &[usize]) -> Result<Self, Error> {
        let behind = entity.fields.len();
        let mut fields = vec![
            lead(TYPE, Shape::Required(Scalar::Text)),
            lead(CHANGED_BY, Shape::Required(Scalar::Text)),
            lead(LEFT_OUT, Shape::Optional(Scalar::Text)),
        ];
        let mut sources: Vec<Source> = (behind..).take(fields.len()).map(Source::Row).collect();
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

    /// The fields that a notification says nothing about, not even that they are empty.
    pub fn left_out<'d>(&self, notification: &'d DecodedEvent) -> impl Iterator<Item = &'d str> {
        let position = self.position_of(LEFT_OUT);
        let names = position.and_then(|position| notification.fields.get(position));
        let names = match names {
            Some(FieldValue::Plain(Value::Text(names))) => names.as_str(),
            // Notifications of before it was known have no such field.
            _ => "",
        };
        names.split(BETWEEN).filter(|name| !name.is_empty())
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
