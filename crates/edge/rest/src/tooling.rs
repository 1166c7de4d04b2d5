//! `/tooling/query`, as far as clients of managed subscriptions need it: one object, by id or by name.
//!
//! Clients: the npm client of the Pub/Sub API looks a managed subscription up before it subscribes, and reads `size`.
//! Source: "`ManagedEventSubscription`" (Tooling API); query texts: "Core Data Types Used in API Calls".

use std::sync::Arc;

use landfall_engine::{Managed, ReplayFrom};
use landfall_model::{EntityName, Fault, RecordId};
use landfall_soql::{
    Comparison, Condition as Asked, LiteralKind, Operand, Operator, Select, Value,
};

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

fn malformed(reason: impl std::fmt::Display) -> Fault {
    Fault::QueryMalformed {
        reason: reason.to_string(),
    }
}

/// What else a query may have is refused as a whole, since the rest of it would say something else without.
fn parse(text: &str) -> Result<Query, Fault> {
    const UNSUPPORTED: &str = "The query is not supported on this object";
    let query = landfall_soql::parse(text).map_err(malformed)?;
    let unsupported = || malformed(UNSUPPORTED);
    let plain = query.scope.is_none()
        && query.group.is_none()
        && query.order.is_empty()
        && query.offset.is_none();
    let object = match query.from.as_slice() {
        [object] if plain => object.path.to_string(),
        _ => return Err(unsupported()),
    };
    let fields = query.select.into_iter().map(|item| match item {
        Select::Operand {
            operand: Operand::Path(path),
            ..
        } => Ok(path.to_string()),
        _ => Err(unsupported()),
    });
    let condition = match query.filter {
        None => None,
        Some(Asked::Compare(Comparison {
            operand: Operand::Path(path),
            operator: Operator::Equal,
            value: Value::Literal(literal),
        })) => match literal.kind {
            LiteralKind::Text(value) => Some((path.to_string(), value)),
            _ => return Err(unsupported()),
        },
        Some(_) => return Err(unsupported()),
    };
    Ok(Query {
        fields: fields.collect::<Result<_, _>>()?,
        object,
        condition,
        limit: query.limit.map_or(usize::MAX, |limit| {
            usize::try_from(limit).unwrap_or(usize::MAX)
        }),
    })
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
    fn what_is_more_than_that_is_refused() {
        for text in [
            "SELECT Id FROM X WHERE Id > '1'",
            "SELECT Id FROM X WHERE Id = 1",
            "SELECT Id FROM X WHERE NOT Id = '1'",
            "SELECT Id FROM X ORDER BY Id",
            "SELECT Id FROM X OFFSET 1",
            "SELECT COUNT() FROM X",
            "SELECT Id FROM X, X.Y z",
            "SELECT Id FROM X GROUP BY Id",
        ] {
            let reason = "The query is not supported on this object".to_owned();
            assert_eq!(parse(text), Err(Fault::QueryMalformed { reason }), "{text}");
        }
    }
}
