//! Nodes on a PostgreSQL of their own, and what clients ask them.

use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::Full;
use landfall_client::{Grant, HttpClient, Org, Trust};
use landfall_server::config::Config;
use landfall_server::{Running, Server as Node, Settings};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::Server;

/// How long anything may take on a busy machine.
pub(crate) const WITHIN: Duration = Duration::from_mins(1);

const USERNAME: &str = "admin@cluster.test";
const PASSWORD: &str = "correct horse battery";
const CLIENT: &str = "cluster-client";
const SECRET: &str = "cluster-client-secret";
const METRICS: &str = "cluster-metrics-token";

/// Nodes, the first of which leads at first.
pub(crate) struct Cluster {
    pub(crate) nodes: Vec<Running>,
    _folders: Vec<TempDir>,
    // Last: it ends after the nodes.
    _postgres: Server,
}

impl Cluster {
    pub(crate) async fn start(count: usize) -> Self {
        let postgres = Server::start();
        let mut cluster = Self {
            nodes: Vec::new(),
            _folders: Vec::new(),
            _postgres: postgres,
        };
        for number in 0..count {
            let folder = tempfile::tempdir().expect("a folder");
            let config = config(folder.path(), &cluster._postgres.url("landfall"));
            let node = Node::start(config).await.expect("the node starts");
            let role = if number == 0 { "leader" } else { "follower" };
            until(|| async { is_current(&node, role).await }).await;
            cluster.nodes.push(node);
            cluster._folders.push(folder);
        }
        cluster
    }

    pub(crate) fn node(&self, number: usize) -> &Running {
        self.nodes.get(number).expect("a node")
    }

    pub(crate) async fn stop(self) {
        for node in self.nodes {
            node.stop().await.expect("the node stops");
        }
    }
}

fn config(folder: &Path, store: &str) -> Config {
    for (name, secret) in [
        ("password", PASSWORD),
        ("client-secret", SECRET),
        ("cluster-secret", "the secret of the test's nodes"),
        ("metrics-token", METRICS),
    ] {
        use std::os::unix::fs::PermissionsExt;
        let path = folder.join(name);
        std::fs::write(&path, secret).expect("written");
        let private = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(&path, private).expect("permissions");
    }
    let file = json!({
        "listen": "127.0.0.1:0",
        "data": folder.join("data"),
        "store": store,
        "admin": { "username": USERNAME, "password_file": folder.join("password") },
        "connected_app": { "client_id": CLIENT, "client_secret_file": folder.join("client-secret") },
        "events": { "capture_all": true },
        "limits": { "allocations": "unlimited" },
        "metrics": { "token_file": folder.join("metrics-token") },
        "cluster": { "advertise": "127.0.0.1:0", "secret_file": folder.join("cluster-secret") },
    });
    let text = toml::to_string(&file).expect("no nulls");
    let settings = Settings::parse(&text, &folder.join("landfall.toml")).expect("valid settings");
    Config::serve(&settings).expect("a safe configuration")
}

/// Waits until a condition holds.
pub(crate) async fn until<F: Future<Output = bool>>(condition: impl Fn() -> F) {
    let began = Instant::now();
    while !condition().await {
        assert!(began.elapsed() < WITHIN, "it does not come about");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Whether a node has this role and serves.
pub(crate) async fn is_current(node: &Running, role: &str) -> bool {
    let readiness = get(node, "/readyz", None).await;
    let readiness: Value = serde_json::from_str(&readiness).unwrap_or_default();
    let current = readiness["current"].as_bool().unwrap_or(role == "leader");
    readiness["status"] == "ready" && readiness["role"] == role && current
}

/// What a metric of a node counts.
pub(crate) async fn metric(node: &Running, name: &str) -> u64 {
    let metrics = get(node, "/metrics", Some(METRICS)).await;
    let mut lines = metrics.lines().filter(|line| line.starts_with(name));
    let value = lines.next().and_then(|line| line.rsplit(' ').next());
    let value = value.unwrap_or_else(|| panic!("no {name} in {metrics}"));
    value.parse().expect("a number")
}

async fn get(node: &Running, path: &str, token: Option<&str>) -> String {
    let target = node.url().parse().expect("an address");
    let http = HttpClient::new(target, &Trust::nobody()).expect("no TLS, no trouble");
    let mut request = Request::get(path);
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    let request = request.body(Full::<Bytes>::default()).expect("a request");
    let answer = http.send(request, WITHIN).await.expect("an answer");
    String::from_utf8_lossy(&answer.body).into_owned()
}

/// The administrator's login by way of a node.
pub(crate) async fn login(node: &Running) -> Org {
    let target = node.url().parse().expect("an address");
    let grant = Grant::Password {
        username: USERNAME.to_owned(),
        password: PASSWORD.to_owned(),
        client_id: CLIENT.to_owned(),
        client_secret: SECRET.to_owned(),
    };
    let login = Org::login(target, &Trust::nobody(), &grant).await;
    login.expect("the login succeeds")
}

/// Ends a login by way of a node.
pub(crate) async fn revoke(node: &Running, org: &Org) {
    let target = node.url().parse().expect("an address");
    let http = HttpClient::new(target, &Trust::nobody()).expect("no TLS, no trouble");
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("token", org.access_token().expose())
        .finish();
    let request = Request::post("/services/oauth2/revoke")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Full::<Bytes>::from(form))
        .expect("a request");
    let answer = http.send(request, WITHIN).await.expect("an answer");
    assert_eq!(answer.status, 200);
}

/// Creates an account.
pub(crate) async fn create_account(org: &Org, name: &str) {
    let path = "/services/data/v59.0/sobjects/Account";
    let body = json!({ "Name": name });
    let answer = org.call(Method::POST, path, Some(&body)).await;
    assert_eq!(answer.expect("an answer").status, 201);
}

/// One request of the Streaming API to a node, with the token of a login.
pub(crate) async fn bayeux(node: &Running, org: &Org, message: Value) -> Vec<Value> {
    let target = node.url().parse().expect("an address");
    let http = HttpClient::new(target, &Trust::nobody()).expect("no TLS, no trouble");
    let token = org.access_token().expose();
    let request = Request::post("/cometd/59.0")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .body(Full::<Bytes>::from(json!([message]).to_string()))
        .expect("a request");
    let answer = http.send(request, WITHIN * 3).await.expect("an answer");
    serde_json::from_slice(&answer.body).expect("messages")
}
