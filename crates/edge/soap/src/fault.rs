//! What a failure of the engine or of a login means for a client.

use std::error::Error;

use landfall_model::Fault;
use tracing::error;

/// The fault of an engine error; a defect or an outage is logged.
pub(crate) fn refused(failure: landfall_engine::Error) -> Fault {
    if let landfall_engine::Error::Refused(fault) = failure {
        return fault;
    }
    error!(error = &failure as &dyn Error, "a SOAP call failed");
    failure.fault()
}

/// The same for logins.
pub(crate) fn denied(failure: landfall_auth::Error) -> Fault {
    if !matches!(failure, landfall_auth::Error::Refused(_)) {
        error!(error = &failure as &dyn Error, "a SOAP login failed");
    }
    failure.fault()
}
