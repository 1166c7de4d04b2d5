//! Bulk jobs over a change of the leader: data that one leader has received is processed by the next, and results can be
//! read at every node.

use std::{
    net::SocketAddr,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::Trial;
use crate::http::Connection;

/// More than two chunks of data in the database, and several transactions.
const RECORDS: usize = 1_000;
const JOBS: &str = "/services/data/v59.0/jobs";
const JOB_TIMEOUT: Duration = Duration::from_mins(2);
const POLL: Duration = Duration::from_millis(100);

impl Trial {
    /// Checks it.
    ///
    /// # Errors
    /// What is not as it should be.
    pub(super) fn check_jobs(&mut self) -> Result<()> {
        let first = self.leader()?;
        let at_first = self.nodes.get(first).context("a node")?.address;
        let job = json!({ "object": "Contact", "operation": "insert" });
        let job = self.created(at_first, "ingest", &job)?;
        let rows = (0..RECORDS).map(|number| format!("Contact {number},{}\n", "d".repeat(600)));
        let data = format!("LastName,Description\n{}", rows.collect::<String>());
        let path = format!("{JOBS}/ingest/{job}/batches");
        self.asked(at_first, ("PUT", &path), "text/csv", &data, 201)?;
        let query = json!({ "operation": "query", "query": "SELECT Name FROM Account" });
        let query = self.created(at_first, "query", &query)?;
        self.ended(at_first, &format!("query/{query}"))?;
        let found = self.results(at_first, &format!("query/{query}/results"))?;

        self.nodes.get_mut(first).context("a node")?.kill()?;
        let second = self.leader()?;
        ensure!(second != first, "the leader that was killed leads");
        let at_second = self.nodes.get(second).context("a node")?.address;
        let path = format!("{JOBS}/ingest/{job}");
        let closed = json!({ "state": "UploadComplete" }).to_string();
        self.asked(
            at_second,
            ("PATCH", &path),
            "application/json",
            &closed,
            200,
        )?;
        let ended = self.ended(at_second, &format!("ingest/{job}"))?;
        ensure!(
            ended["state"] == "JobComplete"
                && ended["numberRecordsProcessed"] == RECORDS
                && ended["numberRecordsFailed"] == 0,
            "the next leader has not processed the job: {ended}"
        );
        let node = self.nodes.get_mut(first).context("a node")?;
        node.start()?;
        node.ready()?;
        for node in &self.nodes {
            let results = format!("ingest/{job}/successfulResults");
            let lines = self.results(node.address, &results)?.lines().count();
            ensure!(lines == RECORDS + 1, "{lines} lines of results");
            let again = self.results(node.address, &format!("query/{query}/results"))?;
            ensure!(again == found, "a node has another result of the query");
        }
        Ok(())
    }

    fn asked(
        &self,
        node: SocketAddr,
        (method, path): (&str, &str),
        content_type: &str,
        body: &str,
        expected: u16,
    ) -> Result<String> {
        let mut connection = Connection::open(node)?;
        connection.authorization = Some(format!("Bearer {}", self.token));
        let answer = connection.send(method, path, content_type, body)?;
        ensure!(
            answer.status == expected,
            "{method} {path}: {} {}",
            answer.status,
            answer.body
        );
        Ok(answer.body)
    }

    fn created(&self, node: SocketAddr, kind: &str, job: &Value) -> Result<String> {
        let path = format!("{JOBS}/{kind}");
        let body = job.to_string();
        let answer = self.asked(node, ("POST", &path), "application/json", &body, 200)?;
        let answer: Value = serde_json::from_str(&answer)?;
        let id = answer["id"].as_str().context("a job without an id")?;
        Ok(id.to_owned())
    }

    /// The job once it has ended.
    fn ended(&self, node: SocketAddr, job: &str) -> Result<Value> {
        let began = Instant::now();
        let path = format!("{JOBS}/{job}");
        while began.elapsed() < JOB_TIMEOUT {
            let answer = self.asked(node, ("GET", &path), "application/json", "", 200)?;
            let answer: Value = serde_json::from_str(&answer)?;
            let state = answer["state"].as_str().unwrap_or_default();
            if ["JobComplete", "Failed", "Aborted"].contains(&state) {
                return Ok(answer);
            }
            thread::sleep(POLL);
        }
        bail!("the job {job} does not end")
    }

    fn results(&self, node: SocketAddr, path: &str) -> Result<String> {
        let path = format!("{JOBS}/{path}");
        self.asked(node, ("GET", &path), "text/csv", "", 200)
    }
}
