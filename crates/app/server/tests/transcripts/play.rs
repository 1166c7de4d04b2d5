//! Playing cases: requests out, answers in.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, header};
use http_body_util::Full;
use landfall_client::{Answer, Grant, HttpClient, Org, Target, Trust};
use landfall_engine::{SystemEntropy, chain};
use landfall_server::config::{DEVELOPER_CLIENT, DEVELOPER_PASSWORD, DEVELOPER_USERNAME};
use landfall_server::{Config, Environment, Running, Server, Settings};
use tokio::task::JoinHandle;

use crate::clock::StageClock;
use crate::compare::Names;
use crate::grpc::{Call, Connection};
use crate::parse::{Case, Correction, Document, Exchange, Grpc, Step};

/// How long an answer may take.
const WITHIN: Duration = Duration::from_secs(30);

/// The outcome of a document.
#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) played: usize,
    pub(crate) failures: Vec<String>,
    pub(crate) corrections: Vec<Correction>,
}

/// A server of its own, logged in to.
struct Stage {
    clock: Arc<StageClock>,
    running: Running,
    http: Arc<HttpClient>,
    names: Names,
}

pub(crate) async fn document(document: &Document) -> Outcome {
    let wanted = std::env::var("CASE").unwrap_or_default();
    let mut outcome = Outcome::default();
    let mut shared: Option<Stage> = None;
    for case in document
        .cases
        .iter()
        .filter(|case| case.title.contains(&wanted))
    {
        outcome.played += 1;
        let played = if case.fresh {
            match Stage::open(&case.settings).await {
                Ok(stage) => {
                    let played = play(&stage, case, &mut outcome.corrections).await;
                    stage.close().await;
                    played
                }
                Err(error) => Err(error),
            }
        } else {
            let stage = match shared.take() {
                Some(stage) => Ok(stage),
                None => Stage::open("").await,
            };
            match stage {
                Ok(stage) => {
                    let played = play(&stage, case, &mut outcome.corrections).await;
                    shared = Some(stage);
                    played
                }
                Err(error) => Err(error),
            }
        };
        if let Err(error) = played {
            outcome
                .failures
                .push(format!("{}: {}\n{error}", case.line, case.title));
        }
    }
    if let Some(stage) = shared {
        stage.close().await;
    }
    outcome
}

impl Stage {
    async fn open(own: &str) -> Result<Self, String> {
        let clock = Arc::new(StageClock::new());
        let parse = |text: &str| {
            Settings::parse(text, Path::new("transcript")).map_err(|error| error.to_string())
        };
        let settings = parse("listen = \"127.0.0.1:0\"\nephemeral = true")?.or(parse(own)?);
        let config = Config::dev(&settings).map_err(|error| error.to_string())?;
        let environment = Environment {
            clock: clock.clone(),
            entropy: Arc::new(SystemEntropy),
        };
        let running = Server::start_in(config, environment)
            .await
            .map_err(|error| format!("the server does not start: {error:?}"))?;
        let target: Target = running.url().parse().map_err(|error| format!("{error}"))?;
        let grant = Grant::Password {
            username: DEVELOPER_USERNAME.to_owned(),
            password: DEVELOPER_PASSWORD.to_owned(),
            client_id: DEVELOPER_CLIENT.to_owned(),
            client_secret: DEVELOPER_CLIENT.to_owned(),
        };
        let org = Org::login(target.clone(), &Trust::nobody(), &grant)
            .await
            .map_err(|error| format!("the login fails: {error}"))?;
        let mut names = Names::default();
        names.bind("T", org.access_token().expose());
        names.bind("URL", running.url());
        names.bind("HOST", target.authority());
        Ok(Self {
            clock,
            running,
            http: Arc::clone(org.http()),
            names,
        })
    }

