//! The write side: one connection, one transaction at a time.
//!
//! A transaction that failed before any sync kept nothing, and the next one is tried as usual. After every other failure
//! nothing is written until the store is opened again; `error` has the reasons.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use landfall_model::{
    EntityDefinition, EntityName, RecordId, ReplayId, Row, Timestamp, Topic, Value,
};
use landfall_store::{
    Appended, Cause, Commit, Committed, DocumentKind, Error, Event, Lookup, Outcome, Position,
    Reads, Restoring, Result, TopicId, Touched, TransactionId, WriteSet, Writer,
};
use rusqlite::Connection;
use tracing::warn;

use crate::error::{Attempt, ended, failure, keeps_nothing, reading, stored};
use crate::file::Shared;
use crate::layout::Layout;
use crate::{convert, documents, log, prepare, rows, snapshot};

pub(crate) struct EmbeddedWriter {
    // First, so that the file's last connection is closed by `Shared`.
    connection: Connection,
    shared: Arc<Shared>,
    /// As of the last commit.
    position: Position,
    topics: HashMap<String, TopicId>,
    /// The objects whose records the feed lists.
    reported: BTreeSet<EntityName>,
    poisoned: bool,
}

impl EmbeddedWriter {
    pub(crate) fn new(connection: Connection, shared: Arc<Shared>) -> Result<Self> {
        Ok(Self {
            position: shared.recent.position(),
            topics: log::topics(&connection)?.into_iter().collect(),
            reported: BTreeSet::new(),
            poisoned: false,
            connection,
            shared,
        })
    }

    /// Runs `work` as one durable transaction. It is as if nothing had been done, or this writer ends.
    fn transact<T>(&mut self, work: impl FnOnce(&Connection, &Shared) -> Attempt<T>) -> Result<T> {
        if self.poisoned {
            return Err(Error::Poisoned);
        }
        // Until it has succeeded: a panic in `work` ends this writer too.
        self.poisoned = true;
        // What is written to a file that nobody finds again is not kept.
        self.shared.check_in_place()?;
        match within(&self.connection, |connection| {
            work(connection, &self.shared)
        }) {
            Ok(done) => {
                self.poisoned = false;
                self.shared.checkpointer.committed(&self.connection);
                Ok(done)
            }
            Err(source) if keeps_nothing(&source) && self.connection.is_autocommit() => {
                self.poisoned = false;
                Err(unavailable(source))
            }
            Err(source) => Err(ended(source)),
        }
    }

    /// Moves on to the position of a commit that is durable, and reports it to all who follow.
    fn moved(&mut self, position: Position, touched: Touched) -> Arc<Commit> {
        let commit = Arc::new(Commit {
            number: position.commit_number,
            tail: position.tail,
            appended_at: position.appended_at,
            touched,
        });
        self.position = position;
        self.shared.recent.push(Arc::clone(&commit));
        commit
    }

    /// The numbers that the topics get, without those that have one.
    fn unnumbered(
        &self,
        topics: impl IntoIterator<Item = String>,
    ) -> Attempt<Vec<(String, TopicId)>> {
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
}

/// The failure of a write of which nothing was kept.
pub(crate) fn unavailable(source: Cause) -> Error {
    Error::Unavailable {
        failure: failure(&source),
        source,
    }
}

/// Runs `work` as one transaction; rolls it back after a failure or a panic.
pub(crate) fn within<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> Attempt<T>,
) -> Attempt<T> {
    run(connection, "BEGIN IMMEDIATE")?;
    let begun = Begun(connection);
    let done = work(connection)?;
    run(connection, "COMMIT")?;
    drop(begun);
    Ok(done)
}

/// A transaction, which is rolled back unless it has ended by then.
struct Begun<'c>(&'c Connection);

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        if !self.0.is_autocommit() {
            // A connection that cannot roll back is in a transaction still, and its writer ends.
            let _ = self.0.execute_batch("ROLLBACK");
        }
    }
}

/// Runs a statement without parameters, which is parsed once.
fn run(connection: &Connection, statement: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(statement)?.execute([]).map(drop)
}

