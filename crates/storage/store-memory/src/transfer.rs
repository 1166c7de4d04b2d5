//! A store that is moved into another one, and one that is filled, in batches that are small on purpose.

use std::io;
use std::sync::{Arc, RwLock};

use landfall_model::{EntityName, ReplayId, Topic, Value};
use landfall_store::laws::Movable;
use landfall_store::transfer::{
    Amounts, Batch, Export, Import, KeptBlock, KeptDocument, KeptField, KeptRecord, KeptTable,
};
use landfall_store::{
    DocumentKind, Error, Event, JobFiles, NewEvent, Opened, Position, Result, TopicId,
};

use crate::MemoryStore;
use crate::state::{self, Known, State};

/// Items of a batch.
const ITEMS: usize = 700;

/// The files of jobs.
struct Files(Arc<RwLock<State>>);

/// The whole store.
struct Whole {
    state: Arc<RwLock<State>>,
    files: Files,
}

impl Whole {
    fn of(store: &MemoryStore) -> Self {
        Self {
            state: Arc::clone(&store.state),
            files: Files(Arc::clone(&store.state)),
        }
    }
}

fn refused(reason: &str) -> Error {
    Error::Open {
        reason: reason.to_owned(),
    }
}

impl Movable for MemoryStore {
    fn export(&self) -> Result<Box<dyn Export>> {
        if state::read(&self.state).moving.is_some() {
            return Err(refused("the store is half filled"));
        }
        Ok(Box::new(Whole::of(self)))
    }

    fn import(&self) -> Result<Box<dyn Import>> {
        let mut state = state::write(&self.state);
        if state.moving.is_none() && state.position != Position::ORIGIN {
            return Err(refused("the store holds an org already"));
        }
        state.moving.get_or_insert_default();
        drop(state);
        Ok(Box::new(Whole::of(self)))
    }

    fn files(&self, _: &Opened) -> Arc<dyn JobFiles> {
        Arc::new(Files(Arc::clone(&self.state)))
    }
}

impl Export for Whole {
    fn position(&self) -> Position {
        state::read(&self.state).position
    }

    fn amounts(&self) -> Result<Amounts> {
        let state = state::read(&self.state);
        let count = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
        let records = state
            .tables
            .values()
            .map(|table| count(table.records.len()));
        Ok(Amounts {
            documents: count(state.documents.len()),
            records: records.sum(),
            events: count(state.events.len()),
        })
    }

    fn topics(&self) -> Result<Vec<(TopicId, Topic)>> {
        let state = state::read(&self.state);
        let topics = state.topics.iter().zip(1..);
        Ok(topics
            .map(|(name, number)| (TopicId(number), Topic::new(name.as_str())))
            .collect())
    }

    fn documents(&self, after: Option<(DocumentKind, &str)>) -> Result<Vec<KeptDocument>> {
        let after = after.map_or(("", ""), |(kind, key)| (kind.as_str(), key));
        let state = state::read(&self.state);
        let mut all: Vec<_> = state.documents.iter().collect();
        all.sort_unstable_by_key(|((kind, key), _)| (kind.as_str(), key));
        let later = all
            .into_iter()
            .filter(|((kind, key), _)| (kind.as_str(), key.as_str()) > after);
        let documents = later
            .take(ITEMS)
            .map(|((kind, key), content)| KeptDocument {
                kind: *kind,
                key: key.clone(),
                content: content.clone(),
            });
        Ok(documents.collect())
    }

    fn tables(&self) -> Result<Vec<KeptTable>> {
        let state = state::read(&self.state);
        let mut tables: Vec<KeptTable> = state
            .tables
            .iter()
            .map(|(entity, table)| KeptTable {
                entity: entity.clone(),
                fields: table
                    .kinds
                    .values()
                    .filter(|known| known.name != "Id")
                    .map(|known| KeptField {
                        name: known.name.clone(),
                        holds: known.holds,
                        index: known.index,
                        // Nobody has noted which definition is in force.
                        is_current: true,
                    })
                    .collect(),
            })
            .collect();
        tables.sort_unstable_by(|a, b| a.entity.as_str().cmp(b.entity.as_str()));
        Ok(tables)
    }

    fn records(&self, table: &KeptTable, after: u64) -> Result<Vec<KeptRecord>> {
        let state = state::read(&self.state);
        let Some(kept) = state.tables.get(&table.entity) else {
            return Ok(Vec::new());
        };
        let later = kept.records.range(after.saturating_add(1)..).take(ITEMS);
        let records = later.map(|(number, (id, values))| KeptRecord {
            number: *number,
            id: *id,
            values: table
                .fields
                .iter()
                .map(|field| {
                    let value = values.get(&field.name.to_ascii_lowercase());
                    value.cloned().unwrap_or_default()
                })
                .collect(),
        });
        Ok(records.collect())
    }

