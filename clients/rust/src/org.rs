//! An org, and what a test does with it. Each method is a call of the control interface.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::call::Call;
use crate::error::Error;
use crate::http::{self, segment};
use crate::process::{self, Process, Start};
use crate::types;

/// The version of the REST API that [`Org::rest`] calls.
const API_VERSION: &str = "59.0";

/// Where the control interface begins.
const CONTROL: &str = "/_landfall/v1";

/// An org: cheap to clone, the same for all clones. What was started for it ends with the last of them.
#[derive(Clone)]
pub struct Org(pub(crate) Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) target: String,
    pub(crate) login: Login,
    pub(crate) ca_file: Option<PathBuf>,
    /// Of an isolated org, which is closed at the end.
    pub(crate) id: Option<String>,
    /// That of the org, if it was started here.
    pub(crate) process: Option<Arc<Process>>,
}

/// How to log in.
pub(crate) struct Login {
    pub(crate) username: String,
    pub(crate) password: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) access_token: Mutex<String>,
}

impl Login {
    pub(crate) fn of(
        target: &str,
        username: &str,
        password: &str,
        client_id: &str,
        client_secret: &str,
    ) -> Result<Self, Error> {
        let login = Self {
            username: username.to_owned(),
            password: password.to_owned(),
            client_id: client_id.to_owned(),
            client_secret: client_secret.to_owned(),
            access_token: Mutex::default(),
        };
        login.renew(target)?;
        Ok(login)
    }

    pub(crate) fn renew(&self, target: &str) -> Result<(), Error> {
        let form = [
            ("grant_type", "password"),
            ("client_id", &self.client_id),
            ("client_secret", &self.client_secret),
            ("username", &self.username),
            ("password", &self.password),
        ];
        let form = form.map(|(name, value)| format!("{name}={}", segment(value)));
        let body = form.join("&");
        let path = "/services/oauth2/token";
        let form = Some(("application/x-www-form-urlencoded", body.as_str()));
        let answer = http::send(target, "POST", path, None, form)?;
        let json: Value = serde_json::from_str(&answer.body).unwrap_or_default();
        let Some(token) = json["access_token"].as_str() else {
            return Err(Error::Status {
                request: format!("POST {path}"),
                status: answer.status,
                body: answer.body,
            });
        };
        let mut current = self.access_token.lock();
        token.clone_into(
            current
                .as_mut()
                .unwrap_or_else(|poisoned| poisoned.get_mut()),
        );
        Ok(())
    }
}

impl Shared {
    pub(crate) fn access_token(&self) -> String {
        let token = self.login.access_token.lock();
        token.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let Some(id) = &self.id {
            let path = format!("{CONTROL}/orgs/{id}");
            // A process that is gone has no orgs.
            let _ = http::send(&self.target, "DELETE", &path, None, None);
        }
    }
}

/// Options of [`Org::reset`].
pub enum ResetOptions {}
/// Options of [`Org::arm`].
pub enum ArmOptions {}
/// Options of [`Org::requests`].
pub enum RequestsOptions {}
/// Options of [`Org::settle`].
pub enum SettleOptions {}
/// Options of [`Org::expect`].
pub enum ExpectOptions {}
/// Options of [`Org::events`].
pub enum EventsOptions {}
/// Options of [`Org::difference`].
pub enum DifferenceOptions {}
/// Options of [`Org::position`].
pub enum PositionOptions {}
/// Options of [`Org::rest`].
pub enum RestOptions {}

/// Opening, and what a client needs.
impl Org {
    /// An org for a test: an isolated one of the process that `LANDFALL_TARGET` names, as in `landfall exec -- cargo test`;
    /// otherwise one of a process that all tests of this program share, and that is started when the first one needs it.
    ///
    /// # Errors
    /// [`Error::Start`]; those of a call.
    pub fn open() -> Result<Self, Error> {
        static SHARED: OnceLock<Mutex<Option<Org>>> = OnceLock::new();
        let shared = SHARED.get_or_init(Mutex::default).lock();
        let mut shared = shared.unwrap_or_else(PoisonError::into_inner);
        let process = match &*shared {
            Some(process) => process.clone(),
            None => match process::join()? {
                Some(joined) => joined,
                None => Start::new().run()?,
            },
        };
        *shared = Some(process.clone());
        drop(shared);
        process.isolated()
    }

