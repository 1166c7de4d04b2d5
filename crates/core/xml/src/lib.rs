//! XML: the one reader of documents that come from outside, and the writer of answers.
//!
//! Knows elements, texts and the two attributes that Salesforce's APIs use, and none of the APIs. No document types, no
//! entities but the five of XML itself and characters by number, and bounds on size, depth, elements and attributes: a
//! document cannot make more of itself than it is. Start reading at [`parse`], then [`Writer`].
//! Source: "Extensible Markup Language (XML) 1.0".

mod element;
mod error;
mod limits;
mod parse;
mod writer;

pub use element::Element;
pub use error::{Error, ErrorKind};
pub use limits::Limits;
pub use parse::{Document, beginning, document, parse};
pub use writer::Writer;
