//! Users as their records say: name, activity.

use std::sync::Arc;

use landfall_engine::Engine;
use landfall_model::{Catalog, EntityDefinition, RecordId, Row, Value};
use landfall_store::Reads;

use crate::error::Error;

/// What a login needs to know of a user.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) id: RecordId,
    pub(crate) username: String,
    pub(crate) active: bool,
}

/// How a record says what a login needs to know.
pub(crate) struct Fields {
    entity: Arc<EntityDefinition>,
    id: usize,
    username: usize,
    is_active: usize,
}

impl Fields {
    fn of(catalog: &Catalog) -> Result<Self, Error> {
        let missing = || Error::ObjectMissing { object: "User" };
        let entity = Arc::clone(catalog.entity("User").ok_or_else(missing)?);
        let index = |field| entity.index_of(field).ok_or_else(missing);
        Ok(Self {
            id: index("Id")?,
            username: index("Username")?,
            is_active: index("IsActive")?,
            entity,
        })
    }

    /// The user of an id, active or not, as it is stored.
    pub(crate) fn stored(
        &self,
        reads: &dyn Reads,
        id: RecordId,
    ) -> landfall_store::Result<Option<User>> {
        let row = reads.row(&self.entity, id)?;
        Ok(row.and_then(|row| self.read(&row)))
    }

    fn read(&self, row: &Row) -> Option<User> {
        let username = row.get(self.username).and_then(Value::as_text);
        let active = row.get(self.is_active).and_then(Value::as_bool);
        Some(User {
            id: row.get(self.id).and_then(Value::as_id)?,
            username: username.unwrap_or_default().to_owned(),
            active: active.unwrap_or_default(),
        })
    }
}

/// Reads users from their records.
pub(crate) struct Users {
    engine: Engine,
    fields: Arc<Fields>,
}

impl Users {
    pub(crate) fn new(engine: Engine) -> Result<Self, Error> {
        Ok(Self {
            fields: Arc::new(Fields::of(&engine.catalog())?),
            engine,
        })
    }

    pub(crate) const fn fields(&self) -> &Arc<Fields> {
        &self.fields
    }

    pub(crate) fn entity(&self) -> &Arc<EntityDefinition> {
        &self.fields.entity
    }

    /// The user of a name in any letter case.
    pub(crate) async fn by_name(&self, username: &str) -> Result<Option<User>, Error> {
        let name = Value::Text(username.to_owned());
        let rows = self
            .engine
            .rows_where(self.entity(), self.fields.username, name, 1)
            .await?;
        Ok(rows.first().and_then(|row| self.fields.read(row)))
    }

    /// The user of an id, active or not.
    pub(crate) async fn by_id(&self, id: RecordId) -> Result<Option<User>, Error> {
        let row = self.engine.row(self.entity(), id).await?;
        Ok(row.and_then(|row| self.fields.read(&row)))
    }
}
