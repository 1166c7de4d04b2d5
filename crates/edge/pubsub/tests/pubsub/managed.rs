//! Subscriptions whose position the service keeps.

use landfall_engine::{ManagedChange, ManagedValues, ReplayFrom};
use landfall_metadata::Component;
use landfall_model::{RecordId, Topic};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status, Streaming};

use crate::org::{LOW_INK, Org, assert_refused, number, settle};
use crate::project;
use crate::proto::{
    CommitReplayRequest, CommitReplayResponse, ErrorCode, ManagedFetchRequest, ManagedFetchResponse,
};

const NAME: &str = "Ink_Watch";

/// A project with one subscription.
fn deployed(more: &str) -> Vec<Component> {
    let subscription = Component {
        path: format!("managedEventSubscriptions/{NAME}.managedEventSubscription-meta.xml"),
        content: format!(
            "<ManagedEventSubscription xmlns=\"http://soap.sforce.com/2006/04/metadata\"><label>Ink</label>\
             <topicName>{LOW_INK}</topicName>{more}</ManagedEventSubscription>"
        ),
    };
    vec![project::low_ink(""), subscription]
}

async fn org(more: &str) -> Org {
    let org = Org::capturing(true).await;
    org.deploy(deployed(more)).await;
    org
}

struct Managed {
    requests: mpsc::Sender<ManagedFetchRequest>,
    answers: Streaming<ManagedFetchResponse>,
}

impl Managed {
    async fn open(org: &Org, first: ManagedFetchRequest) -> Self {
        let (requests, sent) = mpsc::channel(16);
        let request = org.request(ReceiverStream::new(sent));
        let answers = org.client().managed_subscribe(request).await;
        requests.send(first).await.expect("it is open");
        settle().await;
        Self {
            requests,
            answers: answers.expect("headers").into_inner(),
        }
    }

    /// A stream that has started: it answers.
    async fn started(org: &Org, count: i32) -> Self {
        let mut stream = Self::open(org, by_name(count)).await;
        stream.refused_commit(&[]).await;
        stream
    }

    async fn next(&mut self) -> ManagedFetchResponse {
        let answer = self.answers.message().await.expect("no error");
        answer.expect("the stream goes on")
    }

    async fn refusal(&mut self) -> Status {
        self.answers.message().await.expect_err("it is refused")
    }

    /// Positions of the next events, `count` of them.
    async fn events(&mut self, count: usize) -> Vec<Vec<u8>> {
        let mut positions = Vec::new();
        while positions.len() < count {
            let answer = self.next().await;
            positions.extend(answer.events.into_iter().map(|event| event.replay_id));
        }
        positions
    }

    async fn send(&self, request: ManagedFetchRequest) {
        self.requests.send(request).await.expect("it is open");
    }

    async fn commit(&mut self, position: &[u8]) -> (ManagedFetchResponse, CommitReplayResponse) {
        self.send(ManagedFetchRequest {
            commit_replay_id_request: Some(CommitReplayRequest {
                commit_request_id: "c-1".to_owned(),
                replay_id: position.to_vec(),
            }),
            ..Default::default()
        })
        .await;
        let answer = self.next().await;
        let response = answer.commit_response.clone().expect("an answer to it");
        assert_eq!(response.commit_request_id, "c-1");
        assert_eq!(response.replay_id, position);
        (answer, response)
    }

    async fn committed(&mut self, position: &[u8]) -> ManagedFetchResponse {
        let (answer, response) = self.commit(position).await;
        assert_eq!(response.error, None);
        answer
    }

    async fn refused_commit(&mut self, position: &[u8]) {
        let (_, response) = self.commit(position).await;
        let error = response.error.expect("it is refused");
        assert_eq!(error.code, i32::from(ErrorCode::Commit));
    }
}

fn by_name(count: i32) -> ManagedFetchRequest {
    ManagedFetchRequest {
        developer_name: NAME.to_owned(),
        num_requested: count,
        ..Default::default()
    }
}

fn id(org: &Org) -> String {
    let definitions = org.engine.definitions();
    definitions.managed().first().expect("one").id.to_string()
}

async fn published(org: &Org, count: usize) {
    let events = (0..count).map(|_| org.low_ink("", "A")).collect();
    org.publish(LOW_INK, events).await.expect("published");
}

