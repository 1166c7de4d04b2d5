//! A login: who acts, through which app, with which access, and until when.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use landfall_engine::{Access, Definitions, OrgView, Permissions, Rights};
use landfall_model::{RecordId, Requester, Timestamp};
use tokio::sync::watch;

use crate::scopes::Scopes;
use crate::token::TokenHash;

/// A valid access token.
#[derive(Debug)]
pub struct Login {
    /// Who acts.
    pub user_id: RecordId,
    /// The name they log in with.
    pub username: Arc<str>,
    /// The org they act in.
    pub org_id: RecordId,
    /// What the token may be used for.
    pub scopes: Scopes,
    /// The connected app.
    pub client_id: String,
    /// When the token was issued.
    pub created: Timestamp,
    rights: Arc<Rights>,
    pub(crate) hash: TokenHash,
    /// The chain of refresh tokens that it comes from.
    pub(crate) family: Option<String>,
    life: Arc<Life>,
}

/// What stays the same login when the user's name changes.
#[derive(Debug)]
struct Life {
    idle_ms: i64,
    /// Whether it ends when it is idle for too long; otherwise another process sees to that.
    expires: bool,
    used: AtomicI64,
    saved: AtomicI64,
    ended: watch::Sender<bool>,
}

/// What a login is made of.
pub(crate) struct Beginning {
    pub(crate) user_id: RecordId,
    pub(crate) username: Arc<str>,
    pub(crate) org_id: RecordId,
    pub(crate) rights: Arc<Rights>,
    pub(crate) scopes: Scopes,
    pub(crate) client_id: String,
    pub(crate) created: Timestamp,
    pub(crate) used: Timestamp,
    pub(crate) hash: TokenHash,
    pub(crate) family: Option<String>,
    pub(crate) idle_ms: i64,
    /// Whether it ends here when it is idle for too long.
    pub(crate) expires: bool,
}

impl Login {
    pub(crate) fn begin(beginning: Beginning) -> Self {
        let used = beginning.used.as_millis();
        Self {
            user_id: beginning.user_id,
            username: beginning.username,
            org_id: beginning.org_id,
            rights: beginning.rights,
            scopes: beginning.scopes,
            client_id: beginning.client_id,
            created: beginning.created,
            hash: beginning.hash,
            family: beginning.family,
            life: Arc::new(Life {
                idle_ms: beginning.idle_ms,
                expires: beginning.expires,
                used: AtomicI64::new(used),
                saved: AtomicI64::new(used),
                ended: watch::Sender::new(false),
            }),
        }
    }

    /// The same login after the user's record has changed.
    pub(crate) fn of_changed_user(&self, username: Arc<str>) -> Self {
        Self {
            user_id: self.user_id,
            username,
            org_id: self.org_id,
            rights: Arc::clone(&self.rights),
            scopes: self.scopes.clone(),
            client_id: self.client_id.clone(),
            created: self.created,
            hash: self.hash,
            family: self.family.clone(),
            life: Arc::clone(&self.life),
        }
    }

    /// Sets the user of a request that has the access token of this login, if the request is observed.
    pub fn identify(&self, requester: Option<&Requester>) {
        if let Some(requester) = requester {
            requester.set(&self.username);
        }
    }

    /// What its user may do, now and later.
    pub const fn rights(&self) -> &Arc<Rights> {
        &self.rights
    }

    /// What its user may do at this moment, and the org as they see it.
    pub fn access(&self) -> Arc<Access> {
        self.rights.access()
    }

    /// What its user may do with the system at this moment.
    pub fn permissions(&self) -> Permissions {
        self.access().permissions()
    }

    /// The org as its user sees it at this moment: without objects, fields and events that they may not read.
    pub fn definitions(&self) -> Arc<Definitions> {
        Arc::clone(self.access().definitions())
    }

    /// The same, as what queries and searches are planned against.
    pub fn view(&self) -> OrgView {
        self.rights.view()
    }

    /// Whether it was not revoked, has not been found expired, and its user is active.
    pub fn is_live(&self) -> bool {
        !*self.life.ended.borrow()
    }

    /// Ends when the login does: by revocation, expiry or the user's deactivation. Costs no timer and borrows nothing.
    pub fn ended(&self) -> impl Future<Output = ()> + Send + 'static + use<> {
        let mut ended = self.life.ended.subscribe();
        async move {
            // An error says that the login itself is gone: it has ended too.
            let _ = ended.wait_for(|ended| *ended).await;
        }
    }

    /// When it was used last, to a thousandth of the idle time.
    pub fn used(&self) -> Timestamp {
        Timestamp::from_millis(self.life.used.load(Ordering::Relaxed))
    }

    /// When it ends unless it is used before.
    pub fn expires(&self) -> Timestamp {
        self.used().plus_millis(self.life.idle_ms)
    }

    pub(crate) fn end(&self) {
        self.life.ended.send_replace(true);
    }

    /// Restarts the idle time; false if it is over.
    pub(crate) fn touch(&self, now: Timestamp) -> bool {
        if !self.is_live() || (self.life.expires && now >= self.expires()) {
            return false;
        }
        // Not at every call: requests on other processors read the same memory.
        if now.since(self.used()) > self.life.idle_ms / 1_000 {
            self.life.used.fetch_max(now.as_millis(), Ordering::Relaxed);
        }
        true
    }

    /// Unit: milliseconds of use that a crash would forget.
    pub(crate) fn unsaved_ms(&self) -> i64 {
        let saved = Timestamp::from_millis(self.life.saved.load(Ordering::Relaxed));
        self.used().since(saved)
    }

    /// Takes note of a use that another process has seen.
    pub(crate) fn used_elsewhere(&self, used: Timestamp) {
        self.life
            .used
            .fetch_max(used.as_millis(), Ordering::Relaxed);
    }

    pub(crate) fn saved(&self, used: Timestamp) {
        self.life
            .saved
            .fetch_max(used.as_millis(), Ordering::Relaxed);
    }
}
