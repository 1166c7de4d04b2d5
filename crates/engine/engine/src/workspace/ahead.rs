//! What was read ahead by the value of a field. The store does not change while a group is planned, so it stays true.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use landfall_model::{RecordId, Row, Value};
use landfall_store::DocumentKind;

use super::index::{Field, digest};
use crate::blueprint::Blueprint;

/// A lookup that is needed: the field, the value, the object, and how many rows are read at most.
pub(crate) type Holders<'b> = (Field, Value, &'b Blueprint, usize);

/// What commands will read, each row and each value once.
#[derive(Default)]
pub(crate) struct Needed<'b> {
    pub(super) rows: BTreeMap<RecordId, &'b Blueprint>,
    pub(super) holders: Vec<Holders<'b>>,
    /// Documents about records.
    pub(super) documents: BTreeSet<(DocumentKind, RecordId)>,
    seen: HashSet<(Field, u64)>,
}

impl<'b> Needed<'b> {
    /// A record of an object.
    pub(crate) fn row(&mut self, object: &'b Blueprint, id: RecordId) {
        if id.prefix() == object.entity.key_prefix {
            self.rows.insert(id, object);
        }
    }

    /// The records of an object that have a value in a field.
    pub(crate) fn holders(
        &mut self,
        object: &'b Blueprint,
        place: usize,
        value: Value,
        limit: usize,
    ) {
        let field = (object.entity.key_prefix, place);
        // Two values of one digest are rare: the second is read when it is needed.
        if self.seen.insert((field, digest(&value))) {
            self.holders.push((field, value, object, limit));
        }
    }

    /// A document about a record.
    pub(crate) fn document(&mut self, kind: DocumentKind, id: RecordId) {
        self.documents.insert((kind, id));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.holders.is_empty() && self.documents.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len() + self.holders.len() + self.documents.len()
    }
}

/// The lookups that were read ahead.
#[derive(Default)]
pub(crate) struct Ahead(HashMap<(Field, u64), Known>);

struct Known {
    value: Value,
    /// Whether every row that has the value is among them.
    is_all: bool,
    rows: Vec<(RecordId, Arc<Row>)>,
}

impl Ahead {
    pub(super) fn keep(
        &mut self,
        field: Field,
        value: &Value,
        limit: usize,
        rows: Vec<(RecordId, Arc<Row>)>,
    ) {
        let known = Known {
            value: value.clone(),
            is_all: rows.len() < limit,
            rows,
        };
        self.0.insert((field, digest(value)), known);
    }

    /// The rows that have the value, `limit` of them at least if there are so many; none if too few were read.
    pub(super) fn find(
        &self,
        field: Field,
        value: &Value,
        limit: usize,
    ) -> Option<&[(RecordId, Arc<Row>)]> {
        let known = self.0.get(&(field, digest(value)))?;
        let is_enough = known.is_all || known.rows.len() >= limit;
        (is_enough && known.value == *value).then_some(&*known.rows)
    }
}
