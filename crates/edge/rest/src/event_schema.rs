//! Event schemas as JSON.
//!
//! Source: "Platform Event Schema by Event Name" and "Platform Event Schema by Schema ID" (REST API Developer Guide).

use landfall_engine::Engine;
use landfall_engine::faults::{Called, FaultKind, Occasion, topic_of};
use landfall_http::Answer;
use landfall_model::{Fault, RequestFault, SchemaId, ServiceFault};
use landfall_schema::EventSchema;

use crate::call::Call;
use crate::path::Object;

/// The version that brought the resource.
const FIRST_VERSION: u16 = 40;

/// The version that brought `payloadFormat`, and made the expanded form the default.
const FORMATS_VERSION: u16 = 43;

/// The present schema of an event object.
pub(crate) fn of(engine: &Engine, call: &Call, object: &Object) -> Result<Answer, Fault> {
    let format = format(call)?;
    let definitions = &call.definitions;
    let schema = match object {
        Object::ChangeEvent(entity) => definitions.change_event_schema(entity.name.as_str()),
        Object::PlatformEvent(event) => definitions
            .publication(event.name.as_str())
            .map(|publication| &publication.schema),
        Object::Records(_) => None,
    };
    let schema = schema.ok_or(RequestFault::ResourceNotFound)?;
    rehearse(engine, call, schema, || {
        format!("sobjects/{}/eventSchema", schema.name())
    })?;
    Ok(render(schema, format))
}

/// The schema with an id, current or old.
pub(crate) fn by_id(engine: &Engine, call: &Call, id: &str) -> Result<Answer, Fault> {
    let format = format(call)?;
    let schema = SchemaId::parse(id).and_then(|id| engine.schema(id));
    let schema = schema.ok_or(RequestFault::ResourceNotFound)?;
    rehearse(engine, call, &schema, || format!("event/eventSchema/{id}"))?;
    Ok(render(&schema, format))
}

/// Refuses a schema as a test has asked for.
///
/// # Errors
/// [`ServiceFault::StoreUnavailable`].
fn rehearse(
    engine: &Engine,
    call: &Call,
    schema: &EventSchema,
    resource: impl FnOnce() -> String,
) -> Result<(), ServiceFault> {
    let faults = engine.faults();
    if !faults.is_armed() {
        return Ok(());
    }
    let topic = topic_of(schema);
    let path = format!("/services/data/v{}/{}", call.version, resource());
    let topics = [topic.as_str()];
    let occasion = || {
        let (method, path) = (call.method.as_str(), path.as_str());
        Occasion::default()
            .topics(&topics)
            .user(call.login.user_id, &call.login.username)
            .method(Called::Http { method, path })
    };
    match faults.fires(FaultKind::SchemaUnavailable, occasion) {
        Some(_) => Err(ServiceFault::StoreUnavailable),
        None => Ok(()),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Compact,
    Expanded,
}

fn format(call: &Call) -> Result<Format, RequestFault> {
    choose(call.version.number(), call.parameter("payloadFormat"))
}

fn choose(version: u16, asked: Option<&str>) -> Result<Format, RequestFault> {
    if version < FIRST_VERSION {
        return Err(RequestFault::ResourceNotFound);
    }
    let invalid = |value: &str| RequestFault::PayloadFormatInvalid {
        value: value.to_owned(),
    };
    match asked {
        Some(value) if version < FORMATS_VERSION => Err(invalid(value)),
        None if version < FORMATS_VERSION => Ok(Format::Compact),
        None => Ok(Format::Expanded),
        Some(value) if value.eq_ignore_ascii_case("EXPANDED") => Ok(Format::Expanded),
        Some(value) if value.eq_ignore_ascii_case("COMPACT") => Ok(Format::Compact),
        Some(value) => Err(invalid(value)),
    }
}

fn render(schema: &EventSchema, format: Format) -> Answer {
    Answer::json(match format {
        Format::Compact => schema.compact_json(),
        Format::Expanded => schema.expanded_json(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_depends_on_version_and_parameter() {
        for (version, asked, format) in [
            (59, None, Ok(Format::Expanded)),
            (43, Some("compact"), Ok(Format::Compact)),
            (59, Some("EXPANDED"), Ok(Format::Expanded)),
            (42, None, Ok(Format::Compact)),
        ] {
            assert_eq!(choose(version, asked), format);
        }
        for (version, asked) in [(59, "FOO"), (59, ""), (42, "COMPACT")] {
            assert!(matches!(
                choose(version, Some(asked)),
                Err(RequestFault::PayloadFormatInvalid { .. })
            ));
        }
        assert_eq!(choose(39, None), Err(RequestFault::ResourceNotFound));
    }
}
