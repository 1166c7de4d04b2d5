//! The words of a search: phrases, wildcards, `AND`, `OR`, `AND NOT` and parentheses.

use super::Terms;
use crate::DEPTH_MAX;
use crate::error::{Error, ErrorKind};

/// Characters that mean something, or have to follow a backslash. Source: "`FIND {SearchQuery}`", reserved characters.
const RESERVED: &str = "?&|!{}[]()^~*:\\\"'+-";

/// Reads the words of a search. If they need not be `escaped`, reserved characters that mean nothing part words.
///
/// # Errors
/// [`Error`] for no word at all, a phrase without an end, and the like.
pub fn terms(text: &str, escaped: bool) -> Result<Terms, Error> {
    let refused = |kind| Error::new(kind, text, 0);
    let pieces = pieces(text, escaped).map_err(refused)?;
    if pieces.is_empty() {
        return Err(refused(ErrorKind::SearchMissing));
    }
    let mut reader = Reader {
        pieces,
        next: 0,
        depth: 0,
    };
    let terms = reader.any().map_err(refused)?;
    match reader.peek() {
        None => Ok(terms),
        Some(piece) => Err(refused(ErrorKind::UnexpectedToken(piece.shown()))),
    }
}

/// A letter of a word: itself, or wild.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Letter {
    Plain(char),
    One,
    Many,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Open,
    Close,
    Phrase(Vec<Letter>),
    Word(Vec<Letter>),
}

impl Piece {
    fn shown(&self) -> String {
        match self {
            Self::Open => "(".to_owned(),
            Self::Close => ")".to_owned(),
            Self::Phrase(letters) | Self::Word(letters) => {
                letters.iter().copied().map(shown).collect()
            }
        }
    }

    fn is(&self, word: &str) -> bool {
        matches!(self, Self::Word(_)) && self.shown().eq_ignore_ascii_case(word)
    }
}

const fn shown(letter: Letter) -> char {
    match letter {
        Letter::Plain(letter) => letter,
        Letter::One => '?',
        Letter::Many => '*',
    }
}

/// Splits the text into words, phrases and parentheses.
fn pieces(text: &str, escaped: bool) -> Result<Vec<Piece>, ErrorKind> {
    let mut pieces = Vec::new();
    let mut letters = text.chars();
    let mut word: Vec<Letter> = Vec::new();
    let mut in_phrase = false;
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => word.push(Letter::Plain(letters.next().unwrap_or('\\'))),
            '*' => word.push(Letter::Many),
            '?' => word.push(Letter::One),
            '"' if in_phrase => {
                pieces.push(Piece::Phrase(std::mem::take(&mut word)));
                in_phrase = false;
            }
            '"' => {
                end(&mut word, &mut pieces);
                in_phrase = true;
            }
            '(' | ')' if !in_phrase => {
                end(&mut word, &mut pieces);
                pieces.push(if letter == '(' {
                    Piece::Open
                } else {
                    Piece::Close
                });
            }
            other if other.is_whitespace() && !in_phrase => end(&mut word, &mut pieces),
            other if escaped && RESERVED.contains(other) => {
                return Err(ErrorKind::SearchReserved(other));
            }
            other => word.push(Letter::Plain(other)),
        }
    }
    if in_phrase {
        return Err(ErrorKind::SearchReserved('"'));
    }
    end(&mut word, &mut pieces);
    Ok(pieces)
}

fn end(word: &mut Vec<Letter>, pieces: &mut Vec<Piece>) {
    if !word.is_empty() {
        pieces.push(Piece::Word(std::mem::take(word)));
    }
}

/// What is wild in a pattern of `LIKE`; words are of letters and digits, which need no escape.
fn pattern(letters: &[Letter]) -> String {
    let wild = |letter: &Letter| match letter {
        Letter::Plain(letter) => *letter,
        Letter::One => '_',
        Letter::Many => '%',
    };
    letters.iter().map(wild).collect()
}

/// Words as patterns: what is neither letter nor digit parts them, as it does in records.
fn phrase(letters: &[Letter]) -> Terms {
    let parts = letters.split(|letter| match letter {
        Letter::Plain(letter) => !letter.is_alphanumeric(),
        Letter::One | Letter::Many => false,
    });
    let words = parts.filter(|part| !part.is_empty());
    Terms::Phrase(words.map(pattern).collect())
}

struct Reader {
    pieces: Vec<Piece>,
    next: usize,
    depth: usize,
}

impl Reader {
    fn peek(&self) -> Option<&Piece> {
        self.pieces.get(self.next)
    }

    fn takes(&mut self, word: &str) -> bool {
        let follows = self.peek().is_some_and(|piece| piece.is(word));
        self.next += usize::from(follows);
        follows
    }

