//! The text of a filter as an expression: `type:UPDATE field:Industry (Amount>=100000 OR burlington)`.
//!
//! It knows no events and no org: what keys and values mean is decided by [`super::test`]. Start reading at [`parse`].

use landfall_model::limits::{
    CONTROL_FILTER_CHARACTERS_MAX, CONTROL_FILTER_DEPTH_MAX, CONTROL_FILTER_TERMS_MAX,
    CONTROL_FILTER_VALUES_MAX,
};

/// A filter as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expression {
    /// Every part passes.
    All(Vec<Self>),
    /// One of the parts passes.
    Any(Vec<Self>),
    /// The part does not pass.
    Not(Box<Self>),
    /// A key and what its value is compared with.
    Pair(Pair),
    /// A text of the event.
    Text(String),
}

/// `type:UPDATE,DELETE`, `Amount>=100000`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    /// As it was written.
    pub(super) key: String,
    pub(super) comparison: Comparison,
    /// One at least.
    pub(super) values: Vec<String>,
    /// Where the key begins. Unit: characters, from 1.
    pub(super) position: usize,
}

/// How a value is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    /// `:`
    Is,
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// The longer ones first.
const COMPARISONS: [(&str, Comparison); 7] = [
    ("!=", Comparison::NotEqual),
    ("<=", Comparison::LessOrEqual),
    (">=", Comparison::GreaterOrEqual),
    (":", Comparison::Is),
    ("=", Comparison::Equal),
    ("<", Comparison::Less),
    (">", Comparison::Greater),
];

/// Why a filter cannot be read, and where. Unit of the position: characters, from 1.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unreadable {
    pub(super) position: usize,
    pub(super) reason: String,
}

/// Reads a filter. Nothing but spaces is no condition: all parts of none.
///
/// # Errors
/// [`Unreadable`], also for a filter beyond the limits.
pub(super) fn parse(text: &str) -> Result<Expression, Unreadable> {
    let letters: Vec<char> = text.chars().collect();
    if letters.len() > CONTROL_FILTER_CHARACTERS_MAX {
        return Err(Unreadable {
            position: CONTROL_FILTER_CHARACTERS_MAX + 1,
            reason: format!("a filter has at most {CONTROL_FILTER_CHARACTERS_MAX} characters"),
        });
    }
    let mut reader = Reader {
        letters,
        at: 0,
        terms: 0,
        depth: 0,
    };
    if reader.next_letter().is_none() {
        return Ok(Expression::All(Vec::new()));
    }
    let expression = reader.any()?;
    match reader.next_letter() {
        None => Ok(expression),
        Some(_) => Err(reader.unreadable("\")\" closes nothing")),
    }
}

struct Reader {
    letters: Vec<char>,
    at: usize,
    terms: usize,
    depth: usize,
}

impl Reader {
    /// Parts with `OR` between them.
    fn any(&mut self) -> Result<Expression, Unreadable> {
        let mut parts = vec![self.all()?];
        while self.takes_word("OR") {
            parts.push(self.all()?);
        }
        Ok(single_or(parts, Expression::Any))
    }

    /// Parts with `AND` or nothing between them.
    fn all(&mut self) -> Result<Expression, Unreadable> {
        let mut parts = vec![self.not()?];
        loop {
            let is_joined = self.takes_word("AND");
            let ends = match self.next_letter() {
                None | Some(')') => true,
                Some(_) => self.is_word("OR"),
            };
            if ends && !is_joined {
                return Ok(single_or(parts, Expression::All));
            }
            parts.push(self.not()?);
        }
    }

    fn not(&mut self) -> Result<Expression, Unreadable> {
        let is_negated = self.takes_word("NOT") || self.takes_minus();
        let part = self.part()?;
        Ok(if is_negated {
            Expression::Not(Box::new(part))
        } else {
            part
        })
    }

    fn part(&mut self) -> Result<Expression, Unreadable> {
        match self.next_letter() {
            None => Err(self.unreadable("a condition or a text is missing at the end")),
            Some('(') => self.group(),
            Some(')') => Err(self.unreadable("a condition or a text is missing before \")\"")),
            Some(_) if self.is_word("AND") || self.is_word("OR") || self.is_word("NOT") => {
                Err(self
                    .unreadable("a condition or a text is missing; quote AND, OR and NOT as texts"))
            }
            Some(_) => self.term(),
        }
    }

    fn group(&mut self) -> Result<Expression, Unreadable> {
        if self.depth == CONTROL_FILTER_DEPTH_MAX {
            return Err(self.unreadable(format!(
                "parentheses are at most {CONTROL_FILTER_DEPTH_MAX} deep"
            )));
        }
        let opened = self.at;
        self.at += 1;
        self.depth += 1;
        let inner = self.any()?;
        self.depth -= 1;
        if self.next_letter() != Some(')') {
            self.at = opened;
            return Err(self.unreadable("\"(\" is not closed"));
        }
        self.at += 1;
        Ok(inner)
    }

