//! The project's own tool: `cargo xtask COMMAND`.
//!
//! `ci` is what CI runs, `test` is the test command of the README, and the other commands are their parts, one by one.
//! It drives the server only from outside, as any user would: by its command line, HTTP and signals.
//! Start reading at [`main`]; every command is one function in the module of its name.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool talks to its terminal"
)]
#![expect(
    clippy::indexing_slicing,
    reason = "only JSON is indexed here, which answers null for what is not there"
)]

mod ci;
mod cluster;
mod console;
mod crash;
mod faults;
mod fuzz;
mod http;
mod install;
mod org;
mod orgs;
mod overload;
mod parsers;
mod peers;
mod random;
mod replay;
mod report;
mod server;
mod tidy;
mod workspace;

use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::{orgs::Size, report::Report};

const USAGE: &str = "\
usage: cargo xtask COMMAND

  ci                      all that CI runs: fmt, clippy, tidy, deny, docs, test
  test                    all tests: Rust, real clients, the console, crashes, faults
  tidy                    the rules of the workspace: arrows, module docs, dead files
  deny                    licences, bans and sources of the dependencies
  postgres                the store on PostgreSQL, which is installed if need be
  peers [NAME [SCENARIO]] the real clients against a real server
  rehearsals              what clients do when a fault fires: the tables in docs/clients/faults.md
  console [SCENARIO]      the console in a browser
  crash [ROUNDS [SEED]]   kill the server under load and compare what it kept
  cluster [SECONDS [SEED]] three nodes on PostgreSQL while they are killed, frozen and stopped
  overload                more load than a server takes, bounded and local
  orgs [full]             resets, many orgs, snapshots under load: times, and what leaks
  faults                  failing writes, failing syncs and a full disk
  fuzz TARGET [COUNT [SEED]]
                          mutations of the inputs in tests/corpus/TARGET
  parsers [SECONDS]       coverage-guided fuzzing of the parsers, for a minute each
";

fn main() -> ExitCode {
    match run(&std::env::args().skip(1).collect::<Vec<_>>()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs one command; `Ok(false)` says that it ran and something failed.
fn run(arguments: &[String]) -> Result<bool> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut report = Report::new();
    match *arguments.as_slice() {
        ["ci"] => ci::run(&mut report)?,
        ["test"] => ci::test(&mut report)?,
        ["tidy"] => report.step("tidy", |_| tidy::run()),
        ["deny"] => report.step("deny", |_| ci::deny()),
        ["postgres"] => report.step("postgres", ci::postgres),
        ["peers"] => report.step("peers", |report| peers::run(report, None, None)),
        ["peers", name] => report.step("peers", |report| peers::run(report, Some(name), None)),
        ["peers", name, scenario] => {
            report.step("peers", |report| {
                peers::run(report, Some(name), Some(scenario))
            });
        }
        ["rehearsals"] => report.step("rehearsals", peers::rehearse),
        ["console"] => report.step("console", |report| console::run(report, None)),
        ["console", scenario] => {
            report.step("console", |report| console::run(report, Some(scenario)));
        }
        ["crash"] => report.step("crash", |report| crash::run(report, crash::ROUNDS, None)),
        ["crash", rounds] => {
            let rounds = rounds.parse().context("ROUNDS is a number")?;
            report.step("crash", |report| crash::run(report, rounds, None));
        }
        ["crash", rounds, seed] => {
            let rounds = rounds.parse().context("ROUNDS is a number")?;
            let seed = seed.parse().context("SEED is a number")?;
            report.step("crash", |report| crash::run(report, rounds, Some(seed)));
        }
        ["cluster"] => ci::cluster(&mut report, cluster::SECONDS, None),
        ["cluster", seconds] => {
            let seconds = seconds.parse().context("SECONDS is a number")?;
            ci::cluster(&mut report, seconds, None);
        }
        ["cluster", seconds, seed] => {
            let seconds = seconds.parse().context("SECONDS is a number")?;
            let seed = seed.parse().context("SEED is a number")?;
            ci::cluster(&mut report, seconds, Some(seed));
        }
        ["faults"] => report.step("faults", faults::run),
        ["overload"] => ci::overload(&mut report)?,
        ["orgs"] => report.step("orgs", |report| orgs::run(report, Size::QUICK)),
        ["orgs", "full"] => report.step("orgs", |report| orgs::run(report, Size::FULL)),
        ["fuzz", target] => report.step("fuzz", |_| fuzz::run(target, fuzz::MUTATIONS, None)),
        ["fuzz", target, count] => {
            let count = count.parse().context("COUNT is a number")?;
            report.step("fuzz", |_| fuzz::run(target, count, None));
        }
        ["fuzz", target, count, seed] => {
            let count = count.parse().context("COUNT is a number")?;
            let seed = seed.parse().context("SEED is a number")?;
            report.step("fuzz", |_| fuzz::run(target, count, Some(seed)));
        }
        ["parsers"] => report.step("parsers", |report| parsers::run(report, parsers::SECONDS)),
        ["parsers", seconds] => {
            let seconds = seconds.parse().context("SECONDS is a number")?;
            report.step("parsers", |report| parsers::run(report, seconds));
        }
        ["help" | "--help" | "-h"] => {
            print!("{USAGE}");
            return Ok(true);
        }
        _ => bail!("unknown command\n{USAGE}"),
    }
    Ok(report.close())
}
