//! From an HTTP request to the resource that answers it.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, Method};
use landfall_auth::Login;
use landfall_engine::usage::{Allocations, Meter};
use landfall_model::limits::{
    BULK_BODY_BYTES_MAX, BULK_MULTIPART_BYTES_MAX, BULK_QUERY_BODY_BYTES_MAX,
};
use landfall_model::{BulkFault, Fault, RequestFault, SessionFault};
use landfall_wire::versions::{self, Named};
use landfall_wire::{ApiVersion, headers as names, multipart};

use crate::job::Kind;
use crate::results::Which;
use crate::{Shared, answer, ingest, lifecycle, query};

/// Segments before the version: `services`, `data`.
const ROOT_SEGMENTS: usize = 2;

/// A request of a logged-in client.
pub(crate) struct Call {
    pub(crate) version: ApiVersion,
    pub(crate) login: Arc<Login>,
    pub(crate) parts: Parts,
}

impl Call {
    /// A query parameter; the first of its name counts.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let query = self.parts.uri.query().unwrap_or_default();
        form_urlencoded::parse(query.as_bytes())
            .find(|(given, _)| given.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.into_owned())
    }

    /// Where the changes of a job come from.
    pub(crate) fn origin(&self) -> String {
        origin(self.version, &self.parts.headers)
    }

    fn method(&self, allowed: &'static str) -> Result<&Method, Fault> {
        let method = &self.parts.method;
        if allowed.split(',').any(|name| name == method.as_str()) {
            return Ok(method);
        }
        Err(Fault::Request(RequestFault::MethodNotAllowed {
            method: method.to_string(),
            allowed,
        }))
    }
}

/// Where the changes of a job come from.
///
/// Source: "`ChangeEventHeader` Fields" (Change Data Capture Developer Guide), `changeOrigin`.
pub(crate) fn origin(version: ApiVersion, headers: &HeaderMap) -> String {
    let origin = format!("com/salesforce/api/bulkapi/{version}");
    let options = headers.get(names::CALL_OPTIONS);
    let options = options.and_then(|value| value.to_str().ok());
    match options.and_then(names::client_name) {
        Some(client) => format!("{origin};client={client}"),
        None => origin,
    }
}

/// Answers everything below `jobs`.
pub(crate) async fn jobs(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let answered = answer(shared, request).await;
    answered.unwrap_or_else(|fault| answer::refusal(&fault))
}

/// Answers who is logged in, and says how many requests the org has had.
async fn answer(shared: Arc<Shared>, request: Request) -> Result<Response, Fault> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let segments = path.split('/').filter(|segment| !segment.is_empty());
    let mut segments = segments.skip(ROOT_SEGMENTS);
    let Some(Named::Served(version)) = segments.next().map(versions::parse_rest) else {
        return Err(Fault::Request(RequestFault::ResourceNotFound));
    };
    let login = shared.auth.rest_login(authorization(&parts.headers)?)?;
    let (usage, verdict) = counted(&shared);
    let call = Call {
        version,
        login,
        parts,
    };
    let path: Vec<&str> = segments.skip(1).collect();
    let answered = match verdict {
        Ok(()) => within(shared, &call, &path, body).await,
        Err(fault) => Err(fault.into()),
    };
    let mut response = answered.unwrap_or_else(|fault| answer::refusal(&fault));
    if let Ok(usage) = usage.parse() {
        response.headers_mut().insert(names::LIMIT_INFO, usage);
    }
    Ok(response)
}

/// Counts a request; says what `Sforce-Limit-Info` shows.
///
/// # Errors
/// [`landfall_model::LimitFault::Requests`] together with that.
pub(crate) fn counted(shared: &Shared) -> (String, Result<(), landfall_model::LimitFault>) {
    let usage = shared.engine.usage();
    let (used, verdict) = usage.request();
    let most = usage.allocations().of(Meter::Requests);
    let most = most.or_else(|| Allocations::DEVELOPER.of(Meter::Requests));
    (names::api_usage(used, most.unwrap_or(used)), verdict)
}

async fn within(
    shared: Arc<Shared>,
    call: &Call,
    path: &[&str],
    body: Body,
) -> Result<Response, Fault> {
    check_encoding(&call.parts.headers)?;
    match path {
        ["ingest"] if call.method("GET,POST")? == Method::POST => {
            ingest::create(&shared, call, body).await
        }
        ["ingest"] => Ok(lifecycle::list(&shared, call, Kind::Ingest)),
        ["ingest", id] => match *call.method("GET,PATCH,DELETE")? {
            Method::PATCH => ingest::change(&shared, call, id, body).await,
            Method::DELETE => lifecycle::delete(&shared, call, (Kind::Ingest, id)).await,
            _ => lifecycle::show(&shared, call, (Kind::Ingest, id)),
        },
        ["ingest", id, "batches"] => {
            call.method("PUT")?;
            ingest::upload(&shared, call, id, body).await
        }
        ["ingest", id, name] => {
            let which = Which::named(name).ok_or(Fault::Request(RequestFault::ResourceNotFound))?;
            call.method("GET")?;
            ingest::results(&shared, call, id, which)
        }
        ["query", rest @ ..] => queries(&shared, call, rest, body).await,
        _ => Err(Fault::Request(RequestFault::ResourceNotFound)),
    }
}

