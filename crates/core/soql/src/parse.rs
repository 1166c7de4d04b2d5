//! From tokens to the tree: the clauses of a query, in their fixed order.

mod condition;
mod select;
mod value;

use crate::ast::{Condition, From, Group, GroupKind, Name, Operand, Order, Path, Query, Select};
use crate::error::{Error, ErrorKind};
use crate::keyword::Function;
use crate::token::{Kind, Token, tokens_from};
use crate::{DEPTH_MAX, STATEMENT_CHARACTERS_MAX};

/// Reads a statement.
///
/// # Errors
/// [`Error`] for invalid SOQL.
pub fn parse(statement: &str) -> Result<Query, Error> {
    let refused = |kind| Error::new(kind, statement, 0);
    if statement.trim().is_empty() {
        return Err(refused(ErrorKind::Missing));
    }
    if statement.chars().nth(STATEMENT_CHARACTERS_MAX).is_some() {
        return Err(refused(ErrorKind::TooLong));
    }
    let mut parser = Parser::new(statement, tokens_from(statement, 0)?);
    let query = parser.query()?;
    parser.ends()?;
    Ok(query)
}

/// Reads a filter expression: a condition without a query around it.
///
/// It is stricter than the condition of a query: the only function is `LOWER`, a `NOT` among other terms is in
/// parentheses, and there are neither queries nor `INCLUDES`.
///
/// # Errors
/// [`Error`] for an invalid condition.
/// Source: "Filter Expression Format" (Change Data Capture Developer Guide).
pub fn parse_filter(expression: &str) -> Result<Condition, Error> {
    let mut parser = Parser {
        dialect: Dialect::Filter,
        ..Parser::new(expression, tokens_from(expression, 0)?)
    };
    let condition = parser.condition()?;
    parser.ends()?;
    Ok(condition)
}

/// What is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
    Query,
    Filter,
}

/// Words that cannot be other names. Source: "Alias Notation" (SOQL and SOSL Reference).
const RESERVED: &[&str] = &[
    "AND", "ASC", "DESC", "EXCLUDES", "FIRST", "FROM", "GROUP", "HAVING", "IN", "INCLUDES", "LAST",
    "LIKE", "LIMIT", "NOT", "NULL", "NULLS", "OR", "SELECT", "USING", "WHERE", "WITH",
];

/// Those of them that objects, fields and relationships can be called.
const NAMES_TOO: &[&str] = &["FIRST", "GROUP", "LAST"];

fn is_one_of(token: Token<'_>, words: &[&str]) -> bool {
    words
        .iter()
        .any(|word| token.text.eq_ignore_ascii_case(word))
}

pub(crate) struct Parser<'s> {
    statement: &'s str,
    dialect: Dialect,
    tokens: Vec<Token<'s>>,
    next: usize,
    depth: usize,
}

impl<'s> Parser<'s> {
    pub(crate) const fn new(statement: &'s str, tokens: Vec<Token<'s>>) -> Self {
        Self {
            statement,
            dialect: Dialect::Query,
            tokens,
            next: 0,
            depth: 0,
        }
    }

    /// Nothing may follow.
    pub(crate) fn ends(&self) -> Result<(), Error> {
        match self.peek() {
            Token {
                kind: Kind::End, ..
            } => Ok(()),
            token => Err(self.unexpected(token)),
        }
    }

