//! Failures that are no client's mistake: what the log and the client get.

use std::error::Error;

use landfall_model::{Fault, ServiceFault};
use landfall_store::chain;
use tracing::{error, warn};

/// Logs an error whose fault is no refusal, and returns the fault that the client gets.
///
/// The number of a defect is in the log and in the response. Every error type of the engine and of the edges reports here,
/// in its `fault`, and nowhere else: a failure is logged once.
pub fn report(failure: &dyn Error, fault: Fault) -> Fault {
    match fault {
        Fault::Service(ServiceFault::Internal { .. }) => defect(&chain(failure)),
        fault => {
            warn!(error = chain(failure), "request not carried out");
            fault
        }
    }
}

/// Logs a defect that has no error of its own, and returns the fault that the client gets.
pub fn defect(reason: &str) -> Fault {
    let error_id = fingerprint(reason.as_bytes()) >> 32;
    error!(error_id, error = reason, "internal error");
    Fault::Service(ServiceFault::Internal { error_id })
}

/// A number that differs where texts differ (FNV-1a). Not secret.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_defect_has_the_number_of_its_text_and_an_outage_none() {
        let failure = crate::Error::Stopped;
        let number = |fault: &Fault| match fault {
            Fault::Service(ServiceFault::Internal { error_id }) => Some(*error_id),
            _ => None,
        };
        let one = report(
            &failure,
            Fault::Service(ServiceFault::Internal { error_id: 0 }),
        );
        assert_eq!(one, defect("the engine has stopped"));
        assert_ne!(number(&one), Some(0));
        assert_ne!(one, defect("something else"));
        let outage = report(&failure, Fault::Service(ServiceFault::StoreUnavailable));
        assert_eq!(outage, Fault::Service(ServiceFault::StoreUnavailable));
    }
}
