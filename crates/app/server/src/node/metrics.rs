//! `/metrics`: what the writer has done, what went over each topic, how far subscribers are behind, and what is left of the
//! allocations.
//!
//! The number of series is bounded: topics are those of the org, and only the subscribers with the largest lag are listed.
//! A production node requires a token.
//! Source: "Exposition Formats" (Prometheus), text format.

pub(crate) mod text;

use std::cmp::Reverse;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use http::{HeaderMap, StatusCode, header};
use landfall_auth::Auth;
use landfall_engine::usage::{Meter, Usage};
use landfall_engine::{Engine, Lag, Subscriber, SubscriberPosition};
use landfall_model::Timestamp;
use landfall_model::limits::METRICS_SUBSCRIBERS_MAX;
use landfall_pubsub::PubsubState;
use landfall_streaming::StreamingState;

use crate::config::Metrics;
use crate::connections::Connections;
use crate::node::bearer::bearer;
use crate::node::standing::Standing;
use crate::orgs::scrub::Scrub;
use text::Text;

/// Media type.
const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What is measured, and who may read it.
#[derive(Clone)]
pub(crate) struct MetricsState {
    pub(crate) engine: Engine,
    pub(crate) auth: Auth,
    pub(crate) readers: Metrics,
    pub(crate) connections: Arc<Connections>,
    pub(crate) scrub: Arc<Scrub>,
    pub(crate) streaming: StreamingState,
    pub(crate) pubsub: PubsubState,
}

/// `/metrics`.
pub(crate) fn router(state: MetricsState) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .with_state(state)
}

async fn metrics(
    State(state): State<MetricsState>,
    node: Option<Extension<Standing>>,
    headers: HeaderMap,
) -> Response {
    if !state.may_read(&headers) {
        let challenge = [(header::WWW_AUTHENTICATE, "Bearer")];
        return (StatusCode::UNAUTHORIZED, challenge).into_response();
    }
    let mut text = Text::default();
    writer(&mut text, &state.engine);
    topics(&mut text, state.engine.usage());
    allocations(&mut text, state.engine.usage());
    subscribers(&mut text, &state);
    refusals(&mut text, &state);
    damage(&mut text, &state.scrub);
    if let Some(node) = node {
        node.measure(&mut text);
    }
    answer(text)
}

/// The answer with all metrics.
pub(crate) fn answer(text: Text) -> Response {
    ([(header::CONTENT_TYPE, MEDIA_TYPE)], text.finish()).into_response()
}

impl MetricsState {
    fn may_read(&self, headers: &HeaderMap) -> bool {
        let is_administrator = |token: &str| {
            let login = self.auth.authenticate(token);
            login.is_ok_and(|login| login.permissions().view_all_data)
        };
        match &self.readers {
            Metrics::Everybody => true,
            Metrics::Administrators => bearer(headers).is_some_and(is_administrator),
            Metrics::Token(own) => bearer(headers).is_some_and(|token| {
                is_same(token.as_bytes(), own.expose().as_bytes()) || is_administrator(token)
            }),
        }
    }
}

/// Takes as long for any wrong token of the right length.
pub(crate) fn is_same(given: &[u8], own: &[u8]) -> bool {
    let pairs = given.iter().zip(own);
    let difference = pairs.fold(0, |all, (one, other)| all | (one ^ other));
    given.len() == own.len() && difference == 0
}

/// Connections, and logins that failed.
fn refusals(text: &mut Text, state: &MetricsState) {
    let name = "landfall_connections_total";
    text.counter(
        name,
        "Connections since the start: accepted, delayed because all were in use, failed to be accepted",
    );
    for (outcome, count) in state.connections.totals() {
        text.value(name, &[("outcome", outcome)], count);
    }
    let logins = state.auth.failed_logins();
    let name = "landfall_logins_failed_total";
    text.counter(
        name,
        "Logins refused since the start: wrong password, or throttled after too many failures",
    );
    text.value(name, &[("reason", "password")], logins.failed);
    text.value(name, &[("reason", "throttled")], logins.throttled);
}

/// What comparing the stored data with its checksums has found.
fn damage(text: &mut Text, scrub: &Scrub) {
    let name = "landfall_scrub_findings";
    text.gauge(
        name,
        "Damaged blocks of events, records and documents that are known",
    );
    text.value(name, &[], scrub.findings());
    let name = "landfall_scrub_passes_total";
    text.counter(
        name,
        "Times since the start that all stored data was compared with its checksums",
    );
    text.value(name, &[], scrub.passes());
}

