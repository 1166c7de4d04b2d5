//! Rendered JSON with gaps for what differs from request to request.
//!
//! A describe is long and the same for all versions and hosts, except for a few addresses: it is rendered once an object and
//! kept with marks. Marks are control characters, which JSON strings cannot hold.

use landfall_wire::{ApiVersion, write_json_string};

/// Stands for the version, such as `59.0`.
pub const VERSION: char = '\u{1}';
/// Stands for scheme and authority of the request.
pub const BASE: char = '\u{2}';
/// Begins what versions from 50.0 on show.
pub const SINCE_50: char = '\u{3}';
/// Ends it.
pub const END: char = '\u{4}';

/// JSON with marks.
#[derive(Debug)]
pub struct Template {
    text: String,
    fingerprint: u64,
}

impl Template {
    /// The JSON with its marks.
    pub fn new(text: String) -> Self {
        Self {
            fingerprint: landfall_http::fingerprint(text.as_bytes()),
            text,
        }
    }

    /// Identity of the content, for `ETag`.
    pub const fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// The text for one request.
    pub fn expand(&self, version: ApiVersion, base_url: &str) -> String {
        let version_text = version.to_string();
        let mut base = String::new();
        write_json_string(&mut base, base_url);
        let base = base.trim_matches('"');
        let mut out = String::with_capacity(self.text.len() + 256);
        let mut hidden = false;
        let mut rest = self.text.as_str();
        while let Some(at) = rest.find([VERSION, BASE, SINCE_50, END]) {
            let (plain, marked) = rest.split_at(at);
            if !hidden {
                out.push_str(plain);
            }
            let mut letters = marked.chars();
            match letters.next() {
                Some(VERSION) if !hidden => out.push_str(&version_text),
                Some(BASE) if !hidden => out.push_str(base),
                Some(SINCE_50) => hidden = version.number() < 50,
                Some(END) => hidden = false,
                _ => (),
            }
            rest = letters.as_str();
        }
        out.push_str(rest);
        out
    }
}

#[cfg(test)]
mod tests {
    use landfall_wire::versions::{Named, parse_rest};

    use super::*;

    #[test]
    fn marks_become_what_the_request_says() {
        let template = Template::new(
            "{\"a\":1\u{3},\"since\":\"v\u{1}\"\u{4},\"b\":\"\u{2}/v\u{1}\"}".to_owned(),
        );
        let expand = |version| match parse_rest(version) {
            Named::Served(version) => template.expand(version, "http://h"),
            other => panic!("{other:?}"),
        };
        assert_eq!(
            expand("v59.0"),
            r#"{"a":1,"since":"v59.0","b":"http://h/v59.0"}"#
        );
        assert_eq!(expand("v49.0"), r#"{"a":1,"b":"http://h/v49.0"}"#);
    }
}
