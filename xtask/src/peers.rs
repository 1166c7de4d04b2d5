//! The real clients, unmodified, against a real server: the scenarios of `tests/peers`, run once for each client.

use std::{path::Path, time::Duration};

use anyhow::{Result, bail, ensure};

use crate::{
    install::{self, Tool},
    report::Report,
    server,
    workspace::{command, stream, target},
};

/// The clients, by the name that `tests/peers/run.mjs` knows them by.
const PEERS: &[&str] = &["cometd", "faye", "aiosfstream"];

/// For all scenarios of one client; each of their waits has a limit of its own.
const LIMIT: Duration = Duration::from_mins(10);

/// Runs all clients or one, through all scenarios or one.
///
/// # Errors
/// When an installation fails or a client cannot be run at all.
pub(crate) fn run(report: &mut Report, only: Option<&str>, scenario: Option<&str>) -> Result<()> {
    ensure!(
        only.is_none_or(|name| PEERS.contains(&name)),
        "the peers are {}",
        PEERS.join(", ")
    );
    ensure!(
        server::program().exists(),
        "build the server first: cargo build -p landfall"
    );
    let wanted = |name: &&&str| only.is_none_or(|only| only == **name);
    let scripts = match install::node_peers()? {
        Tool::Ready(folder) => folder,
        Tool::Missing(how) => {
            for name in PEERS.iter().filter(wanted) {
                report.skipped(name, how);
            }
            return Ok(());
        }
    };
    for name in PEERS.iter().filter(wanted) {
        let python = match *name {
            "aiosfstream" => match install::python_peers()? {
                Tool::Ready(python) => Some(python),
                Tool::Missing(how) => {
                    report.skipped(name, how);
                    continue;
                }
            },
            _ => None,
        };
        run_one(report, name, scenario, &scripts, python.as_deref())?;
    }
    Ok(())
}

fn run_one(
    report: &mut Report,
    name: &str,
    scenario: Option<&str>,
    scripts: &Path,
    python: Option<&Path>,
) -> Result<()> {
    let mut node = command("node");
    node.arg(scripts.join("run.mjs"))
        .arg(name)
        .args(scenario)
        .env("LANDFALL_PROGRAM", server::program())
        .env("LANDFALL_LOGS", target("peers/logs"));
    if let Some(python) = python {
        node.env("LANDFALL_PYTHON", python);
    }
    let mut counts = crate::report::Counts::default();
    let succeeded = stream(&mut node, LIMIT, |line| {
        if line.starts_with("ok ") {
            counts.passed += 1;
        } else if line.starts_with("FAILED ") {
            counts.failed += 1;
        }
    })?;
    report.add(counts);
    if counts.passed + counts.failed == 0 || (!succeeded && counts.failed == 0) {
        bail!("{name} did not run its scenarios");
    }
    Ok(())
}
