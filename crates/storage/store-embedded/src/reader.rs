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
use rusqlite::Connection;

use crate::check::{Pass, Report};
use crate::error::reading;
use crate::file::Shared;
use crate::query::Ending;
use crate::{difference, documents, log, query, rows, snapshot};

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

/// Reads; and the pass that [`Reader::scrub`] makes through the file.
pub(crate) struct EmbeddedReader(Arc<Shared>, Mutex<Pass>);

impl EmbeddedReader {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self(shared, Mutex::default())
    }

    fn ending<'e>(&'e self, deadline: &'e Deadline) -> Ending<'e> {
        Ending::new(deadline, self.0.checkpointer.crowding())
    }
}

impl Reads for EmbeddedReader {
    fn row(&self, entity: &EntityDefinition, id: RecordId) -> Result<Option<Row>> {
        self.0
            .pool
            .with(|connection| rows::one(connection, &self.0.layouts, entity, id))
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
        self.0
            .pool
            .with(|connection| rows::matching(connection, &self.0.layouts, &lookup))
    }

    fn rows(&self, records: &[(&EntityDefinition, RecordId)]) -> Result<Vec<Option<Row>>> {
        self.0.pool.with(|connection| {
            let snapshot = connection
                .unchecked_transaction()
                .map_err(reading("record"))?;
            rows::several(&snapshot, &self.0.layouts, records)
        })
    }

    fn matching(&self, lookups: &[Lookup<'_>]) -> Result<Vec<Vec<Row>>> {
        self.0.pool.with(|connection| {
            let snapshot = connection
                .unchecked_transaction()
                .map_err(reading("record"))?;
            rows::matching_several(&snapshot, &self.0.layouts, lookups)
        })
    }

    fn recent_rows(&self, entity: &EntityDefinition, limit: usize) -> Result<Vec<Row>> {
        self.0
            .pool
            .with(|connection| rows::recent(connection, &self.0.layouts, entity, limit))
    }

    fn document(&self, kind: DocumentKind, key: &str) -> Result<Option<Vec<u8>>> {
        self.0
            .pool
            .with(|connection| documents::one(connection, kind, key))
    }

    fn documents_at(&self, kind: DocumentKind, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>> {
        self.0.pool.with(|connection| {
            let snapshot = connection
                .unchecked_transaction()
                .map_err(reading("documents"))?;
            documents::several(&snapshot, kind, keys)
        })
    }

    fn documents(&self, kind: DocumentKind) -> Result<Vec<(String, Vec<u8>)>> {
        self.0
            .pool
            .with(|connection| documents::all(connection, kind))
    }

    fn topic_number(&self, topic: &Topic) -> Result<Option<TopicId>> {
        self.0
            .pool
            .with(|connection| log::topic_number(connection, topic))
    }
}

impl Reader for EmbeddedReader {
    fn log_bounds(&self) -> Result<LogBounds> {
        self.0.pool.with(log::bounds)
    }

    fn position(&self) -> Result<Position> {
        Ok(self.0.recent.position())
    }

    fn free_bytes(&self) -> Result<Option<u64>> {
        self.0.check_in_place()?;
        let free = self.0.free_bytes().map_err(|source| Error::Read {
            what: "free space",
            source: source.into(),
        })?;
        Ok(Some(free))
    }

    fn scrub(&self, bytes: usize) -> Result<Scrubbed> {
        let mut pass = self.1.lock().unwrap_or_else(PoisonError::into_inner);
        let mut report = Report::default();
        let step = self
            .0
            .pool
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

    fn save(&self, to: &Path) -> Result<SnapshotContent> {
        self.0.check_in_place()?;
        snapshot::save(self.0.path(), to, self.0.is_durable)
    }

    fn difference(
        &self,
        from: &Path,
        to: Option<&Path>,
        query: &DifferenceQuery,
    ) -> Result<Difference> {
        if to.is_none() {
            self.0.check_in_place()?;
        }
        difference::between(from, to.unwrap_or_else(|| self.0.path()), query)
    }

    fn follow(&self, after: CommitNumber, limit: usize) -> Result<Followed> {
        Ok(self.0.recent.after(after, limit))
    }

    fn first_since(&self, at: Timestamp) -> Result<Option<ReplayId>> {
        self.0
            .pool
            .with(|connection| log::first_since(connection, at))
    }

    fn events(&self, after: ReplayId, filter: &TopicFilter, limit: usize) -> Result<Page> {
        self.0
            .pool
            .with(|connection| log::read(connection, after, filter, limit))
    }

    fn query(&self, plan: &Plan, limits: QueryLimits, deadline: &Deadline) -> Result<QueryResult> {
        self.0.queries.with_mut(|connection| {
            query::run(
                connection,
                &self.0.layouts,
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
        self.0.queries.with_mut(|connection| {
            query::scan(
                connection,
                &self.0.layouts,
                plan,
                records,
                self.ending(deadline),
                row,
            )
        })
    }

    fn count(&self, plan: &Plan, deadline: &Deadline) -> Result<u64> {
        self.0.queries.with_mut(|connection| {
            query::count(connection, &self.0.layouts, plan, self.ending(deadline))
        })
    }

    fn reread(
        &self,
        plan: &Plan,
        ids: &[RecordId],
        limits: QueryLimits,
        deadline: &Deadline,
    ) -> Result<Reread> {
        self.0.queries.with_mut(|connection| {
            query::reread(
                connection,
                &self.0.layouts,
                plan,
                ids,
                limits,
                self.ending(deadline),
            )
        })
    }
}
