//! Event schemas: from an object's definition to Avro bytes, and from Avro bytes to what subscribers read.
//!
//! Owns the Avro schema of an event and its id, the encoding of payloads, field bitmaps, differences of large texts, and
//! every JSON form of a schema or a payload. It deliberately knows nothing of how events come about (`landfall-capture` does) nor of who
//! may see which field. A payload is encoded once; every delivery derives from those bytes.
//! Start reading at [`EventSchema`]; the kinds of fields are in [`shape`], the bytes in `encode` and `decode`.
//!
//! Source: "Event Schemas" (Pub/Sub API), "Platform Event Schema by Schema ID" (REST API Developer Guide).

pub mod bitmap;
pub mod difference;
pub mod shape;
pub mod stream;

mod avro;
mod cometd;
mod decode;
mod derive;
mod encode;
mod from_json;
mod json;
mod mask;
mod parse;
mod plan;
mod recode;

use std::collections::HashMap;
use std::sync::OnceLock;

use landfall_model::{FieldBits, SchemaId};
use md5::{Digest, Md5};
use thiserror::Error;

pub use decode::{DecodeError, DecodedEvent, FieldValue};
pub use encode::{Inclusion, header_bytes};
pub use from_json::JsonError;
pub use json::natural as write_natural;
pub use shape::{Component, Compound, EventField, Scalar, Shape};

use encode::Source;
use plan::Plan;

/// Name of the field that leads every change event.
pub const HEADER: &str = "ChangeEventHeader";

/// Why a schema cannot be made, or a row cannot be encoded with it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Error {
    /// An object whose changes are not captured has no event schema.
    #[error("the object {entity} has no change event")]
    NotCaptured {
        /// The object.
        entity: String,
    },
    /// A change event names a field that the object does not have.
    #[error("the change event of {entity} names the unknown field {field}")]
    FieldUnknown {
        /// The object.
        entity: String,
        /// The name that leads nowhere.
        field: String,
    },
    /// A name that Avro does not allow, or that occurs twice.
    #[error("`{name}` cannot be a name in the schema of {event}")]
    Name {
        /// The event.
        event: String,
        /// The name.
        name: String,
    },
    /// Two records of one name with different components.
    #[error("the schema of {event} has two different records named `{name}`")]
    RecordConflict {
        /// The event.
        event: String,
        /// The name of both.
        name: String,
    },
    /// A stored schema that is not of the form that this crate writes.
    #[error("the stored schema cannot be read: {reason}")]
    Parse {
        /// What is wrong with it.
        reason: String,
    },
    /// The schema belongs to an event without a change event header, or the other way round.
    #[error("the schema of {event} is of the other kind of event")]
    Kind {
        /// The event.
        event: String,
    },
    /// A value that the field's type cannot hold: a mistake of the caller.
    #[error("the value of {event}.{field} does not fit its type")]
    Value {
        /// The event.
        event: String,
        /// The field or component.
        field: String,
    },
}

/// Where the value of a row goes in an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Position of the top-level field; 0 is `ChangeEventHeader`.
    pub position: usize,
    /// Place in the compound at that position, if the value is a component.
    pub component: Option<usize>,
}

/// The schema of one event object.
///
/// Wire: an Avro record in the namespace `com.sforce.eventbus`.
/// Source: "`GetSchema` RPC Method" (Pub/Sub API).
#[derive(Clone, Debug)]
pub struct EventSchema {
    name: String,
    id: SchemaId,
    avro: String,
    fields: Vec<EventField>,
    /// How events are rendered.
    plan: OnceLock<Plan>,
    positions: HashMap<String, usize>,
    sources: Vec<Source>,
    slots: Vec<Option<Slot>>,
}

