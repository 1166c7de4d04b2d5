//! From an HTTP request to the resource that answers it.

use std::future::ready;
use std::pin::Pin;
use std::sync::Arc;

use axum::body::Body;
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
use landfall_wire::{ApiVersion, headers as names, match_path, multipart};

use crate::job::Kind;
use crate::jobs::Observer;
use crate::results::Which;
use crate::{Shared, answer, body, ingest, lifecycle, query};

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

    /// Who observes the request.
    pub(crate) fn observer(&self) -> Option<Observer> {
        self.parts.extensions.get().cloned()
    }

    /// Where the changes of a job come from.
    pub(crate) fn origin(&self) -> String {
        origin(self.version, &self.parts.headers)
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
    login.identify(parts.extensions.get());
    let (usage, verdict) = counted(&shared);
    let call = Call {
        version,
        login,
        parts,
    };
    let path: Vec<&str> = segments.skip(1).collect();
    let answered = match verdict {
        Ok(()) => within(&shared, &call, &path, body).await,
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

type Pending<'a> = Pin<Box<dyn Future<Output = Result<Response, Fault>> + Send + 'a>>;

/// A resource below `jobs`.
struct Resource {
    /// A segment in braces is a value.
    path: &'static str,
    method: Method,
    answer: for<'a> fn(&'a Arc<Shared>, &'a Call, &'a [&'a str], Body) -> Pending<'a>,
}

/// Every resource; those of one path follow each other.
const RESOURCES: &[Resource] = &[
    Resource {
        path: "ingest",
        method: Method::GET,
        answer: |shared, call, _, _| list(shared, call, Kind::Ingest),
    },
    Resource {
        path: "ingest",
        method: Method::POST,
        answer: |shared, call, _, body| Box::pin(ingest::create(shared, call, body)),
    },
    Resource {
        path: "ingest/{id}",
        method: Method::GET,
        answer: |shared, call, path, _| show(shared, call, Kind::Ingest, path),
    },
    Resource {
        path: "ingest/{id}",
        method: Method::PATCH,
        answer: |shared, call, path, body| {
            Box::pin(async move { ingest::change(shared, call, first(path)?, body).await })
        },
    },
    Resource {
        path: "ingest/{id}",
        method: Method::DELETE,
        answer: |shared, call, path, _| delete(shared, call, Kind::Ingest, path),
    },
    Resource {
        path: "ingest/{id}/batches",
        method: Method::PUT,
        answer: |shared, call, path, body| {
            Box::pin(async move { ingest::upload(shared, call, first(path)?, body).await })
        },
    },
    Resource {
        path: "ingest/{id}/successfulResults",
        method: Method::GET,
        answer: |shared, call, path, _| results(shared, call, path, Which::Successful),
    },
    Resource {
        path: "ingest/{id}/failedResults",
        method: Method::GET,
        answer: |shared, call, path, _| results(shared, call, path, Which::Failed),
    },
    Resource {
        path: "ingest/{id}/unprocessedrecords",
        method: Method::GET,
        answer: |shared, call, path, _| results(shared, call, path, Which::Unprocessed),
    },
    Resource {
        path: "query",
        method: Method::GET,
        answer: |shared, call, _, _| list(shared, call, Kind::Query),
    },
    Resource {
        path: "query",
        method: Method::POST,
        answer: |shared, call, _, body| Box::pin(query::create(shared, call, body)),
    },
    Resource {
        path: "query/{id}",
        method: Method::GET,
        answer: |shared, call, path, _| show(shared, call, Kind::Query, path),
    },
    Resource {
        path: "query/{id}",
        method: Method::PATCH,
        answer: |shared, call, path, body| {
            Box::pin(async move { query::change(shared, call, first(path)?, body).await })
        },
    },
    Resource {
        path: "query/{id}",
        method: Method::DELETE,
        answer: |shared, call, path, _| delete(shared, call, Kind::Query, path),
    },
    Resource {
        path: "query/{id}/results",
        method: Method::GET,
        answer: |shared, call, path, _| {
            Box::pin(async move { query::results(shared, call, first(path)?).await })
        },
    },
    Resource {
        path: "query/{id}/resultPages",
        method: Method::GET,
        answer: |shared, call, path, _| {
            Box::pin(async move { query::pages(shared, call, first(path)?) })
        },
    },
];

/// The resources of the Bulk API 2.0 with their methods: `GET ingest/{id}`.
pub fn resources() -> impl Iterator<Item = String> {
    let resources = RESOURCES.iter();
    resources.map(|resource| format!("{} {}", resource.method, resource.path))
}

fn first<'p>(path: &[&'p str]) -> Result<&'p str, Fault> {
    path.first()
        .copied()
        .ok_or(Fault::Request(RequestFault::ResourceNotFound))
}

fn list<'a>(shared: &'a Arc<Shared>, call: &'a Call, kind: Kind) -> Pending<'a> {
    Box::pin(ready(Ok(lifecycle::list(shared, call, kind))))
}

fn show<'a>(
    shared: &'a Arc<Shared>,
    call: &'a Call,
    kind: Kind,
    path: &'a [&'a str],
) -> Pending<'a> {
    Box::pin(async move { lifecycle::show(shared, call, (kind, first(path)?)) })
}

fn delete<'a>(
    shared: &'a Arc<Shared>,
    call: &'a Call,
    kind: Kind,
    path: &'a [&'a str],
) -> Pending<'a> {
    Box::pin(async move { lifecycle::delete(shared, call, (kind, first(path)?)).await })
}

fn results<'a>(
    shared: &'a Arc<Shared>,
    call: &'a Call,
    path: &'a [&'a str],
    which: Which,
) -> Pending<'a> {
    Box::pin(async move { ingest::results(shared, call, first(path)?, which) })
}

async fn within(
    shared: &Arc<Shared>,
    call: &Call,
    path: &[&str],
    body: Body,
) -> Result<Response, Fault> {
    check_encoding(&call.parts.headers)?;
    let mut allowed: Vec<&str> = Vec::new();
    for resource in RESOURCES {
        let Some(values) = match_path(resource.path, path) else {
            continue;
        };
        if resource.method == call.parts.method {
            return (resource.answer)(shared, call, &values, body).await;
        }
        allowed.push(resource.method.as_str());
    }
    let allowed = match *allowed {
        [] => return Err(Fault::Request(RequestFault::ResourceNotFound)),
        ["GET"] => "GET",
        ["PUT"] => "PUT",
        ["GET", "POST"] => "GET,POST",
        _ => "GET,PATCH,DELETE",
    };
    let method = call.parts.method.to_string();
    Err(Fault::Request(RequestFault::MethodNotAllowed {
        method,
        allowed,
    }))
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
/// [`RequestFault::MediaTypeUnsupported`], [`BulkFault::JobUnreadable`], and those of [`body::read`].
pub(crate) async fn read_parts(call: &Call, body: Body) -> Result<(Bytes, Option<Bytes>), Fault> {
    let kind = call.parts.headers.get(CONTENT_TYPE);
    let kind = kind.and_then(|value| value.to_str().ok());
    let Some(boundary) = kind.and_then(multipart::boundary) else {
        return Ok((read(call, body).await?, None));
    };
    let body = body::read(body, BULK_MULTIPART_BYTES_MAX).await?;
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
    body::read(body, most).await
}
