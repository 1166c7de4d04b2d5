//! Logins on an org with a real store: how they begin, how they end, and what survives.

mod assertions;
mod endings;
mod grants;
mod org;
mod passwords;
