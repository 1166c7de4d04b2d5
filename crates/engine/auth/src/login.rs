//! A login: who acts, through which app, with which permissions, and until when.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use landfall_model::{RecordId, Timestamp};
use tokio::sync::watch;

use crate::scopes::Scopes;
use crate::token::TokenHash;

/// What a user's profile allows.
///
/// Source: "Profile" (Object Reference), the `Permissions…` fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the vendor's permissions are flags"
)]
pub struct Permissions {
    /// May use the APIs.
    pub api_enabled: bool,
    /// Sees all records of all objects.
    pub view_all_data: bool,
    /// Changes all records of all objects.
    pub modify_all_data: bool,
    /// Sees all users.
    pub view_all_users: bool,
    /// Sees how the org is set up.
    pub view_setup: bool,
    /// Sees what users do.
    pub view_event_monitoring: bool,
    /// Changes how the org is set up.
    pub customize_application: bool,
}

/// An access token at work.
#[derive(Debug)]
pub struct Login {
    /// Who acts.
    pub user_id: RecordId,
    /// The name they log in with.
    pub username: String,
    /// The org they act in.
    pub org_id: RecordId,
    /// What they may do.
    pub permissions: Permissions,
    /// What the token may be used for.
    pub scopes: Scopes,
    /// The connected app.
    pub client_id: String,
    /// When the token was issued.
    pub created: Timestamp,
    pub(crate) hash: TokenHash,
    /// The chain of refresh tokens that it comes from.
    pub(crate) family: Option<String>,
    life: Arc<Life>,
}

/// What stays the same login when the user's name or permissions change.
#[derive(Debug)]
struct Life {
    idle_ms: i64,
    used: AtomicI64,
    saved: AtomicI64,
    ended: watch::Sender<bool>,
}

/// What a login is made of.
pub(crate) struct Beginning {
    pub(crate) user_id: RecordId,
    pub(crate) username: String,
    pub(crate) org_id: RecordId,
    pub(crate) permissions: Permissions,
    pub(crate) scopes: Scopes,
    pub(crate) client_id: String,
    pub(crate) created: Timestamp,
    pub(crate) used: Timestamp,
    pub(crate) hash: TokenHash,
    pub(crate) family: Option<String>,
    pub(crate) idle_ms: i64,
}

impl Login {
    pub(crate) fn begin(beginning: Beginning) -> Self {
        let used = beginning.used.as_millis();
        Self {
            user_id: beginning.user_id,
            username: beginning.username,
            org_id: beginning.org_id,
            permissions: beginning.permissions,
            scopes: beginning.scopes,
            client_id: beginning.client_id,
            created: beginning.created,
            hash: beginning.hash,
            family: beginning.family,
            life: Arc::new(Life {
                idle_ms: beginning.idle_ms,
                used: AtomicI64::new(used),
                saved: AtomicI64::new(used),
                ended: watch::Sender::new(false),
            }),
        }
    }

    /// The same login after the user's record has changed.
    pub(crate) fn of_changed_user(&self, username: String, permissions: Permissions) -> Self {
        Self {
            user_id: self.user_id,
            username,
            org_id: self.org_id,
            permissions,
            scopes: self.scopes.clone(),
            client_id: self.client_id.clone(),
            created: self.created,
            hash: self.hash,
            family: self.family.clone(),
            life: Arc::clone(&self.life),
        }
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
        if !self.is_live() || now >= self.expires() {
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

    pub(crate) fn saved(&self, used: Timestamp) {
        self.life
            .saved
            .fetch_max(used.as_millis(), Ordering::Relaxed);
    }
}
