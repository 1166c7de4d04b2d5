//! A schema of another format is not touched.

use landfall_store::Error;
use landfall_store_postgres::{Config, export, import, open};

use crate::server::Server;

#[test]
fn a_schema_of_another_format_is_refused_and_stays_as_it_is() {
    let server = Server::start();
    let url = server.url("later");
    drop(open(&Config::new(&url)).expect("it opens"));
    let state = || {
        let org = server.psql("SELECT * FROM later.org");
        let tables =
            server.psql("SELECT count(*) FROM pg_class WHERE relnamespace = 'later'::regnamespace");
        (org, tables)
    };
    for (format, words) in [(2, "has format version 2"), (0, "is half filled by a move")] {
        server.psql(&format!("UPDATE later.org SET format = {format}"));
        let before = state();
        let opened = open(&Config::new(&url)).err();
        let exported = export(&url).err();
        for refused in [opened, exported] {
            assert!(matches!(refused, Some(Error::Open { .. })), "{refused:?}");
            let said = refused.map(|error| error.to_string()).unwrap_or_default();
            assert!(said.contains(words), "{said}");
        }
        let filled = import(&url).err();
        assert!(matches!(filled, Some(Error::Open { .. })), "{filled:?}");
        assert_eq!(state(), before, "format {format}");
    }
    server.psql("UPDATE later.org SET format = 1");
    drop(open(&Config::new(&url)).expect("it opens again"));
}

#[test]
fn a_schema_that_a_server_uses_is_neither_moved_nor_filled() {
    let server = Server::start();
    let url = server.url("used");
    let opened = open(&Config::new(&url)).expect("it opens");
    for refused in [export(&url).err(), import(&url).err()] {
        let said = refused.map(|error| error.to_string()).unwrap_or_default();
        assert!(
            said.contains("stop every server of this org first"),
            "{said}"
        );
    }
    drop(opened);
    drop(import(&url).expect("a schema without an org can be filled"));
    let half = open(&Config::new(&url)).err();
    let said = half.map(|error| error.to_string()).unwrap_or_default();
    assert!(said.contains("is half filled by a move"), "{said}");
}
