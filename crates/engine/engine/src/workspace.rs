//! What a commit group sees: the stored rows under the changes that the group has made so far.
//!
//! Each command works on top of its predecessors and is undone by [`Workspace::roll_back`] if it fails: the savepoint of a
//! command is a place in the list of undo steps. Nothing reaches the store before the whole group does.

mod ahead;
mod index;

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use landfall_model::{EntityDefinition, RecordId, Row, Value};
use landfall_store::{
    Document, DocumentKind, Lookup, Reads, Result, RowRemoval, RowWrite, WriteSet,
};

use crate::blueprint::Blueprint;
use crate::file_bytes::{bytes_document, file_of};
use crate::rows;
use ahead::Ahead;
use index::Index;

pub(crate) use ahead::Needed;

struct Held {
    entity: Arc<EntityDefinition>,
    /// As stored before the group; none for a record that the group made.
    stored: Option<Arc<Row>>,
    row: Arc<Row>,
}

enum Undo {
    Row(RecordId, Option<Arc<Row>>),
    Forgotten(RecordId),
    Document((DocumentKind, String), Option<Content>),
}

/// What a document will hold; none if it is to be forgotten.
struct Content(Option<Vec<u8>>);

/// A place to roll back to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Savepoint(usize);

/// The rows of a group in the making.
pub(crate) struct Workspace<'a> {
    reads: &'a dyn Reads,
    held: HashMap<RecordId, Held>,
    /// Records that are gone for good, with their objects.
    forgotten: BTreeMap<RecordId, Arc<EntityDefinition>>,
    /// What was read and not changed: the same owners and parents are asked for again and again.
    unchanged: HashMap<RecordId, Option<Arc<Row>>>,
    /// Stored rows by the value of a field, as far as they were read ahead.
    ahead: Ahead,
    /// Documents about records, as stored, as far as they were read ahead.
    documents_ahead: HashMap<(DocumentKind, RecordId), Option<Vec<u8>>>,
    /// Rows that were read when they were needed.
    read_late: usize,
    index: Index,
    documents: BTreeMap<(DocumentKind, String), Content>,
    undo: Vec<Undo>,
}

impl<'a> Workspace<'a> {
    pub(crate) fn new(reads: &'a dyn Reads) -> Self {
        Self {
            reads,
            held: HashMap::new(),
            forgotten: BTreeMap::new(),
            unchanged: HashMap::new(),
            ahead: Ahead::default(),
            documents_ahead: HashMap::new(),
            read_late: 0,
            index: Index::default(),
            documents: BTreeMap::new(),
            undo: Vec::new(),
        }
    }

    /// How many rows the group holds, besides those that were read ahead for it.
    pub(crate) fn len(&self) -> usize {
        self.held.len() + self.read_late
    }

    /// Reads what commands will need, in four calls of the store at most.
    pub(crate) fn read(&mut self, needed: Needed<'_>) -> Result<()> {
        let rows = needed.rows.into_iter();
        let rows: Vec<_> = rows
            .filter(|(id, _)| !self.unchanged.contains_key(id) && !self.held.contains_key(id))
            .map(|(id, object)| (&*object.entity, id))
            .collect();
        if !rows.is_empty() {
            let read = self.reads.rows(&rows)?;
            let read = rows.iter().zip(read);
            self.unchanged
                .extend(read.map(|((_, id), row)| (*id, row.map(Arc::new))));
        }
        for kind in [DocumentKind::DeletedAlong, DocumentKind::Invitation] {
            let unread = |about: &&(DocumentKind, RecordId)| {
                about.0 == kind && !self.documents_ahead.contains_key(about)
            };
            let about: Vec<_> = needed.documents.iter().filter(unread).copied().collect();
            if !about.is_empty() {
                let keys: Vec<String> = about.iter().map(|(_, id)| id.to_string()).collect();
                let read = self.reads.documents_at(kind, &keys)?;
                self.documents_ahead.extend(about.into_iter().zip(read));
            }
        }
        let lookups: Vec<_> = needed
            .holders
            .iter()
            .filter(|((_, place), value, object, limit)| {
                let field = (object.entity.key_prefix, *place);
                self.ahead.find(field, value, *limit).is_none()
            })
            .collect();
        if lookups.is_empty() {
            return Ok(());
        }
        let asked: Vec<Lookup<'_>> = lookups
            .iter()
            .map(|((_, place), value, object, limit)| Lookup {
                entity: &object.entity,
                field: *place,
                value,
                limit: *limit,
            })
            .collect();
        let found = self.reads.matching(&asked)?;
        for ((field, value, object, limit), rows) in lookups.into_iter().zip(found) {
            let mut holders = Vec::with_capacity(rows.len());
            for row in rows {
                let Some(id) = rows::read(&row, object.system.id).as_id() else {
                    continue;
                };
                let row = Arc::new(row);
                self.unchanged
                    .entry(id)
                    .or_insert_with(|| Some(Arc::clone(&row)));
                holders.push((id, row));
            }
            self.ahead.keep(*field, value, *limit, holders);
        }
        Ok(())
    }