fn code(suffix: &str) -> String {
    format!("managed.subscription.{suffix}")
}

async fn assert_first(org: &Org, first: ManagedFetchRequest, status: Code, suffix: &str) {
    let mut stream = Managed::open(org, first).await;
    let refusal = stream.refusal().await;
    assert_refused(&refusal, status, &code(suffix), "ManagedSubscribe");
}

// P48
#[tokio::test]
async fn a_subscription_goes_on_after_what_was_committed() {
    let org = org("").await;
    let mut stream = Managed::started(&org, 10).await;
    published(&org, 3).await;
    let positions = stream.events(3).await;
    let answer = stream.committed(&positions[1]).await;
    let response = answer.commit_response.expect("an answer");
    assert_eq!(response.process_time, 1_700_000_000_123);
    assert_eq!(answer.events, []);
    assert_eq!(answer.pending_num_requested, 7);
    assert_eq!(answer.latest_replay_id, positions[2]);
    drop(stream);
    settle().await;
    let org = org.restarted().await;
    // Also by the short form of the id, which has outlived the restart.
    let mut again = ManagedFetchRequest {
        subscription_id: id(&org),
        num_requested: 1,
        ..Default::default()
    };
    assert!(again.subscription_id.starts_with("18x"));
    again.subscription_id.truncate(15);
    let mut stream = Managed::open(&org, again).await;
    assert_eq!(stream.events(1).await, [positions[2].clone()]);
}

// P49
#[tokio::test]
async fn one_client_at_a_time_uses_a_subscription() {
    let org = org("").await;
    let first = Managed::started(&org, 1).await;
    assert_first(&org, by_name(1), Code::AlreadyExists, "already.active").await;
    drop(first);
    settle().await;
    let mut second = Managed::started(&org, 1).await;
    published(&org, 1).await;
    assert_eq!(second.events(1).await.len(), 1);
}

// P50
#[tokio::test]
async fn a_failed_commit_is_reported_and_the_stream_continues() {
    let org = org("").await;
    let mut stream = Managed::started(&org, 2).await;
    published(&org, 3).await;
    let positions = stream.events(2).await;
    let undelivered = (number(&positions[1]) + 1).to_be_bytes();
    stream.refused_commit(&undelivered).await;
    stream.refused_commit(&[]).await;
    stream.refused_commit(&[1, 2, 3]).await;
    stream.refused_commit(&[0; 8]).await;
    // Clients: the npm client sends 8 bytes.
    stream.committed(&positions[1][..8]).await;
    stream.committed(&positions[1]).await;
    stream.refused_commit(&positions[0]).await;
    stream.send(by_name(1)).await;
    assert_eq!(stream.events(1).await.len(), 1);
}

#[tokio::test]
async fn a_first_request_has_to_name_one_subscription_and_nothing_more() {
    let org = org("").await;
    let invalid = Code::InvalidArgument;
    let commit = ManagedFetchRequest {
        commit_replay_id_request: Some(CommitReplayRequest::default()),
        ..by_name(1)
    };
    assert_first(
        &org,
        commit,
        invalid,
        "fetch.request.commit.request.restricted",
    )
    .await;
    let refresh = ManagedFetchRequest {
        auth_refresh: org.token.clone(),
        ..by_name(1)
    };
    assert_first(
        &org,
        refresh,
        invalid,
        "fetch.request.auth.request.restricted",
    )
    .await;
    let of = |id: &str, name: &str| ManagedFetchRequest {
        subscription_id: id.to_owned(),
        developer_name: name.to_owned(),
        num_requested: 1,
        ..Default::default()
    };
    let nobody = "18x5f0000000999AAA";
    for (first, status, suffix) in [
        (of("", ""), invalid, "id.or.developer.name.empty"),
        (of(&id(&org), NAME), invalid, "id.or.developer.name.empty"),
        (of("18x", ""), invalid, "subscription.id.invalid"),
        (
            of(&nobody[..15], ""),
            Code::NotFound,
            "subscription.id.not.found",
        ),
        (of("", "Nobody"), Code::NotFound, "developer.name.not.found"),
        (by_name(-1), invalid, "fetch.request.events.invalid"),
        (by_name(0), invalid, "fetch.request.invalid"),
    ] {
        assert_first(&org, first, status, suffix).await;
    }
}

