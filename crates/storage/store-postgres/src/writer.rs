//! The write side: one connection, which holds the lock of the org, and one transaction at a time.
//!
//! A commit is sent in one round trip. What the server refuses it has not kept, and the next one is tried, unless it
//! contradicts what is stored. If the connection breaks while a commit is under way, only the number of the transaction in the
//! table `org` shows its outcome: it is read once the lock is held again, because the server has ended the old session
//! by then.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use landfall_model::limits::{
    POSTGRES_PREPARE_OBJECTS_MAX, POSTGRES_RELOCK_WAIT, POSTGRES_STATEMENT_TIME_MAX,
};
use landfall_model::{EntityDefinition, EntityName, RecordId, Row, Timestamp, Topic, Value};
use landfall_relational::block;
use landfall_store::{
    Appended, Cause, Commit, Committed, Conversion, DocumentKind, Error, Event, Failure, Lookup,
    Outcome, Position, Reads, Result, RowWrite, TopicId, Touched, TransactionId, WriteSet, Writer,
};
use tracing::{info, warn};

use crate::convert::Converting;
use crate::driver::Driver;
use crate::election::Lead;
use crate::error::{Failed, Kind, Reason, ended, reading, stored};
use crate::feed::Feeding;
use crate::place::Place;
use crate::prepare::{self, Refused};
use crate::reader::{Shared, Source, reads};
use crate::schema::{Held, lock_within};
use crate::session::{BEGIN, COMMIT, Generation, Request, Session, plain};
use crate::value::Arg;
use crate::{documents, log, rows};

pub(crate) struct PostgresWriter {
    driver: Arc<Driver>,
    place: Place,
    session: Session,
    generation: Arc<Generation>,
    lock: i64,
    epoch: i64,
    shared: Arc<Shared>,
    /// As of the last commit.
    position: Position,
    topics: HashMap<String, TopicId>,
    /// The objects whose records the feed lists.
    reported: BTreeSet<EntityName>,
    /// The number of the newest transaction.
    transaction: u64,
    /// The commit that is not known to be kept or lost.
    in_doubt: Option<InDoubt>,
    state: State,
    /// Of a node of a cluster.
    lead: Option<Lead>,
    /// If other processes read along.
    feeding: Option<Feeding>,
}

/// Whether the writer takes writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    Fenced,
    Poisoned,
}

/// A commit on its way.
struct InDoubt {
    transaction: u64,
    events: Vec<Arc<Event>>,
    to: Position,
    touched: Touched,
}

/// The outcome of a transaction.
enum Attempt {
    Kept,
    Failed(Failed),
    Unknown(Failed),
}

impl PostgresWriter {
    pub(crate) fn new(
        (driver, place): (Arc<Driver>, Place),
        held: Held,
        shared: Arc<Shared>,
        (lead, feeding): (Option<Lead>, Option<Feeding>),
    ) -> Result<Self> {
        let mut writer = Self {
            driver,
            place,
            session: held.session,
            generation: held.generation,
            lock: held.lock,
            epoch: held.epoch,
            shared,
            position: held.position,
            topics: HashMap::new(),
            reported: BTreeSet::new(),
            transaction: 0,
            in_doubt: None,
            state: State::Open,
            lead,
            feeding,
        };
        writer.topics = reads::topics(&writer.session)?;
        writer.shared.topics.extend(writer.topics.clone());
        let objects = prepare::objects(&writer.session).map_err(reading("layouts"))?;
        writer.shared.layouts.have_tables(objects);
        Ok(writer)
    }

    fn check_open(&self) -> Result<()> {
        match self.state {
            State::Open => Ok(()),
            State::Fenced => Err(Error::Fenced),
            State::Poisoned => Err(Error::Poisoned),
        }
    }

    /// What a failure of which nothing was kept means for this writer.
    fn refused(&mut self, failed: Failed) -> Error {
        match failed.kind {
            Kind::Refused(Reason::Fenced) => {
                self.state = State::Fenced;
                Error::Fenced
            }
            Kind::Refused(Reason::Other) => {
                self.state = State::Poisoned;
                Error::Commit {
                    failure: failed.failure(),
                    source: failed.source,
                }
            }
            Kind::Refused(_) | Kind::Broken | Kind::Unreachable => Error::Unavailable {
                failure: failed.failure(),
                source: failed.source,
            },
        }
    }

    fn ended(&mut self, source: impl Into<Cause>) -> Error {
        self.state = State::Poisoned;
        ended(source)
    }

