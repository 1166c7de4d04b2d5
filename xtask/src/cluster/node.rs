//! A node of the cluster as a process, and what happens to it.

use std::{
    fs::{self, File},
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::Child,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::{
    http::Connection,
    server::{program, tail},
    workspace::{check, command},
};

const READY_TIMEOUT: Duration = Duration::from_mins(1);
/// The contract's limit for a graceful stop, and some for a busy machine.
const STOP_TIMEOUT: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(10);

pub(super) const USERNAME: &str = "admin@cluster.test";
pub(super) const PASSWORD: &str = "correct horse battery";
pub(super) const CLIENT: &str = "cluster-client";
pub(super) const SECRET: &str = "cluster-client-secret";
pub(super) const METRICS_TOKEN: &str = "cluster-metrics-token";

/// A node: it runs or not, on the same address.
pub(super) struct Node {
    pub(super) name: String,
    pub(super) address: SocketAddr,
    folder: PathBuf,
    child: Option<Child>,
}

impl Node {
    /// Writes its configuration. It does not run yet.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub(super) fn new(folder: &Path, number: usize, store: &str) -> Result<Self> {
        let folder = folder.join(format!("node-{number}"));
        fs::create_dir_all(&folder)?;
        let free = TcpListener::bind("127.0.0.1:0")?;
        let address = free.local_addr()?;
        drop(free);
        for (name, secret) in [
            ("password", PASSWORD),
            ("client-secret", SECRET),
            ("cluster-secret", "the secret of the trial's nodes"),
            ("metrics-token", METRICS_TOKEN),
        ] {
            private(&folder.join(name), secret)?;
        }
        let settings = format!(
            r#"listen = "{address}"
data = "data"
store = "{store}"
[admin]
username = "{USERNAME}"
password_file = "password"
[connected_app]
client_id = "{CLIENT}"
client_secret_file = "client-secret"
[events]
capture_all = true
[limits]
allocations = "unlimited"
[metrics]
token_file = "metrics-token"
[cluster]
advertise = "{address}"
secret_file = "cluster-secret"
"#
        );
        private(&folder.join("landfall.toml"), &settings)?;
        Ok(Self {
            name: format!("node {number}"),
            address,
            folder,
            child: None,
        })
    }

    pub(super) fn config(&self) -> PathBuf {
        self.folder.join("landfall.toml")
    }

    /// What it has said last.
    pub(super) fn said(&self) -> String {
        format!("{} said:\n{}", self.name, tail(&self.folder.join("log")))
    }

    pub(super) const fn is_running(&self) -> bool {
        self.child.is_some()
    }

    /// Starts it, and does not wait for it.
    ///
    /// # Errors
    /// When there is no program.
    pub(super) fn start(&mut self) -> Result<()> {
        let log = self.folder.join("log");
        let output = File::options().create(true).append(true).open(log)?;
        let mut serve = command(program());
        serve
            .args(["serve", "--config"])
            .arg(self.config())
            .stdout(output.try_clone()?)
            .stderr(output);
        self.child = Some(serve.spawn().context("cannot start a node")?);
        Ok(())
    }

    /// Waits until it serves.
    ///
    /// # Errors
    /// When it ends, or does not get ready in time.
    pub(super) fn ready(&mut self) -> Result<()> {
        let began = Instant::now();
        while began.elapsed() < READY_TIMEOUT {
            if self.readiness().is_ok_and(|(status, _)| status == 200) {
                return Ok(());
            }
            if let Some(status) = self.child.as_mut().and_then(|child| child.try_wait().ok()?) {
                bail!("{} ended with {status}; {}", self.name, self.said());
            }
            thread::sleep(POLL);
        }
        bail!("{} is not ready; {}", self.name, self.said());
    }

    /// What `/readyz` says.
    ///
    /// # Errors
    /// When there is no answer.
    pub(super) fn readiness(&self) -> Result<(u16, Value)> {
        let answer = Connection::open(self.address)?.get("/readyz")?;
        Ok((answer.status, serde_json::from_str(&answer.body)?))
    }

    pub(super) fn leads(&self) -> bool {
        let readiness = self.readiness();
        readiness.is_ok_and(|(status, body)| status == 200 && body["role"] == "leader")
    }

    /// Sends a signal to it.
    ///
    /// # Errors
    /// When it does not run.
    pub(super) fn signal(&self, signal: &str) -> Result<()> {
        let child = self.child.as_ref().context("the node does not run")?;
        check(command("kill").args([signal, &child.id().to_string()]))
    }

    /// Kills it at once.
    ///
    /// # Errors
    /// When it does not run.
    pub(super) fn kill(&mut self) -> Result<()> {
        let mut child = self.child.take().context("the node does not run")?;
        child.kill()?;
        child.wait()?;
        Ok(())
    }

    /// Asks it to stop, and waits until it has.
    ///
    /// # Errors
    /// When it does not stop in time, or with a failure.
    pub(super) fn stop(&mut self) -> Result<()> {
        self.signal("-TERM")?;
        let mut child = self.child.take().context("the node does not run")?;
        let began = Instant::now();
        while began.elapsed() < STOP_TIMEOUT {
            if let Some(status) = child.try_wait()? {
                ensure!(
                    status.success(),
                    "{} ended with {status}; {}",
                    self.name,
                    self.said()
                );
                return Ok(());
            }
            thread::sleep(POLL);
        }
        let _ = child.kill();
        let _ = child.wait();
        bail!("{} does not stop; {}", self.name, self.said());
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Writes a file that only its user can read.
fn private(path: &Path, text: &str) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::write(path, text)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    Ok(())
}
