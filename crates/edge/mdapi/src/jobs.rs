//! The deployments that are kept, and the queue of those that wait.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use landfall_engine::{Engine, stored};
use landfall_lock::Rank;
use landfall_model::limits::{DEPLOYMENTS_KEPT_MAX, DEPLOYMENTS_WAITING_MAX};
use landfall_model::{Fault, KeyPrefix, MetadataFault, RecordFault, RecordId};
use landfall_store::{Document, DocumentKind};
use tokio::sync::Notify;

use crate::deployment::{Deployment, Person, Status};
use crate::error::Error;

/// First characters of the ids of deployments.
const KEY_PREFIX: &str = "0Af";

/// A deployment that several look at.
type Entry = Arc<landfall_lock::Mutex<Deployment>>;

pub(crate) struct Jobs {
    known: Mutex<Known>,
    /// Notified when the queue has grown.
    pub(crate) queued: Notify,
}

#[derive(Default)]
struct Known {
    all: BTreeMap<String, Entry>,
    queue: VecDeque<Entry>,
    /// The ids from the oldest to the newest.
    order: VecDeque<String>,
}

impl Jobs {
    /// The deployments that are kept; those that were not done wait again.
    pub(crate) async fn load(engine: &Engine) -> Result<Self, Error> {
        let mut all = Vec::new();
        for (_, content) in engine.documents(DocumentKind::Deployment).await? {
            let deployment: Deployment = stored::read_since_before("deployment", &content)?;
            all.push(deployment);
        }
        all.sort_by(|left, right| (left.created, &left.id).cmp(&(right.created, &right.id)));
        let mut known = Known::default();
        for mut deployment in all {
            let waits = !deployment.status.is_done();
            if waits {
                deployment.status = Status::Pending;
            }
            known.add(deployment, waits);
        }
        Ok(Self {
            known: Mutex::new(known),
            queued: Notify::new(),
        })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The deployment of an id in either form.
    ///
    /// # Errors
    /// [`RecordFault::Unknown`].
    pub(crate) fn find(&self, id: &str) -> Result<Entry, Fault> {
        let id = RecordId::parse(id).map_err(|_| Fault::Record(RecordFault::Unknown))?;
        let known = self.known();
        known
            .all
            .get(id.as_str())
            .cloned()
            .ok_or(Fault::Record(RecordFault::Unknown))
    }

    /// The next one that waits.
    pub(crate) fn next(&self) -> Option<Entry> {
        self.known().queue.pop_front()
    }

    /// Makes a deployment durable, and has it wait.
    ///
    /// # Errors
    /// [`MetadataFault::DeploymentsTooMany`], the failures of the engine.
    pub(crate) async fn add(
        &self,
        engine: &Engine,
        deployment: Deployment,
        zip: Bytes,
    ) -> Result<String, Error> {
        if self.known().queue.len() >= DEPLOYMENTS_WAITING_MAX {
            return Err(Fault::Metadata(MetadataFault::DeploymentsTooMany).into());
        }
        let id = deployment.id.clone();
        let mut documents = vec![deployment.document(), zip_document(&id, Some(zip.to_vec()))];
        let forgotten = self.too_old();
        for id in &forgotten {
            documents.push(Document {
                kind: DocumentKind::Deployment,
                key: id.clone(),
                content: None,
            });
            documents.push(zip_document(id, None));
        }
        engine.put(documents).await?;
        let mut known = self.known();
        for id in forgotten {
            known.all.remove(&id);
            known.order.retain(|other| *other != id);
        }
        known.add(deployment, true);
        drop(known);
        self.queued.notify_one();
        Ok(id)
    }

    /// The oldest ones beyond those that are kept, if they are done.
    fn too_old(&self) -> Vec<String> {
        let known = self.known();
        let surplus = (known.order.len() + 1).saturating_sub(DEPLOYMENTS_KEPT_MAX);
        let is_done = |id: &&String| {
            let entry = known.all.get(*id);
            entry.is_none_or(|entry| entry.try_lock().is_some_and(|one| one.status.is_done()))
        };
        known
            .order
            .iter()
            .filter(is_done)
            .take(surplus)
            .cloned()
            .collect()
    }

    /// Ends one that waits, or says that it is too late.
    ///
    /// # Errors
    /// [`MetadataFault::DeploymentOver`], the failures of the engine.
    pub(crate) async fn cancel(
        &self,
        engine: &Engine,
        id: &str,
        by: Person,
    ) -> Result<Deployment, Error> {
        let entry = self.find(id)?;
        let mut deployment = entry.lock().await;
        if deployment.status.is_done() {
            return Err(Fault::Metadata(MetadataFault::DeploymentOver).into());
        }
        if deployment.status == Status::Pending {
            let mut canceled = deployment.clone();
            canceled.canceled_by = Some(by);
            canceled.end(Status::Canceled, engine.clock().now());
            let forgotten = zip_document(&canceled.id, None);
            engine.put(vec![canceled.document(), forgotten]).await?;
            *deployment = canceled;
        }
        Ok(deployment.clone())
    }
}

impl Known {
    fn add(&mut self, deployment: Deployment, waits: bool) {
        let id = deployment.id.clone();
        let entry = Arc::new(landfall_lock::Mutex::new(Rank::Deployment, deployment));
        if waits {
            self.queue.push_back(Arc::clone(&entry));
        }
        self.order.push_back(id.clone());
        self.all.insert(id, entry);
    }
}

/// The document that keeps a zip file, or forgets it.
pub(crate) fn zip_document(id: &str, zip: Option<Vec<u8>>) -> Document {
    Document {
        kind: DocumentKind::DeploymentZip,
        key: id.to_owned(),
        content: zip,
    }
}

/// An id that nobody has: its number is drawn.
///
/// # Errors
/// [`landfall_model::ServiceFault::Internal`] for a prefix that is none: a defect.
pub(crate) fn new_id(engine: &Engine, prefix: &str) -> Result<String, Fault> {
    let number = u32::from_be_bytes(landfall_engine::draw(engine.entropy()));
    let prefix = KeyPrefix::parse(prefix)
        .ok_or_else(|| landfall_engine::defect("a key prefix is not one"))?;
    Ok(RecordId::from_number(prefix, *b"5f", u64::from(number)).to_string())
}

/// The id of a new deployment.
pub(crate) fn deployment_id(engine: &Engine) -> Result<String, Fault> {
    new_id(engine, KEY_PREFIX)
}