    /// The org itself that `LANDFALL_TARGET` and the other variables lead to; none without them.
    ///
    /// # Errors
    /// Those of a login.
    pub fn join() -> Result<Option<Self>, Error> {
        process::join()
    }

    /// Opens an isolated org in the same process, with the same project and seeds. It is closed with the last clone of it.
    ///
    /// # Errors
    /// Those of a call; `too-many-orgs`.
    pub fn isolated(&self) -> Result<Self, Error> {
        let opened: types::Credentials = self.control("POST", "orgs").run()?;
        Ok(Self(Arc::new(Shared {
            target: self.0.target.clone(),
            login: Login {
                username: opened.username,
                password: opened.password,
                client_id: opened.client_id,
                client_secret: opened.client_secret,
                access_token: Mutex::new(opened.access_token),
            },
            ca_file: self.0.ca_file.clone(),
            id: Some(opened.id),
            process: self.0.process.clone(),
        })))
    }

    /// URL of the org.
    pub fn target(&self) -> &str {
        &self.0.target
    }

    /// The user name of its administrator.
    pub fn username(&self) -> &str {
        &self.0.login.username
    }

    /// The password of its administrator.
    pub fn password(&self) -> &str {
        &self.0.login.password
    }

    /// The consumer key of its connected app.
    pub fn client_id(&self) -> &str {
        &self.0.login.client_id
    }

    /// The consumer secret of its connected app.
    pub fn client_secret(&self) -> &str {
        &self.0.login.client_secret
    }

    /// An access token of its administrator: that of the newest login.
    pub fn access_token(&self) -> String {
        self.0.access_token()
    }

    /// Certificate authority for TLS on the same port, in PEM.
    pub fn ca_file(&self) -> Option<&Path> {
        self.0.ca_file.as_deref()
    }

    /// Logs in again, as a client does whose access token has expired, and uses the new access token from now on.
    ///
    /// # Errors
    /// [`Error::Status`] if the login is refused.
    pub fn login(&self) -> Result<String, Error> {
        self.0.login.renew(&self.0.target)?;
        Ok(self.access_token())
    }

    /// The clock.
    pub const fn clock(&self) -> Clock<'_> {
        Clock(self)
    }

    /// A call of the REST API; `path` begins after the version.
    pub fn rest(&self, method: &str, path: &str) -> Call<Value, RestOptions> {
        let path = format!("/services/data/v{API_VERSION}/{path}");
        Call::new(&self.0, method, path, Ok)
    }

    /// A call of the control interface; `path` begins after its version.
    pub fn control<T: DeserializeOwned>(&self, method: &str, path: &str) -> Call<T> {
        self.call(method, path)
    }

    fn call<T: DeserializeOwned, K>(&self, method: &str, path: &str) -> Call<T, K> {
        Call::new(&self.0, method, format!("{CONTROL}/{path}"), read)
    }
}

/// State.
impl Org {
    /// Returns to how the org began.
    pub fn reset(&self) -> Call<types::Snapshot, ResetOptions> {
        self.call("POST", "reset").with_body(json!({}))
    }

    /// Saves a snapshot; an earlier one of the name is replaced.
    pub fn save(&self, name: &str) -> Call<types::Snapshot> {
        self.call("PUT", &format!("snapshots/{}", segment(name)))
    }

    /// Returns to a snapshot, with its events and their replay ids.
    pub fn load(&self, name: &str) -> Call<types::Snapshot> {
        self.call("POST", &format!("snapshots/{}", segment(name)))
    }

    /// The snapshots.
    pub fn snapshots(&self) -> Call<Vec<types::Snapshot>> {
        Call::new(&self.0, "GET", format!("{CONTROL}/snapshots"), |answer| {
            list(answer, "snapshots")
        })
    }

