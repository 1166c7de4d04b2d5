//! Queries: from text to pages of rows, and what is kept for the pages to come.
//!
//! A query is fixed when it is asked: which records, and in which order. Their values are those of the moment in which a
//! page is read; a record that is gone by then leaves its page shorter. Source: "Query More Results" (REST API Developer Guide);
//! what is kept is in memory, and a restart forgets it (Source: none).
//! Everything is planned against an [`OrgView`], for further pages against that of their moment. A page of a query that its
//! caller could not ask any more is refused with the error of the query (Source: none).

mod engine;
mod explain;
pub(crate) mod lanes;
mod search;

use std::collections::VecDeque;
use std::fmt;
use std::ops::ControlFlow;
use std::sync::{Arc, PoisonError};

use landfall_model::limits::{
    QUERY_CURSOR_HOURS, QUERY_CURSOR_IDS_MAX, QUERY_CURSORS_MAX, QUERY_PAGE_BYTES_MAX,
    QUERY_PAGE_ROWS_MAX, QUERY_RECORDS_MAX, QUERY_SCAN_TIME_MAX, QUERY_TIME_MAX,
};
use landfall_model::{
    Catalog, Fault, KeyPrefix, QueryFault, QueryRefusal, RecordId, Timestamp, Value,
};
use landfall_query::{Context, FormulaScope, Zone, read};
use landfall_store::{Deadline, QueryLimits, QueryResult, ResultRow};

pub use landfall_query::{
    Answers, Cell, Checked, Item, Plan, Record, RecordShape, Search, Shown, Tables, TypeCase, plan,
};

pub(crate) use explain::explain;
pub use explain::{Explained, ExplainedWay};
pub(crate) use search::find;

use crate::entropy::draw;
use crate::made::{self, Made};
use crate::{Engine, Error, OrgView, formulas};
use lanes::Lane;

/// A query and who asks it.
#[derive(Clone, Copy, Debug)]
pub struct Question<'q> {
    /// The text.
    pub statement: &'q str,
    /// The org as the caller sees it.
    pub view: &'q OrgView,
    /// Whether records in the recycle bin are meant too.
    pub deleted: bool,
    /// The size of one page.
    pub page: PageSize,
}

/// How much one page has at most. One record it has in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageSize {
    /// Rows, those of queries of children included.
    pub rows: usize,
    /// Bytes of their values, roughly those of the answer: a page ends early where records are large.
    pub bytes: usize,
}

impl PageSize {
    /// So many rows, and the bytes of one answer.
    pub const fn of_rows(rows: usize) -> Self {
        Self {
            rows,
            bytes: QUERY_PAGE_BYTES_MAX,
        }
    }
}

/// A query that was planned against what its caller sees: what [`Engine::scan`] carries out.
#[derive(Clone, Debug)]
pub struct Prepared {
    checked: Arc<Checked>,
    user: RecordId,
}

impl Prepared {
    /// The plan and the shape of its result.
    pub const fn checked(&self) -> &Arc<Checked> {
        &self.checked
    }
}

/// A page of what a query found.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The query.
    pub checked: Arc<Checked>,
    /// Which query of children it is about, level by level; none: the query itself.
    pub way: Vec<usize>,
    /// The page.
    pub page: Page,
    /// The lane of the query, if it had one: drop the answer before another query.
    _lane: Option<Arc<Lane>>,
}

/// Some of the rows that a query found.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The rows.
    pub rows: Vec<PageRow>,
    /// How many there are in all.
    pub total: u64,
    /// Where the next page is; none after the last.
    pub next: Option<Locator>,
}

/// A row with the first of its children.
#[derive(Clone, Debug)]
pub struct PageRow {
    /// In the order of the plan's columns.
    pub values: Vec<Value>,
    /// In the order of the plan's queries of children.
    pub children: Vec<Page>,
}

/// The place of a page.
///
/// Wire: 18 characters that begin with `01g`, a minus, and how many rows come before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Locator {
    cursor: RecordId,
    offset: usize,
}

impl fmt::Display for Locator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.cursor, self.offset)
    }
}

