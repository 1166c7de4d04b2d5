//! Orgs in the hands of tests, measured: a reset of many records, many orgs at once, opening and closing them under load,
//! and a snapshot that is saved while clients write.
//!
//! The load is bounded and stays on the loopback interface. What is fast enough depends on the machine: times are printed,
//! and only what does not depend on it fails the run, which is what leaks, what differs, and what is refused.

use std::{
    net::SocketAddr,
    path::Path,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::{http::Connection, org::login, report::Report, server::Server, workspace::target};

const CONTROL: &str = "/_landfall/v1";
const ACCOUNTS: &str = "/services/data/v59.0/composite/sobjects";
const JSON: &str = "application/json";

/// Records of one request.
const RECORDS_AT_ONCE: usize = 200;
/// Records that a reset takes back, and how often.
const RESET_RECORDS: usize = 10_000;
const RESETS: usize = 11;
/// Orgs that are open at once.
const ORGS: usize = 100;
/// Clients that open, use, reset and close orgs.
const CLIENTS: usize = 4;
/// What a process may have more after the load than after its first tenth: allocators keep some.
const GROWN_BYTES_MAX: u64 = 32 * 1024 * 1024;
const GROWN_FILES_MAX: usize = 16;

/// How much is done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    /// How long orgs are opened and closed.
    pub(crate) seconds: u64,
    /// Events and records of the snapshot.
    events: usize,
    records: usize,
}

impl Size {
    /// In a minute, as a check that it works.
    pub(crate) const QUICK: Self = Self {
        seconds: 20,
        events: 20_000,
        records: 2_000,
    };
    /// What the numbers in `docs/benchmarks.md` are from.
    pub(crate) const FULL: Self = Self {
        seconds: 600,
        events: 1_000_000,
        records: 100_000,
    };
}

/// One check: its name, and what it measures.
type Check = (&'static str, fn(&Target, Size) -> Result<String>);

/// Each has a server of its own.
const CHECKS: &[Check] = &[
    ("reset", resets),
    ("open orgs", open_orgs),
    ("orgs under load", orgs_under_load),
    ("snapshot while clients write", snapshot_under_load),
];

/// Measures a server.
///
/// # Errors
/// When it cannot be started.
pub(crate) fn run(report: &mut Report, size: Size) -> Result<()> {
    if !cfg!(target_os = "linux") {
        report.skipped("orgs", "memory is read from /proc, which only Linux has");
        return Ok(());
    }
    let folder = target("orgs");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder)?;
    for (place, (name, check)) in CHECKS.iter().enumerate() {
        let data = folder.join(format!("data-{place}"));
        let server = Server::start(&data, &folder.join("server.log"), |command| {
            // So that what closed orgs leave behind is counted.
            command.env("TMPDIR", &folder);
        })?;
        let target = Target {
            token: login(server.address)?,
            server,
        };
        match check(&target, size) {
            Ok(measured) => report.passed(&format!("{name}: {measured}")),
            Err(error) => report.failed(name, &format!("{error:#}")),
        }
        target.server.stop()?;
    }
    Ok(())
}

struct Target {
    server: Server,
    token: String,
}

impl Target {
    const fn address(&self) -> SocketAddr {
        self.server.address
    }

    fn client(&self) -> Result<Client> {
        Client::new(self.address(), &self.token)
    }

    /// The memory that the server has now.
    fn memory(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.server.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().next());
        Ok(kib.context("no VmRSS")?.parse::<u64>()? * 1024)
    }

    /// Files that it has open, its threads, and the folders of orgs.
    fn things(&self) -> Result<[usize; 3]> {
        let process = format!("/proc/{}", self.server.id());
        let count = |path: &Path| -> Result<usize> { Ok(std::fs::read_dir(path)?.count()) };
        Ok([
            count(Path::new(&format!("{process}/fd")))?,
            count(Path::new(&format!("{process}/task")))?,
            count(&target("orgs"))?,
        ])
    }
}

/// A connection to one org.
struct Client(Connection);

impl Client {
    fn new(address: SocketAddr, token: &str) -> Result<Self> {
        let mut connection = Connection::open(address)?;
        connection.authorization = Some(format!("Bearer {token}"));
        Ok(Self(connection))
    }

    /// A call that succeeds.
    fn call(&mut self, method: &str, path: &str, body: &Value) -> Result<Value> {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let answer = self.0.send(method, path, JSON, &body)?;
        let (status, text) = (answer.status, &answer.body);
        ensure!(
            (200..300).contains(&status),
            "{method} {path}: {status} {text}"
        );
        Ok(serde_json::from_str(text).unwrap_or(Value::Null))
    }

