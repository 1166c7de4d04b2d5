//! The console in a browser: the scenarios of `tests/console`, by mouse and by keyboard, against the built server.

use std::time::Duration;

use anyhow::{Result, bail, ensure};

use crate::{
    install::{self, Tool},
    report::{Counts, Report},
    server,
    workspace::{command, stream},
};

/// Of all scenarios; each wait of one has a limit of its own.
const LIMIT: Duration = Duration::from_mins(10);

/// Of one that is asked for: some take ten minutes.
const LIMIT_OF_ONE: Duration = Duration::from_mins(20);

/// Runs all scenarios, or one.
///
/// # Errors
/// When an installation fails or no scenario runs.
pub(crate) fn run(report: &mut Report, only: Option<&str>) -> Result<()> {
    ensure!(
        server::program().exists(),
        "build the server first: cargo build -p landfall"
    );
    let (folder, browser) = match install::browser()? {
        Tool::Ready(tools) => tools,
        Tool::Missing(how) => {
            report.skipped("console", how);
            return Ok(());
        }
    };
    let mut program = command("node");
    program
        .arg(folder.join("run.mjs"))
        .args(only)
        .env("LANDFALL_PROGRAM", server::program())
        .env("CHROMIUM", browser);
    let mut counts = Counts::default();
    let limit = only.map_or(LIMIT, |_| LIMIT_OF_ONE);
    let succeeded = stream(&mut program, limit, |line| {
        if line.starts_with("ok ") {
            counts.passed += 1;
        } else if line.starts_with("FAILED ") {
            counts.failed += 1;
        }
    })?;
    report.add(counts);
    if counts.passed + counts.failed == 0 || (!succeeded && counts.failed == 0) {
        bail!("the scenarios of the console did not run");
    }
    Ok(())
}
