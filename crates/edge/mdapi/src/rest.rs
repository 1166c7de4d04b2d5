//! The REST resource `deployRequest`.
//!
//! Source: "REST Resources" (Metadata API Developer Guide).

use std::pin::Pin;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use http::header::{
    ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode};
use landfall_auth::Login;
use landfall_http::body::read_body;
use landfall_model::limits::METADATA_REQUEST_BYTES_MAX;
use landfall_model::{Fault, MetadataFault, Refused, RequestFault, SessionFault};
use landfall_wire::versions::{self, Named};
use landfall_wire::{ApiVersion, headers as names, multipart};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::deployment::Deployment;
use crate::error::Error;
use crate::options::Options;
use crate::{Shared, check_permitted, deploy};

/// The only status that a client can ask for.
const CANCELING: &str = "Canceling";

struct Call {
    version: ApiVersion,
    login: Arc<Login>,
    parts: Parts,
}

/// Answers everything below `metadata`.
pub(crate) async fn metadata(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    match answer(&shared, request).await {
        Ok((status, body)) => respond(status, body.to_string()),
        Err(error) => refusal(&error.fault()),
    }
}

async fn answer(shared: &Shared, request: Request) -> Result<(StatusCode, Value), Error> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let mut segments = path
        .split('/')
        .filter(|segment| !segment.is_empty())
        .skip(2);
    let Some(Named::Served(version)) = segments.next().map(versions::parse_rest) else {
        return Err(Fault::Request(RequestFault::ResourceNotFound).into());
    };
    let token = parts.headers.get(AUTHORIZATION).map(|value| value.to_str());
    let token = token
        .transpose()
        .map_err(|_| Fault::Session(SessionFault::HeaderInvalid))?;
    let login = shared.auth.rest_login(token)?;
    login.identify(parts.extensions.get());
    check_permitted(&login)?;
    let _turn = shared.turn().await?;
    let call = Call {
        version,
        login,
        parts,
    };
    let path: Vec<&str> = segments.skip(1).collect();
    let (allowed, id) = match *path {
        ["deployRequest"] => ("POST", None),
        ["deployRequest", id] => ("GET,PATCH", Some(id)),
        _ => return Err(Fault::Request(RequestFault::ResourceNotFound).into()),
    };
    let mut resources = RESOURCES.iter();
    let resource = resources.find(|resource| {
        resource.method == call.parts.method && resource.path.ends_with("{id}") == id.is_some()
    });
    let Some(resource) = resource else {
        let method = call.parts.method.to_string();
        return Err(Fault::Request(RequestFault::MethodNotAllowed { method, allowed }).into());
    };
    (resource.answer)(shared, &call, id.unwrap_or_default(), body).await
}

type Pending<'a> = Pin<Box<dyn Future<Output = Result<(StatusCode, Value), Error>> + Send + 'a>>;

/// A resource below `metadata`.
struct Resource {
    path: &'static str,
    method: Method,
    answer: for<'a> fn(&'a Shared, &'a Call, &'a str, Body) -> Pending<'a>,
}

/// Every resource.
const RESOURCES: &[Resource] = &[
    Resource {
        path: "deployRequest",
        method: Method::POST,
        answer: |shared, call, _, body| Box::pin(begin(shared, call, body)),
    },
    Resource {
        path: "deployRequest/{id}",
        method: Method::GET,
        answer: |shared, call, id, _| Box::pin(show(shared, call, id)),
    },
    Resource {
        path: "deployRequest/{id}",
        method: Method::PATCH,
        answer: |shared, call, id, body| Box::pin(cancel(shared, call, id, body)),
    },
];

/// The resources below `metadata` with their methods: `GET deployRequest/{id}`.
pub fn resources() -> impl Iterator<Item = String> {
    let resources = RESOURCES.iter();
    resources.map(|resource| format!("{} {}", resource.method, resource.path))
}

async fn begin(shared: &Shared, call: &Call, body: Body) -> Result<(StatusCode, Value), Error> {
    let bytes = read_body(&call.parts.headers, body, METADATA_REQUEST_BYTES_MAX).await?;
    let asked = post(shared, call, &bytes).await?;
    Ok((StatusCode::CREATED, rendered(shared, call, &asked, None)))
}

