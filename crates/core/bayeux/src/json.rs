//! JSON that must come back as it came, and the little writing that replies need.
//!
//! Replies and requests are written by hand: their key order is part of what peers have seen for years, and a value
//! tree would lose it. Numbers and strings of a peer are spliced verbatim.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;

/// One JSON value, kept as the text it arrived in.
///
/// Clients: `CometD` JS matches replies by the type and value of `id`, so `"4"`, `4` and `4.0` must each come back as
/// they were sent.
#[derive(Clone, Debug)]
pub struct RawJson(Box<RawValue>);

impl RawJson {
    /// The JSON text.
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// Parses `text` as one JSON value.
    ///
    /// # Errors
    /// When `text` is not exactly one JSON value.
    pub fn parse(text: String) -> Result<Self, serde_json::Error> {
        RawValue::from_string(text).map(Self)
    }

    /// The members, if it is an object; a repeated key keeps its last value.
    pub fn members(&self) -> Option<BTreeMap<String, Self>> {
        let members: BTreeMap<String, Box<RawValue>> = serde_json::from_str(self.as_str()).ok()?;
        let members = members.into_iter();
        Some(members.map(|(key, value)| (key, Self(value))).collect())
    }

    /// The text, if it is a string.
    pub fn text(&self) -> Option<String> {
        serde_json::from_str(self.as_str()).ok()
    }

    /// The value as a tree, or nothing if it nests deeper than `serde_json` follows.
    pub(crate) fn value(raw: &RawValue) -> Option<Value> {
        serde_json::from_str(raw.get()).ok()
    }

    pub(crate) fn of(raw: &RawValue) -> Self {
        Self(raw.to_owned())
    }
}

impl PartialEq for RawJson {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for RawJson {}

/// The members of one object, each still text; a repeated key keeps its last value.
pub(crate) type Members<'a> = BTreeMap<String, &'a RawValue>;

/// The text of a member that is a JSON string.
pub(crate) fn text(member: Option<&RawValue>) -> Option<Box<str>> {
    let json = member?.get();
    match json
        .strip_prefix('"')
        .and_then(|json| json.strip_suffix('"'))
    {
        Some(plain) if !plain.contains('\\') => Some(plain.into()),
        _ => serde_json::from_str(json).ok(),
    }
}

/// The text of a member that is a JSON string, otherwise its JSON text; `null` counts as absent.
pub(crate) fn any_text(member: Option<&RawValue>) -> Option<Box<str>> {
    text(member).or_else(|| Some(tree(member)?.to_string().into()))
}

/// The member as a tree; `null` counts as absent.
pub(crate) fn tree(member: Option<&RawValue>) -> Option<Value> {
    RawJson::value(member?).filter(|value| !value.is_null())
}

/// The member verbatim; `null` counts as absent.
pub(crate) fn verbatim(member: Option<&RawValue>) -> Option<RawJson> {
    let raw = member?;
    (raw.get() != "null").then(|| RawJson::of(raw))
}

/// Writes one object member after another, with the commas between them.
pub(crate) struct ObjectWriter<'a> {
    out: &'a mut Vec<u8>,
    empty: bool,
}

impl<'a> ObjectWriter<'a> {
    pub(crate) fn open(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, empty: true }
    }

    /// Starts a member; the caller writes its value to the returned buffer. Keys may be those of a client.
    pub(crate) fn key(&mut self, key: &str) -> &mut Vec<u8> {
        if !self.empty {
            self.out.push(b',');
        }
        self.empty = false;
        write_text(self.out, key);
        self.out.push(b':');
        self.out
    }

    pub(crate) fn raw(&mut self, key: &str, json: &str) {
        self.key(key).extend_from_slice(json.as_bytes());
    }

    pub(crate) fn text(&mut self, key: &str, value: &str) {
        write_text(self.key(key), value);
    }

    pub(crate) fn number(&mut self, key: &str, value: u64) {
        let digits = value.to_string();
        self.raw(key, &digits);
    }

    pub(crate) fn flag(&mut self, key: &str, value: bool) {
        self.raw(key, if value { "true" } else { "false" });
    }

    pub(crate) fn close(self) {
        self.out.push(b'}');
    }
}

/// Writes a text that needs no escape.
fn write_plain(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

/// Writes `value` as a JSON string.
pub(crate) fn write_text(out: &mut Vec<u8>, value: &str) {
    if is_plain(value.as_bytes()) {
        write_plain(out, value);
    } else {
        let escaped = Value::from(value).to_string();
        out.extend_from_slice(escaped.as_bytes());
    }
}

/// Whether no byte of a text needs an escape.
fn is_plain(text: &[u8]) -> bool {
    if let Some(last) = text.last_chunk::<16>() {
        // The last sixteen bytes again: those that come twice need no escape.
        let (chunks, _) = text.as_chunks::<16>();
        !chunks.iter().any(has_odd) && !has_odd(last)
    } else if let Some((first, last)) = text.first_chunk::<8>().zip(text.last_chunk::<8>()) {
        !has_odd(first) && !has_odd(last)
    } else {
        !text.iter().any(|byte| is_odd(*byte))
    }
}

/// Whether a byte needs an escape. Without a branch for each byte the compiler looks at many at once.
fn has_odd<const N: usize>(chunk: &[u8; N]) -> bool {
    chunk.iter().fold(false, |any, byte| any | is_odd(*byte))
}

#[expect(
    clippy::needless_bitwise_bool,
    reason = "a branch for each byte would be slower"
)]
const fn is_odd(byte: u8) -> bool {
    (byte < 0x20) | (byte == b'"') | (byte == b'\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_only_where_json_asks_for_it() {
        let mut out = Vec::new();
        write_text(&mut out, "/topic/A?x='é'");
        write_text(&mut out, "a\"b\\c\u{1}\n");
        assert_eq!(
            String::from_utf8(out).unwrap(),
            r#""/topic/A?x='é'""a\"b\\c\u0001\n""#
        );
    }

    #[test]
    fn an_escape_is_noticed_at_every_place_of_a_text_of_any_length() {
        for length in 0..70 {
            let plain = "x".repeat(length);
            let mut out = Vec::new();
            write_text(&mut out, &plain);
            assert_eq!(out, format!("\"{plain}\"").as_bytes());
            for place in 0..length {
                let mut text = plain.clone();
                text.replace_range(place..=place, "\n");
                let mut out = Vec::new();
                write_text(&mut out, &text);
                let escaped = text.replace('\n', "\\n");
                assert_eq!(out, format!("\"{escaped}\"").as_bytes());
            }
        }
    }

    #[test]
    fn raw_json_refuses_what_is_not_one_value() {
        assert!(RawJson::parse("1 2".to_owned()).is_err());
        assert!(RawJson::parse(String::new()).is_err());
        assert_eq!(RawJson::parse("4.0".to_owned()).unwrap().as_str(), "4.0");
    }

    #[test]
    fn members_are_as_they_came() {
        let object =
            RawJson::parse(r#"{"a": 1e30, "b":"\u0041", "a":18446744073709551616}"#.to_owned());
        let members = object.unwrap().members().unwrap();
        assert_eq!(members["a"].as_str(), "18446744073709551616");
        assert_eq!(members["a"].text(), None);
        assert_eq!(members["b"].text().as_deref(), Some("A"));
        assert_eq!(members["b"].members(), None);
    }
}
