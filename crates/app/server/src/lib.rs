//! The composition root: configuration, back end, engine, logins, surfaces, listener, and a clean way out.
//!
//! Only this crate names a back end. It decides nothing about records, events or protocols.
//! Start reading at [`Server::start`], then `listener` (what a connection speaks) and `front` (what every request
//! passes). [`config`] says what is safe, [`settings`] what can be said.

mod allocations;
mod api_documents;
mod assembly;
mod bearer;
pub mod config;
mod error;
mod front;
mod health;
mod listener;
mod lobby;
mod metrics;
mod network;
mod orgs;
mod phase;
mod polling;
mod project;
mod records;
mod retention;
mod rewound;
mod seeds;
mod server;
pub mod settings;
mod stall;
mod tls;
mod tunnel;
mod unread;
mod unsupported;
mod usage;
mod vendor;

pub use config::Config;
pub use error::Error;
pub use network::{Network, NetworkError};
pub use orgs::Orgs;
pub use server::{Environment, Running, Server};
pub use settings::Settings;
pub use tls::install_crypto_provider;
