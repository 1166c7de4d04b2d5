//! How objects and their records look in JSON: describes, records, queries, and the fields of a request body.
//!
//! What the REST API and the Tooling API have in common. A library, not an API: it has no paths of its own and changes
//! nothing. Start reading at [`describe`], then [`record_json`] and [`input`].
//! Source: REST API Developer Guide; recorded responses of `CumulusCI`.

mod api;
pub mod describe;
pub mod describe_event;
pub mod describe_field;
pub mod describe_members;
pub mod describe_platform_event;
pub mod input;
pub mod object_describe;
pub mod query;
pub mod query_about;
pub mod query_json;
pub mod record_json;
pub mod template;
pub mod values;
mod virtual_objects;

pub use api::{Api, GENERIC_CHANNEL};
pub use virtual_objects::VirtualObjects;
