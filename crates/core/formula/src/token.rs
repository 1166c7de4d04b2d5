//! From the text of a formula to words and signs.
//!
//! A path such as `Account.Owner.Name` is one word, and so is `Owner:User.Name`.
//! Source: the lexer of `salesforce/formula-engine` (`impl/src/main/antlr4`).

use crate::error::Error;

/// A word or sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// A name, a path or a keyword.
    Word(String),
    /// Digits, with a point between them or without.
    Number(String),
    /// A text without its quotes, escapes replaced.
    Text(String),
    /// An operator, a parenthesis or a comma.
    Sign(&'static str),
}

impl Token {
    /// The token as error texts spell it.
    pub(crate) fn spelled(&self) -> String {
        match self {
            Self::Word(word) | Self::Number(word) => word.clone(),
            Self::Text(text) => format!("\"{text}\""),
            Self::Sign(sign) => (*sign).to_owned(),
        }
    }
}

/// Longer signs come before those that they begin with.
const SIGNS: &[&str] = &[
    "||", "&&", "==", "<>", "!=", "<=", ">=", "=", "<", ">", "+", "-", "&", "^", "*", "/", "!",
    "(", ")", ",",
];

/// All words and signs of a formula.
///
/// # Errors
/// [`Error::Syntax`] for a character that nothing begins with, and for what does not end.
pub(crate) fn tokens(text: &str) -> Result<Vec<Token>, Error> {
    let mut rest = text;
    let mut tokens = Vec::new();
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\u{c}', '\r', '\n']);
        let Some(first) = rest.chars().next() else {
            return Ok(tokens);
        };
        if let Some(comment) = rest.strip_prefix("/*") {
            let (_, after) = comment.split_once("*/").ok_or(Error::Syntax)?;
            rest = after;
            continue;
        }
        let (token, after) = match first {
            '"' | '\'' => quoted(rest, first)?,
            '0'..='9' => number(rest),
            'a'..='z' | 'A'..='Z' | '$' => word(rest),
            _ => sign(rest)?,
        };
        tokens.push(token);
        rest = after;
    }
}

fn word(text: &str) -> (Token, &str) {
    let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '$' | ':' | '.' | '#');
    let end = text.find(|c| !inside(c)).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    (Token::Word(word.to_owned()), rest)
}

fn number(text: &str) -> (Token, &str) {
    let digits = |text: &str| {
        text.find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len())
    };
    let whole = digits(text);
    let fraction = text
        .get(whole..)
        .and_then(|rest| rest.strip_prefix('.'))
        .map_or(0, |rest| digits(rest) + 1);
    let end = if fraction > 1 {
        whole + fraction
    } else {
        whole
    };
    let (number, rest) = text.split_at(end);
    (Token::Number(number.to_owned()), rest)
}

/// `\"`, `\'` and `\\` are replaced; `\n`, `\r` and `\t` are two characters each.
fn quoted(text: &str, quote: char) -> Result<(Token, &str), Error> {
    let mut value = String::new();
    let mut characters = text.char_indices().skip(1);
    while let Some((at, c)) = characters.next() {
        match c {
            c if c == quote => {
                let rest = text.get(at + 1..).unwrap_or_default();
                return Ok((Token::Text(value), rest));
            }
            '\\' => match characters.next() {
                Some((_, c @ ('"' | '\'' | '\\'))) => value.push(c),
                Some((_, c @ ('n' | 'r' | 't'))) => value.extend(['\\', c]),
                _ => return Err(Error::Syntax),
            },
            '\n' | '\r' => return Err(Error::Syntax),
            c => value.push(c),
        }
    }
    Err(Error::Syntax)
}

fn sign(text: &str) -> Result<(Token, &str), Error> {
    let found = SIGNS
        .iter()
        .find_map(|sign| Some((Token::Sign(sign), text.strip_prefix(sign)?)));
    found.ok_or_else(|| {
        let found = text.chars().next().map(String::from);
        Error::SyntaxFound(found.unwrap_or_default())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(text: &str) -> Vec<String> {
        let tokens = tokens(text).expect("tokens");
        tokens.iter().map(Token::spelled).collect()
    }

    #[test]
    fn a_path_is_one_word_and_comments_are_none() {
        assert_eq!(
            spelled("IF(/* yes */Owner:User.Name <>$User.Id,1.50)"),
            [
                "IF",
                "(",
                "Owner:User.Name",
                "<>",
                "$User.Id",
                ",",
                "1.50",
                ")"
            ]
        );
    }

    #[test]
    fn escapes_of_quotes_are_replaced_and_those_of_line_breaks_are_not() {
        let expected = Token::Text("line\\nbreak\"'\\".to_owned());
        assert_eq!(tokens(r#""line\nbreak\"\'\\""#), Ok(vec![expected]));
        assert_eq!(tokens("\"line\nbreak\""), Err(Error::Syntax));
        assert_eq!(tokens("\"open"), Err(Error::Syntax));
    }

    #[test]
    fn a_number_begins_with_a_digit() {
        assert!(matches!(tokens(".5"), Err(Error::SyntaxFound(_))));
        assert_eq!(spelled("0.5"), ["0.5"]);
    }
}
