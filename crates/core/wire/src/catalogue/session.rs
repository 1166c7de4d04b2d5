//! The spelling of `SessionFault`.

use landfall_model::SessionFault;

use super::on_bayeux;
use crate::rest::RestError;
use crate::{Wire, grpc};

/// Source: "Status Codes and Error Responses" (REST API Developer Guide), "Streaming API Error Codes" (Streaming API
/// Developer Guide).
pub(super) fn spell(fault: &SessionFault) -> Wire {
    match fault {
        SessionFault::Invalid => Wire {
            rest: Some(session("INVALID_SESSION_ID", "Session expired or invalid")),
            grpc: Some(grpc::authentication(grpc::AUTH_ERROR)),
            ..on_bayeux("401::Authentication invalid")
        },
        SessionFault::Missing => Wire {
            rest: Some(session("INVALID_SESSION_ID", "Session expired or invalid")),
            grpc: Some(grpc::authentication(grpc::AUTH_HEADERS_INVALID)),
            ..on_bayeux("401::Request requires authentication")
        },
        SessionFault::HeaderInvalid => Wire {
            rest: Some(session("INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE")),
            ..on_bayeux("401::Authentication invalid")
        },
        SessionFault::ApiScopeMissing => Wire {
            rest: Some(session(
                "INVALID_SESSION_ID",
                "This session is not valid for use with the REST API",
            )),
            ..on_bayeux("401::Authentication invalid")
        },
        // The text is that of recorded answers. The Streaming API and the Pub/Sub API have none of their own: Source: none.
        SessionFault::ApiDisabled => Wire {
            rest: Some(RestError::plain(
                403,
                "API_DISABLED_FOR_ORG",
                "The REST API is not enabled for this Organization.",
            )),
            grpc: Some(grpc::authentication(grpc::AUTH_ERROR)),
            ..on_bayeux("401::Authentication invalid")
        },
    }
}

fn session(code: &'static str, message: &str) -> RestError {
    RestError::plain(401, code, message)
}
