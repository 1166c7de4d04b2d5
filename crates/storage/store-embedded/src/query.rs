//! Carrying out queries: one read transaction each, interrupted at its deadline. One that keeps the write-ahead log from
//! starting over is interrupted too, and begins again in another transaction.

mod formulas;
pub(crate) mod functions;
mod scan;

pub(crate) use scan::scan;

use landfall_model::limits::{QUERY_CHILD_ROWS_MIN, QUERY_ROWS_MAX};
use landfall_model::{RecordId, Value};
use landfall_query::Plan;
use landfall_store::{
    Deadline, Error, QueryLimits, QueryResult, Reread, Result, ResultRow, ValueKind, bytes_of,
};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, Row, Statement as Prepared};

use crate::checkpoint::Crowding;
use crate::error::{corrupt, reading};
use crate::layout::Layouts;
use crate::reader::begin;
use crate::value::{self, decode};
use landfall_relational::query::{self as statement, Dialect, Param, Statement, Wanted};

const QUERY: &str = "query";

/// Steps of SQLite's machine between two looks at the deadline. A statement that is run again goes on counting; what takes
/// many short statements looks itself.
const STEPS: i32 = 50_000;

/// How much an answer may still read.
struct Budget<'d> {
    /// Rows until its page is full.
    page: usize,
    /// Bytes of values until its page is full.
    bytes: usize,
    /// Rows until it is cancelled.
    all: usize,
    /// When it is cancelled.
    deadline: &'d Deadline,
}

impl<'d> Budget<'d> {
    fn new(limits: QueryLimits, deadline: &'d Deadline) -> Self {
        Self {
            page: limits.rows.max(1),
            bytes: limits.bytes,
            all: QUERY_ROWS_MAX.max(limits.rows),
            deadline,
        }
    }

    /// Whether a page with so many rows takes no further one.
    const fn is_full(&self, rows: usize) -> bool {
        self.page == 0 || (self.bytes == 0 && rows > 0)
    }

    fn take_row(&mut self) -> Result<()> {
        self.deadline.check()?;
        self.page -= 1;
        self.all = self.all.checked_sub(1).ok_or(Error::TooMany)?;
        Ok(())
    }

    fn take_bytes(&mut self, values: &[Value]) {
        self.bytes = self.bytes.saturating_sub(bytes_of(values));
    }

    /// Reads children, which have some rows even if the page is full.
    fn children<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let page = self.page.max(QUERY_CHILD_ROWS_MIN);
        let mut own = Self { page, ..*self };
        let found = read(&mut own)?;
        self.page = self.page.saturating_sub(page - own.page);
        self.bytes = own.bytes;
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
            let statement =
                statement::of_children(Dialect::Sqlite, layouts, child, Wanted::Columns);
            let ids = statement::of_children(Dialect::Sqlite, layouts, child, Wanted::Ids);
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
    ending: Ending<'_>,
) -> Result<QueryResult> {
    let deadline = ending.deadline;
    until(connection, ending, |connection, _| {
        if plan.grouping.is_some() {
            let statement = statement::of_groups(Dialect::Sqlite, layouts, plan);
            let ready = Ready::new(layouts, plan, statement, None);
            return groups(connection, &ready, limits, deadline);
        }
        let statement = statement::of_records(Dialect::Sqlite, layouts, plan, Wanted::Columns);
        let ids = statement::of_records(Dialect::Sqlite, layouts, plan, Wanted::Ids);
        let ready = Ready::new(layouts, plan, statement, Some(ids));
        let mut budget = Budget::new(limits, deadline);
        records(connection, &ready, None, limits, &mut budget)
    })
}

