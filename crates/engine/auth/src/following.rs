//! Connected apps, logins and refresh tokens as they are stored: a projection of the org's commits.
//!
//! Who begins or ends one stores or forgets its document; what is in memory follows from that alone, before the request
//! that did it is answered. A changed user record ends the logins of a user who is no longer active, and renames others.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use landfall_engine::{Applied, Projection, Scope};
use landfall_model::{RecordId, Timestamp};
use landfall_store::{Document, DocumentKind};
use tokio::sync::Notify;

use crate::app::Apps;
use crate::documents::{StoredApp, StoredLogin, StoredRefreshToken, forgotten, id, read};
use crate::lock;
use crate::login::{Beginning, Login};
use crate::logins::Logins;
use crate::refresh::{RefreshTokens, Refreshing};
use crate::scopes::Scopes;
use crate::token::TokenHash;
use crate::users::Fields;

type Result<T> = std::result::Result<T, landfall_engine::Error>;

/// What is in memory of the documents of this crate.
pub(crate) struct Following {
    pub(crate) apps: Arc<Apps>,
    pub(crate) logins: Arc<Logins>,
    pub(crate) refresh_tokens: Arc<RefreshTokens>,
    users: Arc<Fields>,
    org: RecordId,
    idle_ms: i64,
    /// Whether logins end here when they are idle for too long.
    expires: bool,
    /// Keys of stored logins that are none any more.
    unusable: Mutex<BTreeSet<String>>,
    /// Whether the keeper has something to forget.
    due: Arc<Notify>,
}

impl Following {
    pub(crate) fn new(
        apps: Apps,
        users: Arc<Fields>,
        org: RecordId,
        (idle_ms, expires): (i64, bool),
    ) -> Self {
        Self {
            apps: Arc::new(apps),
            logins: Arc::default(),
            refresh_tokens: Arc::default(),
            users,
            org,
            idle_ms,
            expires,
            unusable: Mutex::default(),
            due: Arc::new(Notify::new()),
        }
    }

    /// Says when there is something to forget.
    pub(crate) fn due(&self) -> Arc<Notify> {
        Arc::clone(&self.due)
    }

    /// What to forget of logins that were stored and are none.
    pub(crate) fn take_unusable(&self) -> Vec<Document> {
        let keys = std::mem::take(&mut *lock(&self.unusable));
        let keys = keys.into_iter();
        keys.map(|key| forgotten(DocumentKind::Session, key))
            .collect()
    }

    fn apply_users(&self, applied: &Applied<'_>) -> Result<()> {
        let users = match applied.touched.records("User") {
            Scope::All => self.logins.users(),
            Scope::These(users) => users.iter().copied().collect(),
            Scope::Nothing => return Ok(()),
        };
        for user in users {
            let logins = self.logins.of_user(user);
            if logins.is_empty() {
                continue;
            }
            let user = self.users.stored(applied.reads, user)?;
            let active = user.filter(|user| user.active);
            for login in logins {
                match &active {
                    Some(user) if *user.username != *login.username => {
                        let renamed = login.of_changed_user(user.username.as_str().into());
                        self.logins.replace(renamed);
                    }
                    Some(_) => {}
                    None => {
                        self.logins.end_one(&login);
                        self.due.notify_one();
                    }
                }
            }
        }
        Ok(())
    }

    fn apply_apps(&self, applied: &Applied<'_>) -> Result<()> {
        let kind = DocumentKind::ConnectedApp;
        for (client_id, content) in changed(applied, kind, || self.apps.ids())? {
            match content {
                Some(content) => {
                    let stored: StoredApp = read(kind, &content)?;
                    self.apps.insert(stored.into_app(client_id));
                }
                None => self.apps.remove(&client_id),
            }
        }
        Ok(())
    }

    fn apply_refresh_tokens(&self, applied: &Applied<'_>) -> Result<()> {
        let kind = DocumentKind::RefreshToken;
        for (key, content) in changed(applied, kind, || self.refresh_tokens.keys())? {
            match content {
                Some(content) => {
                    let stored: StoredRefreshToken = read(kind, &content)?;
                    if let Some(token) = Refreshing::from_stored(&key, stored) {
                        self.refresh_tokens.insert(token);
                    }
                }
                None => {
                    if let Some(hash) = TokenHash::from_key(&key) {
                        self.refresh_tokens.remove(&hash);
                    }
                }
            }
        }
        Ok(())
    }

    fn apply_logins(&self, applied: &Applied<'_>) -> Result<()> {
        let kind = DocumentKind::Session;
        for (key, content) in changed(applied, kind, || self.logins.keys())? {
            let hash = TokenHash::from_key(&key);
            let Some(content) = content else {
                if let Some(hash) = hash {
                    self.logins.end(&hash);
                }
                continue;
            };
            let stored: StoredLogin = read(kind, &content)?;
            if let Some(known) = hash.and_then(|hash| self.logins.find(&hash)) {
                // Nothing else of it changes. It was saved by the process that writes, which may not be this one.
                let used = Timestamp::from_millis(stored.used);
                known.used_elsewhere(used);
                known.saved(used);
                continue;
            }
            match self.login(applied, hash, stored)? {
                Some(login) => drop(self.logins.insert(login)),
                None => {
                    lock(&self.unusable).insert(key);
                }
            }
        }
        Ok(())
    }

    /// The login of a document; none if its user is not active any more.
    fn login(
        &self,
        applied: &Applied<'_>,
        hash: Option<TokenHash>,
        stored: StoredLogin,
    ) -> Result<Option<Login>> {
        let (Some(hash), Some(user_id)) = (hash, id(&stored.user)) else {
            return Ok(None);
        };
        let user = self.users.stored(applied.reads, user_id)?;
        let Some(user) = user.filter(|user| user.active) else {
            return Ok(None);
        };
        Ok(Some(Login::begin(Beginning {
            user_id,
            username: user.username.into(),
            org_id: self.org,
            rights: applied.rights(user_id)?,
            scopes: Scopes::parse(&stored.scopes),
            client_id: stored.app,
            created: Timestamp::from_millis(stored.created),
            used: Timestamp::from_millis(stored.used),
            hash,
            family: stored.family,
            idle_ms: self.idle_ms,
            expires: self.expires,
        })))
    }
}

impl Projection for Following {
    fn apply(&self, applied: &Applied<'_>) -> Result<()> {
        self.apply_users(applied)?;
        self.apply_apps(applied)?;
        self.apply_refresh_tokens(applied)?;
        self.apply_logins(applied)
    }
}

/// The touched documents of a kind: what they contain, or nothing for those that are gone.
fn changed(
    applied: &Applied<'_>,
    kind: DocumentKind,
    known: impl FnOnce() -> Vec<String>,
) -> Result<Vec<(String, Option<Vec<u8>>)>> {
    let mut changed = Vec::new();
    match applied.touched.documents(kind) {
        Scope::All => {
            let stored = applied.reads.documents(kind)?;
            let keys: BTreeSet<String> = stored.iter().map(|(key, _)| key.clone()).collect();
            let gone = known().into_iter().filter(|key| !keys.contains(key));
            changed.extend(gone.map(|key| (key, None)));
            changed.extend(
                stored
                    .into_iter()
                    .map(|(key, content)| (key, Some(content))),
            );
        }
        Scope::These(keys) => {
            for key in keys {
                changed.push((key.clone(), applied.reads.document(kind, key)?));
            }
        }
        Scope::Nothing => {}
    }
    Ok(changed)
}
