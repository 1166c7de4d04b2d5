//! Reading all records of a query, one by one.
//!
//! They are of one state of the org. A scan takes minutes, though, and its transaction keeps the write-ahead log from starting
//! over: once the log is too long, the scan continues in a new transaction, after the last record that it has handed over.

use std::ops::ControlFlow;

use landfall_model::{RecordId, Value};
use landfall_query::Plan;
use landfall_relational::query::{self as statement, Dialect, Param, Statement, Wanted, Way};
use landfall_store::{Error, Result};
use rusqlite::Connection;

use super::{Ending, Ready, failed, ids, prepare, until, values};
use crate::layout::Layouts;

/// What takes the records.
type Each<'e> = dyn FnMut(Vec<Value>) -> ControlFlow<()> + 'e;

pub(crate) fn scan(
    connection: &mut Connection,
    layouts: &Layouts,
    plan: &Plan,
    records: usize,
    ending: Ending<'_>,
    each: &mut Each<'_>,
) -> Result<()> {
    if !plan.order.is_empty() || plan.offset > 0 {
        return in_order(connection, layouts, plan, records, ending, each);
    }
    let mut statement = statement::of_rows(Dialect::Sqlite, layouts, plan, Way::Any);
    if sorts(connection, &statement)? {
        match in_order(connection, layouts, plan, records, ending, each) {
            // Too many to be put in order, and nothing has been handed over.
            Err(Error::TooMany) => {
                statement = statement::of_rows(Dialect::Sqlite, layouts, plan, Way::Table);
            }
            done => return done,
        }
    }
    let ready = Ready::new(layouts, plan, statement, None);
    in_rows(connection, &ready, ending, each)
}

/// Whether SQLite would put all records in order before it returns the first one.
fn sorts(connection: &Connection, statement: &Statement) -> Result<bool> {
    let explain = format!("EXPLAIN QUERY PLAN {}", statement.sql);
    let mut explain = connection.prepare(&explain).map_err(failed)?;
    let mut steps = explain.raw_query();
    while let Some(step) = steps.next().map_err(failed)? {
        let detail: String = step.get("detail").map_err(failed)?;
        if detail.ends_with("FOR ORDER BY") {
            return Ok(true);
        }
    }
    Ok(false)
}

/// In the order in which they were created, as they are read.
fn in_rows(
    connection: &mut Connection,
    ready: &Ready<'_>,
    ending: Ending<'_>,
    each: &mut Each<'_>,
) -> Result<()> {
    let after = ready.statement.params.iter();
    let after = after.take_while(|param| !matches!(param, Param::After));
    let after = after.count() + 1;
    let limit = ready.plan.limit.unwrap_or(u64::MAX);
    let mut left = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut last = 0;
    until(connection, ending, |connection, ending| {
        let mut prepared = prepare(connection, &ready.statement, None, Some(left))?;
        let bound = prepared.raw_bind_parameter(after, last);
        bound.map_err(failed)?;
        let mut rows = prepared.raw_query();
        while let Some(row) = rows.next().map_err(failed)? {
            let values = values(ready, row, 1)?;
            last = row.get(1 + ready.columns.len()).map_err(failed)?;
            left = left.saturating_sub(1);
            if each(values).is_break() {
                break;
            }
            ending.check()?;
        }
        Ok(())
    })
}

/// In the order of the query. What is put in order is in memory: that is the ids, not the records.
fn in_order(
    connection: &mut Connection,
    layouts: &Layouts,
    plan: &Plan,
    records: usize,
    ending: Ending<'_>,
    each: &mut Each<'_>,
) -> Result<()> {
    let wanted = statement::of_records(Dialect::Sqlite, layouts, plan, Wanted::Ids);
    let one = statement::of_one(Dialect::Sqlite, layouts, plan, true);
    let ready = Ready::new(layouts, plan, one, Some(wanted));
    let mut left: Option<std::vec::IntoIter<RecordId>> = None;
    until(connection, ending, |connection, ending| {
        let left = if let Some(left) = &mut left {
            left
        } else {
            let ids = ids(connection, &ready, None, records, ending.deadline)?;
            left.insert(ids.into_iter())
        };
        while let Some(id) = left.as_slice().first() {
            let values = one_of(connection, &ready, *id)?;
            left.next();
            if values.is_some_and(|values| each(values).is_break()) {
                break;
            }
            ending.check()?;
        }
        Ok(())
    })
}

/// The values of a record, if the query finds it in this transaction too.
fn one_of(connection: &Connection, ready: &Ready<'_>, id: RecordId) -> Result<Option<Vec<Value>>> {
    let mut prepared = prepare(connection, &ready.statement, Some(id), None)?;
    let mut rows = prepared.raw_query();
    let row = rows.next().map_err(failed)?;
    row.map(|row| values(ready, row, 1)).transpose()
}