    fn blocks(&self, after: Option<ReplayId>) -> Result<Vec<KeptBlock>> {
        let state = state::read(&self.state);
        let later = state
            .events
            .iter()
            .filter(|event| after.is_none_or(|after| event.replay_id > after));
        let mut blocks: Vec<KeptBlock> = Vec::new();
        for event in later.take(ITEMS) {
            let new = NewEvent {
                topic: event.topic,
                id: event.id.clone(),
                schema: event.schema,
                payload: event.payload.clone(),
            };
            match blocks.last_mut() {
                Some(block) if block.appended == event.appended => block.events.push(new),
                _ => blocks.push(KeptBlock {
                    first: event.replay_id,
                    appended: event.appended,
                    events: vec![new],
                }),
            }
        }
        Ok(blocks)
    }

    fn files(&self) -> &dyn JobFiles {
        &self.files
    }
}

impl Import for Whole {
    fn noted(&self) -> Result<Option<String>> {
        let note = state::read(&self.state).moving.clone();
        Ok(note.filter(|note| !note.is_empty()))
    }

    fn write(&mut self, batch: Batch<'_>, note: &str) -> Result<()> {
        let mut state = state::write(&self.state);
        match batch {
            Batch::Topics(topics) => {
                let names = topics.iter().map(|(_, topic)| topic.as_str().to_owned());
                state.topics = names.collect();
            }
            Batch::Documents(documents) => {
                for document in documents {
                    let name = (document.kind, document.key.clone());
                    state.documents.insert(name, document.content.clone());
                }
            }
            Batch::Table(table) => create(&mut state, table),
            Batch::Records(table, records) => insert(&mut state, table, records),
            Batch::Blocks(blocks) => blocks.iter().for_each(|block| append(&mut state, block)),
            Batch::Indexes(_) | Batch::Nothing => {}
        }
        state.moving = Some(note.to_owned());
        Ok(())
    }

    fn files(&self) -> &dyn JobFiles {
        &self.files
    }

    fn finish(self: Box<Self>, position: Position) -> Result<()> {
        let mut state = state::write(&self.state);
        state.position = position;
        state.moving = None;
        Ok(())
    }
}

fn create(state: &mut State, table: &KeptTable) {
    let fields = table.fields.iter().map(|field| {
        let known = Known {
            name: field.name.clone(),
            holds: field.holds,
            index: field.index,
        };
        (field.name.to_ascii_lowercase(), known)
    });
    state.table(&EntityName::new(table.entity.as_str())).kinds = fields.collect();
}

fn insert(state: &mut State, table: &KeptTable, records: &[KeptRecord]) {
    let kept = state.table(&table.entity);
    for record in records {
        let values = table
            .fields
            .iter()
            .map(|field| field.name.to_ascii_lowercase())
            .zip(record.values.iter().cloned())
            .chain([("id".to_owned(), Value::Id(record.id))]);
        kept.records
            .insert(record.number, (record.id, values.collect()));
        kept.by_id.insert(record.id, record.number);
        kept.created = kept.created.max(record.number);
    }
}

fn append(state: &mut State, block: &KeptBlock) {
    let events = block.events.iter().zip(0..).map(|(event, place)| {
        Arc::new(Event {
            replay_id: block.first.advanced_by(place),
            topic: event.topic,
            appended: block.appended,
            id: event.id.clone(),
            schema: event.schema,
            payload: event.payload.clone(),
        })
    });
    state.events.extend(events);
}

fn missing() -> io::Error {
    io::ErrorKind::NotFound.into()
}

impl JobFiles for Files {
    fn create(&self, name: &str) -> io::Result<()> {
        let mut state = state::write(&self.0);
        state.files.insert(name.to_owned(), Vec::new());
        Ok(())
    }

    fn append(&self, name: &str, at: u64, bytes: &[u8]) -> io::Result<()> {
        let mut state = state::write(&self.0);
        let file = state.files.get_mut(name).ok_or_else(missing)?;
        if u64::try_from(file.len()).ok() != Some(at) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        file.extend_from_slice(bytes);
        Ok(())
    }

    fn keep(&self, _: &str) -> io::Result<()> {
        Ok(())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = state::write(&self.0);
        let file = state.files.remove(from).ok_or_else(missing)?;
        state.files.insert(to.to_owned(), file);
        Ok(())
    }

    fn size(&self, name: &str) -> io::Result<Option<u64>> {
        let state = state::read(&self.0);
        let file = state.files.get(name);
        Ok(file.map(|file| u64::try_from(file.len()).unwrap_or(u64::MAX)))
    }

    fn read(&self, name: &str, at: u64, most: usize) -> io::Result<Vec<u8>> {
        let state = state::read(&self.0);
        let file = state.files.get(name).ok_or_else(missing)?;
        let rest = usize::try_from(at).ok().and_then(|at| file.get(at..));
        Ok(rest
            .unwrap_or_default()
            .iter()
            .take(most)
            .copied()
            .collect())
    }

    fn remove(&self, name: &str) -> io::Result<bool> {
        Ok(state::write(&self.0).files.remove(name).is_some())
    }

    fn list(&self) -> io::Result<Vec<(String, u64)>> {
        let state = state::read(&self.0);
        let files = state.files.iter();
        Ok(files
            .map(|(name, file)| {
                let bytes = u64::try_from(file.len()).unwrap_or(u64::MAX);
                (name.clone(), bytes)
            })
            .collect())
    }

    fn place(&self) -> String {
        "memory".to_owned()
    }
}
