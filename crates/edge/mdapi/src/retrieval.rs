//! Retrievals that were asked for: what they are to hold. What is in them is found when they are fetched.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use landfall_engine::{Engine, stored};
use landfall_model::limits::RETRIEVALS_KEPT_MAX;
use landfall_model::{Fault, RecordFault, RecordId};
use landfall_store::{Document, DocumentKind};
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// What is to be retrieved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Retrieval {
    pub(crate) id: String,
    /// Full names by type.
    pub(crate) types: BTreeMap<String, Vec<String>>,
    pub(crate) version: String,
    /// Whether the files are to lie in no folder of their package.
    pub(crate) single_package: bool,
    /// Unit: milliseconds.
    pub(crate) created: i64,
}

/// All retrievals, the oldest first.
pub(crate) struct Retrievals(Mutex<VecDeque<Retrieval>>);

impl Retrievals {
    pub(crate) async fn load(engine: &Engine) -> Result<Self, Error> {
        let mut all = Vec::new();
        for (_, content) in engine.documents(DocumentKind::Retrieval).await? {
            let retrieval: Retrieval = stored::read_since_before("retrieval", &content)?;
            all.push(retrieval);
        }
        all.sort_by_key(|retrieval| retrieval.created);
        Ok(Self(Mutex::new(all.into())))
    }

    /// Makes one durable; forgets the oldest.
    pub(crate) async fn add(&self, engine: &Engine, retrieval: Retrieval) -> Result<(), Error> {
        let document = |id: &str, content| Document {
            kind: DocumentKind::Retrieval,
            key: id.to_owned(),
            content,
        };
        let content = stored::write(&retrieval);
        let mut documents = vec![document(&retrieval.id, Some(content))];
        {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.push_back(retrieval);
            while all.len() > RETRIEVALS_KEPT_MAX {
                documents.extend(all.pop_front().map(|old| document(&old.id, None)));
            }
        }
        Ok(engine.put(documents).await?)
    }

    /// The retrieval of an id in either form.
    ///
    /// # Errors
    /// [`RecordFault::Unknown`].
    pub(crate) fn find(&self, id: &str) -> Result<Retrieval, Fault> {
        let id = RecordId::parse(id).map_err(|_| Fault::Record(RecordFault::Unknown))?;
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = all.iter().find(|retrieval| retrieval.id == id.as_str());
        found.cloned().ok_or(Fault::Record(RecordFault::Unknown))
    }
}
