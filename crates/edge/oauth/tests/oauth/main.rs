//! The OAuth 2.0 endpoints as clients see them, on an org with a real store.

mod assertions;
mod authorize;
mod device;
mod identity;
mod openid;
mod org;
mod token;
mod tokens;
