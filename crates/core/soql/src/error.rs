//! Errors of queries, in the texts that clients know.

use std::fmt;

/// Why a text is no query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// There is no text.
    Missing,
    /// More characters than a statement may have.
    TooLong,
    /// Deeper than [`crate::DEPTH_MAX`].
    TooDeep,
    /// A word or sign that cannot stand there; `<EOF>` for the end.
    UnexpectedToken(String),
    /// A word where a sign has to stand.
    Mismatched(String, char),
    /// A character that no word or sign begins with.
    UnexpectedCharacter(char),
    /// A text that does not end.
    TextUnclosed,
    /// A backslash before a character that needs none.
    EscapeInvalid(String),
    /// A variable, which only Apex has.
    BindVariable,
    /// A day or time that is none.
    MomentInvalid(String),
    /// Another name for a plain field.
    AliasMisplaced,
    /// There is nothing to search for.
    SearchMissing,
    /// A word of one letter is searched for.
    SearchShort(String),
    /// A character of a search that has to follow a backslash.
    SearchReserved(char),
}

/// Why a text is no query, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// Why.
    pub kind: ErrorKind,
    /// The place, as [`caret`] shows it, or as `line 1:34`, or nothing.
    pub place: String,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, statement: &str, at: usize) -> Self {
        let place = match &kind {
            ErrorKind::Missing
            | ErrorKind::TooLong
            | ErrorKind::TooDeep
            | ErrorKind::BindVariable
            | ErrorKind::EscapeInvalid(_)
            | ErrorKind::AliasMisplaced
            | ErrorKind::SearchMissing
            | ErrorKind::SearchShort(_)
            | ErrorKind::SearchReserved(_) => String::new(),
            ErrorKind::TextUnclosed => line_place(statement, statement.len()),
            ErrorKind::Mismatched(..) => line_place(statement, at),
            // Recorded answers count this one character from 0, so its mark is one to the left.
            ErrorKind::UnexpectedCharacter(_) => {
                let before = statement.get(..at).unwrap_or(statement);
                let left = before
                    .char_indices()
                    .next_back()
                    .map_or(0, |(left, _)| left);
                caret(statement, left) + &line_place(statement, at)
            }
            ErrorKind::UnexpectedToken(_) | ErrorKind::MomentInvalid(_) => caret(statement, at),
        };
        Self { kind, place }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place)?;
        match &self.kind {
            ErrorKind::Missing => f.write_str("A query string has to be specified"),
            ErrorKind::TooLong => write!(
                f,
                "SOQL statements cannot be longer than {} characters.",
                crate::STATEMENT_CHARACTERS_MAX
            ),
            ErrorKind::TooDeep => f.write_str("The query is nested too deeply"),
            ErrorKind::UnexpectedToken(token) => write!(f, "unexpected token: '{token}'"),
            ErrorKind::Mismatched(token, sign) => {
                write!(f, "mismatched input '{token}' expecting '{sign}'")
            }
            ErrorKind::UnexpectedCharacter(letter) => {
                write!(f, "no viable alternative at character '{letter}'")
            }
            ErrorKind::TextUnclosed => f.write_str("mismatched character '<EOF>' expecting '''"),
            ErrorKind::EscapeInvalid(sequence) => write!(
                f,
                "Illegal character sequence '{sequence}' in string literal."
            ),
            ErrorKind::BindVariable => f.write_str("Bind variables only allowed in Apex code"),
            ErrorKind::MomentInvalid(text) => write!(f, "Invalid date or time: {text}"),
            ErrorKind::AliasMisplaced => {
                f.write_str("only aggregate expressions use field aliasing")
            }
            ErrorKind::SearchMissing => {
                f.write_str("No search term found. The search term must be enclosed in braces.")
            }
            ErrorKind::SearchShort(word) => {
                write!(f, "search term must be longer than one character: {word}")
            }
            ErrorKind::SearchReserved(letter) => {
                write!(
                    f,
                    "The reserved character '{letter}' needs a backslash before it"
                )
            }
        }
    }
}

impl std::error::Error for Error {}

/// Row and column from 0, and the line itself.
fn place(statement: &str, at: usize) -> (usize, usize, &str) {
    let before = statement.get(..at).unwrap_or(statement);
    let row = before.matches('\n').count();
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    let column = before.get(start..).map_or(0, |part| part.chars().count());
    let line = statement.get(start..).unwrap_or_default();
    (row, column, line.split('\n').next().unwrap_or_default())
}

fn line_place(statement: &str, at: usize) -> String {
    let (row, column, _) = place(statement, at);
    format!("line {}:{column} ", row + 1)
}

/// Characters of the statement that are shown on either side of the place.
const SHOWN: usize = 31;

/// The head of an error text that shows a place of a statement: an excerpt, a caret below, row and column from 1.
///
/// Wire: `\n<excerpt>\n<blanks>^\nERROR at Row:1:Column:8\n`. Source: recorded answers (`CumulusCI`, amp-labs); of a
/// statement with several lines only the one in question is shown (Source: none).
pub fn caret(statement: &str, at: usize) -> String {
    let (row, column, line) = place(statement, at);
    let letters: Vec<char> = line.chars().collect();
    let is_break = |index: usize| {
        letters
            .get(index)
            .is_none_or(|letter| matches!(letter, ' ' | ','))
    };
    let mut start = column.saturating_sub(SHOWN);
    while start > 0 && !is_break(start - 1) {
        start -= 1;
    }
    let mut end = (column + SHOWN).min(letters.len());
    while !is_break(end) {
        end += 1;
    }
    let excerpt: String = letters.iter().take(end).skip(start).collect();
    let blanks = " ".repeat(column - start);
    format!(
        "\n{excerpt}\n{blanks}^\nERROR at Row:{}:Column:{}\n",
        row + 1,
        column + 1
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_recorded_excerpts_come_out_as_recorded() {
        assert_eq!(
            caret("select count() from XYZZY", 20),
            "\nselect count() from XYZZY\n                    ^\nERROR at Row:1:Column:21\n"
        );
        let statement = "SELECT Id,Name,BillingCity,IsDeleted FROM Accout";
        assert_eq!(
            caret(statement, 42),
            format!(
                "\nName,BillingCity,IsDeleted FROM Accout\n{}^\nERROR at Row:1:Column:43\n",
                " ".repeat(32)
            )
        );
    }

    #[test]
    fn the_excerpt_ends_after_the_word_that_it_reaches() {
        let statement = "SELECT Nope FROM Account WHERE Name = 'a' AND Industry = 'b'";
        assert_eq!(
            caret(statement, 7),
            "\nSELECT Nope FROM Account WHERE Name = 'a'\n       ^\nERROR at Row:1:Column:8\n"
        );
    }

    #[test]
    fn a_place_is_counted_in_characters_of_its_line() {
        let statement = "SELECT é,\nü, Foo FROM X";
        let at = statement.find("Foo").expect("there");
        assert_eq!(
            caret(statement, at),
            "\nü, Foo FROM X\n   ^\nERROR at Row:2:Column:4\n"
        );
        assert!(caret("", 0).ends_with("Column:1\n"));
        assert!(
            caret("é", 1).ends_with("Column:2\n"),
            "a place inside a character is the end"
        );
    }
}
