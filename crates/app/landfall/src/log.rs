//! The log: on stderr, as text or as JSON lines.

use std::io::{self, Write, stderr};

use landfall_server::settings::{self, LogFormat, Resolved};
use tracing_subscriber::EnvFilter;

use crate::colour;
use crate::outcome::{Exit, Failure};

/// Starts the log of a server.
///
/// # Errors
/// A filter that cannot be parsed is wrong usage.
pub(crate) fn start_for(set: Resolved<'_>) -> Result<LogFormat, Failure> {
    let format = set.require(&settings::LOG_FORMAT)?;
    let node = set.get(&settings::CLUSTER_ADVERTISE)?;
    let name = node.map(|node| node.to_string());
    start_as(format, &set.require(&settings::LOG_FILTER)?, name)?;
    Ok(format)
}

/// Starts logging with a filter.
///
/// # Errors
/// A filter that cannot be parsed is wrong usage.
pub(crate) fn start(format: LogFormat, filter: &str) -> Result<(), Failure> {
    start_as(format, filter, None)
}

/// The same, with the name of the node in each line.
fn start_as(format: LogFormat, filter: &str, node: Option<String>) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(filter).map_err(|error| {
        Failure::new(format!("the log filter `{filter}` cannot be parsed"))
            .caused_by(&error)
            .hint("examples: `info`, `warn,landfall_streaming=debug`")
            .exit(Exit::Usage)
    })?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(move || Lines {
            node: node.clone(),
            format,
            to: stderr(),
        });
    match format {
        LogFormat::Json => builder.json().init(),
        LogFormat::Text => builder.with_ansi(colour::is_on_stderr()).init(),
    }
    Ok(())
}

/// Lines of the log, which come one by one, each with the name of the node that wrote it.
struct Lines<W> {
    node: Option<String>,
    format: LogFormat,
    to: W,
}

impl<W: Write> Write for Lines<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let Some(node) = &self.node else {
            self.to.write_all(line)?;
            return Ok(line.len());
        };
        let named = match (self.format, line.strip_prefix(b"{")) {
            (LogFormat::Json, Some(rest)) => {
                [format!("{{\"node\":{node:?},").as_bytes(), rest].concat()
            }
            (LogFormat::Json | LogFormat::Text, _) => [node.as_bytes(), b" ", line].concat(),
        };
        self.to.write_all(&named)?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(node: Option<&str>, format: LogFormat, line: &str) -> String {
        let mut lines = Lines {
            node: node.map(str::to_owned),
            format,
            to: Vec::new(),
        };
        lines.write_all(line.as_bytes()).expect("written");
        String::from_utf8(lines.to).expect("text")
    }

    #[test]
    fn each_line_names_its_node() {
        let node = Some("node-1:7443");
        assert_eq!(written(node, LogFormat::Text, "x\n"), "node-1:7443 x\n");
        let json = written(node, LogFormat::Json, "{\"level\":\"INFO\"}\n");
        assert_eq!(json, "{\"node\":\"node-1:7443\",\"level\":\"INFO\"}\n");
        assert_eq!(written(None, LogFormat::Text, "x\n"), "x\n");
    }
}
