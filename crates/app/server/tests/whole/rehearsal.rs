//! A developer org whose faults a test arms, and the clients that meet them.

#![expect(
    clippy::indexing_slicing,
    reason = "a value that is not there fails the test"
)]

use http::Method;
use landfall_client::{HttpClient, Org};
use landfall_server::Running;
use serde_json::{Value, json};

use crate::common::{login, start, stranger};
use crate::control::done;

/// The topic that clients subscribe to unless they name another.
pub(crate) const TOPIC: &str = "/data/AccountChangeEvent";
const COMETD: &str = "/cometd/59.0";
const VERSIONED: &str = "/services/data/v59.0/limits";

/// A developer org, and who controls it.
pub(crate) struct Rehearsal {
    pub(crate) running: Running,
    pub(crate) http: HttpClient,
    pub(crate) org: Org,
}

impl Rehearsal {
    pub(crate) async fn start() -> Self {
        let running = start().await;
        Self {
            http: stranger(&running),
            org: login(&running).await,
            running,
        }
    }

    /// The same with a clock that stands still.
    pub(crate) async fn frozen(now: &str) -> Self {
        let running = start().await;
        let http = stranger(&running);
        done(
            &http,
            "PUT",
            "clock",
            json!({ "mode": "frozen", "now": now }),
        )
        .await;
        Self {
            org: login(&running).await,
            http,
            running,
        }
    }

    pub(crate) async fn arm(&self, fault: Value) -> String {
        let armed = done(&self.http, "POST", "faults", fault).await;
        armed["id"].as_str().expect("an id").to_owned()
    }

    /// How often a fault has fired, and its state.
    pub(crate) async fn fired(&self, id: &str) -> (i64, String) {
        let listed = done(&self.http, "GET", "faults", Value::Null).await;
        let faults = listed["faults"].as_array().expect("a list");
        let mut faults = faults.iter();
        let fault = faults.find(|fault| fault["id"] == id).expect("listed");
        let state = fault["state"].as_str().expect("a state").to_owned();
        (fault["fired"].as_i64().expect("a count"), state)
    }

    pub(crate) async fn assert_spent(&self, id: &str) {
        assert_eq!(self.fired(id).await, (1, "spent".to_owned()));
    }

    /// The replies to a message of the Streaming API.
    pub(crate) async fn bayeux(&self, message: Value) -> Vec<Value> {
        let body = json!([message]);
        let answer = self.org.call(Method::POST, COMETD, Some(&body)).await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status, 200);
        answer.json().as_array().expect("replies").clone()
    }

    pub(crate) async fn handshake(&self) -> Value {
        let message = json!({
            "channel": "/meta/handshake",
            "version": "1.0",
            "supportedConnectionTypes": ["long-polling"],
        });
        self.bayeux(message).await.remove(0)
    }

    pub(crate) async fn client(&self) -> String {
        let reply = self.handshake().await;
        assert_eq!(reply["successful"], true, "{reply}");
        reply["clientId"].as_str().expect("a client id").to_owned()
    }

    pub(crate) async fn subscribe(&self, client: &str, replay: i64) -> Value {
        self.subscribe_to(TOPIC, client, replay).await
    }

    pub(crate) async fn subscribe_to(&self, channel: &str, client: &str, replay: i64) -> Value {
        let message = json!({
            "channel": "/meta/subscribe",
            "clientId": client,
            "subscription": channel,
            "ext": { "replay": { channel: replay } },
        });
        self.bayeux(message).await.remove(0)
    }

    pub(crate) async fn connect(&self, client: &str) -> Vec<Value> {
        let message = json!({
            "channel": "/meta/connect",
            "clientId": client,
            "connectionType": "long-polling",
        });
        self.bayeux(message).await
    }

    /// A client that is subscribed from the beginning of the log on.
    pub(crate) async fn subscribed(&self) -> String {
        self.subscribed_to(TOPIC).await
    }

    pub(crate) async fn subscribed_to(&self, channel: &str) -> String {
        let client = self.client().await;
        let reply = self.subscribe_to(channel, &client, -2).await;
        assert_eq!(reply["successful"], true, "{reply}");
        self.connect(&client).await;
        client
    }

    /// The next events of a client.
    pub(crate) async fn events(&self, client: &str) -> Vec<Value> {
        loop {
            let mut replies = self.connect(client).await;
            replies.retain(|reply| reply.get("data").is_some());
            if !replies.is_empty() {
                return replies;
            }
        }
    }

    /// Status and body of a request of the REST API.
    pub(crate) async fn rest(&self) -> (u16, Value) {
        self.rest_of(VERSIONED).await
    }

    pub(crate) async fn rest_of(&self, path: &str) -> (u16, Value) {
        let answer = self.org.call(Method::GET, path, None).await;
        let answer = answer.expect("an answer");
        (answer.status.as_u16(), answer.json())
    }

    pub(crate) async fn stop(self) {
        drop((self.http, self.org));
        self.running.stop().await.expect("stops");
    }
}

/// Moves the clock of the org on.
pub(crate) async fn advance(at: &Rehearsal, by: &str) {
    done(&at.http, "POST", "clock/advance", json!({ "by": by })).await;
}

/// The names of accounts in events.
pub(crate) fn named(events: &[Value]) -> Vec<&str> {
    let names = events.iter();
    let names = names.map(|event| event["data"]["payload"]["Name"].as_str());
    names.map(|name| name.expect("a name")).collect()
}
