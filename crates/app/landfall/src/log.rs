//! The log: on stderr, as text or as JSON lines.

use std::io::{IsTerminal, stderr};

use landfall_server::settings::{self, LogFormat, Resolved};
use tracing_subscriber::EnvFilter;

use crate::outcome::{Exit, Failure};

/// Starts the log of a server.
///
/// # Errors
/// A filter that cannot be parsed is wrong usage.
pub(crate) fn start_for(set: Resolved<'_>) -> Result<LogFormat, Failure> {
    let format = set.require(&settings::LOG_FORMAT)?;
    start(format, &set.require(&settings::LOG_FILTER)?)?;
    Ok(format)
}

/// Starts logging with a filter.
///
/// # Errors
/// A filter that cannot be parsed is wrong usage.
pub(crate) fn start(format: LogFormat, filter: &str) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(filter).map_err(|error| {
        Failure::new(format!("the log filter `{filter}` cannot be parsed"))
            .caused_by(&error)
            .hint("examples: `info`, `warn,landfall_streaming=debug`")
            .exit(Exit::Usage)
    })?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(stderr);
    match format {
        LogFormat::Json => builder.json().init(),
        LogFormat::Text => builder.with_ansi(colours()).init(),
    }
    Ok(())
}

/// Colours go to a terminal only, and never with `NO_COLOR`. Source: no-color.org.
fn colours() -> bool {
    stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
