//! The Tooling API: what an org consists of, as records.
//!
//! Its objects are virtual: see `virtual_object`, and `registry` for the list. Here are the resources, and which of them change what. The REST API
//! shows some of the objects too: it reaches them by [`VirtualObjects`].
//! Source: "REST Resources" (Tooling API Developer Guide).

mod channel;
mod channel_member;
mod component;
mod custom_field;
mod managed;
mod query;
mod registry;
mod setup;
mod virtual_object;

pub use registry::names as virtual_objects;

use axum::body::Body;
use http::Method;
use landfall_engine::{Engine, Staging};
use landfall_http::xml::Root;
use landfall_http::{Answer, Call, Pending, Writer};
use landfall_model::{
    EntityDefinition, Fault, FieldFault, RecordFault, RecordId, RecordIdError, RequestFault, Row,
    Value,
};
use landfall_sobject::object_describe::{ObjectDescribe, write_entry};
use landfall_sobject::record_json::{address, identity, write_typed};
use landfall_sobject::template::Template;
use landfall_sobject::{Api, VirtualObjects, describe};
use landfall_wire::match_path;
use setup::Setup;
use virtual_object::custom_object::FIELD_OBJECT;
use virtual_object::{Source, VirtualObject};

/// The Tooling API of an org.
pub struct Tooling {
    engine: Engine,
}

impl Tooling {
    /// That of this org.
    pub const fn new(engine: Engine) -> Self {
        Self { engine }
    }
}

impl VirtualObjects for Tooling {
    fn entries(&self, call: &Call) -> Vec<ObjectDescribe<'static>> {
        let objects = registry::all(call, Api::Plain).filter(|object| object.is_listed());
        objects.map(|object| object.summary(Api::Plain)).collect()
    }

    fn has(&self, name: &str) -> bool {
        registry::named(Api::Plain, name).is_some()
    }

    fn information(&self, call: &Call, name: &str) -> Result<Answer, Fault> {
        let object = registry::find(call, Api::Plain, name);
        let object = object.ok_or(Fault::Request(RequestFault::ResourceNotFound))?;
        Ok(object.information(call, Api::Plain))
    }

    fn describe(&self, call: &Call, name: &str) -> Result<Answer, Fault> {
        let object = registry::find(call, Api::Plain, name);
        let object = object.ok_or(Fault::Request(RequestFault::ResourceNotFound))?;
        Ok(object.describe(call, Api::Plain, registry::catalog()))
    }

    fn is_queried(&self, call: &Call, statement: &str) -> bool {
        registry::is_queried(call, Api::Plain, statement)
    }

    fn query<'a>(&'a self, call: &'a Call) -> Pending<'a> {
        Box::pin(query::of_virtual(&self.engine, call, Api::Plain))
    }

    fn resource(&self, path: &[&str]) -> Result<(&'static str, Root), Fault> {
        let (resource, _) = Declared::of(path)?;
        Ok((resource.methods, resource.root.clone()))
    }

    fn answer<'a>(
        &'a self,
        call: &'a Call,
        path: &'a [&'a str],
        body: Body,
        staging: Option<&'a Staging>,
    ) -> Pending<'a> {
        Box::pin(async move {
            let (resource, values) = Declared::of(path)?;
            let setup = Setup {
                engine: &self.engine,
                staging,
            };
            answer(setup, call, (resource.names)(&values), body).await
        })
    }
}

