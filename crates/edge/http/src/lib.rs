//! What every HTTP resource needs: the call and who makes it, JSON and XML in both directions, encodings, conditional
//! requests, and the response.
//!
//! A library, not an API: it has no paths and knows no objects, and every API over HTTP may use it.
//! Start reading at [`Call`] and [`Answer`].

mod answer;
pub mod body;
mod budget;
mod call;
pub mod conditional;
mod encoding;
mod fault;
pub mod json;
pub mod path;
mod pretty;
mod space;
mod writer;
pub mod xml;

use std::pin::Pin;
use std::sync::Arc;

use http::request::Parts;
use landfall_model::Fault;

pub use answer::Answer;
pub use budget::Share;
pub use call::{Call, json_body, json_body_up_to, meant_method, whole_body};
pub use fault::{denied, fingerprint, refused, unfit};
pub use space::Space;
pub use writer::Writer;

/// Returns scheme and authority of a request as its client sees them: `https://localhost:7443`.
pub type BaseUrl = Arc<dyn Fn(&Parts) -> String + Send + Sync>;

/// An answer that is still being made.
pub type Pending<'a> = Pin<Box<dyn Future<Output = Result<Answer, Fault>> + Send + 'a>>;
