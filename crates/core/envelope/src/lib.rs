//! SOAP envelopes: the operation of a request and its headers.
//!
//! Knows envelopes, and none of the APIs that use them. Start reading at [`Envelope`]; elements are those of `xml`.
//! Source: "SOAP Headers" (SOAP API Developer Guide).

mod envelope;

pub use envelope::Envelope;
