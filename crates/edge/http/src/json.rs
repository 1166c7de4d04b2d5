//! JSON of request bodies, read with the places of its values.
//!
//! Numbers keep their digits and every value its place, because the field's type decides how a value reads and an error
//! says where it was. Refusals are worded like the streaming reader of the service.
//! It deliberately knows no fields and no records. Start reading at [`parse`].

use landfall_model::RequestFault;
use landfall_model::limits::{REST_JSON_DEPTH_MAX, REST_JSON_VALUES_MAX};

use crate::writer::Writer;

/// A value and where in the body it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Json {
    /// The value.
    pub content: Content,
    /// Unit: bytes from the start of the body.
    pub offset: usize,
}

/// What a JSON value is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean(bool),
    /// As written; checked to be a JSON number.
    Number(String),
    /// Unescaped.
    Text(String),
    /// In the order of the body.
    Array(Vec<Json>),
    /// In the order of the body, repetitions included.
    Object(Vec<(String, Json)>),
}

impl Content {
    /// The name of the value's first token, as error texts have it.
    pub fn token(&self) -> &'static str {
        match self {
            Self::Null => "VALUE_NULL",
            Self::Boolean(true) => "VALUE_TRUE",
            Self::Boolean(false) => "VALUE_FALSE",
            Self::Number(digits) if digits.contains(['.', 'e', 'E']) => "VALUE_NUMBER_FLOAT",
            Self::Number(_) => "VALUE_NUMBER_INT",
            Self::Text(_) => "VALUE_STRING",
            Self::Array(_) => "START_ARRAY",
            Self::Object(_) => "START_OBJECT",
        }
    }
}

/// A body together with its text, to tell places.
#[derive(Debug)]
pub struct Body<'a> {
    /// The outermost value.
    pub root: Json,
    text: &'a str,
}

impl<'a> Body<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// [`RequestFault::BodyMissing`] for an empty one, [`RequestFault::JsonInvalid`] for one that is not JSON or goes
    /// beyond the limits.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, RequestFault> {
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
                let valid = std::str::from_utf8(valid).unwrap_or_default();
                let byte = bytes.get(error.valid_up_to()).copied().unwrap_or_default();
                return Err(fault_at(
                    valid,
                    valid.len(),
                    format!("Invalid UTF-8 start byte 0x{byte:x}"),
                ));
            }
        };
        if text.trim_matches(is_space).is_empty() {
            return Err(RequestFault::BodyMissing);
        }
        let root = parse(text)?;
        Ok(Self { root, text })
    }

    /// The members of the body, which must be an object.
    ///
    /// # Errors
    /// [`RequestFault::JsonInvalid`].
    pub fn members(&self) -> Result<&[(String, Json)], RequestFault> {
        match &self.root.content {
            Content::Object(members) => Ok(members),
            _ => Err(self.unexpected(&self.root)),
        }
    }

    /// Line and column of a value, both from 1.
    pub fn position(&self, value: &Json) -> (usize, usize) {
        position(self.text, value.offset)
    }

    /// The refusal of a value that has no business where it is.
    pub fn unexpected(&self, value: &Json) -> RequestFault {
        let what = match value.content {
            Content::Array(_) => "array",
            Content::Object(_) => "object",
            Content::Null => "null",
            Content::Boolean(_) => "boolean",
            Content::Number(_) => "number",
            Content::Text(_) => "string",
        };
        self.refuse(value, format!("Can not deserialize: unexpected {what}"))
    }

    /// The refusal of a member that the object should not have.
    pub fn unrecognized(&self, name: &str, value: &Json) -> RequestFault {
        self.refuse(value, format!("Unrecognized field \"{name}\""))
    }

    /// A refusal at the place of a value.
    pub fn refuse(&self, value: &Json, reason: impl Into<String>) -> RequestFault {
        fault_at(self.text, value.offset, reason.into())
    }
}

/// Reads one JSON value that is the whole text.
///
/// # Errors
/// [`RequestFault::JsonInvalid`].
pub fn parse(text: &str) -> Result<Json, RequestFault> {
    read(text, REST_JSON_VALUES_MAX)
}

/// A value as it is written.
pub fn rendered(json: &Json) -> String {
    let mut w = Writer::new();
    write(&mut w, json);
    w.finish()
}

fn write(w: &mut Writer, json: &Json) {
    match &json.content {
        Content::Null => w.null(),
        Content::Boolean(truth) => w.boolean(*truth),
        Content::Number(digits) => w.raw(digits),
        Content::Text(text) => w.string(text),
        Content::Array(items) => w.array(|w| items.iter().for_each(|item| write(w, item))),
        Content::Object(members) => w.object(|w| {
            for (name, value) in members {
                write(w.name(name), value);
            }
        }),
    }
}

