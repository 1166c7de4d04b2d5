//! Passwords: hashing them, and comparing at equal cost for known and unknown users.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use landfall_engine::{Entropy, draw};
use landfall_model::{RecordId, ServiceFault, Timestamp, limits};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::Error;
use crate::lock;
use crate::settings::{PasswordCost, Settings, millis};

type Tag = [u8; 32];

/// Hashes and verifies passwords, a few at a time.
pub(crate) struct Passwords {
    argon: Argon2<'static>,
    turns: Arc<Semaphore>,
    waiting: AtomicUsize,
    /// What a password is compared with when there is no such user: no password has this hash.
    nobody: Arc<str>,
    /// Key of `verified`: known to this process only.
    key: [u8; 32],
    kept_ms: i64,
    verified: Mutex<HashMap<RecordId, (Tag, Timestamp)>>,
}

/// The right to compute one hash, held until it is computed, also when nobody waits for the result any more.
pub(crate) struct Turn(OwnedSemaphorePermit);

impl Passwords {
    pub(crate) fn new(settings: &Settings, entropy: &dyn Entropy) -> Result<Self, Error> {
        let PasswordCost { memory_kib, passes } = settings.password_cost;
        let params = Params::new(memory_kib, passes, 1, None).map_err(|error| failed(&error))?;
        let salt = BASE64_STANDARD_NO_PAD.encode(draw::<16>(entropy));
        let hash = BASE64_STANDARD_NO_PAD.encode(draw::<32>(entropy));
        Ok(Self {
            argon: Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
            turns: Arc::new(Semaphore::new(limits::PASSWORD_HASHES_AT_ONCE)),
            waiting: AtomicUsize::new(0),
            nobody: format!("$argon2id$v=19$m={memory_kib},t={passes},p=1${salt}${hash}").into(),
            key: draw(entropy),
            kept_ms: millis(settings.verified_password_kept),
            verified: Mutex::default(),
        })
    }

    /// Waits for the right to compute a hash; with too many waiting, refuses at once.
    pub(crate) async fn turn(&self) -> Result<Turn, ServiceFault> {
        let waiting = Waiting::begin(&self.waiting)?;
        let permit = Arc::clone(&self.turns).acquire_owned().await;
        drop(waiting);
        permit.map(Turn).map_err(|_| ServiceFault::Busy)
    }

    /// The hash under which a password is stored, in PHC form.
    pub(crate) async fn hash(
        &self,
        password: &str,
        entropy: &dyn Entropy,
    ) -> Result<String, Error> {
        let Turn(permit) = self.turn().await?;
        let argon = self.argon.clone();
        let salt = draw::<16>(entropy);
        let password = password.to_owned();
        off_the_runtime(move || {
            let _permit = permit;
            let hash: PasswordHash = argon.hash_password_with_salt(password.as_bytes(), &salt)?;
            Ok::<_, argon2::password_hash::Error>(hash.to_string())
        })
        .await?
        .map_err(|error| failed(&error))
    }

    /// Whether one of the candidates has this hash; without a hash none has, after as much work. The turn is handed back:
    /// failures are counted before the next guess has its turn.
    pub(crate) async fn verify(
        &self,
        turn: Turn,
        stored: Option<&str>,
        candidates: Vec<String>,
    ) -> Result<(bool, Turn), Error> {
        let argon = self.argon.clone();
        let stored: Arc<str> = stored.map_or_else(|| Arc::clone(&self.nobody), Arc::from);
        off_the_runtime(move || {
            let stored = PasswordHash::new(&stored)?;
            let is_right =
                |given: &String| argon.verify_password(given.as_bytes(), &stored).is_ok();
            Ok::<_, argon2::password_hash::phc::Error>((candidates.iter().any(is_right), turn))
        })
        .await?
        .map_err(|error| failed(&error))
    }

