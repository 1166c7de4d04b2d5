//! What is wrong with the access token of a request.

/// What is wrong with the access token of a request. `landfall-wire` spells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionFault {
    /// The access token is unknown, expired or revoked.
    Invalid,
    /// There is no access token.
    Missing,
    /// The authorization header has a scheme that is not read here.
    HeaderInvalid,
    /// The access token does not cover the REST API.
    ApiScopeMissing,
    /// The user does not have the permission API Enabled.
    ApiDisabled,
}
