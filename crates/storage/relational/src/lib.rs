//! What the back ends on relational databases have in common: the table of an object ([`table`]), queries as statements in
//! the dialect of each database ([`query`]), and the bytes of a block of events ([`block`]).
//!
//! It is pure: it talks to no database, and each back end has its own connections, types of values and transactions. Start
//! reading at [`query::Sql`].

pub mod block;
pub mod query;
pub mod table;
