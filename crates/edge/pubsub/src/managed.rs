//! One `ManagedSubscribe` stream: the service keeps the position that the client commits.
//!
//! Source: "`ManagedSubscribe` RPC Method" (Pub/Sub API Developer Guide), in open beta.

use std::sync::Arc;

use landfall_auth::Login;
use landfall_engine::{Definitions, Managed, ReplayFrom};
use landfall_model::{
    Fault, ManagedFault, PubSubFault, RecordId, ReplayId, ReplayPreset, ServiceFault, Timestamp,
};
use tokio::sync::{mpsc, watch};
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};
use tracing::error;

use crate::call::Call;
use crate::fetch_response::ManagedFetchResponse;
use crate::proto::{
    CommitReplayRequest, CommitReplayResponse, Error, ErrorCode, ManagedFetchRequest,
};
use crate::slot::Slot;
use crate::stream::{End, EventStream, Wake};
use crate::{PubsubState, replay, service};

/// Milliseconds without a commit after which a stream ends. Source: logs in a published client issue.
const COMMIT_WAIT_MS: i64 = 1_800_000;

/// Starts the stream; its answers come as they are asked for.
pub(crate) fn open(
    state: PubsubState,
    call: Call,
    login: Arc<Login>,
    requests: Streaming<ManagedFetchRequest>,
) -> impl Stream<Item = Result<ManagedFetchResponse, Status>> {
    let (answers, answered) = mpsc::channel(1);
    let run = Run {
        open: None,
        stream: EventStream::new(state, call, login, answers),
    };
    tokio::spawn(run.serve(requests));
    ReceiverStream::new(answered)
}

struct Run {
    /// None before the first request.
    open: Option<Open>,
    stream: EventStream<ManagedFetchResponse>,
}

/// The subscription of a stream.
struct Open {
    managed: Arc<Managed>,
    _slot: Slot,
    /// Where the stream started.
    started: ReplayId,
    committed: Option<ReplayId>,
    /// When the stream ends unless a commit is asked for before.
    commit_due: Timestamp,
}

impl Run {
    async fn serve(mut self, mut requests: Streaming<ManagedFetchRequest>) {
        let end = match self.run(&mut requests).await {
            Ok(()) => End::Done,
            Err(end) => end,
        };
        // A client that learns of the end can subscribe again.
        self.open = None;
        self.stream.finish(end).await;
    }

    async fn run(&mut self, requests: &mut Streaming<ManagedFetchRequest>) -> Result<(), End> {
        loop {
            self.stream.deliver().await?;
            let commit_due = self.open.as_ref().map(|open| open.commit_due);
            match self.stream.next(requests, commit_due).await? {
                Wake::Request(request) => self.request(request).await?,
                Wake::Moved => {}
                Wake::Due(_) if commit_due.is_some_and(|due| due <= self.stream.now()) => {
                    return Err(Fault::Managed(ManagedFault::CommitMissing).into());
                }
                Wake::Due(_work) => self.stream.keep_alive()?,
            }
        }
    }

    async fn request(&mut self, request: ManagedFetchRequest) -> Result<(), End> {
        let mut refreshed = false;
        match &self.open {
            None => {
                self.start(&request).await?;
                self.stream.rehearse()?;
            }
            Some(open) => {
                if !names(&request, &open.managed) {
                    return Err(Fault::Managed(ManagedFault::Changed).into());
                }
                if !request.auth_refresh.is_empty() {
                    self.stream.renew_login(&request.auth_refresh)?;
                    refreshed = true;
                }
            }
        }
        let now = self.stream.now();
        match request.num_requested {
            ..0 => return Err(Fault::Managed(ManagedFault::FetchCountInvalid).into()),
            0 if request.commit_replay_id_request.is_none() && !refreshed => {
                return Err(Fault::Managed(ManagedFault::FetchEmpty).into());
            }
            0 => {}
            count => self.stream.request(count)?,
        }
        match request.commit_replay_id_request {
            Some(commit) => self.commit(commit, now).await,
            None => Ok(()),
        }
    }

    async fn start(&mut self, request: &ManagedFetchRequest) -> Result<(), Fault> {
        if request.commit_replay_id_request.is_some() {
            return Err(Fault::Managed(ManagedFault::CommitEarly));
        }
        if !request.auth_refresh.is_empty() {
            return Err(Fault::Managed(ManagedFault::RefreshEarly));
        }
        let stream = &mut self.stream;
        let managed = requested(&stream.state, request)?;
        let subscription = &managed.subscription;
        if !subscription.runs {
            return Err(Fault::Managed(ManagedFault::Stopped));
        }
        let topic = subscription.topic_name.as_str();
        let topics = service::topics(&stream.state, &stream.login, topic)?;
        let slot = stream.state.slots.take(managed.id);
        let slot = slot.ok_or(Fault::Managed(ManagedFault::Active))?;
        let committed = stream.state.engine.kept_position(managed.id).await;
        let mut committed = committed.map_err(landfall_engine::Error::fault)?;
        let preset =
            committed.map_or_else(|| preset(subscription.default_replay), ReplayPreset::Custom);
        if stream.start(topic, topics.clone(), preset).await.is_err() {
            committed = None;
            let preset = self::preset(subscription.error_recovery_replay);
            stream.start(topic, topics, preset).await?;
        }
        let deployments = stream.state.engine.deployments();
        stream.close_on(stopped(deployments, Arc::clone(&managed)));
        self.open = Some(Open {
            _slot: slot,
            started: stream.reached().unwrap_or(ReplayId::ORIGIN),
            committed,
            commit_due: stream.now().plus_millis(COMMIT_WAIT_MS),
            managed,
        });
        Ok(())
    }

