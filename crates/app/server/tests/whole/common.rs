//! What tests of whole servers share.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::Full;
use landfall_client::{Answer, Grant, HttpClient, Org, Trust};
use landfall_server::config::{
    Config, DEVELOPER_CLIENT, DEVELOPER_PASSWORD, DEVELOPER_USERNAME, Data,
};
use landfall_server::{Error, Running, Server, Settings};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use serde_json::json;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// How long anything may take. The disk of a shared machine can stand still for longer than twenty seconds.
pub(crate) const WITHIN: Duration = Duration::from_mins(1);

/// Settings as a file has them.
pub(crate) fn settings(file: &serde_json::Value) -> Settings {
    let text = toml::to_string(file).expect("no nulls");
    Settings::parse(&text, Path::new("landfall.toml")).expect("valid settings")
}

/// The configuration of a developer org on a free port.
pub(crate) fn dev(data: Data) -> Config {
    let file = match data {
        Data::Folder(folder) => json!({ "listen": "127.0.0.1:0", "data": folder }),
        Data::Ephemeral => json!({ "listen": "127.0.0.1:0", "ephemeral": true }),
    };
    Config::dev(&settings(&file)).expect("a safe configuration")
}

/// A developer org in a temporary folder.
pub(crate) async fn start() -> Running {
    Server::start(dev(Data::Ephemeral)).await.expect("starts")
}

/// A developer org in this folder.
pub(crate) async fn start_in(folder: &Path) -> Running {
    let config = dev(Data::Folder(folder.to_owned()));
    Server::start(config).await.expect("starts")
}

/// A server on a folder that the one before may still be about to leave.
pub(crate) async fn started(config: &Config) -> Result<Running, Error> {
    let starting = async {
        loop {
            match Server::start(config.clone()).await {
                Err(Error::Store { .. }) => tokio::task::yield_now().await,
                started => return started,
            }
        }
    };
    let started = tokio::time::timeout(WITHIN, starting).await;
    started.expect("the folder becomes free")
}

/// TLS on a connection, for this name and with these protocols on offer.
///
/// # Errors
/// Of the handshake: a certificate for other names, too.
pub(crate) async fn secured(
    running: &Running,
    stream: TcpStream,
    name: &str,
    alpn: &[&[u8]],
) -> std::io::Result<TlsStream<TcpStream>> {
    landfall_server::install_crypto_provider();
    let authority = running.authority().expect("an authority of its own");
    let mut roots = rustls::RootCertStore::empty();
    let certificate = CertificateDer::from_pem_file(authority).expect("a certificate");
    roots.add(certificate).expect("an authority");
    let mut config = rustls::ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
    let name = ServerName::try_from(name.to_owned()).expect("a name");
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
}

/// The administrator's login.
pub(crate) async fn login(running: &Running) -> Org {
    let target = running.url().parse().expect("an address");
    Org::login(target, &Trust::nobody(), &developer())
        .await
        .expect("the login succeeds")
}

/// The known credentials.
pub(crate) fn developer() -> Grant {
    Grant::Password {
        username: DEVELOPER_USERNAME.to_owned(),
        password: DEVELOPER_PASSWORD.to_owned(),
        client_id: DEVELOPER_CLIENT.to_owned(),
        client_secret: DEVELOPER_CLIENT.to_owned(),
    }
}

/// A client without a login.
pub(crate) fn stranger(running: &Running) -> HttpClient {
    let target = running.url().parse().expect("an address");
    HttpClient::new(target, &Trust::nobody()).expect("no TLS, no trouble")
}

/// One GET.
pub(crate) async fn get(http: &HttpClient, path: &str) -> Answer {
    let request = Request::get(path)
        .body(Full::<Bytes>::default())
        .expect("a request");
    http.send(request, WITHIN).await.expect("an answer")
}

/// Creates an account and gives its id.
pub(crate) async fn create_account(org: &Org, name: &str) -> String {
    let answer = org
        .call(
            Method::POST,
            "/services/data/v59.0/sobjects/Account",
            Some(&serde_json::json!({ "Name": name })),
        )
        .await
        .expect("an answer");
    assert_eq!(answer.status, 201, "{}", answer.json());
    let id = answer.json().pointer("/id").cloned();
    id.and_then(|id| id.as_str().map(str::to_owned))
        .expect("an id")
}

/// One request of the Streaming API.
pub(crate) async fn bayeux(org: &Org, body: &str) -> serde_json::Value {
    let request = Request::post("/cometd/59.0")
        .header(header::CONTENT_TYPE, "application/json")
        .header(
            header::AUTHORIZATION,
            format!("Bearer {}", org.access_token().expose()),
        )
        .body(Full::from(body.to_owned()))
        .expect("a request");
    let answer = org.http().send(request, WITHIN).await.expect("an answer");
    answer.json()
}
