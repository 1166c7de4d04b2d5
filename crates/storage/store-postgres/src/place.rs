//! Where an org is: a server, a database and a schema in it.

use std::str::FromStr;
use std::time::Duration;

use landfall_model::limits::{
    POSTGRES_CONNECT_TIMEOUT, POSTGRES_KEEPALIVE, POSTGRES_NAME_BYTES_MAX,
    POSTGRES_UNACKNOWLEDGED_MAX,
};
use landfall_store::{Result, chain};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::open;
use crate::tls::Parameters;

/// The schema of an org that none is configured for.
const SCHEMA: &str = "landfall";

/// Where an org is.
#[derive(Clone)]
pub(crate) struct Place {
    /// How to connect.
    pub(crate) config: tokio_postgres::Config,
    pub(crate) tls: MakeRustlsConnect,
    pub(crate) schema: String,
}

impl Place {
    /// # Errors
    /// What is wrong with the URL, without its password.
    pub(crate) fn read(url: &str) -> Result<Self> {
        let (url, tls) = Parameters::take(url)?;
        let mut config = tokio_postgres::Config::from_str(&url)
            .map_err(|error| open(format_args!("the URL of the store: {}", chain(&error))))?;
        let tls = tls.read()?;
        // There is no TLS on a Unix socket: the vendor's clients do without it too, whatever the mode.
        if config.get_hosts().is_empty() {
            for address in config.get_hostaddrs().to_vec() {
                config.host(address.to_string());
            }
        }
        let mut hosts = config.get_hosts().iter();
        let is_local = hosts.all(|host| matches!(host, Host::Unix(_)));
        let mode = if is_local { SslMode::Disable } else { tls.mode };
        let schema = schema_of(config.get_options().unwrap_or_default())?;
        let path = format!(
            "-c search_path={} -c timezone=UTC -c client_min_messages=warning \
             -c tcp_keepalives_idle=5 -c tcp_keepalives_interval=1 -c tcp_keepalives_count=5",
            schema.replace('\\', "\\\\").replace(' ', "\\ ")
        );
        config
            .ssl_mode(mode)
            .options(path)
            .application_name("landfall")
            .connect_timeout(POSTGRES_CONNECT_TIMEOUT)
            .keepalives_idle(POSTGRES_KEEPALIVE)
            .keepalives_interval(Duration::from_secs(1))
            .tcp_user_timeout(POSTGRES_UNACKNOWLEDGED_MAX);
        Ok(Self {
            config,
            tls: tls.connector,
            schema,
        })
    }
}

/// The schema that the options of a URL name.
fn schema_of(options: &str) -> Result<String> {
    let mut schema = SCHEMA;
    for option in options.split_whitespace().filter(|option| *option != "-c") {
        let option = option.strip_prefix("-c").unwrap_or(option);
        match option.split_once('=') {
            Some(("search_path", name)) => schema = name,
            _ => {
                return Err(open(format_args!(
                    "the options of the store's URL have {option:?}: only search_path, the schema of the org, can be set"
                )));
            }
        }
    }
    let fits = !schema.is_empty() && schema.len() <= POSTGRES_NAME_BYTES_MAX;
    let letters =
        |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    if !fits
        || !schema.chars().all(letters)
        || schema.starts_with(|letter: char| letter.is_ascii_digit())
    {
        return Err(open(format_args!(
            "the schema {schema:?} of the store's URL: a name has small letters, digits and underscores, {POSTGRES_NAME_BYTES_MAX} at most"
        )));
    }
    if schema.starts_with("pg_") || schema == "public" || schema == "information_schema" {
        return Err(open(format_args!(
            "the schema {schema:?} of the store's URL is PostgreSQL's own: name one for the org"
        )));
    }
    Ok(schema.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(url: &str) -> std::result::Result<String, String> {
        Place::read(url)
            .map(|place| place.schema)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_schema_is_in_the_options_of_the_url() {
        assert_eq!(schema("postgres://u:p@h/db"), Ok("landfall".to_owned()));
        let named = schema("postgres://u@h/db?options=-c%20search_path%3Dorg_2");
        assert_eq!(named, Ok("org_2".to_owned()));
    }

    #[test]
    fn tls_is_used_as_the_vendors_clients_use_it() {
        let mode = |url: &str| {
            let place = Place::read(url).expect("a place");
            place.config.get_ssl_mode()
        };
        for (url, expected) in [
            ("postgres://u@h/db", SslMode::Prefer),
            ("postgres://u@h/db?sslmode=disable", SslMode::Disable),
            ("postgres://u@h/db?sslmode=require", SslMode::Require),
            (
                "postgres://u@h/db?options=-c%20search_path%3Da&sslmode=prefer&connect_timeout=3",
                SslMode::Prefer,
            ),
            // A Unix socket has none.
            ("postgres://u@%2Frun/db?sslmode=require", SslMode::Disable),
        ] {
            assert_eq!(mode(url), expected, "{url}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_refused_with_a_reason() {
        for (url, reason) in [
            ("postgres://u:secret@h/db?sslmode=allow", "verify-full"),
            (
                "postgres://u@h/db?sslmode=require&sslrootcert=system",
                "too weak",
            ),
            (
                "postgres://u@h/db?sslmode=verify-ca",
                "needs the authorities",
            ),
            (
                "postgres://u@h/db?sslmode=verify-ca&sslrootcert=/missing.pem",
                "/missing.pem",
            ),
            ("postgres://u@h/db?sslcert=/missing.pem", "needs its key"),
            ("postgres://u@h/db?sslmode=%ff", "UTF-8"),
            (
                "postgres://u@h/db?options=-c%20search_path%3Dpublic",
                "PostgreSQL's own",
            ),
            (
                "postgres://u@h/db?options=-c%20search_path%3DA%3Bb",
                "small letters",
            ),
            (
                "postgres://u@h/db?options=-c%20fsync%3Doff",
                "only search_path",
            ),
            ("postgres://u@h/db?nonsense=1", "nonsense"),
        ] {
            let refused = schema(url).expect_err("refused");
            assert!(refused.contains(reason), "{url}: {refused}");
            assert!(!refused.contains("secret"), "{refused}");
        }
    }
}
