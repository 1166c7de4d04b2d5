//! The fields of messages that mean something, read in one pass; everything else is skipped.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::message::{MESSAGES_MAX, ParseError};

/// A message whose fields are still text; a repeated one keeps its last value.
#[derive(Debug, Default)]
pub(crate) struct Fields<'a> {
    pub(crate) advice: Option<&'a RawValue>,
    pub(crate) channel: Option<&'a RawValue>,
    pub(crate) client_id: Option<&'a RawValue>,
    pub(crate) connection_type: Option<&'a RawValue>,
    pub(crate) ext: Option<&'a RawValue>,
    pub(crate) id: Option<&'a RawValue>,
    pub(crate) subscription: Option<&'a RawValue>,
    pub(crate) supported_connection_types: Option<&'a RawValue>,
}

/// Reads a body: an array of messages, or one bare message.
///
/// # Errors
/// [`ParseError`]
pub(crate) fn read(body: &[u8], messages_max: usize) -> Result<Vec<Fields<'_>>, ParseError> {
    let text = std::str::from_utf8(body)
        .map_err(|error| ParseError::Syntax(serde_json::Error::custom(error)))?;
    let is_array = text.trim_ascii_start().starts_with('[');
    let read = if is_array {
        serde_json::from_str(text).map(|Messages { fields, count }| (fields, count))
    } else {
        serde_json::from_str(text).map(|fields| (vec![fields], 1))
    };
    let (mut fields, count) = read.map_err(|error| unusable(text, error))?;
    match count {
        0 => Err(ParseError::Empty),
        count if count > messages_max => Err(ParseError::TooMany {
            count,
            max: messages_max,
        }),
        _ => {
            fields.shrink_to_fit();
            Ok(fields)
        }
    }
}

/// Not JSON, or JSON that is no messages.
fn unusable(text: &str, error: serde_json::Error) -> ParseError {
    match serde_json::from_str::<IgnoredAny>(text) {
        Ok(_) => ParseError::NotMessage(error),
        Err(error) => ParseError::Syntax(error),
    }
}

/// An array of messages: all are read, and as many kept as a body may hold, and one more.
struct Messages<'a> {
    fields: Vec<Fields<'a>>,
    count: usize,
}

impl<'a> Deserialize<'a> for Messages<'a> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        struct Elements;

        impl<'a> Visitor<'a> for Elements {
            type Value = Messages<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("messages")
            }

            fn visit_seq<A: SeqAccess<'a>>(
                self,
                mut elements: A,
            ) -> Result<Messages<'a>, A::Error> {
                let mut messages = Messages {
                    fields: Vec::with_capacity(1),
                    count: 0,
                };
                while let Some(fields) = elements.next_element()? {
                    if messages.count <= MESSAGES_MAX {
                        messages.fields.push(fields);
                    }
                    messages.count += 1;
                }
                Ok(messages)
            }
        }

        deserializer.deserialize_seq(Elements)
    }
}

impl<'a> Deserialize<'a> for Fields<'a> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'a> Visitor<'a> for Members {
            type Value = Fields<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a message")
            }

            fn visit_map<A: MapAccess<'a>>(self, mut members: A) -> Result<Fields<'a>, A::Error> {
                let mut fields = Fields::default();
                while let Some(name) = members.next_key()? {
                    if let Some(field) = fields.named(name) {
                        *field = Some(members.next_value()?);
                    } else {
                        members.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(fields)
            }
        }

        deserializer.deserialize_map(Members)
    }
}

/// The name of a field.
#[derive(Clone, Copy, Deserialize)]
#[serde(field_identifier, rename_all = "camelCase")]
enum Name {
    Advice,
    Channel,
    ClientId,
    ConnectionType,
    Ext,
    Id,
    Subscription,
    SupportedConnectionTypes,
    #[serde(other)]
    Other,
}

impl<'a> Fields<'a> {
    fn named(&mut self, name: Name) -> Option<&mut Option<&'a RawValue>> {
        Some(match name {
            Name::Advice => &mut self.advice,
            Name::Channel => &mut self.channel,
            Name::ClientId => &mut self.client_id,
            Name::ConnectionType => &mut self.connection_type,
            Name::Ext => &mut self.ext,
            Name::Id => &mut self.id,
            Name::Subscription => &mut self.subscription,
            Name::SupportedConnectionTypes => &mut self.supported_connection_types,
            Name::Other => return None,
        })
    }
}
