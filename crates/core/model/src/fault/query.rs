//! Why a query or a search is refused.

use crate::query_refusal::QueryRefusal;

/// Why a query or a search is refused. `landfall-wire` spells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueryFault {
    /// A query that is not understood.
    Malformed {
        /// What is wrong with it.
        reason: String,
    },
    /// A search that is not understood.
    SearchMalformed {
        /// What is wrong with it.
        reason: String,
    },
    /// A query that is one by its grammar, and is refused all the same.
    Refused {
        /// The head of the text that shows the place in the statement; empty if there is none.
        place: String,
        /// Why.
        refusal: QueryRefusal,
    },
    /// A query of an object that cannot be queried.
    ObjectUnknown {
        /// The name given.
        name: String,
    },
}
