//! The org that is measured: where it is, who asks, and the requests, ready to be sent.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use landfall_server::config::{DEVELOPER_CLIENT, DEVELOPER_PASSWORD, DEVELOPER_USERNAME};
use serde_json::Value;

use super::http::Connection;
use crate::outcome::{Exit, Failure};

/// The API version that is spoken.
pub(super) const VERSION: &str = "59.0";

/// The topic that is measured.
pub(super) const TOPIC: &str = "/data/AccountChangeEvent";

/// Bytes of text in each record.
const TEXT_BYTES: usize = 200;

/// Records of one request that creates many. Source: "sObject Collections" (REST API Developer Guide).
pub(super) const LIST_RECORDS: usize = 200;

/// An org, logged in to.
pub(super) struct Org {
    pub(super) address: SocketAddr,
    /// The server's process, if it is on this machine and known.
    pub(super) pid: Option<u32>,
    token: String,
    text: String,
    started: Instant,
    /// Events that were acknowledged since the org was opened here.
    pub(super) acknowledged: AtomicU64,
}

/// What the writer has done. Source: `GET /metrics` of the server.
#[derive(Clone, Copy, Default)]
pub(super) struct WriterCounts {
    pub(super) groups: u64,
    pub(super) commands: u64,
    pub(super) events: u64,
}

impl Org {
    pub(super) async fn log_in(address: SocketAddr, pid: Option<u32>) -> Result<Self, Failure> {
        let form = format!(
            "grant_type=password&client_id={DEVELOPER_CLIENT}&client_secret={DEVELOPER_CLIENT}&username={}&password={DEVELOPER_PASSWORD}",
            DEVELOPER_USERNAME.replace('@', "%40")
        );
        let request = format!(
            "POST /services/oauth2/token HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            form.len()
        );
        let mut connection = Connection::open(address).await?;
        let refused = |failure: Failure| {
            failure
                .hint("the target must be a developer org (`landfall dev`)")
                .exit(Exit::LoginRefused)
        };
        let answer = connection
            .succeed(request.as_bytes())
            .await
            .map_err(refused)?;
        Ok(Self {
            address,
            pid,
            token: text_member(answer, "access_token")
                .ok_or_else(|| Failure::new("the login response has no token"))?,
            text: "Lorem ipsum dolor sit amet. "
                .chars()
                .cycle()
                .take(TEXT_BYTES)
                .collect(),
            started: Instant::now(),
            acknowledged: AtomicU64::new(0),
        })
    }

    pub(super) fn token(&self) -> &str {
        &self.token
    }

    /// Time since the org was opened here. Unit: microseconds.
    pub(super) fn now_us(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// A request with the token.
    pub(super) fn request(&self, method: &str, path: &str, body: &str) -> Vec<u8> {
        self.request_of(method, path, "application/json", body)
    }

    /// The same with a body of another kind.
    pub(super) fn request_of(&self, method: &str, path: &str, kind: &str, body: &str) -> Vec<u8> {
        format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            self.token,
            body.len()
        )
        .into_bytes()
    }

    /// A request to the Streaming API.
    pub(super) fn streaming(&self, body: &str) -> Vec<u8> {
        self.request("POST", &format!("/cometd/{VERSION}"), body)
    }

    /// Creates an Account whose name carries a time. The text makes the event as long as a typical one.
    pub(super) async fn create(
        &self,
        connection: &mut Connection,
        sent_us: u64,
    ) -> Result<(), Failure> {
        let request = self.request(
            "POST",
            &format!("/services/data/v{VERSION}/sobjects/Account"),
            &self.record(sent_us),
        );
        connection.succeed(&request).await?;
        self.acknowledged.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Creates as many Accounts as one request may.
    pub(super) async fn create_many(
        &self,
        connection: &mut Connection,
        sent_us: u64,
    ) -> Result<(), Failure> {
        let record = self.record(sent_us);
        let fields = record.trim_start_matches('{');
        let record = format!(r#"{{"attributes":{{"type":"Account"}},{fields}"#);
        let records = vec![record.as_str(); LIST_RECORDS].join(",");
        let request = self.request(
            "POST",
            &format!("/services/data/v{VERSION}/composite/sobjects"),
            &format!(r#"{{"allOrNone":true,"records":[{records}]}}"#),
        );
        connection.succeed(&request).await?;
        let count = u64::try_from(LIST_RECORDS).unwrap_or_default();
        self.acknowledged.fetch_add(count, Ordering::Relaxed);
        Ok(())
    }

    /// Creates an Account and says its id.
    pub(super) async fn create_named(
        &self,
        connection: &mut Connection,
    ) -> Result<String, Failure> {
        self.create(connection, 0).await?;
        text_member(connection.body(), "id")
            .ok_or_else(|| Failure::new("the response to a create has no id"))
    }

    /// Changes the name of an Account.
    pub(super) async fn update(
        &self,
        connection: &mut Connection,
        id: &str,
        sent_us: u64,
    ) -> Result<(), Failure> {
        let request = self.request(
            "PATCH",
            &format!("/services/data/v{VERSION}/sobjects/Account/{id}"),
            &format!(r#"{{"Name":"~T{sent_us:016x}"}}"#),
        );
        connection.succeed(&request).await?;
        self.acknowledged.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn record(&self, sent_us: u64) -> String {
        format!(
            r#"{{"Name":"~T{sent_us:016x}","Description":"{}"}}"#,
            self.text
        )
    }

    /// What the writer has done so far; nothing if the server does not tell.
    pub(super) async fn writer_counts(
        &self,
        connection: &mut Connection,
    ) -> Result<Option<WriterCounts>, Failure> {
        let request = self.request("GET", "/metrics", "");
        if connection.call(&request).await? != 200 {
            return Ok(None);
        }
        let text = String::from_utf8_lossy(connection.body());
        let counter = |name: &str| {
            text.lines().find_map(|line| {
                let (key, value) = line.split_once(' ')?;
                (key == name).then(|| value.parse().ok()).flatten()
            })
        };
        Ok(counter("landfall_writer_groups_total")
            .zip(counter("landfall_writer_commands_total"))
            .zip(counter("landfall_writer_events_total"))
            .map(|((groups, commands), events)| WriterCounts {
                groups,
                commands,
                events,
            }))
    }
}

/// A member of a JSON object, or of the first object of an array.
pub(super) fn text_member(json: &[u8], name: &str) -> Option<String> {
    let value: Value = serde_json::from_slice(json).ok()?;
    let object = value.get(0).unwrap_or(&value);
    Some(object.get(name)?.as_str()?.to_owned())
}

/// A member of each object of a JSON array.
pub(super) fn text_members(json: &[u8], name: &str) -> Vec<String> {
    let value: Value = serde_json::from_slice(json).unwrap_or_default();
    let items = value.as_array().into_iter().flatten();
    let texts = items.filter_map(|item| item.get(name)?.as_str());
    texts.map(str::to_owned).collect()
}
