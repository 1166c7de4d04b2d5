//! A subscription at an org that fails now and then, played by a server of the same definition.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tonic::Response;

use super::*;
use crate::login::AccessToken;
use crate::proto::pub_sub_server::{PubSub as Service, PubSubServer};
use crate::proto::{ManagedFetchRequest, ManagedFetchResponse, SchemaInfo, TopicInfo};

const TOPIC: &str = "/event/Order__e";

const SCHEMA: &str = r#"{"type":"record","name":"Order__e","namespace":"com.sforce.eventbus",
    "fields":[{"name":"CreatedDate","type":"long"},{"name":"CreatedById","type":"string"}]}"#;

/// An event of that schema: a number and an empty text.
const PAYLOAD: &[u8] = &[2, 0];

/// Delivers two events in one answer and then a keepalive, and refuses a schema at first.
#[derive(Clone, Default)]
struct Played {
    refused: Arc<AtomicBool>,
    asked: Arc<Mutex<Vec<FetchRequest>>>,
}

/// A position whose last two bytes are not zero.
fn position(number: u8) -> Bytes {
    vec![0, 0, 0, 0, 0, 0, 0, number, 7, 9].into()
}

fn delivered(number: u8) -> ConsumerEvent {
    ConsumerEvent {
        event: Some(ProducerEvent {
            schema_id: "S".to_owned(),
            payload: PAYLOAD.into(),
            ..ProducerEvent::default()
        }),
        replay_id: position(number),
    }
}

#[tonic::async_trait]
impl Service for Played {
    type SubscribeStream = ReceiverStream<Result<FetchResponse, Status>>;
    type PublishStreamStream = ReceiverStream<Result<PublishResponse, Status>>;
    type ManagedSubscribeStream = ReceiverStream<Result<ManagedFetchResponse, Status>>;

    async fn subscribe(
        &self,
        request: Request<Streaming<FetchRequest>>,
    ) -> Result<Response<Self::SubscribeStream>, Status> {
        let asked = request.into_inner().message().await?;
        self.asked.lock().expect("no panic").extend(asked);
        let (send, sent) = mpsc::channel(2);
        for (events, latest) in [(vec![delivered(1), delivered(2)], 2), (Vec::new(), 5)] {
            let answer = FetchResponse {
                events,
                latest_replay_id: position(latest),
                pending_num_requested: CREDIT,
                ..FetchResponse::default()
            };
            send.send(Ok(answer)).await.expect("there is room");
        }
        Ok(Response::new(ReceiverStream::new(sent)))
    }

    async fn get_schema(&self, _: Request<SchemaRequest>) -> Result<Response<SchemaInfo>, Status> {
        if self.refused.swap(true, Ordering::Relaxed) {
            return Ok(Response::new(SchemaInfo {
                schema_json: SCHEMA.to_owned(),
                ..SchemaInfo::default()
            }));
        }
        Err(Status::unavailable("not now"))
    }

    async fn get_topic(&self, _: Request<TopicRequest>) -> Result<Response<TopicInfo>, Status> {
        Err(Status::unimplemented("not played"))
    }

    async fn publish(
        &self,
        _: Request<PublishRequest>,
    ) -> Result<Response<PublishResponse>, Status> {
        Err(Status::unimplemented("not played"))
    }

    async fn publish_stream(
        &self,
        _: Request<Streaming<PublishRequest>>,
    ) -> Result<Response<Self::PublishStreamStream>, Status> {
        Err(Status::unimplemented("not played"))
    }

    async fn managed_subscribe(
        &self,
        _: Request<Streaming<ManagedFetchRequest>>,
    ) -> Result<Response<Self::ManagedSubscribeStream>, Status> {
        Err(Status::unimplemented("not played"))
    }
}

/// A connection to the played org.
async fn connect(played: &Played) -> PubSub {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let service = TowerToHyperService::new(PubSubServer::new(played.clone()));
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a connection");
        let serving = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
            .serve_connection(TokioIo::new(stream), service);
        // It ends with the test.
        let _ = serving.await;
    });
    let target = format!("http://{address}").parse().expect("an address");
    let token = AccessToken::new("00D000000000001!token".to_owned());
    let org = Org::with_token(target, &Trust::nobody(), token).expect("a client");
    PubSub::connect(&org, &Trust::nobody())
        .await
        .expect("connects")
}

#[tokio::test]
async fn an_answer_whose_schema_cannot_be_fetched_is_not_lost() {
    let played = Played::default();
    let api = connect(&played).await;
    let mut subscription = api
        .subscribe(TOPIC, Replay::Earliest)
        .await
        .expect("begins");
    let refused = subscription.next().await;
    assert!(matches!(refused, Err(Error::Rpc { .. })), "{refused:?}");
    assert_eq!(subscription.position(), None);
    for number in [1, 2] {
        let event = subscription.next().await.expect("read").expect("an event");
        assert_eq!(event.replay_id, Some(number));
    }
}

#[tokio::test]
async fn the_position_is_that_of_the_event_before_the_one_at_work() {
    let played = Played::default();
    played.refused.store(true, Ordering::Relaxed);
    let api = connect(&played).await;
    let mut subscription = api
        .subscribe(TOPIC, streaming_replay(7))
        .await
        .expect("begins");
    let at = |subscription: &Subscription| {
        let position = subscription.position().expect("a position");
        position.as_bytes().to_vec()
    };
    assert_eq!(at(&subscription), [0, 0, 0, 0, 0, 0, 0, 7, 0, 0]);
    subscription.next().await.expect("read").expect("an event");
    assert_eq!(at(&subscription), [0, 0, 0, 0, 0, 0, 0, 7, 0, 0]);
    subscription.next().await.expect("read").expect("an event");
    assert_eq!(at(&subscription), position(1));
    assert_eq!(subscription.next().await.expect("read"), None);
    assert_eq!(at(&subscription), position(5));
}

const fn streaming_replay(id: i64) -> crate::streaming::Replay {
    crate::streaming::Replay::After(id)
}

#[tokio::test]
async fn a_position_goes_back_as_it_came() {
    let played = Played::default();
    played.refused.store(true, Ordering::Relaxed);
    let api = connect(&played).await;
    let mut subscription = api
        .clone()
        .subscribe(TOPIC, Replay::Earliest)
        .await
        .expect("begins");
    while subscription.next().await.expect("read").is_some() {}
    let reached = subscription.position().cloned().expect("a position");
    assert_eq!(reached.replay_id(), Some(5));
    let mut again = api
        .subscribe(TOPIC, Replay::After(reached))
        .await
        .expect("begins");
    again.next().await.expect("read");
    let asked = played.asked.lock().expect("no panic");
    let last = asked.last().expect("a request");
    assert_eq!(last.replay_id, position(5));
    assert_eq!(last.replay_preset, i32::from(ReplayPreset::Custom));
}
