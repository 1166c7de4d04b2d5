//! Reading what is stored when the org starts.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, OnceLock};

use landfall_engine::{Engine, Rights};
use landfall_model::{RecordId, Timestamp};
use landfall_store::{Document, DocumentKind};
use tokio::sync::Notify;

use crate::app::{App, Apps};
use crate::attempts::{Attempts, HourlyLogins};
use crate::deployed_app;
use crate::documents::{StoredApp, StoredLogin, StoredRefreshToken, forgotten, id, read};
use crate::error::Error;
use crate::keeper;
use crate::login::{Beginning, Login};
use crate::logins::Logins;
use crate::password::Passwords;
use crate::refresh::{RefreshTokens, Refreshing};
use crate::scopes::Scopes;
use crate::settings::Settings;
use crate::ticket::Tickets;
use crate::token::TokenHash;
use crate::users::{User, Users};
use crate::{Auth, Shared, lock};

pub(crate) async fn open(engine: Engine, settings: Settings) -> Result<Auth, Error> {
    let shared = Shared {
        users: Users::new(engine.clone())?,
        apps: apps(&engine).await?,
        logins: Logins::default(),
        refresh_tokens: refresh_tokens(&engine).await?,
        passwords: Passwords::new(&settings, engine.entropy())?,
        attempts: Mutex::new(Attempts::new(
            settings.failed_logins_free,
            settings.failed_logins_free_of_all,
        )),
        tickets: Tickets::new(engine.entropy()),
        codes: Mutex::default(),
        devices: Mutex::default(),
        signing: tokio::sync::OnceCell::new(),
        hourly: Mutex::new(HourlyLogins::new(settings.logins_an_hour)),
        gate: landfall_lock::RwLock::new(landfall_lock::Rank::Logins, ()),
        stopped: Arc::new(Notify::new()),
        told: OnceLock::new(),
        keeper: Mutex::default(),
        engine,
        settings,
    };
    shared.load_logins().await?;
    let shared = Arc::new(shared);
    *lock(&shared.keeper) = Some(keeper::start(&shared));
    Ok(Auth(shared))
}

async fn apps(engine: &Engine) -> Result<Apps, Error> {
    let kind = DocumentKind::ConnectedApp;
    let definitions = engine.clone();
    let apps = Apps::new(Box::new(move |client_id| {
        let definitions = definitions.definitions();
        definitions
            .connected_app(client_id)
            .map(|app| deployed_app::app(app))
    }));
    apps.insert(App::platform_cli());
    for (client_id, content) in engine.documents(kind).await? {
        let stored: StoredApp = read(kind, &client_id, &content)?;
        apps.insert(stored.into_app(client_id));
    }
    Ok(apps)
}

async fn refresh_tokens(engine: &Engine) -> Result<RefreshTokens, Error> {
    let kind = DocumentKind::RefreshToken;
    let tokens = RefreshTokens::default();
    for (key, content) in engine.documents(kind).await? {
        let stored: StoredRefreshToken = read(kind, &key, &content)?;
        if let Some(token) = Refreshing::from_stored(&key, stored) {
            tokens.insert(token);
        }
    }
    Ok(tokens)
}

impl Shared {
    /// Takes up the logins that are still alive and forgets the others.
    async fn load_logins(&self) -> Result<(), Error> {
        let kind = DocumentKind::Session;
        let now = self.engine.clock().now();
        let mut users = HashMap::new();
        let mut dead: Vec<Document> = Vec::new();
        for (key, content) in self.engine.documents(kind).await? {
            let stored: StoredLogin = read(kind, &key, &content)?;
            let login = self.revive(&key, stored, &mut users).await?;
            match login.filter(|login| now < login.expires()) {
                Some(login) => drop(self.logins.insert(login)),
                None => dead.push(forgotten(kind, key)),
            }
        }
        self.put(dead).await
    }

    async fn revive(
        &self,
        key: &str,
        stored: StoredLogin,
        users: &mut HashMap<RecordId, Option<(User, Arc<Rights>)>>,
    ) -> Result<Option<Login>, Error> {
        let (Some(hash), Some(user_id)) = (TokenHash::from_key(key), id(&stored.user)) else {
            return Ok(None);
        };
        let known = match users.entry(user_id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(self.users.active(user_id).await?),
        };
        let Some((user, standing)) = known else {
            return Ok(None);
        };
        Ok(Some(Login::begin(Beginning {
            user_id,
            username: user.username.clone(),
            org_id: self.engine.org().id,
            standing: Arc::clone(standing),
            scopes: Scopes::parse(&stored.scopes),
            client_id: stored.app,
            created: Timestamp::from_millis(stored.created),
            used: Timestamp::from_millis(stored.used),
            hash,
            family: stored.family,
            idle_ms: self.settings.idle_ms(),
        })))
    }

    /// Makes documents durable, if there are any.
    pub(crate) async fn put(&self, documents: Vec<Document>) -> Result<(), Error> {
        if documents.is_empty() {
            return Ok(());
        }
        Ok(self.engine.put(documents).await?)
    }
}