#[tokio::test]
async fn a_later_request_names_no_other_subscription() {
    let org = org("").await;
    let mut stream = Managed::started(&org, 1).await;
    stream
        .send(ManagedFetchRequest {
            subscription_id: id(&org),
            ..by_name(1)
        })
        .await;
    stream
        .send(ManagedFetchRequest {
            developer_name: "Another".to_owned(),
            num_requested: 1,
            ..Default::default()
        })
        .await;
    let refusal = stream.refusal().await;
    let suffix = code("fetch.request.invalid");
    assert_refused(&refusal, Code::InvalidArgument, &suffix, "ManagedSubscribe");
}

// P51
#[tokio::test]
async fn a_subscription_that_is_stopped_forgets_its_position() {
    let run = "<defaultReplay>EARLIEST</defaultReplay>";
    let stop = "<defaultReplay>EARLIEST</defaultReplay><state>STOP</state>";
    let org = org(run).await;
    published(&org, 2).await;
    let mut stream = Managed::open(&org, by_name(10)).await;
    let positions = stream.events(2).await;
    stream.committed(&positions[1]).await;
    let before = id(&org);
    org.deploy(deployed(stop)).await;
    let refusal = stream.refusal().await;
    let (status, suffix) = (Code::FailedPrecondition, "config.stopped");
    assert_refused(&refusal, status, &code(suffix), "ManagedSubscribe");
    assert_first(&org, by_name(1), status, suffix).await;
    org.deploy(deployed(run)).await;
    assert_eq!(id(&org), before);
    let mut stream = Managed::open(&org, by_name(10)).await;
    assert_eq!(stream.events(2).await, positions);
}

#[tokio::test]
async fn a_subscription_that_is_deleted_ends_its_stream_and_comes_back_as_another() {
    let org = org("").await;
    let mut stream = Managed::started(&org, 1).await;
    let before = id(&org);
    org.deploy(vec![project::low_ink("")]).await;
    let refusal = stream.refusal().await;
    let suffix = code("config.deleted");
    assert_refused(&refusal, Code::NotFound, &suffix, "ManagedSubscribe");
    org.deploy(deployed("")).await;
    assert_ne!(id(&org), before);
}

/// A subscription that no project has, made, changed and deleted one by one.
async fn manage(org: &Org, change: ManagedChange) -> RecordId {
    let made = org
        .engine
        .amending()
        .await
        .manage(change, RecordId::EMPTY)
        .await;
    made.expect("it is allowed")
}

fn state(id: RecordId, runs: bool) -> ManagedChange {
    ManagedChange::Update {
        id,
        developer_name: None,
        values: ManagedValues {
            runs: Some(runs),
            ..Default::default()
        },
    }
}

fn made() -> ManagedChange {
    ManagedChange::Create {
        developer_name: NAME.to_owned(),
        values: ManagedValues {
            topic_name: Some(Topic::new(LOW_INK)),
            default_replay: Some(ReplayFrom::Earliest),
            ..Default::default()
        },
    }
}

// P51
#[tokio::test]
async fn a_subscription_that_was_made_without_a_project_is_kept_stopped_and_deleted() {
    let org = Org::capturing(true).await;
    org.deploy(vec![project::low_ink("")]).await;
    let id = manage(&org, made()).await;
    published(&org, 2).await;
    let mut stream = Managed::open(&org, by_name(10)).await;
    let positions = stream.events(2).await;
    stream.committed(&positions[0]).await;
    drop(stream);
    settle().await;
    let org = org.restarted().await;
    let mut stream = Managed::open(&org, by_name(10)).await;
    assert_eq!(stream.events(1).await, positions[1..]);
    manage(&org, state(id, false)).await;
    let refusal = stream.refusal().await;
    let (status, suffix) = (Code::FailedPrecondition, code("config.stopped"));
    assert_refused(&refusal, status, &suffix, "ManagedSubscribe");
    let org = org.restarted().await;
    assert_first(&org, by_name(1), status, "config.stopped").await;
    manage(&org, state(id, true)).await;
    let mut stream = Managed::open(&org, by_name(10)).await;
    assert_eq!(stream.events(2).await, positions);
    stream.committed(&positions[1]).await;
    manage(&org, ManagedChange::Delete { id }).await;
    let (status, suffix) = (Code::NotFound, code("config.deleted"));
    let refusal = stream.refusal().await;
    assert_refused(&refusal, status, &suffix, "ManagedSubscribe");
    assert_first(&org, by_name(1), status, "developer.name.not.found").await;
    let again = manage(&org, made()).await;
    assert_ne!(again, id);
    let mut stream = Managed::open(&org, by_name(10)).await;
    assert_eq!(stream.events(2).await, positions);
}

