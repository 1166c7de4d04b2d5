//! The live logins of an org, found by the hash of their token.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};

use landfall_model::{Fault, LoginFault, RecordId, ServiceFault, Timestamp, limits};
use tokio::sync::watch;

use crate::login::Login;
use crate::token::TokenHash;

/// All live logins, in memory; their documents are in the store.
#[derive(Default)]
pub(crate) struct Logins {
    index: RwLock<Index>,
    /// Changes whenever a login ends.
    endings: watch::Sender<()>,
}

#[derive(Default)]
struct Index {
    by_hash: HashMap<TokenHash, Arc<Login>>,
    by_user: HashMap<RecordId, HashSet<TokenHash>>,
}

impl Index {
    fn remove(&mut self, hash: &TokenHash) -> Option<Arc<Login>> {
        let login = self.by_hash.remove(hash)?;
        if let Some(of_user) = self.by_user.get_mut(&login.user_id) {
            of_user.remove(hash);
            if of_user.is_empty() {
                self.by_user.remove(&login.user_id);
            }
        }
        Some(login)
    }
}

impl Logins {
    fn index<T>(&self, read: impl FnOnce(&Index) -> T) -> T {
        read(&self.index.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn change<T>(&self, change: impl FnOnce(&mut Index) -> T) -> T {
        change(&mut self.index.write().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn find(&self, hash: &TokenHash) -> Option<Arc<Login>> {
        self.index(|index| index.by_hash.get(hash).map(Arc::clone))
    }

    /// Whether one more login of the user may begin.
    pub(crate) fn check_room(&self, user: RecordId) -> Result<(), Fault> {
        self.index(|index| {
            let of_user = index.by_user.get(&user).map_or(0, HashSet::len);
            if of_user >= limits::LOGINS_PER_USER_MAX {
                Err(Fault::Login(LoginFault::LoginRateExceeded))
            } else if index.by_hash.len() >= limits::LOGINS_MAX {
                Err(Fault::Service(ServiceFault::Busy))
            } else {
                Ok(())
            }
        })
    }

    pub(crate) fn insert(&self, login: Login) -> Arc<Login> {
        let login = Arc::new(login);
        self.change(|index| {
            let of_user = index.by_user.entry(login.user_id).or_default();
            of_user.insert(login.hash);
            index.by_hash.insert(login.hash, Arc::clone(&login));
        });
        login
    }

    /// Takes out one login and ends it.
    pub(crate) fn end(&self, hash: &TokenHash) {
        if let Some(login) = self.change(|index| index.remove(hash)) {
            self.end_one(&login);
        }
    }

    /// Ends a login, which is taken out later.
    pub(crate) fn end_one(&self, login: &Login) {
        login.end();
        self.endings.send_replace(());
    }

    /// Changes whenever a login ends.
    pub(crate) fn endings(&self) -> watch::Receiver<()> {
        self.endings.subscribe()
    }

    /// What has expired or ended and is still stored.
    pub(crate) fn expired(&self, now: Timestamp) -> Vec<Arc<Login>> {
        self.select(|login| !login.is_live() || now >= login.expires())
    }

    /// The logins of a user.
    pub(crate) fn of_user(&self, user: RecordId) -> Vec<Arc<Login>> {
        self.index(|index| {
            let hashes = index.by_user.get(&user).into_iter().flatten();
            let logins = hashes.filter_map(|hash| index.by_hash.get(hash));
            logins.map(Arc::clone).collect()
        })
    }

    /// The users who have logins.
    pub(crate) fn users(&self) -> Vec<RecordId> {
        self.index(|index| index.by_user.keys().copied().collect())
    }

    /// The keys of their documents.
    pub(crate) fn keys(&self) -> Vec<String> {
        self.index(|index| index.by_hash.keys().map(TokenHash::key).collect())
    }

    /// The logins that a condition holds for.
    pub(crate) fn select(&self, wanted: impl Fn(&Login) -> bool) -> Vec<Arc<Login>> {
        self.index(|index| {
            let logins = index.by_hash.values();
            logins
                .filter(|login| wanted(login))
                .map(Arc::clone)
                .collect()
        })
    }

    /// Puts the changed form of a login in its place, unless it has ended meanwhile.
    pub(crate) fn replace(&self, login: Login) {
        self.change(|index| {
            if let Some(place) = index.by_hash.get_mut(&login.hash) {
                *place = Arc::new(login);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use landfall_engine::Rights;

    use crate::login::Beginning;
    use crate::scopes::Scopes;

    const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    fn login(token: &str) -> Login {
        Login::begin(Beginning {
            user_id: RecordId::EMPTY,
            username: "ann".into(),
            org_id: RecordId::EMPTY,
            rights: Arc::new(Rights::nobody()),
            scopes: Scopes::default(),
            client_id: "app".to_owned(),
            created: NOW,
            used: NOW,
            hash: TokenHash::of(token),
            family: None,
            idle_ms: 2_000,
            expires: true,
        })
    }

    #[tokio::test]
    async fn use_moves_the_end_and_silence_reaches_it() {
        let logins = Logins::default();
        let login = logins.insert(login("t"));
        assert!(login.touch(NOW.plus_millis(1_999)));
        assert!(logins.expired(NOW.plus_millis(3_998)).is_empty());
        let ended = login.ended();
        assert_eq!(logins.expired(NOW.plus_millis(3_999)).len(), 1);
        logins.end(&login.hash);
        ended.await;
        assert!(!login.is_live());
        assert!(!login.touch(NOW));
        assert!(logins.find(&TokenHash::of("t")).is_none());
    }

    #[tokio::test]
    async fn a_changed_user_keeps_the_login_and_its_end() {
        let logins = Logins::default();
        let old = logins.insert(login("t"));
        logins.replace(old.of_changed_user("bob".into()));
        let new = logins.find(&TokenHash::of("t")).expect("it is live");
        assert_eq!(&*new.username, "bob");
        let ended = old.ended();
        logins.end(&TokenHash::of("t"));
        ended.await;
        assert!(!new.is_live());
    }

    #[test]
    fn the_logins_of_a_user_are_found_until_they_end() {
        let logins = Logins::default();
        logins.insert(login("t"));
        logins.insert(login("u"));
        assert_eq!(logins.of_user(RecordId::EMPTY).len(), 2);
        logins.end(&TokenHash::of("t"));
        assert_eq!(logins.keys(), [TokenHash::of("u").key()]);
        logins.end(&TokenHash::of("u"));
        assert!(logins.users().is_empty() && logins.of_user(RecordId::EMPTY).is_empty());
    }
}