/// Reads an answer of our own, which may have any number of values.
///
/// # Errors
/// [`RequestFault::JsonInvalid`].
pub fn parse_answer(text: &str) -> Result<Json, RequestFault> {
    read(text, usize::MAX)
}

fn read(text: &str, values_max: usize) -> Result<Json, RequestFault> {
    let mut reader = Reader {
        text,
        at: 0,
        values: 0,
        values_max,
    };
    reader.space();
    let value = reader.value(0)?;
    reader.space();
    match reader.peek() {
        None => Ok(value),
        Some(letter) => Err(reader.unexpected(letter, "expected the end of the content")),
    }
}

const VALUE_EXPECTED: &str =
    "expected a valid value (number, String, array, object, 'true', 'false' or 'null')";

struct Reader<'a> {
    text: &'a str,
    at: usize,
    values: usize,
    values_max: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take(&mut self) -> Option<char> {
        let letter = self.peek()?;
        self.at += letter.len_utf8();
        Some(letter)
    }

    fn space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches(is_space).len();
    }

    fn value(&mut self, depth: usize) -> Result<Json, RequestFault> {
        self.values += 1;
        if self.values > self.values_max {
            return Err(self.fault("The content has too many values"));
        }
        if depth > REST_JSON_DEPTH_MAX {
            return Err(self.fault("The content is nested too deeply"));
        }
        let offset = self.at;
        let content = match self.peek() {
            Some('{') => self.object(depth)?,
            Some('[') => self.array(depth)?,
            Some('"') => Content::Text(self.string()?),
            Some('-' | '0'..='9') => self.number()?,
            Some(letter) if letter.is_ascii_alphabetic() => self.word()?,
            Some(letter) => return Err(self.unexpected(letter, VALUE_EXPECTED)),
            None => return Err(self.fault("Unexpected end-of-input: expected a value")),
        };
        Ok(Json { content, offset })
    }

    fn object(&mut self, depth: usize) -> Result<Content, RequestFault> {
        let start = self.at;
        self.at += 1;
        let mut members = Vec::new();
        self.space();
        if self.peek() == Some('}') {
            self.at += 1;
            return Ok(Content::Object(members));
        }
        loop {
            self.space();
            match self.peek() {
                Some('"') => (),
                Some(letter) => {
                    return Err(
                        self.unexpected(letter, "was expecting double-quote to start field name")
                    );
                }
                None => return Err(self.unclosed("OBJECT", start)),
            }
            let name = self.string()?;
            self.space();
            match self.peek() {
                Some(':') => self.at += 1,
                Some(letter) => {
                    return Err(self.unexpected(
                        letter,
                        "was expecting a colon to separate field name and value",
                    ));
                }
                None => return Err(self.unclosed("OBJECT", start)),
            }
            self.space();
            members.push((name, self.value(depth + 1)?));
            self.space();
            match self.peek() {
                Some(',') => self.at += 1,
                Some('}') => {
                    self.at += 1;
                    return Ok(Content::Object(members));
                }
                Some(letter) => {
                    return Err(
                        self.unexpected(letter, "was expecting comma to separate OBJECT entries")
                    );
                }
                None => return Err(self.unclosed("OBJECT", start)),
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Content, RequestFault> {
        let start = self.at;
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.peek() == Some(']') {
            self.at += 1;
            return Ok(Content::Array(items));
        }
        loop {
            self.space();
            items.push(self.value(depth + 1)?);
            self.space();
            match self.peek() {
                Some(',') => self.at += 1,
                Some(']') => {
                    self.at += 1;
                    return Ok(Content::Array(items));
                }
                Some(letter) => {
                    return Err(
                        self.unexpected(letter, "was expecting comma to separate ARRAY entries")
                    );
                }
                None => return Err(self.unclosed("ARRAY", start)),
            }
        }
    }

    fn string(&mut self) -> Result<String, RequestFault> {
        self.at += 1;
        let mut text = String::new();
        loop {
            let plain = plain_bytes(self.rest().as_bytes());
            text.push_str(self.rest().get(..plain).unwrap_or_default());
            self.at += plain;
            match self.peek() {
                Some('"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some('\\') => text.push(self.escape()?),
                Some(control) => {
                    return Err(self.fault(&format!(
                        "Illegal unquoted character ((CTRL-CHAR, code {})): has to be escaped using backslash to be \
                         included in string value",
                        u32::from(control)
                    )));
                }
                None => {
                    return Err(self.fault(
                        "Unexpected end-of-input: was expecting closing quote for a string value",
                    ));
                }
            }
        }
    }

    fn escape(&mut self) -> Result<char, RequestFault> {
        self.at += 1;
        match self.take() {
            Some('n') => Ok('\n'),
            Some('t') => Ok('\t'),
            Some('r') => Ok('\r'),
            Some('b') => Ok('\u{8}'),
            Some('f') => Ok('\u{c}'),
            Some(same @ ('"' | '\\' | '/')) => Ok(same),
            Some('u') => self.unicode_escape(),
            Some(letter) => Err(self.fault(&format!(
                "Unrecognized character escape {}",
                described(letter)
            ))),
            None => Err(self.fault("Unexpected end-of-input in character escape sequence")),
        }
    }

    /// Half a surrogate pair alone reads as the replacement character, as Java's UTF-8 writer would lose it too.
    fn unicode_escape(&mut self) -> Result<char, RequestFault> {
        let unit = self.hex4()?;
        if (0xd800..0xdc00).contains(&unit) && self.rest().starts_with("\\u") {
            let before = self.at;
            self.at += 2;
            let low = self.hex4()?;
            if (0xdc00..0xe000).contains(&low) {
                let code = 0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = before;
        }
        Ok(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex4(&mut self) -> Result<u32, RequestFault> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|letter| letter.to_digit(16));
            match (digit, self.peek()) {
                (Some(digit), _) => unit = unit << 4 | digit,
                (None, Some(letter)) => {
                    return Err(self
                        .unexpected(letter, "expected a hex-digit for character escape sequence"));
                }
                (None, None) => {
                    return Err(self.fault("Unexpected end-of-input in character escape sequence"));
                }
            }
            self.at += 1;
        }
        Ok(unit)
    }

    fn number(&mut self) -> Result<Content, RequestFault> {
        let start = self.at;
        if self.peek() == Some('-') {
            self.at += 1;
        }
        let whole = self.digits()?;
        if whole.len() > 1 && whole.starts_with('0') {
            return Err(self.fault("Invalid numeric value: Leading zeroes not allowed"));
        }
        if self.peek() == Some('.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some('e' | 'E') = self.peek() {
            self.at += 1;
            if let Some('+' | '-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(Content::Number(
            self.text.get(start..self.at).unwrap_or_default().to_owned(),
        ))
    }

    fn digits(&mut self) -> Result<String, RequestFault> {
        let rest = self.rest();
        let length = rest
            .find(|letter: char| !letter.is_ascii_digit())
            .unwrap_or(rest.len());
        let digits = rest.get(..length).unwrap_or_default().to_owned();
        self.at += length;
        if digits.is_empty() {
            return Err(match self.peek() {
                Some(letter) => {
                    self.unexpected(letter, "expected digit (0-9) to follow in a numeric value")
                }
                None => self.fault("Unexpected end-of-input in a Number value"),
            });
        }
        Ok(digits)
    }

    fn word(&mut self) -> Result<Content, RequestFault> {
        let rest = self.rest();
        let length = rest
            .find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
            .unwrap_or(rest.len());
        let word = rest.get(..length).unwrap_or_default();
        let content = match word {
            "true" => Content::Boolean(true),
            "false" => Content::Boolean(false),
            "null" => Content::Null,
            _ => {
                let shown: String = word.chars().take(100).collect();
                return Err(self.fault(&format!(
                    "Unrecognized token '{shown}': was expecting ('true', 'false' or 'null')"
                )));
            }
        };
        self.at += length;
        Ok(content)
    }

    fn unexpected(&self, letter: char, expected: &str) -> RequestFault {
        self.fault(&format!(
            "Unexpected character ({}): {expected}",
            described(letter)
        ))
    }

    fn unclosed(&self, what: &str, start: usize) -> RequestFault {
        let (line, column) = position(self.text, start);
        self.fault(&format!(
            "Unexpected end-of-input: expected close marker for {what} (from [line:{line}, column:{column}])"
        ))
    }

    fn fault(&self, reason: &str) -> RequestFault {
        fault_at(self.text, self.at, reason.to_owned())
    }
}

fn is_space(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\n' | '\r')
}

fn described(letter: char) -> String {
    let code = u32::from(letter);
    if letter < ' ' {
        format!("(CTRL-CHAR, code {code})")
    } else {
        format!("'{letter}' (code {code})")
    }
}

fn fault_at(text: &str, offset: usize, reason: String) -> RequestFault {
    let (line, column) = position(text, offset);
    RequestFault::JsonInvalid {
        reason,
        line,
        column,
    }
}

fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    let column = before.get(start..).map_or(0, |part| part.chars().count()) + 1;
    (line, column)
}

/// How many bytes come before the first one that ends a string or needs a look: an escape or a control character.
fn plain_bytes(text: &[u8]) -> usize {
    // Without a branch for each byte the compiler looks at all of a chunk at once.
    let is_special_chunk = |chunk: &&[u8; 16]| {
        chunk
            .iter()
            .fold(false, |any, byte| any | is_special(*byte))
    };
    let (chunks, _) = text.as_chunks::<16>();
    let plain_chunks = chunks.iter().take_while(|chunk| !is_special_chunk(chunk));
    let plain = plain_chunks.count() * 16;
    let mut rest = text.get(plain..).unwrap_or_default().iter();
    let special = rest.position(|byte| is_special(*byte));
    special.map_or(text.len(), |place| plain + place)
}

#[expect(
    clippy::needless_bitwise_bool,
    reason = "a branch for each byte would be slower"
)]
const fn is_special(byte: u8) -> bool {
    (byte < b' ') | (byte == b'"') | (byte == b'\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_ends_at_its_first_quote_wherever_that_is() {
        for length in 0..70 {
            let plain = "x".repeat(length);
            assert_eq!(plain_bytes(plain.as_bytes()), length);
            for special in ["\"", "\\", "\u{1f}"] {
                let text = format!("{plain}{special}y\"");
                assert_eq!(plain_bytes(text.as_bytes()), length, "{text:?}");
            }
        }
    }

    fn reason(text: &str) -> (String, usize, usize) {
        match Body::parse(text.as_bytes()).err() {
            Some(RequestFault::JsonInvalid {
                reason,
                line,
                column,
            }) => (reason, line, column),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn values_keep_their_digits_and_position() {
        let body = Body::parse(b"{\"a\" : 1.50,\n \"b\":[true,null,\"\\u00e9\\ud83d\\ude00\\n\"]}")
            .expect("JSON");
        let members = body.members().expect("an object");
        assert_eq!(members[0].1.content, Content::Number("1.50".to_owned()));
        assert_eq!(body.position(&members[1].1), (2, 6));
        let Content::Array(items) = &members[1].1.content else {
            panic!("an array");
        };
        assert_eq!(items[2].content, Content::Text("é😀\n".to_owned()));
    }

    #[test]
    fn refusals_are_worded_like_the_services_reader() {
        assert_eq!(
            reason("{\"Name\" john}").0,
            "Unexpected character ('j' (code 106)): was expecting a colon to separate field name and value"
        );
        assert_eq!(
            reason("{\"Name\":\"A\""),
            (
                "Unexpected end-of-input: expected close marker for OBJECT (from [line:1, column:1])"
                    .to_owned(),
                1,
                12
            )
        );
        assert_eq!(
            reason("{\"Name\":yes}").0,
            "Unrecognized token 'yes': was expecting ('true', 'false' or 'null')"
        );
        assert_eq!(
            reason("{'Name':1}").0,
            "Unexpected character (''' (code 39)): was expecting double-quote to start field name"
        );
    }

    #[test]
    fn broken_content_of_every_kind_is_refused() {
        for text in [
            "{",
            "[",
            "{\"a\"",
            "{\"a\":",
            "{\"a\":1,",
            "{\"a\":1,}",
            "[1,]",
            "\"",
            "\"\\",
            "\"\\u12",
            "\"\\ud800\\u12",
            "-",
            "1.",
            "1e",
            "01",
            "nul",
            "{}{}",
            "\"\n\"",
            "+1",
            "NaN",
        ] {
            reason(text);
        }
        assert!(matches!(
            Body::parse(b"{\"a\":\"\xff\"}"),
            Err(RequestFault::JsonInvalid { column: 7, .. })
        ));
        assert!(matches!(
            Body::parse(b" \n"),
            Err(RequestFault::BodyMissing)
        ));
    }

    #[test]
    fn nesting_and_size_have_a_bound() {
        let deep = "[".repeat(100_000);
        assert_eq!(reason(&deep).0, "The content is nested too deeply");
        let wide = format!("[{}0]", "0,".repeat(REST_JSON_VALUES_MAX));
        assert_eq!(reason(&wide).0, "The content has too many values");
    }
}
