//! Starting `landfall dev`, and joining the process that `landfall exec` has started.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::http;
use crate::org::{Login, Org, Shared};

/// How long the start may take.
const READY_MAX: Duration = Duration::from_secs(60);

/// Pause between two looks.
const LOOK: Duration = Duration::from_millis(5);

/// Of the first org of a developer's process, which listens on loopback only.
const USERNAME: &str = "admin@landfall.test";
const PASSWORD: &str = "landfall";
const CLIENT: &str = "landfall";

/// How a process is started: with a project, with seeds, with another binary.
///
/// The binary is that of the variable `LANDFALL_BIN`, or `landfall` in the path.
#[derive(Clone, Debug, Default)]
#[must_use = "nothing is started before `run`"]
pub struct Start {
    binary: Option<PathBuf>,
    arguments: Vec<String>,
}

impl Start {
    /// Without a project and without seeds.
    pub fn new() -> Self {
        Self::default()
    }

    /// The folder of a Salesforce DX project.
    pub fn project(self, folder: impl AsRef<Path>) -> Self {
        let folder = folder.as_ref().display().to_string();
        self.option("--project").option(folder)
    }

    /// A file of records that the org begins with.
    pub fn seed(self, file: impl AsRef<Path>) -> Self {
        let file = file.as_ref().display().to_string();
        self.option("--seed").option(file)
    }

    /// A further option of `landfall dev`.
    pub fn option(mut self, option: impl Into<String>) -> Self {
        self.arguments.push(option.into());
        self
    }

    /// The program.
    pub fn binary(mut self, path: impl Into<PathBuf>) -> Self {
        self.binary = Some(path.into());
        self
    }

    /// Starts the process, and gives its first org. It ends with the org, or with this process.
    ///
    /// # Errors
    /// [`Error::Start`] with what the process has written.
    pub fn run(self) -> Result<Org, Error> {
        let process = Process::start(&self)?;
        let target = process.target.clone();
        let ca_file = process.folder.join("ca.pem");
        let authority = http::send(&target, "GET", "/_landfall/ca.pem", None, None)?;
        fs::write(&ca_file, authority.body)?;
        let login = Login::of(&target, USERNAME, PASSWORD, CLIENT, CLIENT)?;
        Ok(Org(Arc::new(Shared {
            target,
            login,
            ca_file: Some(ca_file),
            id: None,
            process: Some(Arc::new(process)),
        })))
    }
}

/// A process that was started, with its folder.
pub(crate) struct Process {
    child: Mutex<Child>,
    /// Ends the process when this one is gone, however it ends.
    guard: Option<Guard>,
    folder: PathBuf,
    target: String,
}

/// A shell that waits for the end of its input.
struct Guard {
    shell: Child,
    input: Option<ChildStdin>,
}

impl Process {
    fn start(start: &Start) -> Result<Self, Error> {
        let folder = folder()?;
        let (ready, log) = (folder.join("ready"), folder.join("log"));
        let output = File::create(&log)?;
        let binary = start.binary.clone();
        let binary = binary.or_else(|| env::var_os("LANDFALL_BIN").map(PathBuf::from));
        let binary = binary.unwrap_or_else(|| "landfall".into());
        let mut command = Command::new(&binary);
        // What surrounds the tests is for the org that they run in, not for the one that they start.
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("LANDFALL_") {
                command.env_remove(name);
            }
        }
        let spawned = command
            .args([
                "dev",
                "--ephemeral",
                "--listen",
                "127.0.0.1:0",
                "--ready-file",
            ])
            .arg(&ready)
            .args(&start.arguments)
            .env("TMPDIR", &folder)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn();
        let child = spawned.map_err(|error| {
            // Nothing is in it but an empty file.
            let _ = fs::remove_dir_all(&folder);
            Error::Start(format!("{} cannot be run: {error}", binary.display()))
        })?;
        let mut process = Self {
            guard: Guard::of(&child, &folder),
            child: Mutex::new(child),
            folder,
            target: String::new(),
        };
        process.target = process.wait(&ready, &log)?;
        Ok(process)
    }

    /// Waits until the process is ready, and gives its address.
    fn wait(&self, ready: &Path, log: &Path) -> Result<String, Error> {
        let end = Instant::now() + READY_MAX;
        let said = || fs::read_to_string(log).unwrap_or_default();
        loop {
            let written = fs::read_to_string(ready).unwrap_or_default();
            if let Some(url) = written.strip_suffix('\n') {
                return Ok(url.trim_end_matches('/').to_owned());
            }
            if self.child().try_wait()?.is_some() {
                return Err(Error::Start(format!("landfall ended:\n{}", said())));
            }
            if Instant::now() > end {
                let seconds = READY_MAX.as_secs();
                let reason = format!("landfall was not ready in {seconds} s:\n{}", said());
                return Err(Error::Start(reason));
            }
            thread::sleep(LOOK);
        }
    }

    fn child(&self) -> std::sync::MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Each may have ended, or be gone, already.
        let shell = self.guard.take().map(Guard::end);
        if shell.is_none() {
            let _ = self.child().kill();
        }
        let _ = self.child().wait();
        let _ = shell.map(|mut shell| shell.wait());
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Ends a process, and removes its folder when it has ended.
const GUARD: &str = r#"
cat > /dev/null
kill -TERM "$0" 2> /dev/null
looks=0
while kill -0 "$0" 2> /dev/null && [ $looks -lt 200 ]; do sleep 0.05; looks=$((looks + 1)); done
rm -rf "$1"
"#;

impl Guard {
    /// A guard of a process and its folder, where there are shells.
    fn of(child: &Child, folder: &Path) -> Option<Self> {
        if !cfg!(unix) {
            return None;
        }
        let mut shell = Command::new("sh")
            .args(["-c", GUARD])
            .arg(child.id().to_string())
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let input = shell.stdin.take();
        Some(Self { shell, input })
    }

    /// Has it end the process.
    fn end(mut self) -> Child {
        drop(self.input.take());
        self.shell
    }
}

/// A folder of its own.
fn folder() -> Result<PathBuf, Error> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("landfall-testing-{}-{number}", std::process::id());
        let folder = env::temp_dir().join(name);
        match fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            // An earlier process of this number has left it.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// The org that `LANDFALL_TARGET` and the other variables lead to, as `landfall exec` sets them; none without them.
///
/// # Errors
/// Those of the login.
pub(crate) fn join() -> Result<Option<Org>, Error> {
    let set = |name: &str| env::var(name).ok().filter(|text| !text.is_empty());
    let Some(target) = set("LANDFALL_TARGET") else {
        return Ok(None);
    };
    let target = target.trim_end_matches('/').to_owned();
    let or = |name: &str, default: &str| set(name).unwrap_or_else(|| default.to_owned());
    let mut login = Login {
        username: or("LANDFALL_USERNAME", USERNAME),
        password: or("LANDFALL_PASSWORD", PASSWORD),
        client_id: or("LANDFALL_CLIENT_ID", CLIENT),
        client_secret: or("LANDFALL_CLIENT_SECRET", CLIENT),
        access_token: Mutex::default(),
    };
    match set("LANDFALL_ACCESS_TOKEN") {
        Some(token) => login.access_token = Mutex::new(token),
        None => login.renew(&target)?,
    }
    Ok(Some(Org(Arc::new(Shared {
        target,
        login,
        ca_file: set("LANDFALL_CA_FILE").map(PathBuf::from),
        id: None,
        process: None,
    }))))
}
