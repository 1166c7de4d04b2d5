//! Names of objects that have rules of their own.

pub(crate) const ACCOUNT: &str = "Account";
pub(crate) const CONTACT: &str = "Contact";
