//! What a commit group sees: the stored rows under the changes that the group has made so far.
//!
//! Each command works on top of its predecessors and is undone by [`Workspace::roll_back`] if it fails: the savepoint of a
//! command is a place in the list of undo steps. Nothing reaches the store before the whole group does.

use std::collections::HashMap;
use std::sync::Arc;

use landfall_model::{EntityDefinition, RecordId, Row, Value};
use landfall_store::{Document, DocumentKind, Reads, Result, RowWrite};

struct Held {
    entity: Arc<EntityDefinition>,
    /// As stored before the group; none for a record that the group made.
    stored: Option<Arc<Row>>,
    row: Arc<Row>,
}

enum Undo {
    Row(RecordId, Option<Arc<Row>>),
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
    documents: HashMap<(DocumentKind, String), Content>,
    undo: Vec<Undo>,
}

impl<'a> Workspace<'a> {
    pub(crate) fn new(reads: &'a dyn Reads) -> Self {
        Self {
            reads,
            held: HashMap::new(),
            documents: HashMap::new(),
            undo: Vec::new(),
        }
    }

    /// A record's row, deleted or not.
    pub(crate) fn row(&self, entity: &EntityDefinition, id: RecordId) -> Result<Option<Arc<Row>>> {
        if let Some(held) = self.held.get(&id) {
            return Ok(Some(Arc::clone(&held.row)));
        }
        Ok(self.reads.row(entity, id)?.map(Arc::new))
    }

    /// Rows of an object by the value of a field, deleted or not, `limit` at most.
    pub(crate) fn rows_where(
        &self,
        entity: &EntityDefinition,
        field: usize,
        value: &Value,
        limit: usize,
    ) -> Result<Vec<(RecordId, Arc<Row>)>> {
        // A held row hides the stored one, so ask for as many more as could be hidden.
        let hidden = self
            .held
            .values()
            .filter(|held| held.entity.name == entity.name && held.stored.is_some())
            .count();
        let stored = self
            .reads
            .rows_where(entity, field, value, limit.saturating_add(hidden))?;
        let case_sensitive = entity
            .fields
            .get(field)
            .is_some_and(|field| field.case_sensitive);
        let mut found: Vec<(RecordId, Arc<Row>)> = stored
            .into_iter()
            .filter_map(|row| Some((id_of(entity, &row)?, row)))
            .filter(|(id, _)| !self.held.contains_key(id))
            .map(|(id, row)| (id, Arc::new(row)))
            .collect();
        found.extend(
            self.held
                .iter()
                .filter(|(_, held)| held.entity.name == entity.name)
                .filter(|(_, held)| {
                    held.row
                        .get(field)
                        .is_some_and(|held| equal(held, value, case_sensitive))
                })
                .map(|(id, held)| (*id, Arc::clone(&held.row))),
        );
        found.sort_by_key(|(id, _)| *id);
        found.truncate(limit);
        Ok(found)
    }

    /// A document's content.
    pub(crate) fn document(&self, kind: DocumentKind, key: &str) -> Result<Option<Vec<u8>>> {
        match self.documents.get(&(kind, key.to_owned())) {
            Some(content) => Ok(content.0.clone()),
            None => self.reads.document(kind, key),
        }
    }

    /// Keeps a row; `before` is what [`Self::row`] said.
    pub(crate) fn put(
        &mut self,
        entity: &Arc<EntityDefinition>,
        id: RecordId,
        before: Option<&Arc<Row>>,
        row: Arc<Row>,
    ) {
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
                    if let Some(held) = self.held.get_mut(&id) {
                        held.row = row;
                    }
                }
                Undo::Row(id, None) => {
                    self.held.remove(&id);
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

    /// Everything that the store has to keep.
    pub(crate) fn into_writes(self) -> (Vec<RowWrite>, Vec<Document>) {
        let mut rows: Vec<RowWrite> = self
            .held
            .into_iter()
            .filter_map(|(id, held)| {
                let changed = match &held.stored {
                    None => None,
                    Some(stored) => {
                        let changed = changed_places(stored, &held.row);
                        if changed.is_empty() {
                            return None;
                        }
                        Some(changed)
                    }
                };
                Some(RowWrite {
                    entity: held.entity,
                    id,
                    row: Arc::unwrap_or_clone(held.row),
                    changed,
                })
            })
            .collect();
        rows.sort_by_key(|write| write.id);
        let documents = self
            .documents
            .into_iter()
            .map(|((kind, key), Content(content))| Document { kind, key, content })
            .collect();
        (rows, documents)
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

/// The id in a row.
pub(crate) fn id_of(entity: &EntityDefinition, row: &Row) -> Option<RecordId> {
    row.get(entity.index_of("Id")?)?.as_id()
}

fn equal(left: &Value, right: &Value, case_sensitive: bool) -> bool {
    match (left, right) {
        (Value::Text(left), Value::Text(right)) if !case_sensitive => {
            left.eq_ignore_ascii_case(right)
        }
        _ => left == right,
    }
}