impl EventSchema {
    /// A schema of these fields in this order.
    ///
    /// Value number i of a row belongs to field number i; compounds take no value this way.
    ///
    /// # Errors
    /// [`Error::Name`] or [`Error::RecordConflict`] if the fields cannot make an Avro record.
    pub fn new(name: &str, fields: Vec<EventField>) -> Result<Self, Error> {
        let sources = fields
            .iter()
            .enumerate()
            .map(|(place, field)| match field.shape {
                Shape::Required(_) | Shape::Optional(_) | Shape::TextOrCompound(_) => {
                    Source::Row(place)
                }
                Shape::Header | Shape::Names | Shape::Compound(_) => Source::Absent,
            })
            .collect();
        Self::assemble(name, fields, sources)
    }

    fn assemble(name: &str, fields: Vec<EventField>, sources: Vec<Source>) -> Result<Self, Error> {
        shape::check(name, &fields)?;
        let canonical = avro::canonical(name, &fields);
        let id = SchemaId::from_bytes(Md5::digest(canonical.as_bytes()).into());
        Ok(Self {
            id,
            avro: avro::full(name, &fields),
            plan: OnceLock::new(),
            positions: fields
                .iter()
                .enumerate()
                .map(|(position, field)| (field.name.clone(), position))
                .collect(),
            slots: encode::slots(&sources),
            name: name.to_owned(),
            fields,
            sources,
        })
    }

    /// Name of the event object, such as `AccountChangeEvent`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Identity of the schema: the digest of its canonical form, so that docs do not change it.
    pub const fn id(&self) -> SchemaId {
        self.id
    }

    /// The Avro schema as clients fetch it. The same fields give the same bytes.
    pub fn avro_json(&self) -> &str {
        &self.avro
    }

    /// The fields by position; a change event has `ChangeEventHeader` at position 0.
    pub fn fields(&self) -> &[EventField] {
        &self.fields
    }

    /// The position of a top-level field, by its exact name.
    pub fn position_of(&self, field: &str) -> Option<usize> {
        self.positions.get(field).copied()
    }

    /// Where value number `index` of a row goes; `None` if events do not carry it.
    ///
    /// A schema that was read back knows no rows and answers `None` always.
    pub fn slot_of(&self, index: usize) -> Option<Slot> {
        self.slots.get(index).copied().flatten()
    }

    /// The places and names in a field set: top-level fields in schema order, then components as
    /// `Compound.Component`, the place of a component being `position-component`.
    ///
    /// # Errors
    /// [`DecodeError::Bitmap`] if the set names what the schema does not have.
    pub fn names_of(&self, bits: &FieldBits) -> Result<Vec<(String, String)>, DecodeError> {
        let mut names = Vec::new();
        self.each_name(bits, |position, field, part| {
            names.push(match part {
                None => (position.to_string(), field.to_owned()),
                Some((place, part)) => (format!("{position}-{place}"), format!("{field}.{part}")),
            });
        })?;
        Ok(names)
    }

    /// Passes position and name of each member of a field set, and those of the component, if it is one.
    pub(crate) fn each_name(
        &self,
        bits: &FieldBits,
        mut tell: impl FnMut(usize, &str, Option<(usize, &str)>),
    ) -> Result<(), DecodeError> {
        for position in bits.top() {
            let field = self.fields.get(position).ok_or(DecodeError::Bitmap)?;
            tell(position, &field.name, None);
        }
        for (position, components) in bits.nested() {
            let field = self.fields.get(position).ok_or(DecodeError::Bitmap)?;
            let compound = field.shape.compound().ok_or(DecodeError::Bitmap)?;
            for place in (0..64).filter(|place| components >> place & 1 == 1) {
                let part = compound.components.get(place).ok_or(DecodeError::Bitmap)?;
                tell(position, &field.name, Some((place, &part.name)));
            }
        }
        Ok(())
    }

    /// Whether this is the schema of a change event.
    pub fn has_header(&self) -> bool {
        matches!(self.fields.first(), Some(field) if field.shape == Shape::Header)
    }
}
