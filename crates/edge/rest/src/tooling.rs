//! The Tooling API: what an org consists of, as records.
//!
//! Its objects are virtual: see [`crate::virtual_object`]. Here are the resources, and who leads to what can be changed.
//! Source: "REST Resources" (Tooling API Developer Guide).

pub(crate) mod channel;
pub(crate) mod channel_member;
mod component;
pub(crate) mod managed;

use axum::body::Body;
use http::Method;
use landfall_model::{EntityDefinition, Fault, RecordId, RecordIdError, Row, Value};

use crate::call::Call;
use crate::describe;
use crate::face::write_entry;
use crate::record_json::{address, identity, write_typed};
use crate::resource::is;
use crate::respond::Answer;
use crate::template::Template;
use crate::virtual_object::{Api, Source, VirtualObject};
use crate::writer::Writer;
use crate::{Shared, query, versions};

/// What a path below `tooling` names.
#[derive(Clone, Debug)]
pub(crate) enum Tooling {
    /// The list of resources.
    Resources,
    /// All objects.
    Objects,
    /// One object, by its name as spelled in the path: its basic information, and new records of it.
    Object(String),
    /// All about one object.
    Describe(String),
    /// A record by what identifies it.
    Row(String, String),
    /// A query.
    Query,
    /// A further page of a query, by its locator.
    QueryMore(String),
}

impl Tooling {
    /// The resource of the segments after `tooling`.
    ///
    /// # Errors
    /// [`Fault::ResourceNotFound`].
    pub(crate) fn resolve(segments: &[&str]) -> Result<Self, Fault> {
        match segments {
            [] => Ok(Self::Resources),
            [query] if is(query, "query") => Ok(Self::Query),
            [query, locator] if is(query, "query") => Ok(Self::QueryMore((*locator).to_owned())),
            [sobjects, rest @ ..] if is(sobjects, "sobjects") => match rest {
                [] => Ok(Self::Objects),
                [object] => Ok(Self::Object((*object).to_owned())),
                [object, word] if is(word, "describe") => Ok(Self::Describe((*object).to_owned())),
                [object, id] => Ok(Self::Row((*object).to_owned(), (*id).to_owned())),
                _ => Err(Fault::ResourceNotFound),
            },
            _ => Err(Fault::ResourceNotFound),
        }
    }

    /// The methods that it takes, as error texts and `Allow` list them.
    pub(crate) const fn allowed(&self) -> &'static str {
        match self {
            Self::Resources
            | Self::Objects
            | Self::Describe(_)
            | Self::Query
            | Self::QueryMore(_) => "HEAD,GET",
            Self::Object(_) => "HEAD,GET,POST",
            Self::Row(..) => "HEAD,GET,PATCH,DELETE",
        }
    }
}

/// Answers a request of the Tooling API.
pub(crate) async fn answer(
    shared: &Shared,
    call: &Call,
    resource: Tooling,
    body: Body,
) -> Result<Answer, Fault> {
    if !call.login.permissions().view_setup {
        return Err(Fault::AccessDenied);
    }
    match resource {
        Tooling::Resources => Ok(Answer::json(versions::tooling_resources(call))),
        Tooling::Objects => Ok(Answer::json(objects(call))),
        Tooling::Object(name) => {
            let object = find(call, &name)?;
            if call.method == Method::POST {
                return create(shared, call, object, body).await;
            }
            Ok(object.information(call, Api::Tooling))
        }
        Tooling::Describe(name) => Ok(find(call, &name)?.describe(call, Api::Tooling)),
        Tooling::Row(name, id) => row(shared, call, find(call, &name)?, &id, body).await,
        Tooling::Query => query::tooling(shared, call).await,
        Tooling::QueryMore(locator) => query::more(shared, call, &locator).await,
    }
}

fn find(call: &Call, name: &str) -> Result<&'static VirtualObject, Fault> {
    VirtualObject::find(call, Api::Tooling, name).ok_or(Fault::ResourceNotFound)
}

fn objects(call: &Call) -> String {
    let mut w = Writer::new();
    w.object(|w| {
        w.name("encoding").string("UTF-8");
        w.name("maxBatchSize").integer(describe::BATCH_SIZE_MAX);
        w.name("sobjects").array(|w| {
            for object in VirtualObject::all(call, Api::Tooling) {
                w.object(|w| write_entry(w, &object.face(Api::Tooling)));
            }
        });
    });
    Template::new(w.finish()).expand(call.version, &call.base_url)
}

