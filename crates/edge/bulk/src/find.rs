//! Finding records: what a query finds becomes a file, which is there when it is whole.
//!
//! An interrupted job starts over, so nothing of it is kept before.

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;

use landfall_engine::{Engine, OrgView, PageSize, Prepared, Question};
use landfall_model::limits::{
    BULK_FOUND_BYTES_MAX, BULK_MARK_BYTES, JOB_FILE_CHUNK_BYTES, QUERY_PAGE_ROWS_MAX,
};
use landfall_model::{BulkFault, Fault, JobFailure, QueryFault, QueryRefusal, Value};
use tokio::sync::watch;

use crate::Shared;
use crate::content::Unread;
use crate::error::Error;
use crate::job::{Form, Job, Mark, Progress, Query, State, Work};
use crate::job_file::JobFile;
use crate::jobs::Entry;
use crate::lines::Csv;
use crate::sheet::Sheet;
use crate::table::Table;
use crate::work::{begin, blocking, user};

/// Bytes that are written at once.
const BUFFER_BYTES: usize = JOB_FILE_CHUNK_BYTES;

/// Records after which the job is looked at.
const RECORDS_BETWEEN_LOOKS: u64 = 1_000;

/// Checks a query and the form of its answer.
///
/// # Errors
/// [`BulkFault::QueryUnsupported`], and what the org says about the query.
pub(crate) async fn checked(
    shared: &Shared,
    view: &OrgView,
    query: &Query,
    version: u16,
) -> Result<(Prepared, Table), Fault> {
    let question = Question {
        statement: &query.statement,
        view,
        deleted: query.deleted,
        page: PageSize::of_rows(QUERY_PAGE_ROWS_MAX),
    };
    let examined = shared.engine.examine(question).await;
    let prepared = examined.map_err(|error| Error::from(error).fault())?;
    let table = Table::of(prepared.checked(), version);
    let table = table.map_err(|what| Fault::Bulk(BulkFault::QueryUnsupported(what)))?;
    Ok((prepared, table))
}

/// Checks that a client may still read the result of a query: they could ask it now, and would see every column of the
/// result.
///
/// # Errors
/// What the org says about the query, were it asked now. Source: none; the result is refused as a whole.
pub(crate) async fn check_readable(
    shared: &Shared,
    view: &OrgView,
    query: &Query,
    version: u16,
) -> Result<(), Fault> {
    let (prepared, table) = checked(shared, view, query, version).await?;
    let is_seen = |column: &&String| table.names().any(|name| name == column.as_str());
    match query.columns.iter().find(|column| !is_seen(column)) {
        None => Ok(()),
        Some(column) => Err(Fault::Query(QueryFault::Refused {
            place: String::new(),
            refusal: QueryRefusal::FieldUnknown {
                field: column.clone(),
                entity: prepared.checked().plan.entity.name.to_string(),
            },
        })),
    }
}

/// Processes a job to its end, or to the point where the service stops.
pub(crate) async fn process(
    shared: &Shared,
    entry: &Entry,
    query: &Query,
    stopping: &watch::Receiver<bool>,
) -> Result<(), Unread> {
    let turn = shared.querying.acquire().await;
    // It is never closed.
    let Ok(_turn) = turn else {
        return Ok(());
    };
    let Some(job) = begin(shared, entry).await? else {
        return Ok(());
    };
    let has_space = shared.engine.check_reserve();
    has_space.map_err(|_| Unread::Failed(Error::SpaceLow))?;
    let started = shared.engine.clock().now();
    let user = user(&job).map_err(Unread::Failed)?;
    let rights = shared.engine.rights(user).await;
    let view = rights.map_err(|error| Unread::Failed(error.into()))?.view();
    let checked = checked(shared, &view, query, job.version).await;
    let (prepared, table) = checked.map_err(|fault| refused(&fault))?;
    let columns = table.names().map(str::to_owned).collect();
    let part = shared.folder.part(&job.id);
    let (looking, stopping) = (Arc::clone(entry), stopping.clone());
    let checked = Arc::clone(prepared.checked());
    let form = job.batch_of.as_ref().map_or(Form::Csv, |batch| batch.form);
    let csv = Csv::new(job.delimiter, job.line_ending);
    let sheet = Sheet::begin(form, (table, csv), checked, job.version);
    let engine = shared.engine.clone();
    let found = blocking(move || {
        let found = ResultFile::begin(part, engine, sheet, (looking, stopping));
        found.map_err(Unread::Failed)
    })
    .await?;
    let found = shared
        .engine
        .scan(prepared, found, |found, row| found.take(&row))
        .await;
    let found = found.map_err(|error| match error {
        landfall_engine::Error::Refused(fault) => refused(&fault),
        error => Unread::Failed(error.into()),
    })?;
    let Some(written) = blocking(move || found.finish()).await? else {
        return Ok(());
    };
    let millis = shared.engine.clock().now().since(started).max(0);
    complete(shared, entry, (columns, written), millis)
        .await
        .map_err(Unread::Failed)
}

/// The error of a job whose query is refused.
fn refused(fault: &Fault) -> Unread {
    Unread::Wrong(JobFailure::Query(Box::new(fault.clone())))
}

