//! The Pub/Sub API: gRPC and Avro, at `/eventbus.v1.PubSub/`.
//!
//! Sends the stored bytes of events as they are. The delivery machine of `landfall-subscription` decides what is sent and
//! when; this crate parses calls and renders answers.
//! Start reading at `service` (the calls), then `stream` (what delivers events).

mod call;
mod codec;
mod content_type;
mod describe;
mod fetch_response;
mod frame;
mod managed;
mod positions;
mod publish;
mod reflection;
mod replay;
mod reset;
mod service;
mod slot;
mod stream;
mod subscribe;
mod too_long;

/// Messages and service, as generated from `proto/pubsub_api.proto`.
#[allow(
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    clippy::pedantic,
    clippy::or_fun_call,
    clippy::use_self,
    clippy::allow_attributes_without_reason,
    reason = "generated code"
)]
pub mod proto {
    tonic::include_proto!("eventbus.v1");
}

use axum::Router;
use landfall_auth::Auth;
use landfall_engine::{Engine, Subscriber};
use landfall_model::limits::{PUBLISH_IDLE_SECONDS, PUBSUB_REQUEST_BYTES_MAX};
use tokio::sync::watch;
use tonic::codec::CompressionEncoding;
use tonic::service::Routes;

pub use codec::{MessageCodec, MessageEncoder};
pub use content_type::{ended_call, refused_call, unknown_call};
pub use describe::{described, described_answer};
pub use fetch_response::{FetchResponse, ManagedFetchResponse};
pub use landfall_subscription::Timings;
pub use reflection::{ReflectionError, reflection};

use positions::Positions;
use proto::pub_sub_server::PubSubServer;
use slot::Slots;

/// How the Pub/Sub API behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The timeouts of subscriptions.
    pub timings: Timings,
    /// Milliseconds without a request after which a `PublishStream` ends.
    ///
    /// Source: the comment of `PublishStream` in `pubsub_api.proto` (forcedotcom/pub-sub-api) for the default. The error table
    /// of "Handle Errors" (Pub/Sub API Developer Guide) says 1,800 s.
    pub publish_idle_ms: i64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            timings: Timings::default(),
            publish_idle_ms: i64::from(PUBLISH_IDLE_SECONDS) * 1_000,
        }
    }
}

/// What the Pub/Sub API works with.
#[derive(Clone)]
pub struct PubsubState {
    pub(crate) engine: Engine,
    pub(crate) auth: Auth,
    pub(crate) settings: Settings,
    pub(crate) slots: Slots,
    pub(crate) positions: Positions,
    pub(crate) stopping: watch::Receiver<bool>,
}

impl PubsubState {
    /// A Pub/Sub API. Streams end when `stopping` turns true.
    pub fn new(
        engine: Engine,
        auth: Auth,
        settings: Settings,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        Self {
            engine,
            auth,
            settings,
            slots: Slots::default(),
            positions: Positions::default(),
            stopping,
        }
    }

    /// The streams that have subscribed.
    pub fn subscribers(&self) -> Vec<Subscriber> {
        self.positions.subscribers()
    }

    /// Ends a stream, as if the server went away. False if there is none with this id.
    pub fn end(&self, id: &str) -> bool {
        self.positions.end(id)
    }
}

/// Whether a path is that of a call which changes nothing, and which any node of a cluster can answer.
pub fn is_read(path: &str) -> bool {
    let call = path.strip_prefix("/eventbus.v1.PubSub/");
    call.is_some_and(|call| READS.contains(&call))
}

/// The calls that change nothing.
const READS: [&str; 3] = ["GetSchema", "GetTopic", "Subscribe"];

/// The routes of the Pub/Sub API.
pub fn router(state: PubsubState) -> Router {
    let service = PubSubServer::new(service::Service(state))
        .accept_compressed(CompressionEncoding::Gzip)
        .max_decoding_message_size(PUBSUB_REQUEST_BYTES_MAX);
    Routes::new(service)
        .into_axum_router()
        .layer(axum::middleware::map_response(reset::resettable))
        .layer(axum::middleware::map_response(too_long::as_documented))
        .layer(axum::middleware::from_fn(content_type::checked))
}

/// Ends when the server goes away.
pub(crate) async fn stopped(mut stopping: watch::Receiver<bool>) {
    // An error means that the sender is gone: that is the end as well.
    let _ = stopping.wait_for(|stopping| *stopping).await.is_ok();
}