fn number_topics(connection: &Connection, topics: &[(String, TopicId)]) -> Attempt<()> {
    for (name, topic) in topics {
        connection
            .prepare_cached("INSERT INTO topic (topic_id, name) VALUES (?1, ?2)")?
            .execute((topic.0, name))?;
    }
    Ok(())
}

/// Appends the events and moves the store's position.
fn append(
    connection: &Connection,
    from: Position,
    appended: &Appended,
) -> Attempt<(Vec<Arc<Event>>, Position)> {
    if appended.commit_number < from.commit_number {
        return Err("the commit number goes back".into());
    }
    let to = from.after(appended);
    let events = log::append(connection, from.tail, to.appended_at, &appended.events)?;
    move_position(connection, from, to)?;
    Ok((events, to))
}

fn move_position(connection: &Connection, from: Position, to: Position) -> Attempt<()> {
    let moved = connection
        .prepare_cached(
            "UPDATE log SET tail = ?1, commit_number = ?2, appended_ms = ?3
             WHERE tail = ?4 AND commit_number = ?5",
        )?
        .execute((
            stored(to.tail.get())?,
            stored(to.commit_number.get())?,
            to.appended_at.as_millis(),
            stored(from.tail.get())?,
            stored(from.commit_number.get())?,
        ))?;
    if moved != 1 {
        return Err("the log has moved without this writer".into());
    }
    Ok(())
}

impl Writer for EmbeddedWriter {
    fn prepare(&mut self, entities: &[Arc<EntityDefinition>]) -> Result<()> {
        if self.poisoned {
            return Err(Error::Poisoned);
        }
        // Of the objects that an org has, most have no table: nothing has to be known of their fields.
        let with_tables = prepare::with_tables(&self.connection);
        let with_tables = with_tables.map_err(|source| unavailable(source.into()))?;
        let mut plans = Vec::with_capacity(with_tables.len());
        for entity in entities {
            if !with_tables.contains(&entity.name) {
                continue;
            }
            let layout = Arc::new(Layout::new(entity));
            let planned = prepare::plan(&self.connection, entity, &layout);
            // What is said of a field is no failure.
            let planned = planned.map_err(|failure| match failure.downcast() {
                Ok(kept) => *kept,
                // Only reading has been tried.
                Err(source) if keeps_nothing(&source) => unavailable(source),
                Err(source) => ended(source),
            })?;
            plans.push((entity, layout, planned));
        }
        // The topics that these objects need are numbered along with them: each alone would be a commit of its own.
        let events = entities
            .iter()
            .filter_map(|entity| entity.change_event.as_ref());
        let topics = events.map(|event| {
            Topic::of_change_event(event.name.as_str())
                .as_str()
                .to_owned()
        });
        let topics = self.unnumbered(topics).map_err(ended)?;
        let is_ready = plans.iter().all(|(_, _, plan)| plan.change.is_none());
        if !is_ready || !topics.is_empty() {
            self.transact(|connection, _| {
                for change in plans.iter().filter_map(|(_, _, plan)| plan.change.as_ref()) {
                    prepare::apply(connection, change)?;
                }
                number_topics(connection, &topics)
            })?;
        }
        self.topics.extend(topics);
        for entity in entities {
            if !with_tables.contains(&entity.name) {
                self.shared.layouts.keep(entity, None, false);
            }
        }
        for (entity, layout, plan) in plans {
            self.shared
                .layouts
                .keep(entity, Some(layout), plan.has_table);
        }
        if !self.shared.is_durable {
            // Such stores are many: pages that were read to get here are not kept for each.
            let shrunk = self.connection.execute_batch("PRAGMA shrink_memory");
            shrunk.map_err(reading("file"))?;
        }
        Ok(())
    }

    fn topic(&mut self, topic: &Topic) -> Result<TopicId> {
        if let Some(number) = self.topics.get(topic.as_str()) {
            return Ok(*number);
        }
        self.number(std::slice::from_ref(topic))?;
        self.topic(topic)
    }

    fn number(&mut self, topics: &[Topic]) -> Result<()> {
        let names = topics.iter().map(|topic| topic.as_str().to_owned());
        let new = self.unnumbered(names).map_err(ended)?;
        if !new.is_empty() {
            self.transact(|connection, _| number_topics(connection, &new))?;
            self.topics.extend(new);
        }
        Ok(())
    }