    fn control(&mut self, method: &str, path: &str, body: &Value) -> Result<Value> {
        self.call(method, &format!("{CONTROL}/{path}"), body)
    }

    /// Creates accounts in one request; their ids.
    fn create(&mut self, count: usize) -> Result<Vec<String>> {
        let record = json!({ "attributes": { "type": "Account" }, "Name": "Measured" });
        let body = json!({ "allOrNone": true, "records": vec![record; count] });
        let made = self.call("POST", ACCOUNTS, &body)?;
        let ids = made.as_array().context("a list")?.iter();
        ids.map(|one| Ok(one["id"].as_str().context("an id")?.to_owned()))
            .collect()
    }

    fn create_all(&mut self, count: usize) -> Result<Vec<String>> {
        let mut ids = Vec::with_capacity(count);
        while ids.len() < count {
            ids.extend(self.create(RECORDS_AT_ONCE.min(count - ids.len()))?);
        }
        Ok(ids)
    }

    /// Changes records in one request: an event for each.
    fn update(&mut self, ids: &[String], name: &str) -> Result<()> {
        let records = ids.iter().map(|id| {
            json!({ "attributes": { "type": "Account" }, "id": id, "Name": name, "Description": name })
        });
        let body = json!({ "allOrNone": true, "records": records.collect::<Vec<_>>() });
        self.call("PATCH", ACCOUNTS, &body)?;
        Ok(())
    }

    fn accounts(&mut self) -> Result<i64> {
        let query = "/services/data/v59.0/query?q=SELECT+COUNT()+FROM+Account";
        let counted = self.call("GET", query, &Value::Null)?;
        counted["totalSize"].as_i64().context("a count")
    }
}

/// Milliseconds of the slowest, and of the one in the middle.
fn summary(mut times: Vec<Duration>) -> String {
    times.sort();
    let millis = |time: Option<&Duration>| time.map_or(0.0, |time| time.as_secs_f64() * 1000.0);
    let (middle, last) = (times.get(times.len() / 2), times.last());
    format!(
        "median {:.1} ms, at most {:.1} ms",
        millis(middle),
        millis(last)
    )
}

fn timed<T>(times: &mut Vec<Duration>, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let begin = Instant::now();
    let done = work()?;
    times.push(begin.elapsed());
    Ok(done)
}

/// How long a reset takes: of records that a test has created, and of some changes among records of a snapshot.
fn resets(target: &Target, _: Size) -> Result<String> {
    let mut client = target.client()?;
    let (mut created, mut changed) = (Vec::new(), Vec::new());
    for _ in 0..RESETS {
        client.create_all(RESET_RECORDS)?;
        timed(&mut created, || {
            client.control("POST", "reset", &Value::Null)
        })?;
        ensure!(client.accounts()? == 0, "records are left");
    }
    let ids = client.create_all(RESET_RECORDS)?;
    client.control("PUT", "snapshots/filled", &Value::Null)?;
    let some = ids.get(..RECORDS_AT_ONCE).context("there are enough")?;
    for _ in 0..RESETS {
        client.update(some, "Changed")?;
        timed(&mut changed, || {
            client.control("POST", "snapshots/filled", &Value::Null)
        })?;
    }
    let left = client.control("GET", "snapshots/filled/difference", &Value::Null)?;
    ensure!(left["objects"] == json!([]), "something differs: {left}");
    Ok(format!(
        "{RESET_RECORDS} created records: {}; to a snapshot of {RESET_RECORDS} records, {RECORDS_AT_ONCE} of them changed: {}",
        summary(created),
        summary(changed)
    ))
}

/// How long orgs take to open, and what memory each takes.
fn open_orgs(target: &Target, _: Size) -> Result<String> {
    let mut client = target.client()?;
    let before = target.memory()?;
    let mut times = Vec::new();
    let mut orgs = Vec::new();
    for _ in 0..ORGS {
        let org = timed(&mut times, || client.control("POST", "orgs", &Value::Null))?;
        orgs.push(org);
    }
    let opened = target.memory()?;
    // Each has its own records.
    for (place, org) in orgs.iter().enumerate() {
        let token = org["accessToken"].as_str().context("a token")?;
        let mut own = Client::new(target.address(), token)?;
        own.create(1 + place % 3)?;
    }
    let used = target.memory()?;
    for (place, org) in orgs.iter().enumerate() {
        let token = org["accessToken"].as_str().context("a token")?;
        let mut own = Client::new(target.address(), token)?;
        let expected = i64::try_from(1 + place % 3)?;
        ensure!(own.accounts()? == expected, "an org sees another one");
    }
    let each = |after: u64| after.saturating_sub(before) / 1024 / u64::try_from(ORGS).unwrap_or(1);
    Ok(format!(
        "{ORGS} orgs: {}; {} KiB of memory each, {} KiB after a write",
        summary(times),
        each(opened),
        each(used)
    ))
}

