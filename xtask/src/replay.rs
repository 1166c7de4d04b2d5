//! Reading the event log as a subscriber does: a minimal Bayeux client over long polling.

use std::{io, net::SocketAddr};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::http::Connection;

const TOPIC: &str = "/data/AccountChangeEvent";
const PATH: &str = "/cometd/59.0";
/// From the earliest retained event.
pub(crate) const EARLIEST: i64 = -2;
/// Only what comes.
pub(crate) const LATEST: i64 = -1;

/// One change event of an Account, as far as the tests compare it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) replay_id: i64,
    pub(crate) record_id: String,
    pub(crate) change: Change,
}

/// What happened to a record. Each write of a test gives its record a new name, so the name identifies the write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Created(String),
    Renamed(String),
    Deleted,
}

/// A subscription to the change events of Account.
pub(crate) struct Subscriber {
    connection: Connection,
    client_id: String,
}

impl Subscriber {
    /// Handshakes and subscribes after `replay_id`, or at one of the two presets.
    ///
    /// # Errors
    /// When the server refuses or does not answer.
    pub(crate) fn open(address: SocketAddr, token: &str, replay_id: i64) -> Result<Self> {
        let mut connection = Connection::open(address)?;
        connection.authorization = Some(format!("Bearer {token}"));
        let mut subscriber = Self {
            connection,
            client_id: String::new(),
        };
        let replies = subscriber.exchange(&json!({
            "channel": "/meta/handshake", "version": "1.0", "supportedConnectionTypes": ["long-polling"]
        }))?;
        let client_id = successful(&replies, "/meta/handshake")?["clientId"].as_str();
        client_id
            .context("a handshake without a client id")?
            .clone_into(&mut subscriber.client_id);
        let replies = subscriber.exchange(&json!({
            "channel": "/meta/subscribe", "clientId": subscriber.client_id, "subscription": TOPIC,
            "ext": {"replay": {TOPIC: replay_id}}
        }))?;
        successful(&replies, "/meta/subscribe")?;
        Ok(subscriber)
    }

    /// One poll: the events that it brought.
    ///
    /// # Errors
    /// When the server refuses or does not answer.
    pub(crate) fn poll(&mut self) -> Result<Vec<Event>> {
        let replies = self.exchange(&json!({
            "channel": "/meta/connect", "clientId": self.client_id, "connectionType": "long-polling"
        }))?;
        successful(&replies, "/meta/connect")?;
        let mut events = Vec::new();
        for message in &replies {
            if message["channel"] == TOPIC {
                parse(message, &mut events)
                    .with_context(|| format!("an event of another shape: {message}"))?;
            }
        }
        Ok(events)
    }

    /// Polls until the connection breaks, as it does when the server is killed.
    ///
    /// # Errors
    /// When the server refuses: only its end may end the subscription.
    pub(crate) fn poll_until_broken(&mut self) -> Result<Vec<Event>> {
        let mut events = Vec::new();
        loop {
            match self.poll() {
                Ok(more) => events.extend(more),
                Err(error) if error.is::<io::Error>() => return Ok(events),
                Err(error) => return Err(error.context("a subscription under load")),
            }
        }
    }

    /// Polls until the record with this name was created, which the caller has made so that the log has an end.
    ///
    /// # Errors
    /// When the server refuses, does not answer, or that event does not come.
    pub(crate) fn read_until_created(&mut self, name: &str) -> Result<Vec<Event>> {
        let mut events = Vec::new();
        loop {
            events.extend(self.poll().with_context(|| {
                format!(
                    "after {} events, waiting for the creation of {name}",
                    events.len()
                )
            })?);
            let is_end = |event: &Event| event.change == Change::Created(name.to_owned());
            if events.iter().any(is_end) {
                return Ok(events);
            }
        }
    }

    fn exchange(&mut self, message: &Value) -> Result<Vec<Value>> {
        let body = json!([message]).to_string();
        let response = self
            .connection
            .send("POST", PATH, "application/json", &body)?;
        ensure!(
            response.status == 200,
            "{} {}",
            response.status,
            response.body
        );
        serde_json::from_str(&response.body)
            .with_context(|| format!("no array of messages: {}", response.body))
    }
}

fn successful<'a>(replies: &'a [Value], channel: &str) -> Result<&'a Value> {
    let reply = replies.iter().find(|reply| reply["channel"] == channel);
    let reply = reply.with_context(|| format!("no reply on {channel}"))?;
    if reply["successful"] != true {
        bail!("{channel} refused: {reply}");
    }
    Ok(reply)
}

fn parse(message: &Value, events: &mut Vec<Event>) -> Result<()> {
    let payload = &message["data"]["payload"];
    let header = &payload["ChangeEventHeader"];
    let replay_id = message["data"]["event"]["replayId"]
        .as_i64()
        .context("no replay id")?;
    let name = || Some(payload["Name"].as_str()?.to_owned());
    let change = match header["changeType"].as_str() {
        Some("CREATE") => Change::Created(name().context("no name")?),
        Some("UPDATE") => Change::Renamed(name().context("no name")?),
        Some("DELETE") => Change::Deleted,
        other => bail!("change type {other:?}"),
    };
    for record_id in header["recordIds"].as_array().context("no record ids")? {
        events.push(Event {
            replay_id,
            record_id: record_id
                .as_str()
                .context("a record id that is no text")?
                .to_owned(),
            change: change.clone(),
        });
    }
    Ok(())
}