async fn queries(
    shared: &Shared,
    call: &Call,
    path: &[&str],
    body: Body,
) -> Result<Response, Fault> {
    match *path {
        [] if call.method("GET,POST")? == Method::POST => query::create(shared, call, body).await,
        [] => Ok(lifecycle::list(shared, call, Kind::Query)),
        [id] => match *call.method("GET,PATCH,DELETE")? {
            Method::PATCH => query::change(shared, call, id, body).await,
            Method::DELETE => lifecycle::delete(shared, call, (Kind::Query, id)).await,
            _ => lifecycle::show(shared, call, (Kind::Query, id)),
        },
        [id, name] if name.eq_ignore_ascii_case("results") => {
            call.method("GET")?;
            query::results(shared, call, id).await
        }
        [id, name] if name.eq_ignore_ascii_case("resultPages") => {
            call.method("GET")?;
            query::pages(shared, call, id)
        }
        _ => Err(Fault::Request(RequestFault::ResourceNotFound)),
    }
}

fn authorization(headers: &HeaderMap) -> Result<Option<&str>, Fault> {
    headers
        .get(AUTHORIZATION)
        .map(|value| {
            value
                .to_str()
                .map_err(|_| Fault::Session(SessionFault::HeaderInvalid))
        })
        .transpose()
}

/// Refuses a body that has not been unpacked before it came here.
///
/// Source: "Limits", Compression (Bulk API 2.0 and Bulk API Developer Guide): there is no other encoding than gzip.
pub(crate) fn check_encoding(headers: &HeaderMap) -> Result<(), Fault> {
    match headers.get(CONTENT_ENCODING) {
        Some(encoding) if !encoding.as_bytes().eq_ignore_ascii_case(b"identity") => {
            Err(Fault::Request(RequestFault::MediaTypeUnsupported {
                media_type: String::from_utf8_lossy(encoding.as_bytes()).into_owned(),
            }))
        }
        _ => Ok(()),
    }
}

/// Refuses a body of another media type; one without a type is taken.
pub(crate) fn check_media_type(call: &Call, read: &str) -> Result<(), Fault> {
    let Some(value) = call.parts.headers.get(CONTENT_TYPE) else {
        return Ok(());
    };
    let value = String::from_utf8_lossy(value.as_bytes());
    let media_type = value.split(';').next().unwrap_or_default().trim();
    if media_type.is_empty() || media_type.eq_ignore_ascii_case(read) {
        return Ok(());
    }
    Err(Fault::Request(RequestFault::MediaTypeUnsupported {
        media_type: value.into_owned(),
    }))
}

/// Reads the body of a request that may bring a job and its data at once: the job, and its data if it is there.
///
/// # Errors
/// [`RequestFault::MediaTypeUnsupported`], [`RequestFault::TooLarge`], [`BulkFault::JobUnreadable`].
pub(crate) async fn read_parts(call: &Call, body: Body) -> Result<(Bytes, Option<Bytes>), Fault> {
    let kind = call.parts.headers.get(CONTENT_TYPE);
    let kind = kind.and_then(|value| value.to_str().ok());
    let Some(boundary) = kind.and_then(multipart::boundary) else {
        return Ok((read(call, body).await?, None));
    };
    let body = to_bytes(body, BULK_MULTIPART_BYTES_MAX).await;
    let body = body.map_err(|_| Fault::Request(RequestFault::TooLarge))?;
    let parts = multipart::parts(&body, boundary).unwrap_or_default();
    let named = |name| parts.iter().find(|part| part.name == name);
    match (parts.len(), named("job"), named("content")) {
        (2, Some(job), Some(content)) => {
            Ok((body.slice_ref(job.data), Some(body.slice_ref(content.data))))
        }
        _ => Err(Fault::Bulk(BulkFault::JobUnreadable)),
    }
}

/// Reads the body of a request about a job.
pub(crate) async fn read(call: &Call, body: Body) -> Result<Bytes, Fault> {
    read_up_to(call, body, BULK_BODY_BYTES_MAX).await
}

/// Reads the body of a request that brings a query.
pub(crate) async fn read_query(call: &Call, body: Body) -> Result<Bytes, Fault> {
    read_up_to(call, body, BULK_QUERY_BODY_BYTES_MAX).await
}

async fn read_up_to(call: &Call, body: Body, most: usize) -> Result<Bytes, Fault> {
    check_media_type(call, "application/json")?;
    let read = to_bytes(body, most).await;
    read.map_err(|_| Fault::Request(RequestFault::TooLarge))
}
