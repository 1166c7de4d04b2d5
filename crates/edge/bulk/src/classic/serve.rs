//! From a request below `/services/async` to the resource that answers it.
//!
//! Source: "About URIs", "Content Type Header", "Set a Session Header" (Bulk API 2.0 and Bulk API Developer Guide).

use std::pin::Pin;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, Method, Uri};
use landfall_auth::Login;
use landfall_model::{BulkFault, Fault, RequestFault, SessionFault};
use landfall_wire::versions::{self, Named};
use landfall_wire::{ApiVersion, headers as names, match_path};

use super::refusal::refusal;
use super::{request, resources, results};
use crate::job::{Batch, Form, Job};
use crate::jobs::{ClassicEntry, Observer};
use crate::serve::{check_encoding, counted, origin};
use crate::{Shared, lifecycle};

/// A request of a logged-in client.
pub(super) struct ClassicCall {
    pub(super) version: ApiVersion,
    method: Method,
    uri: Uri,
    pub(super) login: Arc<Login>,
    pub(super) origin: String,
    /// In what form the client speaks of jobs.
    pub(super) form: Form,
    /// In what form the body is, if the client says it.
    pub(super) body_form: Option<Form>,
    /// Who observes the request.
    pub(super) observer: Option<Observer>,
}

/// Answers everything below `/services/async`.
pub(crate) async fn classic(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let form = media_form(request.headers());
    let answered = answer(&shared, request).await;
    answered.unwrap_or_else(|fault| {
        // Errors about a job have the format of the request: there may be no job.
        refusal(&fault, form.map_or(Form::Xml, Form::spoken))
    })
}

async fn answer(shared: &Arc<Shared>, request: Request) -> Result<Response, Fault> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let mut segments = path
        .split('/')
        .filter(|segment| !segment.is_empty())
        .skip(2);
    let version = segments.next().map(|version| format!("v{version}"));
    let Some(Named::Served(version)) = version.as_deref().map(versions::parse_rest) else {
        return Err(Fault::Bulk(BulkFault::UrlInvalid { path }));
    };
    let token = token(&parts.headers).ok_or(Fault::Session(SessionFault::Invalid))?;
    let login = shared.auth.session_login(token)?;
    login.identify(parts.extensions.get());
    counted(shared).1?;
    check_encoding(&parts.headers)?;
    let body_form = media_form(&parts.headers);
    let call = ClassicCall {
        version,
        method: parts.method.clone(),
        uri: parts.uri.clone(),
        login,
        origin: origin(version, &parts.headers),
        form: body_form.map_or(Form::Xml, Form::spoken),
        body_form,
        observer: parts.extensions.get().cloned(),
    };
    let rest: Vec<&str> = segments.collect();
    if parts.method != Method::GET && parts.method != Method::POST {
        return Err(Fault::Request(RequestFault::MethodNotAllowed {
            method: parts.method.to_string(),
            allowed: "GET,POST",
        }));
    }
    let fit = |resource: &'static Resource| Some((resource, match_path(resource.path, &rest)?));
    let mut fits = RESOURCES.iter().filter_map(fit);
    let fit = fits.find(|(resource, _)| resource.method == parts.method);
    let Some((resource, values)) = fit else {
        // A job that the user may not see is refused first.
        if let ["job", id, ..] = *rest {
            find(shared, &call, id)?;
        }
        return Err(Fault::Bulk(BulkFault::UrlInvalid { path }));
    };
    (resource.answer)(shared, &call, &values, body).await
}

type Pending<'a> = Pin<Box<dyn Future<Output = Result<Response, Fault>> + Send + 'a>>;

