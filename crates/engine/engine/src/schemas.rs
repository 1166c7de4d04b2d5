//! Every event schema that was ever issued, by id: a retained event can always be read.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use landfall_model::SchemaId;
use landfall_schema::EventSchema;
use landfall_store::{Document, DocumentKind, Reads};

use crate::error::Error;
use crate::shipped::shipped;
use crate::touched::Scope;

/// The schemas of an org.
#[derive(Debug, Default)]
pub(crate) struct Schemas(RwLock<HashMap<SchemaId, Arc<EventSchema>>>);

impl Schemas {
    /// Reads the schemas that a commit has stored.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Document`].
    pub(crate) fn apply(
        &self,
        reads: &dyn Reads,
        touched: &Scope<'_, String>,
    ) -> Result<(), Error> {
        let kind = DocumentKind::Schema;
        let documents = match touched {
            Scope::All => reads.documents(kind)?,
            Scope::These(keys) => {
                let mut documents = Vec::new();
                for key in *keys {
                    let content = reads.document(kind, key)?;
                    documents.extend(content.map(|content| (key.clone(), content)));
                }
                documents
            }
            Scope::Nothing => return Ok(()),
        };
        for (id, content) in documents {
            // Most are those of shipped objects.
            let schema = match shipped()?.schema(&id, &content) {
                Some(shipped) => Arc::clone(shipped),
                None => Arc::new(parsed(&id, content)?),
            };
            // One that was built from a definition knows its fields and stays.
            let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
            known.entry(schema.id()).or_insert(schema);
        }
        Ok(())
    }

    pub(crate) fn get(&self, id: SchemaId) -> Option<Arc<EventSchema>> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&id).cloned()
    }

    /// All of them, sorted by name and id.
    pub(crate) fn all(&self) -> Vec<Arc<EventSchema>> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = known.values().cloned().collect();
        drop(known);
        all.sort_by_cached_key(|schema| (schema.name().to_owned(), schema.id().to_string()));
        all
    }

    /// A schema that is built from a definition takes the place of one that was read back.
    pub(crate) fn add(&self, schema: impl Into<Arc<EventSchema>>) -> Arc<EventSchema> {
        let schema = schema.into();
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(schema.id(), Arc::clone(&schema));
        schema
    }

    /// The document that keeps a schema, unless it is known: it is kept before the first event that needs it.
    pub(crate) fn document_of_new(&self, schema: &EventSchema) -> Option<Document> {
        self.get(schema.id()).is_none().then(|| Document {
            kind: DocumentKind::Schema,
            key: schema.id().to_string(),
            content: Some(schema.avro_json().as_bytes().to_vec()),
        })
    }
}

fn parsed(id: &str, content: Vec<u8>) -> Result<EventSchema, Error> {
    let unreadable = |reason: String| Error::Document {
        what: "event schema",
        reason: format!("{id}: {reason}"),
    };
    let json = String::from_utf8(content).map_err(|error| unreadable(error.to_string()))?;
    EventSchema::parse(&json).map_err(|error| unreadable(error.to_string()))
}