    /// The records that were read ahead by the value of a field.
    pub(crate) fn read_ahead(
        &self,
        object: &Blueprint,
        place: usize,
        value: &Value,
    ) -> Vec<RecordId> {
        let field = (object.entity.key_prefix, place);
        let found = self.ahead.find(field, value, 0);
        found.into_iter().flatten().map(|(id, _)| *id).collect()
    }

    /// Stored rows of an object by the value of a field, `limit` at most.
    fn stored_where(
        &mut self,
        object: &Blueprint,
        place: usize,
        value: &Value,
        limit: usize,
    ) -> Result<Vec<(RecordId, Arc<Row>)>> {
        let field = (object.entity.key_prefix, place);
        if let Value::Id(target) = value
            && self
                .held
                .get(target)
                .is_some_and(|held| held.stored.is_none())
        {
            // The group has made it: nothing that is stored refers to it.
            return Ok(Vec::new());
        }
        if let Some(known) = self.ahead.find(field, value, limit) {
            return Ok(known.iter().take(limit).cloned().collect());
        }
        let rows = self.reads.rows_where(&object.entity, place, value, limit)?;
        self.read_late += rows.len();
        let rows = rows.into_iter();
        let rows = rows.filter_map(|row| {
            let id = rows::read(&row, object.system.id).as_id()?;
            Some((id, Arc::new(row)))
        });
        Ok(rows.collect())
    }

    /// The row of a record of the object, deleted or not.
    pub(crate) fn row(&mut self, object: &Blueprint, id: RecordId) -> Result<Option<Arc<Row>>> {
        if id.prefix() != object.entity.key_prefix || self.forgotten.contains_key(&id) {
            return Ok(None);
        }
        if let Some(held) = self.held.get(&id) {
            return Ok(Some(Arc::clone(&held.row)));
        }
        match self.unchanged.entry(id) {
            Entry::Occupied(read) => Ok(read.get().clone()),
            Entry::Vacant(unread) => {
                let row = self.reads.row(&object.entity, id)?.map(Arc::new);
                self.read_late += 1;
                Ok(unread.insert(row).clone())
            }
        }
    }

    /// Records of an object by the value of a field, in the order of their ids, `limit` at most. Those in the recycle bin
    /// are left out.
    pub(crate) fn live_where(
        &mut self,
        object: &Blueprint,
        place: usize,
        value: &Value,
        limit: usize,
    ) -> Result<Vec<(RecordId, Arc<Row>)>> {
        let entity = &*object.entity;
        let field = entity.fields.get(place);
        let case_sensitive = field.is_some_and(|field| field.case_sensitive);
        let held = &self.held;
        let candidates = self
            .index
            .candidates((entity.key_prefix, place), value, || {
                held.iter()
                    .filter(|(_, held)| held.entity.key_prefix == entity.key_prefix)
                    .map(|(id, held)| (*id, held.row.get(place).unwrap_or(&Value::Null)))
            });
        let mut found: Vec<(RecordId, Arc<Row>)> = candidates
            .iter()
            .filter(|id| !self.forgotten.contains_key(id))
            .filter_map(|id| Some((*id, Arc::clone(&self.held.get(id)?.row))))
            .filter(|(_, row)| {
                let value_held = row.get(place).unwrap_or(&Value::Null);
                equal(value_held, value, case_sensitive) && !object.is_deleted(row)
            })
            .collect();
        // Held rows hide what is stored of them, and deleted ones do not count: ask on until enough is left.
        let mut asked = limit.saturating_add(candidates.len()).saturating_add(1);
        loop {
            let stored = self.stored_where(object, place, value, asked)?;
            let is_all = stored.len() < asked;
            let live: Vec<_> = stored
                .into_iter()
                .filter(|(_, row)| !object.is_deleted(row))
                .filter(|(id, _)| !self.held.contains_key(id) && !self.forgotten.contains_key(id))
                .collect();
            if is_all || live.len() >= limit {
                found.extend(live);
                break;
            }
            asked = asked.saturating_mul(4);
        }
        found.sort_by_key(|(id, _)| *id);
        found.truncate(limit);
        Ok(found)
    }

