//! A server of one's own to measure: this very program as another process.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::http::Connection;
use super::org::Org;
use crate::outcome::Failure;

/// How long a start may take.
const START_MAX: Duration = Duration::from_mins(2);

/// How long a stop may take.
const STOP_MAX: Duration = Duration::from_secs(30);

/// How often a stopping process is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// A running `landfall dev`. Killed when dropped.
pub(super) struct ServerProcess {
    child: Child,
    address: SocketAddr,
    /// From the start of the process until `/readyz` said so.
    pub(super) ready_after: Duration,
}

impl ServerProcess {
    /// Starts a server on an org in `folder`.
    pub(super) async fn start(folder: &Path) -> Result<Self, Failure> {
        Self::start_with(folder, None).await
    }

    /// Starts a server that deploys a project into its org, too.
    pub(super) async fn start_with(folder: &Path, project: Option<&Path>) -> Result<Self, Failure> {
        let failed =
            |error: std::io::Error| Failure::new("cannot start a server process").caused_by(&error);
        let mut command = Command::new(std::env::current_exe().map_err(failed)?);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("LANDFALL_") {
                command.env_remove(name);
            }
        }
        let started = Instant::now();
        let mut child = command
            .args(["dev", "--listen", "127.0.0.1:0", "--data"])
            .arg(folder)
            .args(
                project
                    .iter()
                    .flat_map(|project| [OsStr::new("--project"), project.as_os_str()]),
            )
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let said = child.stderr.take().map(address_said);
        let mut server = Self {
            child,
            // Replaced at once; until then the process has an owner that ends it.
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            ready_after: Duration::ZERO,
        };
        server.address = said
            .and_then(|said| said.recv_timeout(START_MAX).ok())
            .ok_or_else(|| {
                Failure::new("the server did not start").hint("run `landfall dev` to see why")
            })?;
        let mut connection = Connection::open(server.address).await?;
        let ask = format!("GET /readyz HTTP/1.1\r\nHost: {}\r\n\r\n", server.address);
        connection.succeed(ask.as_bytes()).await?;
        server.ready_after = started.elapsed();
        Ok(server)
    }

    pub(super) async fn org(&self) -> Result<Org, Failure> {
        Org::log_in(self.address, Some(self.child.id())).await
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks the server to stop, and waits for it.
    pub(super) async fn stop(mut self) -> Result<(), Failure> {
        self.ask_to_stop()?;
        let asked = Instant::now();
        while asked.elapsed() < STOP_MAX {
            if let Some(status) = self.ended()? {
                return if status.success() {
                    Ok(())
                } else {
                    Err(Failure::new(format!("the server stopped with {status}")))
                };
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Err(Failure::new("the server did not stop in time"))
    }

    /// Ends the server as a power cut of the process would: `SIGKILL`.
    pub(super) fn kill(mut self) -> Result<(), Failure> {
        self.child
            .kill()
            .and_then(|()| self.child.wait())
            .map_err(|error| Failure::new("cannot kill the server").caused_by(&error))?;
        Ok(())
    }

    fn ended(&mut self) -> Result<Option<ExitStatus>, Failure> {
        self.child
            .try_wait()
            .map_err(|error| Failure::new("cannot observe the server").caused_by(&error))
    }

    #[cfg(unix)]
    fn ask_to_stop(&self) -> Result<(), Failure> {
        use rustix::process::{Pid, Signal, kill_process};
        kill_process(Pid::from_child(&self.child), Signal::TERM)
            .map_err(|error| Failure::new("cannot stop the server").caused_by(&error))
    }

    #[cfg(not(unix))]
    fn ask_to_stop(&mut self) -> Result<(), Failure> {
        self.child
            .kill()
            .map_err(|error| Failure::new("cannot stop the server").caused_by(&error))
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads what the server says to its end, so that it never waits for a reader; hands out the address that it names.
fn address_said(stderr: ChildStderr) -> mpsc::Receiver<SocketAddr> {
    let (found, said) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            let address = line
                .strip_prefix("landfall ready http://")
                .and_then(|rest| rest.split_whitespace().next())
                .and_then(|address| address.parse().ok());
            if let Some(address) = address {
                // The caller has given up.
                let _ = found.send(address);
            }
        }
    });
    said
}
