//! The node: its build, its settings with the origin of each, its storage, its connections and whether it is ready.

use std::sync::atomic::Ordering;

use landfall_apidoc::{Call, Kind, Member};
use landfall_engine::SubscriberDemand;
use landfall_http::Writer;

use crate::refusal::{Refusal, failed};
use crate::topics::{BOUNDS, write_bounds};
use crate::{Made, NodeReport, Org, Protocol, events};

const STORAGE: &[Member] = &[
    Member::required(
        "backEnd",
        Kind::Text,
        "What stores the org: SQLite, PostgreSQL",
    ),
    Member::required(
        "place",
        Kind::Text,
        "The data folder; of a database no more than that it is one",
    ),
    Member::optional(
        "fileBytes",
        Kind::Integer,
        "Size of the data file and its log",
    ),
    Member::optional("freeBytes", Kind::Integer, "Free space of the disk"),
    Member::required(
        "reserveBytes",
        Kind::Integer,
        "Free space below which uploads and jobs are refused",
    ),
    Member::required(
        "damaged",
        Kind::Integer,
        "Damaged blocks, records and documents that are known",
    ),
    Member::required(
        "checks",
        Kind::Integer,
        "How often everything stored was compared with its checksums since the start",
    ),
];

const COMMITS: &[Member] = &[
    Member::required("count", Kind::Integer, "Commits since the start"),
    Member::required("commands", Kind::Integer, "Commands in them"),
    Member::required("events", Kind::Integer, "Events in them"),
    Member::required(
        "medianUs",
        Kind::Integer,
        "Half of them were durable within this time, to a quarter. Unit: microseconds",
    ),
    Member::required(
        "p99Us",
        Kind::Integer,
        "99 of 100 were durable within this time, to a quarter. Unit: microseconds",
    ),
    Member::required(
        "longestUs",
        Kind::Integer,
        "The longest time until one was durable. Unit: microseconds",
    ),
];

const CONNECTIONS: &[Member] = &[
    Member::required("open", Kind::Integer, "Open connections"),
    Member::required("max", Kind::Integer, "How many may be open; more wait"),
    Member::required("accepted", Kind::Integer, "Accepted since the start"),
    Member::required(
        "delayed",
        Kind::Integer,
        "Those that had to wait since the start, because all were in use",
    ),
    Member::required("failed", Kind::Integer, "Those that could not be accepted"),
    Member::required(
        "sessions",
        Kind::Integer,
        "Sessions of the Streaming API in this org",
    ),
    Member::required("heldPolls", Kind::Integer, "Polls that wait for events"),
    Member::required(
        "streams",
        Kind::Integer,
        "Subscriptions of the Pub/Sub API in this org",
    ),
    Member::required(
        "followers",
        Kind::Integer,
        "Clients that follow events over this interface",
    ),
];

const SETTING: &[Member] = &[
    Member::required("key", Kind::Text, "As in the configuration file"),
    Member::required("group", Kind::Text, "What it is about"),
    Member::optional(
        "value",
        Kind::Text,
        "Its value; `set` for a secret. None if it has none",
    ),
    Member::required(
        "origin",
        Kind::Text,
        "Where it was set: a flag, a variable, a file with line and column; or default",
    ),
];

pub(crate) const SHOW: Call = Call {
    method: "get",
    path: "node",
    id: "getNode",
    summary: "The node: its build, its settings with the origin of each, storage, connections, and whether it is ready",
    parameters: &[],
    reads: &[],
    status: 200,
    answers: &[
        Member::required("version", Kind::Text, "Its version"),
        Member::required("build", Kind::Text, "How it was built: release, debug"),
        Member::required("platform", Kind::Text, "Operating system and processor"),
        Member::required(
            "command",
            Kind::Text,
            "The command that it runs under: dev, serve",
        ),
        Member::required("address", Kind::Text, "Address and port that it listens on"),
        Member::required("uptimeMs", Kind::Integer, "For how long it has run"),
        Member::required("ready", Kind::Boolean, "As /readyz answers"),
        Member::required(
            "reasons",
            Kind::Texts,
            "Why it is not ready, or what an operator should look at",
        ),
        Member::required("storage", Kind::Object(STORAGE), "Where the org is stored"),
        Member::required("commits", Kind::Object(COMMITS), "What the writer has done"),
        BOUNDS[0],
        BOUNDS[1],
        Member::required("connections", Kind::Object(CONNECTIONS), "By kind"),
        Member::required(
            "settings",
            Kind::List(SETTING),
            "All settings of the command, in the order of the documentation",
        ),
        Member::required(
            "maskedFields",
            Kind::Texts,
            "Fields whose values this interface does not show",
        ),
    ],
    refusals: &[],
};