#[tokio::test]
async fn a_slow_reader_does_not_block_a_stopped_subscription() {
    let org = Org::capturing(true).await;
    org.deploy(vec![project::low_ink("")]).await;
    let id = manage(&org, made()).await;
    let mut idle = Managed::open(&org, by_name(100)).await;
    let model = "m".repeat(900_000);
    for _ in 0..6 {
        let events = vec![org.low_ink("", &model), org.low_ink("", &model)];
        org.publish(LOW_INK, events).await.expect("published");
    }
    settle().await;
    manage(&org, state(id, false)).await;
    manage(&org, state(id, true)).await;
    settle().await;
    let mut other = Managed::open(&org, by_name(1)).await;
    assert_eq!(other.events(1).await.len(), 1);
    let refusal = loop {
        match idle.answers.message().await {
            Ok(answer) => assert!(answer.is_some(), "it is told why it ends"),
            Err(refusal) => break refusal,
        }
    };
    let suffix = code("config.stopped");
    assert_refused(
        &refusal,
        Code::FailedPrecondition,
        &suffix,
        "ManagedSubscribe",
    );
}

#[tokio::test]
async fn a_position_that_is_no_longer_retained_is_left_for_the_start_that_was_chosen() {
    let org = org("<errorRecoveryReplay>EARLIEST</errorRecoveryReplay>").await;
    let mut stream = Managed::started(&org, 10).await;
    published(&org, 1).await;
    let positions = stream.events(1).await;
    stream.committed(&positions[0]).await;
    drop(stream);
    published(&org, 2).await;
    org.advance(80 * 3_600).await;
    let token = org.log_in().await;
    published_as(&org, &token).await;
    org.engine.trim().await.expect("trimmed");
    let (requests, sent) = mpsc::channel(1);
    requests.send(by_name(10)).await.expect("it is open");
    let request = org.request_as(&token, ReceiverStream::new(sent));
    let answers = org.client().managed_subscribe(request).await;
    let answers = answers.expect("headers").into_inner();
    let mut stream = Managed { requests, answers };
    let events = stream.events(1).await;
    assert_eq!(number(&events[0]), number(&positions[0]) + 3);
}

async fn published_as(org: &Org, token: &str) {
    let request = crate::proto::PublishRequest {
        topic_name: LOW_INK.to_owned(),
        events: vec![org.low_ink("", "A")],
        ..Default::default()
    };
    let request = org.request_as(token, request);
    org.client().publish(request).await.expect("published");
}

// P52
#[tokio::test]
async fn a_stream_on_which_nothing_is_committed_ends_after_half_an_hour() {
    let org = org("").await;
    let mut stream = Managed::started(&org, 10).await;
    published(&org, 1).await;
    let positions = stream.events(1).await;
    org.advance(1_000).await;
    assert_eq!(stream.next().await.pending_num_requested, 9);
    stream.committed(&positions[0]).await;
    org.advance(1_799).await;
    let keepalive = stream.next().await;
    assert_eq!(
        (keepalive.events.len(), keepalive.commit_response),
        (0, None)
    );
    org.advance(1).await;
    let refusal = stream.refusal().await;
    assert_eq!(refusal.code(), Code::DeadlineExceeded);
    let text =
        "No CommitReplayRequests sent in the last 1800 seconds. Closing managed subscription.";
    assert!(refusal.message().starts_with(text), "{refusal:?}");
}

// P19, P20
#[tokio::test]
async fn keepalives_and_silence_are_as_on_any_subscription() {
    let org = org("").await;
    let mut stream = Managed::started(&org, 1).await;
    org.advance(60).await;
    let keepalive = stream.next().await;
    assert_eq!(keepalive.pending_num_requested, 1);
    // The position in a keepalive can be committed.
    stream.committed(&keepalive.latest_replay_id).await;
    published(&org, 1).await;
    assert_eq!(stream.next().await.pending_num_requested, 0);
    org.advance(60).await;
    assert_eq!(stream.refusal().await.code(), Code::DeadlineExceeded);
}
