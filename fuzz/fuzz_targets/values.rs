//! Single values as clients write them: positions, ids, numbers, dates, versions. Any text is a value or none, and a value
//! that is written is read again as the same.

#![no_main]

use landfall_metadata::{Ignored, Origin, OriginPattern};
use landfall_model::{Date, FieldType, RecordId, ReplayId, SchemaId, Timestamp, Value};
use landfall_wire::{dates, values, versions};
use libfuzzer_sys::fuzz_target;

/// One of each way in which a value is read.
const KINDS: [FieldType; 8] = [
    FieldType::Boolean,
    FieldType::Int,
    FieldType::Double,
    FieldType::Date,
    FieldType::DateTime,
    FieldType::Time,
    FieldType::Reference,
    FieldType::String,
];

/// The years that have four digits, in which every date can be written.
const WRITTEN: std::ops::RangeInclusive<i64> = -62_167_219_200_000..=253_402_300_799_999;

fuzz_target!(|data: &[u8]| {
    if let Some(id) = ReplayId::from_bytes(data) {
        assert_eq!(ReplayId::from_bytes(&id.to_bytes()), Some(id));
        assert!(id.to_bytes().starts_with(data.get(..8).unwrap_or_default()));
    }
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    ids(text);
    points(text);
    for kind in KINDS {
        let Some(value) = values::parse(text, kind) else {
            continue;
        };
        if matches!(&value, Value::DateTime(point) if !is_written(*point)) {
            continue;
        }
        if let Some(written) = values::render(&value, kind) {
            let again = values::parse(&written, kind);
            assert_eq!(again.as_ref(), Some(&value), "{kind:?} {written}");
        }
    }
    if let Some(version) = versions::parse_streaming(text) {
        assert_eq!(
            versions::parse_streaming(&version.to_string()),
            Some(version)
        );
    }
    if let Some(version) = versions::parse_soap(text) {
        assert_eq!(versions::parse_soap(&version.to_string()), Some(version));
    }
    let _ = versions::parse_rest(text);
    origins(text);
});

fn ids(text: &str) {
    if let Some(id) = SchemaId::parse(text) {
        assert_eq!(id.to_string(), text);
    }
    if let Ok(id) = RecordId::parse(text) {
        assert_eq!(RecordId::parse(id.as_str()), Ok(id));
        assert!(id.as_str().starts_with(text.get(..15).unwrap_or_default()));
    }
}

fn points(text: &str) {
    if let Some(day) = dates::parse_date(text) {
        assert_eq!(dates::render_date(day), text);
        assert_eq!(Date::of(day.midnight()), day);
    }
    if let Some(millis) = dates::parse_time(text) {
        assert_eq!(dates::parse_time(&dates::render_time(millis)), Some(millis));
    }
    if let Some(point) = dates::parse_date_time(text).filter(|point| is_written(*point)) {
        for written in [dates::render_date_time(point), dates::render_utc(point)] {
            assert_eq!(dates::parse_date_time(&written), Some(point), "{written}");
        }
    }
    if let Some(point) = dates::parse_http_date(text).filter(|point| is_written(*point)) {
        let written = dates::render_http_date(point);
        assert_eq!(dates::parse_http_date(&written), Some(point), "{written}");
    }
}

fn is_written(point: Timestamp) -> bool {
    WRITTEN.contains(&point.as_millis())
}

fn origins(text: &str) {
    let origin = Origin::parse(text);
    if let Some(pattern) = OriginPattern::parse(text)
        && let Some(origin) = &origin
    {
        assert!(
            pattern.matches(origin),
            "a pattern without a star is an origin"
        );
    }
    let _ = Ignored::parse(text);
}