    /// What differs between a snapshot, `seed` or `empty`, and now.
    pub fn difference(&self, name: &str) -> Call<types::Difference, DifferenceOptions> {
        self.call("GET", &format!("snapshots/{}/difference", segment(name)))
    }

    /// Removes a snapshot.
    pub fn remove(&self, name: &str) -> Call<()> {
        self.call("DELETE", &format!("snapshots/{}", segment(name)))
    }
}

/// Faults.
impl Org {
    /// Arms a fault: `org.arm("client-unknown").method("/meta/connect").next(2)`.
    pub fn arm(&self, fault: &str) -> Call<types::Fault, ArmOptions> {
        self.call("POST", "faults").with("fault", fault)
    }

    /// The armed faults, with how often each has fired.
    pub fn faults(&self) -> Call<Vec<types::Fault>> {
        Call::new(&self.0, "GET", format!("{CONTROL}/faults"), |answer| {
            list(answer, "faults")
        })
    }

    /// The armed faults that have never fired.
    pub fn unfired(&self) -> Call<Vec<types::Fault>> {
        Call::new(&self.0, "GET", format!("{CONTROL}/faults"), |answer| {
            let mut faults: Vec<types::Fault> = list(answer, "faults")?;
            faults.retain(|fault| fault.fired == 0);
            Ok(faults)
        })
    }

    /// Removes a fault.
    pub fn disarm(&self, id: &str) -> Call<Value> {
        self.call("DELETE", &format!("faults/{}", segment(id)))
    }

    /// Removes all faults.
    pub fn disarm_all(&self) -> Call<Value> {
        self.call("DELETE", "faults")
    }
}

/// What clients have done.
impl Org {
    /// What clients have sent, the newest first.
    pub fn requests(&self) -> Call<Vec<types::RequestSummary>, RequestsOptions> {
        Call::new(&self.0, "GET", format!("{CONTROL}/requests"), |answer| {
            list(answer, "requests")
        })
    }

    /// A request and its answer, with the beginnings of their bodies.
    pub fn request(&self, number: i64) -> Call<types::Request> {
        self.call("GET", &format!("requests/{number}"))
    }

    /// What clients did that no correct client does, since the last reset.
    pub fn mistakes(&self) -> Call<Vec<types::Mistake>> {
        Call::new(&self.0, "GET", format!("{CONTROL}/mistakes"), |answer| {
            list(answer, "mistakes")
        })
    }

    /// Forgets what clients have sent, and their mistakes.
    pub fn clear_requests(&self) -> Call<Value> {
        self.call("DELETE", "requests")
    }

    /// How much of its allocations the org has used, and how many events were on each topic.
    pub fn usage(&self) -> Call<types::Usage> {
        self.call("GET", "usage")
    }

    /// The sessions of the Streaming API and the streams of the Pub/Sub API.
    pub fn subscribers(&self) -> Call<Vec<types::Subscriber>> {
        Call::new(&self.0, "GET", format!("{CONTROL}/subscribers"), |answer| {
            list(answer, "subscribers")
        })
    }

    /// Forgets a session, or ends a stream.
    pub fn end_subscriber(&self, id: &str) -> Call<()> {
        self.call("DELETE", &format!("subscribers/{}", segment(id)))
    }
}

/// Events.
impl Org {
    /// Waits until every subscriber has every event so far.
    pub fn settle(&self) -> Call<types::Settled, SettleOptions> {
        self.call("POST", "settle").with_body(json!({}))
    }

    /// Waits for events of a channel; those that are there already count.
    pub fn expect(&self, channel: &str) -> Call<Vec<types::Event>, ExpectOptions> {
        let path = format!("{CONTROL}/expect");
        let call = Call::new(&self.0, "POST", path, |answer| list(answer, "events"));
        call.with("channel", channel)
    }

    /// Retained events, the newest first.
    pub fn events(&self) -> Call<Vec<types::RetainedEvent>, EventsOptions> {
        Call::new(&self.0, "GET", format!("{CONTROL}/events"), |answer| {
            list(answer, "events")
        })
    }

