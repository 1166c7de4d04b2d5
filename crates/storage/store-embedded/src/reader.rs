//! The read side: a few connections, each call on one of them. Queries have connections of their own, so that they never
//! keep a short read waiting.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use landfall_model::{
    CommitNumber, EntityDefinition, RecordId, ReplayId, Row, Timestamp, Topic, Value,
};
use landfall_query::Plan;
use landfall_store::{
    Deadline, Difference, DifferenceQuery, DocumentKind, Error, Followed, LogBounds, Lookup, Page,
    Position, QueryLimits, QueryResult, Reader, Reads, Reread, Result, Scrubbed, SnapshotContent,
    TopicFilter, TopicId,
};
use rusqlite::{Connection, Transaction};

use crate::check::{Pass, Report};
use crate::error::reading;
use crate::file::Shared;
use crate::layout::Layouts;
use crate::query::Ending;
use crate::{difference, documents, log, prepare, query, rows, snapshot};

/// A few connections, each opened when all others are in use for the first time.
pub(crate) struct Pool {
    state: Mutex<State>,
    returned: Condvar,
    open: Box<dyn Fn() -> Result<Connection> + Send + Sync>,
    most: usize,
}

#[derive(Default)]
struct State {
    /// Those that nobody uses right now.
    idle: Vec<Connection>,
    /// How many there are.
    opened: usize,
}

impl Pool {
    /// `most` connections at most.
    pub(crate) fn new(
        most: NonZeroUsize,
        open: impl Fn() -> Result<Connection> + Send + Sync + 'static,
    ) -> Self {
        Self {
            state: Mutex::default(),
            returned: Condvar::new(),
            open: Box::new(open),
            most: most.get(),
        }
    }

    /// One connection that is open.
    fn of(connection: Connection) -> Self {
        let refused = || {
            Err(Error::Read {
                what: "file",
                source: "there is one connection to this state".into(),
            })
        };
        let pool = Self::new(NonZeroUsize::MIN, refused);
        let state = State {
            idle: vec![connection],
            opened: 1,
        };
        *pool.state() = state;
        pool
    }

    /// A connection that is none of the pool's.
    fn another(&self) -> Result<Connection> {
        (self.open)()
    }

    /// Closes every connection: nobody reads any more.
    pub(crate) fn close(&self) {
        self.state().idle.clear();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `read` on a connection, as soon as one is free.
    fn with<T>(&self, read: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        self.with_mut(|connection| read(connection))
    }

    fn with_mut<T>(&self, read: impl FnOnce(&mut Connection) -> Result<T>) -> Result<T> {
        let mut lent = Lent {
            pool: self,
            connection: Some(self.free()?),
        };
        read(lent.connection.as_mut().expect("given back only by drop"))
    }

    fn free(&self) -> Result<Connection> {
        let mut state = self.state();
        loop {
            if let Some(connection) = state.idle.pop() {
                return Ok(connection);
            }
            if state.opened < self.most {
                state.opened += 1;
                drop(state);
                let opened = (self.open)();
                if opened.is_ok() {
                    return opened;
                }
                state = self.state();
                state.opened -= 1;
                // Another caller that waits for this one tries by itself.
                self.returned.notify_one();
                // Others come back, if there are any.
                if state.opened == 0 {
                    return opened;
                }
            }
            let returned = self.returned.wait(state);
            state = returned.unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Comes back also from a read that panics.
struct Lent<'p> {
    pool: &'p Pool,
    connection: Option<Connection>,
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        self.pool.state().idle.extend(self.connection.take());
        self.pool.returned.notify_one();
    }
}

/// Begins a read of one state; none on a connection that is in a transaction, which pins one.
pub(crate) fn begin(connection: &Connection) -> rusqlite::Result<Option<Transaction<'_>>> {
    let is_free = connection.is_autocommit();
    is_free
        .then(|| connection.unchecked_transaction())
        .transpose()
}

/// A state that a reader is pinned to.
struct Pinned {
    /// The one connection whose transaction sees it.
    pool: Pool,
    /// The tables that it has.
    layouts: Layouts,
}

/// Reads.
pub(crate) struct EmbeddedReader {
    /// Closed before the file is.
    pinned: Option<Pinned>,
    shared: Arc<Shared>,
    /// That [`Reader::scrub`] makes through the file.
    pass: Mutex<Pass>,
}

impl EmbeddedReader {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self {
            pinned: None,
            shared,
            pass: Mutex::default(),
        }
    }

