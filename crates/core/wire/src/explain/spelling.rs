//! How what is explained is spelled, on each surface.

use std::fmt;

use landfall_model::{Fault, LimitFault, LoginFault};

use super::Subject;
use crate::grpc::GrpcStatus;
use crate::rest::RestError;

/// Where a client meets an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    /// The REST API, and what answers as it does: the Tooling API, the Bulk API 2.0, the Metadata API over REST.
    Rest,
    /// The Bulk API before 2.0.
    BulkClassic,
    /// The SOAP APIs.
    Soap,
    /// OAuth 2.0.
    Oauth,
    /// The Streaming API.
    Streaming,
    /// The Pub/Sub API.
    PubSub,
    /// A component of a deployment, or of a call of the Metadata API.
    Component,
    /// `errorMessage` of a bulk job.
    Job,
}

impl fmt::Display for Surface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rest => "REST API",
            Self::BulkClassic => "Bulk API 1.0",
            Self::Soap => "SOAP API",
            Self::Oauth => "OAuth",
            Self::Streaming => "Streaming API",
            Self::PubSub => "Pub/Sub API",
            Self::Component => "Metadata API",
            Self::Job => "Bulk job",
        })
    }
}

/// One spelling of an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spelling {
    /// Where.
    pub surface: Surface,
    /// Status of HTTP, or the name of that of gRPC; empty where there is none of its own.
    pub status: String,
    /// What programs compare; empty where there is only a status or a message.
    pub code: String,
    /// Text for people; empty where the code is the text.
    pub message: String,
}

impl Spelling {
    /// The shortest text that names it.
    pub fn name(&self) -> &str {
        [&self.code, &self.message]
            .into_iter()
            .find(|text| !text.is_empty())
            .unwrap_or(&self.status)
    }
}

impl fmt::Display for Spelling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [&self.status, &self.code, &self.message];
        let parts: Vec<&str> = parts
            .into_iter()
            .map(String::as_str)
            .filter(|part| !part.is_empty())
            .collect();
        // Messages of queries begin with the place in the statement, in lines of its own.
        f.write_str(&parts.join("  ").replace('\n', " "))
    }
}

pub(super) fn of(subject: &Subject) -> Vec<Spelling> {
    match subject {
        Subject::Fault(fault) => of_fault(fault),
        Subject::Component(fault) => {
            let (code, message) = crate::component_error(fault);
            vec![spelling(Surface::Component, "", code, message)]
        }
        Subject::Job(failure) => {
            vec![spelling(Surface::Job, "", "", crate::job_failure(failure))]
        }
        Subject::Code(spelling) => vec![spelling.clone()],
    }
}

fn of_fault(fault: &Fault) -> Vec<Spelling> {
    let wire = crate::wire(fault);
    let mut spellings = Vec::new();
    if let Some(error) = wire.rest {
        spellings.push(rest(Surface::Rest, error));
    }
    if has_classic(fault) {
        spellings.push(rest(Surface::BulkClassic, crate::bulk_classic(fault)));
    }
    if let Some(error) = soap(fault, spellings.first()) {
        spellings.push(error);
    }
    if let Some(text) = wire.bayeux {
        spellings.push(spelling(Surface::Streaming, "", text, ""));
    }
    if let Some(error) = wire.oauth {
        let both = [error, crate::authorization(fault)];
        for error in both {
            let status = error.status.to_string();
            let made = spelling(Surface::Oauth, status, error.error, error.description);
            if !spellings.contains(&made) {
                spellings.push(made);
            }
        }
    }
    if let Some(error) = wire.grpc {
        let status = status(error.status);
        spellings.push(spelling(Surface::PubSub, status, error.code, error.message));
    }
    spellings
}

/// Whether clients of the Bulk API before 2.0 meet the fault as one of that API.
const fn has_classic(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::Bulk(_) | Fault::Session(_) | Fault::Limit(LimitFault::Storage)
    )
}

/// The SOAP spelling, where it is another than that of REST.
fn soap(fault: &Fault, on_rest: Option<&Spelling>) -> Option<Spelling> {
    let of_soap_only = matches!(
        fault,
        Fault::Soap(_)
            | Fault::Login(
                LoginFault::AuthenticationFailed
                    | LoginFault::UserInactive
                    | LoginFault::LoginRateExceeded
            )
    );
    let error = crate::soap(fault);
    let is_same =
        on_rest.is_some_and(|rest| rest.code == error.code && rest.message == error.message);
    (of_soap_only || on_rest.is_some() && !is_same)
        .then(|| spelling(Surface::Soap, "", error.code, error.message))
}

fn rest(surface: Surface, error: RestError) -> Spelling {
    spelling(surface, error.status.to_string(), error.code, error.message)
}

pub(super) fn spelling(
    surface: Surface,
    status: impl Into<String>,
    code: impl Into<String>,
    message: impl Into<String>,
) -> Spelling {
    Spelling {
        surface,
        status: status.into(),
        code: code.into(),
        message: message.into(),
    }
}

/// The name of a status of gRPC.
const fn status(status: GrpcStatus) -> &'static str {
    match status {
        GrpcStatus::InvalidArgument => "INVALID_ARGUMENT",
        GrpcStatus::DeadlineExceeded => "DEADLINE_EXCEEDED",
        GrpcStatus::NotFound => "NOT_FOUND",
        GrpcStatus::AlreadyExists => "ALREADY_EXISTS",
        GrpcStatus::PermissionDenied => "PERMISSION_DENIED",
        GrpcStatus::ResourceExhausted => "RESOURCE_EXHAUSTED",
        GrpcStatus::FailedPrecondition => "FAILED_PRECONDITION",
        GrpcStatus::Internal => "INTERNAL",
        GrpcStatus::Unavailable => "UNAVAILABLE",
        GrpcStatus::Unauthenticated => "UNAUTHENTICATED",
    }
}