impl Locator {
    fn parse(text: &str) -> Option<Self> {
        let (cursor, offset) = text.split_once('-')?;
        Some(Self {
            cursor: RecordId::parse(cursor).ok()?,
            offset: offset.parse().ok()?,
        })
    }
}

/// What was found and not yet read, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Cursors {
    kept: VecDeque<Cursor>,
    /// Ids of all of them.
    ids: usize,
}

#[derive(Clone, Debug)]
struct Cursor {
    id: RecordId,
    created: Timestamp,
    request: Arc<Request>,
    checked: Arc<Checked>,
    way: Vec<usize>,
    ids: Arc<[RecordId]>,
}

/// What further pages need in order to plan the query again.
#[derive(Debug)]
struct Request {
    statement: String,
    deleted: bool,
    /// What date literals are relative to.
    asked: Timestamp,
    /// The org as the caller saw it when the query was planned.
    view: OrgView,
    /// Rows of a page, unless the request for a further page says otherwise.
    rows: usize,
}

impl Cursors {
    fn keep(&mut self, cursor: Cursor) {
        self.forget_old(cursor.created);
        self.ids += cursor.ids.len();
        self.kept.push_back(cursor);
        while self.kept.len() > QUERY_CURSORS_MAX || self.ids > QUERY_CURSOR_IDS_MAX {
            self.forget_oldest();
        }
    }

