//! The read side: a few connections, each call on one of them. Queries have connections of their own, so that they never
//! keep a short read waiting.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};

use landfall_model::limits::{POSTGRES_STATEMENT_TIME_MAX, QUERY_SCAN_TIME_MAX};
use landfall_model::{
    CommitNumber, EntityDefinition, RecordId, ReplayId, Row, Timestamp, Topic, Value,
};
use landfall_query::Plan;
use landfall_store::{
    Deadline, DocumentKind, Error, Followed, JobFiles, LogBounds, Lookup, Page, Position,
    QueryLimits, QueryResult, Reader, Reads, RecentCommits, Reread, Result, TopicFilter, TopicId,
};

use crate::driver::Driver;
use crate::error::{Failed, Kind, corrupt, reading};
use crate::files::{Files, Pooled};
use crate::layout::Layouts;
use crate::place::Place;
use crate::session::{COMMIT, Generation, Request, SNAPSHOT, Session, plain};
use crate::value::Arg;
use crate::{documents, feed, log, prepare, query, rows, schema};

/// What the writer and the readers have in common.
pub(crate) struct Shared {
    pub(crate) layouts: Layouts,
    pub(crate) topics: Topics,
    /// For short reads.
    pub(crate) pool: Pool,
    /// For queries.
    pub(crate) queries: Pool,
    pub(crate) source: Source,
    /// That of the writer; of a reader that follows another process, one that no writer has.
    pub(crate) epoch: i64,
}

/// Where what was committed is learnt from.
pub(crate) enum Source {
    /// From the writer, which is in this process.
    Own(RecentCommits),
    /// From the table that the writer of another process adds to.
    Feed,
}

/// The numbers of topics, which never change.
#[derive(Default)]
pub(crate) struct Topics(RwLock<HashMap<String, TopicId>>);

impl Topics {
    fn get(&self, topic: &str) -> Option<TopicId> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.get(topic).copied()
    }

    pub(crate) fn extend(&self, topics: impl IntoIterator<Item = (String, TopicId)>) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.extend(topics);
    }
}

impl Shared {
    /// Takes note of the tables and the topics that there are now. No connection uses a statement any more that was prepared
    /// for other tables.
    pub(crate) fn tables_changed(&self) -> Result<()> {
        let (objects, topics) = self.pool.with("PostgreSQL", |session| {
            let objects = prepare::objects(session).map_err(reading("layouts"))?;
            Ok((objects, reads::topics(session)?))
        })?;
        self.layouts.have_tables(objects);
        self.topics.extend(topics);
        self.pool.tables_changed();
        self.queries.tables_changed();
        Ok(())
    }
}

/// Connections, made when they are needed first.
pub(crate) struct Pool {
    driver: Arc<Driver>,
    place: Place,
    generation: Arc<Generation>,
    /// Those that nobody uses right now; none: it is not connected.
    idle: Mutex<Vec<Option<Session>>>,
    returned: Condvar,
}

impl Pool {
    pub(crate) fn new(driver: Arc<Driver>, place: Place, connections: NonZeroUsize) -> Self {
        Self {
            driver,
            place,
            generation: Arc::default(),
            idle: Mutex::new((0..connections.get()).map(|_| None).collect()),
            returned: Condvar::new(),
        }
    }

