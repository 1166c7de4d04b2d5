//! How the logins of an org are opened.

use std::sync::{Arc, Mutex, OnceLock};

use landfall_engine::{Engine, Projection};
use landfall_store::Document;
use tokio::sync::Notify;

use crate::app::Apps;
use crate::attempts::{Attempts, Free, HourlyLogins};
use crate::deployed_app;
use crate::error::Error;
use crate::following::Following;
use crate::keeper;
use crate::password::Passwords;
use crate::settings::Settings;
use crate::ticket::Tickets;
use crate::users::Users;
use crate::{Auth, Shared, lock};

pub(crate) async fn open(engine: Engine, settings: Settings) -> Result<Auth, Error> {
    let users = Users::new(engine.clone())?;
    let following = Following::new(
        apps(&engine),
        Arc::clone(users.fields()),
        engine.org().id,
        (settings.idle_ms(), !engine.follows()),
    );
    let shared = Shared {
        users,
        apps: Arc::clone(&following.apps),
        logins: Arc::clone(&following.logins),
        refresh_tokens: Arc::clone(&following.refresh_tokens),
        following: Arc::new(following),
        passwords: Passwords::new(&settings, engine.entropy())?,
        attempts: Mutex::new(Attempts::new(
            Free {
                user_and_source: settings.failed_logins_free,
                source: settings.failed_logins_free_of_source,
                user: settings.failed_logins_free_of_user,
            },
            settings.passwords_pending_per_source,
        )),
        tickets: Tickets::new(engine.entropy()),
        codes: Mutex::default(),
        devices: Mutex::default(),
        signing: tokio::sync::OnceCell::new(),
        hourly: Mutex::new(HourlyLogins::new(settings.logins_an_hour)),
        gate: landfall_lock::RwLock::new(landfall_lock::Rank::Logins, ()),
        stopped: Arc::new(Notify::new()),
        login_events: OnceLock::new(),
        keeper: Mutex::default(),
        engine,
        settings,
    };
    let following: Arc<dyn Projection> = Arc::clone(&shared.following) as Arc<dyn Projection>;
    shared.engine.attach(Arc::downgrade(&following)).await?;
    if shared.engine.follows() {
        return Ok(Auth(Arc::new(shared)));
    }
    // What has expired while the org was closed.
    shared.save_all().await?;
    let shared = Arc::new(shared);
    *lock(&shared.keeper) = Some(keeper::start(&shared));
    Ok(Auth(shared))
}

fn apps(engine: &Engine) -> Apps {
    let definitions = engine.clone();
    Apps::new(Box::new(move |client_id| {
        let definitions = definitions.definitions();
        definitions
            .connected_app(client_id)
            .map(|app| deployed_app::app(app))
    }))
}

impl Shared {
    /// Makes documents durable, if there are any.
    pub(crate) async fn put(&self, documents: Vec<Document>) -> Result<(), Error> {
        if documents.is_empty() {
            return Ok(());
        }
        Ok(self.engine.put(documents).await?)
    }
}
