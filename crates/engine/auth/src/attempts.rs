//! How failed and frequent logins are throttled. Pure: the time is an argument.
//!
//! Failures are counted by source, by user, and by user and source. Guessing is slow from one source, and guessing at one
//! user is slow from many; yet a stranger keeps nobody out: from a source that has not failed yet a user can always log
//! in, and a source from which the user has logged in before is delayed by its own failures only.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use landfall_model::{LoginFault, RecordId, Timestamp, limits};
use sha2::{Digest, Sha256};

/// Failures are forgotten after this time without another. Unit: milliseconds.
const MEMORY_MS: i64 = 60 * 60 * 1_000;

const HOUR_MS: i64 = 60 * 60 * 1_000;

/// Where a login comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Source(pub IpAddr);

impl Source {
    /// For callers without a network.
    pub const UNKNOWN: Self = Self(IpAddr::V4(Ipv4Addr::UNSPECIFIED));

    /// One source has a whole IPv6 network of 64 bits to choose addresses from.
    fn network(self) -> Self {
        match self.0.to_canonical() {
            IpAddr::V4(address) => Self(IpAddr::V4(address)),
            IpAddr::V6(address) => {
                let network = address.to_bits() & (u128::MAX << 64);
                Self(IpAddr::V6(Ipv6Addr::from_bits(network)))
            }
        }
    }
}

/// A user name, and where its password comes from.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// As typed.
    pub username: &'a str,
    /// Where the request comes from.
    pub source: Source,
}

impl<'a> From<&'a str> for Attempt<'a> {
    fn from(username: &'a str) -> Self {
        Self {
            username,
            source: Source::UNKNOWN,
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: Timestamp,
    wait_until: Timestamp,
}

/// After how many failures there is a wait, and how long it may become.
#[derive(Clone, Copy)]
struct Waiting {
    free: u32,
    ms_max: i64,
}

/// Failures by key, in bounded memory.
struct Table<K> {
    entries: HashMap<K, Failures>,
    max: usize,
    waiting: Waiting,
}

impl<K: Copy + Eq + Hash> Table<K> {
    fn new(max: usize, free: u32, ms_max: i64) -> Self {
        Self {
            entries: HashMap::new(),
            max,
            waiting: Waiting {
                free: free.max(1),
                ms_max,
            },
        }
    }

    fn waits(&self, key: &K, now: Timestamp) -> bool {
        let found = self.entries.get(key);
        found.is_some_and(|failures| now < failures.wait_until)
    }

    /// Counts a failure: 1 s, 2 s, 4 s and so on of waiting once the free ones are used up.
    fn add(&mut self, key: K, now: Timestamp) {
        if !self.entries.contains_key(&key) {
            self.evict(now);
        }
        let none = Failures {
            count: 0,
            last: now,
            wait_until: now,
        };
        let Waiting { free, ms_max } = self.waiting;
        let failures = self.entries.entry(key).or_insert(none);
        if now.since(failures.last) > MEMORY_MS {
            *failures = none;
        }
        failures.count = failures.count.saturating_add(1);
        failures.last = now;
        if let Some(beyond) = failures.count.checked_sub(free) {
            let wait = 1_000_i64.checked_shl(beyond.min(20)).unwrap_or(ms_max);
            failures.wait_until = now.plus_millis(wait.min(ms_max));
        }
    }

    /// Forgets what is old, and if that is not enough the key with the fewest failures: a flood of made-up names displaces
    /// itself, not the name that it is meant to hide.
    fn evict(&mut self, now: Timestamp) {
        if self.entries.len() < self.max {
            return;
        }
        self.entries
            .retain(|_, failures| now.since(failures.last) <= MEMORY_MS);
        if self.entries.len() < self.max {
            return;
        }
        let least = self
            .entries
            .iter()
            .min_by_key(|(_, failures)| (failures.count, failures.last));
        if let Some(key) = least.map(|(key, _)| *key) {
            self.entries.remove(&key);
        }
    }
}

type Name = [u8; 32];

/// How many failures are free of waiting.
#[derive(Clone, Copy)]
pub(crate) struct Free {
    /// Of one user from one source.
    pub(crate) user_and_source: u32,
    /// Of one source.
    pub(crate) source: u32,
    /// Of one user.
    pub(crate) user: u32,
}

/// Failed logins since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FailedLogins {
    /// With a wrong user name or password.
    pub failed: u64,
    /// Refused without a look at the password, after too many failures.
    pub throttled: u64,
}