    /// For short reads.
    fn pool(&self) -> &Pool {
        let pinned = self.pinned.as_ref();
        pinned.map_or(&self.shared.pool, |pinned| &pinned.pool)
    }

    /// For queries.
    fn queries(&self) -> &Pool {
        let pinned = self.pinned.as_ref();
        pinned.map_or(&self.shared.queries, |pinned| &pinned.pool)
    }

    fn layouts(&self) -> &Layouts {
        let pinned = self.pinned.as_ref();
        pinned.map_or(&self.shared.layouts, |pinned| &pinned.layouts)
    }

    fn ending<'e>(&'e self, deadline: &'e Deadline) -> Ending<'e> {
        Ending::new(deadline, self.shared.checkpointer.crowding())
    }
}

impl Reads for EmbeddedReader {
    fn row(&self, entity: &EntityDefinition, id: RecordId) -> Result<Option<Row>> {
        self.pool()
            .with(|connection| rows::one(connection, self.layouts(), entity, id))
    }

    fn rows_where(
        &self,
        entity: &EntityDefinition,
        field: usize,
        value: &Value,
        limit: usize,
    ) -> Result<Vec<Row>> {
        let lookup = Lookup {
            entity,
            field,
            value,
            limit,
        };
        self.pool()
            .with(|connection| rows::matching(connection, self.layouts(), &lookup))
    }

    fn rows(&self, records: &[(&EntityDefinition, RecordId)]) -> Result<Vec<Option<Row>>> {
        self.pool().with(|connection| {
            let _snapshot = begin(connection).map_err(reading("record"))?;
            rows::several(connection, self.layouts(), records)
        })
    }