    fn forget_old(&mut self, now: Timestamp) {
        let hours = i64::try_from(QUERY_CURSOR_HOURS).unwrap_or(i64::MAX);
        let lifetime = hours.saturating_mul(3_600_000);
        while self
            .kept
            .front()
            .is_some_and(|oldest| now.since(oldest.created) > lifetime)
        {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some(oldest) = self.kept.pop_front() {
            self.ids -= oldest.ids.len();
        }
    }

    fn find(&mut self, id: RecordId, user: RecordId, now: Timestamp) -> Option<Cursor> {
        self.forget_old(now);
        let found = self.kept.iter().find(|cursor| cursor.id == id)?;
        (found.request.view.user() == user).then(|| found.clone())
    }
}

fn refused(refusal: QueryRefusal) -> Error {
    Error::Refused(Fault::Query(QueryFault::Refused {
        place: String::new(),
        refusal,
    }))
}

/// What the store says, as far as it is the query's fault.
fn failed(error: Error, plan: &Plan) -> Error {
    match error {
        Error::Store(landfall_store::Error::TooMany) if plan.grouping.is_some() => {
            refused(QueryRefusal::GroupsTooMany)
        }
        error => too_many(too_long(error)),
    }
}

/// What the store says of records that are too many, or too large together.
pub(crate) fn too_many(error: Error) -> Error {
    match error {
        Error::Store(landfall_store::Error::TooMany) => refused(QueryRefusal::RecordsTooMany),
        other => other,
    }
}

/// What the store says of a query that took too long.
pub(crate) fn too_long(error: Error) -> Error {
    match error {
        Error::Store(landfall_store::Error::TimedOut) => refused(QueryRefusal::TimedOut),
        other => other,
    }
}

/// See [`Engine::query_of`].
pub(crate) async fn of(
    engine: &Engine,
    question: Question<'_>,
    catalog: &Catalog,
    tables: &(dyn Tables + Sync),
) -> Result<Answer, Error> {
    let checked = checked_of(engine, question, catalog).await?;
    let plan = &checked.plan;
    let found = {
        let deadline = Deadline::after(QUERY_TIME_MAX);
        let lane = engine.0.lanes.enter(question.view.user(), &deadline).await;
        let _lane = lane.map_err(|error| failed(error, plan))?;
        plan.find(tables)
    };
    if plan.grouping.is_some() && found.rows.len() > QUERY_PAGE_ROWS_MAX {
        return Err(refused(QueryRefusal::GroupsTooMany));
    }
    let page = page_of_made(&checked, found)?;
    Ok(Answer {
        checked: Arc::new(checked),
        way: Vec::new(),
        page,
        _lane: None,
    })
}

/// What a query finds among records that are not stored, on one page.
fn of_made(checked: &Checked, made: &Made) -> Result<Page, Error> {
    page_of_made(checked, checked.plan.find(made))
}

fn page_of_made(checked: &Checked, found: QueryResult) -> Result<Page, Error> {
    match checked.answers {
        Answers::Count => Ok(Page {
            total: u64::try_from(found.ids.len()).unwrap_or(u64::MAX),
            ..Page::default()
        }),
        Answers::Records(_) | Answers::Groups(_) => whole(found, &checked.plan),
    }
}

/// All that was found on one page: records that are not kept have no ids to find them again by.
///
/// Source: what the service answers for `EntityDefinition` where that is too much.
fn whole(found: QueryResult, plan: &Plan) -> Result<Page, Error> {
    if found.rows.len() > QUERY_PAGE_ROWS_MAX {
        let object = plan.entity.name.to_string();
        return Err(refused(QueryRefusal::SinglePage { object }));
    }
    let total = u64::try_from(found.rows.len()).unwrap_or(u64::MAX);
    let rows = found.rows.into_iter().map(|row| {
        let children = row.children.into_iter().zip(&plan.children);
        let children = children.map(|(found, children)| whole(found, &children.plan));
        Ok(PageRow {
            values: row.values,
            children: children.collect::<Result<_, Error>>()?,
        })
    });
    Ok(Page {
        rows: rows.collect::<Result<_, Error>>()?,
        total,
        next: None,
    })
}

pub(crate) async fn first(engine: &Engine, question: Question<'_>) -> Result<Answer, Error> {
    let (asked, user) = (engine.clock().now(), question.view.user());
    let checked = Arc::new(checked(engine, question, asked).await?);
    if let Some(made) = made::of(&checked.plan, &engine.catalog()) {
        let page = of_made(&checked, &made)?;
        return Ok(Answer {
            checked,
            way: Vec::new(),
            page,
            _lane: None,
        });
    }
    let mut lane = None;
    let page = match checked.answers {
        Answers::Count => {
            let counted = Arc::clone(&checked);
            let total = engine.search(user, QUERY_TIME_MAX, move |reader, deadline| {
                reader.count(&counted.plan, deadline)
            });
            Page {
                total: total.await.map_err(|error| failed(error, &checked.plan))?,
                ..Page::default()
            }
        }
        Answers::Records(_) | Answers::Groups(_) => {
            let limits = limits(if checked.plan.grouping.is_some() {
                PageSize::of_rows(QUERY_PAGE_ROWS_MAX)
            } else {
                question.page
            });
            let planned = Arc::clone(&checked);
            let found = engine.search_keeping(user, QUERY_TIME_MAX, move |reader, deadline| {
                reader.query(&planned.plan, limits, deadline)
            });
            let found = found.await;
            let (found, held) = found.map_err(|error| failed(error, &checked.plan))?;
            lane = Some(Arc::new(held));
            let request = Arc::new(Request {
                statement: question.statement.to_owned(),
                deleted: question.deleted,
                asked,
                view: question.view.clone(),
                rows: question.page.rows,
            });
            Pages::new(engine, &checked, request).page(found, &mut Vec::new())
        }
    };
    Ok(Answer {
        checked,
        way: Vec::new(),
        page,
        _lane: lane,
    })
}

/// See [`Engine::scan`].
pub(crate) async fn scan<S: Send + 'static>(
    engine: &Engine,
    prepared: Prepared,
    mut state: S,
    mut row: impl FnMut(&mut S, Vec<Value>) -> ControlFlow<()> + Send + 'static,
) -> Result<S, Error> {
    let Prepared { checked, user } = prepared;
    if let Some(made) = made::of(&checked.plan, &engine.catalog()) {
        for found in checked.plan.find(&made).rows {
            if row(&mut state, found.values).is_break() {
                break;
            }
        }
        return Ok(state);
    }
    let planned = Arc::clone(&checked);
    let scanned = engine.search(user, QUERY_SCAN_TIME_MAX, move |reader, deadline| {
        let mut each = |values| row(&mut state, values);
        reader.scan(&planned.plan, QUERY_RECORDS_MAX, deadline, &mut each)?;
        Ok(state)
    });
    scanned.await.map_err(|error| failed(error, &checked.plan))
}

