//! From characters to words and signs.

use crate::error::{Error, ErrorKind};

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Letters, digits and `_`, beginning with a letter.
    Word,
    /// In quotes.
    Text,
    /// Digits, with a sign, a fraction or an exponent.
    Number,
    /// Digits with `-` or `:` between them.
    Moment,
    /// Anything else: one or two characters.
    Sign,
    /// The end of the statement.
    End,
}

/// A word or sign with its offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token<'s> {
    pub(crate) kind: Kind,
    /// As written; of a text what is between the quotes.
    pub(crate) text: &'s str,
    /// Unit: bytes.
    pub(crate) at: usize,
}

/// Splits a statement from an offset on; the last token is its end.
pub(crate) fn tokens_from(statement: &str, start: usize) -> Result<Vec<Token<'_>>, Error> {
    let mut tokens = Vec::new();
    let mut at = start;
    loop {
        let rest = statement.get(at..).unwrap_or_default();
        let trimmed = rest.trim_start_matches([' ', '\t', '\u{c}', '\r', '\n']);
        at += rest.len() - trimmed.len();
        let Some(letter) = trimmed.chars().next() else {
            tokens.push(Token {
                kind: Kind::End,
                text: "<EOF>",
                at,
            });
            return Ok(tokens);
        };
        let (kind, length) = one(statement, at, trimmed, letter)?;
        let text = match kind {
            Kind::Text => trimmed.get(1..length - 1),
            _ => trimmed.get(..length),
        };
        tokens.push(Token {
            kind,
            text: text.unwrap_or_default(),
            at,
        });
        at += length;
    }
}

/// The kind and the length of the token that `rest` begins with.
fn one(statement: &str, at: usize, rest: &str, letter: char) -> Result<(Kind, usize), Error> {
    let bytes = rest.as_bytes();
    let second = bytes.get(1).copied();
    let follows_digit = second.is_some_and(|byte| byte.is_ascii_digit());
    match letter {
        'a'..='z' | 'A'..='Z' => {
            let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
            Ok((Kind::Word, run(bytes, is_part)))
        }
        '\'' => match text_length(bytes) {
            Some(length) => Ok((Kind::Text, length)),
            None => Err(Error::new(ErrorKind::TextUnclosed, statement, at)),
        },
        '0'..='9' => Ok(number_or_moment(bytes)),
        '+' | '-' if follows_digit || second == Some(b'.') => Ok((Kind::Number, number(bytes))),
        '.' if follows_digit => Ok((Kind::Number, number(bytes))),
        '<' if matches!(second, Some(b'=' | b'>')) => Ok((Kind::Sign, 2)),
        '!' | '>' if second == Some(b'=') => Ok((Kind::Sign, 2)),
        '(' | ')' | ',' | '.' | '=' | '<' | '>' | ':' => Ok((Kind::Sign, 1)),
        other => Err(Error::new(
            ErrorKind::UnexpectedCharacter(other),
            statement,
            at,
        )),
    }
}

fn run(bytes: &[u8], is_part: impl Fn(&u8) -> bool) -> usize {
    bytes.iter().take_while(|byte| is_part(byte)).count()
}

/// With both quotes.
fn text_length(bytes: &[u8]) -> Option<usize> {
    let mut escaped = false;
    for (index, byte) in bytes.iter().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'\'' => return Some(index + 1),
            _ => (),
        }
    }
    None
}

/// Four digits and a minus begin a date, two and a colon a time; both go on as long as they can.
fn number_or_moment(bytes: &[u8]) -> (Kind, usize) {
    let digits = run(bytes, u8::is_ascii_digit);
    let next = bytes.get(digits).copied();
    if (digits == 4 && next == Some(b'-')) || (digits == 2 && next == Some(b':')) {
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"-:.+".contains(byte);
        return (Kind::Moment, run(bytes, is_part));
    }
    (Kind::Number, number(bytes))
}

fn number(bytes: &[u8]) -> usize {
    let from = |at: usize| bytes.get(at..).unwrap_or_default();
    let is = |at: usize, set: &[u8]| bytes.get(at).is_some_and(|byte| set.contains(byte));
    let mut at = usize::from(is(0, b"+-"));
    at += run(from(at), u8::is_ascii_digit);
    if is(at, b".") {
        let fraction = run(from(at + 1), u8::is_ascii_digit);
        if fraction > 0 {
            at += 1 + fraction;
        }
    }
    if is(at, b"eE") {
        let sign = usize::from(is(at + 1, b"+-"));
        let exponent = run(from(at + 1 + sign), u8::is_ascii_digit);
        if exponent > 0 {
            at += 1 + sign + exponent;
        }
    }
    at.max(1)
}