    /// Reads on the writer's connection; on another one while that is lost. They see the same, because there is no other writer.
    fn reading<T>(&self, read: impl Fn(&Session) -> Result<T>) -> Result<T> {
        if !self.session.is_closed() {
            match read(&self.session) {
                Err(Error::Read { .. }) if self.session.is_closed() => {}
                done => return done,
            }
        }
        self.shared.pool.with("PostgreSQL", read)
    }

    /// Connects again if the connection was lost, as the writer that it was.
    fn connected(&mut self) -> std::result::Result<(), Failed> {
        if !self.session.is_closed() {
            return Ok(());
        }
        let session = Session::connect(
            &self.driver,
            &self.place,
            &self.generation,
            POSTGRES_STATEMENT_TIME_MAX,
        )?;
        let is_locked = lock_within(&session, self.lock, POSTGRES_RELOCK_WAIT)?;
        let epoch = session.one(plain("SELECT epoch FROM org"))?;
        let epoch: i64 = epoch.first().map_or(0, |row| row.get(0));
        if epoch != self.epoch {
            return Err(Failed {
                at: 0,
                kind: Kind::Refused(Reason::Fenced),
                source: "another process has become the writer".into(),
            });
        }
        if !is_locked {
            return Err(Failed::unreachable(
                "the lock of the org is not free yet: the old connection of this process, or another process",
            ));
        }
        info!("connected to PostgreSQL again");
        self.session = session;
        Ok(())
    }

    /// Looks up the outcome of the commit in doubt; an error while it is unknown.
    fn resolved(&mut self) -> std::result::Result<Option<Outcome>, Failed> {
        let Some(doubt) = &self.in_doubt else {
            return Ok(None);
        };
        let transaction = doubt.transaction;
        self.connected()?;
        let rows = self.session.one(plain(
            "SELECT transaction_id, tail, commit_number, appended_ms FROM org",
        ))?;
        let newest = rows.first().map(|row| row.get::<_, i64>(0));
        let is_kept = newest.and_then(|newest| u64::try_from(newest).ok()) == Some(transaction);
        let doubt = self.in_doubt.take();
        Ok(doubt.map(|doubt| {
            if is_kept {
                Outcome::Committed(self.moved(doubt))
            } else {
                Outcome::Unavailable {
                    failure: Failure::DatabaseUnavailable,
                    source: "the connection to PostgreSQL was lost before the commit".into(),
                }
            }
        }))
    }

    /// Runs statements as one transaction, in one round trip.
    fn transact(&mut self, statements: Vec<Request>) -> Attempt {
        if let Err(failed) = self.connected() {
            return Attempt::Failed(failed);
        }
        let mut requests = vec![plain(BEGIN)];
        requests.extend(statements);
        let commit = requests.len();
        requests.push(plain(COMMIT));
        let Err(failed) = self.session.run(requests) else {
            return Attempt::Kept;
        };
        match failed.kind {
            Kind::Unreachable => Attempt::Failed(failed),
            Kind::Refused(_) if failed.at < commit => {
                self.leave_transaction();
                Attempt::Failed(failed)
            }
            Kind::Refused(_) | Kind::Broken => {
                self.session.close();
                Attempt::Unknown(failed)
            }
        }
    }

    /// After a refused statement: its transaction has ended with the others, or ends with its connection.
    fn leave_transaction(&mut self) {
        if self.session.run(vec![plain("ROLLBACK")]).is_err() {
            self.session.close();
        }
    }

    /// Moves on to the position of a commit that is durable, and reports it to all who follow.
    fn moved(&mut self, done: InDoubt) -> Committed {
        let commit = Arc::new(Commit {
            number: done.to.commit_number,
            tail: done.to.tail,
            appended_at: done.to.appended_at,
            touched: done.touched,
        });
        self.position = done.to;
        if let Source::Own(recent) = &self.shared.source {
            recent.push(Arc::clone(&commit));
        }
        if let Some(feeding) = &mut self.feeding {
            feeding.kept(done.to.commit_number);
        }
        if let Some(lead) = &self.lead {
            lead.report_commit();
        }
        Committed {
            events: done.events,
            commit,
        }
    }

