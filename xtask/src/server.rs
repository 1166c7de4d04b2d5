//! A developer org as a process of its own, started and ended as a user or an accident would.

use std::{
    fs::{self, File},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use crate::workspace::{command, target};

const START_TIMEOUT: Duration = Duration::from_secs(30);
/// The contract's limit for a graceful stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(2);

/// The server's program, as `cargo build` leaves it, or another one that `LANDFALL_PROGRAM` names.
pub(crate) fn program() -> PathBuf {
    std::env::var_os("LANDFALL_PROGRAM").map_or_else(|| target("debug/landfall"), PathBuf::from)
}

/// A running server. Dropping it kills it.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts a developer org on the data folder and waits until it is ready. What it says goes to `log`.
    ///
    /// # Errors
    /// When it is not ready in time; the error has the end of what it said.
    pub(crate) fn start(
        data: &Path,
        log: &Path,
        prepare: impl FnOnce(&mut Command),
    ) -> Result<Self> {
        let ready_file = log.with_extension("ready");
        let mut command = developer_org(data, log, &ready_file)?;
        prepare(&mut command);
        let mut child = command.spawn().context("cannot start the server")?;
        match ready(&mut child, &ready_file) {
            Ok(address) => Ok(Self { child, address }),
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                Err(error.context(format!("the server said:\n{}", tail(log))))
            }
        }
    }

    /// Starts it and kills it so soon that it may not be ready yet.
    ///
    /// # Errors
    /// When it cannot be started or killed.
    pub(crate) fn start_and_kill(data: &Path, log: &Path, after: Duration) -> Result<()> {
        let ready_file = log.with_extension("ready");
        let child = developer_org(data, log, &ready_file)?.spawn()?;
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let server = Self { child, address };
        thread::sleep(after);
        server.kill()
    }

    /// Kills it at once, as a power cut would.
    pub(crate) fn kill(mut self) -> Result<()> {
        self.child.kill().context("killing the server")?;
        self.child.wait().context("waiting for the killed server")?;
        Ok(())
    }

    /// Asks it to stop and waits until it has.
    ///
    /// # Errors
    /// When it takes longer than the contract allows.
    pub(crate) fn stop(mut self) -> Result<ExitStatus> {
        let id = self.child.id().to_string();
        crate::workspace::check(command("kill").args(["-TERM", &id]))?;
        let start = Instant::now();
        while start.elapsed() < STOP_TIMEOUT {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            thread::sleep(POLL);
        }
        bail!("the server did not stop within {STOP_TIMEOUT:?} of SIGTERM");
    }

    /// The number of its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it still runs.
    pub(crate) fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn developer_org(data: &Path, log: &Path, ready_file: &Path) -> Result<Command> {
    let _ = fs::remove_file(ready_file);
    let output = File::options().create(true).append(true).open(log)?;
    let mut command = command(program());
    command
        .args(["dev", "--listen", "127.0.0.1:0", "--data"])
        .arg(data)
        .arg("--ready-file")
        .arg(ready_file)
        .stdout(output.try_clone()?)
        .stderr(output);
    Ok(command)
}

fn ready(child: &mut Child, ready_file: &Path) -> Result<SocketAddr> {
    let start = Instant::now();
    while start.elapsed() < START_TIMEOUT {
        if let Some(address) = fs::read_to_string(ready_file)
            .ok()
            .and_then(|url| address(&url))
        {
            return Ok(address);
        }
        if let Some(status) = child.try_wait()? {
            bail!("the server ended with {status} before it was ready");
        }
        thread::sleep(POLL);
    }
    bail!("the server was not ready within {START_TIMEOUT:?}");
}

fn address(url: &str) -> Option<SocketAddr> {
    url.trim()
        .strip_prefix("http://")?
        .trim_end_matches('/')
        .parse()
        .ok()
}

/// The end of a log, for an error message.
pub(crate) fn tail(log: &Path) -> String {
    const LINES: usize = 20;
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines
        .split_at(lines.len().saturating_sub(LINES))
        .1
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ready_file_names_the_address() {
        assert_eq!(
            address("http://127.0.0.1:7443\n"),
            "127.0.0.1:7443".parse().ok()
        );
        assert_eq!(
            address("http://127.0.0"),
            None,
            "a file that is being written"
        );
    }
}