pub(crate) fn count(
    connection: &mut Connection,
    layouts: &Layouts,
    plan: &Plan,
    ending: Ending<'_>,
) -> Result<u64> {
    until(connection, ending, |connection, _| {
        let statement = statement::of_count(Dialect::Sqlite, layouts, plan);
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
    ending: Ending<'_>,
) -> Result<Reread> {
    let deadline = ending.deadline;
    until(connection, ending, |connection, _| {
        let ready = Ready::new(
            layouts,
            plan,
            statement::of_one(Dialect::Sqlite, layouts, plan, false),
            None,
        );
        let mut budget = Budget::new(limits, deadline);
        let mut reread = Reread::default();
        for id in ids {
            if budget.is_full(reread.rows.len()) {
                break;
            }
            deadline.check()?;
            reread.looked_at += 1;
            let found = records(connection, &ready, Some(*id), limits, &mut budget)?;
            reread.rows.extend(found.rows);
        }
        Ok(reread)
    })
}

/// When a read ends before it has found everything.
#[derive(Clone, Copy)]
pub(crate) struct Ending<'e> {
    /// For good.
    deadline: &'e Deadline,
    /// To begin again with the newest state, because the write-ahead log is too long and cannot start over before.
    crowding: &'e Crowding,
    /// How often that was so when the transaction began.
    crowded: u64,
}

impl<'e> Ending<'e> {
    pub(crate) fn new(deadline: &'e Deadline, crowding: &'e Crowding) -> Self {
        let crowded = crowding.now();
        Self {
            deadline,
            crowding,
            crowded,
        }
    }

    /// For reads of many short statements, between two of them.
    fn check(&self) -> Result<()> {
        self.deadline.check()?;
        if self.is_crowded() {
            return Err(Error::TimedOut);
        }
        Ok(())
    }

    fn is_crowded(&self) -> bool {
        self.crowding.now() != self.crowded
    }
}

/// Reads in one transaction, until the deadline; in further ones if it was interrupted for the sake of the write-ahead log.
fn until<T>(
    connection: &mut Connection,
    mut ending: Ending<'_>,
    mut read: impl FnMut(&Connection, Ending<'_>) -> Result<T>,
) -> Result<T> {
    loop {
        ending.crowded = ending.crowding.now();
        // A state from before the log started over would keep it from that again.
        ending.crowding.pass();
        ending.deadline.check()?;
        match once(connection, ending, &mut read) {
            Err(Error::TimedOut) if ending.is_crowded() => {}
            found => return found,
        }
    }
}

fn once<T>(
    connection: &mut Connection,
    ending: Ending<'_>,
    read: impl FnOnce(&Connection, Ending<'_>) -> Result<T>,
) -> Result<T> {
    let _running = formulas::Running::begin();
    let (deadline, crowding) = (ending.deadline.clone(), ending.crowding.clone());
    let crowded = ending.crowded;
    let has_to_end = move || deadline.has_passed() || crowding.now() != crowded;
    connection
        .progress_handler(STEPS, Some(has_to_end))
        .map_err(failed)?;
    let found = match begin(connection) {
        // It has changed nothing: dropping it ends it.
        Ok(_transaction) => read(connection, ending),
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
            Param::Value(value) => prepared.raw_bind_parameter(place, value::kept(value))?,
            Param::List(values, _) => prepared.raw_bind_parameter(place, value::json(values))?,
            Param::Formula(computed) => {
                prepared.raw_bind_parameter(place, formulas::number_of(computed))?;
            }
            // Bound by the scan; the others are for databases without functions of this program.
            Param::After | Param::Subjects | Param::Joined(..) | Param::Zone(..) => {}
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
    budget: &mut Budget<'_>,
) -> Result<QueryResult> {
    let mut prepared = prepare(connection, &ready.statement, subject, Some(budget.page + 1))?;
    let mut rows = prepared.raw_query();
    let mut found = QueryResult::default();
    while let Some(row) = rows.next().map_err(failed)? {
        if budget.is_full(found.rows.len()) {
            // Reading the columns of those that only their ids are wanted of would cost more than looking again.
            found.ids = ids(connection, ready, subject, limits.records, budget.deadline)?;
            return Ok(found);
        }
        budget.take_row()?;
        let id = id_of(row)?;
        let values = values(ready, row, 1)?;
        budget.take_bytes(&values);
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
    most: usize,
    deadline: &Deadline,
) -> Result<Vec<RecordId>> {
    let mut ids = Vec::new();
    let Some(statement) = &ready.ids else {
        return Ok(ids);
    };
    let mut prepared = prepare(connection, statement, subject, None)?;
    let mut rows = prepared.raw_query();
    while let Some(row) = rows.next().map_err(failed)? {
        if ids.len() >= most {
            return Err(Error::TooMany);
        }
        deadline.check()?;
        ids.push(id_of(row)?);
    }
    Ok(ids)
}

fn groups(
    connection: &Connection,
    ready: &Ready<'_>,
    limits: QueryLimits,
    deadline: &Deadline,
) -> Result<QueryResult> {
    let mut prepared = prepare(connection, &ready.statement, None, None)?;
    let mut rows = prepared.raw_query();
    let mut found = QueryResult::default();
    let mut bytes = 0;
    while let Some(row) = rows.next().map_err(failed)? {
        deadline.check()?;
        let values = values(ready, row, 0)?;
        bytes += bytes_of(&values);
        if found.rows.len() >= limits.rows || bytes > limits.bytes {
            return Err(Error::TooMany);
        }
        found.rows.push(ResultRow {
            values,
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
