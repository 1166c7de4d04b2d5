//! Nodes of a cluster in one process, on a real PostgreSQL, which the tests start and stop.

mod following;
mod nodes;
#[path = "../../../../storage/store-postgres/tests/postgres/server.rs"]
#[allow(
    dead_code,
    reason = "the tests of the store use the rest; all have the same server"
)]
mod server;
