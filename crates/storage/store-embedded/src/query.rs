//! Carrying out queries: one read transaction each, with a deadline.

mod expression;
pub(crate) mod functions;
mod predicate;
mod statement;

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use landfall_model::limits::{
    QUERY_CHILD_ROWS_MIN, QUERY_ROWS_MAX, QUERY_SCAN_TIME_MAX, QUERY_TIME_MAX,
};
use landfall_model::{RecordId, Value};
use landfall_query::Plan;
use landfall_store::{Error, QueryLimits, QueryResult, Reread, Result, ResultRow, ValueKind};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, Row, Statement as Prepared};

use crate::error::{corrupt, reading};
use crate::layout::Layouts;
use crate::value::decode;
use statement::{Param, Statement, Wanted};

const QUERY: &str = "query";

/// Steps of SQLite's machine between two looks at the time.
const STEPS: i32 = 50_000;

/// How much an answer may still read.
struct Budget {
    /// Rows until its page is full.
    page: usize,
    /// Rows until it is cancelled.
    all: usize,
}

impl Budget {
    fn new(limits: QueryLimits) -> Self {
        Self {
            page: limits.rows.max(1),
            all: QUERY_ROWS_MAX.max(limits.rows),
        }
    }

    fn take_row(&mut self) -> Result<()> {
        self.page -= 1;
        self.all = self.all.checked_sub(1).ok_or(Error::TooMany)?;
        Ok(())
    }

    /// Reads children, which have some rows even if the page is full.
    fn children<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let page = self.page.max(QUERY_CHILD_ROWS_MIN);
        let mut own = Self {
            page,
            all: self.all,
        };
        let found = read(&mut own)?;
        self.page = self.page.saturating_sub(page - own.page);
        self.all = own.all;
        Ok(found)
    }
}

/// A plan with its statements, and those of its queries of children.
struct Ready<'p> {
    plan: &'p Plan,
    statement: Statement,
    /// The ids of all records that the statement is about; none for a statement about one.
    ids: Option<Statement>,
    columns: Vec<ValueKind>,
    children: Vec<Self>,
}

impl<'p> Ready<'p> {
    fn new(
        layouts: &Layouts,
        plan: &'p Plan,
        statement: Statement,
        ids: Option<Statement>,
    ) -> Self {
        let children = plan.children.iter().map(|child| {
            let statement = statement::of_children(layouts, child, Wanted::Columns);
            let ids = statement::of_children(layouts, child, Wanted::Ids);
            Ready::new(layouts, &child.plan, statement, Some(ids))
        });
        Self {
            plan,
            statement,
            ids,
            columns: plan
                .columns
                .iter()
                .map(|column| ValueKind::of(column.field_type))
                .collect(),
            children: children.collect(),
        }
    }
}

pub(crate) fn run(
    connection: &mut Connection,
    layouts: &Layouts,
    plan: &Plan,
    limits: QueryLimits,
) -> Result<QueryResult> {
    within_time(connection, QUERY_TIME_MAX, |connection| {
        if plan.grouping.is_some() {
            let statement = statement::of_groups(layouts, plan);
            let ready = Ready::new(layouts, plan, statement, None);
            return groups(connection, &ready, limits);
        }
        let statement = statement::of_records(layouts, plan, Wanted::Columns);
        let ids = statement::of_records(layouts, plan, Wanted::Ids);
        let ready = Ready::new(layouts, plan, statement, Some(ids));
        records(connection, &ready, None, limits, &mut Budget::new(limits))
    })
}

