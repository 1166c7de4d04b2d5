//! A new developer org behind the endpoints, with a clock that the test moves.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Request, StatusCode, header};
use landfall_auth::Settings;
use landfall_engine::{Change, Transaction};
use landfall_model::RecordId;
use landfall_oauth::{BaseUrl, OauthState, router};
use landfall_test_org::{Options, TestOrg};
use serde_json::Value;

/// A password login of the administrator.
pub(crate) const LOGIN: &str = "grant_type=password&client_id=landfall&client_secret=landfall\
    &username=admin%40landfall.test&password=landfall";

/// Where the endpoints are in these tests.
pub(crate) const BASE: &str = "https://localhost:7443";

/// `landfall:landfall`.
pub(crate) const BASIC: (&str, &str) = ("authorization", "Basic bGFuZGZhbGw6bGFuZGZhbGw=");

/// Where the users of the apps in these tests are sent back to.
pub(crate) const REDIRECT_URI: &str = "http://localhost:1717/OauthRedirect";

/// The authorization endpoint.
pub(crate) const AUTHORIZE: &str = "/services/oauth2/authorize";

/// What the administrator types into the login page.
pub(crate) const PERSON: &str = "username=admin%40landfall.test&password=landfall";

const FORM: &str = "application/x-www-form-urlencoded";

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
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect(&self.body)
    }

    /// The ticket of a page that asks for consent.
    pub(crate) fn ticket(&self) -> Option<String> {
        let (_, behind) = self.body.split_once("name=\"ticket\" value=\"")?;
        Some(behind.split_once('"')?.0.to_owned())
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).expect(name);
        value.to_str().expect("a text")
    }
}

impl Org {
    pub(crate) async fn new() -> Self {
        Self::with(Duration::from_hours(2), BaseUrl::of_request()).await
    }

    pub(crate) async fn with(session_idle: Duration, base_url: BaseUrl) -> Self {
        let settings = Settings {
            session_idle,
            ..Options::default().logins
        };
        Self::set(settings, base_url).await
    }

    pub(crate) async fn set(logins: Settings, base_url: BaseUrl) -> Self {
        let org = TestOrg::with(Options {
            logins,
            ..Options::default()
        })
        .await;
        let router = router(OauthState {
            auth: org.auth.clone(),
            audience: Some(base_url.clone()),
            base_url,
        });
        Self { inner: org, router }
    }

    /// Sends a request as the server hands it on: with scheme and authority in its URI.
    pub(crate) async fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let uri = format!("{BASE}{path}");
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.into()).expect("a request");
        let reply = landfall_test_org::send(&self.router, request).await;
        Answer {
            status: reply.status,
            headers: reply.headers,
            body: String::from_utf8(reply.body).expect("a text"),
        }
    }

    /// Posts a form.
    pub(crate) async fn post(&self, path: &str, form: &str) -> Answer {
        let content_type = (header::CONTENT_TYPE.as_str(), FORM);
        self.call("POST", path, &[content_type], form.to_owned())
            .await
    }

    /// What the authorization endpoint is asked for in these tests.
    pub(crate) fn asking(client_id: &str) -> String {
        let uri = encoded(REDIRECT_URI);
        format!(
            "{AUTHORIZE}?response_type=code&client_id={client_id}&redirect_uri={uri}&state=s%201&scope=api+refresh_token"
        )
    }

    /// The address that the administrator is sent to, having logged in and allowed what is asked.
    pub(crate) async fn allowed(&self, path: &str) -> String {
        let answer = self.post(path, PERSON).await;
        let answer = match answer.ticket() {
            Some(ticket) => {
                let form = format!("decision=allow&ticket={}", encoded(&ticket));
                self.post(path, &form).await
            }
            None => answer,
        };
        assert_eq!(answer.status, StatusCode::FOUND, "{}", answer.body);
        answer.header("location").to_owned()
    }

    /// A login by an authorization code.
    pub(crate) async fn log_in_by_code(&self, client_id: &str, secret: &str) -> Value {
        let location = self.allowed(&Self::asking(client_id)).await;
        let form = format!(
            "grant_type=authorization_code&client_id={client_id}&client_secret={secret}&code={}&redirect_uri={}",
            encoded(&member(&location, "code")),
            encoded(REDIRECT_URI)
        );
        self.post("/services/oauth2/token", &form).await.json()
    }

    /// Changes a user's record as any API would.
    pub(crate) async fn update_user(
        &self,
        user: RecordId,
        field: &str,
        value: landfall_model::Value,
    ) {
        let entity = self.auth.user_entity();
        let place = entity.index_of(field).expect("a field");
        let change = Change::Update {
            entity: Arc::clone(entity),
            id: user,
            values: vec![(place, value)],
            unmodified_since: None,
        };
        let outcomes = self
            .auth
            .engine()
            .commit(Transaction {
                changes: vec![change],
                all_or_none: true,
                user: RecordId::EMPTY,
                origin: String::new(),
            })
            .await
            .expect("a commit");
        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    }

    /// The access token of a new login.
    pub(crate) async fn log_in(&self) -> String {
        let answer = self.post("/services/oauth2/token", LOGIN).await;
        text(&answer.json(), "access_token").to_owned()
    }
}

/// A member that is a text.
pub(crate) fn text<'a>(object: &'a Value, name: &str) -> &'a str {
    object[name].as_str().expect(name)
}

/// A parameter of an address, of its query or its fragment.
pub(crate) fn member(address: &str, name: &str) -> String {
    let (_, members) = address.split_once(['?', '#']).expect(address);
    let mut members = form_urlencoded::parse(members.as_bytes());
    let found = members.find(|(key, _)| key == name).expect(address);
    found.1.into_owned()
}

/// A text as it stands in a form.
pub(crate) fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