    fn matching(&self, lookups: &[Lookup<'_>]) -> Result<Vec<Vec<Row>>> {
        self.pool().with(|connection| {
            let _snapshot = begin(connection).map_err(reading("record"))?;
            rows::matching_several(connection, self.layouts(), lookups)
        })
    }

    fn recent_rows(&self, entity: &EntityDefinition, limit: usize) -> Result<Vec<Row>> {
        self.pool()
            .with(|connection| rows::recent(connection, self.layouts(), entity, limit))
    }

    fn document(&self, kind: DocumentKind, key: &str) -> Result<Option<Vec<u8>>> {
        self.pool()
            .with(|connection| documents::one(connection, kind, key))
    }

    fn documents_at(&self, kind: DocumentKind, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>> {
        self.pool().with(|connection| {
            let _snapshot = begin(connection).map_err(reading("documents"))?;
            documents::several(connection, kind, keys)
        })
    }

    fn documents(&self, kind: DocumentKind) -> Result<Vec<(String, Vec<u8>)>> {
        self.pool()
            .with(|connection| documents::all(connection, kind))
    }

    fn topic_number(&self, topic: &Topic) -> Result<Option<TopicId>> {
        self.pool()
            .with(|connection| log::topic_number(connection, topic))
    }
}

impl Reader for EmbeddedReader {
    fn log_bounds(&self) -> Result<LogBounds> {
        self.pool().with(log::bounds)
    }

    fn position(&self) -> Result<Position> {
        Ok(self.shared.recent.position())
    }

    fn free_bytes(&self) -> Result<Option<u64>> {
        self.shared.check_in_place()?;
        let free = self.shared.free_bytes().map_err(|source| Error::Read {
            what: "free space",
            source: source.into(),
        })?;
        Ok(Some(free))
    }

    fn scrub(&self, bytes: usize) -> Result<Scrubbed> {
        let mut pass = self.pass.lock().unwrap_or_else(PoisonError::into_inner);
        let mut report = Report::default();
        let step = self
            .pool()
            .with(|connection| pass.step(connection, bytes, &mut report));
        let is_end = !step?;
        if is_end {
            *pass = Pass::default();
        }
        let findings = report.findings.iter();
        Ok(Scrubbed {
            findings: findings
                .map(|finding| format!("{}: {}", finding.part.as_str(), finding.problem))
                .collect(),
            further: report.further,
            is_end,
        })
    }

    fn pinned(&self) -> Result<Arc<dyn Reader>> {
        let connection = self.shared.queries.another()?;
        let begun = connection.execute_batch("BEGIN");
        begun.map_err(reading("file"))?;
        // A transaction is of the state that it has read first.
        let objects = prepare::objects(&connection).map_err(reading("file"))?;
        let layouts = Layouts::default();
        layouts.have_tables(objects);
        let pool = Pool::of(connection);
        Ok(Arc::new(Self {
            pinned: Some(Pinned { pool, layouts }),
            ..Self::new(Arc::clone(&self.shared))
        }))
    }

    fn save(&self, to: &Path, deadline: &Deadline) -> Result<SnapshotContent> {
        self.shared.check_in_place()?;
        if self.shared.is_durable {
            return snapshot::save(self.shared.path(), to, deadline);
        }
        // Such stores are many: a connection of its own would parse the schema again.
        self.pool()
            .with(|connection| snapshot::copy(connection, to, deadline))
    }

    fn difference(
        &self,
        from: &Path,
        to: Option<&Path>,
        query: &DifferenceQuery,
        deadline: &Deadline,
    ) -> Result<Difference> {
        if to.is_none() {
            self.shared.check_in_place()?;
        }
        let to = to.unwrap_or_else(|| self.shared.path());
        difference::between(from, to, query, deadline)
    }

    fn follow(&self, after: CommitNumber, limit: usize) -> Result<Followed> {
        Ok(self.shared.recent.after(after, limit))
    }

    fn first_since(&self, at: Timestamp) -> Result<Option<ReplayId>> {
        self.pool()
            .with(|connection| log::first_since(connection, at))
    }

    fn events(&self, after: ReplayId, filter: &TopicFilter, limit: usize) -> Result<Page> {
        self.pool()
            .with(|connection| log::read(connection, after, filter, limit))
    }

    fn query(&self, plan: &Plan, limits: QueryLimits, deadline: &Deadline) -> Result<QueryResult> {
        self.queries().with_mut(|connection| {
            query::run(
                connection,
                self.layouts(),
                plan,
                limits,
                self.ending(deadline),
            )
        })
    }

    fn scan(
        &self,
        plan: &Plan,
        records: usize,
        deadline: &Deadline,
        row: &mut dyn FnMut(Vec<Value>) -> ControlFlow<()>,
    ) -> Result<()> {
        self.queries().with_mut(|connection| {
            query::scan(
                connection,
                self.layouts(),
                plan,
                records,
                self.ending(deadline),
                row,
            )
        })
    }

    fn count(&self, plan: &Plan, deadline: &Deadline) -> Result<u64> {
        self.queries().with_mut(|connection| {
            query::count(connection, self.layouts(), plan, self.ending(deadline))
        })
    }

    fn reread(
        &self,
        plan: &Plan,
        ids: &[RecordId],
        limits: QueryLimits,
        deadline: &Deadline,
    ) -> Result<Reread> {
        self.queries().with_mut(|connection| {
            query::reread(
                connection,
                self.layouts(),
                plan,
                ids,
                limits,
                self.ending(deadline),
            )
        })
    }
}
