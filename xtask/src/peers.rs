//! The real clients, unmodified, against a real server: the scenarios of `tests/peers`, run once for each client.

use std::{path::PathBuf, process::Command, time::Duration};

use anyhow::{Result, bail, ensure};

use crate::{
    install::{self, Tool},
    report::Report,
    server,
    workspace::{command, root, stream, target},
};

/// A client and how its scenarios are run.
struct Peer {
    name: &'static str,
    runs: Runs,
    limit: Duration,
    /// Whether the server has the definitions of `tests/peers/project`.
    has_project: bool,
    /// Whether it is run by its name only: it takes minutes to install or to run.
    on_request: bool,
}

/// What runs the scenarios of a client.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Runs {
    /// `run.mjs` with a client in JavaScript.
    Node,
    /// `run.mjs` with a client in Python beside it.
    NodeAndPython,
    /// A Python script of its own.
    Python(&'static str),
    /// The same, with packages of its own, which do not go together with those of the others: the name of their list.
    PythonWith(&'static str, &'static str),
    /// `run.mjs` with the `sf` CLI, which is installed for itself.
    Sf,
    /// A Python script of its own, which runs that CLI.
    PythonAndSf(&'static str),
}

/// The lengthy scenarios of the Streaming API wait for timeouts; each of their waits has a limit of its own.
const STREAMING_LIMIT: Duration = Duration::from_mins(10);
const PUBSUB_LIMIT: Duration = Duration::from_mins(3);
const RECORDS_LIMIT: Duration = Duration::from_mins(2);
/// Six clients meet some 25 faults each, and are watched for seconds.
const REHEARSALS_LIMIT: Duration = Duration::from_mins(30);
const HELPER_LIMIT: Duration = Duration::from_mins(20);
/// Each command is a process that takes its time to start.
const SF_LIMIT: Duration = Duration::from_mins(15);

const PEERS: &[Peer] = &[
    streaming("cometd", Runs::Node),
    streaming("cometd-3", Runs::Node),
    streaming("cometd-7", Runs::Node),
    streaming("faye", Runs::Node),
    streaming("aiosfstream", Runs::NodeAndPython),
    pubsub("pubsub-node", Runs::Node),
    pubsub("pubsub-python", Runs::Python("pubsub_python.py")),
    records("jsforce", Runs::Node),
    records("jsforce-1", Runs::Node),
    records(
        "simple-salesforce",
        Runs::Python("simple_salesforce_peer.py"),
    ),
    records("tap-salesforce", Runs::Python("tap_salesforce_peer.py")),
    records("salesforce-bulk", Runs::Python("salesforce_bulk_peer.py")),
    records("asyncapi", Runs::Node),
    records("openapi", Runs::PythonWith("openapi_peer.py", "openapi")),
    helper("helper-node", Runs::Node),
    helper("helper-python", Runs::Python("helper_python.py")),
    helper("helper-rust", Runs::Node),
    records("project", Runs::Python("project_checker.py")),
    Peer {
        limit: SF_LIMIT,
        ..records("sf", Runs::Sf)
    },
    records(
        "django-salesforce",
        Runs::PythonWith("django_salesforce_peer.py", "django"),
    ),
    on_request("project-deployed", Runs::PythonAndSf("project_deployed.py")),
    on_request("airbyte", Runs::PythonWith("airbyte_peer.py", "airbyte")),
    on_request("dlt", Runs::PythonWith("dlt_peer.py", "dlt")),
    on_request(
        "cumulusci",
        Runs::PythonWith("cumulusci_peer.py", "cumulusci"),
    ),
];

/// Where the proto of the Pub/Sub API lies.
const PROTO: &[&str] = &[
    "proto/pubsub_api.proto",
    "crates/edge/pubsub/proto/pubsub_api.proto",
];

const fn streaming(name: &'static str, runs: Runs) -> Peer {
    Peer {
        name,
        runs,
        limit: STREAMING_LIMIT,
        has_project: false,
        on_request: false,
    }
}

const fn pubsub(name: &'static str, runs: Runs) -> Peer {
    Peer {
        name,
        runs,
        limit: PUBSUB_LIMIT,
        has_project: true,
        on_request: false,
    }
}

const fn records(name: &'static str, runs: Runs) -> Peer {
    Peer {
        limit: RECORDS_LIMIT,
        ..pubsub(name, runs)
    }
}

/// Its tests can be repeated many times: `LANDFALL_ROUNDS`.
const fn helper(name: &'static str, runs: Runs) -> Peer {
    Peer {
        limit: HELPER_LIMIT,
        ..records(name, runs)
    }
}

const fn on_request(name: &'static str, runs: Runs) -> Peer {
    Peer {
        limit: SF_LIMIT,
        on_request: true,
        ..records(name, runs)
    }
}

/// Runs one client or all that are not run on request only, through all scenarios or one.
///
/// # Errors
/// When an installation fails or a client cannot be run at all.
pub(crate) fn run(report: &mut Report, only: Option<&str>, scenario: Option<&str>) -> Result<()> {
    let names: Vec<&str> = PEERS.iter().map(|peer| peer.name).collect();
    ensure!(
        only.is_none_or(|name| names.contains(&name)),
        "the peers are {}",
        names.join(", ")
    );
    ensure!(
        server::program().exists(),
        "build the server first: cargo build -p landfall"
    );
    for peer in PEERS {
        if only.map_or(!peer.on_request, |only| only == peer.name) {
            run_one(report, peer, scenario)?;
        }
    }
    Ok(())
}

/// Writes what clients do when a fault fires to the page of the clients.
///
/// # Errors
/// When the packages cannot be installed, or a client does not meet its faults.
pub(crate) fn rehearse(report: &mut Report) -> Result<()> {
    ensure!(
        server::program().exists(),
        "build the server first: cargo build -p landfall"
    );
    let scripts = match install::node_peers()? {
        Tool::Ready(scripts) => scripts,
        Tool::Missing(how) => {
            report.skipped("rehearsals", how);
            return Ok(());
        }
    };
    let python = match install::python_peers()? {
        Tool::Ready(python) => python,
        Tool::Missing(how) => {
            report.skipped("rehearsals", how);
            return Ok(());
        }
    };
    let mut node = command("node");
    node.arg(scripts.join("rehearsals.mjs"))
        .env("LANDFALL_PROGRAM", server::program())
        .env("LANDFALL_LOGS", target("peers/logs"))
        .env("LANDFALL_PYTHON", python)
        .env("LANDFALL_STUBS", target("peers/stubs"))
        .env("LANDFALL_PEERS_PROJECT", root().join("tests/peers/project"))
        .env("LANDFALL_TABLE", root().join("docs/clients/faults.md"));
    if let Some(proto) = proto() {
        node.env("LANDFALL_PROTO", proto);
    }
    let succeeded = stream(&mut node, REHEARSALS_LIMIT, |_| {})?;
    ensure!(succeeded, "the table is as it was");
    Ok(())
}

/// The proto of the Pub/Sub API, where it lies.
fn proto() -> Option<PathBuf> {
    let mut all = PROTO.iter().map(|path| root().join(path));
    all.find(|path| path.exists())
}

/// The program with which a client's scenarios start, or the line that installs what is missing.
fn start(peer: &Peer) -> Result<Tool<Command>> {
    let scripts = match peer.runs {
        Runs::Python(_) | Runs::PythonWith(..) | Runs::PythonAndSf(_) => install::peer_scripts()?,
        Runs::Node | Runs::NodeAndPython | Runs::Sf => match install::node_peers()? {
            Tool::Ready(folder) => folder,
            Tool::Missing(how) => return Ok(Tool::Missing(how)),
        },
    };
    let python = match peer.runs {
        Runs::Node | Runs::Sf => None,
        Runs::NodeAndPython | Runs::Python(_) | Runs::PythonAndSf(_) => {
            match install::python_peers()? {
                Tool::Ready(python) => Some(python),
                Tool::Missing(how) => return Ok(Tool::Missing(how)),
            }
        }
        Runs::PythonWith(_, list) => match install::python_with(list)? {
            Tool::Ready(python) => Some(python),
            Tool::Missing(how) => return Ok(Tool::Missing(how)),
        },
    };
    let mut program = if let (
        Runs::Python(script) | Runs::PythonWith(script, _) | Runs::PythonAndSf(script),
        Some(python),
    ) = (peer.runs, &python)
    {
        let mut program = command(python);
        program.arg(scripts.join(script));
        program
    } else {
        let mut node = command("node");
        node.arg(scripts.join("run.mjs")).arg(peer.name);
        node
    };
    if let Some(python) = python {
        program.env("LANDFALL_PYTHON", python);
    }
    if matches!(peer.runs, Runs::Sf | Runs::PythonAndSf(_)) {
        let (node, cli) = install::sf()?;
        program
            .env("LANDFALL_SF_NODE", node)
            .env("LANDFALL_SF", cli);
    }
    Ok(Tool::Ready(program))
}

fn run_one(report: &mut Report, peer: &Peer, scenario: Option<&str>) -> Result<()> {
    let name = peer.name;
    let mut program = match start(peer)? {
        Tool::Ready(program) => program,
        Tool::Missing(how) => {
            report.skipped(name, how);
            return Ok(());
        }
    };
    program
        .args(scenario)
        .env("LANDFALL_PROGRAM", server::program())
        .env("LANDFALL_CLIENTS", root().join("clients"))
        .env("LANDFALL_LOGS", target("peers/logs"))
        .env("LANDFALL_STUBS", target("peers/stubs"));
    if peer.has_project {
        program.env("LANDFALL_PEERS_PROJECT", root().join("tests/peers/project"));
    }
    if let Some(proto) = proto() {
        program.env("LANDFALL_PROTO", proto);
    }
    let mut counts = crate::report::Counts::default();
    let succeeded = stream(&mut program, peer.limit, |line| {
        if line.starts_with("ok ") {
            counts.passed += 1;
        } else if line.starts_with("FAILED ") {
            counts.failed += 1;
        }
    })?;
    report.add(counts);
    if counts.passed + counts.failed == 0 || (!succeeded && counts.failed == 0) {
        bail!("{name} did not run its scenarios");
    }
    Ok(())
}
