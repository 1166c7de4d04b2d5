//! Who is calling, and what they may do: users' passwords, connected apps, access tokens, OAuth 2.0 grants.
//!
//! Owns the decisions and their documents; it knows no HTTP, no JSON answer and no URL. The hot path is
//! [`Auth::authenticate`]: one hash and one look into memory, no store and no wait. Tokens are kept as SHA-256 hashes
//! only, passwords as argon2id. Time and randomness come from the engine. Start reading at [`Auth`], then `grants` and
//! `authorize` (how a login begins), `login` (what it is), `keeper` (how it ends).

mod access;
mod app;
mod assertion;
mod attempts;
mod authorize;
mod certificate;
mod codes;
mod deployed_app;
mod der;
mod device;
mod devices;
mod documents;
mod error;
mod following;
mod grants;
mod header;
mod id_token;
mod keeper;
mod login;
mod login_events;
mod logins;
mod open;
mod password;
mod pkce;
mod proof;
mod redirects;
mod refresh;
mod revoke;
mod scopes;
mod seed;
mod settings;
mod ticket;
mod token;
mod users;

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use landfall_engine::Engine;
use landfall_engine::faults::{FaultKind, Occasion};
use landfall_model::{EntityDefinition, Fault, SessionFault, Timestamp};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;

pub use access::{may_keep, topics};
pub use app::{App, AppPolicy, Client, Grant};
pub use assertion::Claimed;
pub use attempts::{Attempt, FailedLogins, Source};
pub use authorize::{
    AuthorizationParameters, AuthorizationRequest, Authorized, CodeExchange, ResponseType,
};
pub use certificate::Certificate;
pub use device::{DeviceRequest, DeviceStart};
pub use error::Error;
pub use grants::Granted;
pub use header::{bearer, streaming_token};
pub use id_token::IdKey;
pub use login::Login;
pub use login_events::Visit;
pub use revoke::{ActiveToken, TokenKind};
pub use scopes::Scopes;
pub use seed::{DeveloperNames, NewUser};
pub use settings::{PasswordCost, Settings};
pub use token::{AccessToken, AuthorizationCode, DeviceCode, RefreshToken, TokenHash};

pub use landfall_engine::{Access, Act, Permissions, report};

use app::Apps;
use attempts::{Attempts, HourlyLogins};
use codes::Codes;
use devices::Devices;
use following::Following;
use id_token::Signing;
use login_events::LoginAttempt;
use logins::Logins;
use password::Passwords;
use refresh::RefreshTokens;
use ticket::Tickets;
use users::Users;

/// The logins, apps and passwords of one org: cheap to clone, shared by all edges.
#[derive(Clone)]
pub struct Auth(Arc<Shared>);

struct Shared {
    engine: Engine,
    settings: Settings,
    users: Users,
    /// What follows the commits of the engine, which alone changes the three below.
    following: Arc<Following>,
    apps: Arc<Apps>,
    logins: Arc<Logins>,
    refresh_tokens: Arc<RefreshTokens>,
    passwords: Passwords,
    attempts: Mutex<Attempts>,
    hourly: Mutex<HourlyLogins>,
    codes: Mutex<Codes>,
    devices: Mutex<Devices>,
    /// Empty until it is needed.
    signing: tokio::sync::OnceCell<Arc<Signing>>,
    tickets: Tickets,
    /// Held shared by what begins a login from a refresh token, alone by what ends or rewrites logins: so nothing
    /// that was revoked comes back by a write that began before.
    gate: landfall_lock::RwLock<()>,
    stopped: Arc<Notify>,
    /// The queue of logins to publish, once that is enabled.
    login_events: OnceLock<mpsc::Sender<LoginAttempt>>,
    keeper: Mutex<Option<JoinHandle<()>>>,
}

impl Auth {
    /// Reads connected apps, logins and refresh tokens, and starts the keeper that ends what has expired. Where another process
    /// writes, that one does so, and needs to know what is used here: [`Self::uses`].
    ///
    /// # Errors
    /// [`Error`] if the store cannot be read or the org has no users.
    pub async fn open(engine: Engine, settings: Settings) -> Result<Self, Error> {
        open::open(engine, settings).await
    }

    /// How many logins end until a time if they are not used before.
    pub fn ending(&self, until: Timestamp) -> usize {
        self.0.logins.expired(until).len()
    }

    /// The login of an access token. Restarts its idle time.
    ///
    /// Finding a token by its hash leaks nothing about the token: what the comparison could leak is the hash
    /// of the guess, which the guesser has already.
    ///
    /// # Errors
    /// [`SessionFault::Invalid`] if it is unknown, expired or revoked;
    /// [`landfall_model::ServiceFault::StoreUnavailable`] while nobody knows.
    pub fn authenticate(&self, token: &str) -> Result<Arc<Login>, Fault> {
        self.authenticate_hash(&TokenHash::of_request(token)?)
    }

    fn authenticate_hash(&self, token: &TokenHash) -> Result<Arc<Login>, Fault> {
        self.0.engine.check()?;
        let login = self
            .0
            .logins
            .find(token)
            .ok_or(Fault::Session(SessionFault::Invalid))?;
        let faults = self.0.engine.faults();
        let occasion = || Occasion::default().user(login.user_id, &login.username);
        if faults.fires(FaultKind::TokenInvalid, occasion).is_some() {
            return Err(Fault::Session(SessionFault::Invalid));
        }
        self.rehearse_rights(&login);
        self.keep_alive(&login).map(|()| login)
    }

