//! Out of the recycle bin for good, or past it, and what went there together.
//!
//! Source: `emptyRecycleBin()`, `undelete()` (SOAP API Developer Guide); `hardDelete` in "Create a Job" (Bulk API 2.0 and
//! Bulk API Developer Guide).

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use landfall_model::{BulkFault, Fault, FieldType, RecordFault, RecordId, Row, Value};
use landfall_store::{Document, DocumentKind};
use serde::{Deserialize, Serialize};

use super::Planner;
use crate::access::Access;
use crate::blueprint::Blueprint;
use crate::command::Saved;
use crate::error::Error;
use crate::object_access::Act;
use crate::stored;

const WHAT: &str = "list of the records that were deleted along with another";

/// Records that went to the recycle bin along with another, as they are stored.
#[derive(Serialize, Deserialize)]
struct Along {
    ids: Vec<String>,
}

/// The document of the records that went to the recycle bin along with `record`.
pub(super) fn along_document(record: RecordId, along: &[RecordId]) -> Document {
    let ids = along.iter().map(RecordId::to_string).collect();
    stored::document(
        DocumentKind::DeletedAlong,
        record.to_string(),
        &Along { ids },
    )
}

pub(crate) fn read_along(content: &[u8]) -> Result<Vec<RecordId>, Error> {
    let ids = if stored::is_versioned(content) {
        stored::read::<Along>(WHAT, content)?.ids
    } else {
        // Before version 1 the ids followed each other without anything in between.
        let ids = content.chunks(18).map(String::from_utf8_lossy);
        ids.map(std::borrow::Cow::into_owned).collect()
    };
    let ids = ids.iter().map(|id| {
        RecordId::parse(id).map_err(|_| Error::Document {
            what: WHAT,
            reason: format!("{id} is no record id"),
        })
    });
    ids.collect()
}

impl<'p> Planner<'p, '_> {
    /// Purges a record in the recycle bin, with all that its deletion cascaded to. No event reports it.
    pub(super) fn purge(&mut self, object: &'p Blueprint, id: RecordId) -> Result<Saved, Error> {
        self.allow(Act::Delete, &object.entity)?;
        let row = self.workspace.row(object, id)?;
        let row = row.filter(|row| object.is_deleted(row));
        let row = row.ok_or(Fault::Record(RecordFault::BinEntryMissing))?;
        if self.went_along(object, id, &row)? {
            return Err(Fault::Record(RecordFault::BinEntryMissing).into());
        }
        self.forget_half(object, &row)?;
        self.workspace.forget(&object.entity, id);
        for child in self.take_along_with(id)? {
            if let Some(object) = self.blueprints.with_prefix(child.prefix())
                && let Some(row) = self.workspace.row(object, child)?
                && object.is_deleted(&row)
            {
                self.forget_half(object, &row)?;
                self.workspace.forget(&object.entity, child);
            }
        }
        Ok(Saved { id, created: false })
    }

    /// Deletes a record for good, with all that the deletion cascades to. Events report the deletion.
    pub(super) fn erase(&mut self, object: &'p Blueprint, id: RecordId) -> Result<Saved, Error> {
        let may = |access: &Arc<Access>| access.permissions().bulk_hard_delete;
        if !self.access.as_ref().is_none_or(may) {
            return Err(Fault::Bulk(BulkFault::HardDeleteDenied).into());
        }
        let deleted = self.delete(object, id)?;
        if object.system.is_deleted.is_some() {
            self.purge(object, id)?;
        }
        Ok(deleted)
    }

    /// The records that went to the recycle bin along with another; from now on they are there on their own.
    pub(super) fn take_along_with(&mut self, id: RecordId) -> Result<Vec<RecordId>, Error> {
        let along = self.along_with(id)?;
        if !along.is_empty() {
            self.workspace.put_document(Document {
                kind: DocumentKind::DeletedAlong,
                key: id.to_string(),
                content: None,
            });
        }
        Ok(along)
    }

    fn along_with(&self, id: RecordId) -> Result<Vec<RecordId>, Error> {
        let content = self.workspace.document(DocumentKind::DeletedAlong, id)?;
        content.map_or_else(|| Ok(Vec::new()), |content| read_along(&content))
    }

    /// Whether the deletion of another record cascaded to a record: it is restored, or purged, with that one only.
    pub(super) fn went_along(
        &mut self,
        object: &'p Blueprint,
        id: RecordId,
        row: &Arc<Row>,
    ) -> Result<bool, Error> {
        let mut seen = HashSet::from([id]);
        let mut queue = VecDeque::from([(object, Arc::clone(row))]);
        while let Some((object, row)) = queue.pop_front() {
            for (above, parent) in self.takes_along(object, &row)? {
                if !seen.insert(parent) {
                    continue;
                }
                let Some(row) = self.workspace.row(above, parent)? else {
                    continue;
                };
                if above.is_deleted(&row) {
                    if self.along_with(parent)?.contains(&id) {
                        return Ok(true);
                    }
                    queue.push_back((above, row));
                }
            }
        }
        Ok(false)
    }

    /// The records that take this one along when they are deleted.
    fn takes_along(
        &self,
        object: &Blueprint,
        row: &Row,
    ) -> Result<Vec<(&'p Blueprint, RecordId)>, Error> {
        let parents = row.iter().enumerate().filter_map(|(place, value)| {
            let parent = value.as_id()?;
            let above = self.blueprints.with_prefix(parent.prefix())?;
            above.cascades_to(object, place).then_some((above, parent))
        });
        let mut above: Vec<_> = parents.collect();
        above.extend(self.other_half(object, row)?);
        Ok(above)
    }

    /// Clears references to records that are gone for good.
    ///
    /// # Errors
    /// [`RecordFault::NotDeleted`] if the record cannot be without one of them.
    pub(super) fn let_go(&mut self, object: &Blueprint, row: &mut Row) -> Result<(), Error> {
        for (field, value) in object.entity.fields.iter().zip(row) {
            let (FieldType::Reference, Value::Id(id)) = (field.field_type, &*value) else {
                continue;
            };
            let Some(target) = self.blueprints.with_prefix(id.prefix()) else {
                continue;
            };
            if self.workspace.row(target, *id)?.is_none() {
                if !field.nillable {
                    return Err(Fault::Record(RecordFault::NotDeleted).into());
                }
                *value = Value::Null;
            }
        }
        Ok(())
    }
}
