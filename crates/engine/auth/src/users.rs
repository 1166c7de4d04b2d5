//! Users as their records say: name, activity.

use std::sync::Arc;

use landfall_engine::{Engine, Rights};
use landfall_model::{EntityDefinition, RecordId, Row, Value};

use crate::error::Error;

/// What a login needs to know of a user.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) id: RecordId,
    pub(crate) username: String,
    pub(crate) active: bool,
}

/// Reads users from their records.
pub(crate) struct Users {
    engine: Engine,
    entity: Arc<EntityDefinition>,
    id: usize,
    username: usize,
    is_active: usize,
}

impl Users {
    pub(crate) fn new(engine: Engine) -> Result<Self, Error> {
        let missing = || Error::ObjectMissing { object: "User" };
        let catalog = engine.catalog();
        let entity = Arc::clone(catalog.entity("User").ok_or_else(missing)?);
        let place = |field| entity.index_of(field).ok_or_else(missing);
        Ok(Self {
            id: place("Id")?,
            username: place("Username")?,
            is_active: place("IsActive")?,
            entity,
            engine,
        })
    }

    pub(crate) const fn entity(&self) -> &Arc<EntityDefinition> {
        &self.entity
    }

    /// The user of a name in any letter case.
    pub(crate) async fn by_name(&self, username: &str) -> Result<Option<User>, Error> {
        let name = Value::Text(username.to_owned());
        let rows = self
            .engine
            .rows_where(&self.entity, self.username, name, 1)
            .await?;
        Ok(rows.first().and_then(|row| self.read(row)))
    }

    /// The user of an id, active or not.
    pub(crate) async fn by_id(&self, id: RecordId) -> Result<Option<User>, Error> {
        let row = self.engine.row(&self.entity, id).await?;
        Ok(row.and_then(|row| self.read(&row)))
    }

    /// An active user, and where they stand.
    pub(crate) async fn active(&self, id: RecordId) -> Result<Option<(User, Arc<Rights>)>, Error> {
        let Some(user) = self.by_id(id).await?.filter(|user| user.active) else {
            return Ok(None);
        };
        let standing = self.engine.standing(id).await?;
        Ok(Some((user, standing)))
    }

    fn read(&self, row: &Row) -> Option<User> {
        let username = row.get(self.username).and_then(Value::as_text);
        Some(User {
            id: row.get(self.id).and_then(Value::as_id)?,
            username: username.unwrap_or_default().to_owned(),
            active: flag(row, Some(self.is_active)),
        })
    }
}

fn flag(row: &Row, place: Option<usize>) -> bool {
    place
        .and_then(|place| row.get(place))
        .and_then(Value::as_bool)
        .unwrap_or_default()
}
