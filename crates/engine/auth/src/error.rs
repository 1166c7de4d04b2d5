//! What can go wrong with logins.

use landfall_engine::report;
use landfall_model::{Fault, RecordFault, ServiceFault};

/// Why a login, a grant or a change of either did not happen.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request is refused: the client's mistake, or a rule.
    #[error("refused: {0:?}")]
    Refused(Fault),
    /// The engine or its store failed.
    #[error("the engine failed")]
    Engine(#[from] landfall_engine::Error),
    /// A password cannot be hashed.
    #[error("the password cannot be hashed: {reason}")]
    Password {
        /// What the algorithm says.
        reason: String,
    },
    /// The org lacks an object that logins stand on.
    #[error("the org has no usable {object} object")]
    ObjectMissing {
        /// Its name.
        object: &'static str,
    },
    /// There is no such user.
    #[error("there is no user {user}")]
    UserUnknown {
        /// Who was asked for.
        user: String,
    },
    /// The client secret of a new connected app can be guessed.
    #[error("a client secret needs 16 characters or more, without spaces")]
    SecretWeak,
    /// An address that users cannot safely be sent back to.
    #[error(
        "users cannot be sent back to {uri}: it takes https, a scheme of the app's own, or http on this machine, where \
         `*` may stand for the port"
    )]
    RedirectUriInvalid {
        /// The address.
        uri: String,
    },
    /// The key that ID tokens are signed with cannot be made, read or used.
    #[error("ID tokens cannot be signed")]
    Signing,
    /// A client id that clients cannot send.
    #[error("a client id consists of 1 to 255 letters, digits, dots, dashes and underscores")]
    ClientIdInvalid,
}

impl Error {
    /// The fault that a client gets. An internal error is logged ([`report`]).
    pub fn fault(self) -> Fault {
        let fault = match self {
            Self::Refused(fault) => return fault,
            Self::Engine(error) => return error.fault(),
            Self::UserUnknown { .. } => Fault::Record(RecordFault::NotFound),
            Self::Password { .. }
            | Self::ObjectMissing { .. }
            | Self::SecretWeak
            | Self::Signing
            | Self::RedirectUriInvalid { .. }
            | Self::ClientIdInvalid => Fault::Service(ServiceFault::Internal { error_id: 0 }),
        };
        report(&self, fault)
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::Refused(fault)
    }
}

landfall_model::from_fault_families!(Error);
