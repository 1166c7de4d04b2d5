//! The composition root: configuration, back end, engine, logins, surfaces, listener, graceful shutdown.
//!
//! Only this crate names a back end. It decides nothing about records, events or protocols.
//! Start reading at [`Server::start`], then `listener` (what a connection speaks), `front` (what every request passes),
//! `orgs` (what an org is made of) and `node` (what the process reports of itself). [`settings`] declares every setting,
//! [`config`] which combinations are safe; [`moving`] moves an org between stores. Each of them calls only those after it: `server`, `listener`, `cluster` and
//! `front`, `console` and `control`, `orgs`, `node`, `config`, `hosts`, `settings`.

mod api_documents;
mod cluster;
pub mod config;
mod connections;
mod console;
mod control;
mod environment;
mod error;
mod front;
mod hosts;
mod listener;
pub mod moving;
mod node;
mod operators;
mod orgs;
mod phase;
mod server;
pub mod settings;

pub use api_documents::API_DOCUMENTS;
pub use cluster::cluster_nodes;
pub use config::{Cluster, Config};
pub use environment::Environment;
pub use error::Error;
pub use hosts::Hosts;
pub use hosts::cors::{Cors, Deployed};
pub use landfall_engine::faults::FaultKind;
pub use landfall_metadata::OriginPattern;
pub use listener::polling::{Head, Parsed, Pattern, parse_poll};
pub use listener::tls::install_crypto_provider;
pub use listener::tunnel::TunnelRequest;
pub use orgs::activity::Activity;
pub use orgs::{Orgs, integrity, project};
pub use server::{Running, Server};
pub use settings::Settings;
pub use settings::network::{Network, NetworkError};
