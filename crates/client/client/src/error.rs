//! What can go wrong between a client and an org.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why a client did not get what it asked for.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address of the org cannot be read.
    #[error("`{text}` is not the address of an org: {reason}")]
    Target {
        /// The address.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A file of certificates cannot be read.
    #[error("cannot read certificates from {}", path.display())]
    Certificates {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: rustls::pki_types::pem::Error,
    },
    /// TLS cannot be set up.
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
    /// There is nobody at the address.
    #[error("cannot connect to {authority}")]
    Connect {
        /// Host and port.
        authority: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// No answer in time.
    #[error("no answer within {} s", .0.as_secs())]
    Timeout(Duration),
    /// The connection broke, or what came is not HTTP.
    #[error("the connection to {authority} failed")]
    Connection {
        /// Host and port.
        authority: String,
        /// Why.
        #[source]
        source: hyper::Error,
    },
    /// A request cannot be put together from what the caller gave.
    #[error("the request cannot be made")]
    Request(#[from] http::Error),
    /// The answer's body broke off or is too large.
    #[error("the answer cannot be read")]
    Body(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The login was refused.
    #[error("the login was refused: {error}: {description}")]
    LoginRefused {
        /// Code, such as `invalid_grant`.
        error: String,
        /// Text.
        description: String,
    },
    /// A call of the control interface was refused.
    #[error("{message}")]
    Refused {
        /// For programs, such as `clock-backwards`.
        code: String,
        /// For people.
        message: String,
    },
    /// An answer with a status that was not asked for.
    #[error("the org answered {status}: {body}")]
    Status {
        /// HTTP status.
        status: u16,
        /// The beginning of the body.
        body: String,
    },
    /// An answer of another shape than documented.
    #[error("the org's answer is not of the documented shape: {0}")]
    Shape(&'static str),
    /// The Pub/Sub API refused a call, or broke it off.
    #[error("{message}")]
    Rpc {
        /// Status of gRPC.
        code: tonic::Code,
        /// What clients branch on, such as `sfdc.platform.eventbus.grpc.topic.not.found`; empty if there is none.
        error_code: String,
        /// Text.
        message: String,
    },
    /// A schema that is not one of events.
    #[error("the schema cannot be read")]
    Schema(#[from] landfall_schema::Error),
    /// An event that is not of its schema.
    #[error("the event cannot be read")]
    Payload(#[from] landfall_schema::DecodeError),
}

impl From<tonic::Status> for Error {
    fn from(status: tonic::Status) -> Self {
        let error_code = status.metadata().get("error-code");
        Self::Rpc {
            code: status.code(),
            error_code: error_code
                .and_then(|code| code.to_str().ok())
                .unwrap_or_default()
                .to_owned(),
            message: status.message().to_owned(),
        }
    }
}
