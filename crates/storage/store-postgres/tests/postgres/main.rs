//! The store on a real PostgreSQL, which the tests start and stop.

mod election;
mod faults;
mod formats;
mod laws;
mod server;
mod tls;