    /// What faults do to the rights of a user before a request.
    fn rehearse_rights(&self, login: &Login) {
        let engine = &self.0.engine;
        let occasion = || Occasion::default().user(login.user_id, &login.username);
        let fires = |kind| engine.faults().fires(kind, occasion);
        if let Some(part) = fires(FaultKind::Hide).and_then(|fault| fault.subject) {
            engine.hide(login.user_id, &part);
        }
        if let Some(fault) = fires(FaultKind::Show) {
            engine.show(login.user_id, fault.subject.as_ref());
        }
    }

    /// The login of a request for any API: of a user who may use them.
    ///
    /// # Errors
    /// As [`Self::authenticate`]; [`SessionFault::ApiDisabled`].
    /// Source: "API Enabled" (Salesforce Help, "User Permissions").
    pub fn api_login(&self, token: &str) -> Result<Arc<Login>, Fault> {
        with_api(self.authenticate(token)?)
    }

    /// The login of a REST request by its `Authorization` header.
    ///
    /// # Errors
    /// As [`bearer`] and [`Self::session_login`].
    pub fn rest_login(&self, authorization: Option<&str>) -> Result<Arc<Login>, Fault> {
        self.session_login(bearer(authorization)?)
    }

    /// The login of a request for records or metadata, by its access token.
    ///
    /// # Errors
    /// As [`Self::api_login`]; [`SessionFault::ApiScopeMissing`] if the token does not cover the API.
    pub fn session_login(&self, token: &str) -> Result<Arc<Login>, Fault> {
        let login = self.api_login(token)?;
        if login.scopes.cover_rest() {
            Ok(login)
        } else {
            Err(Fault::Session(SessionFault::ApiScopeMissing))
        }
    }

    /// The login of a Streaming API request, by the hash of its access token ([`streaming_token`]): a client that polls
    /// has it computed once.
    ///
    /// # Errors
    /// As [`Self::api_login`]; [`SessionFault::Invalid`] if the token does not cover the API.
    pub fn streaming_login(&self, token: &TokenHash) -> Result<Arc<Login>, Fault> {
        let login = with_api(self.authenticate_hash(token)?)?;
        if login.scopes.cover_streaming() {
            Ok(login)
        } else {
            Err(Fault::Session(SessionFault::Invalid))
        }
    }

    /// Restarts the idle time of a login that is in use without requests, such as by a held poll.
    ///
    /// # Errors
    /// [`SessionFault::Invalid`] if it has ended.
    pub fn keep_alive(&self, login: &Login) -> Result<(), Fault> {
        if login.touch(self.0.engine.clock().now()) {
            Ok(())
        } else {
            self.0.logins.end_one(login);
            Err(Fault::Session(SessionFault::Invalid))
        }
    }

    /// Changes whenever a login ends: by revocation, expiry or the user's deactivation.
    pub fn endings(&self) -> watch::Receiver<()> {
        self.0.logins.endings()
    }

    /// Makes durable what is only in memory and ends the keeper. For a graceful stop; a crash loses at most a tenth of
    /// the idle time of a login.
    ///
    /// # Errors
    /// [`Error`] if the store does not take it.
    pub async fn stop(&self) -> Result<(), Error> {
        self.0.stopped.notify_one();
        let keeper = lock(&self.0.keeper).take();
        if let Some(keeper) = keeper {
            // A keeper that panicked has ended, too.
            let _ = keeper.await;
        }
        if self.0.engine.follows() {
            return Ok(());
        }
        self.0.save_all().await
    }

    /// Whether there is a user of this name, in any letter case.
    ///
    /// # Errors
    /// [`Error`] if the store cannot be read.
    pub async fn has_user(&self, username: &str) -> Result<bool, Error> {
        Ok(self.0.users.by_name(username).await?.is_some())
    }

    /// Whether this org has issued it: a refresh token, an authorization code, a device code or the user code of a device.
    pub fn has_issued(&self, credential: &str) -> bool {
        let hash = TokenHash::of(credential);
        self.0.refresh_tokens.find(&hash).is_some()
            || lock(&self.0.codes).contains(&hash)
            || lock(&self.0.devices).contains(&hash)
            || self.device_request(credential).is_some()
    }

    /// Whether an access token belongs to a login that is known here and goes on.
    pub fn knows(&self, token: &str) -> bool {
        let hash = TokenHash::of_request(token).ok();
        let login = hash.and_then(|hash| self.0.logins.find(&hash));
        login.is_some_and(|login| login.is_live())
    }

    /// Failed logins since the start.
    pub fn failed_logins(&self) -> FailedLogins {
        lock(&self.0.attempts).totals()
    }

    /// The definition of users.
    pub fn user_entity(&self) -> &Arc<EntityDefinition> {
        self.0.users.entity()
    }

    /// The engine that it stands on.
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }
}

/// A login of a user who may use APIs.
fn with_api(login: Arc<Login>) -> Result<Arc<Login>, Fault> {
    if login.permissions().api_enabled {
        Ok(login)
    } else {
        Err(Fault::Session(SessionFault::ApiDisabled))
    }
}

/// Locks a mutex whose holders do not panic in between.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
