//! What watches a node: whether it can serve, and its metrics. A follower answers for itself.

use std::fmt::Display;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Request, StatusCode, header};

use super::{Node, Role};
use crate::config::Metrics;
use crate::front::Front;
use crate::front::scheme::Scheme;
use crate::node::bearer::bearer;
use crate::node::health;
use crate::node::metrics::{self, is_same, text::Text};
use crate::node::standing::Membership;

impl Node {
    /// Answers `/healthz`, `/readyz` or `/metrics`.
    pub(super) async fn probe(
        self: Arc<Self>,
        front: Arc<Front>,
        request: Request<Body>,
        peer: SocketAddr,
        scheme: Scheme,
    ) -> Response {
        if self.leads() {
            return self.here(front, request, peer, scheme).await;
        }
        match request.uri().path() {
            "/healthz" => health::alive().await,
            "/readyz" => self.ready(),
            _ => self.metrics(request.headers()),
        }
    }

    /// A follower serves as long as it knows a leader.
    fn ready(&self) -> Response {
        let reason = match self.role() {
            _ if Membership::is_leaving(self) => Some("the server is stopping"),
            Role::Leaderless => Some("no node leads; see docs/operations/cluster.md"),
            Role::Leading { .. } | Role::Following { .. } => None,
        };
        let members = self.members();
        match reason {
            None => health::json(
                StatusCode::OK,
                format!(r#"{{"status":"ready",{members}"reasons":[]}}"#),
            ),
            Some(reason) => health::json(
                StatusCode::SERVICE_UNAVAILABLE,
                format!(r#"{{"status":"unavailable",{members}"reasons":["{reason}"]}}"#),
            ),
        }
    }

    fn metrics(&self, headers: &HeaderMap) -> Response {
        let may_read = match &self.metrics {
            Metrics::Everybody => true,
            // Logins are known where the org is open.
            Metrics::Administrators => false,
            Metrics::Token(own) => bearer(headers)
                .is_some_and(|token| is_same(token.as_bytes(), own.expose().as_bytes())),
        };
        if !may_read {
            let challenge = [(header::WWW_AUTHENTICATE, "Bearer")];
            return (StatusCode::UNAUTHORIZED, challenge).into_response();
        }
        let mut text = Text::default();
        self.measure(&mut text);
        metrics::answer(text)
    }
}

impl Node {
    /// Whether it delivers events by itself.
    fn is_current(&self) -> bool {
        let org = self.orgs.all().into_iter().next();
        org.is_some_and(|org| org.engine().lease().holds())
    }
}

impl Membership for Node {
    fn members(&self) -> String {
        match self.role() {
            Role::Leading { epoch } => format!(r#""role":"leader","epoch":{epoch},"#),
            Role::Following { leader, epoch } => {
                let leader = &leader.address;
                let current = self.is_current();
                format!(
                    r#""role":"follower","epoch":{epoch},"leader":{leader:?},"current":{current},"#
                )
            }
            Role::Leaderless => r#""role":"follower","#.to_owned(),
        }
    }

    fn measure(&self, text: &mut Text) {
        let (is_leader, epoch) = match self.role() {
            Role::Leading { epoch } => (1, epoch),
            Role::Following { epoch, .. } => (0, epoch),
            Role::Leaderless => (0, 0),
        };
        let mut single = |name, help, is_counter, value: &dyn Display| {
            if is_counter {
                text.counter(name, help);
            } else {
                text.gauge(name, help);
            }
            text.value(name, &[("node", &self.name)], value);
        };
        single(
            "landfall_cluster_leader",
            "Whether this node leads",
            false,
            &is_leader,
        );
        single(
            "landfall_cluster_epoch",
            "Counts leaders of the org; 0 while this node knows none",
            false,
            &epoch,
        );
        single(
            "landfall_cluster_failovers_total",
            "Times since the start that this node has become the leader",
            true,
            &self.counters.led.load(Ordering::Relaxed),
        );
        single(
            "landfall_cluster_current",
            "Whether this node delivers events: it leads, or knows what the leader has committed",
            false,
            &u8::from(self.is_current()),
        );
        single(
            "landfall_cluster_served_total",
            "Requests since the start that this node has answered by itself while it followed; polls on a connection that has \
             polled before are not among them",
            true,
            &self.counters.served.load(Ordering::Relaxed),
        );
        let name = "landfall_cluster_forwarded_total";
        text.counter(
            name,
            "Requests for the leader since the start: passed on and answered, refused because no node led, broken off",
        );
        for (outcome, count) in [
            ("answered", &self.counters.passed),
            ("refused", &self.counters.refused),
            ("broken", &self.counters.broken),
        ] {
            let labels = [("node", self.name.as_str()), ("outcome", outcome)];
            text.value(name, &labels, count.load(Ordering::Relaxed));
        }
    }
    fn is_leaving(&self) -> bool {
        self.is_leaving.load(Ordering::Relaxed)
    }
}