pub(crate) fn scan(
    connection: &mut Connection,
    layouts: &Layouts,
    plan: &Plan,
    records: usize,
    each: &mut dyn FnMut(Vec<Value>) -> ControlFlow<()>,
) -> Result<()> {
    within_time(connection, QUERY_SCAN_TIME_MAX, |connection| {
        if plan.order.is_empty() {
            let statement = statement::of_all(layouts, plan);
            let ready = Ready::new(layouts, plan, statement, None);
            return hand_over(connection, &ready, None, each).map(|_| ());
        }
        // What is put in order is in memory: let that be the ids, not the records.
        let wanted = statement::of_records(layouts, plan, Wanted::Ids);
        let ready = Ready::new(
            layouts,
            plan,
            statement::of_one(layouts, plan),
            Some(wanted),
        );
        let limits = QueryLimits { rows: 0, records };
        for id in ids(connection, &ready, None, limits)? {
            if hand_over(connection, &ready, Some(id), each)?.is_break() {
                break;
            }
        }
        Ok(())
    })
}

/// Hands over what a statement finds, about `subject` if it is about one.
fn hand_over(
    connection: &Connection,
    ready: &Ready<'_>,
    subject: Option<RecordId>,
    each: &mut dyn FnMut(Vec<Value>) -> ControlFlow<()>,
) -> Result<ControlFlow<()>> {
    let mut prepared = prepare(connection, &ready.statement, subject, None)?;
    let mut rows = prepared.raw_query();
    while let Some(row) = rows.next().map_err(failed)? {
        if each(values(ready, row, 1)?).is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}

pub(crate) fn count(connection: &mut Connection, layouts: &Layouts, plan: &Plan) -> Result<u64> {
    within_time(connection, QUERY_TIME_MAX, |connection| {
        let statement = statement::of_count(layouts, plan);
        let mut prepared = prepare(connection, &statement, None, None)?;
        let mut rows = prepared.raw_query();
        let row = rows.next().map_err(failed)?;
        let count: i64 = row.map_or(Ok(0), |row| row.get(0)).map_err(failed)?;
        Ok(u64::try_from(count).unwrap_or(0))
    })
}

pub(crate) fn reread(
    connection: &mut Connection,
    layouts: &Layouts,
    plan: &Plan,
    ids: &[RecordId],
    limits: QueryLimits,
) -> Result<Reread> {
    within_time(connection, QUERY_TIME_MAX, |connection| {
        let ready = Ready::new(layouts, plan, statement::of_one(layouts, plan), None);
        let mut budget = Budget::new(limits);
        let mut reread = Reread::default();
        for id in ids {
            if budget.page == 0 {
                break;
            }
            reread.looked_at += 1;
            let found = records(connection, &ready, Some(*id), limits, &mut budget)?;
            reread.rows.extend(found.rows);
        }
        Ok(reread)
    })
}

/// Reads in one transaction, until the time is up.
fn within_time<T>(
    connection: &mut Connection,
    most: Duration,
    read: impl FnOnce(&Connection) -> Result<T>,
) -> Result<T> {
    let deadline = Instant::now() + most;
    let watch = move || Instant::now() > deadline;
    connection
        .progress_handler(STEPS, Some(watch))
        .map_err(failed)?;
    let found = match connection.transaction() {
        // It has changed nothing: dropping it ends it.
        Ok(transaction) => read(&transaction),
        Err(error) => Err(failed(error)),
    };
    connection
        .progress_handler(0, None::<fn() -> bool>)
        .map_err(failed)?;
    found
}

fn failed(error: rusqlite::Error) -> Error {
    match error.sqlite_error_code() {
        Some(ErrorCode::OperationInterrupted) => Error::TimedOut,
        _ => reading(QUERY)(error),
    }
}

fn prepare<'c>(
    connection: &'c Connection,
    statement: &Statement,
    subject: Option<RecordId>,
    most: Option<usize>,
) -> Result<rusqlite::CachedStatement<'c>> {
    let mut prepared = connection.prepare_cached(&statement.sql).map_err(failed)?;
    bind(&mut prepared, statement, subject, most).map_err(failed)?;
    Ok(prepared)
}