fn limits(page: PageSize) -> QueryLimits {
    QueryLimits {
        rows: page.rows.clamp(1, QUERY_PAGE_ROWS_MAX),
        bytes: page.bytes.min(QUERY_PAGE_BYTES_MAX),
        records: QUERY_RECORDS_MAX,
    }
}

/// See [`Engine::examine`].
pub(crate) async fn prepared(engine: &Engine, question: Question<'_>) -> Result<Prepared, Error> {
    let checked = checked(engine, question, engine.clock().now()).await?;
    Ok(Prepared {
        checked: Arc::new(checked),
        user: question.view.user(),
    })
}

/// Plans a query against what its caller sees; date literals are relative to `now`.
async fn checked(
    engine: &Engine,
    question: Question<'_>,
    now: Timestamp,
) -> Result<Checked, Error> {
    let globals = formulas::globals(engine, question.view, now).await?;
    let definitions = question.view.definitions();
    let fields = definitions.formula_fields();
    let mut context = context(engine, question, question.view.catalog(), now).await?;
    context.formulas = Some(FormulaScope {
        formulas: &fields.formulas,
        whole: &fields.whole,
        globals: &globals,
    });
    read(&context).map_err(Error::from)
}

/// See [`Engine::examine_of`].
pub(crate) async fn checked_of(
    engine: &Engine,
    question: Question<'_>,
    catalog: &Catalog,
) -> Result<Checked, Error> {
    let context = context(engine, question, catalog, engine.clock().now()).await?;
    read(&context).map_err(Error::from)
}

/// What a query is checked against: the objects, the time, and what is known of the caller.
async fn context<'c>(
    engine: &Engine,
    question: Question<'c>,
    catalog: &'c Catalog,
    now: Timestamp,
) -> Result<Context<'c>, Error> {
    let user = question.view.user();
    let zone = match value_of(engine, "User", user, "TimeZoneSidKey").await? {
        Value::Text(name) => Zone::find(&name),
        _ => None,
    };
    let month = value_of(
        engine,
        "Organization",
        engine.org().id,
        "FiscalYearStartMonth",
    )
    .await?;
    let fiscal_month = match month {
        Value::Integer(month @ 1..=12) => u8::try_from(month).unwrap_or(1),
        _ => 1,
    };
    Ok(Context {
        statement: question.statement,
        catalog,
        now,
        zone: zone.unwrap_or_else(Zone::utc),
        fiscal_month,
        user,
        deleted: question.deleted,
        formulas: None,
    })
}

/// The value of a field of a record; null if there is none.
async fn value_of(
    engine: &Engine,
    object: &str,
    id: RecordId,
    field: &str,
) -> Result<Value, Error> {
    let catalog = engine.catalog();
    let Some(entity) = catalog.entity(object) else {
        return Ok(Value::Null);
    };
    let row = engine.row(entity, id).await?.unwrap_or_default();
    let value = entity.index_of(field).and_then(|place| row.get(place));
    Ok(value.cloned().unwrap_or_default())
}

/// A further page. What the caller may see is asked again: the query is refused if it could not be asked any more.
pub(crate) async fn more(
    engine: &Engine,
    locator: &str,
    view: &OrgView,
    rows: Option<usize>,
    bytes: usize,
) -> Result<Answer, Error> {
    let invalid = || refused(QueryRefusal::LocatorInvalid);
    let locator = Locator::parse(locator).ok_or_else(invalid)?;
    let now = engine.clock().now();
    let cursor = {
        let mut cursors = engine
            .0
            .cursors
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        cursors
            .find(locator.cursor, view.user(), now)
            .ok_or_else(invalid)?
    };
    if locator.offset > cursor.ids.len() {
        return Err(invalid());
    }
    let cursor = cursor.seen_by(engine, view).await?;
    let planned = cursor.clone();
    let rows = rows.unwrap_or(planned.request.rows);
    let limits = limits(PageSize { rows, bytes });
    let read = engine.search_keeping(view.user(), QUERY_TIME_MAX, move |reader, deadline| {
        let rest = planned.ids.get(locator.offset..).unwrap_or_default();
        match plan_at(&planned.checked.plan, &planned.way) {
            Some(plan) => reader.reread(plan, rest, limits, deadline),
            None => Ok(landfall_store::Reread::default()),
        }
    });
    let (read, lane) = read
        .await
        .map_err(|error| failed(error, &cursor.checked.plan))?;
    let offset = locator.offset + read.looked_at;
    let mut pages = Pages::new(engine, &cursor.checked, Arc::clone(&cursor.request));
    let mut way = cursor.way.clone();
    let rows = pages.rows(read.rows, &mut way);
    let next = (offset < cursor.ids.len()).then_some(Locator {
        cursor: cursor.id,
        offset,
    });
    Ok(Answer {
        page: Page {
            rows,
            total: u64::try_from(cursor.ids.len()).unwrap_or(u64::MAX),
            next,
        },
        checked: cursor.checked,
        way,
        _lane: Some(Arc::new(lane)),
    })
}

