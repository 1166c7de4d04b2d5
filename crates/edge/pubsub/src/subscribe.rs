//! One `Subscribe` stream: requests bring credit, the log brings events, the clock brings keepalives and the end.

use std::sync::Arc;

use bytes::Bytes;
use landfall_auth::Login;
use landfall_engine::{Event, LogEvent, Rendition, TopicFilter, TopicId, Watcher};
use landfall_model::{Fault, ReplayId};
use landfall_subscription::fetch::{Due, Fetch};
use landfall_subscription::{Bounds, Subscription};
use tokio::sync::mpsc;
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};
use tracing::error;

use crate::call::Call;
use crate::fetch_response::{FetchResponse, event_field};
use crate::proto::FetchRequest;
use crate::{PubsubState, call, replay, service, too_long};

/// Bytes of events in one response. Clients keep gRPC's default limit of 4 MiB.
const RESPONSE_BYTES_MAX: usize = 3 * 1024 * 1024;

/// Starts the stream; its answers come as they are asked for.
pub(crate) fn open(
    state: PubsubState,
    call: Call,
    login: Arc<Login>,
    requests: Streaming<FetchRequest>,
) -> impl Stream<Item = Result<FetchResponse, Status>> {
    // One response waits at most: a client that does not read holds up nothing but its own stream.
    let (answers, answered) = mpsc::channel(1);
    let watcher = state.engine.log().watch();
    let run = Run {
        fetch: Fetch::new(state.timings, state.engine.clock().now()),
        subscription: None,
        topic: String::new(),
        state,
        call,
        login,
        watcher,
        answers,
    };
    tokio::spawn(run.serve(requests));
    ReceiverStream::new(answered)
}

struct Run {
    state: PubsubState,
    call: Call,
    login: Arc<Login>,
    watcher: Watcher,
    fetch: Fetch,
    /// None before the first request.
    subscription: Option<Subscription<TopicId>>,
    topic: String,
    answers: mpsc::Sender<Result<FetchResponse, Status>>,
}

/// Why a stream ends.
enum End {
    /// The client has asked for the last time, or is gone.
    Done,
    /// An error that the client is told.
    Refused(Fault),
    /// A request that cannot be read.
    Broken(Status),
}

impl From<Fault> for End {
    fn from(fault: Fault) -> Self {
        Self::Refused(fault)
    }
}

impl Run {
    async fn serve(mut self, mut requests: Streaming<FetchRequest>) {
        let status = match self.run(&mut requests).await {
            Ok(()) | Err(End::Done) => return,
            Err(End::Refused(fault)) => self.call.refused(&fault),
            Err(End::Broken(status)) => status,
        };
        // A client that is gone needs no reason.
        let _ = self.answers.send(Err(status)).await;
    }

    async fn run(&mut self, requests: &mut Streaming<FetchRequest>) -> Result<(), End> {
        let mut stopping = std::pin::pin!(crate::stopped(self.state.stopping.clone()));
        let mut ended = std::pin::pin!(self.login.ended());
        let clock = Arc::clone(self.state.engine.clock());
        loop {
            self.deliver().await?;
            tokio::select! {
                request = requests.message() => match request {
                    Ok(Some(request)) => {
                        if self.request(&request)? {
                            ended.set(self.login.ended());
                        }
                    }
                    Ok(None) => return Err(End::Done),
                    Err(status) => return Err(End::Broken(too_long::told(status))),
                },
                () = &mut ended => return Err(Fault::SessionInvalid.into()),
                () = &mut stopping => return Err(Fault::StoreUnavailable.into()),
                () = self.answers.closed() => return Err(End::Done),
                () = self.watcher.woken() => {}
                () = clock.wait_until(self.fetch.deadline()) => self.due().await?,
            }
        }
    }