/// Failed logins, by user name and source.
///
/// The names are stored as hashes: what is typed into a user name field may be a password. A name that is no user's is
/// counted like any other, so that the answer does not reveal which names exist.
pub(crate) struct Attempts {
    pairs: Table<(Name, Source)>,
    sources: Table<Source>,
    users: Table<Name>,
    /// Sources from which a user has logged in, and when last.
    known: HashMap<(Name, Source), Timestamp>,
    /// Passwords that are being checked, by source.
    pending: HashMap<Source, usize>,
    pending_max: usize,
    totals: FailedLogins,
    reported: FailedLogins,
    reported_at: Option<Timestamp>,
}

impl Attempts {
    pub(crate) fn new(free: Free, pending_max: usize) -> Self {
        let (short, long) = (
            limits::FAILED_LOGIN_WAIT_OF_USER_MS_MAX,
            limits::FAILED_LOGIN_WAIT_MS_MAX,
        );
        let (names, sources) = (
            limits::FAILED_LOGIN_NAMES_MAX,
            limits::FAILED_LOGIN_SOURCES_MAX,
        );
        Self {
            pairs: Table::new(names, free.user_and_source, long),
            sources: Table::new(sources, free.source, long),
            users: Table::new(names, free.user, short),
            known: HashMap::new(),
            pending: HashMap::new(),
            pending_max,
            totals: FailedLogins::default(),
            reported: FailedLogins::default(),
            reported_at: None,
        }
    }

    /// Whether a login has to wait.
    pub(crate) fn check(&mut self, attempt: Attempt<'_>, now: Timestamp) -> Result<(), LoginFault> {
        let pair = pair(attempt);
        let (name, source) = pair;
        let is_known = self.known.contains_key(&pair);
        let has_failed = self.pairs.entries.contains_key(&pair);
        let waits = self.pairs.waits(&pair, now)
            || (!is_known && self.sources.waits(&source, now))
            || (!is_known && has_failed && self.users.waits(&name, now));
        if waits {
            self.totals.throttled += 1;
            return Err(LoginFault::LoginRateExceeded);
        }
        Ok(())
    }

    /// Counts a password that is about to be checked, or refuses it: one source does not fill the queue of all.
    pub(crate) fn begin(&mut self, source: Source) -> Result<(), LoginFault> {
        let pending = self.pending.entry(source.network()).or_default();
        if *pending >= self.pending_max {
            self.totals.throttled += 1;
            return Err(LoginFault::LoginRateExceeded);
        }
        *pending += 1;
        Ok(())
    }

    pub(crate) fn end(&mut self, source: Source) {
        let source = source.network();
        if let Some(pending) = self.pending.get_mut(&source) {
            *pending = pending.saturating_sub(1);
            if *pending == 0 {
                self.pending.remove(&source);
            }
        }
    }

    /// Counts a failed login. Gives the failures since the last report when one is due.
    pub(crate) fn failed(&mut self, attempt: Attempt<'_>, now: Timestamp) -> Option<FailedLogins> {
        let (name, source) = pair(attempt);
        self.pairs.add((name, source), now);
        self.sources.add(source, now);
        self.users.add(name, now);
        self.totals.failed += 1;
        let is_due = self
            .reported_at
            .is_none_or(|at| now.since(at) >= limits::FAILED_LOGINS_LOGGED_EVERY_MS || now < at);
        is_due.then(|| {
            let since = FailedLogins {
                failed: self.totals.failed - self.reported.failed,
                throttled: self.totals.throttled - self.reported.throttled,
            };
            (self.reported, self.reported_at) = (self.totals, Some(now));
            since
        })
    }