fn bind(
    prepared: &mut Prepared<'_>,
    statement: &Statement,
    subject: Option<RecordId>,
    most: Option<usize>,
) -> rusqlite::Result<()> {
    let most = most.and_then(|most| i64::try_from(most).ok());
    for (place, param) in (1..).zip(&statement.params) {
        match param {
            Param::Value(value) => prepared.raw_bind_parameter(place, value)?,
            Param::Subject => {
                prepared.raw_bind_parameter(place, subject.as_ref().map(RecordId::as_str))?;
            }
            Param::Limit(limit) => {
                let least = [*limit, most].into_iter().flatten().min();
                prepared.raw_bind_parameter(place, least.unwrap_or(-1))?;
            }
        }
    }
    Ok(())
}

/// Reads records, about `subject` if the statement is about one; those that the budget allows with their values, and the ids of the others.
fn records(
    connection: &Connection,
    ready: &Ready<'_>,
    subject: Option<RecordId>,
    limits: QueryLimits,
    budget: &mut Budget,
) -> Result<QueryResult> {
    let mut prepared = prepare(connection, &ready.statement, subject, Some(budget.page + 1))?;
    let mut rows = prepared.raw_query();
    let mut found = QueryResult::default();
    while let Some(row) = rows.next().map_err(failed)? {
        if budget.page == 0 {
            // Reading the columns of those that only their ids are wanted of would cost more than looking again.
            found.ids = ids(connection, ready, subject, limits)?;
            return Ok(found);
        }
        budget.take_row()?;
        let id = id_of(row)?;
        let values = values(ready, row, 1)?;
        let mut children = Vec::with_capacity(ready.children.len());
        for child in &ready.children {
            let found = budget.children(|own| records(connection, child, Some(id), limits, own))?;
            children.push(found);
        }
        found.ids.push(id);
        found.rows.push(ResultRow { values, children });
    }
    if found.ids.len() > limits.records {
        return Err(Error::TooMany);
    }
    Ok(found)
}

fn ids(
    connection: &Connection,
    ready: &Ready<'_>,
    subject: Option<RecordId>,
    limits: QueryLimits,
) -> Result<Vec<RecordId>> {
    let mut ids = Vec::new();
    let Some(statement) = &ready.ids else {
        return Ok(ids);
    };
    let mut prepared = prepare(connection, statement, subject, None)?;
    let mut rows = prepared.raw_query();
    while let Some(row) = rows.next().map_err(failed)? {
        if ids.len() >= limits.records {
            return Err(Error::TooMany);
        }
        ids.push(id_of(row)?);
    }
    Ok(ids)
}

fn groups(connection: &Connection, ready: &Ready<'_>, limits: QueryLimits) -> Result<QueryResult> {
    let mut prepared = prepare(connection, &ready.statement, None, None)?;
    let mut rows = prepared.raw_query();
    let mut found = QueryResult::default();
    while let Some(row) = rows.next().map_err(failed)? {
        if found.rows.len() >= limits.rows {
            return Err(Error::TooMany);
        }
        found.rows.push(ResultRow {
            values: values(ready, row, 0)?,
            children: Vec::new(),
        });
    }
    Ok(found)
}

fn id_of(row: &Row<'_>) -> Result<RecordId> {
    let kept = row.get_ref(0).map_err(failed)?;
    match decode(ValueKind::Id, kept) {
        Some(Value::Id(id)) => Ok(id),
        _ => Err(corrupt(QUERY, "an id is none")),
    }
}

fn values(ready: &Ready<'_>, row: &Row<'_>, first: usize) -> Result<Vec<Value>> {
    let mut values = Vec::with_capacity(ready.columns.len());
    for (place, holds) in (first..).zip(&ready.columns) {
        let kept: ValueRef<'_> = row.get_ref(place).map_err(failed)?;
        values.push(decode(*holds, kept).ok_or_else(|| {
            let entity = &ready.plan.entity.name;
            let found = kept.data_type();
            corrupt(QUERY, format_args!("{entity}: {found} is no {holds:?}"))
        })?);
    }
    Ok(values)
}
