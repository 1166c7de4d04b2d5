//! Replay ids as clients send them: any bytes are a position or none, and what was given out is read back.

#![no_main]

use landfall_model::{ReplayId, SchemaId};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Some(id) = ReplayId::from_bytes(data) {
        assert_eq!(ReplayId::from_bytes(&id.to_bytes()), Some(id));
        assert!(id.to_bytes().starts_with(data.get(..8).unwrap_or_default()));
    }
    if let Ok(text) = std::str::from_utf8(data)
        && let Some(id) = SchemaId::parse(text)
    {
        assert_eq!(id.to_string(), text);
    }
});
