//! Where things are in the work tree, and running programs in it.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

/// The root of the work tree.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask is a folder of the workspace")
        .to_path_buf()
}

/// A folder or file under `target/`: where everything goes that a run makes or installs.
pub(crate) fn target(path: &str) -> PathBuf {
    root().join("target").join(path)
}

/// A program that runs in the root of the work tree.
pub(crate) fn command(program: impl AsRef<Path>) -> Command {
    let mut command = Command::new(program.as_ref());
    command.current_dir(root()).stdin(Stdio::null());
    command
}

/// Cargo, as the one that runs us.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut cargo = command(PathBuf::from(program));
    cargo.args(arguments);
    // What `cargo run` sets for us describes xtask and would rebuild dependents that read it.
    for (name, _) in std::env::vars_os() {
        if name
            .to_str()
            .is_some_and(|name| name.starts_with("CARGO_PKG_") || name == "CARGO_MANIFEST_DIR")
        {
            cargo.env_remove(name);
        }
    }
    cargo
}

/// Runs a program to its end.
///
/// # Errors
/// When it cannot be started or ends with anything but success.
pub(crate) fn check(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("cannot start {}", shown(command)))?;
    if !status.success() {
        bail!("{} ended with {status}", shown(command));
    }
    Ok(())
}

/// Runs a program quietly and gives what it wrote to its output.
///
/// # Errors
/// When it cannot be started or ends with anything but success; the error has what it said.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .with_context(|| format!("cannot start {}", shown(command)))?;
    if !output.status.success() {
        bail!(
            "{} ended with {}:\n{}{}",
            shown(command),
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    String::from_utf8(output.stdout).context("the output is not UTF-8")
}

/// Runs a program, passes each line of its output on and shows it to `see`; says whether it succeeded.
///
/// # Errors
/// When it cannot be started, or has not ended within `limit`: a test that hangs is a failure, with what it said last.
pub(crate) fn stream(
    command: &mut Command,
    limit: Duration,
    mut see: impl FnMut(&str),
) -> Result<bool> {
    let end = Instant::now() + limit;
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", shown(command)))?;
    let stdout = child.stdout.take().expect("the output is piped");
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).split(b'\n').map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    loop {
        match lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(line) => {
                let line = String::from_utf8_lossy(&line);
                println!("{line}");
                see(&line);
            }
            Err(RecvTimeoutError::Disconnected) => return Ok(child.wait()?.success()),
            Err(RecvTimeoutError::Timeout) => {
                child.kill()?;
                bail!("{} did not end within {limit:?}", shown(command));
            }
        }
    }
}

/// Whether a program can be started at all.
pub(crate) fn has(program: &str, version_argument: &str) -> bool {
    command(program)
        .arg(version_argument)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// An empty folder under `target/`, emptied if it was there.
///
/// # Errors
/// When it cannot be made.
pub(crate) fn fresh_folder(path: &str) -> Result<PathBuf> {
    let folder = target(path);
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("emptying {}", folder.display()))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    Ok(folder)
}

/// The files that belong to the project: committed ones and new ones that are not ignored, relative to the root.
///
/// # Errors
/// When git is missing or this is no clone.
pub(crate) fn files() -> Result<Vec<PathBuf>> {
    let listed = output(command("git").args([
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
        "--deduplicate",
    ]))?;
    let root = root();
    Ok(listed
        .lines()
        .map(PathBuf::from)
        // A file that is deleted but not yet committed is still listed.
        .filter(|path| root.join(path).is_file())
        .collect())
}

fn shown(command: &Command) -> String {
    let mut text = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    text
}
