//! Where an org is: a server, a database and a schema in it.

use std::str::FromStr;
use std::time::Duration;

use landfall_model::limits::{
    POSTGRES_CONNECT_TIMEOUT, POSTGRES_KEEPALIVE, POSTGRES_NAME_BYTES_MAX,
    POSTGRES_UNACKNOWLEDGED_MAX,
};
use landfall_store::{Result, chain};
use tokio_postgres::config::SslMode;

use crate::error::open;

/// The schema of an org that none is configured for.
const SCHEMA: &str = "landfall";

/// Where an org is.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// How to connect.
    pub(crate) config: tokio_postgres::Config,
    pub(crate) schema: String,
}

impl Place {
    /// # Errors
    /// What is wrong with the URL, without its password.
    pub(crate) fn read(url: &str) -> Result<Self> {
        let mut config = tokio_postgres::Config::from_str(url)
            .map_err(|error| open(format_args!("the URL of the store: {}", chain(&error))))?;
        if !matches!(config.get_ssl_mode(), SslMode::Disable | SslMode::Prefer) {
            return Err(open(
                "the URL of the store asks for TLS (sslmode), which connections to PostgreSQL do not support yet: \
                 use sslmode=disable and a Unix socket, a private network or a tunnel",
            ));
        }
        let schema = schema_of(config.get_options().unwrap_or_default())?;
        let path = format!(
            "-c search_path={} -c timezone=UTC -c client_min_messages=warning \
             -c tcp_keepalives_idle=5 -c tcp_keepalives_interval=1 -c tcp_keepalives_count=5",
            schema.replace('\\', "\\\\").replace(' ', "\\ ")
        );
        config
            .ssl_mode(SslMode::Disable)
            .options(path)
            .application_name("landfall")
            .connect_timeout(POSTGRES_CONNECT_TIMEOUT)
            .keepalives_idle(POSTGRES_KEEPALIVE)
            .keepalives_interval(Duration::from_secs(1))
            .tcp_user_timeout(POSTGRES_UNACKNOWLEDGED_MAX);
        Ok(Self { config, schema })
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
    fn what_cannot_be_used_is_refused_with_a_reason() {
        for (url, reason) in [
            ("postgres://u:secret@h/db?sslmode=require", "TLS"),
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