    /// A retained event, as clients of each API get it.
    pub fn event(&self, replay_id: i64) -> Call<types::WholeEvent> {
        self.call("GET", &format!("events/{replay_id}"))
    }

    /// The retained events of a channel that follow a replay id.
    pub fn count(&self, channel: &str, after: i64) -> Call<types::EventCount> {
        let path = format!("topics/{}/count", segment(channel));
        self.call("GET", &path)
            .with_query("after", after.to_string())
    }

    /// The current and the former schemas of events.
    pub fn schemas(&self) -> Call<Vec<types::EventSchema>> {
        Call::new(&self.0, "GET", format!("{CONTROL}/schemas"), |answer| {
            list(answer, "schemas")
        })
    }

    /// What clients can subscribe to, and the bounds of the log.
    pub fn topics(&self) -> Call<types::Topics> {
        self.call("GET", "topics")
    }

    /// The replay id from which a subscriber gets every event since a time; without one, only new events.
    pub fn position(&self, channel: &str) -> Call<types::Position, PositionOptions> {
        self.call("GET", &format!("topics/{}/position", segment(channel)))
    }
}

impl Call<Value, RestOptions> {
    /// Sets the body.
    pub fn json(self, body: Value) -> Self {
        self.with_body(body)
    }
}

impl Call<types::Snapshot, ResetOptions> {
    /// The state: `seed` unless given, `empty`, or the name of a snapshot.
    pub fn to(self, state: &str) -> Self {
        self.with("to", state)
    }

    /// Keeps subscribers; they get what comes next.
    pub fn keep_subscribers(self) -> Self {
        self.with("keepSubscribers", true)
    }
}

impl Call<types::Fault, ArmOptions> {
    /// On this topic only.
    pub fn topic(self, topic: &str) -> Self {
        self.with("topic", topic)
    }

    /// For this client id of the Streaming API only.
    pub fn client(self, id: &str) -> Self {
        self.with("client", id)
    }

    /// For this user only, by username or id.
    pub fn user(self, user: &str) -> Self {
        self.with("user", user)
    }

    /// For this method only: `/meta/connect`, `Subscribe`, `POST /sobjects/Account`.
    pub fn method(self, method: &str) -> Self {
        self.with("method", method)
    }

    /// How often it fires.
    pub fn next(self, times: u32) -> Self {
        self.with("next", times)
    }

    /// At every so many matching occasions; 1 for all.
    pub fn every(self, occasions: u32) -> Self {
        self.with("every", occasions)
    }

    /// After so many matching occasions.
    pub fn after(self, occasions: u32) -> Self {
        self.with("after", occasions)
    }

    /// From a time of the org's clock on.
    pub fn from(self, time: &str) -> Self {
        self.with("from", time)
    }

    /// Before a time of the org's clock.
    pub fn to(self, time: &str) -> Self {
        self.with("to", time)
    }

    /// How long, for faults that are about time: `250ms`, `1m30s`.
    pub fn delay(self, span: &str) -> Self {
        self.with("delay", span)
    }

    /// How many bytes a second, for `bandwidth`; of each piece, for `slice`.
    pub fn bytes(self, bytes: u32) -> Self {
        self.with("bytes", bytes)
    }
}

impl Call<Vec<types::RequestSummary>, RequestsOptions> {
    /// Those of an API, such as `streaming`.
    pub fn api(self, api: &str) -> Self {
        self.with_query("api", api)
    }

    /// Those with an HTTP status.
    pub fn status(self, status: u16) -> Self {
        self.with_query("status", status.to_string())
    }

    /// Those with a text in method and target, in the client's name, or in the body.
    pub fn text(self, text: &str) -> Self {
        self.with_query("text", text)
    }

    /// So many of them.
    pub fn limit(self, limit: u32) -> Self {
        self.with_query("limit", limit.to_string())
    }
}

