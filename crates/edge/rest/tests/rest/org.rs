//! A new developer org behind the REST API, with a clock that the test moves.

use std::ops::Deref;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Request};
use landfall_engine::usage::Allocations;
use landfall_metadata::Component;
use landfall_rest::{RestState, router};
use landfall_test_org::{Options, TestOrg};
use landfall_tooling::Tooling;
use serde_json::Value;

/// Where the version of these tests is.
pub(crate) const DATA: &str = "/services/data/v59.0";

pub(crate) struct Org {
    inner: TestOrg,
    router: Router,
}

impl Deref for Org {
    type Target = TestOrg;

    fn deref(&self) -> &TestOrg {
        &self.inner
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).expect(name);
        value.to_str().expect("a text")
    }

    /// Status, code and message of a refusal.
    pub(crate) fn refusal(&self) -> (u16, String, String) {
        let body = self.json();
        let error = body.get(0).expect("a list of errors");
        (
            self.status,
            text(error, "errorCode"),
            text(error, "message"),
        )
    }
}

impl Org {
    /// An org with the shipped objects and what these components define.
    pub(crate) async fn with(components: Vec<Component>) -> Self {
        Self::allowed(Allocations::UNLIMITED, components).await
    }

    /// The same, which may use so much.
    pub(crate) async fn allowed(allocations: Allocations, components: Vec<Component>) -> Self {
        let options = Options {
            allocations,
            ..Options::default()
        };
        let org = TestOrg::with(options).await;
        org.deploy(components).await;
        let router = router(RestState {
            engine: org.engine.clone(),
            auth: org.auth.clone(),
            base_url: Arc::new(|_| "https://localhost:7443".to_owned()),
            virtual_objects: Arc::new(Tooling::new(org.engine.clone())),
        });
        Self { inner: org, router }
    }

    /// Sends a request with these headers; the path is below the version unless it begins with `/services`.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let uri = if path.starts_with("/services") {
            path.to_owned()
        } else {
            format!("{DATA}{path}")
        };
        let mut request = Request::builder().method(method).uri(uri);
        if !headers.iter().any(|(name, _)| *name == "authorization") {
            request = request.header("authorization", format!("Bearer {}", self.token));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.into()).expect("a request");
        let reply = landfall_test_org::send(&self.router, request).await;
        Answer {
            status: reply.status.as_u16(),
            headers: reply.headers,
            body: String::from_utf8(reply.body).expect("a text"),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], Body::empty()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, &[], body.to_string()).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send("PATCH", path, &[], body.to_string()).await
    }

    /// The user who acts.
    pub(crate) fn user(&self) -> String {
        self.admin.to_string()
    }

    /// The id of a new record.
    pub(crate) async fn create(&self, object: &str, body: &Value) -> String {
        let answer = self.post(&format!("/sobjects/{object}"), body).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        text(&answer.json(), "id")
    }

    /// A record as it is read.
    pub(crate) async fn record(&self, object: &str, id: &str) -> Value {
        let answer = self.get(&format!("/sobjects/{object}/{id}")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }
}

/// A member that is a text.
fn text(object: &Value, name: &str) -> String {
    let member = object.get(name).and_then(Value::as_str);
    member.expect(name).to_owned()
}

/// The member of a list that has this name.
pub(crate) fn named<'a>(list: &'a Value, name: &str) -> &'a Value {
    let list = list.as_array().expect("a list");
    let found = list.iter().find(|entry| entry["name"] == name);
    found.unwrap_or_else(|| panic!("no {name}"))
}

/// The names of the members of a list, in order.
pub(crate) fn names(list: &Value) -> Vec<&str> {
    let list = list.as_array().expect("a list").iter();
    list.map(|entry| entry["name"].as_str().expect("a name"))
        .collect()
}
