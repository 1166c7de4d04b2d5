//! A small integration: a table of contacts that is kept in step with an org by its change events.
//!
//! It polls the Streaming API, and survives lost sessions, events that come twice, gap events, and replay ids that are
//! too old.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use ureq::Agent;

/// The channel of its events.
pub const CHANNEL: &str = "/data/ContactChangeEvent";

/// The replay id of who wants new events only.
const NEW_ONLY: i64 = -1;

/// Contacts: their last names by id.
pub struct ContactTable {
    /// The contacts.
    pub rows: BTreeMap<String, String>,
    /// How many sessions there were.
    pub handshakes: u32,
    /// How often everything was read.
    pub resyncs: u32,
    target: String,
    access_token: String,
    agent: Agent,
    client: Option<String>,
    replay_id: i64,
}

/// What went wrong on the way to the org.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

impl ContactTable {
    /// An empty table of an org.
    pub fn new(target: &str, access_token: &str) -> Self {
        Self {
            rows: BTreeMap::new(),
            handshakes: 0,
            resyncs: 0,
            target: target.to_owned(),
            access_token: access_token.to_owned(),
            agent: agent(),
            client: None,
            replay_id: NEW_ONLY,
        }
    }

    /// Polls once: applies the events that have come, and waits for some if none have.
    ///
    /// # Errors
    /// Of connections; the next call begins another session.
    pub fn poll(&mut self) -> Result<()> {
        let polled = self.polled();
        if polled.is_err() {
            self.client = None;
            self.agent = agent();
        }
        polled
    }

    fn polled(&mut self) -> Result<()> {
        let client = match &self.client {
            Some(client) => client.clone(),
            None => self.open()?,
        };
        let connect = json!({ "channel": "/meta/connect", "clientId": client, "connectionType": "long-polling" });
        let messages = self.send(&connect)?;
        for message in messages {
            if message["channel"] == CHANNEL {
                self.apply(&message["data"])?;
            } else if message["channel"] == "/meta/connect" && message["successful"] != true {
                self.client = None;
            }
        }
        Ok(())
    }

    /// Begins a session after the last event; what is there is read if there was none.
    ///
    /// # Errors
    /// Of connections, and refusals.
    pub fn open(&mut self) -> Result<String> {
        let hello = json!({ "channel": "/meta/handshake", "version": "1.0", "supportedConnectionTypes": ["long-polling"] });
        let answers = self.send(&hello)?;
        let client = answers[0]["clientId"].as_str().ok_or("no client id")?;
        let client = client.to_owned();
        self.handshakes += 1;
        if !self.subscribe(&client)? {
            // What has happened since is not retained: begin with what comes now.
            self.replay_id = NEW_ONLY;
            self.subscribe(&client)?;
        }
        if self.replay_id == NEW_ONLY {
            self.resync()?;
        }
        self.client = Some(client.clone());
        Ok(client)
    }

    fn subscribe(&mut self, client: &str) -> Result<bool> {
        let replay = json!({ "replay": { CHANNEL: self.replay_id } });
        let subscribe = json!({ "channel": "/meta/subscribe", "clientId": client, "subscription": CHANNEL, "ext": replay });
        Ok(self.send(&subscribe)?[0]["successful"] == true)
    }

    fn apply(&mut self, data: &Value) -> Result<()> {
        let replay_id = data["event"]["replayId"].as_i64().unwrap_or_default();
        if replay_id <= self.replay_id {
            return Ok(());
        }
        let header = &data["payload"]["ChangeEventHeader"];
        let change = header["changeType"].as_str().unwrap_or_default();
        if change.starts_with("GAP_") {
            // It has changed, and nobody says how.
            self.resync()?;
        }
        for id in header["recordIds"].as_array().into_iter().flatten() {
            let id = id.as_str().unwrap_or_default().to_owned();
            if change == "DELETE" {
                self.rows.remove(&id);
            } else if let Some(name) = data["payload"]["Name"]["LastName"].as_str() {
                self.rows.insert(id, name.to_owned());
            }
        }
        self.replay_id = replay_id;
        Ok(())
    }

    /// Reads all contacts.
    ///
    /// # Errors
    /// Of connections.
    pub fn resync(&mut self) -> Result<()> {
        self.resyncs += 1;
        let path = "/services/data/v59.0/query?q=SELECT+Id,LastName+FROM+Contact";
        let request = self.agent.get(format!("{}{path}", self.target));
        let request = request.header("Authorization", format!("Bearer {}", self.access_token));
        let answer: Value = request.call()?.body_mut().read_json()?;
        let records = answer["records"].as_array().into_iter().flatten();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let rows = records.map(|record| (text(&record["Id"]), text(&record["LastName"])));
        self.rows = rows.collect();
        Ok(())
    }

    fn send(&self, message: &Value) -> Result<Vec<Value>> {
        let request = self.agent.post(format!("{}/cometd/59.0", self.target));
        let request = request.header("Authorization", format!("Bearer {}", self.access_token));
        Ok(request.send_json([message])?.body_mut().read_json()?)
    }
}

fn agent() -> Agent {
    Agent::new_with_defaults()
}
