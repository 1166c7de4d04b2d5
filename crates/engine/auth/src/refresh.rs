//! Refresh tokens: issuing, finding, rotating, revoking.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use landfall_model::{RecordId, Timestamp, limits};

use crate::documents::{StoredRefreshToken, id};
use crate::scopes::Scopes;
use crate::token::TokenHash;

/// What a refresh token stands for.
#[derive(Clone)]
pub(crate) struct Refreshing {
    pub(crate) hash: TokenHash,
    pub(crate) user: RecordId,
    pub(crate) client_id: String,
    pub(crate) scopes: Scopes,
    pub(crate) created: Timestamp,
    /// The same for all tokens that rotation makes of one, and for the logins that come from them.
    pub(crate) family: String,
}

impl fmt::Debug for Refreshing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refreshing")
            .field("user", &self.user)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

impl Refreshing {
    pub(crate) fn stored(&self) -> StoredRefreshToken {
        StoredRefreshToken {
            user: self.user.to_string(),
            app: self.client_id.clone(),
            scopes: self.scopes.to_string(),
            created: self.created.as_millis(),
            family: self.family.clone(),
        }
    }

    /// Reads a document; none if its ids are not ids.
    pub(crate) fn from_stored(key: &str, stored: StoredRefreshToken) -> Option<Self> {
        Some(Self {
            hash: TokenHash::from_key(key)?,
            user: id(&stored.user)?,
            client_id: stored.app,
            scopes: Scopes::parse(&stored.scopes),
            created: Timestamp::from_millis(stored.created),
            family: stored.family,
        })
    }
}

/// The refresh tokens of an org, all in memory.
#[derive(Default)]
pub(crate) struct RefreshTokens(RwLock<HashMap<TokenHash, Arc<Refreshing>>>);

impl RefreshTokens {
    pub(crate) fn find(&self, hash: &TokenHash) -> Option<Arc<Refreshing>> {
        let tokens = self.0.read().unwrap_or_else(PoisonError::into_inner);
        tokens.get(hash).map(Arc::clone)
    }

    pub(crate) fn insert(&self, token: Refreshing) {
        let mut tokens = self.0.write().unwrap_or_else(PoisonError::into_inner);
        tokens.insert(token.hash, Arc::new(token));
    }

    pub(crate) fn remove(&self, hash: &TokenHash) {
        let mut tokens = self.0.write().unwrap_or_else(PoisonError::into_inner);
        tokens.remove(hash);
    }

    /// The keys of their documents.
    pub(crate) fn keys(&self) -> Vec<String> {
        let tokens = self.0.read().unwrap_or_else(PoisonError::into_inner);
        tokens.keys().map(TokenHash::key).collect()
    }

    /// Whether the user has given the app a token that covers these scopes.
    pub(crate) fn approve(&self, user: RecordId, client_id: &str, scopes: &Scopes) -> bool {
        let tokens = self.0.read().unwrap_or_else(PoisonError::into_inner);
        tokens.values().any(|token| {
            token.user == user && token.client_id == client_id && token.scopes.cover(scopes)
        })
    }

    /// What the user has given the app last.
    pub(crate) fn approved(&self, user: RecordId, client_id: &str) -> Option<Scopes> {
        let tokens = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let given = tokens
            .values()
            .filter(|token| token.user == user && token.client_id == client_id);
        let newest = given.max_by_key(|token| token.created)?;
        Some(newest.scopes.clone())
    }

    /// The token that is removed so that one more of this user and app fits.
    pub(crate) fn displaced(&self, user: RecordId, client_id: &str) -> Option<Arc<Refreshing>> {
        let tokens = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let same = |token: &&Arc<Refreshing>| token.user == user && token.client_id == client_id;
        if tokens.values().filter(same).count() < limits::REFRESH_TOKENS_PER_APP_MAX {
            return None;
        }
        let oldest = tokens
            .values()
            .filter(same)
            .min_by_key(|token| token.created);
        oldest.map(Arc::clone)
    }
}
