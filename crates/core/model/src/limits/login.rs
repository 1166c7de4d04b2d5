//! Limits of logins and OAuth requests.

/// Length of a JSONP function's name. Unit: characters. Source: none.
pub const JSONP_CALLBACK_CHARACTERS_MAX: usize = 128;

/// Fields of one multipart OAuth request. Source: none.
pub const OAUTH_MULTIPART_FIELDS_MAX: usize = 64;

/// Parameters of one OAuth request. Source: none; no flow has more than a dozen.
pub const OAUTH_PARAMETERS_MAX: usize = 64;

/// Longest time between two rounds that end expired logins. Unit: milliseconds. Source: none.
pub const LOGIN_EXPIRY_ROUND_MS_MAX: i64 = 10_000;

/// Shortest time between two such rounds. Unit: milliseconds. Source: none.
pub const LOGIN_EXPIRY_ROUND_MS_MIN: i64 = 50;

/// Password hashes computed at once: each takes a processor and its memory. Source: none.
pub const PASSWORD_HASHES_AT_ONCE: usize = 2;

/// Users whose verified password is remembered. Source: none.
pub const VERIFIED_PASSWORDS_MAX: usize = 1_000;

/// Length of a redirect URI. Unit: bytes. Source: none.
pub const REDIRECT_URI_BYTES_MAX: usize = 2_048;

/// Scopes of one request. Source: none; fewer than 30 are documented.
pub const SCOPES_MAX: usize = 64;