/// A resource below `/services/async/XX.0`.
struct Resource {
    /// A segment in braces is a value.
    path: &'static str,
    method: Method,
    answer: for<'a> fn(&'a Arc<Shared>, &'a ClassicCall, &'a [&'a str], Body) -> Pending<'a>,
}

/// Every resource.
const RESOURCES: &[Resource] = &[
    Resource {
        path: "job",
        method: Method::POST,
        answer: |shared, call, _, body| Box::pin(resources::create(shared, call, body)),
    },
    Resource {
        path: "job/{id}",
        method: Method::GET,
        answer: |shared, call, path, _| {
            Box::pin(async move { Ok(resources::show(shared, &job(shared, call, path)?)) })
        },
    },
    Resource {
        path: "job/{id}",
        method: Method::POST,
        answer: |shared, call, path, body| {
            Box::pin(async move {
                resources::change(shared, call, &job(shared, call, path)?, body).await
            })
        },
    },
    Resource {
        path: "job/{id}/batch",
        method: Method::GET,
        answer: |shared, call, path, _| {
            Box::pin(async move { Ok(resources::list(shared, &job(shared, call, path)?)) })
        },
    },
    Resource {
        path: "job/{id}/batch",
        method: Method::POST,
        answer: |shared, call, path, body| {
            Box::pin(
                async move { resources::add(shared, call, &job(shared, call, path)?, body).await },
            )
        },
    },
    Resource {
        path: "job/{id}/batch/{batch}",
        method: Method::GET,
        answer: |shared, call, path, _| {
            Box::pin(async move {
                let job = job(shared, call, path)?;
                let (batch, _) = batch(shared, &job, path)?;
                Ok(resources::show_batch(&job.get(), &batch))
            })
        },
    },
    Resource {
        path: "job/{id}/batch/{batch}/request",
        method: Method::GET,
        answer: |shared, call, path, _| {
            Box::pin(async move {
                let (batch, of) = batch(shared, &job(shared, call, path)?, path)?;
                request::show(shared, &batch, &of)
            })
        },
    },
    Resource {
        path: "job/{id}/batch/{batch}/result",
        method: Method::GET,
        answer: |shared, call, path, _| {
            Box::pin(async move {
                let (batch, of) = batch(shared, &job(shared, call, path)?, path)?;
                results::all(shared, batch, &of)
            })
        },
    },
    Resource {
        path: "job/{id}/batch/{batch}/result/{result}",
        method: Method::GET,
        answer: |shared, call, path, _| {
            Box::pin(async move {
                let (batch, of) = batch(shared, &job(shared, call, path)?, path)?;
                results::one(shared, call, (&batch, &of), value(path, 2)).await
            })
        },
    },
];

/// The resources of the Bulk API before 2.0 with their methods: `GET job/{id}`.
pub fn classic_resources() -> impl Iterator<Item = String> {
    let resources = RESOURCES.iter();
    resources.map(|resource| format!("{} {}", resource.method, resource.path))
}

/// A value of a path; empty if there is none.
fn value<'p>(path: &[&'p str], index: usize) -> &'p str {
    path.get(index).copied().unwrap_or_default()
}

/// The job of a path, if the user may see it.
fn job(shared: &Shared, call: &ClassicCall, path: &[&str]) -> Result<ClassicEntry, Fault> {
    find(shared, call, value(path, 0))
}

/// A job, if the user may see it.
fn find(shared: &Shared, call: &ClassicCall, id: &str) -> Result<ClassicEntry, Fault> {
    let unknown = || Fault::Bulk(BulkFault::JobUnknown { id: id.to_owned() });
    let entry = shared.jobs.find_classic(id).ok_or_else(unknown)?;
    let may = call.login.permissions().modify_all_data
        || call.login.user_id.as_str() == entry.get().created_by;
    let request = (&call.method, call.uri.path());
    let is_found = may && !lifecycle::is_lost(shared, &entry.get().id, &call.login, request);
    is_found.then_some(entry).ok_or_else(unknown)
}

/// The batch of a path, which is one of this job.
fn batch(shared: &Shared, job: &ClassicEntry, path: &[&str]) -> Result<(Arc<Job>, Batch), Fault> {
    let id = value(path, 1);
    let unknown = || Fault::Bulk(BulkFault::BatchUnknown { id: id.to_owned() });
    let batch = shared.jobs.find(id).ok_or_else(unknown)?.get();
    let of = batch.batch_of.clone().ok_or_else(unknown)?;
    if of.job == job.get().id {
        Ok((batch, of))
    } else {
        Err(unknown())
    }
}

/// The access token: in the header of this API, or as everywhere else.
fn token(headers: &HeaderMap) -> Option<&str> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let session = text(names::SESSION).filter(|token| !token.is_empty());
    session.or_else(|| {
        let (_, token) = text(AUTHORIZATION.as_str())?.split_once(' ')?;
        Some(token.trim())
    })
}

/// The format that a media type names.
fn media_form(headers: &HeaderMap) -> Option<Form> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    match value
        .split(';')
        .next()?
        .trim()
        .to_ascii_lowercase()
        .as_str()
    {
        "application/json" => Some(Form::Json),
        "application/xml" | "text/xml" => Some(Form::Xml),
        "text/csv" => Some(Form::Csv),
        _ => None,
    }
}
