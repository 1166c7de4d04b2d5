//! From a request below `/services/async` to the resource that answers it.
//!
//! Source: "About URIs", "Content Type Header", "Set a Session Header" (Bulk API 2.0 and Bulk API Developer Guide).

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, Method};
use landfall_auth::Login;
use landfall_model::{BulkFault, Fault, RequestFault, SessionFault};
use landfall_wire::versions::{self, Named};
use landfall_wire::{ApiVersion, headers as names};

use super::refusal::refusal;
use super::{request, resources, results};
use crate::Shared;
use crate::job::{Batch, Form, Job};
use crate::jobs::ClassicEntry;
use crate::serve::{check_encoding, counted, origin};

/// A request of a logged-in client.
pub(super) struct ClassicCall {
    pub(super) version: ApiVersion,
    pub(super) login: Arc<Login>,
    pub(super) origin: String,
    /// In what form the client speaks of jobs.
    pub(super) form: Form,
    /// In what form the body is, if the client says it.
    pub(super) body_form: Option<Form>,
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
    let login = shared.auth.rest_login(Some(&format!("Bearer {token}")))?;
    counted(shared).1?;
    check_encoding(&parts.headers)?;
    let body_form = media_form(&parts.headers);
    let call = ClassicCall {
        version,
        login,
        origin: origin(version, &parts.headers),
        form: body_form.map_or(Form::Xml, Form::spoken),
        body_form,
    };
    let rest: Vec<&str> = segments.collect();
    let is_post = match parts.method {
        Method::GET => false,
        Method::POST => true,
        _ => {
            return Err(Fault::Request(RequestFault::MethodNotAllowed {
                method: parts.method.to_string(),
                allowed: "GET,POST",
            }));
        }
    };
    match (rest.as_slice(), is_post) {
        (["job"], true) => resources::create(shared, &call, body).await,
        (["job", id, rest @ ..], _) => {
            let job = find(shared, &call, id)?;
            below(shared, &call, (&job, rest, is_post), body).await
        }
        _ => Err(Fault::Bulk(BulkFault::UrlInvalid { path })),
    }
}

/// Answers about a job.
async fn below(
    shared: &Arc<Shared>,
    call: &ClassicCall,
    (job, rest, is_post): (&ClassicEntry, &[&str], bool),
    body: Body,
) -> Result<Response, Fault> {
    match (rest, is_post) {
        ([], false) => Ok(resources::show(shared, job)),
        ([], true) => resources::change(shared, call, job, body).await,
        (["batch"], false) => Ok(resources::list(shared, job)),
        (["batch"], true) => resources::add(shared, call, job, body).await,
        (["batch", id, rest @ ..], false) => {
            let (batch, of) = batch(shared, job, id)?;
            if rest.is_empty() {
                return Ok(resources::show_batch(&job.get(), &batch));
            }
            match *rest {
                ["request"] => request::show(shared, &batch, &of),
                ["result"] => results::all(shared, batch, &of),
                ["result", id] => results::one(shared, call, (&batch, &of), id).await,
                _ => Err(Fault::Bulk(BulkFault::UrlInvalid {
                    path: rest.join("/"),
                })),
            }
        }
        (_, _) => Err(Fault::Bulk(BulkFault::UrlInvalid {
            path: rest.join("/"),
        })),
    }
}

/// A job, if the user may see it.
fn find(shared: &Shared, call: &ClassicCall, id: &str) -> Result<ClassicEntry, Fault> {
    let unknown = || Fault::Bulk(BulkFault::JobUnknown { id: id.to_owned() });
    let entry = shared.jobs.find_classic(id).ok_or_else(unknown)?;
    let may = call.login.permissions().modify_all_data
        || call.login.user_id.as_str() == entry.get().created_by;
    may.then_some(entry).ok_or_else(unknown)
}

/// A batch of a job.
fn batch(shared: &Shared, job: &ClassicEntry, id: &str) -> Result<(Arc<Job>, Batch), Fault> {
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
