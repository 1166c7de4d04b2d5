//! A PostgreSQL of its own for each test: a temporary cluster on a Unix socket.

use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The folder with `initdb` and `postgres`.
fn programs() -> PathBuf {
    let folder = std::env::var_os("LANDFALL_TEST_POSTGRES");
    let folder = folder.unwrap_or_else(|| "/usr/lib/postgresql/15/bin".into());
    let folder = PathBuf::from(folder);
    assert!(
        folder.join("initdb").exists(),
        "{} has no PostgreSQL: run `cargo xtask postgres`, or set LANDFALL_TEST_POSTGRES to the folder of initdb",
        folder.display()
    );
    folder
}

/// A user other than root, which PostgreSQL refuses; none if this process is not root.
fn other_user() -> Option<(u32, u32)> {
    let is_root = rustix::process::geteuid().is_root();
    is_root.then_some((65_534, 65_534))
}

/// The port where none is asked for: nobody listens on it, but the socket is named after it.
const PORT: u16 = 5432;

pub(crate) struct Server {
    folder: TempDir,
    programs: PathBuf,
    port: u16,
    process: Child,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    /// With settings of its own.
    pub(crate) fn with(settings: &[&str]) -> Self {
        Self::with_files(PORT, &[], settings)
    }

    /// On a port of 127.0.0.1 too, if it is not the usual one, with files in its data folder.
    pub(crate) fn with_files(port: u16, files: &[(&str, &str)], settings: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test");
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755))
            .expect("permissions");
        if let Some((user, group)) = other_user() {
            chown(folder.path(), Some(user), Some(group)).expect("the folder of another user");
        }
        let programs = programs();
        let data = folder.path().join("data");
        let made = as_user(&programs.join("initdb"))
            .arg("--pgdata")
            .arg(&data)
            .args([
                "--username=landfall",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
            ])
            .stdout(Stdio::null())
            .status()
            .expect("initdb runs");
        assert!(made.success(), "initdb: {made}");
        for (name, content) in files {
            let path = data.join(name);
            std::fs::write(&path, content).expect("written");
            let private = std::fs::Permissions::from_mode(0o600);
            std::fs::set_permissions(&path, private).expect("permissions");
            if let Some((user, group)) = other_user() {
                chown(&path, Some(user), Some(group)).expect("the file of another user");
            }
        }
        let process = run(&programs, folder.path(), port, settings);
        let server = Self {
            folder,
            programs,
            port,
            process,
        };
        server.wait();
        server
    }

    /// A URL for a schema.
    pub(crate) fn url(&self, schema: &str) -> String {
        let socket = self.folder.path().to_str().expect("a path in UTF-8");
        let socket = socket.replace('/', "%2F");
        format!("postgres://landfall@{socket}/postgres?options=-c%20search_path%3D{schema}")
    }

    /// Ends it at once, as a crash does, and starts it again.
    pub(crate) fn crash(&mut self) {
        self.stop();
        self.process = run(&self.programs, self.folder.path(), self.port, &[]);
        self.wait();
    }

    /// An immediate shutdown: nothing is written any more, and the next start recovers from the log.
    fn stop(&mut self) {
        let process = rustix::process::Pid::from_child(&self.process);
        let quit = rustix::process::kill_process(process, rustix::process::Signal::QUIT);
        if quit.is_ok() {
            let _ = self.process.wait();
        }
    }

    /// What a statement returns, of any role.
    pub(crate) fn psql(&self, sql: &str) -> String {
        let output = Command::new(self.programs.join("psql"))
            .args([
                "--no-psqlrc",
                "--tuples-only",
                "--no-align",
                "--username=landfall",
                "--dbname=postgres",
            ])
            .arg("--host")
            .arg(self.folder.path())
            .args(["--port", &self.port.to_string(), "--command", sql])
            .output()
            .expect("psql runs");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    fn wait(&self) {
        let began = Instant::now();
        loop {
            let ready = as_user(&self.programs.join("pg_isready"))
                .arg("--host")
                .arg(self.folder.path())
                .args(["--port", &self.port.to_string()])
                .stdout(Stdio::null())
                .status()
                .expect("pg_isready runs");
            if ready.success() {
                return;
            }
            assert!(
                began.elapsed() < Duration::from_secs(60),
                "PostgreSQL is ready"
            );
            sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

fn run(programs: &Path, folder: &Path, port: u16, settings: &[&str]) -> Child {
    let mut command = as_user(&programs.join("postgres"));
    command.arg("-D").arg(folder.join("data"));
    command.arg("-k").arg(folder);
    let addresses = if port == PORT { "" } else { "127.0.0.1" };
    command.args(["-c", &format!("listen_addresses={addresses}")]);
    command.args(["-c", "max_connections=50", "-p", &port.to_string()]);
    for setting in settings {
        command.args(["-c", setting]);
    }
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("postgres runs")
}

fn as_user(program: &Path) -> Command {
    use std::os::unix::process::CommandExt;
    let mut command = Command::new(program);
    if let Some((user, group)) = other_user() {
        command.uid(user).gid(group);
    }
    command.current_dir("/");
    command
}