async fn show(shared: &Shared, call: &Call, id: &str) -> Result<(StatusCode, Value), Error> {
    let found = deploy::status(shared, id).await?;
    let with_details = with_details(&call.parts);
    let body = rendered(shared, call, &found, Some(with_details));
    Ok((StatusCode::OK, body))
}

async fn cancel(
    shared: &Shared,
    call: &Call,
    id: &str,
    body: Body,
) -> Result<(StatusCode, Value), Error> {
    let bytes = read_body(&call.parts.headers, body, METADATA_REQUEST_BYTES_MAX).await?;
    let asked: Patch = unreadable(serde_json::from_slice(&bytes))?;
    if asked.deploy_result.status != CANCELING {
        return Err(Fault::Metadata(MetadataFault::RequestUnreadable).into());
    }
    let found = deploy::cancel(shared, &call.login, id).await?;
    let body = rendered(shared, call, &found, Some(false));
    Ok((StatusCode::ACCEPTED, body))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Patch {
    deploy_result: PatchedResult,
}

#[derive(Deserialize)]
struct PatchedResult {
    status: String,
}

/// What the JSON of a request says.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Asked {
    deploy_options: Options,
    validated_deploy_request_id: Option<String>,
}

async fn post(shared: &Shared, call: &Call, bytes: &Bytes) -> Result<Deployment, Error> {
    let kind = call.parts.headers.get(CONTENT_TYPE);
    let kind = kind
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let Some(boundary) = multipart::boundary(kind) else {
        let asked: Asked = unreadable(serde_json::from_slice(bytes))?;
        let validated = asked.validated_deploy_request_id;
        let validated = validated.ok_or(Fault::Metadata(MetadataFault::ZipMissing))?;
        return deploy::deploy_validated(shared, &call.login, &validated).await;
    };
    let parts = multipart::parts(bytes, boundary);
    let parts = parts.ok_or(Fault::Metadata(MetadataFault::RequestUnreadable))?;
    // Clients: the documentation calls the other part `json`, jsforce `entity_content`.
    let (files, others): (Vec<multipart::Part<'_>>, Vec<_>) =
        parts.into_iter().partition(|part| part.name == "file");
    let zip = files
        .first()
        .map_or_else(Bytes::new, |part| bytes.slice_ref(part.data));
    let asked: Asked = match others.first() {
        Some(part) => unreadable(serde_json::from_slice(part.data))?,
        None => Asked::default(),
    };
    deploy::deploy(shared, &call.login, zip, asked.deploy_options).await
}

fn unreadable<T>(read: Result<T, serde_json::Error>) -> Result<T, Fault> {
    read.map_err(|_| Fault::Metadata(MetadataFault::RequestUnreadable))
}

fn with_details(parts: &Parts) -> bool {
    let query = parts.uri.query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes())
        .any(|(name, value)| name == "includeDetails" && value == "true")
}

/// A deployment as the resource returns it; with its result, unless it was just requested.
fn rendered(shared: &Shared, call: &Call, deployment: &Deployment, details: Option<bool>) -> Value {
    let base = (shared.base_url)(&call.parts);
    let id = &deployment.id;
    json!({
        "id": id,
        "url": format!("{base}/services/data/v{}/metadata/deployRequest/{id}", call.version),
        "validatedDeployRequestId": deployment.validated,
        "deployOptions": deployment.options,
        "deployResult": details.map(|details| deployment.result(details)),
    })
}

fn refusal(fault: &Fault) -> Response {
    let error = landfall_wire::rest(fault);
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = respond(status, error.to_string());
    response.extensions_mut().insert(Refused::from(fault));
    if let Fault::Request(RequestFault::MethodNotAllowed { allowed, .. }) = fault {
        let allowed = HeaderValue::from_static(allowed);
        response.headers_mut().insert(ALLOW, allowed);
    }
    if status == StatusCode::UNAUTHORIZED {
        let scheme = HeaderValue::from_static(names::AUTHENTICATE_TOKEN);
        response.headers_mut().insert(WWW_AUTHENTICATE, scheme);
    }
    response
}

fn respond(status: StatusCode, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(names::JSON));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(names::NO_STORE));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