    /// A pair, or a text.
    fn term(&mut self) -> Result<Expression, Unreadable> {
        self.terms += 1;
        if self.terms > CONTROL_FILTER_TERMS_MAX {
            return Err(self.unreadable(format!(
                "a filter has at most {CONTROL_FILTER_TERMS_MAX} conditions and texts"
            )));
        }
        if self.peek(0) == Some('"') {
            return Ok(Expression::Text(self.quoted()?));
        }
        let begin = self.at;
        let key = self.key();
        let Some(comparison) = self.comparison() else {
            self.at = begin;
            return Ok(Expression::Text(
                self.bare(|letter| matches!(letter, '(' | ')')),
            ));
        };
        if key.is_empty() {
            self.at = begin;
            return Err(self.unreadable(
                "a key or the name of a field is missing before this; write texts in quotes",
            ));
        }
        let values = self.values(&key)?;
        Ok(Expression::Pair(Pair {
            key,
            comparison,
            values,
            position: begin + 1,
        }))
    }

    /// The letters that a key or the path of a field may have; none if a text begins here.
    fn key(&mut self) -> String {
        self.bare(|letter| !letter.is_alphanumeric() && !matches!(letter, '_' | '.'))
    }

    fn comparison(&mut self) -> Option<Comparison> {
        let is_here = |spelled: &str| {
            let mut letters = spelled.chars().enumerate();
            letters.all(|(i, letter)| self.peek(i) == Some(letter))
        };
        let found = COMPARISONS.iter().find(|(spelled, _)| is_here(spelled));
        let (spelled, comparison) = *found?;
        self.at += spelled.len();
        Some(comparison)
    }

    fn values(&mut self, key: &str) -> Result<Vec<String>, Unreadable> {
        let mut values = Vec::new();
        loop {
            let begin = self.at;
            let value = if self.peek(0) == Some('"') {
                self.quoted()?
            } else {
                let value = self.bare(|letter| matches!(letter, ',' | '(' | ')' | '"'));
                if value.is_empty() {
                    self.at = begin;
                    return Err(self.unreadable(format!("\"{key}\" has no value")));
                }
                value
            };
            values.push(value);
            if values.len() > CONTROL_FILTER_VALUES_MAX {
                return Err(self.unreadable(format!(
                    "\"{key}\" has more than {CONTROL_FILTER_VALUES_MAX} values"
                )));
            }
            if self.peek(0) != Some(',') {
                return Ok(values);
            }
            self.at += 1;
        }
    }

    /// A text in quotes, with the escapes of JSON.
    fn quoted(&mut self) -> Result<String, Unreadable> {
        let begin = self.at;
        let mut end = begin + 1;
        loop {
            match self.letters.get(end) {
                None => return Err(self.unreadable("the quotes are not closed")),
                Some('\\') => end += 2,
                Some('"') => break,
                Some(_) => end += 1,
            }
        }
        let quoted: String = self.letters.iter().take(end + 1).skip(begin).collect();
        match landfall_http::json::parse(&quoted).map(|json| json.content) {
            Ok(landfall_http::json::Content::Text(text)) if !text.is_empty() => {
                self.at = end + 1;
                Ok(text)
            }
            Ok(_) => Err(self.unreadable("there is no text between the quotes")),
            Err(_) => Err(self.unreadable("the text in quotes is not escaped as in JSON")),
        }
    }

    /// All letters up to a space or one that ends the text.
    fn bare(&mut self, ends: impl Fn(char) -> bool) -> String {
        let left = self.letters.iter().skip(self.at).copied();
        let text: String = left
            .take_while(|letter| !letter.is_whitespace() && !ends(*letter))
            .collect();
        self.at += text.chars().count();
        text
    }

    /// `-` in front of a condition or a text.
    fn takes_minus(&mut self) -> bool {
        let follows = self.peek(1).is_some_and(|letter| !letter.is_whitespace());
        let is_minus = self.next_letter() == Some('-') && follows;
        if is_minus {
            self.at += 1;
        }
        is_minus
    }

    fn takes_word(&mut self, word: &str) -> bool {
        self.next_letter();
        let is_word = self.is_word(word);
        if is_word {
            self.at += word.len();
        }
        is_word
    }