    /// A document about a record.
    pub(crate) fn document(&self, kind: DocumentKind, id: RecordId) -> Result<Option<Vec<u8>>> {
        let key = id.to_string();
        if let Some(content) = self.documents.get(&(kind, key.clone())) {
            return Ok(content.0.clone());
        }
        match self.documents_ahead.get(&(kind, id)) {
            Some(content) => Ok(content.clone()),
            None => self.reads.document(kind, &key),
        }
    }

    /// The row of a record as far as it is in memory.
    pub(crate) fn known_row(&self, id: RecordId) -> Option<Arc<Row>> {
        self.unchanged.get(&id)?.clone()
    }

    /// Keeps a row; `before` is what [`Self::row`] said.
    pub(crate) fn put(
        &mut self,
        entity: &Arc<EntityDefinition>,
        id: RecordId,
        before: Option<&Arc<Row>>,
        row: Arc<Row>,
    ) {
        self.index.add(id, &row);
        let previous = if let Some(held) = self.held.get_mut(&id) {
            Some(std::mem::replace(&mut held.row, row))
        } else {
            let held = Held {
                entity: Arc::clone(entity),
                stored: before.cloned(),
                row,
            };
            self.held.insert(id, held);
            None
        };
        self.undo.push(Undo::Row(id, previous));
    }

    /// Forgets a record, be it in the recycle bin or of an object that has none.
    pub(crate) fn forget(&mut self, entity: &Arc<EntityDefinition>, id: RecordId) {
        if self.forgotten.insert(id, Arc::clone(entity)).is_none() {
            self.undo.push(Undo::Forgotten(id));
        }
        if file_of(entity).is_some() {
            self.put_document(bytes_document(id, None));
        }
    }

    /// Keeps a document, or forgets it.
    pub(crate) fn put_document(&mut self, document: Document) {
        let name = (document.kind, document.key);
        let previous = self
            .documents
            .insert(name.clone(), Content(document.content));
        self.undo.push(Undo::Document(name, previous));
    }

    /// The present, to come back to.
    pub(crate) const fn savepoint(&self) -> Savepoint {
        Savepoint(self.undo.len())
    }

    /// Takes back everything since the savepoint.
    pub(crate) fn roll_back(&mut self, to: Savepoint) {
        for step in self.undo.drain(to.0..).rev() {
            match step {
                Undo::Row(id, Some(row)) => {
                    // The index may have been begun after this row was left.
                    self.index.add(id, &row);
                    if let Some(held) = self.held.get_mut(&id) {
                        held.row = row;
                    }
                }
                Undo::Row(id, None) => {
                    self.held.remove(&id);
                }
                Undo::Forgotten(id) => {
                    self.forgotten.remove(&id);
                }
                Undo::Document(name, Some(content)) => {
                    self.documents.insert(name, content);
                }
                Undo::Document(name, None) => {
                    self.documents.remove(&name);
                }
            }
        }
    }

    /// Everything that the store has to keep, and to forget.
    pub(crate) fn into_writes(self) -> WriteSet {
        let Self {
            held, forgotten, ..
        } = self;
        let removals = forgotten
            .iter()
            // What the group itself has made was never stored.
            .filter(|(id, _)| held.get(id).is_none_or(|held| held.stored.is_some()))
            .map(|(id, entity)| RowRemoval {
                entity: Arc::clone(entity),
                id: *id,
            })
            .collect();
        let mut rows: Vec<RowWrite> = held
            .into_iter()
            .filter(|(id, _)| !forgotten.contains_key(id))
            .filter_map(|(id, held)| held.into_write(id))
            .collect();
        rows.sort_by_key(|write| write.id);
        let documents = self
            .documents
            .into_iter()
            .map(|((kind, key), Content(content))| Document { kind, key, content })
            .collect();
        WriteSet {
            conversions: Vec::new(),
            tables: Vec::new(),
            rows,
            removals,
            documents,
        }
    }
}

impl Held {
    /// What is to be written of it; nothing if it is as stored.
    fn into_write(self, id: RecordId) -> Option<RowWrite> {
        let changed = match &self.stored {
            None => None,
            Some(stored) => {
                let changed = changed_places(stored, &self.row);
                if changed.is_empty() {
                    return None;
                }
                Some(changed)
            }
        };
        Some(RowWrite {
            entity: self.entity,
            id,
            row: Arc::unwrap_or_clone(self.row),
            changed,
        })
    }
}

fn changed_places(before: &Row, after: &Row) -> Vec<usize> {
    before
        .iter()
        .zip(after)
        .enumerate()
        .filter(|(_, (before, after))| before != after)
        .map(|(place, _)| place)
        .collect()
}

fn equal(left: &Value, right: &Value, case_sensitive: bool) -> bool {
    match (left, right) {
        (Value::Text(left), Value::Text(right)) if !case_sensitive => {
            left.eq_ignore_ascii_case(right)
        }
        _ => left == right,
    }
}
