//! Whole servers, over real connections.

mod common;
mod describe;
mod documents;
mod golden;
mod lifecycle;
mod listener;
mod logins;
mod metrics;
mod orgs;
mod oauth;
mod polling;
mod project;
mod removal;
mod salesforce;
mod seeds;
mod stream_records;
mod streaming;