/// What the writer has done: commands by groups is how many share a commit.
fn writer(text: &mut Text, engine: &Engine) {
    let counters = engine.writer_counters();
    for (name, help, counter) in [
        (
            "landfall_writer_groups_total",
            "Commits that were made durable",
            &counters.groups,
        ),
        (
            "landfall_writer_commands_total",
            "Commands in these commits",
            &counters.commands,
        ),
        (
            "landfall_writer_events_total",
            "Events in these commits",
            &counters.events,
        ),
        (
            "landfall_writer_damaged_total",
            "Changes, and commits of several, that were refused because they met damaged data",
            &counters.damaged,
        ),
    ] {
        text.counter(name, help);
        text.value(name, &[], counter.load(Ordering::Relaxed));
    }
    let bounds = engine.log().bounds();
    let (newest, oldest) = (
        "landfall_log_newest_replay_id",
        "landfall_log_oldest_replay_id",
    );
    text.gauge(newest, "Newest position of the event log");
    text.value(newest, &[], bounds.tail.get());
    if let Some(earliest) = bounds.earliest {
        text.gauge(oldest, "Oldest event that is retained");
        text.value(oldest, &[], earliest.get());
    }
}

fn topics(text: &mut Text, usage: &Usage) {
    let totals = usage.totals();
    let name = "landfall_events_published_total";
    text.counter(name, "Events that went into the log since the start");
    for topic in totals.iter().filter(|topic| topic.published > 0) {
        text.value(name, &[("topic", &topic.topic)], topic.published);
    }
    let name = "landfall_events_delivered_total";
    text.counter(
        name,
        "Events that went to subscribers since the start, each copy for itself",
    );
    for topic in totals.iter().filter(|topic| topic.delivered > 0) {
        text.value(name, &[("topic", &topic.topic)], topic.delivered);
    }
}

fn allocations(text: &mut Text, usage: &Usage) {
    let used = Meter::ALL.map(|meter| {
        let name = match meter {
            Meter::Published => "published_hourly",
            Meter::Delivered => "delivered_daily",
            Meter::PushTopics => "push_topics_daily",
            Meter::Generic => "generic_daily",
            Meter::Requests => "requests_daily",
        };
        (name, usage.used(meter), usage.allocations().of(meter))
    });
    let clients = (
        "concurrent_clients",
        usage.clients(),
        usage.allocations().concurrent_clients,
    );
    let all = || used.iter().chain([&clients]);
    let name = "landfall_allocation_used";
    text.gauge(name, "What is used of an allocation in its window");
    for (allocation, used, _) in all() {
        text.value(name, &[("allocation", allocation)], *used);
    }
    let name = "landfall_allocation_limit";
    text.gauge(name, "The allocations that are limited");
    for (allocation, _, limit) in all() {
        if let Some(limit) = limit {
            text.value(name, &[("allocation", allocation)], *limit);
        }
    }
}

/// A subscription, and how far it is behind.
struct Subscription {
    protocol: &'static str,
    client: String,
    position: SubscriberPosition,
    lag: Lag,
}

fn subscribers(text: &mut Text, state: &MetricsState) {
    let backlog = state.engine.log().backlog();
    let of = |protocol: &'static str, subscribers: Vec<Subscriber>| {
        let backlog = &backlog;
        subscribers.into_iter().flat_map(move |subscriber| {
            let client = subscriber.id;
            let positions = subscriber.positions.into_iter();
            positions.map(move |position| Subscription {
                protocol,
                client: client.clone(),
                lag: backlog.behind(&position),
                position,
            })
        })
    };
    let mut all: Vec<Subscription> = of("cometd", state.streaming.subscribers())
        .chain(of("pubsub", state.pubsub.subscribers()))
        .collect();
    let name = "landfall_subscriptions";
    text.gauge(name, "Subscriptions that are open");
    for protocol in ["cometd", "pubsub"] {
        let open = all.iter().filter(|one| one.protocol == protocol).count();
        text.value(name, &[("protocol", protocol)], open);
    }
    all.sort_by_key(|one| Reverse(one.lag.events));
    all.truncate(METRICS_SUBSCRIBERS_MAX);
    let now = state.engine.clock().now();
    let mut series = |name, help, value: &dyn Fn(&Subscription) -> u64| {
        text.gauge(name, help);
        for one in &all {
            text.value(name, &one.labels(), value(one));
        }
    };
    series(
        "landfall_subscription_position",
        "The position that a subscriber has reached; the subscribers that are furthest behind",
        &|one| one.position.reached.get(),
    );
    series(
        "landfall_subscription_lag_events",
        "Events that wait for a subscriber, as far as memory holds them",
        &|one| u64::try_from(one.lag.events).unwrap_or(u64::MAX),
    );
    series(
        "landfall_subscription_lag_seconds",
        "For how long the oldest of them has waited",
        &|one| one.waits_for_seconds(now),
    );
}

impl Subscription {
    fn labels(&self) -> [(&str, &str); 3] {
        [
            ("protocol", self.protocol),
            ("topic", &self.position.channel),
            ("client", &self.client),
        ]
    }

    fn waits_for_seconds(&self, now: Timestamp) -> u64 {
        let since = self.lag.oldest.map_or(0, |oldest| now.since(oldest));
        u64::try_from(since / 1000).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_token_is_the_same() {
        assert!(is_same(b"a token", b"a token"));
        for wrong in ["", "a tokem", "a toke", "a token "] {
            assert!(!is_same(wrong.as_bytes(), b"a token"), "{wrong}");
        }
    }
}