    /// Statements that were prepared for tables as they were are not used any more.
    pub(crate) fn tables_changed(&self) {
        self.generation.advance();
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Option<Session>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lend(&self) -> Lent<'_> {
        let mut idle = self.idle();
        loop {
            // One that is connected, rather.
            let place = idle.iter().rposition(Option::is_some);
            let place = place.or_else(|| idle.len().checked_sub(1));
            if let Some(place) = place {
                let session = idle.swap_remove(place);
                return Lent {
                    pool: self,
                    session,
                };
            }
            idle = self
                .returned
                .wait(idle)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Runs `read` on a connection, as soon as one is free; on a new one if it breaks.
    pub(crate) fn with<T>(
        &self,
        what: &'static str,
        read: impl Fn(&Session) -> Result<T>,
    ) -> Result<T> {
        let mut lent = self.lend();
        let fresh = lent.session.is_none();
        let done = read(lent.connected().map_err(reading(what))?);
        let is_lost = lent.session.as_ref().is_none_or(Session::is_closed);
        match done {
            Err(Error::Read { .. }) if is_lost && !fresh => {
                lent.session = None;
                read(lent.connected().map_err(reading(what))?)
            }
            done => done,
        }
    }

    /// Runs statements on a connection, as soon as one is free; once, whatever their outcome.
    pub(crate) fn once<T>(
        &self,
        run: impl FnOnce(&Session) -> std::result::Result<T, Failed>,
    ) -> std::result::Result<T, Failed> {
        let mut lent = self.lend();
        let done = lent.connected().and_then(run);
        if done.is_err() {
            // It may be in a transaction.
            lent.session = None;
        }
        done
    }

    /// Runs a query on a connection, which is closed if the query did not come to its end.
    fn query<T>(&self, read: impl FnOnce(&Session) -> Result<T>) -> Result<T> {
        let mut lent = self.lend();
        let done = read(lent.connected().map_err(reading(query::QUERY))?);
        if let Err(Error::TimedOut | Error::Read { .. }) = &done {
            lent.session = None;
        }
        done
    }
}

/// Comes back also from a read that panics.
struct Lent<'p> {
    pool: &'p Pool,
    session: Option<Session>,
}

impl Lent<'_> {
    fn connected(&mut self) -> std::result::Result<&Session, Failed> {
        let pool = self.pool;
        let is_lost = self.session.as_ref().is_none_or(Session::is_closed);
        if is_lost {
            // Queries have a deadline of their own; this is the longest one.
            let time = QUERY_SCAN_TIME_MAX.max(POSTGRES_STATEMENT_TIME_MAX);
            self.session = Some(Session::connect(
                &pool.driver,
                &pool.place,
                &pool.generation,
                time,
            )?);
        }
        self.session.as_ref().ok_or_else(|| Failed {
            at: 0,
            kind: Kind::Unreachable,
            source: "there is no connection".into(),
        })
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        self.pool.idle().push(self.session.take());
        self.pool.returned.notify_one();
    }
}

/// What several statements return, at one point in time and in one round trip.
pub(crate) fn at_once(
    session: &Session,
    what: &'static str,
    requests: Vec<Request>,
) -> Result<Vec<Vec<tokio_postgres::Row>>> {
    let mut all = vec![plain(SNAPSHOT)];
    all.extend(requests);
    all.push(plain(COMMIT));
    let mut answers = session.run(all).map_err(reading(what))?;
    answers.pop();
    if !answers.is_empty() {
        answers.remove(0);
    }
    Ok(answers)
}

/// Reads from one session: what the reader and the writer have in common.
pub(crate) mod reads {
    use super::{
        Arg, DocumentKind, EntityDefinition, HashMap, Layouts, Lookup, RecordId, Request, Result,
        Row, Session, Topic, TopicId, at_once, corrupt, documents, log, plain, reading, rows,
    };
    use crate::schema::number;

    const RECORD: &str = "record";
    const TOPICS: &str = "topics";

    pub(crate) fn row(
        session: &Session,
        layouts: &Layouts,
        entity: &EntityDefinition,
        id: RecordId,
    ) -> Result<Option<Row>> {
        let Some(layout) = layouts.existing(entity) else {
            return Ok(None);
        };
        let found = session
            .one(rows::one(&layout, id))
            .map_err(reading(RECORD))?;
        Ok(rows::read_all(&layout, &found)?.pop())
    }

    pub(crate) fn rows_of(
        session: &Session,
        layouts: &Layouts,
        records: &[(&EntityDefinition, RecordId)],
    ) -> Result<Vec<Option<Row>>> {
        if records.is_empty() {
            return Ok(Vec::new());
        }
        let several = rows::Several::new(layouts, records);
        let answers = at_once(session, RECORD, several.requests().collect())?;
        several.read(&answers)
    }

