//! Refusals, in the one shape that they have: `{"error":{"code":"not-found","message":"…"}}`.
//!
//! No client of the service reads them, so they are worded here.

use http::StatusCode;
use landfall_http::Writer;
use landfall_http::body::Unreadable;

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