    fn report_records_of(&mut self, objects: &[EntityName]) {
        self.reported = objects.iter().cloned().collect();
    }

    fn commit(
        &mut self,
        write: &WriteSet,
        events: &mut dyn FnMut(Position) -> Appended,
    ) -> Result<Outcome> {
        let from = self.position;
        let rows = write.rows.iter().map(|row| &row.entity.name);
        let new = self
            .shared
            .layouts
            .without_table(write.tables.iter().chain(rows));
        let made = self.transact(|connection, shared| {
            for conversion in &write.conversions {
                if shared.layouts.existing(&conversion.from).is_some() {
                    convert::apply(connection, conversion)?;
                }
            }
            for (entity, layout) in &new {
                prepare::apply(connection, &prepare::create(entity.as_str(), layout))?;
            }
            for row in &write.rows {
                let (layout, _) = shared.layouts.of(&row.entity);
                rows::write(connection, &layout, row)?;
            }
            for removal in &write.removals {
                let (layout, _) = shared.layouts.of(&removal.entity);
                rows::remove(connection, &layout, removal.id)?;
            }
            for document in &write.documents {
                documents::write(connection, document)?;
            }
            append(connection, from, &events(from))
        });
        match made {
            Ok((events, position)) => {
                self.shared.layouts.have_tables(new.into_keys());
                let commit = self.moved(position, Touched::by(write, &self.reported));
                Ok(Outcome::Committed(Committed { events, commit }))
            }
            Err(Error::Unavailable { failure, source }) => {
                Ok(Outcome::Unavailable { failure, source })
            }
            Err(error) => Err(error),
        }
    }

    /// One process writes to the file, and its disk answers: there is no transaction whose outcome is asked for later.
    fn outcome_of(&mut self, transaction: TransactionId) -> Result<Outcome> {
        if self.poisoned {
            return Err(Error::Poisoned);
        }
        self.poisoned = true;
        Err(ended(
            format!("transaction {} was never in doubt", transaction.0).into(),
        ))
    }

    fn restore(&mut self, from: &Path, how: &Restoring) -> Result<Outcome> {
        if self.poisoned {
            return Err(Error::Poisoned);
        }
        let before = self.position;
        let to = |tail: ReplayId| Position {
            tail,
            commit_number: before.commit_number.advanced_by(1),
            ..before
        };
        snapshot::attach(&self.connection, from, how)?;
        let reported = self.reported.clone();
        let restored = self.transact(|connection, _| {
            let restored = snapshot::restore(connection, how, before.tail, &reported)?;
            move_position(connection, before, to(restored.tail))?;
            Ok(restored)
        });
        snapshot::detach(&self.connection);
        match restored {
            Ok(restored) => {
                let topics = log::topics(&self.connection)?;
                self.topics = topics.into_iter().collect();
                self.shared.layouts.have_tables(restored.tables);
                let commit = self.moved(to(restored.tail), restored.touched);
                Ok(Outcome::Committed(Committed {
                    events: Vec::new(),
                    commit,
                }))
            }
            Err(Error::Unavailable { failure, source }) => {
                Ok(Outcome::Unavailable { failure, source })
            }
            Err(error) => Err(error),
        }
    }

    fn restart_log(&mut self) -> Result<Outcome> {
        if self.poisoned {
            return Err(Error::Poisoned);
        }
        let from = self.position;
        let to = Position {
            tail: ReplayId::ORIGIN,
            commit_number: from.commit_number.advanced_by(1),
            ..from
        };
        let restarted = self.transact(|connection, _| {
            connection.execute_batch("DELETE FROM event_block; DELETE FROM event_topic;")?;
            move_position(connection, from, to)?;
            Ok(())
        });
        match restarted {
            Ok(()) => {
                let touched = Touched {
                    rewound: true,
                    ..Touched::default()
                };
                let commit = self.moved(to, touched);
                Ok(Outcome::Committed(Committed {
                    events: Vec::new(),
                    commit,
                }))
            }
            Err(Error::Unavailable { failure, source }) => {
                Ok(Outcome::Unavailable { failure, source })
            }
            Err(error) => Err(error),
        }
    }

