//! SOAP envelopes: what a request says, and the XML of an answer.
//!
//! Knows envelopes, elements and texts, and none of the APIs that are spoken with them. Start reading at [`Envelope`], then
//! [`xml`] (how it is read) and [`Writer`] (how an answer is written).
//! Source: "SOAP Headers" (SOAP API Developer Guide).

mod envelope;
mod writer;
pub mod xml;

pub use envelope::Envelope;
pub use writer::Writer;
