//! `/tooling/query`, as far as clients of managed subscriptions need it: one object, by id or by name.
//!
//! Clients: the npm client of the Pub/Sub API looks a managed subscription up before it subscribes, and reads `size`.
//! Source: "`ManagedEventSubscription`" (Tooling API); query texts: "Core Data Types Used in API Calls".

use std::sync::Arc;

use landfall_engine::{Managed, ReplayFrom};
use landfall_model::{EntityName, Fault, RecordId};

use crate::call::Call;
use crate::respond::Answer;
use crate::writer::Writer;

/// The object that can be asked for.
const OBJECT: &str = "ManagedEventSubscription";

/// The version that brought it.
const FIRST_VERSION: u16 = 60;

/// Answers a query.
pub(crate) fn query(call: &Call) -> Result<Answer, Fault> {
    let text = call.parameter("q").unwrap_or_default();
    let query = parse(text)?;
    if call.version.number() < FIRST_VERSION || !query.object.eq_ignore_ascii_case(OBJECT) {
        return Err(Fault::QueryObjectUnknown { name: query.object });
    }
    let columns = query
        .fields
        .iter()
        .map(|name| column(name))
        .collect::<Result<Vec<_>, _>>()?;
    let mut found: Vec<&Arc<Managed>> = Vec::new();
    let condition = query.condition.as_ref();
    let condition = condition.map(Condition::of).transpose()?;
    for managed in call.definitions.managed() {
        if condition.as_ref().is_none_or(|is| is.met_by(managed)) && found.len() < query.limit {
            found.push(managed);
        }
    }
    let whole = |column| matches!(column, Column::FullName | Column::Metadata);
    if found.len() > 1 && columns.iter().copied().any(whole) {
        return Err(malformed(format!(
            "When retrieving results with Metadata or FullName fields, the query qualifications must specify no more \
             than one row for retrieval. Result size: {}",
            found.len()
        )));
    }
    Ok(Answer::json(rendered(call, &columns, &found)))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Id,
    DeveloperName,
    MasterLabel,
    FullName,
    Metadata,
}

const COLUMNS: [(&str, Column); 5] = [
    ("Id", Column::Id),
    ("DeveloperName", Column::DeveloperName),
    ("MasterLabel", Column::MasterLabel),
    ("FullName", Column::FullName),
    ("Metadata", Column::Metadata),
];

impl Column {
    fn write(self, w: &mut Writer, managed: &Managed) {
        let subscription = &managed.subscription;
        match self {
            Self::Id => w.name("Id").string(managed.id.as_str()),
            Self::DeveloperName => w.name("DeveloperName").string(&subscription.developer_name),
            Self::MasterLabel => w.name("MasterLabel").string(&subscription.label),
            Self::FullName => w.name("FullName").string(&subscription.developer_name),
            Self::Metadata => w.name("Metadata").object(|w| {
                w.name("defaultReplay")
                    .string(replay(subscription.default_replay));
                w.name("errorRecoveryReplay")
                    .string(replay(subscription.error_recovery_replay));
                w.name("label").string(&subscription.label);
                let state = if subscription.runs { "RUN" } else { "STOP" };
                w.name("state").string(state);
                w.name("topicName").string(subscription.topic_name.as_str());
                w.name("version")
                    .text_or_null(subscription.version.as_deref());
            }),
        }
    }
}

const fn replay(from: ReplayFrom) -> &'static str {
    match from {
        ReplayFrom::Latest => "LATEST",
        ReplayFrom::Earliest => "EARLIEST",
    }
}

fn column(name: &str) -> Result<Column, Fault> {
    COLUMNS
        .into_iter()
        .find(|(of, _)| of.eq_ignore_ascii_case(name))
        .map(|(_, column)| column)
        .ok_or_else(|| Fault::FieldUnknown {
            field: name.to_owned(),
            entity: EntityName::new(OBJECT),
        })
}

/// What a subscription has to be.
enum Condition<'q> {
    /// The one with this id; none for what is no id.
    Id(Option<RecordId>),
    /// The one with this name, in any letter case.
    Name(&'q str),
}

impl<'q> Condition<'q> {
    fn of((field, value): &'q (String, String)) -> Result<Self, Fault> {
        match column(field)? {
            Column::Id => Ok(Self::Id(RecordId::parse(value).ok())),
            Column::DeveloperName => Ok(Self::Name(value)),
            Column::MasterLabel | Column::FullName | Column::Metadata => Err(malformed(format!(
                "field '{field}' can not be filtered in a query call"
            ))),
        }
    }

    fn met_by(&self, managed: &Managed) -> bool {
        match self {
            Self::Id(id) => *id == Some(managed.id),
            Self::Name(name) => managed
                .subscription
                .developer_name
                .eq_ignore_ascii_case(name),
        }
    }
}

fn rendered(call: &Call, columns: &[Column], found: &[&Arc<Managed>]) -> String {
    let size = i64::try_from(found.len()).unwrap_or(i64::MAX);
    let mut w = Writer::new();
    w.object(|w| {
        w.name("size").integer(size);
        w.name("totalSize").integer(size);
        w.name("done").boolean(true);
        w.name("queryLocator").null();
        w.name("entityTypeName").string(OBJECT);
        w.name("records").array(|w| {
            for managed in found {
                w.object(|w| {
                    let url = format!(
                        "/services/data/v{}/tooling/sobjects/{OBJECT}/{}",
                        call.version, managed.id
                    );
                    w.name("attributes").object(|w| {
                        w.name("type").string(OBJECT);
                        w.name("url").string(&url);
                    });
                    for column in columns {
                        column.write(w, managed);
                    }
                });
            }
        });
    });
    w.finish()
}

