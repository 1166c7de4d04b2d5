//! Records and documents as they are kept.

use std::sync::Arc;

use landfall_model::limits::ROWS_BYTES_MAX;
use landfall_model::{EntityDefinition, RecordId, Row, Timestamp, Value};
use landfall_store::{DocumentKind, Failure, bytes_of};

use crate::Engine;
use crate::error::Error;
use crate::query;
use crate::replication::{self, Period};

impl Engine {
    /// A record's values, also of one in the recycle bin.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn row(
        &self,
        entity: &Arc<EntityDefinition>,
        id: RecordId,
    ) -> Result<Option<Row>, Error> {
        let entity = Arc::clone(entity);
        self.read_records(move |reader| reader.row(&entity, id))
            .await
    }

    /// The values of several records of one object, in the order of the ids; none for one that is not there.
    ///
    /// # Errors
    /// [`Error::Refused`] if they have more than [`ROWS_BYTES_MAX`], [`Error::Store`].
    pub async fn rows(
        &self,
        entity: &Arc<EntityDefinition>,
        ids: Vec<RecordId>,
    ) -> Result<Vec<Option<Row>>, Error> {
        let entity = Arc::clone(entity);
        let rows =
            self.read_records(move |reader| bounded(ids.iter().map(|id| reader.row(&entity, *id))));
        rows.await.map_err(query::too_many)
    }

    /// The names of several records of one object, in the order of the ids; none for one that is not there, has no name, or
    /// is damaged: names are shown beside something else, which is whole.
    ///
    /// # Errors
    /// [`Error::Store`] if records cannot be read.
    pub async fn names(
        &self,
        entity: &Arc<EntityDefinition>,
        ids: Vec<RecordId>,
    ) -> Result<Vec<Option<String>>, Error> {
        let Some(place) = entity.fields.iter().position(|field| field.name_field) else {
            return Ok(vec![None; ids.len()]);
        };
        let entity = Arc::clone(entity);
        let name = move |row: Row| match row.into_iter().nth(place) {
            Some(Value::Text(name)) => Some(name),
            _ => None,
        };
        self.read_records(move |reader| {
            let names = ids.iter().map(|id| match reader.row(&entity, *id) {
                Ok(row) => Ok(row.and_then(&name)),
                Err(failure) if failure.failure() == Failure::Damaged => Ok(None),
                Err(failure) => Err(failure),
            });
            names.collect()
        })
        .await
    }

    /// Records whose field equals a value, deleted ones included, `limit` at most.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn rows_where(
        &self,
        entity: &Arc<EntityDefinition>,
        field: usize,
        value: Value,
        limit: usize,
    ) -> Result<Vec<Row>, Error> {
        let entity = Arc::clone(entity);
        self.read_records(move |reader| reader.rows_where(&entity, field, &value, limit))
            .await
    }

    /// The records that were modified last, `limit` at most.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn recent_rows(
        &self,
        entity: &Arc<EntityDefinition>,
        limit: usize,
    ) -> Result<Vec<Row>, Error> {
        let entity = Arc::clone(entity);
        self.read_records(move |reader| reader.recent_rows(&entity, limit))
            .await
    }

    /// The records of an object that were last changed in a period, with the time. `user` is who waits for them.
    ///
    /// # Errors
    /// [`Error::Refused`] if there are too many to tell or it takes too long, [`Error::Store`].
    pub async fn replicated(
        &self,
        user: RecordId,
        entity: &Arc<EntityDefinition>,
        period: &Period,
    ) -> Result<Vec<(RecordId, Timestamp)>, Error> {
        replication::replicated(self, user, entity, period).await
    }

    /// How many records an object has, without those in the recycle bin. `user` is who waits for it.
    ///
    /// # Errors
    /// [`Error::Refused`] if it takes too long, [`Error::Store`].
    pub async fn record_count(
        &self,
        user: RecordId,
        entity: &Arc<EntityDefinition>,
    ) -> Result<u64, Error> {
        replication::count(self, user, entity).await
    }

    /// One document.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn document(
        &self,
        kind: DocumentKind,
        key: String,
    ) -> Result<Option<Vec<u8>>, Error> {
        self.read(move |reader| reader.document(kind, &key)).await
    }

    /// The bytes of a record's file.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn file(&self, record: RecordId) -> Result<Option<Vec<u8>>, Error> {
        self.document(DocumentKind::File, record.to_string()).await
    }

    /// All documents of a kind, in key order.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn documents(&self, kind: DocumentKind) -> Result<Vec<(String, Vec<u8>)>, Error> {
        self.read(move |reader| reader.documents(kind)).await
    }
}

/// All rows, if they have no more than [`ROWS_BYTES_MAX`].
fn bounded(
    rows: impl Iterator<Item = landfall_store::Result<Option<Row>>>,
) -> landfall_store::Result<Vec<Option<Row>>> {
    let (mut bytes, mut read) = (0, Vec::new());
    for row in rows {
        let row = row?;
        bytes += row.as_ref().map_or(0, |row| bytes_of(row));
        if bytes > ROWS_BYTES_MAX {
            return Err(landfall_store::Error::TooMany);
        }
        read.push(row);
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_a_bound_together() {
        let row = || Ok(Some(vec![Value::Text("x".repeat(ROWS_BYTES_MAX / 4))]));
        let few = bounded(std::iter::repeat_with(row).take(3));
        assert_eq!(few.expect("within the bound").len(), 3);
        let many = bounded(std::iter::repeat_with(row).take(2_000));
        assert!(matches!(many, Err(landfall_store::Error::TooMany)));
    }
}