impl Call<Vec<types::RetainedEvent>, EventsOptions> {
    /// Those of a topic, such as `/data/AccountChangeEvent`.
    pub fn topic(self, topic: &str) -> Self {
        self.with_query("topic", topic)
    }

    /// Those of a change type, such as `UPDATE`, or `GAP*`.
    pub fn change_type(self, change_type: &str) -> Self {
        self.with_query("type", change_type)
    }

    /// Those about a record.
    pub fn record(self, id: &str) -> Self {
        self.with_query("record", id)
    }

    /// Those about a field.
    pub fn field(self, name: &str) -> Self {
        self.with_query("field", name)
    }

    /// Those from a replay id on.
    pub fn from(self, replay_id: i64) -> Self {
        self.with_query("from", replay_id.to_string())
    }

    /// So many of them.
    pub fn limit(self, limit: u32) -> Self {
        self.with_query("limit", limit.to_string())
    }
}

impl Call<types::Difference, DifferenceOptions> {
    /// Not now, but what this snapshot holds.
    pub fn with_snapshot(self, name: &str) -> Self {
        self.with_query("with", name)
    }
}

impl Call<types::Settled, SettleOptions> {
    /// How long to wait: 5 seconds unless given. Unit: milliseconds.
    pub fn timeout_ms(self, millis: u32) -> Self {
        self.with("timeoutMs", millis)
    }
}

impl Call<Vec<types::Event>, ExpectOptions> {
    /// What the data of an event must contain: objects by their members, everything else as it is.
    pub fn matching(self, data: Value) -> Self {
        self.with("match", data)
    }

    /// How many events: 1 unless given.
    pub fn count(self, events: u32) -> Self {
        self.with("count", events)
    }

    /// Only events after this replay id.
    pub fn after(self, replay_id: i64) -> Self {
        self.with("after", replay_id)
    }

    /// How long to wait: 5 seconds unless given. Unit: milliseconds.
    pub fn timeout_ms(self, millis: u32) -> Self {
        self.with("timeoutMs", millis)
    }
}

impl Call<types::Position, PositionOptions> {
    /// The time, such as `2030-01-01T09:00:00Z`.
    pub fn at(self, time: &str) -> Self {
        self.with_query("at", time)
    }
}

/// The clock of an org. Times are such as `2030-01-01T09:00:00Z`.
#[derive(Clone, Copy)]
pub struct Clock<'o>(&'o Org);

impl Clock<'_> {
    /// Reads it.
    pub fn read(self) -> Call<types::Clock> {
        self.0.call("GET", "clock")
    }

    /// Stops the time now.
    pub fn freeze(self) -> Call<types::Clock> {
        self.set_to(json!({ "mode": "frozen" }))
    }

    /// Stops the time at a later time.
    pub fn freeze_at(self, time: &str) -> Call<types::Clock> {
        self.set_to(json!({ "mode": "frozen", "now": time }))
    }

    /// Sets a later time.
    pub fn set(self, time: &str) -> Call<types::Clock> {
        self.set_to(json!({ "now": time }))
    }

    /// Advances the time by a span such as `73h`; done when all that has fallen due is done.
    pub fn advance(self, span: &str) -> Call<types::Clock> {
        self.0.call("POST", "clock/advance").with("by", span)
    }

    /// What would fall due if the time were advanced by a span such as `73h`; changes nothing.
    pub fn preview(self, span: &str) -> Call<types::ClockPreview> {
        self.0.call("POST", "clock/preview").with("by", span)
    }

    /// Lets the time go on from where it is.
    pub fn resume(self) -> Call<types::Clock> {
        self.set_to(json!({ "mode": "running" }))
    }

    fn set_to(self, body: Value) -> Call<types::Clock> {
        self.0.call("PUT", "clock").with_body(body)
    }
}

fn read<T: DeserializeOwned>(answer: Value) -> Result<T, Error> {
    serde_json::from_value(answer).map_err(|error| Error::Answer(error.to_string()))
}

fn list<T: DeserializeOwned>(mut answer: Value, name: &str) -> Result<Vec<T>, Error> {
    read(answer[name].take())
}