    /// The statement that moves the position, which no other writer has moved.
    fn advance(&self, doubt: &InDoubt) -> std::result::Result<Request, Cause> {
        let (from, to) = (self.position, doubt.to);
        Ok(Request::new(
            "SELECT landfall_advance($1::bigint, $2::bigint, $3::bigint, $4::bigint, $5::bigint, $6::bigint, $7::bigint)",
            vec![
                Arg::Int(self.epoch),
                Arg::Int(stored(doubt.transaction)?),
                Arg::Int(stored(from.tail.get())?),
                Arg::Int(stored(from.commit_number.get())?),
                Arg::Int(stored(to.tail.get())?),
                Arg::Int(stored(to.commit_number.get())?),
                Arg::Int(to.appended_at.as_millis()),
            ],
        ))
    }

    fn next_transaction(&mut self) -> u64 {
        self.transaction += 1;
        self.transaction
    }

    /// Makes a commit of these statements.
    fn commit_all(&mut self, mut statements: Vec<Request>, doubt: InDoubt) -> Result<Outcome> {
        if let Some(feeding) = &self.feeding {
            let reported = feeding.statements(self.position, doubt.to, &doubt.touched);
            statements.extend(reported.map_err(ended)?);
        }
        let advance = self.advance(&doubt);
        statements.push(advance.map_err(|source| self.ended(source))?);
        match self.transact(statements) {
            Attempt::Kept => Ok(Outcome::Committed(self.moved(doubt))),
            Attempt::Unknown(failed) => {
                warn!(error = %failed.source, "the outcome of a commit is not known");
                let transaction = TransactionId(doubt.transaction);
                self.in_doubt = Some(doubt);
                Ok(Outcome::Unknown(transaction))
            }
            Attempt::Failed(failed) => match self.refused(failed) {
                Error::Fenced => Ok(Outcome::Fenced),
                Error::Unavailable { failure, source } => {
                    Ok(Outcome::Unavailable { failure, source })
                }
                error => Err(error),
            },
        }
    }

    /// Runs statements that have no position, and can be repeated: tables, topics.
    fn change(&mut self, statements: Vec<Request>) -> Result<()> {
        let hold = Request::new(
            "SELECT landfall_hold($1::bigint)",
            vec![Arg::Int(self.epoch)],
        );
        let mut all = vec![hold];
        all.extend(statements);
        match self.transact(all) {
            Attempt::Kept => Ok(()),
            Attempt::Failed(failed) | Attempt::Unknown(failed) => Err(self.refused(failed)),
        }
    }

    /// What is to be known before anything is written: that this node leads, and that no earlier commit is in doubt.
    fn settled(&mut self) -> Result<()> {
        self.check_open()?;
        if self.lead.as_ref().is_some_and(|lead| !lead.holds()) {
            return Err(Error::Unavailable {
                failure: Failure::DatabaseUnavailable,
                source: "this node has lost the lead of the org".into(),
            });
        }
        match self.resolved() {
            Ok(_) => Ok(()),
            Err(failed) => Err(self.refused(failed)),
        }
    }

    /// The numbers that the topics get, without those that have one.
    fn unnumbered(
        &self,
        topics: impl IntoIterator<Item = String>,
    ) -> std::result::Result<Vec<(String, TopicId)>, Cause> {
        let newest = self.topics.values().map(|topic| topic.0).max().unwrap_or(0);
        let mut numbered: Vec<(String, TopicId)> = Vec::new();
        for topic in topics {
            let known = self.topics.contains_key(&topic)
                || numbered.iter().any(|(other, _)| *other == topic);
            if !known {
                let number = u32::try_from(numbered.len() + 1)?;
                let number = newest
                    .checked_add(number)
                    .ok_or("the topic numbers are used up")?;
                numbered.push((topic, TopicId(number)));
            }
        }
        Ok(numbered)
    }

    fn number_topics(&mut self, topics: &[(String, TopicId)]) -> Result<()> {
        if topics.is_empty() {
            return Ok(());
        }
        let (names, numbers) = topics
            .iter()
            .map(|(name, topic)| (name.clone(), i64::from(topic.0)))
            .unzip();
        // It may be there since an attempt that broke.
        let insert = Request::new(
            "INSERT INTO topic (name, topic_id) SELECT * FROM unnest($1::text[], $2::bigint[]) ON CONFLICT DO NOTHING",
            vec![Arg::Texts(names), Arg::Ints(numbers)],
        );
        self.change(vec![insert])?;
        self.topics = reads::topics(&self.session)?;
        Ok(())
    }

    fn change_tables(&mut self, changes: &[prepare::Change]) -> Result<()> {
        for changes in changes.chunks(POSTGRES_PREPARE_OBJECTS_MAX) {
            self.report_tables();
            let statements = changes.iter().flat_map(prepare::Change::requests);
            self.change(statements.collect())?;
        }
        Ok(())
    }

