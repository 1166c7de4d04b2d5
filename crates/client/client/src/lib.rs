//! A client of an org's surfaces: logging in, records over REST, events over the Streaming API and
//! the Pub/Sub API.
//!
//! Stands on the pure session machine of `bayeux` and one small HTTP/1.1 connection pool; knows nothing of the server's
//! inside. Works against any org that speaks these protocols. An answer that is read as a whole is bounded in size, and every
//! wait in time.
//! Start reading at [`Org`], then [`streaming`] and [`pubsub`].

mod control;
mod cookies;
mod error;
mod http2;
mod http_client;
mod login;
mod org;
mod proto;
pub mod pubsub;
pub mod streaming;
mod target;
mod tls;

pub use control::Control;
pub use error::Error;
pub use http::Method;
pub use http_client::{Answer, HttpClient, Reading, get};
pub use landfall_schema as schema;
pub use login::{AccessToken, Grant, Login};
pub use org::Org;
pub use target::Target;
pub use tls::{Trust, system_trust};
pub use tonic::Code;
