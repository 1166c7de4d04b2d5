//! The steps of CI and of the test command, in the order in which they fail fastest.

use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::{
    cluster, console, crash, faults, install, overload, parsers, peers,
    report::{Counts, Report},
    tidy,
    workspace::{cargo, check, command, stream},
};

/// Compiling from nothing included.
const CARGO_TEST_LIMIT: Duration = Duration::from_mins(40);

/// Everything that must be green before a change lands.
///
/// # Errors
/// When the test command cannot go on.
pub(crate) fn run(report: &mut Report) -> Result<()> {
    report.step("fmt", |_| {
        check(&mut cargo(&["fmt", "--all", "--", "--check"]))
    });
    report.step("tidy", |_| tidy::run());
    report.step("clippy", |_| {
        check(&mut cargo(&[
            "clippy",
            "--locked",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ]))
    });
    report.step("docs", |_| {
        check(
            cargo(&["doc", "--locked", "--workspace", "--no-deps"])
                .env("RUSTDOCFLAGS", "-D warnings"),
        )
    });
    report.step("deny", |_| deny());
    test(report)?;
    report.step("parsers", |report| parsers::run(report, parsers::SECONDS));
    Ok(())
}

/// The test command of the README.
///
/// # Errors
/// When the server cannot be built: everything after the Rust tests needs it.
pub(crate) fn test(report: &mut Report) -> Result<()> {
    report.step("cargo test --workspace", cargo_test);
    report.step("postgres", postgres);
    build_server()?;
    report.step("peers", |report| peers::run(report, None, None));
    report.step("console", |report| console::run(report, None));
    report.step("crash", |report| crash::run(report, crash::ROUNDS, None));
    report.step("faults", faults::run);
    Ok(())
}

/// More load than a server takes: on request, since it needs minutes and memory.
///
/// # Errors
/// When the server cannot be built.
pub(crate) fn overload(report: &mut Report) -> Result<()> {
    build_server()?;
    report.step("overload", overload::run);
    Ok(())
}

/// Nodes of a cluster that die, freeze and stop: on request, since it needs a machine that does nothing else meanwhile.
pub(crate) fn cluster(report: &mut Report, seconds: u64, seed: Option<u64>) {
    report.step("cluster", |report| cluster::run(report, seconds, seed));
}

/// Licences, bans and sources. Advisories need a database from outside the package registries and are not checked.
///
/// # Errors
/// When cargo-deny finds something or cannot be installed.
pub(crate) fn deny() -> Result<()> {
    let program = install::cargo_deny()?;
    check(command(program).args([
        "--log-level",
        "error",
        "check",
        "bans",
        "licenses",
        "sources",
    ]))
}

/// Builds the server that the tests drive from outside: with the tests, since another selection of packages resolves other
/// features and compiles the dependencies once more.
///
/// # Errors
/// When it does not build.
pub(crate) fn build_server() -> Result<()> {
    check(&mut cargo(&[
        "build",
        "--locked",
        "--workspace",
        "--bins",
        "--tests",
    ]))
}

/// The store on PostgreSQL, with a server that its tests start.
///
/// # Errors
/// When there is no PostgreSQL, or a test fails.
pub(crate) fn postgres(report: &mut Report) -> Result<()> {
    match install::postgres()? {
        install::Tool::Ready(programs) => run_tests(
            report,
            cargo(&["test", "--locked", "--workspace", "--test", "postgres"])
                .env("LANDFALL_TEST_POSTGRES", programs),
        ),
        install::Tool::Missing(install) => bail!("there is no PostgreSQL: {install}"),
    }
}

fn cargo_test(report: &mut Report) -> Result<()> {
    run_tests(
        report,
        &mut cargo(&["test", "--locked", "--workspace", "--no-fail-fast"]),
    )
}

fn run_tests(report: &mut Report, tests: &mut Command) -> Result<()> {
    let mut counts = Counts::default();
    let succeeded = stream(tests, CARGO_TEST_LIMIT, |line| {
        if let Some(more) = parse_test_result(line) {
            counts.passed += more.passed;
            counts.failed += more.failed;
            counts.skipped += more.skipped;
        }
    })?;
    report.add(counts);
    if !succeeded {
        bail!("cargo test failed");
    }
    if counts.passed == 0 {
        bail!("cargo test ran no test");
    }
    Ok(())
}

/// Reads the line with which one test program closes.
fn parse_test_result(line: &str) -> Option<Counts> {
    let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let mut parts = counts.split("; ");
    let mut next = |unit: &str| parts.next()?.strip_suffix(unit)?.trim().parse().ok();
    Some(Counts {
        passed: next("passed")?,
        failed: next("failed")?,
        skipped: next("ignored")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closing_line_of_a_test_program_is_counted() {
        let line = "test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s";
        assert_eq!(
            parse_test_result(line),
            Some(Counts {
                passed: 12,
                failed: 3,
                skipped: 1
            })
        );
    }

    #[test]
    fn other_lines_are_not_counted() {
        assert_eq!(parse_test_result("test passed ... ok"), None);
        assert_eq!(parse_test_result("test result: unreadable"), None);
    }
}
