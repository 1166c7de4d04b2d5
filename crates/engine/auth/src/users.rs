//! Users as their records say: name, activity, permissions.

use std::sync::Arc;

use landfall_engine::Engine;
use landfall_model::{EntityDefinition, RecordId, Row, Value};

use crate::error::Error;
use crate::login::Permissions;

/// What a login needs to know of a user.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) id: RecordId,
    pub(crate) username: String,
    pub(crate) active: bool,
    profile: Option<RecordId>,
}

/// Reads users from their records.
pub(crate) struct Users {
    engine: Engine,
    entity: Arc<EntityDefinition>,
    id: usize,
    username: usize,
    is_active: usize,
    profile_id: usize,
    profile: Option<Arc<EntityDefinition>>,
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
            profile_id: place("ProfileId")?,
            profile: catalog.entity("Profile").map(Arc::clone),
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

    /// An active user with their permissions.
    pub(crate) async fn active(&self, id: RecordId) -> Result<Option<(User, Permissions)>, Error> {
        let Some(user) = self.by_id(id).await?.filter(|user| user.active) else {
            return Ok(None);
        };
        let permissions = self.permissions(&user).await?;
        Ok(Some((user, permissions)))
    }

    fn read(&self, row: &Row) -> Option<User> {
        let username = row.get(self.username).and_then(Value::as_text);
        Some(User {
            id: row.get(self.id).and_then(Value::as_id)?,
            username: username.unwrap_or_default().to_owned(),
            active: flag(row, Some(self.is_active)),
            profile: row.get(self.profile_id).and_then(Value::as_id),
        })
    }

    /// What the user's profile allows; nothing without one.
    pub(crate) async fn permissions(&self, user: &User) -> Result<Permissions, Error> {
        let (Some(id), Some(entity)) = (user.profile, &self.profile) else {
            return Ok(Permissions::default());
        };
        let Some(row) = self.engine.row(entity, id).await? else {
            return Ok(Permissions::default());
        };
        let allows = |field| flag(&row, entity.index_of(field));
        Ok(Permissions {
            api_enabled: allows("PermissionsApiEnabled"),
            view_all_data: allows("PermissionsViewAllData"),
            modify_all_data: allows("PermissionsModifyAllData"),
            view_all_users: allows("PermissionsViewAllUsers"),
            // Source: "Permission dependencies": seeing all data brings it along.
            view_event_monitoring: allows("PermissionsViewPlatformEvents")
                || allows("PermissionsViewAllData"),
            view_setup: allows("PermissionsViewSetup"),
            customize_application: allows("PermissionsCustomizeApplication"),
        })
    }
}

fn flag(row: &Row, place: Option<usize>) -> bool {
    place
        .and_then(|place| row.get(place))
        .and_then(Value::as_bool)
        .unwrap_or_default()
}