    /// Makes the tables that rows need and that are not there yet.
    fn make_tables(&mut self, rows: &[RowWrite]) -> Result<()> {
        let objects = rows.iter().map(|row| &row.entity.name);
        let new = self.shared.layouts.without_table(objects);
        let tables = new.iter();
        let tables: Vec<_> = tables
            .map(|(entity, layout)| prepare::create(entity.as_str(), layout))
            .collect();
        self.change_tables(&tables)?;
        self.shared.layouts.have_tables(new.into_keys());
        Ok(())
    }

    /// Has the next commit report that tables were made or changed.
    const fn report_tables(&mut self) {
        if let Some(feeding) = &mut self.feeding {
            feeding.tables_changed();
        }
    }

    /// No connection uses a statement any more that was prepared for other tables.
    fn tables_changed(&self) {
        self.generation.advance();
        self.shared.pool.tables_changed();
        self.shared.queries.tables_changed();
    }

    /// Converts the values of fields, and returns the statements of the commit that put them in the place of the old ones.
    fn converted(&mut self, conversions: &[Conversion]) -> Result<Vec<Request>> {
        let mut statements = Vec::new();
        for conversion in conversions {
            if self.shared.layouts.existing(&conversion.from).is_none() {
                continue;
            }
            self.report_tables();
            let converting = Converting::new(conversion);
            let mut converting = converting.map_err(|source| self.ended(source))?;
            self.change(converting.begin())?;
            while let Some(step) = self.converting(&mut converting)? {
                self.change(vec![step])?;
            }
            statements.extend(converting.end());
        }
        Ok(statements)
    }

    /// One step of a conversion. What cannot be read refuses the commit, and the writer goes on.
    fn converting(&mut self, converting: &mut Converting<'_>) -> Result<Option<Request>> {
        if let Err(failed) = self.connected() {
            return Err(self.refused(failed));
        }
        converting.step(&self.session).map_err(|error| {
            let failure = error.failure();
            Error::Unavailable {
                failure,
                source: error.into(),
            }
        })
    }

    fn planned(&mut self, entities: &[Arc<EntityDefinition>]) -> Result<prepare::Planned> {
        if let Err(failed) = self.connected() {
            return Err(self.refused(failed));
        }
        let planned = prepare::plan(&self.session, entities);
        planned.map_err(|refused| match refused {
            Refused::Kept(error) => error,
            Refused::Failed(failed) => self.refused(failed),
            Refused::Corrupt(source) => self.ended(source),
        })
    }
}

impl Writer for PostgresWriter {
    fn prepare(&mut self, entities: &[Arc<EntityDefinition>]) -> Result<()> {
        self.settled()?;
        let planned = self.planned(entities)?;
        self.change_tables(&planned.changes)?;
        if !planned.changes.is_empty() {
            self.tables_changed();
        }
        // The topics that these objects need are numbered along with them.
        let events = entities
            .iter()
            .filter_map(|entity| entity.change_event.as_ref());
        let topics = events.map(|event| {
            Topic::of_change_event(event.name.as_str())
                .as_str()
                .to_owned()
        });
        let topics = self.unnumbered(topics);
        let topics = topics.map_err(|source| self.ended(source))?;
        self.number_topics(&topics)?;
        for (entity, layout) in entities.iter().zip(planned.layouts) {
            let has_table = layout.is_some();
            self.shared.layouts.keep(entity, layout, has_table);
        }
        Ok(())
    }

    fn topic(&mut self, topic: &Topic) -> Result<TopicId> {
        if let Some(number) = self.topics.get(topic.as_str()) {
            return Ok(*number);
        }
        self.settled()?;
        let new = self.unnumbered([topic.as_str().to_owned()]);
        let new = new.map_err(|source| self.ended(source))?;
        self.number_topics(&new)?;
        let number = self.topics.get(topic.as_str()).copied();
        number.ok_or_else(|| self.ended("a topic has no number"))
    }

    fn report_records_of(&mut self, objects: &[EntityName]) {
        self.reported = objects.iter().cloned().collect();
    }