    /// Whether this very password was verified against this very hash a short while ago.
    pub(crate) fn verified(
        &self,
        user: RecordId,
        stored: &str,
        password: &str,
        now: Timestamp,
    ) -> bool {
        if self.kept_ms == 0 {
            return false;
        }
        let tag = self.tag(stored, password);
        lock(&self.verified)
            .get(&user)
            .is_some_and(|(known, until)| now < *until && bool::from(known.ct_eq(&tag)))
    }

    /// Remembers a verified password for a while.
    pub(crate) fn remember(&self, user: RecordId, stored: &str, password: &str, now: Timestamp) {
        if self.kept_ms == 0 {
            return;
        }
        let tag = self.tag(stored, password);
        let mut verified = lock(&self.verified);
        if verified.len() >= limits::VERIFIED_PASSWORDS_MAX {
            verified.retain(|_, (_, until)| now < *until);
        }
        if verified.len() < limits::VERIFIED_PASSWORDS_MAX || verified.contains_key(&user) {
            verified.insert(user, (tag, now.plus_millis(self.kept_ms)));
        }
    }

    fn tag(&self, stored: &str, password: &str) -> Tag {
        // A PHC string has no zero byte: the two parts cannot run into each other.
        hmac(&self.key, &[stored.as_bytes(), b"\0", password.as_bytes()])
    }
}

/// HMAC-SHA256 of the joined parts.
pub(crate) fn hmac(key: &[u8], parts: &[&[u8]]) -> Tag {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("an HMAC takes a key of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// One waiting login; it is no longer counted when it gives up.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn begin(count: &'a AtomicUsize) -> Result<Self, ServiceFault> {
        let waiting = Self(count);
        if count.fetch_add(1, Ordering::Relaxed) < limits::PASSWORD_QUEUE_MAX {
            Ok(waiting)
        } else {
            Err(ServiceFault::Busy)
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn off_the_runtime<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| failed(&error))
}

fn failed(error: &dyn std::fmt::Display) -> Error {
    Error::Password {
        reason: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use landfall_engine::SeededEntropy;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    fn passwords() -> Passwords {
        let settings = Settings {
            password_cost: PasswordCost::LEAST,
            verified_password_kept: Duration::from_mins(1),
            ..Settings::production()
        };
        Passwords::new(&settings, &SeededEntropy::new(7)).expect("parameters are valid")
    }

    async fn verify(passwords: &Passwords, stored: Option<&str>, given: &str) -> bool {
        let turn = passwords.turn().await.expect("nobody waits");
        passwords
            .verify(turn, stored, vec![given.to_owned()])
            .await
            .expect("a hash is readable")
            .0
    }

    #[tokio::test]
    async fn only_the_right_password_is_verified() {
        let passwords = passwords();
        let stored = passwords
            .hash("secret", &SeededEntropy::new(1))
            .await
            .expect("hashing works");
        assert!(
            stored.starts_with("$argon2id$v=19$m=8,t=1,p=1$"),
            "{stored}"
        );
        assert!(verify(&passwords, Some(&stored), "secret").await);
        assert!(!verify(&passwords, Some(&stored), "Secret").await);
        assert!(!verify(&passwords, None, "secret").await);
    }

    #[test]
    fn a_remembered_password_is_forgotten_with_time_and_with_the_hash() {
        let passwords = passwords();
        let user = RecordId::EMPTY;
        passwords.remember(user, "hash", "secret", NOW);
        assert!(passwords.verified(user, "hash", "secret", NOW));
        assert!(!passwords.verified(user, "hash", "other", NOW));
        assert!(!passwords.verified(user, "new hash", "secret", NOW));
        assert!(!passwords.verified(user, "hash", "secret", NOW.plus_millis(60_000)));
    }

    #[tokio::test]
    async fn who_finds_too_many_waiting_is_refused_and_who_gives_up_stops_waiting() {
        let passwords = passwords();
        let mut waiting = Vec::new();
        for _ in 0..limits::PASSWORD_QUEUE_MAX {
            waiting.push(Waiting::begin(&passwords.waiting).expect("there is room"));
        }
        assert_eq!(passwords.turn().await.err(), Some(ServiceFault::Busy));
        drop(waiting);
        assert!(passwords.turn().await.is_ok());
    }
}
