//! The spelling of `LoginFault`.

use landfall_model::LoginFault;

use super::grant_error;
use crate::OauthError;

/// Source: "OAuth 2.0 Authorization Errors" (Salesforce Help).
pub(super) fn spell(fault: &LoginFault) -> OauthError {
    match fault {
        LoginFault::AuthenticationFailed => grant_error("invalid_grant", "authentication failure"),
        LoginFault::RefreshTokenInvalid => {
            grant_error("invalid_grant", "expired access/refresh token")
        }
        LoginFault::UserInactive => grant_error("invalid_grant", "inactive user"),
        LoginFault::LoginRateExceeded => grant_error("invalid_grant", "login rate exceeded"),
        LoginFault::ClientIdInvalid => {
            grant_error("invalid_client_id", "client identifier invalid")
        }
        LoginFault::ClientCredentialsInvalid => {
            grant_error("invalid_client", "invalid client credentials")
        }
        LoginFault::ClientUserMissing => {
            grant_error("invalid_request", "no client credentials user enabled")
        }
        LoginFault::GrantUnsupported => {
            grant_error("unsupported_grant_type", "grant type not supported")
        }
        LoginFault::PostRequired => grant_error("invalid_request", "must use HTTP POST"),
        LoginFault::ParameterMissing { name } => grant_error(
            "invalid_request",
            format!("missing required parameter: {name}"),
        ),
        LoginFault::TokenTypeUnsupported => {
            grant_error("unsupported_token_type", "this token type is not supported")
        }
        LoginFault::CodeExpired => grant_error("invalid_grant", "expired authorization code"),
        LoginFault::CodeVerifierMissing => {
            grant_error("invalid_grant", "missing required code verifier")
        }
        LoginFault::CodeVerifierInvalid => grant_error("invalid_request", "invalid code verifier"),
        LoginFault::CodeChallengeMissing => {
            grant_error("invalid_request", "missing required code challenge")
        }
        LoginFault::CodeChallengeInvalid => {
            grant_error("invalid_request", "invalid code challenge")
        }
        LoginFault::RedirectUriMissing => {
            grant_error("redirect_uri_missing", "redirect_uri not provided")
        }
        LoginFault::RedirectUriMismatch => grant_error(
            "redirect_uri_mismatch",
            "redirect_uri must match configuration",
        ),
        LoginFault::ResponseTypeUnsupported => {
            grant_error("unsupported_response_type", "response type not supported")
        }
        LoginFault::ScopeInvalid => grant_error(
            "invalid_scope",
            "requested scope is invalid, unknown, or malformed",
        ),
        LoginFault::AssertionInvalid => grant_error("invalid_grant", "invalid assertion"),
        LoginFault::AudienceInvalid => grant_error("invalid_grant", "audience is invalid"),
        LoginFault::AssertionExpired => grant_error("invalid_grant", "assertion expired"),
        // Clients: simple-salesforce matches the text and shows where to approve.
        LoginFault::ClientNotApproved => {
            grant_error("invalid_grant", "user hasn't approved this consumer")
        }
        LoginFault::AuthorizationPending => {
            grant_error("authorization_pending", "User authorization is pending")
        }
        LoginFault::PollTooFrequent => grant_error("slow_down", "polling too frequently"),
        LoginFault::AuthorizationDenied => {
            grant_error("access_denied", "end-user denied authorization")
        }
        LoginFault::ImmediateUnsuccessful => grant_error(
            "immediate_unsuccessful",
            "approval not possible with immediate=true",
        ),
    }
}
