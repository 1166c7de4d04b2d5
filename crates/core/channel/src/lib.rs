//! What a channel makes of an event: which events pass its filter, and which fields they carry although these did not
//! change.
//!
//! Owns the language of filter expressions with its documented texts, and the rules of enrichment. It deliberately knows
//! nothing of subscribers, of logs and of stores: the caller brings the event and the record as it is now.
//! Start reading at [`Filter`] (which events) and [`Lens`] (in which form).
//!
//! Source: "Filter Your Stream of Change Events", "Enrich Change Events with Extra Fields" (Change Data Capture Developer
//! Guide); "Filter Your Stream of Platform Events" (Platform Events Developer Guide).

mod check;
mod field;
mod filter;
mod lens;
mod refusal;
mod subject;

pub use field::{Field, HeaderField, RecordField};
pub use filter::Filter;
pub use lens::{Evaluation, Failure, Lens, Part, Stored, Verdict, enrichable};
pub use refusal::Refusal;
pub use subject::Subject;
