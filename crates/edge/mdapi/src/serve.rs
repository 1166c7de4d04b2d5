//! The SOAP endpoint, and who answers which call.

use std::future::ready;
use std::pin::Pin;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::request::Parts;
use http::{Method, StatusCode, header};
use landfall_auth::Login;
use landfall_envelope::Envelope;
use landfall_http::body::{Opened, open_envelope};
use landfall_model::limits::METADATA_REQUEST_BYTES_MAX;
use landfall_model::{Fault, RequestFault, SessionFault, SoapFault};
use landfall_wire::versions;
use landfall_xml::Writer;
use serde_json::json;
use tokio::sync::SemaphorePermit;

use crate::calls::Saving;
use crate::deployment::{Deployment, Status};
use crate::error::Error;
use crate::options::Options;
use crate::{Shared, answer, calls, check_permitted, deploy, describe, list, retrieve, value};

/// A call of a user who may make it.
pub(crate) struct Call<'r> {
    pub(crate) shared: &'r Shared,
    pub(crate) login: Arc<Login>,
    pub(crate) envelope: &'r Envelope,
}

impl Call<'_> {
    /// The text of an argument; empty if it is not given.
    pub(crate) fn argument(&self, name: &str) -> &str {
        self.envelope.operation.value(name).unwrap_or_default()
    }
}

/// Answers a request for the Metadata API.
pub(crate) async fn metadata(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    if request.method() != Method::POST {
        let allow = [(header::ALLOW, "POST")];
        return (StatusCode::METHOD_NOT_ALLOWED, allow, "Only POST allowed").into_response();
    }
    match answered(&shared, request).await {
        Ok((operation, results)) => answer::success(&operation, &results),
        Err(error) => answer::failure(&error.fault()),
    }
}

async fn answered(shared: &Shared, request: Request) -> Result<(String, String), Error> {
    let (parts, body) = request.into_parts();
    let mut path = parts
        .uri
        .path()
        .split('/')
        .filter(|segment| !segment.is_empty());
    let version = path.nth(3).and_then(versions::parse_soap);
    version.ok_or(Fault::Soap(SoapFault::VersionInvalid))?;
    let opened = open_envelope(&parts.headers, body).await?;
    let (login, _turn, envelope) = admitted(shared, &parts, opened).await?;
    let call = Call {
        shared,
        login,
        envelope: &envelope,
    };
    let mut w = Writer::new();
    perform(&call, &mut w).await?;
    Ok((envelope.operation.name.clone(), w.finish()))
}

/// Who calls, their turn, and the request, of which no more than the beginning is read before the other two.
async fn admitted<'s>(
    shared: &'s Shared,
    parts: &Parts,
    opened: Opened,
) -> Result<(Arc<Login>, SemaphorePermit<'s>, Envelope), Error> {
    if opened.is_whole() {
        let bytes = opened
            .read(&parts.headers, METADATA_REQUEST_BYTES_MAX)
            .await?;
        let envelope = Envelope::parse(&bytes)?;
        let login = login(shared, parts, &envelope)?;
        return Ok((login, shared.turn().await?, envelope));
    }
    let beginning =
        Envelope::beginning(opened.beginning()).ok_or(Fault::Request(RequestFault::TooLarge))?;
    let login = login(shared, parts, &beginning)?;
    let turn = shared.turn().await?;
    let bytes = opened
        .read(&parts.headers, METADATA_REQUEST_BYTES_MAX)
        .await?;
    Ok((login, turn, Envelope::parse(&bytes)?))
}

/// Who calls, if they may use the Metadata API.
fn login(shared: &Shared, parts: &Parts, envelope: &Envelope) -> Result<Arc<Login>, Fault> {
    let token = envelope
        .option("SessionHeader", "sessionId")
        .ok_or(Fault::Session(SessionFault::Missing))?;
    let login = shared.auth.session_login(token)?;
    login.identify(parts.extensions.get());
    check_permitted(&login)?;
    Ok(login)
}

type Pending<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'a>>;

/// A call: its name, and the function that answers it.
struct Operation(
    &'static str,
    for<'a> fn(&'a Call<'a>, &'a mut Writer) -> Pending<'a>,
);

/// Every call, sorted by name.
const OPERATIONS: &[Operation] = &[
    Operation("cancelDeploy", |call, w| Box::pin(cancel_deploy(call, w))),
    Operation("checkDeployStatus", |call, w| {
        Box::pin(check_deploy_status(call, w))
    }),
    Operation("checkRetrieveStatus", |call, w| {
        Box::pin(check_retrieve_status(call, w))
    }),
    Operation("checkStatus", |call, w| Box::pin(check_status(call, w))),
    Operation("createMetadata", |call, w| {
        Box::pin(save(call, w, Saving::Create))
    }),
    Operation("deleteMetadata", |call, w| {
        Box::pin(async move {
            results(w, calls::delete(call).await?);
            Ok(())
        })
    }),
    Operation("deploy", |call, w| Box::pin(deploy_zip(call, w))),
    Operation("deployRecentValidation", |call, w| {
        Box::pin(deploy_validated(call, w))
    }),
    Operation("describeMetadata", |_, w| {
        value::write(w, "result", &describe::describe());
        Box::pin(ready(Ok(())))
    }),
    Operation("listMetadata", |call, w| {
        Box::pin(async move {
            results(w, list::list(call).await?);
            Ok(())
        })
    }),
    Operation("readMetadata", |call, w| {
        Box::pin(ready(calls::read(call, w)))
    }),
    Operation("retrieve", |call, w| {
        Box::pin(async move {
            let id = retrieve::ask(call).await?;
            value::write(w, "result", &waiting(&id));
            Ok(())
        })
    }),
    Operation("updateMetadata", |call, w| {
        Box::pin(save(call, w, Saving::Update))
    }),
    Operation("upsertMetadata", |call, w| {
        Box::pin(save(call, w, Saving::Upsert))
    }),
];

