//! SOSL: what a search looks for, and which fields of which objects it returns.
//!
//! A statement is `FIND {words} [IN group FIELDS] [RETURNING object(fields WHERE .. ORDER BY .. LIMIT n OFFSET n), ..]
//! [WITH ..] [LIMIT n]`; what is in the parentheses is read as in a query.
//! Source: "SOSL Syntax", "`FIND {SearchQuery}`", "`RETURNING FieldSpec`" (SOQL and SOSL Reference).

mod terms;

pub use terms::terms;

use crate::STATEMENT_CHARACTERS_MAX;
use crate::ast::{From, Query};
use crate::error::{Error, ErrorKind};
use crate::parse::Parser;
use crate::token::tokens_from;

/// What a search is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Terms {
    /// Words that follow each other: each is a pattern as `LIKE` has them, of letters and digits.
    Phrase(Vec<String>),
    /// All of these.
    All(Vec<Self>),
    /// At least one of these.
    Any(Vec<Self>),
    /// Not this.
    Not(Box<Self>),
}

/// In which fields a search looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SearchGroup {
    /// Every field with text.
    #[default]
    All,
    /// Addresses of electronic mail.
    Email,
    /// Names.
    Name,
    /// Numbers of telephones.
    Phone,
    /// Those of the sidebar.
    Sidebar,
}

impl SearchGroup {
    /// The group of a name in any letter case.
    pub fn named(name: &str) -> Option<Self> {
        let known = [
            ("ALL", Self::All),
            ("EMAIL", Self::Email),
            ("NAME", Self::Name),
            ("PHONE", Self::Phone),
            ("SIDEBAR", Self::Sidebar),
        ];
        let mut known = known.into_iter();
        known
            .find(|(word, _)| word.eq_ignore_ascii_case(name))
            .map(|(_, group)| group)
    }
}

/// A search.
#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    /// What for.
    pub terms: Terms,
    /// Where.
    pub group: SearchGroup,
    /// Which fields of which objects are returned; empty: the ids of all.
    pub returning: Vec<Query>,
    /// Records in all.
    pub limit: Option<u64>,
}

/// Reads a search.
///
/// # Errors
/// [`Error`] for invalid SOSL.
pub fn parse_search(statement: &str) -> Result<Search, Error> {
    if statement.chars().nth(STATEMENT_CHARACTERS_MAX).is_some() {
        return Err(Error::new(ErrorKind::TooLong, statement, 0));
    }
    let (text, rest) = find(statement)?;
    let terms = terms(text, true)?;
    let mut parser = Parser::new(statement, tokens_from(statement, rest)?);
    let search = parser.search(terms)?;
    parser.ends()?;
    Ok(search)
}

/// The text between the braces, and where what follows them begins.
fn find(statement: &str) -> Result<(&str, usize), Error> {
    let missing = || Error::new(ErrorKind::SearchMissing, statement, 0);
    let start = statement.len() - statement.trim_start().len();
    let word = statement.get(start..start + 4).unwrap_or_default();
    let after = statement.get(start + 4..).unwrap_or_default();
    let inner = after.trim_start().strip_prefix('{');
    let Some(inner) = inner.filter(|_| word.eq_ignore_ascii_case("FIND")) else {
        return Err(missing());
    };
    let mut escaped = false;
    let end = inner.char_indices().find(|(_, letter)| {
        let closes = *letter == '}' && !escaped;
        escaped = *letter == '\\' && !escaped;
        closes
    });
    let (end, _) = end.ok_or_else(missing)?;
    let text = inner.get(..end).unwrap_or_default();
    let rest = statement.len() - inner.len() + end + 1;
    Ok((text, rest))
}

impl Parser<'_> {
    fn search(&mut self, terms: Terms) -> Result<Search, Error> {
        let mut group = SearchGroup::All;
        if self.takes(&["IN"]) {
            let token = self.peek();
            group = SearchGroup::named(token.text).ok_or_else(|| self.unexpected(token))?;
            self.take();
            self.word("FIELDS")?;
        }
        let returning = if self.takes(&["RETURNING"]) {
            self.listed(Self::returning)?
        } else {
            Vec::new()
        };
        while self.takes(&["WITH"]) {
            self.search_option()?;
        }
        let limit = if self.takes(&["LIMIT"]) {
            Some(self.count()?)
        } else {
            None
        };
        Ok(Search {
            terms,
            group,
            returning,
            limit,
        })
    }

    /// `Account(Name, Owner.Name WHERE .. ORDER BY .. LIMIT n OFFSET n)`; without parentheses the id.
    fn returning(&mut self) -> Result<Query, Error> {
        let at = self.peek().at;
        let path = self.path()?;
        let mut query = Query {
            at,
            ..Query::of(From { path, alias: None })
        };
        if self.takes_sign("(") {
            query.select = self.listed(Self::select)?;
            self.clauses(&mut query)?;
            self.check_aliases(&query)?;
            self.sign(")")?;
        }
        Ok(query)
    }

    /// What changes nothing that is found: corrections of the spelling and marks around what is found.
    fn search_option(&mut self) -> Result<(), Error> {
        if self.takes(&["HIGHLIGHT"]) {
            return Ok(());
        }
        self.word("SPELL_CORRECTION")?;
        self.sign("=")?;
        if self.takes(&["TRUE"]) {
            return Ok(());
        }
        self.word("FALSE")
    }
}

/// What is returned of one object, each part as a text of its own; none: all of it, or the id.
#[derive(Clone, Copy, Debug, Default)]
pub struct Returned<'t> {
    /// The object.
    pub object: &'t str,
    /// As after `SELECT`.
    pub fields: Option<&'t str>,
    /// As after `WHERE`.
    pub condition: Option<&'t str>,
    /// As after `ORDER BY`; `NULLS_LAST` is one word.
    pub order: Option<&'t str>,
}

impl Returned<'_> {
    /// Reads the parts, each of them to its end.
    ///
    /// # Errors
    /// [`Error`] for a part that is none.
    pub fn read(&self) -> Result<Query, Error> {
        let object = part(self.object, Parser::path)?;
        let mut query = Query::of(From {
            path: object,
            alias: None,
        });
        if let Some(fields) = self.fields {
            query.select = part(fields, |parser| parser.listed(Parser::select))?;
        }
        if let Some(condition) = self.condition {
            query.filter = Some(part(condition, Parser::condition)?);
        }
        if let Some(order) = self.order {
            let order = in_two_words(order);
            query.order = part(&order, |parser| parser.listed(Parser::order))?;
        }
        Ok(query)
    }
}

/// Source: "Search with Parameters in the URI" (REST API Developer Guide), `orderBy`.
fn in_two_words(order: &str) -> String {
    let words = order.split(' ').map(|word| match word.split_once('_') {
        Some((nulls, place)) if nulls.eq_ignore_ascii_case("NULLS") => format!("{nulls} {place}"),
        _ => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

fn part<'t, T>(
    text: &'t str,
    read: impl FnOnce(&mut Parser<'t>) -> Result<T, Error>,
) -> Result<T, Error> {
    if text.chars().nth(STATEMENT_CHARACTERS_MAX).is_some() {
        return Err(Error::new(ErrorKind::TooLong, text, 0));
    }
    let mut parser = Parser::new(text, tokens_from(text, 0)?);
    let read = read(&mut parser)?;
    parser.ends()?;
    Ok(read)
}
