//! The events of its topics that one subscription shows: all of them, or those that pass its filter, or those addressed to
//! its user.

use landfall_engine::{Engine, Event, Present};
use landfall_model::{RecordId, StreamingFault, Value, limits};
use landfall_schema::{DecodedEvent, EventSchema, FieldValue, stream};
use landfall_wire::dates;
use percent_encoding::percent_decode_str;

/// The events that a subscription shows.
#[derive(Debug)]
pub(crate) enum Selection {
    /// Every event.
    Everything,
    /// Notifications of a `PushTopic`.
    Topic {
        /// Fields and values: one of them has to match.
        filters: Vec<Condition>,
        /// Counts the subscriber.
        _present: Present,
    },
    /// Events of a generic channel.
    Generic {
        /// The subscriber.
        user: RecordId,
        /// Counts the subscriber.
        _present: Present,
    },
}

/// A field of a notification, and the text of its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Condition {
    /// Its name, as the topic selects it.
    pub(crate) field: String,
    value: String,
}

impl Selection {
    /// Whether every event is shown.
    pub(crate) const fn is_everything(&self) -> bool {
        matches!(self, Self::Everything)
    }

    /// Whether an event of the topics is shown.
    pub(crate) fn shows(&self, engine: &Engine, event: &Event) -> bool {
        match self {
            Self::Everything => true,
            Self::Topic { filters, .. } => {
                filters.is_empty() || matches_any(engine, event, filters)
            }
            Self::Generic { user, .. } => is_addressed(engine, event, *user),
        }
    }
}

fn decoded(engine: &Engine, event: &Event) -> Option<(std::sync::Arc<EventSchema>, DecodedEvent)> {
    let schema = engine.schema(event.schema)?;
    // What cannot be read is reported when it is rendered.
    let decoded = schema.decode(&event.payload).ok()?;
    Some((schema, decoded))
}

/// A field that a notification leaves out matches nothing.
///
/// Source: "Filtered Subscriptions" (Streaming API Developer Guide): the sign for *and* means *or*.
fn matches_any(engine: &Engine, event: &Event, filters: &[Condition]) -> bool {
    let Some((schema, decoded)) = decoded(engine, event) else {
        return false;
    };
    let is_present = |field: &str| !schema.left_out(&decoded).any(|name| name == field);
    filters.iter().any(|filter| {
        let value = schema.position_of(&filter.field);
        let value = value.and_then(|position| decoded.fields.get(position));
        value.is_some_and(|value| equals(value, &filter.value) && is_present(&filter.field))
    })
}

/// Whether a value equals the one that a text spells. Texts are compared as queries compare them.
fn equals(value: &FieldValue, text: &str) -> bool {
    let number = |number: f64| {
        let other: Option<f64> = text.parse().ok();
        other.is_some_and(|other| other.total_cmp(&number).is_eq())
    };
    match value {
        FieldValue::Null => text == "null",
        FieldValue::Plain(value) => match value {
            Value::Text(value) => value.eq_ignore_ascii_case(text),
            Value::Boolean(truth) => {
                text.eq_ignore_ascii_case(if *truth { "true" } else { "false" })
            }
            Value::Integer(whole) => text.parse() == Ok(*whole),
            Value::Double(value) => number(*value),
            Value::Id(id) => id.as_str() == text,
            Value::Date(day) => dates::parse_date(text) == Some(*day),
            Value::DateTime(point) => dates::parse_date_time(text) == Some(*point),
            Value::Time(time) => dates::parse_time(text) == Some(*time),
            Value::Null => text == "null",
        },
        FieldValue::Names(_) | FieldValue::Compound(_) => false,
    }
}

/// Whether an event of a generic channel is addressed to the user.
fn is_addressed(engine: &Engine, event: &Event, user: RecordId) -> bool {
    let Some((schema, decoded)) = decoded(engine, event) else {
        return false;
    };
    let users = schema.position_of(stream::USERS);
    match users.and_then(|position| decoded.fields.get(position)) {
        Some(FieldValue::Plain(Value::Text(users))) => {
            users.split(';').any(|named| named == user.as_str())
        }
        _ => true,
    }
}

