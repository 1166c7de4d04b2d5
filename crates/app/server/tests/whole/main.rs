//! Whole servers, over real connections.

mod causes;
mod cleartext;
mod common;
mod control;
mod control_events;
mod control_log;
mod control_orgs;
mod control_requests;
mod control_snapshots;
mod describe;
mod documents;
mod faults;
mod golden;
mod lifecycle;
mod listener;
mod logins;
mod metrics;
mod oauth;
mod orgs;
mod polling;
mod project;
mod removal;
mod salesforce;
mod seeds;
mod stream_records;
mod streaming;