impl Cursor {
    /// The same query, planned against what the caller sees now.
    ///
    /// # Errors
    /// Those of the query if it were asked now.
    async fn seen_by(self, engine: &Engine, view: &OrgView) -> Result<Self, Error> {
        if self.request.view.is_same(view) {
            return Ok(self);
        }
        let request = Request {
            statement: self.request.statement.clone(),
            deleted: self.request.deleted,
            asked: self.request.asked,
            view: view.clone(),
            rows: self.request.rows,
        };
        let question = Question {
            statement: &request.statement,
            view,
            deleted: request.deleted,
            page: PageSize::of_rows(request.rows),
        };
        let checked = checked(engine, question, request.asked).await?;
        Ok(Self {
            checked: Arc::new(checked),
            request: Arc::new(request),
            ..self
        })
    }
}

/// The plan of a query of children, level by level.
fn plan_at<'p>(plan: &'p Plan, way: &[usize]) -> Option<&'p Plan> {
    way.iter().try_fold(plan, |plan, place| {
        plan.children.get(*place).map(|children| &children.plan)
    })
}

/// Makes pages of what was found, and keeps what they leave over.
struct Pages<'e> {
    engine: &'e Engine,
    checked: &'e Arc<Checked>,
    request: Arc<Request>,
}

impl<'e> Pages<'e> {
    const fn new(engine: &'e Engine, checked: &'e Arc<Checked>, request: Arc<Request>) -> Self {
        Self {
            engine,
            checked,
            request,
        }
    }

    fn page(&mut self, found: QueryResult, way: &mut Vec<usize>) -> Page {
        let read = found.rows.len();
        let total = found.ids.len().max(read);
        let single = way.is_empty() && self.checked.single_page;
        let next = (read < total && !single).then(|| self.keep(found.ids, read, way));
        Page {
            rows: self.rows(found.rows, way),
            total: u64::try_from(total).unwrap_or(u64::MAX),
            next,
        }
    }

    fn rows(&mut self, rows: Vec<ResultRow>, way: &mut Vec<usize>) -> Vec<PageRow> {
        let row = |row: ResultRow| PageRow {
            values: row.values,
            children: row
                .children
                .into_iter()
                .enumerate()
                .map(|(place, children)| {
                    way.push(place);
                    let page = self.page(children, way);
                    way.pop();
                    page
                })
                .collect(),
        };
        rows.into_iter().map(row).collect()
    }

    fn keep(&self, ids: Vec<RecordId>, offset: usize, way: &[usize]) -> Locator {
        let drawn = u64::from_be_bytes(draw(self.engine.entropy())) % 62_u64.pow(9);
        let prefix = KeyPrefix::parse("01g").expect("three letters and digits");
        let id = RecordId::from_number(prefix, *b"00", drawn);
        let cursor = Cursor {
            id,
            created: self.engine.clock().now(),
            request: Arc::clone(&self.request),
            checked: Arc::clone(self.checked),
            way: way.to_vec(),
            ids: ids.into(),
        };
        let mut cursors = self
            .engine
            .0
            .cursors
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        cursors.keep(cursor);
        Locator { cursor: id, offset }
    }
}