/// Reads the conditions behind the question mark of a channel: `A='x'&B=5`. `selected` are the fields of the topic.
///
/// # Errors
/// [`StreamingFault::TopicFilterUnknown`] with the names that are none of them.
pub(crate) fn conditions(
    filter: &str,
    selected: &[&str],
) -> Result<Vec<Condition>, StreamingFault> {
    let mut conditions = Vec::new();
    let mut unknown = Vec::new();
    for part in parts(filter) {
        let (field, value) = part.split_once('=').unwrap_or((part, ""));
        let field = unescaped(field.trim());
        let known = selected
            .iter()
            .find(|known| known.eq_ignore_ascii_case(&field));
        match known {
            Some(known) if part.contains('=') => conditions.push(Condition {
                field: (*known).to_owned(),
                value: unquoted(&unescaped(value.trim())).to_owned(),
            }),
            _ => unknown.push(field),
        }
    }
    if !unknown.is_empty() || conditions.len() > limits::TOPIC_FILTERS_MAX {
        return Err(StreamingFault::TopicFilterUnknown { fields: unknown });
    }
    Ok(conditions)
}

/// The parts between the signs `&` that are not within quotes.
fn parts(filter: &str) -> impl Iterator<Item = &str> {
    let mut is_quoted = false;
    filter
        .split(move |letter| {
            is_quoted ^= letter == '\'';
            letter == '&' && !is_quoted
        })
        .filter(|part| !part.trim().is_empty())
}

/// Clients: some write a blank as it is, some as `%20`.
fn unescaped(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Clients: EMP-Connector's readme has values without quotes.
fn unquoted(text: &str) -> &str {
    text.strip_prefix('\'')
        .and_then(|text| text.strip_suffix('\''))
        .unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(filter: &str) -> Vec<(String, String)> {
        let conditions = conditions(filter, &["Id", "Industry", "ShippingCity"]);
        let conditions = conditions.expect("known fields").into_iter();
        conditions
            .map(|condition| (condition.field, condition.value))
            .collect()
    }

    #[test]
    fn conditions_are_read_with_quotes_without_and_escaped() {
        let city = |city: &str| vec![("ShippingCity".to_owned(), city.to_owned())];
        assert_eq!(read("ShippingCity='San Francisco'"), city("San Francisco"));
        assert_eq!(read("shippingcity=San%20Francisco"), city("San Francisco"));
        assert_eq!(read("ShippingCity='A&B=C'"), city("A&B=C"));
        assert_eq!(
            read("Industry='Energy'&ShippingCity=Ulm"),
            [
                ("Industry".to_owned(), "Energy".to_owned()),
                ("ShippingCity".to_owned(), "Ulm".to_owned())
            ]
        );
        assert!(read("").is_empty());
    }

    #[test]
    fn fields_that_the_topic_does_not_select_are_refused_by_name() {
        let refused = conditions("Name='x'&Id=1&Rating", &["Id"]);
        let fields = vec!["Name".to_owned(), "Rating".to_owned()];
        assert_eq!(refused, Err(StreamingFault::TopicFilterUnknown { fields }));
    }

    #[test]
    fn values_are_compared_by_their_type() {
        let text = |text: &str| FieldValue::Plain(Value::Text(text.to_owned()));
        assert!(equals(&text("Energy"), "energy") && !equals(&text("Energy"), "Ener"));
        assert!(equals(&FieldValue::Plain(Value::Double(5.0)), "5"));
        assert!(equals(&FieldValue::Plain(Value::Boolean(true)), "TRUE"));
        assert!(equals(&FieldValue::Null, "null") && !equals(&FieldValue::Null, ""));
    }
}
