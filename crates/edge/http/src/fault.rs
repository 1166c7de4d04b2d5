//! What a failure of the engine means for a client.

use landfall_engine::chain;
use landfall_model::Fault;

/// The fault of an engine error; a defect or an outage is logged with the number that the client is told.
pub fn refused(error: landfall_engine::Error) -> Fault {
    if let landfall_engine::Error::Refused(fault) = error {
        return fault;
    }
    let text = chain(&error);
    logged(error.fault(), &text)
}

/// The same for logins.
pub fn denied(error: landfall_auth::Error) -> Fault {
    if let landfall_auth::Error::Refused(fault) = error {
        return fault;
    }
    let text = chain(&error);
    logged(error.fault(), &text)
}

fn logged(fault: Fault, text: &str) -> Fault {
    match fault {
        Fault::Internal { .. } => {
            let error_id = fingerprint(text.as_bytes()) >> 32;
            tracing::error!(error_id, error = text, "a request failed");
            Fault::Internal { error_id }
        }
        fault => {
            tracing::warn!(error = text, "a request was refused");
            fault
        }
    }
}

/// A number that differs where texts differ (FNV-1a). Not secret.
pub fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