    pub(crate) fn matching(
        session: &Session,
        layouts: &Layouts,
        lookups: &[Lookup<'_>],
    ) -> Result<Vec<Vec<Row>>> {
        // None where nothing can be found.
        let asked = lookups.iter().map(|lookup| {
            let layout = layouts.existing(lookup.entity)?;
            Some((rows::matching(&layout, lookup)?, layout))
        });
        let asked: Vec<Option<(Request, _)>> = asked.collect();
        let sent = asked.iter().flatten().map(|(request, _)| request.clone());
        let sent: Vec<Request> = sent.collect();
        if sent.is_empty() {
            return Ok(lookups.iter().map(|_| Vec::new()).collect());
        }
        let mut answers = at_once(session, RECORD, sent)?.into_iter();
        let found = asked.iter().map(|asked| match asked {
            Some((_, layout)) => rows::read_all(layout, &answers.next().unwrap_or_default()),
            None => Ok(Vec::new()),
        });
        found.collect()
    }

    pub(crate) fn recent(
        session: &Session,
        layouts: &Layouts,
        entity: &EntityDefinition,
        limit: usize,
    ) -> Result<Vec<Row>> {
        let Some(layout) = layouts.existing(entity) else {
            return Ok(Vec::new());
        };
        let found = session
            .one(rows::recent(&layout, limit))
            .map_err(reading(RECORD))?;
        rows::read_all(&layout, &found)
    }

    pub(crate) fn documents_at(
        session: &Session,
        kind: DocumentKind,
        keys: &[String],
    ) -> Result<Vec<Option<Vec<u8>>>> {
        let found = session
            .one(documents::several(kind, keys))
            .map_err(reading(documents::DOCUMENT))?;
        documents::in_order(&found, keys)
    }

    pub(crate) fn documents_of(
        session: &Session,
        kind: DocumentKind,
    ) -> Result<Vec<(String, Vec<u8>)>> {
        let found = session
            .one(documents::all(kind))
            .map_err(reading(documents::DOCUMENT))?;
        documents::read(&found)
    }

    pub(crate) fn topic_number(session: &Session, topic: &Topic) -> Result<Option<TopicId>> {
        let found = session
            .one(Request::new(
                "SELECT topic_id FROM topic WHERE name = $1::text",
                vec![Arg::Text(topic.as_str().to_owned())],
            ))
            .map_err(reading(TOPICS))?;
        found
            .first()
            .map(|row| log::topic_id(row.get(0)))
            .transpose()
    }

    /// Every topic that was ever numbered.
    pub(crate) fn topics(session: &Session) -> Result<HashMap<String, TopicId>> {
        let rows = session
            .one(plain("SELECT name, topic_id FROM topic"))
            .map_err(reading(TOPICS))?;
        let topics = rows.iter().map(|row| {
            let name = row.try_get(0).map_err(|error| corrupt(TOPICS, error))?;
            Ok((name, log::topic_id(number(row, 1)?)?))
        });
        topics.collect()
    }
}

/// Reads.
pub(crate) struct PostgresReader(Arc<Shared>);

impl PostgresReader {
    pub(crate) const fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    fn with<T>(&self, read: impl Fn(&Session) -> Result<T>) -> Result<T> {
        self.0.pool.with("PostgreSQL", read)
    }
}

impl Reads for PostgresReader {
    fn row(&self, entity: &EntityDefinition, id: RecordId) -> Result<Option<Row>> {
        self.with(|session| reads::row(session, &self.0.layouts, entity, id))
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
        Ok(self.matching(&[lookup])?.pop().unwrap_or_default())
    }

    fn rows(&self, records: &[(&EntityDefinition, RecordId)]) -> Result<Vec<Option<Row>>> {
        self.with(|session| reads::rows_of(session, &self.0.layouts, records))
    }

