//! The live logins of an org, found by the hash of their token.

use std::collections::{BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock};

use landfall_model::{Fault, RecordId, Timestamp, limits};

use crate::login::Login;
use crate::token::TokenHash;

/// All live logins, in memory; their documents are in the store.
#[derive(Default)]
pub(crate) struct Logins(RwLock<Index>);

#[derive(Default)]
struct Index {
    by_hash: HashMap<TokenHash, Arc<Login>>,
    by_user: HashMap<RecordId, usize>,
}

impl Index {
    fn remove(&mut self, hash: &TokenHash) -> Option<Arc<Login>> {
        let login = self.by_hash.remove(hash)?;
        if let Some(count) = self.by_user.get_mut(&login.user_id) {
            *count -= 1;
            if *count == 0 {
                self.by_user.remove(&login.user_id);
            }
        }
        Some(login)
    }
}

impl Logins {
    fn index<T>(&self, read: impl FnOnce(&Index) -> T) -> T {
        read(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn change<T>(&self, change: impl FnOnce(&mut Index) -> T) -> T {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn find(&self, hash: &TokenHash) -> Option<Arc<Login>> {
        self.index(|index| index.by_hash.get(hash).map(Arc::clone))
    }

    /// Whether one more login of the user may begin.
    pub(crate) fn check_room(&self, user: RecordId) -> Result<(), Fault> {
        self.index(|index| {
            let of_user = index.by_user.get(&user).copied().unwrap_or_default();
            if of_user >= limits::LOGINS_PER_USER_MAX {
                Err(Fault::LoginRateExceeded)
            } else if index.by_hash.len() >= limits::LOGINS_MAX {
                Err(Fault::ServerBusy)
            } else {
                Ok(())
            }
        })
    }

    pub(crate) fn insert(&self, login: Login) -> Arc<Login> {
        let login = Arc::new(login);
        self.change(|index| {
            *index.by_user.entry(login.user_id).or_default() += 1;
            index.by_hash.insert(login.hash, Arc::clone(&login));
        });
        login
    }

    /// Takes out one login and ends it.
    pub(crate) fn end(&self, hash: &TokenHash) -> Option<Arc<Login>> {
        let login = self.change(|index| index.remove(hash))?;
        login.end();
        Some(login)
    }

    /// Takes out and ends the logins that a condition holds for.
    pub(crate) fn end_where(&self, ends: impl Fn(&Login) -> bool) -> Vec<Arc<Login>> {
        // Mostly there is none: look first without keeping requests waiting.
        let found = self.select(ends);
        for login in &found {
            self.end(&login.hash);
        }
        found
    }

    /// Takes out what has expired or ended.
    pub(crate) fn end_expired(&self, now: Timestamp) -> Vec<Arc<Login>> {
        self.end_where(|login| !login.is_live() || now >= login.expires())
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

    /// Users with live logins after `after` in the order of their ids, then from the start, `limit` at most.
    pub(crate) fn users_after(&self, after: RecordId, limit: usize) -> Vec<RecordId> {
        let users: BTreeSet<_> = self.index(|index| index.by_user.keys().copied().collect());
        let behind = users.range((Bound::Excluded(after), Bound::Unbounded));
        let before = users.range(..=after);
        behind.chain(before).copied().take(limit).collect()
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
            username: "ann".to_owned(),
            org_id: RecordId::EMPTY,
            standing: Arc::new(Rights::nobody()),
            scopes: Scopes::default(),
            client_id: "app".to_owned(),
            created: NOW,
            used: NOW,
            hash: TokenHash::of(token),
            family: None,
            idle_ms: 2_000,
        })
    }

    #[tokio::test]
    async fn use_moves_the_end_and_silence_reaches_it() {
        let logins = Logins::default();
        let login = logins.insert(login("t"));
        assert!(login.touch(NOW.plus_millis(1_999)));
        assert!(logins.end_expired(NOW.plus_millis(3_998)).is_empty());
        let ended = login.ended();
        assert_eq!(logins.end_expired(NOW.plus_millis(3_999)).len(), 1);
        ended.await;
        assert!(!login.is_live());
        assert!(!login.touch(NOW));
        assert!(logins.find(&TokenHash::of("t")).is_none());
    }

    #[tokio::test]
    async fn a_changed_user_keeps_the_login_and_its_end() {
        let logins = Logins::default();
        let old = logins.insert(login("t"));
        logins.replace(old.of_changed_user("bob".to_owned()));
        let new = logins.find(&TokenHash::of("t")).expect("it is live");
        assert_eq!(new.username, "bob");
        let ended = old.ended();
        logins.end(&TokenHash::of("t"));
        ended.await;
        assert!(!new.is_live());
    }

    #[test]
    fn users_are_taken_in_turns() {
        let logins = Logins::default();
        logins.insert(login("t"));
        logins.insert(login("u"));
        assert_eq!(logins.users_after(RecordId::EMPTY, 10), [RecordId::EMPTY]);
        logins.end(&TokenHash::of("t"));
        logins.end(&TokenHash::of("u"));
        assert!(logins.users_after(RecordId::EMPTY, 10).is_empty());
    }
}
