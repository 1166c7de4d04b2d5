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
    pub async fn standing(&self, user: RecordId) -> Result<Arc<Rights>, Error> {
        let standings = &self.0.standings;
        if let Some(standing) = standings.find(user) {
            return Ok(standing);
        }
        let (standings, definitions) = (Arc::clone(standings), Arc::clone(&self.0.definitions));
        self.read(move |reader| standings.open(reader, || definitions.get(), user))
            .await
    }

    /// The same; none of the org itself.
    pub(crate) async fn standing_of(&self, user: RecordId) -> Result<Option<Arc<Rights>>, Error> {
        if user == RecordId::EMPTY {
            return Ok(None);
        }
        self.standing(user).await.map(Some)
    }
}