    fn ahead(&self, count: usize) -> Token<'s> {
        let end = Token {
            kind: Kind::End,
            text: "<EOF>",
            at: self.statement.len(),
        };
        self.tokens.get(self.next + count).copied().unwrap_or(end)
    }

    pub(crate) fn peek(&self) -> Token<'s> {
        self.ahead(0)
    }

    pub(crate) fn take(&mut self) -> Token<'s> {
        let token = self.peek();
        self.next += 1;
        token
    }

    fn is_word(&self, count: usize, word: &str) -> bool {
        let token = self.ahead(count);
        token.kind == Kind::Word && token.text.eq_ignore_ascii_case(word)
    }

    fn is_sign(&self, count: usize, sign: &str) -> bool {
        let token = self.ahead(count);
        token.kind == Kind::Sign && token.text == sign
    }

    /// Takes the words if they all follow.
    pub(crate) fn takes(&mut self, words: &[&str]) -> bool {
        let follow = words
            .iter()
            .enumerate()
            .all(|(count, word)| self.is_word(count, word));
        if follow {
            self.next += words.len();
        }
        follow
    }

    pub(crate) fn takes_sign(&mut self, sign: &str) -> bool {
        let follows = self.is_sign(0, sign);
        self.next += usize::from(follows);
        follows
    }

    pub(crate) fn word(&mut self, word: &str) -> Result<(), Error> {
        if self.takes(&[word]) {
            Ok(())
        } else {
            Err(self.unexpected(self.peek()))
        }
    }

    pub(crate) fn sign(&mut self, sign: &str) -> Result<(), Error> {
        if self.takes_sign(sign) {
            return Ok(());
        }
        let token = self.peek();
        if sign == ")" && matches!(token.kind, Kind::Word | Kind::Text | Kind::Number) {
            let kind = ErrorKind::Mismatched(token.text.to_owned(), ')');
            return Err(self.error(kind, token.at));
        }
        Err(self.unexpected(token))
    }

    fn error(&self, kind: ErrorKind, at: usize) -> Error {
        Error::new(kind, self.statement, at)
    }

    pub(crate) fn unexpected(&self, token: Token<'_>) -> Error {
        if token.kind == Kind::Sign && token.text == ":" {
            return self.error(ErrorKind::BindVariable, token.at);
        }
        self.error(ErrorKind::UnexpectedToken(token.text.to_owned()), token.at)
    }

    /// Goes one level deeper for `inner`.
    fn deeper<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        if self.depth >= DEPTH_MAX {
            return Err(self.error(ErrorKind::TooDeep, self.peek().at));
        }
        self.depth += 1;
        let read = inner(self);
        self.depth -= 1;
        read
    }

    pub(crate) fn listed<T>(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        let mut items = vec![item(self)?];
        while self.takes_sign(",") {
            items.push(item(self)?);
        }
        Ok(items)
    }

    fn name(&mut self) -> Result<Name, Error> {
        let token = self.peek();
        if token.kind != Kind::Word {
            return Err(self.unexpected(token));
        }
        self.next += 1;
        Ok(Name {
            text: token.text.to_owned(),
            at: token.at,
        })
    }

    pub(crate) fn path(&mut self) -> Result<Path, Error> {
        let is_reserved = is_one_of(self.peek(), RESERVED) && !is_one_of(self.peek(), NAMES_TOO);
        if is_reserved {
            return Err(self.unexpected(self.peek()));
        }
        let first = self.name()?;
        let mut names = vec![first.text];
        while self.takes_sign(".") {
            names.push(self.name()?.text);
        }
        Ok(Path {
            names,
            at: first.at,
        })
    }

    /// Another name, if one follows: a word that begins nothing else.
    fn alias(&mut self) -> Option<Name> {
        let token = self.peek();
        if token.kind != Kind::Word || is_one_of(token, RESERVED) || self.begins_clause() {
            return None;
        }
        self.name().ok()
    }

    /// Whether a clause begins here whose first word could be a name.
    fn begins_clause(&self) -> bool {
        let pair = |first, second: &[&str]| {
            self.is_word(0, first) && second.iter().any(|word| self.is_word(1, word))
        };
        pair("ORDER", &["BY"])
            || pair("ALL", &["ROWS"])
            || pair("FOR", &["VIEW", "REFERENCE", "UPDATE"])
            || pair("UPDATE", &["TRACKING", "VIEWSTAT"])
            || (self.is_word(0, "OFFSET") && self.ahead(1).kind == Kind::Number)
    }

    fn query(&mut self) -> Result<Query, Error> {
        let at = self.peek().at;
        self.word("SELECT")?;
        let select = self.listed(Self::select)?;
        self.word("FROM")?;
        let from = self.listed(Self::source)?;
        let mut query = Query {
            select,
            from,
            at,
            ..Query::default()
        };
        self.clauses(&mut query)?;
        self.check_aliases(&query)?;
        Ok(query)
    }

    fn source(&mut self) -> Result<From, Error> {
        let path = self.path()?;
        let alias = self.alias();
        Ok(From { path, alias })
    }

    pub(crate) fn clauses(&mut self, query: &mut Query) -> Result<(), Error> {
        if self.takes(&["USING"]) {
            self.word("SCOPE")?;
            query.scope = Some(self.name()?);
        }
        if self.takes(&["WHERE"]) {
            query.filter = Some(self.condition()?);
        }
        if self.takes(&["WITH"]) {
            self.with()?;
        }
        if self.takes(&["GROUP"]) {
            self.word("BY")?;
            query.group = Some(self.group()?);
            if self.takes(&["HAVING"]) {
                query.having = Some(self.condition()?);
            }
        }
        if self.takes(&["ORDER"]) {
            self.word("BY")?;
            query.order = self.listed(Self::order)?;
        }
        if self.takes(&["LIMIT"]) {
            query.limit = Some(self.count()?);
        }
        if self.takes(&["OFFSET"]) {
            query.offset = Some(self.count()?);
        }
        let at = self.peek().at;
        if self.takes(&["ALL", "ROWS"]) {
            query.all_rows = Some(at);
        }
        self.purposes(query)
    }

    /// What a session in Apex may ask for says nothing here: every query runs with the caller's rights.
    fn with(&mut self) -> Result<(), Error> {
        let known = ["SECURITY_ENFORCED", "USER_MODE", "SYSTEM_MODE"];
        if known.iter().any(|word| self.takes(&[word])) {
            Ok(())
        } else {
            Err(self.unexpected(self.peek()))
        }
    }

    fn group(&mut self) -> Result<Group, Error> {
        for (word, kind) in [("ROLLUP", GroupKind::Rollup), ("CUBE", GroupKind::Cube)] {
            if self.is_word(0, word) && self.is_sign(1, "(") {
                self.next += 2;
                let by = self.listed(Self::operand)?;
                self.sign(")")?;
                return Ok(Group { kind, by });
            }
        }
        let by = self.listed(Self::operand)?;
        let kind = GroupKind::Plain;
        Ok(Group { kind, by })
    }

    pub(crate) fn order(&mut self) -> Result<Order, Error> {
        let operand = self.operand()?;
        let descending = self.takes(&["DESC"]);
        if !descending {
            self.takes(&["ASC"]);
        }
        let nulls_last = if self.takes(&["NULLS"]) {
            let last = self.takes(&["LAST"]);
            if !last {
                self.word("FIRST")?;
            }
            Some(last)
        } else {
            None
        };
        Ok(Order {
            operand,
            descending,
            nulls_last,
        })
    }

    pub(crate) fn count(&mut self) -> Result<u64, Error> {
        let token = self.peek();
        let all_digits = token.text.bytes().all(|byte| byte.is_ascii_digit());
        if token.kind != Kind::Number || !all_digits {
            return Err(self.unexpected(token));
        }
        self.next += 1;
        // More records than can be counted are as good as all of them.
        Ok(token.text.parse().unwrap_or(u64::MAX))
    }

    fn purposes(&mut self, query: &mut Query) -> Result<(), Error> {
        loop {
            let at = self.peek().at;
            if self.takes(&["FOR"]) {
                if self.takes(&["UPDATE"]) {
                    query.for_update = Some(at);
                } else if !self.takes(&["VIEW"]) {
                    self.word("REFERENCE")?;
                }
            } else if self.takes(&["UPDATE"]) {
                self.listed(|parser| {
                    if parser.takes(&["TRACKING"]) {
                        Ok(())
                    } else {
                        parser.word("VIEWSTAT")
                    }
                })?;
            } else {
                return self.options();
            }
        }
    }

    /// `SET OPTIONS (...)`, seen from version 67.0 on, says how and not what. Source: none; sent by probes.
    fn options(&mut self) -> Result<(), Error> {
        if !self.takes(&["SET", "OPTIONS"]) {
            return Ok(());
        }
        self.sign("(")?;
        while !self.is_sign(0, ")") {
            if self.peek().kind == Kind::End || self.is_sign(0, "(") {
                return Err(self.unexpected(self.peek()));
            }
            self.take();
        }
        self.sign(")")
    }

    /// A plain field has another name only where records are aggregated.
    pub(crate) fn check_aliases(&self, query: &Query) -> Result<(), Error> {
        let aggregates = |operand: &Operand| {
            matches!(operand, Operand::Call(call)
                if matches!(call.function, Function::Aggregate(_) | Function::Grouping))
        };
        let mut misplaced = None;
        for item in &query.select {
            match item {
                Select::Operand { operand, .. } if aggregates(operand) => return Ok(()),
                Select::Operand {
                    operand: Operand::Path(_),
                    alias: Some(alias),
                } => misplaced = misplaced.or(Some(alias.at)),
                _ => (),
            }
        }
        match misplaced {
            Some(at) if query.group.is_none() => Err(self.error(ErrorKind::AliasMisplaced, at)),
            _ => Ok(()),
        }
    }
}