    /// Waits until the server holds so many polls. A timer alone does not say so: it may be left of an earlier poll.
    async fn holds(&self, polls: usize) -> Result<(), String> {
        let node = Request::get("/_landfall/v1/node").body(Full::default());
        let node = node.map_err(|error| error.to_string())?;
        let wait = async {
            loop {
                let answer = self.http.send(node.clone(), WITHIN).await;
                let answer = answer.map_err(|error| chain(&error))?;
                let node: serde_json::Value =
                    serde_json::from_slice(&answer.body).map_err(|error| error.to_string())?;
                if node.pointer("/connections/heldPolls") == Some(&polls.into()) {
                    return Ok(());
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let waited = tokio::time::timeout(WITHIN, wait).await;
        waited.map_err(|_| format!("the server does not hold {polls} polls"))?
    }

    async fn close(self) {
        // Kept connections would be waited for.
        drop(self.http);
        self.running.stop().await.expect("the server stops");
    }
}

type Held<'a> = (&'a Exchange, JoinHandle<Result<Answer, String>>);

async fn play(stage: &Stage, case: &Case, corrections: &mut Vec<Correction>) -> Result<(), String> {
    let mut names = stage.names.clone();
    let mut held: Vec<Held<'_>> = Vec::new();
    let mut calls = Calls::default();
    let mut problems: Vec<String> = Vec::new();
    for step in &case.steps {
        match step {
            Step::Exchange(exchange) => {
                let request = request(exchange, &names).map_err(|error| at(exchange, &error))?;
                let http = Arc::clone(&stage.http);
                let answer = tokio::spawn(async move {
                    http.send(request, WITHIN)
                        .await
                        .map_err(|error| chain(&error))
                });
                if exchange.held {
                    held.push((exchange, answer));
                } else {
                    check((exchange, answer), &mut names, corrections, &mut problems).await?;
                }
            }
            Step::Clock(span) => {
                if !held.is_empty() {
                    stage.holds(held.len()).await?;
                }
                if !held.is_empty() || calls.are_open() {
                    stage.clock.awaited(*span).await?;
                }
                stage.clock.advance(*span);
            }
            Step::Grpc(line, step) => {
                if let Err(error) = calls.play(step, &mut names).await {
                    problems.push(format!("line {line}: {error}"));
                    break;
                }
            }
            Step::Answered => {
                for held in held.drain(..) {
                    check(held, &mut names, corrections, &mut problems).await?;
                }
            }
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(problems.join("\n"))
    }
}

/// The calls of a case.
#[derive(Default)]
struct Calls {
    connection: Option<Connection>,
    by_name: BTreeMap<String, (Call, Vec<(String, String)>)>,
    current: String,
}

impl Calls {
    /// Whether the server may wait for one of them.
    fn are_open(&self) -> bool {
        self.by_name.values().any(|(call, _)| call.is_open())
    }

    async fn play(&mut self, step: &Grpc, names: &mut Names) -> Result<(), String> {
        if let Grpc::On(name) = step {
            self.current.clone_from(name);
            return Ok(());
        }
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(Connection::open(&names.fill("$HOST")?).await?),
        };
        if let Grpc::Call {
            method,
            name,
            headers: own,
        } = step
        {
            let headers = headers(own, names)?;
            let call = connection.call(method, &headers).await?;
            self.current.clone_from(name);
            self.by_name.insert(name.clone(), (call, headers));
            return Ok(());
        }
        let call = self.by_name.get_mut(&self.current);
        let (call, headers) = call.ok_or("there is no such call")?;
        match step {
            Grpc::Send(message) => {
                let message = names.fill(message)?;
                connection.send(call, headers, &message).await
            }
            Grpc::Receive(expected) => {
                let actual = connection.receive(call, headers).await?;
                names
                    .message(expected, &actual)
                    .map_err(|error| format!("{error}\n  actual message: {actual}"))
            }
            Grpc::Ends(expected) => {
                let actual = connection.ended(call).await?;
                names.text(expected, &actual)
            }
            Grpc::Finish => {
                call.finish();
                Ok(())
            }
            Grpc::Call { .. } | Grpc::On(_) => Ok(()),
        }
    }
}

/// The metadata of a call: a login, unless it has its own.
fn headers(own: &[(String, String)], names: &Names) -> Result<Vec<(String, String)>, String> {
    let token = names.fill("$T")?;
    let tenant = token.split('!').next().unwrap_or_default().to_owned();
    let mut headers = Vec::new();
    for (name, value) in [
        ("accesstoken", token.clone()),
        ("instanceurl", names.fill("$URL")?),
        ("tenantid", tenant),
    ] {
        let written = own.iter().find(|(own, _)| own == name);
        let value = match written {
            Some((_, value)) => names.fill(value)?,
            None => value,
        };
        headers.push((name.to_owned(), value));
    }
    Ok(headers)
}

/// Compares an answer. A wrong one is noted, so that the rest of the case is compared too; no answer at all ends the case.
async fn check(
    (exchange, answer): Held<'_>,
    names: &mut Names,
    corrections: &mut Vec<Correction>,
    problems: &mut Vec<String>,
) -> Result<(), String> {
    let answer = answer
        .await
        .map_err(|error| error.to_string())
        .and_then(|answer| answer)
        .map_err(|error| at(exchange, &error))?;
    let status = answer.status.as_u16();
    let mut wrong: Vec<String> = Vec::new();
    if status != exchange.status {
        wrong.push(format!("expected status {}, got {status}", exchange.status));
    }
    for (name, expected) in &exchange.expected_headers {
        if let Err(error) = compare_header(&answer, name, expected, names) {
            wrong.push(format!("{name}: {error}"));
        }
    }
    let body_differs = match &exchange.expected_body {
        Some(expected) => match names.body(expected, &answer.body) {
            Ok(()) => false,
            Err(error) => {
                wrong.push(error);
                true
            }
        },
        None => false,
    };
    if !wrong.is_empty() {
        let body = names.written(&answer.body);
        problems.push(at(
            exchange,
            &format!("{}\n  actual body: {body}", wrong.join("\n  ")),
        ));
        corrections.push(Correction {
            line: exchange.line,
            status,
            body: body_differs.then_some(body),
        });
    }
    Ok(())
}

fn compare_header(
    answer: &Answer,
    name: &str,
    expected: &str,
    names: &mut Names,
) -> Result<(), String> {
    let actual: Vec<String> = answer
        .headers
        .get_all(name)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .collect();
    match (expected, actual.is_empty()) {
        ("-", true) => Ok(()),
        ("-", false) => Err(format!("expected none, got `{}`", actual.join(", "))),
        (_, true) => Err("missing".to_owned()),
        (_, false) => names.text(expected, &actual.join(", ")),
    }
}

fn request(exchange: &Exchange, names: &Names) -> Result<Request<Full<Bytes>>, String> {
    let target = names.fill(&exchange.target)?;
    let method =
        Method::from_bytes(exchange.method.as_bytes()).map_err(|error| error.to_string())?;
    let mut request = Request::builder().method(method).uri(target);
    let has = |name: header::HeaderName| {
        exchange
            .headers
            .iter()
            .any(|(own, _)| own.eq_ignore_ascii_case(name.as_str()))
    };
    for (name, value) in exchange
        .headers
        .iter()
        .filter(|(_, value)| !value.is_empty())
    {
        let value = names.fill(value)?;
        let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|error| error.to_string())?;
        request = request.header(name, value);
    }
    if !has(header::AUTHORIZATION) && !exchange.target.contains("/services/oauth2/") {
        request = request.header(header::AUTHORIZATION, names.fill("Bearer $T")?);
    }
    let body = match &exchange.body {
        Some(body) => names.fill(body)?,
        None => String::new(),
    };
    if exchange.body.is_some() && !has(header::CONTENT_TYPE) {
        let is_json = body.trim_start().starts_with(['{', '[', '"']);
        let kind = if is_json {
            "application/json"
        } else {
            "application/x-www-form-urlencoded"
        };
        request = request.header(header::CONTENT_TYPE, kind);
    }
    request
        .body(Full::new(Bytes::from(body)))
        .map_err(|error| error.to_string())
}

fn at(exchange: &Exchange, problem: &str) -> String {
    format!(
        "line {}: {} {}\n  {problem}",
        exchange.line, exchange.method, exchange.target
    )
}
