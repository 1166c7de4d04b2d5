//! The store on PostgreSQL keeps the laws of a store. `LAW=words` checks those with that word in their names.

use std::sync::Arc;

use landfall_store::laws::{Fixture, LAWS};
use landfall_store::{Opened, Reader};
use landfall_store_postgres::{Config, follow, open};

use crate::server::Server;

/// A schema of its own for each law.
struct Schema(String);

impl Fixture for Schema {
    fn open(&self) -> Opened {
        let config = Config {
            feeds: true,
            ..Config::new(&self.0)
        };
        open(&config).expect("the store opens")
    }

    fn reader_elsewhere(&self) -> Option<Arc<dyn Reader>> {
        Some(follow(&Config::new(&self.0)).expect("the store can be followed"))
    }
}

#[test]
fn every_law_holds() {
    let server = Server::start();
    let word = std::env::var("LAW").unwrap_or_default();
    let laws = LAWS.iter().enumerate();
    let mut checked = 0;
    for (number, law) in laws.filter(|(_, law)| law.name.contains(&word)) {
        (law.check)(&Schema(server.url(&format!("law_{number}"))));
        checked += 1;
    }
    assert!(checked > 0, "no law has {word:?} in its name");
}
