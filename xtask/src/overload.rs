//! A server under more than it can take: what it answers is counted, and its memory measured.
//!
//! The load is bounded and stays on the loopback interface. Nothing here depends on how fast the machine is.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::{
    http::{Connection, Response},
    org::login,
    report::Report,
    server::Server,
    workspace::target,
};

const MEBIBYTE: u64 = 1024 * 1024;
/// Clients that are not logged in.
const STRANGERS: usize = 150;
/// What the strangers may cost together.
const STRANGERS_BYTES_MAX: u64 = 96 * MEBIBYTE;
/// What a request of many queries may cost: its answer is rendered, put together and sent.
const BATCH_BYTES_MAX: u64 = 400 * MEBIBYTE;
/// Connections that ask and do not read.
const UNREAD: usize = 120;
/// What answers that nobody reads may cost.
const UNREAD_BYTES_MAX: u64 = 700 * MEBIBYTE;
/// Large records, and the size of their text.
const RECORDS: usize = 150;
const TEXT_BYTES: usize = 30_000;
const QUERIES: usize = 8;
const READS: usize = 50;
const ANSWER_TIMEOUT: Duration = Duration::from_mins(3);

const QUERY: &str = "/services/data/v59.0/query?q=SELECT+Name,Description+FROM+Account";
/// A query that compares much and finds nothing.
const HEAVY: &str = "/services/data/v59.0/query?q=SELECT+COUNT()+FROM+Account+WHERE";

/// A server and what it is measured by.
struct Target {
    server: Server,
    token: String,
}

/// One check: its name, and what it measures.
type Check = (&'static str, fn(&Target) -> Result<String>);

const CHECKS: &[Check] = &[
    ("strangers whose requests do not end", slow_strangers),
    ("strangers with large requests", large_strangers),
    ("short reads beside queries", reads_beside_queries),
    ("a batch of queries with large records", large_batch),
    ("answers that nobody reads", unread_answers),
];

/// Runs every check against one server.
///
/// # Errors
/// When the server cannot be started or filled.
pub(crate) fn run(report: &mut Report) -> Result<()> {
    if !cfg!(target_os = "linux") {
        report.skipped(
            "overload",
            "memory is read from /proc, which only Linux has",
        );
        return Ok(());
    }
    let folder = target("overload");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder)?;
    let server = Server::start(&folder.join("data"), &folder.join("server.log"), |_| ())?;
    let token = login(server.address)?;
    let target = Target { server, token };
    target.fill()?;
    for (name, check) in CHECKS {
        match check(&target) {
            Ok(measured) => report.passed(&format!("{name}: {measured}")),
            Err(error) => report.failed(name, &format!("{error:#}")),
        }
    }
    target.server.stop()?;
    Ok(())
}

impl Target {
    const fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// The memory that the server has now.
    fn memory(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.server.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().next());
        Ok(kib.context("no VmRSS")?.parse::<u64>()? * 1024)
    }

    /// How much the server has more than before, which may not be more than `most`.
    fn grown(&self, before: u64, most: u64) -> Result<String> {
        let grown = self.memory()?.saturating_sub(before);
        let (grown_mib, most_mib) = (grown / MEBIBYTE, most / MEBIBYTE);
        ensure!(
            grown <= most,
            "{grown_mib} MiB more, {most_mib} are allowed"
        );
        Ok(format!(
            "{grown_mib} MiB more of {most_mib} that are allowed"
        ))
    }

    fn connection(&self) -> Result<Connection> {
        let mut connection = Connection::open(self.address())?;
        connection.authorization = Some(format!("Bearer {}", self.token));
        Ok(connection)
    }

    fn get(&self, path: &str) -> Result<Response> {
        Ok(self.connection()?.get(path)?)
    }

    fn fill(&self) -> Result<()> {
        let record = json!({
            "attributes": { "type": "Account" },
            "Name": "Large",
            "Description": "d".repeat(TEXT_BYTES),
        });
        let body = json!({ "allOrNone": true, "records": vec![record; RECORDS] }).to_string();
        let path = "/services/data/v59.0/composite/sobjects";
        let made = self
            .connection()?
            .send("POST", path, "application/json", &body)?;
        ensure!(made.status == 200, "filling: {}", made.status);
        Ok(())
    }

    /// Sends the beginning of a request and leaves the rest out.
    fn begin(&self, head: &str, body: &str) -> Result<TcpStream> {
        let mut stream = TcpStream::connect(self.address())?;
        stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
        stream.set_write_timeout(Some(ANSWER_TIMEOUT))?;
        stream.write_all(format!("{head} HTTP/1.1\r\nHost: localhost\r\n").as_bytes())?;
        stream.write_all(b"SOAPAction: \"\"\r\nContent-Length: 6000000\r\n\r\n")?;
        stream.write_all(body.as_bytes())?;
        Ok(stream)
    }

    /// Calls the Metadata API, which admits few requests at a time.
    fn describe_metadata(&self) -> Result<Response> {
        let envelope = format!(
            "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Header><SessionHeader><sessionId>{}\
             </sessionId></SessionHeader></e:Header><e:Body><describeMetadata/></e:Body></e:Envelope>",
            self.token
        );
        let mut connection = Connection::open(self.address())?;
        Ok(connection.send_soap("/services/Soap/m/59.0", &envelope)?)
    }
}

