//! The command line: a developer org, a production node, and clients.
//!
//! Data goes to stdout, messages go to stderr. Start reading at [`cli`], the options, and [`outcome`], exit codes.

mod bench;
mod check;
mod cli;
mod cluster;
mod colour;
mod complete;
mod connection;
mod context;
mod control;
mod dev;
mod env;
mod exec;
mod explain;
mod folders;
mod holder;
mod limits;
mod log;
mod man;
mod move_org;
mod open;
mod options;
mod org_options;
mod outcome;
mod progress;
mod publish;
mod record;
mod rest;
mod run;
mod schema;
mod seed;
mod serve;
mod suggest;
mod summary;
mod tail;
mod top;

use std::process::ExitCode;
use std::time::Instant;

use clap::{CommandFactory, Parser};
use tikv_jemallocator::Jemalloc;

use crate::cli::{Cli, Command};
use crate::outcome::{Ended, Exit, Failure};

/// The allocator, also that of the libraries in C: threads of the runtime allocate what others free, which costs the
/// system's more time and, in its arenas, more memory. `.cargo/config.toml` configures it.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    let started = Instant::now();
    complete::answer(Cli::command);
    // Ends the process itself for --help, --version and wrong usage, the last with exit code 2.
    let cli = Cli::parse();
    landfall_server::install_crypto_provider();
    colour::choose(cli.color);
    if cli.no_progress {
        progress::turn_off();
    }
    match execute(cli, started) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            failure.report();
            failure.exit.into()
        }
    }
}

fn execute(cli: Cli, started: Instant) -> Ended {
    match cli.command {
        Command::Dev(options) => runtime()?.block_on(dev::run(options, cli.log, started)),
        Command::Exec(options) => runtime()?.block_on(exec::run(options, cli.log, started)),
        Command::Env(options) => runtime()?.block_on(env::run(options, &cli.log)),
        Command::Serve(options) => runtime()?.block_on(serve::run(options, cli.log, started)),
        Command::Tail(options) => runtime()?.block_on(tail::run(options, &cli.log)),
        Command::Publish(options) => runtime()?.block_on(publish::run(options, &cli.log)),
        Command::Record(command) => runtime()?.block_on(record::run(command, &cli.log)),
        Command::Schema(options) => runtime()?.block_on(schema::run(options, &cli.log)),
        Command::Check(options) => check::run(&options, &cli.log),
        Command::Clock(command) => runtime()?.block_on(control::clock(command, &cli.log)),
        Command::Reset(options) => runtime()?.block_on(control::reset(options, &cli.log)),
        Command::Snapshot(command) => runtime()?.block_on(control::snapshot(command, &cli.log)),
        Command::Org(command) => runtime()?.block_on(control::org(command, &cli.log)),
        Command::Fault(command) => runtime()?.block_on(control::fault(command, &cli.log)),
        Command::Requests(command) => runtime()?.block_on(control::requests(command, &cli.log)),
        Command::Topics(command) => runtime()?.block_on(control::topics(command, &cli.log)),
        Command::Subscribers(command) => {
            runtime()?.block_on(control::subscribers(command, &cli.log))
        }
        Command::Settle(options) => runtime()?.block_on(control::settle(options, &cli.log)),
        Command::Events(command) => runtime()?.block_on(control::events(command, &cli.log)),
        Command::Expect(options) => runtime()?.block_on(control::expect(options, &cli.log)),
        Command::Usage(options) => runtime()?.block_on(control::usage(options, &cli.log)),
        Command::Node(options) => runtime()?.block_on(control::node(options, &cli.log)),
        Command::Seed(options) => runtime()?.block_on(seed::run(options, &cli.log)),
        Command::Limits(options) => runtime()?.block_on(limits::run(options, &cli.log)),
        Command::Open(options) => runtime()?.block_on(open::run(options, &cli.log)),
        Command::Cluster(command) => runtime()?.block_on(cluster::run(command, &cli.log)),
        Command::Move(options) => runtime()?.block_on(move_org::run(options, &cli.log)),
        Command::Context(command) => context::run(command),
        Command::Top(options) => runtime()?.block_on(top::run(options, &cli.log)),
        Command::Explain(options) => explain::run(&options),
        Command::Bench(options) => bench::run(options),
        Command::Completions { shell } => complete::script(shell),
        Command::Man(options) => man::run(&options),
        Command::Version => {
            outcome::say_data(concat!("landfall ", env!("CARGO_PKG_VERSION")))?;
            Ok(Exit::Done)
        }
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new("cannot start the runtime").caused_by(&error))
}
