//! Carrying out queries: one read transaction each, cancelled at its deadline.
//!
//! Values are read in batches, so that no page is in memory before it is known to have space: [`POSTGRES_QUERY_ROWS`]
//! records at a time, with the children of some of them in one round trip.

use std::collections::HashMap;
use std::ops::ControlFlow;

use landfall_model::limits::{
    POSTGRES_PARENTS, POSTGRES_QUERY_ROWS, QUERY_CHILD_ROWS_MIN, QUERY_FORMULA_RECORDS_MAX,
    QUERY_ROWS_MAX,
};
use landfall_model::{RecordId, Value};
use landfall_query::plan::{Column, Computed};
use landfall_query::{Plan, Record};
use landfall_relational::query::{
    self as statement, Dialect, Joined, Param, Part, Statement, Wanted, Way,
};
use landfall_store::{
    Deadline, Error, QueryLimits, QueryResult, Reread, Result, ResultRow, ValueKind, bytes_of,
};
use tokio_postgres::Row;

use crate::error::{corrupt, reading};
use crate::layout::Layouts;
use crate::reader::only;
use crate::session::{COMMIT, Request, SNAPSHOT, Session, plain};
use crate::value::{Arg, Id, decode};

pub(crate) const QUERY: &str = "query";
const DIALECT: Dialect = Dialect::Postgres;

/// A query while it is carried out: everything that it reads is of one point in time.
pub(crate) struct Run<'r> {
    session: &'r Session,
    layouts: &'r Layouts,
    deadline: &'r Deadline,
}

/// What changes from one execution of a statement to the next.
#[derive(Clone, Copy, Default)]
struct About<'a> {
    subjects: &'a [RecordId],
    after: i64,
    /// How many rows at most.
    most: Option<usize>,
}

/// How much an answer may still read.
struct Budget {
    /// Rows until its page is full.
    page: usize,
    /// Bytes of values until its page is full.
    bytes: usize,
    /// Rows until it is cancelled.
    all: usize,
    /// Records that may be found at all.
    records: usize,
}

impl Budget {
    fn new(limits: QueryLimits) -> Self {
        Self {
            page: limits.rows.max(1),
            bytes: limits.bytes,
            all: QUERY_ROWS_MAX.max(limits.rows),
            records: limits.records,
        }
    }

    /// Whether a page with so many rows takes no further one.
    const fn is_full(&self, rows: usize) -> bool {
        self.page == 0 || (self.bytes == 0 && rows > 0)
    }

    fn take(&mut self, values: &[Value]) -> Result<()> {
        self.page = self.page.saturating_sub(1);
        self.all = self.all.checked_sub(1).ok_or(Error::TooMany)?;
        self.bytes = self.bytes.saturating_sub(bytes_of(values));
        Ok(())
    }

    /// That of children, which have some rows even if the page is full.
    fn of_children(&self) -> Self {
        Self {
            page: self.page.max(QUERY_CHILD_ROWS_MIN),
            ..*self
        }
    }

    /// After children that had `before` rows of space have been read with `own`.
    fn after_children(&mut self, before: usize, own: &Self) {
        self.page = self.page.saturating_sub(before - own.page);
        self.bytes = own.bytes;
        self.all = own.all;
    }
}

/// A record with the values of its columns.
type Found = (RecordId, Vec<Value>);

impl<'r> Run<'r> {
    pub(crate) fn begin(
        session: &'r Session,
        layouts: &'r Layouts,
        deadline: &'r Deadline,
    ) -> Result<Self> {
        let run = Self {
            session,
            layouts,
            deadline,
        };
        run.execute(vec![plain(SNAPSHOT)])?;
        Ok(run)
    }

    /// Ends the transaction; one that failed ends with its connection.
    fn ended<T>(&self, found: Result<T>) -> Result<T> {
        match found {
            Err(Error::TimedOut | Error::Read { .. }) => found,
            found => {
                self.session
                    .run(vec![plain(COMMIT)])
                    .map_err(reading(QUERY))?;
                found
            }
        }
    }

