//! `landfall publish`: platform events from JSON.

mod input;

use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use landfall_client::pubsub::{PubSub, Published, Publisher};
use landfall_client::schema::EventSchema;
use landfall_client::{Code, Error, Method, Org};
use serde_json::{Map, Value, json};

use crate::cli::PublishOptions;
use crate::connection::{self, Logins};
use crate::log;
use crate::options::LogOptions;
use crate::outcome::{Ended, Exit, Failure, say_data};
use crate::suggest;

pub(crate) use self::input::Input;

/// Log filter by default.
const FILTER_DEFAULT: &str = "warn";

/// Events of one request, and the bytes of their payloads at which it is sent.
/// Source: "Pub/Sub API and Event Allocations" (Pub/Sub API Developer Guide).
const EVENTS_MAX: usize = 200;
const BYTES_ENOUGH: usize = 1024 * 1024;

/// When the progress is shown for the first time, and how often from then on.
const PROGRESS_AFTER: Duration = Duration::from_millis(300);

pub(crate) async fn run(options: PublishOptions, log: &LogOptions) -> Ended {
    let (format, filter) = log.format_and_filter()?;
    log::start(format, filter.as_deref().unwrap_or(FILTER_DEFAULT))?;
    let mut input = Input::open(options.event.as_deref(), options.file.as_deref())?;
    let failure = |error| connection::failure(&error);
    let logins = Logins::new(&options.org)?;
    let org = logins.login().await?;
    let mut api = logins.pubsub(&org).await.map_err(failure)?;
    let topic = match api.topic(&options.topic).await {
        Ok(topic) => topic,
        Err(error) => return Err(suggest::refused(&options.topic, &error, &logins, &org).await),
    };
    let refused = || Failure::new(format!("{} is not a platform event topic", topic.name));
    if !topic.can_publish {
        return Err(refused());
    }
    let schema_id = topic.schema_id.clone().ok_or_else(refused)?;
    let mut publish = Publish {
        schema: api.schema(&schema_id).await.map_err(failure)?,
        publisher: api.publisher(&topic.name).await.map_err(failure)?,
        user: user(&org).await,
        api,
        topic: topic.name,
        schema_id,
        published: 0,
        failed: 0,
        progress: Progress::new(),
    };
    let read = loop {
        let mut batch = Vec::new();
        let more = input.take(&mut batch, EVENTS_MAX).await;
        publish.publish(batch).await?;
        match more {
            Ok(true) => (),
            Ok(false) => break Ok(()),
            Err(failure) => break Err(failure),
        }
    };
    publish.progress.end();
    read?;
    match publish.failed {
        0 => Ok(Exit::Done),
        failed => Err(Failure::new(format!(
            "{failed} of {} events were not published",
            failed + publish.published
        ))),
    }
}

/// The id of the user who is logged in, if the org reports it.
async fn user(org: &Org) -> Option<String> {
    let answer = org
        .call(Method::GET, "/services/oauth2/userinfo", None)
        .await
        .ok()?;
    answer.json().get("user_id")?.as_str().map(str::to_owned)
}

struct Publish {
    api: PubSub,
    publisher: Publisher,
    topic: String,
    schema: Arc<EventSchema>,
    schema_id: String,
    user: Option<String>,
    published: u64,
    failed: u64,
    progress: Progress,
}

impl Publish {
    /// Publishes a batch in requests that are not too large, and prints the result of each event.
    async fn publish(&mut self, events: Vec<Map<String, Value>>) -> Result<(), Failure> {
        let mut waiting: Vec<Result<Vec<u8>, String>> = Vec::new();
        let mut bytes = 0;
        for event in events {
            let payload = self.encode(event);
            bytes += payload.as_ref().map_or(0, Vec::len);
            waiting.push(payload);
            if bytes >= BYTES_ENOUGH {
                self.send(std::mem::take(&mut waiting)).await?;
                bytes = 0;
            }
        }
        self.send(waiting).await
    }

    /// Every event has a creation time and a creator; by default now and the user.
    fn encode(&self, mut event: Map<String, Value>) -> Result<Vec<u8>, String> {
        if self.schema.position_of("CreatedDate").is_some() {
            let now = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default();
            let millis = i64::try_from(now.as_millis()).unwrap_or_default();
            event.entry("CreatedDate").or_insert_with(|| millis.into());
        }
        if let (Some(user), Some(_)) = (&self.user, self.schema.position_of("CreatedById")) {
            event
                .entry("CreatedById")
                .or_insert_with(|| user.as_str().into());
        }
        self.schema
            .encode_json(&event)
            .map_err(|error| error.to_string())
    }

    async fn send(&mut self, events: Vec<Result<Vec<u8>, String>>) -> Result<(), Failure> {
        let good: Vec<Vec<u8>> = events
            .iter()
            .filter_map(|event| event.as_ref().ok().cloned())
            .collect();
        let results = if good.is_empty() {
            Vec::new()
        } else {
            self.request(good)
                .await
                .map_err(|error| connection::failure(&error))?
        };
        let mut results = results.into_iter();
        for event in events {
            let line = match (event, &mut results) {
                (Err(error), _) => json!({ "id": null, "error": error }),
                (Ok(_), results) => match results.next() {
                    Some(Published {
                        id,
                        outcome: Ok(replay_id),
                    }) => json!({ "id": id, "replayId": replay_id }),
                    Some(Published {
                        id,
                        outcome: Err(error),
                    }) => json!({ "id": id, "error": error }),
                    None => json!({ "id": null, "error": "the org gave no result" }),
                },
            };
            if line.get("error").is_some() {
                self.failed += 1;
            } else {
                self.published += 1;
            }
            say_data(&line.to_string())?;
        }
        self.progress.show(self.published, self.failed);
        Ok(())
    }

    /// A stream that was ended for its silence took nothing: the request goes out on another one.
    async fn request(&mut self, payloads: Vec<Vec<u8>>) -> Result<Vec<Published>, Error> {
        match self
            .publisher
            .publish(&self.schema_id, payloads.clone())
            .await
        {
            Err(Error::Rpc {
                code: Code::DeadlineExceeded,
                ..
            }) => {
                self.publisher = self.api.publisher(&self.topic).await?;
                self.publisher.publish(&self.schema_id, payloads).await
            }
            result => result,
        }
    }
}

/// A count on stderr, on a terminal only, if it takes a while.
struct Progress {
    wanted: bool,
    next: Instant,
    shown: bool,
}

impl Progress {
    fn new() -> Self {
        Self {
            // Where the results go to the same terminal, they are progress enough.
            wanted: std::io::stderr().is_terminal() && !std::io::stdout().is_terminal(),
            next: Instant::now() + PROGRESS_AFTER,
            shown: false,
        }
    }

    fn show(&mut self, published: u64, failed: u64) {
        if self.wanted && Instant::now() >= self.next {
            self.next = Instant::now() + PROGRESS_AFTER;
            self.shown = true;
            write(&format!("\r{published} published, {failed} failed"));
        }
    }

    fn end(&self) {
        if self.shown {
            write("\n");
        }
    }
}

fn write(text: &str) {
    // Without stderr there is nobody to report to.
    let _ = std::io::stderr().write_all(text.as_bytes());
}