    /// Whether this word is next, with a space or a parenthesis after it.
    fn is_word(&self, word: &str) -> bool {
        let after = self.peek(word.len());
        let ends = after.is_none_or(|letter| letter.is_whitespace() || letter == '(');
        ends && word
            .chars()
            .enumerate()
            .all(|(i, letter)| self.peek(i) == Some(letter))
    }

    /// The next letter that is no space, which is next from now on.
    fn next_letter(&mut self) -> Option<char> {
        while self.peek(0).is_some_and(char::is_whitespace) {
            self.at += 1;
        }
        self.peek(0)
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.letters.get(self.at + ahead).copied()
    }

    fn unreadable(&self, reason: impl Into<String>) -> Unreadable {
        Unreadable {
            position: self.at + 1,
            reason: reason.into(),
        }
    }
}

/// One part as it is, several together.
fn single_or(mut parts: Vec<Expression>, joined: fn(Vec<Expression>) -> Expression) -> Expression {
    match (parts.pop(), parts.is_empty()) {
        (Some(part), true) => part,
        (last, _) => {
            parts.extend(last);
            joined(parts)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A filter with every grouping in parentheses.
    fn spelled(expression: &Expression) -> String {
        let joined = |parts: &[Expression], with: &str| {
            let parts: Vec<String> = parts.iter().map(spelled).collect();
            format!("({})", parts.join(with))
        };
        match expression {
            Expression::All(parts) => joined(parts, " & "),
            Expression::Any(parts) => joined(parts, " | "),
            Expression::Not(part) => format!("!{}", spelled(part)),
            Expression::Pair(pair) => {
                let by = COMPARISONS.iter().find(|(_, by)| *by == pair.comparison);
                let by = by.map_or("?", |(spelled, _)| spelled);
                format!("{}{by}{}", pair.key, pair.values.join(","))
            }
            Expression::Text(text) => format!("'{text}'"),
        }
    }

    #[test]
    fn and_binds_closer_than_or_and_not_closest() {
        for (text, read) in [
            ("", "()"),
            (" \t ", "()"),
            ("burlington", "'burlington'"),
            (
                "type:UPDATE field:Industry",
                "(type:UPDATE & field:Industry)",
            ),
            ("a OR b c AND d", "('a' | ('b' & 'c' & 'd'))"),
            ("(a OR b) c", "(('a' | 'b') & 'c')"),
            (
                "-user:005 NOT a OR -(b c)",
                "((!user:005 & !'a') | !('b' & 'c'))",
            ),
            (
                "Amount>=100000 OR StageName=\"Closed Won\"",
                "(Amount>=100000 | StageName=Closed Won)",
            ),
            ("object:Account,\"My, One\"", "object:Account,My, One"),
            (
                "-origin:*client=loadgen after:10m",
                "(!origin:*client=loadgen & after:10m)",
            ),
            (
                "Name.LastName!=Young a-b ORDER",
                "(Name.LastName!=Young & 'a-b' & 'ORDER')",
            ),
            ("\"type:UPDATE\" - x", "('type:UPDATE' & '-' & 'x')"),
            ("after:2026-11-22T12:00:00Z", "after:2026-11-22T12:00:00Z"),
        ] {
            assert_eq!(
                parse(text).map(|read| spelled(&read)),
                Ok(read.to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn what_cannot_be_read_has_a_position() {
        let deep = "(".repeat(CONTROL_FILTER_DEPTH_MAX + 1);
        let many = "a ".repeat(CONTROL_FILTER_TERMS_MAX + 1);
        let values = format!("type:{}x", "x,".repeat(CONTROL_FILTER_VALUES_MAX));
        let long = "x".repeat(CONTROL_FILTER_CHARACTERS_MAX + 1);
        for (text, position, reason) in [
            ("type:", 6, "has no value"),
            ("type:UPDATE,", 13, "has no value"),
            ("a OR", 5, "missing at the end"),
            ("OR a", 1, "is missing"),
            ("a (b", 3, "not closed"),
            ("a )", 3, "closes nothing"),
            ("()", 2, "before \")\""),
            ("say \"hi", 5, "not closed"),
            ("\"\"", 1, "no text"),
            ("\"\\x\"", 1, "as in JSON"),
            ("\"\\", 1, "not closed"),
            ("=5", 1, "is missing before"),
            (&deep, CONTROL_FILTER_DEPTH_MAX + 1, "deep"),
            (&many, 2 * CONTROL_FILTER_TERMS_MAX + 1, "at most"),
            (&values, values.len() + 1, "more than"),
            (&long, CONTROL_FILTER_CHARACTERS_MAX + 1, "at most"),
        ] {
            let unreadable = parse(text).expect_err(text);
            assert!(unreadable.reason.contains(reason), "{text}: {unreadable:?}");
            assert_eq!(unreadable.position, position, "{text}");
        }
    }
}