    fn commit(
        &mut self,
        write: &WriteSet,
        events: &mut dyn FnMut(Position) -> Appended,
    ) -> Result<Outcome> {
        match self.settled().and_then(|()| self.make_tables(&write.rows)) {
            Err(Error::Fenced) => return Ok(Outcome::Fenced),
            Err(Error::Unavailable { failure, source }) => {
                return Ok(Outcome::Unavailable { failure, source });
            }
            ready => ready?,
        }
        let mut statements = match self.converted(&write.conversions) {
            Err(Error::Fenced) => return Ok(Outcome::Fenced),
            Err(Error::Unavailable { failure, source }) => {
                return Ok(Outcome::Unavailable { failure, source });
            }
            converted => converted?,
        };
        // Until it has succeeded: a panic in `events` ends this writer too.
        self.state = State::Poisoned;
        let written = rows::write(&self.shared.layouts, write);
        statements.extend(written.map_err(ended)?);
        statements.extend(documents::write(&write.documents));
        let from = self.position;
        let appended = events(from);
        if appended.commit_number < from.commit_number {
            return Err(ended("the commit number goes back"));
        }
        let to = from.after(&appended);
        let made = block::appended(from.tail, to.appended_at, &appended.events);
        let (events, blocks) = made.map_err(ended)?;
        statements.extend(log::append(blocks, to.appended_at).map_err(ended)?);
        self.state = State::Open;
        let doubt = InDoubt {
            transaction: self.next_transaction(),
            events,
            to,
            touched: Touched::by(write, &self.reported),
        };
        let outcome = self.commit_all(statements, doubt);
        if !write.conversions.is_empty() {
            self.tables_changed();
        }
        outcome
    }

    fn outcome_of(&mut self, transaction: TransactionId) -> Result<Outcome> {
        self.check_open()?;
        let doubt = self.in_doubt.as_ref();
        if doubt.is_none_or(|doubt| doubt.transaction != transaction.0) {
            return Err(self.ended(format!("transaction {} is not in doubt", transaction.0)));
        }
        match self.resolved() {
            Ok(Some(outcome)) => Ok(outcome),
            Ok(None) => Err(self.ended("a transaction in doubt is lost")),
            Err(failed) => match self.refused(failed) {
                // Another writer has begun: what is in its log was kept, and this one cannot know.
                Error::Fenced => Ok(Outcome::Fenced),
                Error::Unavailable { .. } => Ok(Outcome::Unknown(transaction)),
                error => Err(error),
            },
        }
    }

    fn trim(&mut self, before: Timestamp) -> Result<bool> {
        self.settled()?;
        if let Err(failed) = self.connected() {
            return Err(self.refused(failed));
        }
        let old = log::old(&self.session, before);
        let old = old.map_err(|failed| self.refused(failed))?;
        let Some((newest, last)) = old.newest else {
            return Ok(false);
        };
        let doubt = InDoubt {
            transaction: self.next_transaction(),
            events: Vec::new(),
            to: Position {
                commit_number: self.position.commit_number.advanced_by(1),
                ..self.position
            },
            touched: Touched {
                trimmed: Some(last),
                ..Touched::default()
            },
        };
        match self.commit_all(log::delete(newest), doubt)? {
            // It is settled before the next write, and reported then.
            Outcome::Unknown(_) => Err(Error::Unavailable {
                failure: Failure::DatabaseUnavailable,
                source: "the connection to PostgreSQL was lost".into(),
            }),
            outcome => outcome.committed().map(|_| old.has_more),
        }
    }
}

impl Reads for PostgresWriter {
    fn row(&self, entity: &EntityDefinition, id: RecordId) -> Result<Option<Row>> {
        self.reading(|session| reads::row(session, &self.shared.layouts, entity, id))
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
        self.reading(|session| reads::rows_of(session, &self.shared.layouts, records))
    }

    fn matching(&self, lookups: &[Lookup<'_>]) -> Result<Vec<Vec<Row>>> {
        self.reading(|session| reads::matching(session, &self.shared.layouts, lookups))
    }

    fn recent_rows(&self, entity: &EntityDefinition, limit: usize) -> Result<Vec<Row>> {
        self.reading(|session| reads::recent(session, &self.shared.layouts, entity, limit))
    }

    fn document(&self, kind: DocumentKind, key: &str) -> Result<Option<Vec<u8>>> {
        let found = self.documents_at(kind, &[key.to_owned()])?;
        Ok(found.into_iter().next().flatten())
    }

    fn documents_at(&self, kind: DocumentKind, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>> {
        self.reading(|session| reads::documents_at(session, kind, keys))
    }

    fn documents(&self, kind: DocumentKind) -> Result<Vec<(String, Vec<u8>)>> {
        self.reading(|session| reads::documents_of(session, kind))
    }

    fn topic_number(&self, topic: &Topic) -> Result<Option<TopicId>> {
        Ok(self.topics.get(topic.as_str()).copied())
    }
}