fn opening() -> String {
    "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body><create><x>"
        .to_owned()
}

fn slow_strangers(target: &Target) -> Result<String> {
    let before = target.memory()?;
    let body = opening() + &"x".repeat(60 * 1024);
    let mut held = Vec::new();
    for number in 0..STRANGERS {
        let api = if number % 2 == 0 { 'u' } else { 'm' };
        held.push(target.begin(&format!("POST /services/Soap/{api}/59.0"), &body)?);
    }
    let answer = target.describe_metadata()?;
    ensure!(answer.status == 200, "{}: {}", answer.status, answer.body);
    let grown = target.grown(before, STRANGERS_BYTES_MAX)?;
    Ok(format!(
        "{} held, the Metadata API answers; {grown}",
        held.len()
    ))
}

fn large_strangers(target: &Target) -> Result<String> {
    let before = target.memory()?;
    let body = opening() + &"x".repeat(512 * 1024);
    let (mut answered, mut held) = (0, Vec::new());
    for _ in 0..STRANGERS {
        let mut stream = target.begin("POST /services/Soap/u/59.0", &body)?;
        let mut begin = [0; 12];
        stream.read_exact(&mut begin)?;
        ensure!(
            begin.ends_with(b"500"),
            "{:?}",
            String::from_utf8_lossy(&begin)
        );
        answered += 1;
        held.push(stream);
    }
    let grown = target.grown(before, STRANGERS_BYTES_MAX)?;
    Ok(format!("{answered} of {} refused; {grown}", held.len()))
}

fn reads_beside_queries(target: &Target) -> Result<String> {
    let first: Value = serde_json::from_str(&target.get(&format!("{QUERY}+LIMIT+1"))?.body)?;
    let record = first["records"][0]["attributes"]["url"].as_str();
    let record = record.context("no record")?;
    // Leading wildcards: every text is looked through.
    let conditions: Vec<String> = (0..40)
        .map(|number| format!("Name+LIKE+'%25x{number}%25y%25'"))
        .collect();
    let heavy = format!("{HEAVY}+{}", conditions.join("+OR+"));
    thread::scope(|scope| {
        let queries: Vec<_> = (0..QUERIES)
            .map(|_| scope.spawn(|| target.get(&heavy)))
            .collect();
        for number in 0..READS {
            let read = target.get(record)?;
            ensure!(read.status == 200, "read {number}: {}", read.body);
        }
        for query in queries {
            let query = query.join().map_err(|_| anyhow::anyhow!("a panic"))??;
            ensure!(query.status == 200, "{}", query.body);
        }
        Ok(format!("{READS} reads and {QUERIES} queries answered"))
    })
}

fn large_batch(target: &Target) -> Result<String> {
    let before = target.memory()?;
    let url = QUERY.trim_start_matches("/services/data/");
    let parts = vec![json!({ "method": "GET", "url": url }); 25];
    let body = json!({ "batchRequests": parts }).to_string();
    let path = "/services/data/v59.0/composite/batch";
    let answer = target
        .connection()?
        .send("POST", path, "application/json", &body)?;
    let size = answer.body.len() / 1024 / 1024;
    ensure!(size <= 64, "an answer of {size} MiB");
    let answer: Value = serde_json::from_str(&answer.body)?;
    let results = answer["results"].as_array().context("no results")?;
    let pages = results
        .iter()
        .filter(|part| part["result"]["nextRecordsUrl"].is_string())
        .count();
    ensure!(pages > 0, "no query has a further page");
    let grown = target.grown(before, BATCH_BYTES_MAX)?;
    Ok(format!(
        "an answer of {size} MiB, {pages} of 25 queries have further pages; {grown}"
    ))
}

fn unread_answers(target: &Target) -> Result<String> {
    let before = target.memory()?;
    let mut held = Vec::new();
    for _ in 0..UNREAD {
        let mut stream = TcpStream::connect(target.address())?;
        stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
        let head = format!(
            "GET {QUERY} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\r\n",
            target.token
        );
        stream.write_all(head.as_bytes())?;
        held.push(stream);
    }
    let mut refused = 0;
    for stream in &mut held {
        let mut begin = [0; 12];
        stream.read_exact(&mut begin)?;
        refused += u32::from(begin.ends_with(b"503"));
    }
    let other = target.get("/services/data/v59.0/sobjects/Account")?;
    ensure!(other.status == 200, "{}", other.body);
    let grown = target.grown(before, UNREAD_BYTES_MAX)?;
    let asked = held.len();
    Ok(format!(
        "{asked} answers unread, {refused} of them refused; {grown}"
    ))
}
