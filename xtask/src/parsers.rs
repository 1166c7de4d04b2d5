//! `cargo xtask parsers`: the fuzz targets in `fuzz/`, guided by coverage, two at a time.
//!
//! They are built as cargo-fuzz builds them, but without a sanitizer, so that the stable compiler does it: the code under
//! test has no `unsafe`, and a panic is what is looked for. libFuzzer itself is C++. An input that fails is written to
//! `target/inputs`; add it to the folder of its target in `tests/corpus` with its repair, and every run begins with it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::{fs, thread};

use anyhow::{Context, Result, bail};

use crate::report::Report;
use crate::workspace::{cargo, check, command, has, output, root, target};

/// How long each target runs where nobody asks for another time.
pub(crate) const SECONDS: u64 = 60;

/// Targets that run at a time.
const AT_ONCE: usize = 2;

/// Lines of a failed target that are shown.
const LINES: usize = 60;

/// What has the compiler count the edges that an input takes.
const INSTRUMENTED: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing";

/// What libFuzzer says of a program that counts them.
const COUNTERS: &str = "inline 8-bit counters";

/// The targets, with the folders of `tests/corpus` that they begin with.
const TARGETS: &[(&str, &[&str])] = &[
    ("soql", &["soql", "sosl", "filter"]),
    (
        "query",
        &["soql", "sosl", "filter", "push_topic", "event_filter"],
    ),
    ("formula", &["formula"]),
    ("bayeux", &["bayeux"]),
    ("xml", &["soap", "soap_metadata", "component"]),
    ("project", &["project"]),
    ("zip", &["zip"]),
    ("csv", &["csv", "batch"]),
    ("rest", &["composite", "json", "multipart"]),
    ("values", &["values"]),
    ("payload", &["payload"]),
    ("grpc", &["grpc_topic", "grpc_publish", "grpc_subscribe"]),
    ("oauth", &["oauth_form", "assertion", "oauth", "multipart"]),
    ("http_head", &["http_head"]),
];

/// Builds the targets and runs each for so many seconds.
///
/// # Errors
/// When they cannot be built or started.
pub(crate) fn run(report: &mut Report, seconds: u64) -> Result<()> {
    if !has("c++", "--version") {
        report.skipped("fuzz targets", "apt-get install g++");
        return Ok(());
    }
    let programs = build()?;
    let queue = Mutex::new(TARGETS.iter());
    let outcomes = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                // The guard is dropped before the target runs.
                let next = || queue.lock().expect("no target panics").next();
                while let Some((name, seeds)) = next() {
                    let outcome = fuzz(&programs, name, seeds, seconds);
                    let mut outcomes = outcomes.lock().expect("no target panics");
                    outcomes.push((*name, outcome));
                }
            });
        }
    });
    for (name, outcome) in outcomes.into_inner().expect("no target panics") {
        match outcome? {
            Ok(runs) => report.passed(&format!("{name}: {runs}")),
            Err(said) => report.failed(name, &said),
        }
    }
    Ok(())
}

/// Builds the targets; gives the folder of the programs.
fn build() -> Result<PathBuf> {
    let host = host()?;
    let folder = target("fuzz");
    // With a target named, the flags are not for build scripts and macros.
    let mut build = cargo(&["build", "--locked", "--release", "--target", &host]);
    build
        .arg("--manifest-path")
        .arg(root().join("fuzz/Cargo.toml"))
        .arg("--target-dir")
        .arg(&folder)
        .env("RUSTFLAGS", INSTRUMENTED);
    check(&mut build)?;
    Ok(folder.join(host).join("release"))
}

/// The platform of the compiler.
fn host() -> Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = output(command(PathBuf::from(rustc)).arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc does not say its platform")?.to_owned())
}

/// Runs one target: how many inputs it took, or what it said when one failed.
fn fuzz(
    programs: &Path,
    name: &str,
    seeds: &[&str],
    seconds: u64,
) -> Result<Result<String, String>> {
    let found = target("fuzz-corpus").join(name);
    let failed = target("inputs");
    for folder in [&found, &failed] {
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    }
    let mut target = command(programs.join(name));
    target
        .arg(format!("-max_total_time={seconds}"))
        .args(["-timeout=20", "-rss_limit_mb=2048"])
        .arg(format!("-artifact_prefix={}/{name}-", failed.display()))
        .arg(&found);
    let corpus = root().join("tests/corpus");
    target.args(seeds.iter().map(|seed| corpus.join(seed)));
    judged(&mut target)
}

fn judged(target: &mut Command) -> Result<Result<String, String>> {
    let ended = target.output().context("cannot start a fuzz target")?;
    let said = String::from_utf8_lossy(&ended.stderr);
    if !ended.status.success() {
        let lines: Vec<&str> = said.lines().collect();
        let last = lines.len().saturating_sub(LINES);
        return Ok(Err(lines.get(last..).unwrap_or_default().join("\n")));
    }
    if !said.contains(COUNTERS) {
        bail!("the fuzz targets are not instrumented: {said}");
    }
    let runs = said.lines().rev().find(|line| line.starts_with("Done "));
    Ok(Ok(runs.unwrap_or("ended early").to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_is_run() {
        let manifest = fs::read_to_string(root().join("fuzz/Cargo.toml")).expect("readable");
        let mut declared: Vec<&str> = manifest
            .split("[[bin]]")
            .skip(1)
            .filter_map(|part| part.split('"').nth(1))
            .collect();
        declared.sort_unstable();
        let mut run: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
        run.sort_unstable();
        assert_eq!(run, declared);
    }

    #[test]
    fn every_target_begins_with_kept_inputs() {
        for (name, folders) in TARGETS {
            assert!(!folders.is_empty(), "{name}");
            for folder in *folders {
                let mut kept =
                    fs::read_dir(root().join("tests/corpus").join(folder)).expect(folder);
                assert!(kept.next().is_some(), "{folder}");
            }
        }
    }
}