/// The names of the calls.
pub fn operations() -> impl Iterator<Item = &'static str> {
    OPERATIONS.iter().map(|Operation(name, _)| *name)
}

async fn perform(call: &Call<'_>, w: &mut Writer) -> Result<(), Error> {
    let name = call.envelope.operation.name.as_str();
    let mut operations = OPERATIONS.iter();
    match operations.find(|Operation(own, _)| *own == name) {
        Some(Operation(_, answer)) => answer(call, w).await,
        None => Err(Fault::Soap(SoapFault::OperationUnknown {
            namespace: answer::NAMESPACE,
            name: name.to_owned(),
        })
        .into()),
    }
}

async fn deploy_zip(call: &Call<'_>, w: &mut Writer) -> Result<(), Error> {
    let zip = zip_of(call)?;
    let options = Options::of(call.envelope.operation.child("DeployOptions"));
    let asked = deploy::deploy(call.shared, &call.login, zip.into(), options).await?;
    value::write(w, "result", &waiting(&asked.id));
    Ok(())
}

async fn deploy_validated(call: &Call<'_>, w: &mut Writer) -> Result<(), Error> {
    let id = call.argument("validationId");
    let asked = deploy::deploy_validated(call.shared, &call.login, id).await?;
    w.text("result", &asked.id);
    Ok(())
}

async fn check_deploy_status(call: &Call<'_>, w: &mut Writer) -> Result<(), Error> {
    let found = deploy::status(call.shared, call.argument("asyncProcessId")).await?;
    let with_details = matches!(call.argument("includeDetails"), "true" | "1");
    value::write(w, "result", &found.result(with_details));
    Ok(())
}

async fn cancel_deploy(call: &Call<'_>, w: &mut Writer) -> Result<(), Error> {
    let id = ["String", "asyncProcessId", "id"].map(|name| call.argument(name));
    let id = id.into_iter().find(|id| !id.is_empty()).unwrap_or_default();
    let found = deploy::cancel(call.shared, &call.login, id).await?;
    value::write(w, "result", &canceled(&found));
    Ok(())
}

async fn check_retrieve_status(call: &Call<'_>, w: &mut Writer) -> Result<(), Error> {
    let id = call.argument("asyncProcessId");
    let with_zip = !matches!(call.argument("includeZip"), "false" | "0");
    let found = retrieve::result(call.shared, id, with_zip).await?;
    value::write(w, "result", &found);
    Ok(())
}

async fn check_status(call: &Call<'_>, w: &mut Writer) -> Result<(), Error> {
    let mut all = Vec::new();
    for id in call.envelope.operation.children_named("asyncProcessId") {
        all.push(progress(call.shared, &id.text).await?);
    }
    results(w, all);
    Ok(())
}

async fn save(call: &Call<'_>, w: &mut Writer, saving: Saving) -> Result<(), Error> {
    results(w, calls::save(call, saving).await?);
    Ok(())
}

fn results(w: &mut Writer, results: Vec<serde_json::Value>) {
    value::write(w, "result", &results.into());
}

/// The zip file of a request. Blanks and line ends in it mean nothing.
fn zip_of(call: &Call<'_>) -> Result<Vec<u8>, Fault> {
    let Some(given) = call.envelope.operation.child("ZipFile") else {
        return Ok(Vec::new());
    };
    let mut text = given.text.clone();
    text.retain(|letter| !letter.is_ascii_whitespace());
    STANDARD.decode(&text).map_err(|_| {
        Fault::Soap(SoapFault::ValueInvalid {
            value: text.chars().take(20).collect(),
            kind: "xsd:base64Binary",
        })
    })
}

/// The answer to a request that starts a long operation.
///
/// Source: "`AsyncResult`" (Metadata API Developer Guide).
fn waiting(id: &str) -> serde_json::Value {
    json!({ "done": false, "id": id, "state": "Queued" })
}

/// How far a deployment or a retrieval is.
///
/// Source: "`checkStatus()`", "`AsyncResult`" (Metadata API Developer Guide): removed as of version 31.0. Clients: `CumulusCI`
/// asks so in every version before it asks for what a retrieval gives.
///
/// # Errors
/// [`landfall_model::RecordFault::Unknown`].
async fn progress(shared: &Shared, id: &str) -> Result<serde_json::Value, Error> {
    let Ok(deployment) = deploy::status(shared, id).await else {
        // What a retrieval gives is made when it is asked for.
        let retrieval = shared.retrievals.find(id)?;
        return Ok(json!({ "done": true, "id": retrieval.id, "state": "Completed" }));
    };
    let state = match deployment.status {
        Status::Pending => "Queued",
        Status::InProgress => "InProgress",
        Status::Succeeded | Status::SucceededPartial => "Completed",
        Status::Failed | Status::Canceled => "Error",
    };
    let done = deployment.status.is_done();
    Ok(json!({ "done": done, "id": deployment.id, "state": state }))
}

fn canceled(deployment: &Deployment) -> serde_json::Value {
    json!({ "done": deployment.status.is_done(), "id": deployment.id })
}