    /// Commits a position and returns the outcome: the stream goes on either way.
    async fn commit(&mut self, commit: CommitReplayRequest, now: Timestamp) -> Result<(), End> {
        if let Some(open) = &self.open {
            let definitions = self.stream.state.engine.definitions();
            check_runs(&definitions, &open.managed)?;
        }
        let committed = self.committed(&commit.replay_id, now).await;
        let response = CommitReplayResponse {
            commit_request_id: commit.commit_request_id,
            replay_id: commit.replay_id,
            error: committed.err().map(|reason| Error {
                code: ErrorCode::Commit.into(),
                msg: reason.to_owned(),
            }),
            process_time: now.as_millis(),
        };
        let response = ManagedFetchResponse {
            fetched: self.stream.empty_response(),
            commit_response: Some(response),
        };
        self.stream.send(response).await
    }

    /// # Errors
    /// Why the position was not committed.
    async fn committed(&mut self, position: &[u8], now: Timestamp) -> Result<(), &'static str> {
        let Some(open) = &mut self.open else {
            return Err(NOT_COMMITTED);
        };
        open.commit_due = now.plus_millis(COMMIT_WAIT_MS);
        let position = replay::parse(position).map_err(|fault| match fault {
            PubSubFault::ReplayIdMissing => "The Replay ID to commit is missing.",
            _ => "The Replay ID to commit is not valid.",
        })?;
        if open.committed == Some(position) {
            return Ok(());
        }
        if open.committed.is_some_and(|committed| position < committed) {
            return Err("The Replay ID to commit is older than the committed Replay ID.");
        }
        // The position that the client has is the one that the stream has reached: nothing waits between the two.
        let delivered = self.stream.reached().unwrap_or(ReplayId::ORIGIN);
        if position < open.started || position > delivered {
            return Err("The Replay ID to commit has not been delivered to this client.");
        }
        let earliest = self.stream.state.engine.log().bounds().earliest;
        if earliest.is_some_and(|earliest| position.advanced_by(1) < earliest) {
            return Err("The Replay ID to commit is no longer retained.");
        }
        let engine = &self.stream.state.engine;
        let kept = engine.keep_position(open.managed.id, position).await;
        kept.map_err(|failure| {
            error!(error = %failure, "a position cannot be committed");
            NOT_COMMITTED
        })?;
        open.committed = Some(position);
        Ok(())
    }
}

const NOT_COMMITTED: &str = "The Replay ID could not be committed.";

const fn preset(from: ReplayFrom) -> ReplayPreset {
    match from {
        ReplayFrom::Latest => ReplayPreset::Latest,
        ReplayFrom::Earliest => ReplayPreset::Earliest,
    }
}

/// Whether a stream may still use the subscription that it has opened.
fn check_runs(definitions: &Definitions, opened: &Managed) -> Result<(), Fault> {
    let mut all = definitions.managed().iter();
    match all.find(|managed| managed.id == opened.id) {
        None => Err(Fault::Managed(ManagedFault::Deleted)),
        Some(now) if now.stops != opened.stops => Err(Fault::Managed(ManagedFault::Stopped)),
        Some(_) => Ok(()),
    }
}

/// Ends when the stream that has opened a subscription may no longer use it.
async fn stopped(
    mut deployments: watch::Receiver<Arc<Definitions>>,
    opened: Arc<Managed>,
) -> Fault {
    loop {
        let definitions = Arc::clone(&deployments.borrow_and_update());
        if let Err(fault) = check_runs(&definitions, &opened) {
            return fault;
        }
        if deployments.changed().await.is_err() {
            return Fault::Service(ServiceFault::StoreUnavailable);
        }
    }
}

/// The subscription that the first request names, by id or by name.
fn requested(state: &PubsubState, request: &ManagedFetchRequest) -> Result<Arc<Managed>, Fault> {
    let definitions = state.engine.definitions();
    let mut all = definitions.managed().iter();
    let (id, name) = (&*request.subscription_id, &*request.developer_name);
    let (found, unknown) = match (id, name) {
        ("", "") => return Err(Fault::Managed(ManagedFault::NameMissing)),
        (id, "") => {
            let id = RecordId::parse(id).map_err(|_| Fault::Managed(ManagedFault::IdInvalid))?;
            let found = all.find(|managed| managed.id == id);
            (found, Fault::Managed(ManagedFault::IdUnknown))
        }
        ("", name) => {
            let found = all.find(|managed| managed.subscription.developer_name == name);
            (found, Fault::Managed(ManagedFault::NameUnknown))
        }
        (_, _) => return Err(Fault::Managed(ManagedFault::NameMissing)),
    };
    found.cloned().ok_or(unknown)
}

/// Whether a later request names no other subscription.
fn names(request: &ManagedFetchRequest, managed: &Managed) -> bool {
    let (id, name) = (&request.subscription_id, &request.developer_name);
    (id.is_empty() || RecordId::parse(id) == Ok(managed.id))
        && (name.is_empty() || *name == managed.subscription.developer_name)
}
