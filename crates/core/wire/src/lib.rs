//! How things are spelled on the wire: faults on every surface, versioned paths, header names.
//!
//! Owns every text that a client may compare with. It deliberately knows no engine, no transport and no session: an
//! edge hands it a [`Fault`] and sends what comes back. Start reading at [`wire`], the table; [`versions`] has the
//! paths, [`headers`] the header names, [`values`] and [`dates`] the text of values.

mod bayeux;
mod bulk;
mod catalogue;
pub mod dates;
pub mod describe;
pub mod explain;
mod grpc;
pub mod headers;
mod mdapi;
pub mod multipart;
mod path;
mod rest;
mod soap;
pub mod values;
pub mod versions;

use std::borrow::Cow;

use landfall_model::{Fault, LoginFault, RecordFault};

pub use bulk::job_failure;
pub use catalogue::wire;
pub use grpc::{EVENT_LIMIT_EXCEEDED, GrpcError, GrpcStatus};
pub use mdapi::component_error;
pub use path::{match_path, normalize_path};
pub use rest::{RestError, UNAVAILABLE_PAGE, write_json_string};
pub use soap::{SoapError, SoapFaultKind, soap};
pub use versions::ApiVersion;

/// The status code of a platform event that was taken; the message beside it is the event's UUID.
///
/// Clients: it is in the errors of a request that succeeded.
/// Source: "Publish Event Messages with Salesforce APIs" (Platform Events Developer Guide).
pub const OPERATION_ENQUEUED: &str = "OPERATION_ENQUEUED";

/// What one fault looks like on each surface; `None` where it cannot occur.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wire {
    /// REST: a status and one element of the error array.
    pub rest: Option<RestError>,
    /// Streaming API: the `error` of a reply.
    pub bayeux: Option<String>,
    /// OAuth 2.0: a status and the two members of the error object.
    pub oauth: Option<OauthError>,
    /// Pub/Sub API: status, code and text.
    pub grpc: Option<GrpcError>,
}

/// An error of the token, revocation and introspection endpoints.
///
/// Wire: `{"error": ..., "error_description": ...}`.
/// Source: "OAuth 2.0 Authorization Errors" (Salesforce Help).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OauthError {
    /// HTTP status.
    pub status: u16,
    /// Code, such as `invalid_grant`.
    pub error: &'static str,
    /// Text; clients map some of them literally.
    pub description: String,
}

impl std::fmt::Display for OauthError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut body = String::from("{\"error\":");
        write_json_string(&mut body, self.error);
        body.push_str(",\"error_description\":");
        write_json_string(&mut body, &self.description);
        body.push('}');
        f.write_str(&body)
    }
}

/// The REST spelling; a fault that has none is an unexpected error of the service.
pub fn rest(fault: &Fault) -> RestError {
    wire(fault).rest.unwrap_or_else(|| rest::unexpected(0))
}

/// The errors that a fault consists of, in their order: one, or several for a record that several validation rules refuse.
///
/// Source: "Validation Rules" (Salesforce Help): the errors of all rules are shown.
pub fn parts(fault: &Fault) -> Vec<Cow<'_, Fault>> {
    let Fault::Record(RecordFault::RulesBroken { broken }) = fault else {
        return vec![Cow::Borrowed(fault)];
    };
    let each = broken.iter().map(|rule| {
        let broken = vec![rule.clone()];
        Cow::Owned(Fault::Record(RecordFault::RulesBroken { broken }))
    });
    each.collect()
}

/// The body of a response that refuses a request: a JSON array of its errors.
pub fn rest_body(fault: &Fault) -> String {
    let bodies: Vec<String> = parts(fault)
        .iter()
        .map(|part| rest(part).to_string())
        .collect();
    bodies.join(",").replace("}],[{", "},{")
}

/// The spelling of the Bulk API before 2.0: `exceptionCode` and `exceptionMessage`.
pub fn bulk_classic(fault: &Fault) -> RestError {
    bulk::classic(fault)
}

/// The Streaming API spelling; a fault that has none is an unexpected error of the service.
pub fn bayeux(fault: &Fault) -> String {
    wire(fault)
        .bayeux
        .unwrap_or_else(|| bayeux::UNEXPECTED.to_owned())
}

/// The OAuth 2.0 spelling; a fault that has none is a server error.
pub fn oauth(fault: &Fault) -> OauthError {
    wire(fault).oauth.unwrap_or_else(|| OauthError {
        status: 500,
        error: "server_error",
        description: "unexpected error".to_owned(),
    })
}

/// The spelling of the authorization endpoint, which has codes of its own for what keeps a user from logging in.
pub fn authorization(fault: &Fault) -> OauthError {
    let (error, description) = match fault {
        Fault::Login(LoginFault::UserInactive) => ("inactive_user", "user is inactive"),
        Fault::Login(LoginFault::LoginRateExceeded) => {
            ("rate_limit_exceeded", "login rate exceeded")
        }
        _ => return oauth(fault),
    };
    OauthError {
        status: 400,
        error,
        description: description.to_owned(),
    }
}

/// The Pub/Sub API spelling; a fault that has none is an internal error.
pub fn grpc(fault: &Fault) -> GrpcError {
    wire(fault).grpc.unwrap_or_else(grpc::internal)
}
