//! From an HTTP request to the resource that answers it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderName, Method};
use landfall_auth::Login;
use landfall_model::fault::Operation;
use landfall_model::{EntityDefinition, Fault};
use landfall_wire::versions::{self, Named};
use landfall_wire::{ApiVersion, headers as names};

use crate::call::{Call, meant_method};
use crate::conditional::{self, Verdict};
use crate::describe::basic;
use crate::describe_event;
use crate::face::Face;
use crate::fault::refused;
use crate::record_json::write_named;
use crate::resource::{Object, Resource, parameters, segments};
use crate::respond::{Answer, state_of};
use crate::scope::Scope;
use crate::template::Template;
use crate::virtual_object::{Api, VirtualObject};
use crate::writer::Writer;
use crate::xml::{self, Root};
use crate::{
    Shared, composite, event_schema, org_limits, platform_event, push, query, record, related,
    replication, search, tooling, user,
};

/// Segments before the version: `services`, `data`.
const ROOT_SEGMENTS: usize = 2;

/// Answers `GET /services/data`, which needs no login.
pub(crate) async fn versions(request: Request) -> Response {
    let (method, headers) = (request.method(), request.headers());
    let answer = if method == Method::GET || method == Method::HEAD {
        Answer::json(crate::versions::versions()).rooted(Root::new("Versions", "Version"))
    } else {
        Answer::refusal(&Fault::MethodNotAllowed {
            method: method.to_string(),
            allowed: "HEAD,GET",
        })
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

async fn answer(shared: &Shared, parts: &Parts, body: Body) -> Result<Answer, Fault> {
    let mut path = segments(parts.uri.path()).into_iter().skip(ROOT_SEGMENTS);
    let version = match path.next().as_deref().map(versions::parse_rest) {
        Some(Named::Served(version)) => version,
        Some(Named::Retired) => return Err(Fault::VersionUnsupported),
        Some(Named::Unknown) | None => return Err(Fault::ResourceNotFound),
    };
    let mut path: Vec<String> = path.collect();
    let in_xml = xml::take_suffix(&mut path);
    let login = login(shared, parts)?;
    let (usage, verdict) = org_limits::counted(shared);
    let answer = match verdict {
        Ok(()) => within(shared, parts, body, version, login, path)
            .await
            .unwrap_or_else(|fault| Answer::refusal(&fault)),
        Err(fault) => Answer::refusal(&fault),
    };
    let answer = answer.in_xml(in_xml);
    Ok(answer.with(HeaderName::from_static(names::LIMIT_INFO), usage))
}

fn login(shared: &Shared, parts: &Parts) -> Result<Arc<Login>, Fault> {
    let header = match parts.headers.get(AUTHORIZATION) {
        Some(value) => Some(
            value
                .to_str()
                .map_err(|_| Fault::AuthorizationHeaderInvalid)?,
        ),
        None => None,
    };
    shared.auth.rest_login(header)
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
    let call = Call {
        version,
        definitions: login.definitions(),
        login,
        method: meant_method(&parts.method, &parameters),
        parameters,
        headers: parts.headers.clone(),
        base_url: (shared.base_url)(parts),
        scope: Scope::Org,
    };
    let resource = Resource::resolve(call.catalog(), &path)?;
    check_method(&call.method, resource.allowed())?;
    let root = xml::root(&resource, &call.method);
    Ok(dispatch(shared, &call, resource, body).await?.rooted(root))
}

pub(crate) fn check_method(method: &Method, allowed: &'static str) -> Result<(), Fault> {
    if allowed.split(',').any(|name| name == method.as_str()) {
        Ok(())
    } else {
        Err(Fault::MethodNotAllowed {
            method: method.to_string(),
            allowed,
        })
    }
}

pub(crate) async fn dispatch(
    shared: &Shared,
    call: &Call,
    resource: Resource,
    body: Body,
) -> Result<Answer, Fault> {
    match resource {
        Resource::Resources => Ok(Answer::json(crate::versions::resources(
            &shared.engine,
            call,
        ))),
        Resource::Objects => {
            let events = call.definitions.publications();
            let events = events.map(|publication| &*publication.object);
            let describes = shared.describes(&call.definitions);
            let made = VirtualObject::listed(call).map(|object| object.face(Api::Plain));
            described(
                call,
                &describes.global(call.catalog(), events, made.collect()),
            )
        }
        Resource::Describe(object) => described(call, &*full(shared, call, &object)?),
        Resource::Object(object) if call.method == Method::POST => {
            create(shared, call, &object, body).await
        }
        Resource::Object(object) => information(shared, call, &object).await,
        Resource::Virtual(object) | Resource::VirtualDescribe(object) if !object.is_in(call) => {
            Err(Fault::ResourceNotFound)
        }
        Resource::Virtual(object) => Ok(object.information(call, Api::Plain)),
        Resource::VirtualDescribe(object) => Ok(object.describe(call, Api::Plain)),
        Resource::EventSchema(object) => event_schema::of(call, &object),
        Resource::EventResources => Ok(Answer::json(crate::versions::event_resources(call))),
        Resource::EventSchemaById(id) => event_schema::by_id(&shared.engine, call, &id),
        // What is published is delivered and forgotten: it is no record.
        Resource::PublishedEvent => Err(Fault::RecordNotFound),
        Resource::NewById(entity) => record::create(shared, call, &entity, body, true).await,
        Resource::Row(entity, id) => record::row(shared, call, &entity, &id, body).await,
        Resource::ExternalId(entity, field, value) => {
            record::external(shared, call, &entity, (&field, &value), body).await
        }
        Resource::Related(entity, id, name) => {
            related::related(shared, call, &entity, id, &name, body).await
        }
        Resource::Push(id) => push::push(shared, call, id, body).await,
        Resource::Password(id) => user::password(shared, call, id, body).await,
        Resource::Updated(entity) => replication::updated(shared, call, &entity).await,
        Resource::Deleted(entity) => replication::deleted(shared, call, &entity).await,
        Resource::Limits => org_limits::limits(shared, call).await,
        Resource::RecordCounts => org_limits::counts(shared, call).await,
        Resource::Recent => org_limits::recent(shared, call).await,
        Resource::Composite(resource) => composite::answer(shared, call, resource, body).await,
        Resource::Query(deleted) => query::query(shared, call, deleted).await,
        Resource::QueryMore(locator) => query::more(shared, call, &locator).await,
        Resource::Interface(interface) => Ok(interface.answer(call)),
        Resource::Search => search::search(shared, call).await,
        Resource::ParameterizedSearch => search::parameterized(shared, call, body).await,
        Resource::Tooling(resource) => tooling::answer(shared, call, resource, body).await,
    }
}

/// Makes a new record, or publishes an event.
async fn create(
    shared: &Shared,
    call: &Call,
    object: &Object,
    body: Body,
) -> Result<Answer, Fault> {
    match object {
        Object::Records(entity) => record::create(shared, call, entity, body, false).await,
        Object::PlatformEvent(event) => platform_event::publish(shared, call, event, body).await,
        Object::ChangeEvent(entity) => Err(Fault::OperationRefused {
            operation: Operation::Create,
            label: format!("{} Change Event", entity.label),
        }),
    }
}

/// The basic information about an object.
async fn information(shared: &Shared, call: &Call, object: &Object) -> Result<Answer, Fault> {
    let describe = match object {
        Object::Records(entity) => return object_of_records(shared, call, entity).await,
        Object::ChangeEvent(entity) => describe_event::basic_of(entity),
        Object::PlatformEvent(event) => call
            .definitions
            .publication(event.name.as_str())
            .map(|publication| platform_event::basic_of(&publication.object)),
    };
    let describe = describe.ok_or(Fault::ResourceNotFound)?;
    Ok(object_information(call, &describe, "[]"))
}

/// All about an object.
fn full(shared: &Shared, call: &Call, object: &Object) -> Result<Arc<Template>, Fault> {
    let describes = shared.describes(&call.definitions);
    let catalog = call.catalog();
    let describe = match object {
        Object::Records(entity) => Some(describes.of_records(catalog, entity)),
        Object::ChangeEvent(entity) => describes.of_change_event(catalog, entity),
        Object::PlatformEvent(event) => call
            .definitions
            .publication(event.name.as_str())
            .map(|publication| describes.of_platform_event(catalog, &publication.object)),
    };
    describe.ok_or(Fault::ResourceNotFound)
}

/// A describe, or that it has not changed.
fn described(call: &Call, template: &Template) -> Result<Answer, Fault> {
    let state = state_of(template.fingerprint(), call.definitions.modified());
    let answer = match conditional::of_read(&call.headers, &state)? {
        Verdict::NotModified => Answer::not_modified(),
        Verdict::Proceed => Answer::json(template.expand(call.version, &call.base_url)),
    };
    Ok(answer.stamped(&state))
}

/// The basic information about an object with records, and the newest of them.
async fn object_of_records(
    shared: &Shared,
    call: &Call,
    entity: &Arc<EntityDefinition>,
) -> Result<Answer, Fault> {
    let rows = shared
        .engine
        .recent_rows(entity, landfall_model::limits::REST_RECENT_RECORDS_MAX)
        .await
        .map_err(refused)?;
    let mut recent = Writer::new();
    recent.array(|w| {
        for row in &rows {
            write_named(w, call.version, entity, row);
        }
    });
    let describe = basic(&Face::of(entity), |_| ());
    Ok(object_information(call, &describe, &recent.finish()))
}

fn object_information(call: &Call, describe: &Template, recent: &str) -> Answer {
    let mut w = Writer::new();
    w.object(|w| {
        w.name("objectDescribe")
            .raw(&describe.expand(call.version, &call.base_url));
        w.name("recentItems").raw(recent);
    });
    Answer::json(w.finish())
}
