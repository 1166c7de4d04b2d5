//! How failed and frequent logins are slowed down. Pure: the time is an argument.

use std::collections::HashMap;

use landfall_model::{Fault, RecordId, Timestamp, limits};
use sha2::{Digest, Sha256};

/// The longest that a user has to wait after a failed login. Unit: milliseconds.
const WAIT_MS_MAX: i64 = 15 * 60 * 1_000;

/// The longest that everybody has to wait after too many failed logins of all: short, since it also keeps out who has
/// the right password. Unit: milliseconds.
const WAIT_OF_ALL_MS_MAX: i64 = 4 * 1_000;

/// Failures of a user are forgotten after this time without another. Unit: milliseconds.
const MEMORY_MS: i64 = 60 * 60 * 1_000;

/// Failures of all are counted from the first one over this time. Unit: milliseconds.
const WINDOW_OF_ALL_MS: i64 = 60 * 1_000;

const HOUR_MS: i64 = 60 * 60 * 1_000;

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: Timestamp,
    wait_until: Timestamp,
}

impl Failures {
    const fn none(now: Timestamp) -> Self {
        Self {
            count: 0,
            last: now,
            wait_until: now,
        }
    }

    fn add(&mut self, free: u32, wait_ms_max: i64, now: Timestamp) {
        self.count = self.count.saturating_add(1);
        self.last = now;
        if let Some(beyond) = self.count.checked_sub(free.max(1)) {
            let wait = 1_000_i64.checked_shl(beyond.min(20)).unwrap_or(wait_ms_max);
            self.wait_until = now.plus_millis(wait.min(wait_ms_max));
        }
    }
}

/// Failed logins, by user name and of all.
///
/// The names are kept as hashes: what is typed into a user name field may be a password. A name that is no user's is
/// counted like any other, so that the answer does not tell which names exist.
pub(crate) struct Attempts {
    free: u32,
    free_of_all: u32,
    names: HashMap<[u8; 32], Failures>,
    all: Failures,
    all_since: Timestamp,
}

impl Attempts {
    pub(crate) fn new(free: u32, free_of_all: u32) -> Self {
        Self {
            free,
            free_of_all,
            names: HashMap::new(),
            all: Failures::none(Timestamp::default()),
            all_since: Timestamp::default(),
        }
    }

    /// Whether a login has to wait.
    pub(crate) fn check(&self, name: &str, now: Timestamp) -> Result<(), Fault> {
        let of_name = self.names.get(&key(name));
        if now < self.all.wait_until || of_name.is_some_and(|failures| now < failures.wait_until) {
            return Err(Fault::LoginRateExceeded);
        }
        Ok(())
    }

    /// Counts a failed login.
    pub(crate) fn failed(&mut self, name: &str, now: Timestamp) {
        if now.since(self.all_since) > WINDOW_OF_ALL_MS {
            (self.all, self.all_since) = (Failures::none(now), now);
        }
        self.all.add(self.free_of_all, WAIT_OF_ALL_MS_MAX, now);
        let key = key(name);
        if !self.names.contains_key(&key) {
            self.make_room(now);
        }
        self.names
            .entry(key)
            .and_modify(|failures| {
                if now.since(failures.last) > MEMORY_MS {
                    *failures = Failures::none(now);
                }
            })
            .or_insert_with(|| Failures::none(now))
            .add(self.free, WAIT_MS_MAX, now);
    }

    /// Forgets the failures of a user who has logged in.
    pub(crate) fn succeeded(&mut self, name: &str) {
        self.names.remove(&key(name));
    }

    /// Forgets what is old, and if that is not enough the name with the fewest failures: a flood of made-up names
    /// displaces itself, not the name that it is meant to hide.
    fn make_room(&mut self, now: Timestamp) {
        if self.names.len() < limits::FAILED_LOGIN_NAMES_MAX {
            return;
        }
        self.names
            .retain(|_, failures| now.since(failures.last) <= MEMORY_MS);
        if self.names.len() < limits::FAILED_LOGIN_NAMES_MAX {
            return;
        }
        let least = self
            .names
            .iter()
            .min_by_key(|(_, failures)| (failures.count, failures.last));
        if let Some(key) = least.map(|(key, _)| *key) {
            self.names.remove(&key);
        }
    }
}