    fn execute(&self, requests: Vec<Request>) -> Result<Vec<Vec<Row>>> {
        let done = self.session.run_until(requests, self.deadline);
        let answers = done.map_err(reading(QUERY))?;
        self.deadline.check()?;
        Ok(answers)
    }

    fn one(&self, request: Request) -> Result<Vec<Row>> {
        only(self.execute(vec![request])?.pop(), QUERY)
    }

    /// The statement with its parameters.
    fn bound(statement: &Statement, joins: &Joins, about: About<'_>) -> Request {
        let most = about.most.and_then(|most| i64::try_from(most).ok());
        let args = statement.params.iter().map(|param| match param {
            Param::Value(value) => Arg::Value(value.clone()),
            Param::List(values, kind) => Arg::Column(*kind, values.clone()),
            Param::Subject => Arg::Value(
                about
                    .subjects
                    .first()
                    .map_or(Value::Null, |id| Value::Id(*id)),
            ),
            Param::Subjects => Arg::Texts(ids_of(about.subjects)),
            Param::After => Arg::Int(about.after),
            // Only connections that compute formulas have such a parameter.
            Param::Formula(_) => Arg::Value(Value::Null),
            Param::Joined(number, part) => joins.arg(*number, *part),
            Param::Zone(zone, part) => {
                let offsets = zone.offsets().into_iter();
                Arg::Ints(match part {
                    // The first distance holds from the beginning of time.
                    Part::Keys => offsets.skip(1).map(|(from, _)| from).collect(),
                    Part::Values => offsets.map(|(_, offset)| offset).collect(),
                })
            }
            Param::Limit(limit) => Arg::Limit([*limit, most].into_iter().flatten().min()),
        });
        Request::new(statement.sql.as_str(), args.collect())
    }

    /// Computes the formulas whose values a statement joins.
    fn joins(&self, statement: &Statement) -> Result<Joins> {
        let joined = statement.joined.iter();
        let joined = joined.map(|joined| self.join(joined));
        Ok(Joins(joined.collect::<Result<_>>()?))
    }

    fn join(&self, joined: &Joined) -> Result<Join> {
        let candidates = statement::of_candidates(DIALECT, self.layouts, joined);
        // A semi-join within its conditions may have formulas of its own.
        let inner = self.joins(&candidates)?;
        let about = About {
            most: Some(QUERY_FORMULA_RECORDS_MAX + 1),
            ..About::default()
        };
        let rows = self.one(Self::bound(&candidates, &inner, about))?;
        if rows.len() > QUERY_FORMULA_RECORDS_MAX {
            return Err(Error::TooMany);
        }
        let Computed { inputs, target, .. } = &*joined.computed;
        let fields = Fields::of_inputs(&joined.plan, inputs);
        let mut join = Join {
            ids: Vec::with_capacity(rows.len()),
            kind: ValueKind::of(target.field_type),
            values: Vec::with_capacity(rows.len()),
        };
        for row in &rows {
            self.deadline.check()?;
            let record = fields.read(row, 1)?;
            let inputs = inputs.iter();
            let inputs: Vec<Value> = inputs
                .map(|input| joined.plan.value_of(input, &record))
                .collect();
            join.ids.push(id_of(row)?);
            join.values.push(joined.computed.value(&inputs));
        }
        Ok(join)
    }

    pub(crate) fn count(&self, plan: &Plan) -> Result<u64> {
        self.ended(self.counted(plan))
    }