    fn trim(&mut self, before: Timestamp) -> Result<bool> {
        let from = self.position;
        let to = Position {
            commit_number: from.commit_number.advanced_by(1),
            ..from
        };
        let trimmed = self.transact(|connection, _| {
            let trimmed = log::trim(connection, before)?;
            if trimmed.newest.is_some() {
                move_position(connection, from, to)?;
            }
            Ok(trimmed)
        })?;
        if trimmed.newest.is_some() {
            let touched = Touched {
                trimmed: trimmed.newest,
                ..Touched::default()
            };
            self.moved(to, touched);
        }
        if trimmed.has_more {
            return Ok(true);
        }
        match self.transact(|connection, _| log::shrink(connection)) {
            Err(Error::Unavailable { source, .. }) => {
                warn!(error = %source, "free space of the data file cannot be given back now");
                Ok(false)
            }
            shrunk => shrunk,
        }
    }
}

impl Reads for EmbeddedWriter {
    fn row(&self, entity: &EntityDefinition, id: RecordId) -> Result<Option<Row>> {
        rows::one(&self.connection, &self.shared.layouts, entity, id)
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
        rows::matching(&self.connection, &self.shared.layouts, &lookup)
    }

    fn rows(&self, records: &[(&EntityDefinition, RecordId)]) -> Result<Vec<Option<Row>>> {
        rows::several(&self.connection, &self.shared.layouts, records)
    }

