//! What an operator decides about logins.

use std::time::Duration;

use landfall_model::limits;

/// How logins behave.
#[derive(Clone, Debug)]
pub struct Settings {
    /// A login ends when it has not been used for this long; from seconds to days.
    ///
    /// Source: `login()`, "Session Expiration" (SOAP API Developer Guide): two hours by default, restarted by each call.
    pub session_idle: Duration,
    /// Whether the `password` grant is served, and `login()` of the SOAP API.
    ///
    /// Source: "OAuth 2.0 Username-Password Flow", `login()`: blocked by default in new orgs; many clients rely on them.
    pub password_grant: bool,
    /// Whether 24 or 25 letters and digits after the right password are taken for a security token that nobody checks; and
    /// anything after the password that the developer org's user has at first.
    pub security_token_ignored: bool,
    /// For how long a verified password need not be hashed again; zero switches that off.
    ///
    /// A machine that runs a test suite logs in hundreds of times with one password, and each hash costs milliseconds
    /// and megabytes by design. What is remembered is an HMAC of stored hash and password under a key that only this
    /// process has, never stored: a changed password is never found in it, and a wrong one always costs a full hash. It
    /// weakens one thing: who can read the process's memory can guess faster. So it is off in production.
    pub verified_password_kept: Duration,
    /// Failed logins of one user from one source before the next has to wait: 1 s, 2 s, 4 s and so on.
    pub failed_logins_free: u32,
    /// Failed logins from one source before the next has to wait, of any user.
    pub failed_logins_free_of_source: u32,
    /// Failed logins of one user from all sources before sources that have failed have to wait.
    pub failed_logins_free_of_user: u32,
    /// Passwords from one source that are checked or wait for it at once.
    pub passwords_pending_per_source: usize,
    /// Least length of a password. Unit: characters.
    pub password_chars_min: usize,
    /// Logins of one user in an hour; none: unlimited.
    ///
    /// Source: `login()` (SOAP API Developer Guide): 3,600 calls per user per hour.
    pub logins_an_hour: Option<u32>,
    /// What hashing a password costs.
    pub password_cost: PasswordCost,
    /// Name of the user who counts as logged in and approves every app. For tests.
    pub auto_approve: Option<String>,
}

/// The parameters of argon2id with one lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordCost {
    /// Unit: KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
}

impl PasswordCost {
    /// What OWASP's "Password Storage Cheat Sheet" recommends: 19 MiB, two passes.
    pub const RECOMMENDED: Self = Self {
        memory_kib: 19 * 1024,
        passes: 2,
    };

    /// As little as the algorithm allows. For tests.
    pub const LEAST: Self = Self {
        memory_kib: 8,
        passes: 1,
    };
}

impl Settings {
    /// For a developer org: what slows a test suite down is off.
    pub fn developer() -> Self {
        Self {
            security_token_ignored: true,
            verified_password_kept: Duration::from_mins(5),
            failed_logins_free: 100,
            failed_logins_free_of_source: 1_000,
            failed_logins_free_of_user: 1_000,
            passwords_pending_per_source: limits::PASSWORD_QUEUE_MAX,
            password_chars_min: 1,
            logins_an_hour: None,
            ..Self::production()
        }
    }

    /// For a production node.
    pub const fn production() -> Self {
        Self {
            session_idle: Duration::from_mins(limits::SESSION_IDLE_MINUTES),
            password_grant: true,
            security_token_ignored: false,
            verified_password_kept: Duration::ZERO,
            failed_logins_free: 5,
            failed_logins_free_of_source: 50,
            failed_logins_free_of_user: 100,
            passwords_pending_per_source: limits::PASSWORDS_PENDING_PER_SOURCE_MAX,
            password_chars_min: limits::PRODUCTION_PASSWORD_CHARS_MIN,
            logins_an_hour: Some(limits::LOGINS_AN_HOUR),
            password_cost: PasswordCost::RECOMMENDED,
            auto_approve: None,
        }
    }

    pub(crate) fn idle_ms(&self) -> i64 {
        millis(self.session_idle).max(1)
    }
}

/// A duration as the clock counts.
pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
