//! What is left out of an event.

use std::sync::Arc;

/// Positions of the fields of a schema that are left out, rising.
pub(crate) type Mask = Arc<[usize]>;
