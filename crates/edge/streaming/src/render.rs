//! The `data` of an event message, made once for all subscribers.

use std::io::Write as _;

use bytes::Bytes;
use landfall_engine::{Engine, Event};
use tracing::error;

/// The `data` of an event message. Empty if the event cannot be read, which is a defect that is logged, not sent.
///
/// Every API version gets the same: change events are younger than the versions that wrote points in time differently.
pub(crate) fn rendered(engine: &Engine, event: &Event) -> Bytes {
    let mut data = Vec::with_capacity(512 + event.payload.len() * 2);
    let failed = |reason: &dyn std::fmt::Display| {
        error!(replay_id = %event.replay_id, schema = %event.schema, %reason, "an event cannot be rendered");
        Bytes::new()
    };
    let Some(schema) = engine.schema(event.schema) else {
        return failed(&"its schema is unknown");
    };
    // Writing to memory does not fail.
    let _ = write!(data, "{{\"schema\":\"{}\",\"payload\":", event.schema);
    if let Err(error) = schema.render_cometd(&event.payload, &mut data) {
        return failed(&error);
    }
    let _ = write!(data, ",\"event\":{{\"replayId\":{}}}}}", event.replay_id);
    Bytes::from(data)
}
