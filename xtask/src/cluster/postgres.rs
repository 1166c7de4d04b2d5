//! A PostgreSQL of its own for the trial: a temporary cluster on a Unix socket.

use std::{
    fs,
    os::unix::{
        fs::{PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};

use crate::workspace::{check, command, output};

const START_TIMEOUT: Duration = Duration::from_mins(1);
/// PostgreSQL refuses to run as root: `nobody` then.
const NOBODY: u32 = 65_534;

/// A running server. Dropping it stops it and removes its data.
pub(super) struct Postgres {
    folder: PathBuf,
    child: Child,
}

impl Postgres {
    /// # Errors
    /// When it cannot be made or does not start.
    pub(super) fn start(programs: &Path) -> Result<Self> {
        // The path of a Unix socket is short, and another user can get there.
        let folder = std::env::temp_dir().join(format!("landfall-cluster-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder)?;
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755))?;
        let is_root = output(command("id").arg("-u"))?.trim() == "0";
        if is_root {
            chown(&folder, Some(NOBODY), Some(NOBODY))?;
        }
        let as_user = |program: &str| {
            let mut command = Command::new(programs.join(program));
            if is_root {
                command.uid(NOBODY).gid(NOBODY);
            }
            command.current_dir("/");
            command
        };
        check(
            as_user("initdb")
                .arg("--pgdata")
                .arg(folder.join("data"))
                .args([
                    "--username=landfall",
                    "--auth=trust",
                    "--encoding=UTF8",
                    "--locale=C",
                ])
                .arg("--no-sync")
                .stdout(Stdio::null()),
        )?;
        let child = as_user("postgres")
            .arg("-D")
            .arg(folder.join("data"))
            .arg("-k")
            .arg(&folder)
            .args(["-c", "listen_addresses=", "-c", "max_connections=100"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start PostgreSQL")?;
        let server = Self { folder, child };
        let began = Instant::now();
        let is_ready = || {
            let mut ready = as_user("pg_isready");
            ready
                .arg("--host")
                .arg(&server.folder)
                .stdout(Stdio::null());
            ready.status().is_ok_and(|status| status.success())
        };
        while !is_ready() {
            ensure!(
                began.elapsed() < START_TIMEOUT,
                "PostgreSQL is not ready in time"
            );
            thread::sleep(Duration::from_millis(50));
        }
        Ok(server)
    }

    /// As nodes name it.
    pub(super) fn url(&self) -> String {
        let socket = self.folder.display().to_string().replace('/', "%2F");
        format!("postgres://landfall@{socket}/postgres")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let id = self.child.id().to_string();
        if check(command("kill").args(["-QUIT", &id])).is_ok() {
            let _ = self.child.wait();
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}
