//! What the org consists of.

use std::sync::Arc;

use landfall_metadata::{Component, Problem};
use landfall_model::{Catalog, RecordId, ReplayId, SchemaId};
use landfall_schema::EventSchema;
use landfall_store::DocumentKind;
use tokio::sync::watch;

use crate::Engine;
use crate::definitions::Definitions;
use crate::deploy::{self, Amending, Staging};
use crate::error::Error;
use crate::managed;

impl Engine {
    /// What the org consists of now. Take it once for each request: it may be replaced at any time.
    pub fn definitions(&self) -> Arc<Definitions> {
        self.0.state.definitions()
    }

    /// What the org consists of, and when that is replaced.
    pub fn deployments(&self) -> watch::Receiver<Arc<Definitions>> {
        self.0.state.watch()
    }

    /// The objects and platform events of the org now.
    pub fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(self.definitions().catalog())
    }

    /// The schema with this id, current or old.
    pub fn schema(&self, id: SchemaId) -> Option<Arc<EventSchema>> {
        self.0.state.schemas().get(id)
    }

    /// All schemas that were ever issued, sorted by name and id.
    pub fn schemas(&self) -> Vec<Arc<EventSchema>> {
        self.0.state.schemas().all()
    }

    /// Takes over the files of a project: objects, fields, platform events. What was in the project before and is no more
    /// is removed from the definitions; records and events stay. What was made with [`Amending::amend`] stays as well, unless
    /// the project names it; what was changed so stays while the project says of it what it said before.
    ///
    /// # Errors
    /// [`Error::Invalid`] with all that is wrong, [`Error::Store`], [`Error::Stopped`]: the org is as before.
    pub async fn deploy(&self, files: Vec<Component>) -> Result<Vec<Problem>, Error> {
        let _one = self.0.deploying.lock().await;
        deploy::deploy(self, &files, false).await
    }

    /// Deploys the files of a project as [`Self::deploy`] does, if nothing of them has to be left out.
    ///
    /// # Errors
    /// As [`Self::deploy`]; [`Error::Invalid`] also with what would be left out.
    pub async fn deploy_strictly(&self, files: Vec<Component>) -> Result<Vec<Problem>, Error> {
        let _one = self.0.deploying.lock().await;
        deploy::deploy(self, &files, true).await
    }

    /// Takes the components in hand, to look at them and change them one by one.
    pub async fn amending(&self) -> Amending<'_> {
        Amending::begin(self).await
    }

    /// Begins changes of components that take effect together.
    pub async fn staging(&self, by: RecordId) -> Staging {
        Staging::begin(self, by).await
    }

    /// The position that a managed subscription has kept; none if it has none.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Document`].
    pub async fn kept_position(&self, subscription: RecordId) -> Result<Option<ReplayId>, Error> {
        let key = subscription.to_string();
        let content = self.document(DocumentKind::Cursor, key).await?;
        content
            .map(|content| managed::position(&content))
            .transpose()
    }

    /// Keeps the position of a managed subscription.
    ///
    /// # Errors
    /// [`Error::Store`] or [`Error::Stopped`]: it has the position that it had.
    pub async fn keep_position(
        &self,
        subscription: RecordId,
        position: ReplayId,
    ) -> Result<(), Error> {
        self.put(vec![managed::cursor(subscription, Some(position))])
            .await
    }
}
