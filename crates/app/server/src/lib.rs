//! The composition root: configuration, back end, engine, logins, surfaces, listener, graceful shutdown.
//!
//! Only this crate names a back end. It decides nothing about records, events or protocols.
//! Start reading at [`Server::start`], then `listener` (what a connection speaks) and `front` (what every request
//! passes). [`settings`] declares every setting, [`config`] which combinations are safe.

mod activity;
mod allocations;
mod answers;
mod api_documents;
mod assembly;
mod bearer;
mod cluster;
pub mod config;
mod connections;
mod console;
mod control;
mod cors;
mod disk;
mod error;
mod front;
mod health;
mod hosts;
pub mod integrity;
mod listener;
mod lobby;
mod metrics;
mod network;
mod node;
mod observed;
mod open_files;
mod org_mark;
mod orgs;
mod orphans;
mod paced;
mod phase;
mod polling;
mod private;
pub mod project;
mod records;
mod rehearsal;
mod retention;
mod rewound;
mod scrub;
mod seeds;
mod server;
pub mod settings;
mod snapshots;
mod stall;
mod subscribers;
mod tls;
mod tunnel;
mod unread;
mod unsupported;
mod usage;
mod vendor;

pub use activity::Activity;
pub use api_documents::API_DOCUMENTS;
pub use cluster::{Cluster, cluster_nodes};
pub use config::Config;
pub use cors::{Cors, Deployed};
pub use error::Error;
pub use hosts::Hosts;
pub use landfall_engine::faults::FaultKind;
pub use landfall_metadata::OriginPattern;
pub use network::{Network, NetworkError};
pub use orgs::Orgs;
pub use polling::{Head, Parsed, Pattern, parse_poll};
pub use server::{Environment, Running, Server};
pub use settings::Settings;
pub use tls::install_crypto_provider;
pub use tunnel::TunnelRequest;