/// `SELECT a, b FROM Object [WHERE field = 'value'] [LIMIT n]`.
#[derive(Debug, PartialEq, Eq)]
struct Query {
    fields: Vec<String>,
    object: String,
    condition: Option<(String, String)>,
    limit: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Text(String),
    Mark(char),
}

impl Token {
    fn spelled(&self) -> String {
        match self {
            Self::Word(word) | Self::Text(word) => word.clone(),
            Self::Mark(mark) => mark.to_string(),
        }
    }
}

fn malformed(reason: String) -> Fault {
    Fault::QueryMalformed { reason }
}

fn parse(text: &str) -> Result<Query, Fault> {
    if text.trim().is_empty() {
        return Err(malformed("A query string has to be specified".to_owned()));
    }
    let mut tokens = Tokens(tokens(text)?.into_iter().peekable());
    tokens.keyword("SELECT")?;
    let mut fields = vec![tokens.word()?];
    while tokens.takes(&Token::Mark(',')) {
        fields.push(tokens.word()?);
    }
    tokens.keyword("FROM")?;
    let object = tokens.word()?;
    let condition = if tokens.takes_keyword("WHERE") {
        let field = tokens.word()?;
        match (tokens.next()?, tokens.next()?) {
            (Token::Mark('='), Token::Text(value)) => Some((field, value)),
            (Token::Mark('='), other) | (other, _) => return Err(unexpected(&other)),
        }
    } else {
        None
    };
    let mut limit = usize::MAX;
    if tokens.takes_keyword("LIMIT") {
        let number = tokens.word()?;
        limit = number
            .parse()
            .map_err(|_| unexpected(&Token::Word(number)))?;
    }
    match tokens.0.next() {
        Some(token) => Err(unexpected(&token)),
        None => Ok(Query {
            fields,
            object,
            condition,
            limit,
        }),
    }
}

fn unexpected(token: &Token) -> Fault {
    malformed(format!("unexpected token: '{}'", token.spelled()))
}

struct Tokens(std::iter::Peekable<std::vec::IntoIter<Token>>);

impl Tokens {
    fn next(&mut self) -> Result<Token, Fault> {
        self.0
            .next()
            .ok_or_else(|| malformed("unexpected token: '<EOF>'".to_owned()))
    }

    fn word(&mut self) -> Result<String, Fault> {
        match self.next()? {
            Token::Word(word) => Ok(word),
            other => Err(unexpected(&other)),
        }
    }

    fn keyword(&mut self, keyword: &str) -> Result<(), Fault> {
        let word = self.word()?;
        if word.eq_ignore_ascii_case(keyword) {
            Ok(())
        } else {
            Err(unexpected(&Token::Word(word)))
        }
    }

    fn takes_keyword(&mut self, keyword: &str) -> bool {
        let is = |token: &Token| matches!(token, Token::Word(word) if word.eq_ignore_ascii_case(keyword));
        self.0.next_if(is).is_some()
    }

    fn takes(&mut self, token: &Token) -> bool {
        self.0.next_if_eq(token).is_some()
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, Fault> {
    let mut tokens = Vec::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            space if space.is_whitespace() => {}
            '\'' => tokens.push(Token::Text(quoted(&mut letters)?)),
            letter if is_of_word(letter) => {
                let mut word = letter.to_string();
                while let Some(letter) = letters.next_if(|letter| is_of_word(*letter)) {
                    word.push(letter);
                }
                tokens.push(Token::Word(word));
            }
            mark => tokens.push(Token::Mark(mark)),
        }
    }
    Ok(tokens)
}

fn is_of_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_' || letter == '.'
}

fn quoted(letters: &mut impl Iterator<Item = char>) -> Result<String, Fault> {
    let mut value = String::new();
    while let Some(letter) = letters.next() {
        match letter {
            '\'' => return Ok(value),
            '\\' => value.extend(letters.next()),
            letter => value.push(letter),
        }
    }
    Err(malformed("unexpected token: '<EOF>'".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_of_the_npm_client_is_read() {
        let text = "SELECT Id, DeveloperName, Metadata FROM ManagedEventSubscription \
                    WHERE DeveloperName='My_Sub' LIMIT 1";
        let query = parse(text).expect("a query");
        assert_eq!(query.fields, ["Id", "DeveloperName", "Metadata"]);
        assert_eq!(query.object, OBJECT);
        let condition = ("DeveloperName".to_owned(), "My_Sub".to_owned());
        assert_eq!(query.condition, Some(condition));
        assert_eq!(query.limit, 1);
    }

    #[test]
    fn what_is_no_query_is_refused_by_its_first_unexpected_token() {
        for (text, reason) in [
            ("", "A query string has to be specified"),
            ("SELECT", "unexpected token: '<EOF>'"),
            ("SELECT Id FORM X", "unexpected token: 'FORM'"),
            ("SELECT Id, FROM X", "unexpected token: 'X'"),
            ("SELECT Id FROM X WHERE Id > '1'", "unexpected token: '>'"),
            ("SELECT Id FROM X WHERE Id = 1", "unexpected token: '1'"),
            (
                "SELECT Id FROM X WHERE Id = '1",
                "unexpected token: '<EOF>'",
            ),
            ("SELECT Id FROM X LIMIT many", "unexpected token: 'many'"),
            ("SELECT Id FROM X ORDER BY Id", "unexpected token: 'ORDER'"),
        ] {
            let reason = reason.to_owned();
            assert_eq!(parse(text), Err(Fault::QueryMalformed { reason }), "{text}");
        }
    }
}