fn key(name: &str) -> [u8; 32] {
    Sha256::digest(name.to_ascii_lowercase().as_bytes()).into()
}

/// Logins of each user in the hour that began with the first of them.
pub(crate) struct HourlyLogins {
    max: Option<u32>,
    users: HashMap<RecordId, (Timestamp, u32)>,
}

impl HourlyLogins {
    pub(crate) fn new(max: Option<u32>) -> Self {
        Self {
            max,
            users: HashMap::new(),
        }
    }

    /// Counts a login, or refuses it.
    pub(crate) fn count(&mut self, user: RecordId, now: Timestamp) -> Result<(), Fault> {
        let Some(max) = self.max else {
            return Ok(());
        };
        if self.users.len() >= limits::FAILED_LOGIN_NAMES_MAX && !self.users.contains_key(&user) {
            self.users
                .retain(|_, (began, _)| now.since(*began) < HOUR_MS);
        }
        let (began, count) = self.users.entry(user).or_insert((now, 0));
        if now.since(*began) >= HOUR_MS {
            (*began, *count) = (now, 0);
        }
        if *count >= max {
            return Err(Fault::LoginRateExceeded);
        }
        *count += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    #[test]
    fn waiting_doubles_with_each_failure_and_ends() {
        let mut attempts = Attempts::new(3, 1_000);
        attempts.failed("ann", START);
        attempts.failed("ann", START);
        assert_eq!(attempts.check("ann", START), Ok(()));
        for (failures, wait_ms) in [(3, 1_000), (4, 2_000), (5, 4_000)] {
            attempts.failed("Ann", START);
            let end = START.plus_millis(wait_ms);
            assert!(
                attempts.check("ann", end.plus_millis(-1)).is_err(),
                "{failures}"
            );
            assert_eq!(attempts.check("ann", end), Ok(()), "{failures}");
        }
        for _ in 0..100 {
            attempts.failed("ann", START);
        }
        assert_eq!(
            attempts.check("ann", START.plus_millis(WAIT_MS_MAX)),
            Ok(())
        );
    }

    #[test]
    fn a_success_and_an_hour_of_rest_both_forget_failures() {
        let mut attempts = Attempts::new(1, 1_000);
        attempts.failed("ann", START);
        attempts.succeeded("ann");
        assert_eq!(attempts.check("ann", START), Ok(()));
        for _ in 0..5 {
            attempts.failed("ann", START);
        }
        let later = START.plus_millis(MEMORY_MS + 1);
        attempts.failed("ann", later);
        assert_eq!(attempts.check("ann", later.plus_millis(1_000)), Ok(()));
    }

    #[test]
    fn guesses_spread_over_many_names_slow_everybody_down_for_seconds() {
        let mut attempts = Attempts::new(5, 20);
        for number in 0..20 {
            attempts.failed(&format!("user{number}"), START);
        }
        assert!(attempts.check("somebody", START).is_err());
        assert_eq!(
            attempts.check("somebody", START.plus_millis(WAIT_OF_ALL_MS_MAX)),
            Ok(())
        );
    }

    #[test]
    fn a_flood_of_names_does_not_hide_the_one_that_is_guessed_at() {
        let mut attempts = Attempts::new(1, u32::MAX);
        for _ in 0..10 {
            attempts.failed("victim", START);
        }
        for number in 0..limits::FAILED_LOGIN_NAMES_MAX + 10 {
            attempts.failed(&number.to_string(), START);
        }
        assert!(attempts.names.len() <= limits::FAILED_LOGIN_NAMES_MAX);
        assert!(attempts.check("victim", START).is_err());
    }

    #[test]
    fn logins_are_counted_by_the_hour() {
        let mut hourly = HourlyLogins::new(Some(2));
        let user = RecordId::EMPTY;
        assert_eq!(hourly.count(user, START), Ok(()));
        assert_eq!(hourly.count(user, START), Ok(()));
        assert_eq!(hourly.count(user, START), Err(Fault::LoginRateExceeded));
        assert_eq!(hourly.count(user, START.plus_millis(HOUR_MS)), Ok(()));
        assert_eq!(HourlyLogins::new(None).count(user, START), Ok(()));
    }
}