/// What a path below `tooling` names.
#[derive(Clone, Debug)]
enum Resource {
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

/// A resource: its path, the methods that it takes as error texts and `Allow` list them, the root of an answer in XML, and
/// what a path with these values names.
struct Declared {
    /// A segment in braces is a value.
    path: &'static str,
    methods: &'static str,
    root: Root,
    names: fn(&[&str]) -> Resource,
}

/// The first version whose list of resources has `composite`, which the REST API answers.
const COMPOSITE_VERSION: u16 = 40;

const READ: &str = "HEAD,GET";
const RESULT: Root = Root::new("Result", "item");
const QUERY_RESULT: Root = Root::new("QueryResult", "records");

/// Every resource; the first whose path fits is meant.
const RESOURCES: &[Declared] = &[
    Declared {
        path: "",
        methods: READ,
        root: RESULT,
        names: |_| Resource::Resources,
    },
    Declared {
        path: "query",
        methods: READ,
        root: QUERY_RESULT,
        names: |_| Resource::Query,
    },
    Declared {
        path: "query/{locator}",
        methods: READ,
        root: QUERY_RESULT,
        names: |values| Resource::QueryMore(value(values, 0)),
    },
    Declared {
        path: "sobjects",
        methods: READ,
        root: Root::new("DescribeGlobal", "sobject"),
        names: |_| Resource::Objects,
    },
    Declared {
        path: "sobjects/{object}",
        methods: "HEAD,GET,POST",
        root: RESULT,
        names: |values| Resource::Object(value(values, 0)),
    },
    Declared {
        path: "sobjects/{object}/describe",
        methods: READ,
        root: Root::new("DescribeSObject", "field"),
        names: |values| Resource::Describe(value(values, 0)),
    },
    Declared {
        path: "sobjects/{object}/{id}",
        methods: "HEAD,GET,PATCH,DELETE",
        root: RESULT,
        names: |values| Resource::Row(value(values, 0), value(values, 1)),
    },
];

/// Every resource of the Tooling API with its methods: `GET sobjects/{object}`.
pub fn methods() -> impl Iterator<Item = String> {
    RESOURCES.iter().flat_map(|resource| {
        let methods = resource.methods.split(',');
        methods.map(|method| format!("{method} {}", resource.path))
    })
}

fn value(values: &[&str], index: usize) -> String {
    values.get(index).copied().unwrap_or_default().to_owned()
}

impl Declared {
    /// The resource of the segments after `tooling`, and the values in its path.
    ///
    /// # Errors
    /// [`RequestFault::ResourceNotFound`].
    fn of<'p>(segments: &[&'p str]) -> Result<(&'static Self, Vec<&'p str>), Fault> {
        let mut resources = RESOURCES.iter();
        let fit =
            resources.find_map(|resource| Some((resource, match_path(resource.path, segments)?)));
        fit.ok_or(Fault::Request(RequestFault::ResourceNotFound))
    }
}

/// Answers a request of the Tooling API.
async fn answer(
    setup: Setup<'_>,
    call: &Call,
    resource: Resource,
    body: Body,
) -> Result<Answer, Fault> {
    match resource {
        Resource::Resources => Ok(Answer::json(resources(call))),
        Resource::Objects => Ok(Answer::json(objects(call))),
        Resource::Object(name) => {
            let object = find(call, &name)?;
            if call.method == Method::POST {
                return create(setup, call, object, body).await;
            }
            Ok(object.information(call, Api::Tooling))
        }
        Resource::Describe(name) => {
            Ok(find(call, &name)?.describe(call, Api::Tooling, registry::catalog()))
        }
        Resource::Row(name, id) => row(setup, call, find(call, &name)?, &id, body).await,
        Resource::Query => query::tooling(setup.engine, call).await,
        Resource::QueryMore(locator) => {
            landfall_sobject::query::more(setup.engine, call, &locator).await
        }
    }
}

/// The resources below `tooling`.
///
/// Source: "REST Resources" (Tooling API Developer Guide).
fn resources(call: &Call) -> String {
    let mut w = Writer::new();
    let root = format!("/services/data/v{}/tooling", call.version);
    w.object(|w| {
        let since = |version| call.version.number() >= version;
        let composite = since(COMPOSITE_VERSION).then_some("composite");
        for resource in composite.into_iter().chain(["query", "sobjects"]) {
            w.name(resource).string(&format!("{root}/{resource}"));
        }
    });
    w.finish()
}

fn find(call: &Call, name: &str) -> Result<&'static VirtualObject, Fault> {
    registry::find(call, Api::Tooling, name).ok_or(Fault::Request(RequestFault::ResourceNotFound))
}

fn objects(call: &Call) -> String {
    let mut w = Writer::new();
    w.object(|w| {
        w.name("encoding").string("UTF-8");
        w.name("maxBatchSize").integer(describe::BATCH_SIZE_MAX);
        w.name("sobjects").array(|w| {
            for object in registry::all(call, Api::Tooling) {
                w.object(|w| write_entry(w, &object.summary(Api::Tooling)));
            }
        });
    });
    Template::new(w.finish()).expand(call.version, &call.base_url)
}

