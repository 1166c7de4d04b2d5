//! From an HTTP request to the resource that answers it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderName, Method};
use landfall_auth::Login;
use landfall_engine::faults::{Called, FaultKind, Occasion};
use landfall_http::path::{parameters, segments};
use landfall_http::xml::{self, Root};
use landfall_http::{Answer, Space, meant_method};
use landfall_model::{Fault, RequestFault, ServiceFault, SessionFault};
use landfall_wire::versions::{self, Named};
use landfall_wire::{ApiVersion, headers as names};

use crate::call::Call;
use crate::org_limits;
use crate::resource::Target;
use crate::scope::Scope;
use crate::state::Shared;

/// Segments before the version: `services`, `data`.
const ROOT_SEGMENTS: usize = 2;

/// Answers `GET /services/data`, which needs no login.
pub(crate) async fn versions(request: Request) -> Response {
    let (method, headers) = (request.method(), request.headers());
    let answer = if method == Method::GET || method == Method::HEAD {
        Answer::json(crate::versions::versions()).rooted(Root::new("Versions", "Version"))
    } else {
        Answer::refusal(&Fault::Request(RequestFault::MethodNotAllowed {
            method: method.to_string(),
            allowed: "HEAD,GET",
        }))
    };
    let answer = answer.in_xml(xml::is_accepted(headers));
    answer.into_response(method, headers)
}

/// Answers everything below a version.
pub(crate) async fn versioned(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let answer = answer(&shared, &parts, body)
        .await
        .unwrap_or_else(|fault| Answer::refusal(&fault))
        .in_xml(xml::is_accepted(&parts.headers));
    answer.into_response(&parts.method, &parts.headers)
}

/// Answers everything below the address of Apex classes, of which there are none: after the login, as in an org without
/// the class.
pub(crate) async fn apex(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let fault = match login(&shared, &parts) {
        Ok(_) => Fault::Request(RequestFault::ApexUrlUnmatched),
        Err(fault) => fault,
    };
    let answer = Answer::refusal(&fault).in_xml(xml::is_accepted(&parts.headers));
    answer.into_response(&parts.method, &parts.headers)
}

async fn answer(shared: &Shared, parts: &Parts, body: Body) -> Result<Answer, Fault> {
    let mut path = segments(parts.uri.path()).into_iter().skip(ROOT_SEGMENTS);
    let version = match path.next().as_deref().map(versions::parse_rest) {
        Some(Named::Served(version)) => version,
        Some(Named::Retired) => return Err(Fault::Request(RequestFault::VersionUnsupported)),
        Some(Named::Unknown) | None => return Err(Fault::Request(RequestFault::ResourceNotFound)),
    };
    let mut path: Vec<String> = path.collect();
    let in_xml = xml::take_suffix(&mut path);
    let login = login(shared, parts)?;
    let occasion = || {
        let (method, path) = (parts.method.as_str(), parts.uri.path());
        Occasion::default()
            .user(login.user_id, &login.username)
            .method(Called::Http { method, path })
    };
    let faults = shared.engine.faults();
    if faults.fires(FaultKind::Unavailable, occasion).is_some() {
        return Err(Fault::Service(ServiceFault::StoreUnavailable));
    }
    let (usage, verdict) = org_limits::counted(shared);
    let answer = match verdict {
        Ok(()) => within(shared, parts, body, version, login, path)
            .await
            .unwrap_or_else(|fault| Answer::refusal(&fault)),
        Err(fault) => Answer::refusal(&fault.into()),
    };
    let answer = answer.in_xml(in_xml);
    Ok(answer.with(HeaderName::from_static(names::LIMIT_INFO), usage))
}

fn login(shared: &Shared, parts: &Parts) -> Result<Arc<Login>, Fault> {
    let header = match parts.headers.get(AUTHORIZATION) {
        Some(value) => Some(
            value
                .to_str()
                .map_err(|_| Fault::Session(SessionFault::HeaderInvalid))?,
        ),
        None => None,
    };
    let login = shared.auth.rest_login(header)?;
    login.identify(parts.extensions.get());
    Ok(login)
}

async fn within(
    shared: &Shared,
    parts: &Parts,
    body: Body,
    version: ApiVersion,
    login: Arc<Login>,
    path: Vec<String>,
) -> Result<Answer, Fault> {
    let parameters = parameters(parts.uri.query().unwrap_or_default());
    let request = landfall_http::Call {
        version,
        definitions: login.definitions(),
        login,
        method: meant_method(&parts.method, &parameters),
        parameters,
        headers: parts.headers.clone(),
        base_url: (shared.base_url)(parts),
        space: Space::default(),
    };
    let call = Call {
        request,
        scope: Scope::Org,
    };
    let objects = &*shared.virtual_objects;
    let resources = (shared.resources, objects);
    let target = Target::of(resources, call.catalog(), &path, &call.method)?;
    let answer = target.answer(shared, &call, body).await?;
    Ok(answer.rooted(target.root()))
}