    fn any(&mut self) -> Result<Terms, ErrorKind> {
        let mut terms = vec![self.all()?];
        while self.takes("OR") {
            terms.push(self.all()?);
        }
        Ok(one_or(terms, Terms::Any))
    }

    /// Words that follow each other are joined by `AND`.
    fn all(&mut self) -> Result<Terms, ErrorKind> {
        let mut terms = vec![self.one()?];
        loop {
            if self.takes("AND") {
                let negated = self.takes("NOT");
                let term = self.one()?;
                terms.push(if negated {
                    Terms::Not(Box::new(term))
                } else {
                    term
                });
                continue;
            }
            match self.peek() {
                Some(Piece::Open | Piece::Phrase(_)) => terms.push(self.one()?),
                Some(word @ Piece::Word(_)) if !word.is("OR") => terms.push(self.one()?),
                _ => return Ok(one_or(terms, Terms::All)),
            }
        }
    }

    fn one(&mut self) -> Result<Terms, ErrorKind> {
        let piece = self.peek().cloned();
        self.next += 1;
        match piece {
            Some(Piece::Open) if self.depth >= DEPTH_MAX => Err(ErrorKind::TooDeep),
            Some(Piece::Open) => {
                self.depth += 1;
                let terms = self.any()?;
                self.depth -= 1;
                match self.peek() {
                    Some(Piece::Close) => {
                        self.next += 1;
                        Ok(terms)
                    }
                    Some(other) => Err(ErrorKind::UnexpectedToken(other.shown())),
                    None => Err(ErrorKind::UnexpectedToken("<EOF>".to_owned())),
                }
            }
            Some(Piece::Word(letters)) if letters.len() < 2 => Err(ErrorKind::SearchShort(
                letters.iter().copied().map(shown).collect(),
            )),
            Some(Piece::Word(letters) | Piece::Phrase(letters)) => Ok(phrase(&letters)),
            Some(Piece::Close) => Err(ErrorKind::UnexpectedToken(")".to_owned())),
            None => Err(ErrorKind::UnexpectedToken("<EOF>".to_owned())),
        }
    }
}

fn one_or(mut terms: Vec<Terms>, several: fn(Vec<Terms>) -> Terms) -> Terms {
    match terms.pop() {
        Some(one) if terms.is_empty() => one,
        last => {
            terms.extend(last);
            several(terms)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phrase(words: &[&str]) -> Terms {
        Terms::Phrase(words.iter().map(|word| (*word).to_owned()).collect())
    }

    #[test]
    fn words_are_joined_by_and_unless_they_are_a_phrase() {
        let joe = || phrase(&["Joe"]);
        let smith = || phrase(&["Smith"]);
        for (text, expected) in [
            ("Joe Smith", Terms::All(vec![joe(), smith()])),
            ("Joe and Smith", Terms::All(vec![joe(), smith()])),
            ("\"Joe Smith\"", phrase(&["Joe", "Smith"])),
            ("\"and\"", phrase(&["and"])),
            ("Joe OR Smith", Terms::Any(vec![joe(), smith()])),
            (
                "Joe AND NOT Smith",
                Terms::All(vec![joe(), Terms::Not(Box::new(smith()))]),
            ),
            (
                "Joe OR (Joe Smith)",
                Terms::Any(vec![joe(), Terms::All(vec![joe(), smith()])]),
            ),
            (
                "Smith Joe OR Joe",
                Terms::Any(vec![Terms::All(vec![smith(), joe()]), joe()]),
            ),
            ("jo?n*", phrase(&["jo_n%"])),
            (r"Why\?now", phrase(&["Why", "now"])),
            ("me@example.com", phrase(&["me", "example", "com"])),
        ] {
            assert_eq!(terms(text, true), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_search_is_refused() {
        for (text, kind) in [
            ("", ErrorKind::SearchMissing),
            ("  ", ErrorKind::SearchMissing),
            ("a", ErrorKind::SearchShort("a".to_owned())),
            ("\"Joe Smith", ErrorKind::SearchReserved('"')),
            ("Joe & Smith", ErrorKind::SearchReserved('&')),
            ("(Joe", ErrorKind::UnexpectedToken("<EOF>".to_owned())),
            ("Joe)", ErrorKind::UnexpectedToken(")".to_owned())),
            ("Joe AND", ErrorKind::UnexpectedToken("<EOF>".to_owned())),
        ] {
            assert_eq!(
                terms(text, true).map_err(|error| error.kind),
                Err(kind),
                "{text}"
            );
        }
        let deep = "(".repeat(DEPTH_MAX + 1);
        assert_eq!(
            terms(&deep, true).map_err(|error| error.kind),
            Err(ErrorKind::TooDeep)
        );
        assert_eq!(terms("O'Hara", false), Ok(phrase(&["O", "Hara"])));
    }
}
