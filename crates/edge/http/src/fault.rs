//! What a failure of the engine means for a client.

use landfall_model::{Fault, SetupFault};

/// The fault of an engine error.
pub fn refused(error: landfall_engine::Error) -> Fault {
    error.fault()
}

/// The fault of components that do not apply, in the words of a deployment; the first of several.
pub fn unfit(error: landfall_engine::Error) -> Fault {
    let landfall_engine::Error::Invalid { problems } = error else {
        return refused(error);
    };
    let reason = problems.into_iter().next().map(|problem| problem.reason);
    let reason = reason.unwrap_or_default();
    if reason.starts_with("A number format error") {
        Fault::Setup(SetupFault::NumberInvalid { reason })
    } else {
        Fault::Setup(SetupFault::Invalid { reason })
    }
}

/// The fault of a login that failed.
pub fn denied(error: landfall_auth::Error) -> Fault {
    error.fault()
}

/// A number that differs where texts differ (FNV-1a). Not secret.
pub fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