/// Makes a record of an object whose records can be changed.
async fn create(
    setup: Setup<'_>,
    call: &Call,
    object: &VirtualObject,
    body: Body,
) -> Result<Answer, Fault> {
    check_changeable(call, object)?;
    match object.name() {
        channel::OBJECT => channel::create(setup, call, body).await,
        channel_member::OBJECT => channel_member::create(setup, call, body).await,
        FIELD_OBJECT => custom_field::create(setup, call, body).await,
        managed::OBJECT => managed::create(setup, call, body).await,
        _ => Err(not_allowed(call, "HEAD,GET")),
    }
}

/// Reads, changes or deletes a record.
async fn row(
    setup: Setup<'_>,
    call: &Call,
    object: &VirtualObject,
    id: &str,
    body: Body,
) -> Result<Answer, Fault> {
    if call.method == Method::GET || call.method == Method::HEAD {
        return read(setup, call, object, id).await;
    }
    check_changeable(call, object)?;
    let id = RecordId::parse(id).map_err(|_| {
        Fault::Record(RecordFault::ExternalIdFieldUnknown {
            field: id.to_owned(),
        })
    })?;
    match object.name() {
        channel::OBJECT => channel::change(setup, call, id, body).await,
        channel_member::OBJECT => channel_member::change(setup, call, id, body).await,
        channel_member::ENRICHED_FIELD if call.method == Method::DELETE => {
            channel_member::remove_field(setup, call, id).await
        }
        FIELD_OBJECT => custom_field::change(setup, call, id, body).await,
        managed::OBJECT => managed::change(setup, call, id, body).await,
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
        Err(Fault::Record(RecordFault::AccessDenied))
    }
}

fn not_allowed(call: &Call, allowed: &'static str) -> Fault {
    Fault::Request(RequestFault::MethodNotAllowed {
        method: call.method.to_string(),
        allowed,
    })
}

async fn read(
    setup: Setup<'_>,
    call: &Call,
    object: &VirtualObject,
    id: &str,
) -> Result<Answer, Fault> {
    let entity = object.definition();
    let indexes = indexes(entity, call.parameter("fields"))?;
    let identity_value = identity_of(entity, id)?;
    let source = Source {
        engine: setup.engine,
        call,
    };
    let rows = registry::rows(&source, object).await?;
    let own = |row: &&Row| row.get(entity.identity()) == Some(&identity_value);
    let row = rows
        .iter()
        .find(own)
        .ok_or(Fault::Record(RecordFault::NotFound))?;
    let mut w = Writer::new();
    w.object(|w| {
        w.name("attributes").object(|w| {
            w.name("type").string(object.name());
            if let Some(id) = identity(&identity_value) {
                let url = address(call.version, Api::Tooling, entity, id);
                w.name("url").string(&url);
            }
        });
        for index in indexes {
            if let (Some(field), Some(value)) = (entity.fields.get(index), row.get(index)) {
                w.name(field.name.as_str());
                write_typed(w, field.field_type, value, || None);
            }
        }
    });
    Ok(Answer::json(w.finish()))
}

/// The indexes of the requested fields; of all without a request.
fn indexes(entity: &EntityDefinition, fields: Option<&str>) -> Result<Vec<usize>, Fault> {
    let Some(fields) = fields.filter(|fields| !fields.is_empty()) else {
        return Ok((0..entity.fields.len()).collect());
    };
    let indexes = fields.split(',').map(|name| {
        entity.index_of(name.trim()).ok_or_else(|| {
            Fault::Field(FieldFault::Unknown {
                field: name.trim().to_owned(),
                entity: entity.name.clone(),
            })
        })
    });
    indexes.collect()
}

/// What identifies the record of a path.
fn identity_of(entity: &EntityDefinition, id: &str) -> Result<Value, Fault> {
    let field = entity.fields.get(entity.identity());
    if field.is_some_and(|field| field.field_type.is_text()) {
        return Ok(Value::Text(id.to_owned()));
    }
    match RecordId::parse(id) {
        Ok(id) => Ok(Value::Id(id)),
        Err(RecordIdError::Length | RecordIdError::Alphabet | RecordIdError::Checksum) => {
            Err(Fault::Record(RecordFault::ExternalIdFieldUnknown {
                field: id.to_owned(),
            }))
        }
    }
}
