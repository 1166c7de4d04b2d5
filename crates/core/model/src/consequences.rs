//! What a request leads to after its answer, for observers of requests.

use crate::{Fault, JobFailure};

/// Takes what a request leads to after its answer. An observer attaches it to the request, in an `Arc`.
pub trait Consequences: Send + Sync {
    /// A record of the request is refused.
    fn refused(&self, fault: &Fault);

    /// A job that the request has begun, with records of this object, fails.
    fn failed(&self, object: &str, failure: &JobFailure);
}