    fn matching(&self, lookups: &[Lookup<'_>]) -> Result<Vec<Vec<Row>>> {
        rows::matching_several(&self.connection, &self.shared.layouts, lookups)
    }

    fn recent_rows(&self, entity: &EntityDefinition, limit: usize) -> Result<Vec<Row>> {
        rows::recent(&self.connection, &self.shared.layouts, entity, limit)
    }

    fn document(&self, kind: DocumentKind, key: &str) -> Result<Option<Vec<u8>>> {
        documents::one(&self.connection, kind, key)
    }

    fn documents_at(&self, kind: DocumentKind, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>> {
        documents::several(&self.connection, kind, keys)
    }

    fn documents(&self, kind: DocumentKind) -> Result<Vec<(String, Vec<u8>)>> {
        documents::all(&self.connection, kind)
    }

    fn topic_number(&self, topic: &Topic) -> Result<Option<TopicId>> {
        Ok(self.topics.get(topic.as_str()).copied())
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::path::Path;

    use landfall_store::laws::sample;
    use landfall_store::{Document, Failure, RowWrite};

    use super::*;
    use crate::{Config, file};

    fn open(folder: &Path) -> EmbeddedWriter {
        let config = Config::new(folder.join("landfall.db"));
        let (connection, shared) = file::open(&config).expect("the store opens");
        let mut writer = EmbeddedWriter::new(connection, shared).expect("readable");
        writer.prepare(&[sample::entity()]).expect("prepared");
        writer
    }

    fn write(rows: Vec<RowWrite>, bytes: usize) -> WriteSet {
        let document = Document {
            kind: DocumentKind::Org,
            key: "key".to_owned(),
            content: Some(vec![0; bytes]),
        };
        WriteSet {
            rows,
            documents: vec![document],
            ..WriteSet::default()
        }
    }

    fn no_events(position: Position) -> Appended {
        Appended {
            events: Vec::new(),
            at: Timestamp::from_millis(0),
            commit_number: position.commit_number,
        }
    }

    fn length(writer: &EmbeddedWriter) -> usize {
        let document = writer.document(DocumentKind::Org, "key").expect("readable");
        document.expect("there").len()
    }

    fn commit(writer: &mut EmbeddedWriter, write: &WriteSet) -> Result<Committed> {
        writer.commit(write, &mut no_events)?.committed()
    }

    #[test]
    fn a_full_disk_refuses_a_write_and_takes_the_next_one_when_there_is_space() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let mut writer = open(folder.path());
        commit(&mut writer, &write(Vec::new(), 1)).expect("committed");
        let before = writer.position;
        writer
            .connection
            .execute_batch("PRAGMA max_page_count = 1")
            .expect("set to the present size");
        for _ in 0..2 {
            let full = writer.commit(&write(Vec::new(), 1_000_000), &mut no_events);
            assert!(
                matches!(
                    full,
                    Ok(Outcome::Unavailable {
                        failure: Failure::DiskFull,
                        ..
                    })
                ),
                "{full:?}"
            );
        }
        assert_eq!(length(&writer), 1, "nothing of it was kept");
        assert_eq!(writer.shared.recent.position(), before);
        writer
            .connection
            .execute_batch("PRAGMA max_page_count = 1000000")
            .expect("there is room again");
        commit(&mut writer, &write(Vec::new(), 2)).expect("committed");
        assert_eq!(length(&writer), 2);
        drop(writer);
        assert_eq!(length(&open(folder.path())), 2);
    }

    #[test]
    fn after_a_write_that_contradicts_the_file_nothing_is_written_until_it_is_opened_again() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let mut writer = open(folder.path());
        commit(&mut writer, &write(Vec::new(), 1)).expect("committed");
        let entity = sample::entity();
        let nowhere = sample::changed_row(&entity, 9, sample::row(&entity, 9, &[]), &["Name"]);
        let failed = commit(&mut writer, &write(vec![nowhere], 2));
        assert!(matches!(failed, Err(Error::Commit { .. })), "{failed:?}");
        let entity = sample::entity_with(vec![sample::field(
            "More__c",
            landfall_model::FieldType::Int,
        )]);
        assert!(matches!(
            commit(&mut writer, &write(Vec::new(), 2)),
            Err(Error::Poisoned)
        ));
        assert!(matches!(
            writer.topic(&Topic::new("/new")),
            Err(Error::Poisoned)
        ));
        assert!(matches!(writer.prepare(&[entity]), Err(Error::Poisoned)));
        assert!(matches!(
            writer.outcome_of(TransactionId(1)),
            Err(Error::Poisoned)
        ));
        assert_eq!(length(&writer), 1, "the writer still reads");
        drop(writer);

        let mut writer = open(folder.path());
        assert_eq!(length(&writer), 1);
        commit(&mut writer, &write(Vec::new(), 3)).expect("committed");
        assert_eq!(length(&writer), 3);
    }

    #[test]
    fn a_panic_inside_a_commit_ends_the_writer_and_keeps_nothing() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let mut writer = open(folder.path());
        commit(&mut writer, &write(Vec::new(), 1)).expect("committed");
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            writer.commit(&write(Vec::new(), 2), &mut |_| panic!("no events"))
        }));
        assert!(panicked.is_err());
        assert_eq!(length(&writer), 1, "what was not committed is not read");
        let after = commit(&mut writer, &write(Vec::new(), 3));
        assert!(matches!(after, Err(Error::Poisoned)), "{after:?}");
        drop(writer);
        assert_eq!(length(&open(folder.path())), 1);
    }

    #[test]
    fn statements_for_sets_of_changed_fields_are_bounded_and_each_right() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let mut writer = open(folder.path());
        let entity = sample::entity();
        let row = sample::new_row(&entity, 1, sample::row(&entity, 1, &[]));
        commit(&mut writer, &write(vec![row], 1)).expect("committed");
        let full = sample::full_row(&entity, 1);
        let mut current = sample::row(&entity, 1, &[]);
        // More sets than statements are kept.
        for set in 0..1_u32 << 10 {
            let changed = (1..entity.fields.len()).filter(|place| set >> (place - 1) & 1 == 1);
            for place in changed.clone() {
                current[place] = full[place].clone();
            }
            let row = RowWrite {
                changed: Some(changed.clone().collect()),
                ..sample::new_row(&entity, 1, current.clone())
            };
            within(&writer.connection, |connection| {
                let layout = Layout::new(&entity);
                rows::write(connection, &layout, &row)?;
                let layouts = &writer.shared.layouts;
                let read = rows::one(connection, layouts, &entity, row.id)?;
                let read = read.ok_or("the row is gone")?;
                for place in changed {
                    let stored = entity.fields[place].stored();
                    assert_eq!(
                        read[place],
                        if stored {
                            full[place].clone()
                        } else {
                            Value::Null
                        }
                    );
                }
                Ok(())
            })
            .expect("committed");
        }
    }
}