/// Ends a job whose file is whole, unless it was aborted meanwhile.
async fn complete(
    shared: &Shared,
    entry: &Entry,
    (columns, written): (Vec<String>, Written),
    millis: i64,
) -> Result<(), Error> {
    let changing = entry.change().await;
    let job = changing.get();
    if job.state != State::InProgress {
        return Ok(());
    }
    let Work::Query(query) = &job.work else {
        return Ok(());
    };
    shared.folder.keep(&job.id).await?;
    let ended = Job {
        work: Work::Query(Query {
            columns,
            marks: written.marks,
            ..query.clone()
        }),
        state: State::JobComplete,
        content: Some(written.bytes),
        progress: Progress {
            processed: written.records,
            millis,
            ..Progress::default()
        },
        modified: shared.engine.clock().now().as_millis(),
        ..Job::clone(&job)
    };
    shared.engine.put(vec![ended.document()]).await?;
    changing.set(ended);
    Ok(())
}

/// A file in the making.
struct ResultFile {
    file: JobFile,
    /// Knows how much space is left.
    engine: Engine,
    sheet: Sheet,
    written: Written,
    /// Where the next mark is due. Unit: bytes.
    next_mark: u64,
    entry: Entry,
    stopping: watch::Receiver<bool>,
    /// Why it is not gone on with.
    ended: Option<Ended>,
}

/// What is in the file.
#[derive(Debug, Default)]
struct Written {
    bytes: u64,
    records: u64,
    marks: Vec<Mark>,
}

/// Why not all records are read.
enum Ended {
    /// The job was aborted, or the service stops.
    Interrupted,
    TooMuch,
    /// There is less space than the reserve.
    SpaceLow,
    Failed(io::Error),
}

impl ResultFile {
    /// Makes the file.
    fn begin(
        file: JobFile,
        engine: Engine,
        sheet: Sheet,
        (entry, stopping): (Entry, watch::Receiver<bool>),
    ) -> Result<Self, Error> {
        file.create().map_err(|source| file.failed(source))?;
        Ok(Self {
            file,
            engine,
            sheet,
            written: Written::default(),
            next_mark: 0,
            entry,
            stopping,
            ended: None,
        })
    }

    /// Adds a record; returns whether to go on.
    fn take(&mut self, row: &[Value]) -> ControlFlow<()> {
        let records = self.written.records;
        if records.is_multiple_of(RECORDS_BETWEEN_LOOKS) && !self.goes_on() {
            return self.end(Ended::Interrupted);
        }
        let offset = self.offset();
        if offset > BULK_FOUND_BYTES_MAX {
            return self.end(Ended::TooMuch);
        }
        self.mark(offset);
        self.sheet.add(row);
        self.written.records += 1;
        if self.sheet.bytes().len() < BUFFER_BYTES {
            return ControlFlow::Continue(());
        }
        if self.engine.check_reserve().is_err() {
            return self.end(Ended::SpaceLow);
        }
        match self.write() {
            Ok(()) => ControlFlow::Continue(()),
            Err(failure) => self.end(Ended::Failed(failure)),
        }
    }

    fn end(&mut self, ended: Ended) -> ControlFlow<()> {
        self.ended = Some(ended);
        ControlFlow::Break(())
    }

    /// Whether the job goes on; shows its progress.
    fn goes_on(&self) -> bool {
        let state = self.entry.note_found(self.written.records);
        state == State::InProgress && !*self.stopping.borrow()
    }

    /// Where the next record begins.
    fn offset(&self) -> u64 {
        let waiting = u64::try_from(self.sheet.bytes().len()).unwrap_or(u64::MAX);
        self.written.bytes.saturating_add(waiting)
    }

    fn mark(&mut self, offset: u64) {
        if offset >= self.next_mark {
            self.written.marks.push(Mark {
                record: self.written.records,
                offset,
            });
            self.next_mark = offset.saturating_add(BULK_MARK_BYTES);
        }
    }

    fn write(&mut self) -> io::Result<()> {
        self.file.append(self.written.bytes, self.sheet.bytes())?;
        self.written.bytes = self.offset();
        self.sheet.clear();
        Ok(())
    }

    /// Makes the file durable; none if it was not gone on with.
    fn finish(mut self) -> Result<Option<Written>, Unread> {
        let outcome = match self.ended.take() {
            None => {
                // There is a mark also if there is no record.
                if self.written.marks.is_empty() {
                    self.mark(self.offset());
                }
                self.sheet.end();
                self.write().and_then(|()| self.file.keep())
            }
            Some(Ended::Interrupted) => return self.discarded().map(|()| None),
            Some(Ended::TooMuch) => {
                self.discarded()?;
                return Err(Unread::Wrong(JobFailure::ResultsTooLarge));
            }
            Some(Ended::SpaceLow) => {
                self.discarded()?;
                return Err(Unread::Failed(Error::SpaceLow));
            }
            Some(Ended::Failed(failure)) => Err(failure),
        };
        match outcome {
            Ok(()) => Ok(Some(self.written)),
            Err(source) => {
                self.discarded()?;
                Err(Unread::Failed(self.file.failed(source)))
            }
        }
    }

    fn discarded(&self) -> Result<(), Unread> {
        let removed = self.file.remove();
        removed.map_err(|source| Unread::Failed(self.file.failed(source)))
    }
}
