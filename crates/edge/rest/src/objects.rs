//! The list of all objects, and what an object is: its basic information, its full describe, new records of it.
//!
//! Source: "Describe Global", "sObject Basic Information", "sObject Describe" (REST API Developer Guide).

use std::sync::Arc;

use axum::body::Body;
use http::Method;
use landfall_http::conditional::{self, State, Verdict};
use landfall_http::{Answer, Writer, refused};
use landfall_model::fault::Operation;
use landfall_model::{EntityDefinition, Fault, RecordFault, RequestFault};
use landfall_sobject::describe_members::basic;
use landfall_sobject::object_describe::ObjectDescribe;
use landfall_sobject::record_json::write_named;
use landfall_sobject::template::Template;
use landfall_sobject::{describe_event, describe_platform_event};

use crate::call::Call;
use crate::path::Object;
use crate::state::Shared;
use crate::{platform_event, record};

/// Answers with the list of all objects.
pub(crate) fn all(shared: &Shared, call: &Call) -> Result<Answer, Fault> {
    let events = call.definitions.publications();
    let events = events.map(|publication| &*publication.object);
    let describes = shared.describes(&call.definitions);
    let virtual_objects = shared.virtual_objects.entries(call);
    described(
        call,
        &describes.global(call.version, call.catalog(), events, virtual_objects),
    )
}

/// Answers with all about an object.
pub(crate) fn describe(shared: &Shared, call: &Call, object: &Object) -> Result<Answer, Fault> {
    described(call, &*full(shared, call, object)?)
}

/// Makes a new record or publishes an event, or answers with the basic information about an object.
pub(crate) async fn object(
    shared: &Shared,
    call: &Call,
    object: &Object,
    body: Body,
) -> Result<Answer, Fault> {
    if call.method == Method::POST {
        create(shared, call, object, body).await
    } else {
        information(shared, call, object).await
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
        Object::ChangeEvent(entity) => Err(Fault::Record(RecordFault::OperationRefused {
            operation: Operation::Create,
            label: format!("{} Change Event", entity.label),
        })),
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
            .map(|publication| describe_platform_event::basic_of(&publication.object)),
    };
    let describe = describe.ok_or(Fault::Request(RequestFault::ResourceNotFound))?;
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
    describe.ok_or(Fault::Request(RequestFault::ResourceNotFound))
}

/// A describe, or that it has not changed.
fn described(call: &Call, template: &Template) -> Result<Answer, Fault> {
    let state = State::rendered(template.fingerprint(), call.definitions.modified());
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
    let describe = basic(&ObjectDescribe::of(entity), |_| ());
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
