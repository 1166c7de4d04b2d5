//! The kinds of fields that an event can have.

use std::collections::{HashMap, HashSet};

use crate::{Error, HEADER};

/// A value without parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// Wire: Avro `boolean`.
    Boolean,
    /// Wire: Avro `int`.
    Int,
    /// Wire: Avro `double`; JSON number with a decimal point.
    Double,
    /// Text of any kind, ids included. Wire: Avro `string`.
    Text,
    /// A calendar day. Wire: Avro `long`, milliseconds of its midnight in UTC; JSON `YYYY-MM-DD`.
    Date,
    /// A point in time. Wire: Avro `long`, milliseconds; JSON `YYYY-MM-DDThh:mm:ss.sssZ`.
    DateTime,
    /// A time of day. Wire: Avro `long`, milliseconds since midnight; JSON `hh:mm:ss.sssZ`.
    Time,
    /// A large whole number. Wire: Avro `long`.
    Long,
}

impl Scalar {
    pub(crate) const fn avro(self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::Int => "int",
            Self::Double => "double",
            Self::Text => "string",
            Self::Date | Self::DateTime | Self::Time | Self::Long => "long",
        }
    }

    /// Whether the JSON form is a string although the Avro form is a number.
    pub(crate) const fn is_temporal(self) -> bool {
        matches!(self, Self::Date | Self::DateTime | Self::Time)
    }
}

/// A part of a compound: nullable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// Name inside the compound, such as `Street`.
    pub name: String,
    /// Kind of the value.
    pub scalar: Scalar,
}

/// A record inside an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compound {
    /// Name of the Avro record, such as `Address`.
    pub name: String,
    /// The parts in order.
    pub components: Vec<Component>,
}

impl Compound {
    pub(crate) fn new<'a>(
        name: &str,
        components: impl IntoIterator<Item = (&'a str, Scalar)>,
    ) -> Self {
        Self {
            name: name.to_owned(),
            components: components
                .into_iter()
                .map(|(name, scalar)| Component {
                    name: name.to_owned(),
                    scalar,
                })
                .collect(),
        }
    }

    /// The address, always with the codes of state and country, so that bit positions do not depend on a setting.
    ///
    /// Source: "Get Compound Fields" (Change Data Capture Developer Guide); the ten fields: Valeriyyy/SalesforceGRPC,
    /// `AccountChangeEvent.avsc`.
    pub fn address() -> Self {
        Self::new(
            "Address",
            [
                ("Street", Scalar::Text),
                ("City", Scalar::Text),
                ("State", Scalar::Text),
                ("PostalCode", Scalar::Text),
                ("Country", Scalar::Text),
                ("StateCode", Scalar::Text),
                ("CountryCode", Scalar::Text),
                ("Latitude", Scalar::Double),
                ("Longitude", Scalar::Double),
                ("GeocodeAccuracy", Scalar::Text),
            ],
        )
    }

    /// The geolocation.
    pub fn location() -> Self {
        Self::new(
            "Location",
            [("Latitude", Scalar::Double), ("Longitude", Scalar::Double)],
        )
    }

    /// The name of a person, with the further parts that the org has switched on.
    pub fn person_name<'a>(record: &str, further: impl IntoIterator<Item = &'a str>) -> Self {
        let usual = ["Salutation", "FirstName", "LastName"];
        Self::new(
            record,
            usual
                .into_iter()
                .chain(further)
                .map(|name| (name, Scalar::Text)),
        )
    }
}

/// Kind of a top-level field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `ChangeEventHeader`.
    Header,
    /// Never null: `CreatedDate` and `CreatedById` of platform events.
    Required(Scalar),
    /// Null or a value.
    Optional(Scalar),
    /// Null or a list of names.
    ///
    /// Source: "Change Event Considerations for User" (Change Data Capture Developer Guide): preferences that are on.
    Names,
    /// Null or a record.
    Compound(Compound),
    /// Null, text or a record: the name of an account, which is text unless the account is a person.
    TextOrCompound(Compound),
}

impl Shape {
    /// Whether its first branch is null.
    pub const fn is_nullable(&self) -> bool {
        !matches!(self, Self::Header | Self::Required(_))
    }

    /// The record, if the field can be one.
    pub const fn compound(&self) -> Option<&Compound> {
        match self {
            Self::Compound(compound) | Self::TextOrCompound(compound) => Some(compound),
            Self::Header | Self::Required(_) | Self::Optional(_) | Self::Names => None,
        }
    }
}

/// A top-level field of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventField {
    /// API name.
    pub name: String,
    /// Kind.
    pub shape: Shape,
    /// Role and type for mappers, such as `Data:Text`; not part of the schema's identity.
    pub doc: String,
}

/// Checks that the fields can make an Avro record.
pub(crate) fn check(event: &str, fields: &[EventField]) -> Result<(), Error> {
    let wrong_name = |name: &str| {
        Err(Error::Name {
            event: event.to_owned(),
            name: name.to_owned(),
        })
    };
    if !is_name(event) {
        return wrong_name(event);
    }
    let mut seen = HashSet::new();
    let mut records: HashMap<&str, &Compound> = HashMap::new();
    for (position, field) in fields.iter().enumerate() {
        let header_elsewhere = (field.shape == Shape::Header) != (field.name == HEADER)
            || field.shape == Shape::Header && position > 0;
        if !is_name(&field.name) || !seen.insert(&field.name) || header_elsewhere {
            return wrong_name(&field.name);
        }
        let Some(compound) = field.shape.compound() else {
            continue;
        };
        let reserved = [event, HEADER, "ChangeType"].contains(&compound.name.as_str());
        if !is_name(&compound.name) || reserved {
            return wrong_name(&compound.name);
        }
        if let Some(part) = compound.components.iter().find(|part| !is_name(&part.name)) {
            return wrong_name(&part.name);
        }
        if records
            .insert(&compound.name, compound)
            .is_some_and(|other| other != compound)
        {
            return Err(Error::RecordConflict {
                event: event.to_owned(),
                name: compound.name.clone(),
            });
        }
    }
    Ok(())
}

/// Whether Avro allows the name, which also means that JSON needs no escape for it.
fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes
        .next()
        .is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
