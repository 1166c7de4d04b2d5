//! Bulk jobs: how many records a second are loaded and found, and how much memory the server needs for it.

use std::time::Duration;

use serde_json::Value;

use super::Bench;
use super::http::Connection;
use super::org::Org;
use super::process::{Sample, Used, peak_kib};
use super::report::{Counted, Row};
use super::server::ServerProcess;
use crate::outcome::Failure;

const JOBS: &str = "/services/data/v60.0/jobs";

/// How often a job is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

pub(super) async fn run(bench: &mut Bench) -> Result<(), Failure> {
    let folder = bench.folder()?;
    let server = ServerProcess::start(folder.path()).await?;
    let org = server.org().await?;
    let mut jobs = Jobs {
        connection: Connection::open(org.address).await?,
        org,
    };
    for row in jobs.load(bench).await? {
        bench.print(&row)?;
    }
    for row in jobs.find(bench).await? {
        bench.print(&row)?;
    }
    server.stop().await
}

/// The jobs of an org.
struct Jobs {
    connection: Connection,
    org: Org,
}

impl Jobs {
    /// Has records made from CSV.
    async fn load(&mut self, bench: &Bench) -> Result<[Row; 2], Failure> {
        let records = bench.records;
        bench.quiet(self.org.pid).await;
        let definition = r#"{"object":"Account","operation":"insert","lineEnding":"LF"}"#;
        let job = self.make("ingest", definition).await?;
        let data = data(records);
        let path = format!("{JOBS}/ingest/{job}/batches");
        let upload = self.org.request_of("PUT", &path, "text/csv", &data);
        drop(data);
        let started = Sample::now(self.org.pid);
        self.connection.succeed(&upload).await?;
        let uploaded = started.until(Sample::now(self.org.pid));
        drop(upload);
        let path = format!("{JOBS}/ingest/{job}");
        let close = self
            .org
            .request("PATCH", &path, r#"{"state":"UploadComplete"}"#);
        let started = Sample::now(self.org.pid);
        self.connection.succeed(&close).await?;
        let ended = self.ended(&path).await?;
        let used = started.until(Sample::now(self.org.pid));
        let number = |name: &str| ended.get(name).and_then(Value::as_u64).unwrap_or(0);
        let made = number("numberRecordsProcessed").saturating_sub(number("numberRecordsFailed"));
        Ok([
            Row::new("bulk", "upload").measure("per_s", uploaded.per_second(records)),
            self.row("load", &used, records, made),
        ])
    }

    /// Has them found, and reads what was found.
    async fn find(&mut self, bench: &Bench) -> Result<[Row; 2], Failure> {
        let records = bench.records;
        bench.quiet(self.org.pid).await;
        let definition =
            r#"{"operation":"query","query":"SELECT Id, Name, Description FROM Account"}"#;
        let started = Sample::now(self.org.pid);
        let job = self.make("query", definition).await?;
        let path = format!("{JOBS}/query/{job}");
        let ended = self.ended(&path).await?;
        let used = started.until(Sample::now(self.org.pid));
        let found = ended.get("numberRecordsProcessed").and_then(Value::as_u64);
        let found = self.row("find", &used, records, found.unwrap_or(0));
        let started = Sample::now(self.org.pid);
        let read = self.read(&path, records).await?;
        let used = started.until(Sample::now(self.org.pid));
        Ok([found, self.row("read results", &used, records, read)])
    }

    /// Counts the records of all pages.
    async fn read(&mut self, job: &str, records: u64) -> Result<u64, Failure> {
        let mut read = 0;
        let mut pages = format!("{job}/resultPages");
        loop {
            let ask = self.org.request("GET", &pages, "");
            let listed: Value = parse(self.connection.succeed(&ask).await?)?;
            for page in listed
                .get("resultPages")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
            {
                let url = page
                    .get("resultUrl")
                    .and_then(Value::as_str)
                    .unwrap_or_default();
                let ask = self.org.request("GET", url, "");
                let body = self.connection.succeed(&ask).await?;
                let lines = memchr::memchr_iter(b'\n', body).count();
                read += u64::try_from(lines).unwrap_or(0).saturating_sub(1);
            }
            match listed.get("nextRecordsUrl").and_then(Value::as_str) {
                Some(next) if read <= records => next.clone_into(&mut pages),
                _ => return Ok(read),
            }
        }
    }

    /// Makes a job; says its id.
    async fn make(&mut self, kind: &str, definition: &str) -> Result<String, Failure> {
        let path = format!("{JOBS}/{kind}");
        let ask = self.org.request("POST", &path, definition);
        let made: Value = parse(self.connection.succeed(&ask).await?)?;
        let id = made.get("id").and_then(Value::as_str);
        id.map(str::to_owned)
            .ok_or_else(|| Failure::new("a bulk job has no id"))
    }

    /// Waits for the end of a job.
    async fn ended(&mut self, path: &str) -> Result<Value, Failure> {
        let ask = self.org.request("GET", path, "");
        loop {
            let job: Value = parse(self.connection.succeed(&ask).await?)?;
            match job.get("state").and_then(Value::as_str) {
                Some("JobComplete") => return Ok(job),
                Some("UploadComplete" | "InProgress") => tokio::time::sleep(LOOK_EVERY).await,
                _ => return Err(Failure::new(format!("a bulk job failed: {job}"))),
            }
        }
    }

    fn row(&self, case: &str, used: &Used, expected: u64, done: u64) -> Row {
        let peak = self.org.pid.and_then(peak_kib);
        Row::new("bulk", case)
            .measure("per_s", used.per_second(done))
            .maybe("cpu_s_per_million", used.per_million(done))
            .maybe("peak_mib", peak.map(|kib| kib / 1024.0))
            .maybe("client_cores", used.own_cores)
            .maybe("other_cores", used.other_cores)
            .counted(Counted::new(expected, done, 0))
    }
}

/// Lines of names and texts, of about 60 bytes each.
fn data(records: u64) -> String {
    use std::fmt::Write as _;

    let mut data = String::from("Name,Description\n");
    for number in 0..records {
        let _ = writeln!(
            data,
            "Bench {number},Lorem ipsum dolor sit amet consectetur elit"
        );
    }
    data
}

fn parse(answer: &[u8]) -> Result<Value, Failure> {
    serde_json::from_slice(answer)
        .map_err(|error| Failure::new("the status of a bulk job is not JSON").caused_by(&error))
}
