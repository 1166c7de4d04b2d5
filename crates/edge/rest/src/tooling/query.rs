//! `/tooling/query`, as far as clients of managed subscriptions need it: one object, by id or by name.
//!
//! Clients: the npm client of the Pub/Sub API looks a managed subscription up before it subscribes, and reads `size`.
//! Source: "`ManagedEventSubscription`" (Tooling API); query texts: "Core Data Types Used in API Calls".

use std::sync::Arc;

use landfall_engine::Managed;
use landfall_model::{Fault, RecordId};
use landfall_soql::{
    Comparison, Condition as Asked, LiteralKind, Operand, Operator, Select, Value,
};

use crate::call::Call;
use crate::respond::Answer;
use crate::tooling::managed::{self, Column, OBJECT};
use crate::writer::Writer;

/// Answers a query.
pub(crate) fn query(call: &Call) -> Result<Answer, Fault> {
    let text = call.parameter("q").unwrap_or_default();
    let query = parse(text)?;
    let unknown = Fault::QueryObjectUnknown {
        name: query.object.clone(),
    };
    if !query.object.eq_ignore_ascii_case(OBJECT) {
        return Err(unknown);
    }
    managed::check_readable(call, unknown)?;
    let columns = query
        .fields
        .iter()
        .map(|name| Column::named(name))
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

/// What a subscription has to be.
enum Condition<'q> {
    /// The one with this id; none for what is no id.
    Id(Option<RecordId>),
    /// The one with this name, in any letter case.
    Name(&'q str),
}

impl<'q> Condition<'q> {
    fn of((field, value): &'q (String, String)) -> Result<Self, Fault> {
        match Column::named(field)? {
            Column::Id => Ok(Self::Id(RecordId::parse(value).ok())),
            Column::DeveloperName => Ok(Self::Name(value)),
            _ => Err(malformed(format!(
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
                managed::write(w, call, managed, columns);
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
