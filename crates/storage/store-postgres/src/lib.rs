//! The store on PostgreSQL 15 and later: a schema for each org, with a typed table for each object, the event log as blocks,
//! and documents. A change and its events become durable in one transaction.
//!
//! One process writes: its connection holds an advisory lock, and every commit checks the epoch that it got when it took
//! over. Which of several processes that is, is decided by an [`Election`]; others read along by [`follow`]. A commit is one round trip, whatever its size. It
//! knows nothing of protocols, of what an event's payload means, or of time. Start reading at [`open`]; the write side is
//! `writer`, the read side `reader`, the schema `schema`, connections `session` over `driver`.

mod convert;
mod documents;
mod driver;
mod election;
mod error;
mod feed;
mod files;
mod functions;
mod layout;
mod log;
mod place;
mod prepare;
mod query;
mod reader;
mod rows;
mod schema;
mod session;
mod tls;
mod transfer;
mod value;
mod writer;

use std::num::NonZeroUsize;
use std::sync::Arc;

use landfall_model::limits::{QUERIES_AT_ONCE_MAX, READERS};
use landfall_store::{Opened, Reader, RecentCommits, Result};

use crate::driver::Driver;
pub use crate::election::{Election, Lead, Listed, Node, Standing, nodes};
use crate::place::Place;
use crate::reader::{Pool, PostgresReader, Shared, Source, Topics};
pub use crate::transfer::{export, import};

/// Where the store is and how much it may use.
#[derive(Clone, Debug)]
pub struct Config {
    /// `postgres://USER:PASSWORD@HOST/DATABASE`. The schema is the `search_path` of its `options`, `landfall` without it; TLS
    /// is used as `sslmode`, `sslrootcert`, `sslcert` and `sslkey` say.
    pub url: String,
    /// Connections for short reads (rows, documents, events), one each; a call waits for a free one.
    pub readers: NonZeroUsize,
    /// Connections for queries, one each; a query waits for a free one.
    pub query_readers: NonZeroUsize,
    /// The lead of the org, of a node of a cluster; none: this process is alone.
    pub lead: Option<Lead>,
    /// Whether commits are reported to other processes, which read along by [`follow`].
    pub feeds: bool,
}

impl Config {
    /// The database, and what suits a small server.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            readers: const { NonZeroUsize::new(READERS).expect("not zero") },
            query_readers: const { NonZeroUsize::new(QUERIES_AT_ONCE_MAX).expect("not zero") },
            lead: None,
            feeds: false,
        }
    }
}

/// Opens the store as its writer, and makes the schema if there is none.
///
/// # Errors
/// [`landfall_store::Error::Open`]: the server cannot be reached, is too old or would lose what it has acknowledged; the
/// schema belongs to something else or to a newer version of this crate; or another process is the writer.
pub fn open(config: &Config) -> Result<Opened> {
    let place = Place::read(&config.url)?;
    let driver = Arc::new(Driver::start()?);
    let held = schema::take_over(&driver, &place, config.lead.as_ref())?;
    let pool = |connections| Pool::new(Arc::clone(&driver), place.clone(), connections);
    let shared = Arc::new(Shared {
        layouts: layout::Layouts::default(),
        topics: Topics::default(),
        pool: pool(config.readers),
        queries: pool(config.query_readers),
        source: Source::Own(RecentCommits::since(held.position)),
        epoch: held.epoch,
    });
    let reader = Arc::new(PostgresReader::new(Arc::clone(&shared)));
    let feeding = config.feeds.then(feed::Feeding::new);
    let lead = config.lead.clone();
    let writer = writer::PostgresWriter::new((driver, place), held, shared, (lead, feeding))?;
    Ok(Opened {
        writer: Box::new(writer),
        reader,
    })
}

/// Of what changes nothing: epochs of writers begin with 1.
const NO_EPOCH: i64 = 0;

/// Opens the store to read along while another process writes, which reports its commits ([`Config::feeds`]).
///
/// # Errors
/// [`landfall_store::Error::Open`]: the server cannot be reached, or nobody has written to the schema yet.
pub fn follow(config: &Config) -> Result<Arc<dyn Reader>> {
    let place = Place::read(&config.url)?;
    let driver = Arc::new(Driver::start()?);
    let pool = |connections| Pool::new(Arc::clone(&driver), place.clone(), connections);
    let shared = Arc::new(Shared {
        layouts: layout::Layouts::default(),
        topics: Topics::default(),
        pool: pool(config.readers),
        queries: pool(config.query_readers),
        source: Source::Feed,
        epoch: NO_EPOCH,
    });
    shared.pool.with("PostgreSQL", |session| {
        schema::check_format(session, &place.schema)
    })?;
    shared.tables_changed()?;
    Ok(Arc::new(PostgresReader::new(shared)))
}