    fn counted(&self, plan: &Plan) -> Result<u64> {
        let statement = statement::of_count(DIALECT, self.layouts, plan);
        let joins = self.joins(&statement)?;
        let rows = self.one(Self::bound(&statement, &joins, About::default()))?;
        let row = only(rows.first(), QUERY)?;
        let count: i64 = row.try_get(0).map_err(|error| corrupt(QUERY, error))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    pub(crate) fn find(&self, plan: &Plan, limits: QueryLimits) -> Result<QueryResult> {
        let found = if plan.grouping.is_some() {
            self.groups(plan, limits)
        } else {
            self.records(plan, limits)
        };
        self.ended(found)
    }

    fn groups(&self, plan: &Plan, limits: QueryLimits) -> Result<QueryResult> {
        let statement = statement::of_groups(DIALECT, self.layouts, plan);
        let joins = self.joins(&statement)?;
        let about = About {
            most: Some(limits.rows.saturating_add(1)),
            ..About::default()
        };
        let rows = self.one(Self::bound(&statement, &joins, about))?;
        let mut found = QueryResult::default();
        let mut bytes = 0;
        for row in &rows {
            let mut values = Vec::with_capacity(plan.columns.len());
            for (place, column) in plan.columns.iter().enumerate() {
                values.push(decoded(column, row, place)?);
            }
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

    fn records(&self, plan: &Plan, limits: QueryLimits) -> Result<QueryResult> {
        let mut budget = Budget::new(limits);
        let reading = Reading::new(self.layouts, plan);
        let statement = statement::of_records(DIALECT, self.layouts, plan, Wanted::Columns);
        let joins = self.joins(&statement)?;
        let about = About {
            most: Some(budget.page.min(POSTGRES_QUERY_ROWS).saturating_add(1)),
            ..About::default()
        };
        let rows = self.one(Self::bound(&statement, &joins, about))?;
        let mut first = reading.read_all(&rows)?;
        let is_whole = rows.len() <= budget.page.min(POSTGRES_QUERY_ROWS);
        let mut found = QueryResult::default();
        if is_whole {
            found.ids = first.iter().map(|(id, _)| *id).collect();
            if found.ids.len() > limits.records {
                return Err(Error::TooMany);
            }
            self.expand(&reading, first, &mut budget, &mut found.rows)?;
            return Ok(found);
        }
        let ids = statement::of_records(DIALECT, self.layouts, plan, Wanted::Ids);
        let joins = self.joins(&ids)?;
        found.ids = self.ids(
            &Self::bound_all(&ids, &joins, &[], limits.records),
            limits.records,
        )?;
        first.truncate(POSTGRES_QUERY_ROWS.min(found.ids.len()));
        let read = first.len();
        self.expand(&reading, first, &mut budget, &mut found.rows)?;
        for ids in found
            .ids
            .get(read..)
            .unwrap_or_default()
            .chunks(POSTGRES_QUERY_ROWS)
        {
            if budget.is_full(found.rows.len()) {
                break;
            }
            let ids = ids.get(..budget.page.min(ids.len())).unwrap_or(ids);
            let batch = self.several(&reading, ids, false)?;
            self.expand(&reading, batch, &mut budget, &mut found.rows)?;
        }
        Ok(found)
    }

    fn bound_all(
        statement: &Statement,
        joins: &Joins,
        subjects: &[RecordId],
        records: usize,
    ) -> Request {
        let about = About {
            subjects,
            most: Some(records.saturating_add(1)),
            after: 0,
        };
        Self::bound(statement, joins, about)
    }

    /// The ids that a statement finds, if they are not too many.
    fn ids(&self, request: &Request, records: usize) -> Result<Vec<RecordId>> {
        let rows = self.one(request.clone())?;
        if rows.len() > records {
            return Err(Error::TooMany);
        }
        rows.iter().map(id_of).collect()
    }

    /// The values of records in the order of their ids; those that are gone are left out.
    fn several(
        &self,
        reading: &Reading<'_>,
        ids: &[RecordId],
        filtered: bool,
    ) -> Result<Vec<Found>> {
        let statement = statement::of_several(DIALECT, self.layouts, reading.plan, filtered);
        let joins = self.joins(&statement)?;
        let about = About {
            subjects: ids,
            ..About::default()
        };
        let rows = self.one(Self::bound(&statement, &joins, about))?;
        let mut found: HashMap<RecordId, Vec<Value>> =
            reading.read_all(&rows)?.into_iter().collect();
        let in_order = ids.iter();
        Ok(in_order
            .filter_map(|id| Some((*id, found.remove(id)?)))
            .collect())
    }

    /// Adds records with their children to a page, as long as it has space.
    fn expand(
        &self,
        reading: &Reading<'_>,
        found: Vec<Found>,
        budget: &mut Budget,
        page: &mut Vec<ResultRow>,
    ) -> Result<()> {
        let mut found = found.into_iter().peekable();
        while found.peek().is_some() && !budget.is_full(page.len()) {
            let batch: Vec<Found> = found.by_ref().take(POSTGRES_PARENTS).collect();
            let ids: Vec<RecordId> = batch.iter().map(|(id, _)| *id).collect();
            let children = self.children(reading, &ids, budget)?;
            for (number, (id, values)) in batch.into_iter().enumerate() {
                self.deadline.check()?;
                if budget.is_full(page.len()) {
                    return Ok(());
                }
                budget.take(&values)?;
                let mut row = ResultRow {
                    values,
                    children: Vec::with_capacity(reading.children.len()),
                };
                for (child, answers) in reading.children.iter().zip(&children) {
                    let first = only(answers.get(number), QUERY)?;
                    row.children.push(self.of_parent(child, id, first, budget)?);
                }
                page.push(row);
            }
        }
        Ok(())
    }

    /// The first children of several records, for each query of children and each record, in one round trip.
    fn children(
        &self,
        reading: &Reading<'_>,
        parents: &[RecordId],
        budget: &Budget,
    ) -> Result<Vec<Vec<Vec<Row>>>> {
        let most = budget.of_children().page.min(POSTGRES_QUERY_ROWS);
        let mut requests = Vec::new();
        for child in &reading.children {
            let joins = self.joins(&child.columns)?;
            for parent in parents {
                let about = About {
                    subjects: std::slice::from_ref(parent),
                    most: Some(most.saturating_add(1)),
                    after: 0,
                };
                requests.push(Self::bound(&child.columns, &joins, about));
            }
        }
        if requests.is_empty() {
            return Ok(Vec::new());
        }
        let mut answers = self.execute(requests)?.into_iter();
        let children = reading.children.iter();
        Ok(children
            .map(|_| answers.by_ref().take(parents.len()).collect())
            .collect())
    }

    /// The children of one record, of which the first have been read.
    fn of_parent(
        &self,
        child: &Child<'_>,
        parent: RecordId,
        rows: &[Row],
        budget: &mut Budget,
    ) -> Result<QueryResult> {
        let mut own = budget.of_children();
        let before = own.page;
        let mut first = child.reading.read_all(rows)?;
        let mut found = QueryResult::default();
        if rows.len() <= before.min(POSTGRES_QUERY_ROWS) {
            found.ids = first.iter().map(|(id, _)| *id).collect();
            if found.ids.len() > own.records {
                return Err(Error::TooMany);
            }
            self.expand(&child.reading, first, &mut own, &mut found.rows)?;
        } else {
            let joins = self.joins(&child.ids)?;
            let request = Self::bound_all(&child.ids, &joins, &[parent], own.records);
            found.ids = self.ids(&request, own.records)?;
            first.truncate(POSTGRES_QUERY_ROWS.min(found.ids.len()));
            let read = first.len();
            self.expand(&child.reading, first, &mut own, &mut found.rows)?;
            let rest = found.ids.get(read..).unwrap_or_default();
            for ids in rest.chunks(POSTGRES_QUERY_ROWS) {
                if own.is_full(found.rows.len()) {
                    break;
                }
                let batch = self.several(&child.reading, ids, false)?;
                self.expand(&child.reading, batch, &mut own, &mut found.rows)?;
            }
        }
        budget.after_children(before, &own);
        Ok(found)
    }

    pub(crate) fn reread(
        &self,
        plan: &Plan,
        ids: &[RecordId],
        limits: QueryLimits,
    ) -> Result<Reread> {
        self.ended(self.read_again(plan, ids, limits))
    }

    fn read_again(&self, plan: &Plan, ids: &[RecordId], limits: QueryLimits) -> Result<Reread> {
        let reading = Reading::new(self.layouts, plan);
        let mut budget = Budget::new(limits);
        let mut reread = Reread::default();
        for chunk in ids.chunks(POSTGRES_QUERY_ROWS) {
            let mut found = self.several(&reading, chunk, false)?.into_iter().peekable();
            for id in chunk {
                if budget.is_full(reread.rows.len()) {
                    return Ok(reread);
                }
                reread.looked_at += 1;
                if let Some(record) = found.next_if(|(found, _)| found == id) {
                    self.expand(&reading, vec![record], &mut budget, &mut reread.rows)?;
                }
            }
        }
        Ok(reread)
    }

    pub(crate) fn scan(
        &self,
        plan: &Plan,
        records: usize,
        each: &mut dyn FnMut(Vec<Value>) -> ControlFlow<()>,
    ) -> Result<()> {
        let done = if plan.order.is_empty() && plan.offset == 0 {
            self.in_rows(plan, each)
        } else {
            self.in_order(plan, records, each)
        };
        self.ended(done)
    }

    /// In the order in which they were created, as they are read.
    fn in_rows(
        &self,
        plan: &Plan,
        each: &mut dyn FnMut(Vec<Value>) -> ControlFlow<()>,
    ) -> Result<()> {
        let reading = Reading::new(self.layouts, plan);
        let statement = statement::of_rows(DIALECT, self.layouts, plan, Way::Any);
        let joins = self.joins(&statement)?;
        let mut left = usize::try_from(plan.limit.unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
        let mut after = 0;
        while left > 0 {
            let most = left.min(POSTGRES_QUERY_ROWS);
            let about = About {
                most: Some(most),
                after,
                subjects: &[],
            };
            let rows = self.one(Self::bound(&statement, &joins, about))?;
            for row in &rows {
                let last = row.len().saturating_sub(1);
                after = row.try_get(last).map_err(|error| corrupt(QUERY, error))?;
                if each(reading.read(row)?.1).is_break() {
                    return Ok(());
                }
                self.deadline.check()?;
            }
            if rows.len() < most {
                break;
            }
            left -= rows.len();
        }
        Ok(())
    }

    /// In the order of the query. What is put in order is in memory: that is the ids, not the records.
    fn in_order(
        &self,
        plan: &Plan,
        records: usize,
        each: &mut dyn FnMut(Vec<Value>) -> ControlFlow<()>,
    ) -> Result<()> {
        let reading = Reading::new(self.layouts, plan);
        let statement = statement::of_records(DIALECT, self.layouts, plan, Wanted::Ids);
        let joins = self.joins(&statement)?;
        let ids = self.ids(&Self::bound_all(&statement, &joins, &[], records), records)?;
        for ids in ids.chunks(POSTGRES_QUERY_ROWS) {
            for (_, values) in self.several(&reading, ids, false)? {
                if each(values).is_break() {
                    return Ok(());
                }
                self.deadline.check()?;
            }
        }
        Ok(())
    }
}

/// How the records of a plan are read.
struct Reading<'p> {
    plan: &'p Plan,
    columns: Vec<Read>,
    children: Vec<Child<'p>>,
}

/// A query of children with its statements.
struct Child<'p> {
    columns: Statement,
    ids: Statement,
    reading: Reading<'p>,
}

/// How a column is read.
enum Read {
    AsItIs,
    /// From the fields that were read in its stead.
    Computed(Fields),
}

impl<'p> Reading<'p> {
    fn new(layouts: &Layouts, plan: &'p Plan) -> Self {
        let columns = plan.columns.iter().map(|column| {
            if statement::is_computed_here(&column.expression) {
                Read::Computed(Fields::of_inputs(
                    plan,
                    std::slice::from_ref(&column.expression),
                ))
            } else {
                Read::AsItIs
            }
        });
        let children = plan.children.iter().map(|child| Child {
            columns: statement::of_children(DIALECT, layouts, child, Wanted::Columns),
            ids: statement::of_children(DIALECT, layouts, child, Wanted::Ids),
            reading: Reading::new(layouts, &child.plan),
        });
        Self {
            plan,
            columns: columns.collect(),
            children: children.collect(),
        }
    }

    fn read_all(&self, rows: &[Row]) -> Result<Vec<Found>> {
        rows.iter().map(|row| self.read(row)).collect()
    }

    /// The id of a record, which comes first, and the values of its columns.
    fn read(&self, row: &Row) -> Result<Found> {
        let mut values = Vec::with_capacity(self.columns.len());
        let mut place = 1;
        for (column, read) in self.plan.columns.iter().zip(&self.columns) {
            match read {
                Read::AsItIs => {
                    values.push(decoded(column, row, place)?);
                    place += 1;
                }
                Read::Computed(fields) => {
                    let record = fields.read(row, place)?;
                    values.push(self.plan.value_of(&column.expression, &record));
                    place += fields.0.len();
                }
            }
        }
        Ok((id_of(row)?, values))
    }
}

/// Fields that something is computed from: source, index, and kind of values.
struct Fields(Vec<(usize, usize, ValueKind)>);

impl Fields {
    fn of_inputs(plan: &Plan, inputs: &[landfall_query::plan::Expression]) -> Self {
        let mut fields = Vec::new();
        for input in inputs {
            statement::fields_of(input, &mut fields);
        }
        let kind = |source: usize, place: usize| {
            let entity = match source.checked_sub(1) {
                None => Some(&plan.entity),
                Some(parent) => plan.parents.get(parent).map(|parent| &parent.entity),
            };
            let field = entity.and_then(|entity| entity.fields.get(place));
            field.map_or(ValueKind::Text, |field| ValueKind::of(field.field_type))
        };
        let fields = fields.into_iter();
        Self(
            fields
                .map(|(source, place)| (source, place, kind(source, place)))
                .collect(),
        )
    }

    fn read(&self, row: &Row, first: usize) -> Result<Values> {
        let mut values = HashMap::with_capacity(self.0.len());
        for (at, (source, place, kind)) in (first..).zip(&self.0) {
            let value = decode(*kind, row, at).map_err(|error| corrupt(QUERY, error))?;
            values.insert((*source, *place), value);
        }
        Ok(Values(values))
    }
}

/// The values of a record that something is computed from.
struct Values(HashMap<(usize, usize), Value>);

impl Record for Values {
    fn value(&self, source: usize, place: usize) -> Value {
        self.0.get(&(source, place)).cloned().unwrap_or_default()
    }
}

/// The values of formulas for the statement that joins them.
struct Joins(Vec<Join>);

struct Join {
    ids: Vec<RecordId>,
    kind: ValueKind,
    values: Vec<Value>,
}

impl Joins {
    fn arg(&self, number: usize, part: Part) -> Arg {
        match (self.0.get(number), part) {
            (Some(join), Part::Keys) => Arg::Texts(ids_of(&join.ids)),
            (Some(join), Part::Values) => Arg::Column(join.kind, join.values.clone()),
            (None, _) => Arg::Value(Value::Null),
        }
    }
}

fn ids_of(ids: &[RecordId]) -> Vec<String> {
    ids.iter().map(|id| id.as_str().to_owned()).collect()
}

fn id_of(row: &Row) -> Result<RecordId> {
    let id: Id = row.try_get(0).map_err(|error| corrupt(QUERY, error))?;
    Ok(id.0)
}

fn decoded(column: &Column, row: &Row, place: usize) -> Result<Value> {
    decode(ValueKind::of(column.field_type), row, place).map_err(|error| corrupt(QUERY, error))
}
