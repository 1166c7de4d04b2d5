//! What a call can fail with.

use std::fmt;

/// Why a call has failed.
#[derive(Debug)]
pub enum Error {
    /// The control interface has refused the call: `code` does not change between versions, `message` may.
    Refused {
        /// The HTTP status.
        status: u16,
        /// Such as `snapshot-not-found`.
        code: String,
        /// What is wrong, in words.
        message: String,
    },
    /// The REST API, or a login, has answered with an error.
    Status {
        /// The method and path.
        request: String,
        /// The HTTP status.
        status: u16,
        /// The body of the answer.
        body: String,
    },
    /// No org was started, for this reason.
    Start(String),
    /// The server was not reached, or its answer could not be read.
    Connection(std::io::Error),
    /// The answer is not what the control interface answers.
    Answer(String),
}

impl Error {
    /// The code of a refusal by the control interface, such as `not-met`.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { code, .. } => Some(code),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { code, message, .. } => write!(f, "{code}: {message}"),
            Self::Status {
                request,
                status,
                body,
            } => write!(f, "{request}: {status} {body}"),
            Self::Start(reason) => write!(f, "no org was started: {reason}"),
            Self::Connection(_) => f.write_str("the org cannot be reached"),
            Self::Answer(reason) => write!(f, "the answer cannot be read: {reason}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Connection(error) => Some(error),
            _ => None,
        }
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::Connection(error)
    }
}