    fn matching(&self, lookups: &[Lookup<'_>]) -> Result<Vec<Vec<Row>>> {
        self.with(|session| reads::matching(session, &self.0.layouts, lookups))
    }

    fn recent_rows(&self, entity: &EntityDefinition, limit: usize) -> Result<Vec<Row>> {
        self.with(|session| reads::recent(session, &self.0.layouts, entity, limit))
    }

    fn document(&self, kind: DocumentKind, key: &str) -> Result<Option<Vec<u8>>> {
        let found = self.documents_at(kind, &[key.to_owned()])?;
        Ok(found.into_iter().next().flatten())
    }

    fn documents_at(&self, kind: DocumentKind, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>> {
        self.with(|session| reads::documents_at(session, kind, keys))
    }

    fn documents(&self, kind: DocumentKind) -> Result<Vec<(String, Vec<u8>)>> {
        self.with(|session| reads::documents_of(session, kind))
    }

    fn topic_number(&self, topic: &Topic) -> Result<Option<TopicId>> {
        if let Some(number) = self.0.topics.get(topic.as_str()) {
            return Ok(Some(number));
        }
        let number = self.with(|session| reads::topic_number(session, topic))?;
        let named = number.map(|number| (topic.as_str().to_owned(), number));
        self.0.topics.extend(named);
        Ok(number)
    }
}

impl Reader for PostgresReader {
    fn log_bounds(&self) -> Result<LogBounds> {
        self.with(|session| {
            let found = session.one(log::bounds()).map_err(reading(log::LOG))?;
            log::read_bounds(&found)
        })
    }

    fn position(&self) -> Result<Position> {
        match &self.0.source {
            Source::Own(recent) => Ok(recent.position()),
            Source::Feed => self.with(schema::position_of),
        }
    }

    fn free_bytes(&self) -> Result<Option<u64>> {
        Ok(None)
    }

    fn job_files(&self) -> Option<Arc<dyn JobFiles>> {
        Some(Arc::new(Files(Pooled(Arc::clone(&self.0)))))
    }

    fn follow(&self, after: CommitNumber, limit: usize) -> Result<Followed> {
        if let Source::Own(recent) = &self.0.source {
            return Ok(recent.after(after, limit));
        }
        let (followed, has_other_tables) =
            self.with(|session| feed::read(session, after, limit))?;
        if has_other_tables {
            self.0.tables_changed()?;
        }
        Ok(followed)
    }

    fn first_since(&self, at: Timestamp) -> Result<Option<ReplayId>> {
        self.with(|session| {
            let found = session
                .one(log::first_since(at))
                .map_err(reading(log::LOG))?;
            log::read_first(&found)
        })
    }

    fn events(&self, after: ReplayId, filter: &TopicFilter, limit: usize) -> Result<Page> {
        self.with(|session| log::read(session, after, filter, limit))
    }

    fn query(&self, plan: &Plan, limits: QueryLimits, deadline: &Deadline) -> Result<QueryResult> {
        deadline.check()?;
        self.0.queries.query(|session| {
            query::Run::begin(session, &self.0.layouts, deadline)?.find(plan, limits)
        })
    }

    fn scan(
        &self,
        plan: &Plan,
        records: usize,
        deadline: &Deadline,
        row: &mut dyn FnMut(Vec<Value>) -> ControlFlow<()>,
    ) -> Result<()> {
        deadline.check()?;
        self.0.queries.query(|session| {
            query::Run::begin(session, &self.0.layouts, deadline)?.scan(plan, records, row)
        })
    }

    fn count(&self, plan: &Plan, deadline: &Deadline) -> Result<u64> {
        deadline.check()?;
        self.0
            .queries
            .query(|session| query::Run::begin(session, &self.0.layouts, deadline)?.count(plan))
    }

    fn reread(
        &self,
        plan: &Plan,
        ids: &[RecordId],
        limits: QueryLimits,
        deadline: &Deadline,
    ) -> Result<Reread> {
        deadline.check()?;
        self.0.queries.query(|session| {
            query::Run::begin(session, &self.0.layouts, deadline)?.reread(plan, ids, limits)
        })
    }
}

/// An answer that has to be there.
pub(crate) fn only<T>(answer: Option<T>, what: &'static str) -> Result<T> {
    answer.ok_or_else(|| corrupt(what, "an answer is missing"))
}
