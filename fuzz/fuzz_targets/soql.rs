//! Queries, searches and filters of channels as clients send them: any text is one or an error with a text of its own.

#![no_main]

use landfall_soql::{caret, parse, parse_filter, parse_search};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Err(error) = parse(text) {
        assert!(!error.to_string().is_empty());
    }
    if let Err(error) = parse_filter(text) {
        assert!(!error.to_string().is_empty());
    }
    if let Err(error) = parse_search(text) {
        assert!(!error.to_string().is_empty());
    }
    let at = data.first().copied().map_or(0, usize::from);
    assert!(caret(text, at).ends_with('\n'));
});