    /// Takes a request; says whether it has brought another login.
    fn request(&mut self, request: &FetchRequest) -> Result<bool, Fault> {
        let now = self.state.engine.clock().now();
        let mut refreshed = false;
        if self.subscription.is_none() {
            self.subscribe(request)?;
        } else {
            if !request.topic_name.is_empty() && request.topic_name != self.topic {
                return Err(Fault::TopicChanged);
            }
            if !request.auth_refresh.is_empty() {
                self.login = call::refreshed(&self.state, &self.login, &request.auth_refresh)?;
                refreshed = true;
            }
        }
        if !refreshed || request.num_requested != 0 {
            self.fetch.request(now, request.num_requested)?;
        }
        Ok(refreshed)
    }

    fn subscribe(&mut self, request: &FetchRequest) -> Result<(), Fault> {
        let topics = service::topics(&self.state, &self.login, &request.topic_name)?;
        let preset = replay::preset(request.replay_preset, &request.replay_id)?;
        let log = self.state.engine.log().bounds();
        let bounds = Bounds {
            earliest: log.earliest,
            tail: log.tail,
        };
        self.watcher.set(TopicFilter::These(topics.clone()));
        let subscription =
            Subscription::resume(topics, preset, bounds).map_err(|_| Fault::ReplayIdCorrupted)?;
        self.subscription = Some(subscription);
        self.topic.clone_from(&request.topic_name);
        Ok(())
    }

    /// Sends what there is, as far as the credit goes.
    async fn deliver(&mut self) -> Result<(), End> {
        while self.fetch.credit() > 0 {
            let Some(subscription) = &mut self.subscription else {
                return Ok(());
            };
            let filter = TopicFilter::These(subscription.topics().to_vec());
            let limit = usize::try_from(self.fetch.credit()).unwrap_or(usize::MAX);
            let log = self.state.engine.log();
            let from = subscription.cursor();
            let stretch = log.read(from, &filter, limit).await.map_err(|failure| {
                error!(error = %failure, "the log cannot be read");
                Fault::StoreUnavailable
            })?;
            if stretch.events.is_empty() {
                subscription.advance(stretch.reached);
                if stretch.reached <= from || stretch.reached >= log.bounds().tail {
                    return Ok(());
                }
                continue;
            }
            let events = taken(&stretch.events);
            let last = stretch.events.get(events.len().saturating_sub(1));
            if let Some(last) = last {
                subscription.advance(last.event().replay_id);
            }
            self.respond(events).await?;
        }
        Ok(())
    }

    async fn respond(&mut self, events: Vec<Bytes>) -> Result<(), End> {
        let count = u32::try_from(events.len()).unwrap_or(u32::MAX);
        self.fetch.responded(self.state.engine.clock().now(), count);
        let reached = self
            .subscription
            .as_ref()
            .map_or(ReplayId::ORIGIN, Subscription::cursor);
        let response = FetchResponse {
            events,
            latest_replay_id: replay::render(reached),
            rpc_id: self.call.rpc_id.clone(),
            pending_num_requested: i32::try_from(self.fetch.credit()).unwrap_or(i32::MAX),
        };
        self.answers.send(Ok(response)).await.map_err(|_| End::Done)
    }

    async fn due(&mut self) -> Result<(), End> {
        // A stream that is open is in use.
        self.state.auth.keep_alive(&self.login)?;
        match self.fetch.due(self.state.engine.clock().now()) {
            Some(Due::Keepalive) => self.respond(Vec::new()).await,
            Some(Due::Close) => Err(Fault::StreamIdle.into()),
            None => Ok(()),
        }
    }
}

/// The events as response fields, as many as one response may hold: one at least.
fn taken(events: &[Arc<LogEvent>]) -> Vec<Bytes> {
    let mut bytes = 0;
    let mut taken = Vec::with_capacity(events.len());
    for event in events {
        let field = event.rendition(Rendition::PubSub, rendered);
        bytes += field.len();
        if bytes > RESPONSE_BYTES_MAX && !taken.is_empty() {
            break;
        }
        taken.push(field.clone());
    }
    taken
}

fn rendered(event: &Event) -> Bytes {
    event_field(
        event.uuid.to_string(),
        event.schema.to_string(),
        event.payload.clone(),
        replay::render(event.replay_id),
    )
}