/// Opens, uses, resets and closes orgs until the time is over; what the process has must not grow.
fn orgs_under_load(target: &Target, size: Size) -> Result<String> {
    let end = Instant::now() + Duration::from_secs(size.seconds);
    let first = Instant::now() + Duration::from_secs(size.seconds) / 10;
    let rounds = AtomicU64::new(0);
    let client = |until: Instant| -> Result<()> {
        let mut first = Connection::open(target.address()).map(Client)?;
        while Instant::now() < until {
            let org = first.control("POST", "orgs", &Value::Null)?;
            let text = |name: &str| org[name].as_str().context("a text").map(str::to_owned);
            let mut own = Client::new(target.address(), &text("accessToken")?)?;
            own.control("POST", "faults", &json!({ "fault": "gap", "every": 1 }))?;
            own.create(RECORDS_AT_ONCE)?;
            own.control("PUT", "snapshots/one", &Value::Null)?;
            own.control("POST", "clock/advance", &json!({ "by": "1h" }))?;
            own.control("POST", "reset", &Value::Null)?;
            ensure!(own.accounts()? == 0, "records are left after a reset");
            drop(own);
            first.control("DELETE", &format!("orgs/{}", text("id")?), &Value::Null)?;
            rounds.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    };
    let all = |until: Instant| -> Result<()> {
        thread::scope(|scope| {
            let clients: Vec<_> = (0..CLIENTS)
                .map(|_| scope.spawn(|| client(until)))
                .collect();
            clients.into_iter().try_for_each(|client| {
                let ended = client.join();
                ended.unwrap_or_else(|_| bail!("a client has panicked"))
            })
        })
    };
    all(first)?;
    let (memory, things) = (target.memory()?, target.things()?);
    all(end)?;
    let (memory_after, things_after) = (target.memory()?, target.things()?);
    let grown = memory_after.saturating_sub(memory);
    let mebibytes = grown / 1024 / 1024;
    ensure!(grown <= GROWN_BYTES_MAX, "{mebibytes} MiB more memory");
    for (what, (before, after)) in ["files", "threads", "folders"]
        .iter()
        .zip(things.iter().zip(things_after))
    {
        ensure!(
            after <= before + GROWN_FILES_MAX,
            "{what}: {before} before, {after} after"
        );
    }
    Ok(format!(
        "{} orgs by {CLIENTS} clients in {} s; {mebibytes} MiB of memory more than after the first tenth",
        rounds.into_inner(),
        size.seconds
    ))
}

/// Saves a snapshot while clients write, returns to it, and compares.
fn snapshot_under_load(target: &Target, size: Size) -> Result<String> {
    let mut client = target.client()?;
    let ids = client.create_all(size.records)?;
    let mut events = ids.len();
    while events < size.events {
        for some in ids.chunks(RECORDS_AT_ONCE) {
            client.update(some, &format!("Name {events}"))?;
            events += some.len();
            if events >= size.events {
                break;
            }
        }
    }
    let is_over = AtomicBool::new(false);
    let written = AtomicU64::new(0);
    let (mut saving, mut loading) = (Vec::new(), Vec::new());
    let saved = thread::scope(|scope| -> Result<Value> {
        let writer = scope.spawn(|| -> Result<()> {
            let mut client = target.client()?;
            while !is_over.load(Ordering::Relaxed) {
                client.create(1)?;
                written.fetch_add(1, Ordering::Relaxed);
            }
            Ok(())
        });
        let saved = timed(&mut saving, || {
            client.control("PUT", "snapshots/large", &Value::Null)
        });
        is_over.store(true, Ordering::Relaxed);
        let wrote = writer.join();
        wrote.unwrap_or_else(|_| bail!("the writer has panicked"))?;
        saved
    })?;
    let written = written.into_inner();
    ensure!(written > 0, "nothing was written meanwhile");
    timed(&mut loading, || {
        client.control("POST", "snapshots/large", &Value::Null)
    })?;
    let left = client.control("GET", "snapshots/large/difference", &Value::Null)?;
    ensure!(left["objects"] == json!([]), "records differ: {left}");
    for events in ["eventsAdded", "eventsRemoved"] {
        ensure!(left[events]["count"] == json!(0), "events differ: {left}");
    }
    let accounts = saved["records"][0]["count"].as_i64().context("a count")?;
    ensure!(client.accounts()? == accounts, "not all records are there");
    Ok(format!(
        "{} events and {accounts} records: saved in {}, {written} writes meanwhile; loaded in {}; equal",
        saved["events"],
        summary(saving),
        summary(loading)
    ))
}