pub(crate) async fn show(made: &Made<'_>) -> Result<String, Refusal> {
    let org = made.org()?;
    let free = org.engine.free_bytes().await;
    let free = free.map_err(|failure| failed(&failure))?;
    let report = org.node.report();
    let mut w = Writer::new();
    w.object(|w| {
        for (name, text) in [
            ("version", report.version),
            ("build", report.build),
            ("platform", report.platform.as_str()),
            ("command", report.command),
            ("address", report.address.as_str()),
        ] {
            w.name(name).string(text);
        }
        w.name("uptimeMs")
            .raw(&report.uptime.as_millis().to_string());
        w.name("ready").boolean(report.is_ready);
        w.name("reasons")
            .strings(report.reasons.iter().map(String::as_str));
        write_storage(w, &report, free);
        write_commits(w, &org);
        write_bounds(w, org.engine.log().bounds());
        write_connections(w, &report, &org.subscribers.list());
        write_settings(w, &report);
        w.name("maskedFields").strings(org.masked.names());
    });
    Ok(w.finish())
}

fn write_storage(w: &mut Writer, report: &NodeReport, free: Option<u64>) {
    let storage = &report.storage;
    w.name("storage").object(|w| {
        w.name("backEnd").string(storage.back_end);
        w.name("place").string(&storage.place);
        for (name, bytes) in [("fileBytes", storage.file_bytes), ("freeBytes", free)] {
            if let Some(bytes) = bytes {
                number(w, name, bytes);
            }
        }
        number(w, "reserveBytes", storage.reserve_bytes);
        number(w, "damaged", storage.damaged);
        number(w, "checks", storage.checks);
    });
}

fn write_commits(w: &mut Writer, org: &Org) {
    let counters = org.engine.writer_counters();
    let times = counters.times.read();
    w.name("commits").object(|w| {
        number(w, "count", times.commits);
        number(w, "commands", counters.commands.load(Ordering::Relaxed));
        number(w, "events", counters.events.load(Ordering::Relaxed));
        number(w, "medianUs", times.median_us);
        number(w, "p99Us", times.p99_us);
        number(w, "longestUs", times.longest_us);
    });
}

fn write_connections(
    w: &mut Writer,
    report: &NodeReport,
    subscribers: &[(Protocol, landfall_engine::Subscriber)],
) {
    let of = |protocol| {
        let all = subscribers.iter();
        all.filter(|(known, _)| *known == protocol).count()
    };
    let polls = subscribers
        .iter()
        .filter(|(_, subscriber)| matches!(subscriber.demand, SubscriberDemand::PollHeld))
        .count();
    let connections = &report.connections;
    w.name("connections").object(|w| {
        for (name, count) in [
            ("open", connections.open),
            ("max", connections.max),
            ("accepted", connections.accepted),
            ("delayed", connections.delayed),
            ("failed", connections.failed),
            ("sessions", whole(of(Protocol::Cometd))),
            ("heldPolls", whole(polls)),
            ("streams", whole(of(Protocol::Pubsub))),
            ("followers", whole(events::followers())),
        ] {
            number(w, name, count);
        }
    });
}

fn write_settings(w: &mut Writer, report: &NodeReport) {
    w.name("settings").array(|w| {
        for setting in report.settings.iter() {
            w.object(|w| {
                w.name("key").string(setting.key);
                w.name("group").string(setting.group);
                if let Some(value) = &setting.value {
                    w.name("value").string(value);
                }
                w.name("origin").string(&setting.origin);
            });
        }
    });
}

fn number(w: &mut Writer, name: &str, number: u64) {
    w.name(name).raw(&number.to_string());
}

fn whole(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