    /// Forgets the failures of a user at this source, and remembers it as theirs.
    pub(crate) fn succeeded(&mut self, attempt: Attempt<'_>, now: Timestamp) {
        let pair = pair(attempt);
        self.pairs.entries.remove(&pair);
        if self.known.len() >= limits::LOGIN_SOURCES_KNOWN_MAX && !self.known.contains_key(&pair) {
            let oldest = self.known.iter().min_by_key(|(_, at)| **at);
            if let Some(oldest) = oldest.map(|(pair, _)| *pair) {
                self.known.remove(&oldest);
            }
        }
        self.known.insert(pair, now);
    }

    pub(crate) const fn totals(&self) -> FailedLogins {
        self.totals
    }
}

fn pair(attempt: Attempt<'_>) -> (Name, Source) {
    let name = attempt.username.to_ascii_lowercase();
    (
        Sha256::digest(name.as_bytes()).into(),
        attempt.source.network(),
    )
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
    pub(crate) fn count(&mut self, user: RecordId, now: Timestamp) -> Result<(), LoginFault> {
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
            return Err(LoginFault::LoginRateExceeded);
        }
        *count += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    fn attempts(user_and_source: u32, source: u32, user: u32) -> Attempts {
        let free = Free {
            user_and_source,
            source,
            user,
        };
        Attempts::new(free, 2)
    }

    /// An attempt from one of as many sources as there are numbers.
    fn from(username: &str, source: u32) -> Attempt<'_> {
        Attempt {
            username,
            source: Source(IpAddr::V4(Ipv4Addr::from_bits(source))),
        }
    }

    #[test]
    fn waiting_doubles_with_each_failure_and_ends() {
        let mut attempts = attempts(3, 1_000, 1_000);
        attempts.failed("ann".into(), START);
        attempts.failed("ann".into(), START);
        assert_eq!(attempts.check("ann".into(), START), Ok(()));
        for (failures, wait_ms) in [(3, 1_000), (4, 2_000), (5, 4_000)] {
            attempts.failed("Ann".into(), START);
            let end = START.plus_millis(wait_ms);
            let before = attempts.check("ann".into(), end.plus_millis(-1));
            assert!(before.is_err(), "{failures}");
            assert_eq!(attempts.check("ann".into(), end), Ok(()), "{failures}");
        }
        for _ in 0..100 {
            attempts.failed("ann".into(), START);
        }
        let end = START.plus_millis(limits::FAILED_LOGIN_WAIT_MS_MAX);
        assert_eq!(attempts.check("ann".into(), end), Ok(()));
    }

    #[test]
    fn a_success_and_an_hour_of_rest_both_forget_failures() {
        let mut attempts = attempts(1, 1_000, 1_000);
        attempts.failed("ann".into(), START);
        attempts.succeeded("ann".into(), START);
        assert_eq!(attempts.check("ann".into(), START), Ok(()));
        for _ in 0..5 {
            attempts.failed("ann".into(), START);
        }
        let later = START.plus_millis(MEMORY_MS + 1);
        attempts.failed("ann".into(), later);
        let end = later.plus_millis(1_000);
        assert_eq!(attempts.check("ann".into(), end), Ok(()));
    }

    #[test]
    fn failed_guesses_do_not_lock_users_out() {
        let mut attempts = attempts(5, 20, 50);
        attempts.succeeded(from("ann", 1), START);
        // Many sources guess at one user, one of them at everybody.
        for source in 100..600 {
            attempts.failed(from("ann", source), START);
        }
        for number in 0..500 {
            attempts.failed(from(&format!("user{number}"), 100), START);
        }
        let check =
            |attempts: &mut Attempts, name: &str, source| attempts.check(from(name, source), START);
        assert_eq!(check(&mut attempts, "ann", 1), Ok(()), "a known source");
        assert_eq!(check(&mut attempts, "ann", 2), Ok(()), "a new source");
        assert_eq!(check(&mut attempts, "bob", 2), Ok(()), "another user");
        assert!(check(&mut attempts, "ann", 101).is_err(), "a guesser");
        assert!(check(&mut attempts, "bob", 100).is_err(), "its source");
        let end = START.plus_millis(limits::FAILED_LOGIN_WAIT_OF_USER_MS_MAX);
        assert_eq!(attempts.check(from("ann", 101), end), Ok(()));
    }

    #[test]
    fn one_source_is_its_ipv6_network() {
        let mut attempts = attempts(1, 3, 1_000);
        for last in 1..=3_u16 {
            let address = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last);
            let username = &format!("user{last}");
            let attempt = Attempt {
                username,
                source: Source(IpAddr::V6(address)),
            };
            attempts.failed(attempt, START);
        }
        let of = |text: &str| Attempt {
            username: "somebody",
            source: Source(text.parse().expect("an address")),
        };
        assert!(attempts.check(of("2001:db8::99"), START).is_err());
        assert_eq!(attempts.check(of("2001:db8:0:1::1"), START), Ok(()));
    }

    #[test]
    fn one_source_does_not_fill_the_queue() {
        let mut attempts = attempts(5, 5, 5);
        let (one, other) = (from("a", 1).source, from("a", 2).source);
        assert_eq!(attempts.begin(one), Ok(()));
        assert_eq!(attempts.begin(one), Ok(()));
        assert_eq!(attempts.begin(one), Err(LoginFault::LoginRateExceeded));
        assert_eq!(attempts.begin(other), Ok(()));
        attempts.end(one);
        assert_eq!(attempts.begin(one), Ok(()));
    }

    #[test]
    fn a_flood_of_names_neither_grows_nor_hides_the_one_that_is_guessed_at() {
        let mut attempts = attempts(1, u32::MAX, u32::MAX);
        for _ in 0..10 {
            attempts.failed("victim".into(), START);
        }
        for number in 0..limits::FAILED_LOGIN_NAMES_MAX + 10 {
            attempts.failed(number.to_string().as_str().into(), START);
        }
        assert!(attempts.pairs.entries.len() <= limits::FAILED_LOGIN_NAMES_MAX);
        assert!(attempts.users.entries.len() <= limits::FAILED_LOGIN_NAMES_MAX);
        assert!(attempts.check("victim".into(), START).is_err());
    }

    #[test]
    fn failures_are_reported_once_in_a_while() {
        let mut attempts = attempts(1, 1_000, 1_000);
        let first = attempts.failed("ann".into(), START);
        assert_eq!(first.map(|since| since.failed), Some(1));
        for _ in 0..9 {
            assert!(attempts.check("ann".into(), START).is_err());
            assert_eq!(attempts.failed("ann".into(), START), None);
        }
        let later = START.plus_millis(limits::FAILED_LOGINS_LOGGED_EVERY_MS);
        let expected = FailedLogins {
            failed: 10,
            throttled: 9,
        };
        assert_eq!(attempts.failed("ann".into(), later), Some(expected));
        assert_eq!(attempts.totals().failed, 11);
    }

    #[test]
    fn logins_are_counted_by_the_hour() {
        let mut hourly = HourlyLogins::new(Some(2));
        let user = RecordId::EMPTY;
        assert_eq!(hourly.count(user, START), Ok(()));
        assert_eq!(hourly.count(user, START), Ok(()));
        assert_eq!(
            hourly.count(user, START),
            Err(LoginFault::LoginRateExceeded)
        );
        assert_eq!(hourly.count(user, START.plus_millis(HOUR_MS)), Ok(()));
        assert_eq!(HourlyLogins::new(None).count(user, START), Ok(()));
    }
}
