//! Where inputs go: one target for each parser that bytes from outside reach.

use std::convert::Infallible;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use landfall_client::{Grant, HttpClient, Org, Trust};
use landfall_server::Running;
use landfall_server::config::{DEVELOPER_CLIENT, DEVELOPER_PASSWORD, DEVELOPER_USERNAME};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const WITHIN: Duration = Duration::from_mins(1);
const DATA: &str = "/services/data/v59.0";

/// What an answer to a defect has in it.
const INTERNAL: &[&str] = &["UNKNOWN_EXCEPTION", "Unknown_Exception"];

pub(crate) struct Target {
    /// The name of its folder in the corpus.
    pub(crate) name: &'static str,
    way: Way,
}

/// How an input becomes a request.
enum Way {
    /// The body of a post to this path, as this media type.
    Body(&'static str, &'static str),
    /// The same within what comes before and after.
    Within(&'static str, &'static str, [&'static str; 2]),
    /// The end of this path, encoded.
    Query(&'static str),
    /// The file of a deployment.
    Zip,
    /// The data of a job.
    Csv,
    /// An assertion: header, claims and signature in lines.
    Assertion,
    /// The body of a call of the Pub/Sub API.
    Grpc(&'static str),
    /// What a connection begins with.
    Connection,
}

const XML: &str = "text/xml";
const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

pub(crate) const TARGETS: &[Target] = &[
    target("soap", Way::Body("/services/Soap/u/59.0", XML)),
    target("soap_metadata", Way::Body("/services/Soap/m/59.0", XML)),
    target(
        "component",
        Way::Within("/services/Soap/m/59.0", XML, COMPONENT),
    ),
    target("zip", Way::Zip),
    target("csv", Way::Csv),
    target("soql", Way::Query("/services/data/v59.0/query?q=")),
    target("sosl", Way::Query("/services/data/v59.0/search?q=")),
    target("filter", Way::Within(MEMBERS, JSON, MEMBER)),
    target("bayeux", Way::Body("/cometd/59.0", JSON)),
    target(
        "composite",
        Way::Body("/services/data/v59.0/composite", JSON),
    ),
    target("oauth_form", Way::Body("/services/oauth2/token", FORM)),
    target("assertion", Way::Assertion),
    target("grpc_topic", Way::Grpc("GetTopic")),
    target("grpc_publish", Way::Grpc("Publish")),
    target("grpc_subscribe", Way::Grpc("Subscribe")),
    target("http_head", Way::Connection),
];

const COMPONENT: [&str; 2] = [
    "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\" \
     xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns=\"http://soap.sforce.com/2006/04/metadata\">\
     <e:Header><SessionHeader><sessionId>{token}</sessionId></SessionHeader></e:Header><e:Body><createMetadata>",
    "</createMetadata></e:Body></e:Envelope>",
];
const MEMBERS: &str = "/services/data/v59.0/tooling/sobjects/PlatformEventChannelMember";
const MEMBER: [&str; 2] = [
    "{\"FullName\":\"Sights_AccountChangeEvent\",\"Metadata\":{\"eventChannel\":\"Sights__chn\",\
     \"selectedEntity\":\"AccountChangeEvent\",\"filterExpression\":\"",
    "\"}}",
];

const fn target(name: &'static str, way: Way) -> Target {
    Target { name, way }
}

/// A login, and the way to the server.
pub(crate) struct Session {
    http: HttpClient,
    token: String,
    authority: String,
    org: String,
}

impl Session {
    pub(crate) async fn open(running: &Running) -> Self {
        let grant = Grant::Password {
            username: DEVELOPER_USERNAME.to_owned(),
            password: DEVELOPER_PASSWORD.to_owned(),
            client_id: DEVELOPER_CLIENT.to_owned(),
            client_secret: DEVELOPER_CLIENT.to_owned(),
        };
        let target = |url: String| url.parse().expect("an address");
        let org = Org::login(target(running.url()), &Trust::nobody(), &grant).await;
        let token = org.expect("a login").access_token().expose().to_owned();
        let session = Self {
            http: HttpClient::new(target(running.url()), &Trust::nobody()).expect("a client"),
            token,
            authority: running.local_addr().to_string(),
            org: running.first_org().expect("an org").to_string(),
        };
        let channel =
            r#"{"FullName":"Sights__chn","Metadata":{"channelType":"data","label":"Sights"}}"#;
        let path = format!("{DATA}/tooling/sobjects/PlatformEventChannel");
        let created = session.post(&path, JSON, channel.into()).await;
        assert!(created.expect("an answer").contains("\"success\":true"));
        session
    }

    /// Sends an input; what is wrong with the answer.
    pub(crate) async fn send(&self, target: &Target, input: &[u8]) -> Result<(), String> {
        let answer = match &target.way {
            Way::Body(path, kind) => self.post(path, kind, self.filled(input)).await?,
            Way::Within(path, kind, [before, after]) => {
                let body = [before.as_bytes(), input, after.as_bytes()].concat();
                self.post(path, kind, self.filled(&body)).await?
            }
            Way::Query(path) => {
                let query = form_urlencoded::byte_serialize(input).collect::<String>();
                self.request("GET", &format!("{path}{query}"), JSON, Vec::new())
                    .await?
            }
            Way::Zip => self.deployed(input).await?,
            Way::Csv => self.job(input).await?,
            Way::Assertion => self.asserted(input).await?,
            Way::Grpc(rpc) => self.call(rpc, input).await?,
            Way::Connection => self.connection(input).await?,
        };
        match INTERNAL.iter().find(|text| answer.contains(**text)) {
            Some(_) => Err(format!("an internal error: {answer}")),
            None => Ok(()),
        }
    }

    /// The access token in its place.
    fn filled(&self, input: &[u8]) -> Vec<u8> {
        const PLACE: &[u8] = b"{token}";
        let at = input.windows(PLACE.len()).position(|bytes| bytes == PLACE);
        match at {
            None => input.to_vec(),
            Some(at) => {
                let (before, after) = input.split_at(at);
                let after = after.get(PLACE.len()..).unwrap_or_default();
                [before, self.token.as_bytes(), after].concat()
            }
        }
    }

    async fn post(&self, path: &str, kind: &str, body: Vec<u8>) -> Result<String, String> {
        self.request("POST", path, kind, body).await
    }

    async fn request(
        &self,
        method: &str,
        path: &str,
        kind: &str,
        body: Vec<u8>,
    ) -> Result<String, String> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", kind)
            .header("soapaction", "\"\"");
        let request = request.body(Full::new(Bytes::from(body)));
        let answer = self.http.send(request.map_err(text)?, WITHIN).await;
        let answer = answer.map_err(text)?;
        Ok(String::from_utf8_lossy(&answer.body).into_owned())
    }

    /// Deploys a file, and waits for the end.
    async fn deployed(&self, zip: &[u8]) -> Result<String, String> {
        let path = format!("{DATA}/metadata/deployRequest");
        let options = r#"{"deployOptions":{"checkOnly":true,"singlePackage":true}}"#;
        let body = multipart(
            ("json", JSON, options.as_bytes()),
            ("file", "application/zip", zip),
        );
        let asked = self
            .post(&path, "multipart/form-data; boundary=border", body)
            .await?;
        let Some(id) = between(&asked, "\"id\":\"") else {
            return Ok(asked);
        };
        self.until(&format!("{path}/{id}"), "\"done\":true").await
    }

    /// Changes records, and waits for the end.
    async fn job(&self, data: &[u8]) -> Result<String, String> {
        let path = format!("{DATA}/jobs/ingest");
        let job = r#"{"object":"Account","operation":"insert","contentType":"CSV"}"#;
        let body = multipart(("job", JSON, job.as_bytes()), ("content", "text/csv", data));
        let asked = self
            .post(&path, "multipart/form-data; boundary=border", body)
            .await?;
        let Some(id) = between(&asked, "\"id\":\"") else {
            return Ok(asked);
        };
        let path = format!("{path}/{id}");
        let ended = self.until(&path, "\"numberRecordsProcessed\"").await?;
        let failed = format!("{path}/failedResults");
        Ok(ended + &self.request("GET", &failed, JSON, Vec::new()).await?)
    }

    async fn until(&self, path: &str, text: &str) -> Result<String, String> {
        let ended = async {
            loop {
                let answer = self.request("GET", path, JSON, Vec::new()).await?;
                let is_open = ["\"Open\"", "\"UploadComplete\"", "\"InProgress\""];
                if answer.contains(text) && !is_open.iter().any(|state| answer.contains(state)) {
                    return Ok(answer);
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let ended = tokio::time::timeout(WITHIN, ended).await;
        ended.map_err(|_| format!("{path} does not end"))?
    }

    async fn asserted(&self, input: &[u8]) -> Result<String, String> {
        let parts = input.split(|byte| *byte == b'\n');
        let parts: Vec<String> = parts.map(|part| URL_SAFE_NO_PAD.encode(part)).collect();
        let grant = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer";
        let form = format!("grant_type={grant}&assertion={}", parts.join("."));
        self.post("/services/oauth2/token", FORM, form.into()).await
    }

    /// A call whose request ends after the input.
    async fn call(&self, rpc: &str, input: &[u8]) -> Result<String, String> {
        let stream = TcpStream::connect(&self.authority).await.map_err(text)?;
        let handshake = http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
        let (mut sender, connection) = handshake.await.map_err(text)?;
        tokio::spawn(connection);
        let request = Request::post(format!(
            "http://{}/eventbus.v1.PubSub/{rpc}",
            self.authority
        ))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("accesstoken", &self.token)
        .header("instanceurl", format!("http://{}", self.authority))
        .header("tenantid", &self.org);
        let body =
            Full::new(Bytes::copy_from_slice(input)).map_err(|never: Infallible| match never {});
        let request = request.body(body).map_err(text)?;
        let answered = async {
            let answer = sender.send_request(request).await.map_err(text)?;
            let (head, body) = answer.into_parts();
            let body = body.collect().await.map_err(text)?;
            let trailers = body.trailers().cloned().unwrap_or_default();
            Ok(format!("{:?} {trailers:?}", head.headers))
        };
        let answered = tokio::time::timeout(WITHIN, answered).await;
        answered.map_err(|_| "the call does not end".to_owned())?
    }

    /// A connection that sends the input and nothing else.
    async fn connection(&self, input: &[u8]) -> Result<String, String> {
        let stream = TcpStream::connect(&self.authority).await.map_err(text)?;
        let (mut read, mut write) = stream.into_split();
        // The server may be done with it before all is sent.
        let _ = write.write_all(&self.filled(input)).await;
        drop(write);
        let mut answer = Vec::new();
        let ended = tokio::time::timeout(WITHIN, read.read_to_end(&mut answer)).await;
        // A connection that is reset has ended, too.
        let _ = ended.map_err(|_| "the connection does not end".to_owned())?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }
}

fn multipart(first: (&str, &str, &[u8]), second: (&str, &str, &[u8])) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, kind, data) in [first, second] {
        let head = format!(
            "--border\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{name}\"\r\nContent-Type: {kind}\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(data);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--border--\r\n");
    body
}

fn between<'t>(text: &'t str, from: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(from)?;
    Some(rest.split_once('"')?.0)
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
