//! What the resources of components have in common: bodies of `FullName` and `Metadata`, and changes of the org's
//! components.
//!
//! Source: "Tooling API Objects" (Tooling API Developer Guide).

use axum::body::Body;
use http::Method;
use landfall_engine::{Amending, Step};
use landfall_http::json::{self, Content, Json};
use landfall_http::{Answer, Call, Writer, json_body, unfit};
use landfall_model::{EntityName, Fault, FieldFault, FieldName, RecordFault, SetupFault};

use crate::virtual_object::Column;

/// What a body says of a component.
#[derive(Debug, Default)]
pub(crate) struct Input<M> {
    pub(crate) full_name: Option<String>,
    /// None if the body has no `Metadata`.
    pub(crate) metadata: Option<M>,
}

/// Reads a member of `Metadata`, by its name; says whether there is one.
pub(crate) type ReadMember<M> = fn(&json::Body<'_>, &str, &Json, &mut M) -> Result<bool, Fault>;

/// What is common to the components of an object.
pub(crate) struct Object<T: 'static, M> {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [Column<T>],
    pub(crate) member: ReadMember<M>,
}

impl<T, M: Default> Object<T, M> {
    /// Reads a body.
    pub(crate) async fn input(&self, call: &Call, body: Body) -> Result<Input<M>, Fault> {
        self.read(&json_body(&call.headers, body).await?)
    }

    fn read(&self, bytes: &[u8]) -> Result<Input<M>, Fault> {
        let body = json::Body::parse(bytes)?;
        let mut input = Input {
            full_name: None,
            metadata: None,
        };
        let mut read_only = Vec::new();
        for (name, value) in body.members()? {
            if name.eq_ignore_ascii_case("attributes") {
                continue;
            }
            match self.known(name)? {
                "Id" => return Err(Fault::Field(FieldFault::IdInBody)),
                "FullName" => input.full_name = text(&body, value)?,
                "Metadata" => input.metadata = Some(self.metadata(&body, value)?),
                column => read_only.push(FieldName::new(column)),
            }
        }
        if read_only.is_empty() {
            Ok(input)
        } else {
            Err(Fault::Field(FieldFault::ReadOnly { fields: read_only }))
        }
    }

    /// The declared name of a field in any letter case.
    fn known(&self, name: &str) -> Result<&'static str, Fault> {
        let mut names = self.columns.iter().map(Column::name);
        let found = names.find(|known| known.eq_ignore_ascii_case(name));
        found.ok_or_else(|| {
            Fault::Field(FieldFault::Unknown {
                field: name.to_owned(),
                entity: EntityName::new(self.name),
            })
        })
    }

    fn metadata(&self, body: &json::Body<'_>, value: &Json) -> Result<M, Fault> {
        let Content::Object(members) = &value.content else {
            return Err(body.unexpected(value).into());
        };
        let mut metadata = M::default();
        for (name, value) in members {
            // What the metadata type inherits; what it says stands in the record's own field.
            let known = name == "fullName" || (self.member)(body, name, value, &mut metadata)?;
            if !known {
                return Err(body.unrecognized(name, value).into());
            }
        }
        Ok(metadata)
    }

    /// Reads the body of a change; the end of a component has none.
    pub(crate) async fn change(&self, call: &Call, body: Body) -> Result<Option<Input<M>>, Fault> {
        if call.method == Method::DELETE {
            return Ok(None);
        }
        self.input(call, body).await.map(Some)
    }

    /// Answers who made a component.
    pub(crate) fn created(&self, call: &Call, id: &str) -> Answer {
        let mut w = Writer::new();
        w.object(|w| {
            w.name("id").string(id);
            w.name("success").boolean(true);
            w.name("errors").array(|_| ());
            w.name("warnings").array(|_| ());
            w.name("infos").array(|_| ());
        });
        let name = self.name;
        let version = call.version;
        let url = format!("/services/data/v{version}/tooling/sobjects/{name}/{id}");
        Answer::created(url, w.finish())
    }
}

/// A text; null and an empty one say nothing.
pub(crate) fn text(body: &json::Body<'_>, json: &Json) -> Result<Option<String>, Fault> {
    match &json.content {
        Content::Null => Ok(None),
        Content::Text(text) => Ok((!text.is_empty()).then(|| text.clone())),
        _ => Err(body.unexpected(json).into()),
    }
}

/// The answer to who changes or removes what is not there.
pub(crate) fn missing(call: &Call) -> Fault {
    if call.method == Method::DELETE {
        Fault::Record(RecordFault::Unknown)
    } else {
        Fault::Record(RecordFault::NotFound)
    }
}

/// What must be said of a new component.
pub(crate) fn required<T>(value: Option<T>, field: &'static str) -> Result<T, Fault> {
    value.ok_or(Fault::Setup(SetupFault::FieldMissing { field }))
}

/// Changes components, all or none.
pub(crate) async fn amend(
    components: &mut Amending<'_>,
    call: &Call,
    steps: Vec<Step>,
) -> Result<(), Fault> {
    let amended = components.amend(steps, call.login.user_id, false).await;
    amended.map(|_| ()).map_err(unfit)
}
