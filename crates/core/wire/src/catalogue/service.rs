//! The spelling of `ServiceFault`.

use landfall_model::ServiceFault;

use super::grant_error;
use crate::rest::{RestError, unexpected};
use crate::{OauthError, Wire, bayeux, grpc};

/// Source: "Status Codes and Error Responses" (REST API Developer Guide), "Streaming API Error Codes" (Streaming API
/// Developer Guide), "OAuth 2.0 Authorization Errors" (Salesforce Help), and recorded responses.
pub(super) fn spell(fault: &ServiceFault) -> Wire {
    match fault {
        ServiceFault::StoreUnavailable | ServiceFault::Busy => Wire {
            rest: Some(RestError::plain(
                503,
                "SERVER_UNAVAILABLE",
                if *fault == ServiceFault::StoreUnavailable {
                    "A server that is necessary for this call is currently unavailable. Other types of requests might still work."
                } else {
                    "Server is too busy. Please try your request again later."
                },
            )),
            bayeux: Some(bayeux::BUSY.to_owned()),
            oauth: Some(OauthError {
                status: 503,
                ..grant_error("server_error", "service unavailable")
            }),
            grpc: Some(grpc::unavailable()),
        },
        ServiceFault::Internal { error_id } => Wire {
            rest: Some(unexpected(*error_id)),
            bayeux: Some(bayeux::UNEXPECTED.to_owned()),
            oauth: Some(OauthError {
                status: 500,
                ..grant_error("server_error", format!("unexpected error {error_id}"))
            }),
            grpc: Some(grpc::internal()),
        },
    }
}