/// Makes a record of an object whose records can be changed.
async fn create(
    shared: &Shared,
    call: &Call,
    object: &VirtualObject,
    body: Body,
) -> Result<Answer, Fault> {
    check_changeable(call, object)?;
    match object.name() {
        channel::OBJECT => channel::create(shared, call, body).await,
        channel_member::OBJECT => channel_member::create(shared, call, body).await,
        managed::OBJECT => managed::create(shared, call, body).await,
        _ => Err(not_allowed(call, "HEAD,GET")),
    }
}

/// Reads, changes or deletes a record.
async fn row(
    shared: &Shared,
    call: &Call,
    object: &VirtualObject,
    id: &str,
    body: Body,
) -> Result<Answer, Fault> {
    if call.method == Method::GET || call.method == Method::HEAD {
        return read(shared, call, object, id);
    }
    check_changeable(call, object)?;
    let id = RecordId::parse(id).map_err(|_| Fault::ExternalIdFieldUnknown {
        field: id.to_owned(),
    })?;
    match object.name() {
        channel::OBJECT => channel::change(shared, call, id, body).await,
        channel_member::OBJECT => channel_member::change(shared, call, id, body).await,
        channel_member::ENRICHED_FIELD if call.method == Method::DELETE => {
            channel_member::remove_field(shared, call, id).await
        }
        managed::OBJECT => managed::change(shared, call, id, body).await,
        _ => Err(not_allowed(call, "HEAD,GET")),
    }
}

fn check_changeable(call: &Call, object: &VirtualObject) -> Result<(), Fault> {
    if !object.changeable() {
        return Err(not_allowed(call, "HEAD,GET"));
    }
    if call.login.permissions().customize_application {
        Ok(())
    } else {
        Err(Fault::AccessDenied)
    }
}

fn not_allowed(call: &Call, allowed: &'static str) -> Fault {
    Fault::MethodNotAllowed {
        method: call.method.to_string(),
        allowed,
    }
}

fn read(shared: &Shared, call: &Call, object: &VirtualObject, id: &str) -> Result<Answer, Fault> {
    let entity = object.definition();
    let places = places(entity, call.parameter("fields"))?;
    let wanted = wanted(entity, id)?;
    let source = Source {
        engine: &shared.engine,
        call,
    };
    let rows = object.rows(&source);
    let own = |row: &&Row| row.get(entity.identity()) == Some(&wanted);
    let row = rows.iter().find(own).ok_or(Fault::RecordNotFound)?;
    let mut w = Writer::new();
    w.object(|w| {
        w.name("attributes").object(|w| {
            w.name("type").string(object.name());
            if let Some(id) = identity(&wanted) {
                let url = address(call.version, Api::Tooling, entity, id);
                w.name("url").string(&url);
            }
        });
        for place in places {
            if let (Some(field), Some(value)) = (entity.fields.get(place), row.get(place)) {
                w.name(field.name.as_str());
                write_typed(w, field.field_type, value, || None);
            }
        }
    });
    Ok(Answer::json(w.finish()))
}

/// The fields that are asked for; all, if none are.
fn places(entity: &EntityDefinition, asked: Option<&str>) -> Result<Vec<usize>, Fault> {
    let Some(asked) = asked.filter(|asked| !asked.is_empty()) else {
        return Ok((0..entity.fields.len()).collect());
    };
    let places = asked.split(',').map(|name| {
        entity
            .index_of(name.trim())
            .ok_or_else(|| Fault::FieldUnknown {
                field: name.trim().to_owned(),
                entity: entity.name.clone(),
            })
    });
    places.collect()
}

/// What identifies the record of a path.
fn wanted(entity: &EntityDefinition, id: &str) -> Result<Value, Fault> {
    let field = entity.fields.get(entity.identity());
    if field.is_some_and(|field| field.field_type.is_text()) {
        return Ok(Value::Text(id.to_owned()));
    }
    match RecordId::parse(id) {
        Ok(id) => Ok(Value::Id(id)),
        Err(RecordIdError::Length | RecordIdError::Alphabet | RecordIdError::Checksum) => {
            Err(Fault::ExternalIdFieldUnknown {
                field: id.to_owned(),
            })
        }
    }
}
