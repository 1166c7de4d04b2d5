//! What users may do.

use std::sync::Arc;

use landfall_model::RecordId;

use crate::Engine;
use crate::access::Rights;
use crate::error::Error;

impl Engine {
    /// What a user may do, now and later: as long as it is held it follows every change of permissions.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn rights(&self, user: RecordId) -> Result<Arc<Rights>, Error> {
        if let Some(rights) = self.0.state.known_rights(user) {
            return Ok(rights);
        }
        let state = Arc::clone(&self.0.state);
        let reader = Arc::clone(&self.0.reader);
        tokio::task::spawn_blocking(move || state.rights(&*reader, user))
            .await
            .map_err(|_| Error::Stopped)?
    }

    /// The same; none of the org itself.
    pub(crate) async fn rights_of(&self, user: RecordId) -> Result<Option<Arc<Rights>>, Error> {
        if user == RecordId::EMPTY {
            return Ok(None);
        }
        self.rights(user).await.map(Some)
    }
}
