//! Records as they will be once fields have another type: what depends on new definitions is computed before the store
//! converts anything.

use landfall_model::{EntityDefinition, RecordId, Row, Topic, Value};
use landfall_store::{Conversion, DocumentKind, Error, Lookup, Reads, Result, TopicId};

/// Reads with conversions applied. Only the new definitions of converted objects are known here.
pub(super) struct AsConverted<'r> {
    reads: &'r dyn Reads,
    conversions: Vec<(&'r Conversion, Vec<usize>)>,
}

impl<'r> AsConverted<'r> {
    pub(super) fn new(reads: &'r dyn Reads, conversions: &'r [Conversion]) -> Self {
        let conversions = conversions.iter();
        Self {
            reads,
            conversions: conversions
                .map(|conversion| (conversion, conversion.places()))
                .collect(),
        }
    }

    fn of(&self, entity: &EntityDefinition) -> Option<&(&'r Conversion, Vec<usize>)> {
        let mut conversions = self.conversions.iter();
        conversions.find(|(conversion, _)| conversion.to.name == entity.name)
    }

    /// As the rows are stored.
    fn stored<'e>(&self, entity: &'e EntityDefinition) -> &'e EntityDefinition
    where
        'r: 'e,
    {
        self.of(entity)
            .map_or(entity, |(conversion, _)| &conversion.from)
    }

    fn row_of(&self, entity: &EntityDefinition, mut row: Row) -> Row {
        if let Some((conversion, places)) = self.of(entity) {
            for place in places {
                if let Some(value) = row.get_mut(*place) {
                    *value = conversion.value(*place, value);
                }
            }
        }
        row
    }

    fn rows_of(&self, entity: &EntityDefinition, rows: Vec<Row>) -> Vec<Row> {
        rows.into_iter()
            .map(|row| self.row_of(entity, row))
            .collect()
    }
}

impl Reads for AsConverted<'_> {
    fn row(&self, entity: &EntityDefinition, id: RecordId) -> Result<Option<Row>> {
        let row = self.reads.row(self.stored(entity), id)?;
        Ok(row.map(|row| self.row_of(entity, row)))
    }

    fn rows_where(
        &self,
        entity: &EntityDefinition,
        field: usize,
        value: &Value,
        limit: usize,
    ) -> Result<Vec<Row>> {
        let is_converted = self
            .of(entity)
            .is_some_and(|(_, places)| places.contains(&field));
        if is_converted {
            // Nothing that new definitions lead to looks for values: only changes of clients do.
            return Err(Error::Read {
                what: "record",
                source: "a field that is being converted cannot be searched".into(),
            });
        }
        let rows = self
            .reads
            .rows_where(self.stored(entity), field, value, limit)?;
        Ok(self.rows_of(entity, rows))
    }

    fn rows(&self, records: &[(&EntityDefinition, RecordId)]) -> Result<Vec<Option<Row>>> {
        let stored: Vec<_> = records
            .iter()
            .map(|(entity, id)| (self.stored(entity), *id))
            .collect();
        let rows = self.reads.rows(&stored)?.into_iter().zip(records);
        let rows = rows.map(|(row, (entity, _))| row.map(|row| self.row_of(entity, row)));
        Ok(rows.collect())
    }

    fn matching(&self, lookups: &[Lookup<'_>]) -> Result<Vec<Vec<Row>>> {
        let lookups = lookups.iter();
        lookups
            .map(|lookup| self.rows_where(lookup.entity, lookup.field, lookup.value, lookup.limit))
            .collect()
    }

    fn recent_rows(&self, entity: &EntityDefinition, limit: usize) -> Result<Vec<Row>> {
        let rows = self.reads.recent_rows(self.stored(entity), limit)?;
        Ok(self.rows_of(entity, rows))
    }

    fn document(&self, kind: DocumentKind, key: &str) -> Result<Option<Vec<u8>>> {
        self.reads.document(kind, key)
    }

    fn documents_at(&self, kind: DocumentKind, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>> {
        self.reads.documents_at(kind, keys)
    }

    fn documents(&self, kind: DocumentKind) -> Result<Vec<(String, Vec<u8>)>> {
        self.reads.documents(kind)
    }

    fn topic_number(&self, topic: &Topic) -> Result<Option<TopicId>> {
        self.reads.topic_number(topic)
    }
}
