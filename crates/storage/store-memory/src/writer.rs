//! The write side: a commit is checked, then its events are made, then all of it is kept at once.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use landfall_model::limits::MEMORY_TRIM_EVENTS_MAX;
use landfall_model::{EntityDefinition, EntityName, RecordId, Row, Timestamp, Topic, Value};
use landfall_store::{
    Appended, Cause, Commit, Committed, DocumentKind, Error, Event, Failure, Lookup, Outcome,
    Position, Reads, Result, TopicId, Touched, TransactionId, WriteSet, Writer,
};

use crate::reader::MemoryReader;
use crate::state;

pub(crate) struct MemoryWriter {
    reader: MemoryReader,
    reads: Arc<AtomicUsize>,
    /// The objects whose records the feed lists.
    reported: BTreeSet<EntityName>,
    poisoned: bool,
}

impl MemoryWriter {
    pub(crate) const fn new(reader: MemoryReader, reads: Arc<AtomicUsize>) -> Self {
        Self {
            reader,
            reads,
            reported: BTreeSet::new(),
            poisoned: false,
        }
    }

    fn counted(&self) -> &MemoryReader {
        self.reads.fetch_add(1, Ordering::Relaxed);
        &self.reader
    }

    fn check(&self) -> Result<()> {
        if self.poisoned {
            Err(Error::Poisoned)
        } else {
            Ok(())
        }
    }

    fn ended(&mut self, source: Cause) -> Error {
        self.poisoned = true;
        Error::Commit {
            failure: Failure::Other,
            source,
        }
    }

    fn report(&self, position: Position, touched: Touched) -> Arc<Commit> {
        let commit = Arc::new(Commit {
            number: position.commit_number,
            tail: position.tail,
            appended_at: position.appended_at,
            touched,
        });
        self.reader.recent.push(Arc::clone(&commit));
        commit
    }
}

impl Reads for MemoryWriter {
    fn row(&self, entity: &EntityDefinition, id: RecordId) -> Result<Option<Row>> {
        self.counted().row(entity, id)
    }

    fn rows_where(
        &self,
        entity: &EntityDefinition,
        field: usize,
        value: &Value,
        limit: usize,
    ) -> Result<Vec<Row>> {
        self.counted().rows_where(entity, field, value, limit)
    }

    fn rows(&self, records: &[(&EntityDefinition, RecordId)]) -> Result<Vec<Option<Row>>> {
        self.counted().rows(records)
    }

    fn matching(&self, lookups: &[Lookup<'_>]) -> Result<Vec<Vec<Row>>> {
        self.counted().matching(lookups)
    }

    fn recent_rows(&self, entity: &EntityDefinition, limit: usize) -> Result<Vec<Row>> {
        self.counted().recent_rows(entity, limit)
    }

    fn document(&self, kind: DocumentKind, key: &str) -> Result<Option<Vec<u8>>> {
        self.counted().document(kind, key)
    }

    fn documents_at(&self, kind: DocumentKind, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>> {
        self.counted().documents_at(kind, keys)
    }

    fn documents(&self, kind: DocumentKind) -> Result<Vec<(String, Vec<u8>)>> {
        self.counted().documents(kind)
    }

    fn topic_number(&self, topic: &Topic) -> Result<Option<TopicId>> {
        self.counted().topic_number(topic)
    }
}

impl Writer for MemoryWriter {
    fn prepare(&mut self, entities: &[Arc<EntityDefinition>]) -> Result<()> {
        self.check()?;
        let mut state = state::write(&self.reader.state);
        for entity in entities {
            if let Some((field, kept, wanted)) = state.table(&entity.name).conflict(entity) {
                return Err(Error::FieldKept {
                    entity: entity.name.to_string(),
                    field: field.name.to_string(),
                    kept: kept.to_string(),
                    wanted: wanted.to_string(),
                });
            }
        }
        for entity in entities {
            state.table(&entity.name).prepare(entity);
        }
        Ok(())
    }

    fn topic(&mut self, topic: &Topic) -> Result<TopicId> {
        self.check()?;
        let mut state = state::write(&self.reader.state);
        let known = state.topics.iter().position(|name| name == topic.as_str());
        let index = known.unwrap_or(state.topics.len());
        if known.is_none() {
            state.topics.push(topic.as_str().to_owned());
        }
        let number = u32::try_from(index + 1).map_err(|error| Error::Commit {
            failure: Failure::Other,
            source: error.into(),
        })?;
        Ok(TopicId(number))
    }

    fn report_records_of(&mut self, objects: &[EntityName]) {
        self.reported = objects.iter().cloned().collect();
    }

    fn commit(
        &mut self,
        write: &WriteSet,
        events: &mut dyn FnMut(Position) -> Appended,
    ) -> Result<Outcome> {
        self.check()?;
        // Until it has succeeded: a panic in `events` ends this writer too.
        self.poisoned = true;
        let from = {
            let state = state::read(&self.reader.state);
            if let Err(source) = state.check(write) {
                return Err(Error::Commit {
                    failure: Failure::Other,
                    source,
                });
            }
            state.position
        };
        let appended = events(from);
        if appended.commit_number < from.commit_number {
            return Err(Error::Commit {
                failure: Failure::Other,
                source: "the commit number goes back".into(),
            });
        }
        let to = from.after(&appended);
        let mut replay_id = from.tail;
        let events: Vec<Arc<Event>> = appended
            .events
            .into_iter()
            .map(|event| {
                replay_id = replay_id.advanced_by(1);
                Arc::new(Event {
                    replay_id,
                    topic: event.topic,
                    appended: to.appended_at,
                    id: event.id,
                    schema: event.schema,
                    payload: event.payload,
                })
            })
            .collect();
        {
            let mut state = state::write(&self.reader.state);
            state.apply(write);
            state.events.extend(events.iter().cloned());
            state.position = to;
        }
        self.poisoned = false;
        let commit = self.report(to, Touched::by(write, &self.reported));
        Ok(Outcome::Committed(Committed { events, commit }))
    }

    /// No commit of this store is ever in doubt.
    fn outcome_of(&mut self, transaction: TransactionId) -> Result<Outcome> {
        self.check()?;
        Err(self.ended(format!("transaction {} was never in doubt", transaction.0).into()))
    }

    fn trim(&mut self, before: Timestamp) -> Result<bool> {
        self.check()?;
        let (trimmed, position, has_more) = {
            let mut state = state::write(&self.reader.state);
            let old = state.events.iter();
            let old = old.take_while(|event| event.appended < before).count();
            let events = old.min(MEMORY_TRIM_EVENTS_MAX);
            let trimmed = state.events.drain(..events).next_back();
            if trimmed.is_some() {
                state.position.commit_number = state.position.commit_number.advanced_by(1);
            }
            (trimmed, state.position, old > events)
        };
        if let Some(newest) = trimmed {
            let touched = Touched {
                trimmed: Some(newest.replay_id),
                ..Touched::default()
            };
            self.report(position, touched);
        }
        Ok(has_more)
    }
}
