//! Refusals, in the one shape that they have: `{"error":{"code":"not-found","message":"…"}}`.
//!
//! No client of the service reads them, so they are worded here.

use http::StatusCode;
use landfall_engine::{Error, chain};
use landfall_http::Writer;
use landfall_http::body::Unreadable;
use tracing::error;

/// A call that is not done.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    code: &'static str,
    message: String,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }

    /// As JSON.
    pub(crate) fn body(&self) -> String {
        let mut w = Writer::new();
        w.object(|w| {
            w.name("error").object(|w| {
                w.name("code").string(self.code);
                w.name("message").string(&self.message);
            });
        });
        w.finish()
    }
}

/// A value that is refused.
pub(crate) fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "invalid", message)
}

pub(crate) fn not_found() -> Refusal {
    Refusal::new(
        StatusCode::NOT_FOUND,
        "not-found",
        "there is no such resource; /_landfall/v1/openapi.json lists all",
    )
}

pub(crate) fn no_org() -> Refusal {
    Refusal::new(
        StatusCode::NOT_FOUND,
        "org-not-found",
        "the access token is of no org that is open",
    )
}

/// A channel that nobody can subscribe to, with the one that was probably meant.
pub(crate) fn no_channel<'c>(channel: &str, known: impl Iterator<Item = &'c str>) -> Refusal {
    let meant = |known: &&str| {
        let last = known.rsplit('/').next().unwrap_or_default();
        let given = channel.rsplit('/').next().unwrap_or_default();
        last.eq_ignore_ascii_case(given) || known.eq_ignore_ascii_case(channel)
    };
    let hint = known.into_iter().find(meant);
    let hint = hint.map_or_else(String::new, |hint| format!(", only {hint}"));
    Refusal::new(
        StatusCode::NOT_FOUND,
        "channel-not-found",
        format!("the org has no channel \"{channel}\"{hint}"),
    )
}

/// A page of another website in a browser.
pub(crate) fn other_origin() -> Refusal {
    Refusal::new(
        StatusCode::FORBIDDEN,
        "origin",
        "pages of other origins cannot control the org",
    )
}

/// More than the process does at once.
pub(crate) fn busy(message: impl Into<String>) -> Refusal {
    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message)
}

/// Something that is no fault of the caller, and is logged.
pub(crate) fn failed(failure: &Error) -> Refusal {
    let reason = chain(failure);
    error!(error = %reason, "a call of the control interface has failed");
    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", reason)
}

pub(crate) fn method(allowed: &str) -> Refusal {
    Refusal::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method-not-allowed",
        format!("the resource takes {allowed}"),
    )
}

impl From<Unreadable> for Refusal {
    fn from(unreadable: Unreadable) -> Self {
        match unreadable {
            Unreadable::TooLarge => Self::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too-large",
                "the body is too large",
            ),
            Unreadable::Incomplete => invalid("the body is incomplete"),
            Unreadable::Damaged(reason) => invalid(reason),
            Unreadable::EncodingUnknown(encoding) => {
                invalid(format!("bodies encoded as {encoding} are not read"))
            }
            Unreadable::Overloaded => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "busy",
                "the server has no memory for the body at the moment",
            ),
        }
    }
}
