//! The resources below `/composite`: which path leads to which, and what they are called.
//!
//! Source: "Composite Resources" (REST API Developer Guide).

mod part;
mod reference;
mod request;
mod series;

use std::sync::Arc;

use axum::body::Body;
use http::Method;
use landfall_model::{Catalog, EntityDefinition, Fault};
use landfall_wire::ApiVersion;

use crate::call::Call;
use crate::respond::Answer;
use crate::writer::Writer;
use crate::{Shared, collections, retrieve};

/// The resources that are listed, with the versions that brought them.
const LISTED: &[(&str, u16)] = &[("sobjects", 42)];

/// What a path below `/composite` names.
#[derive(Clone, Debug)]
pub(crate) enum Composite {
    /// The parts of a request, and the list of what is below.
    Parts,
    /// Records of any objects.
    Records,
    /// Records of one object, to be read.
    RecordsOf(Arc<EntityDefinition>),
    /// Records of one object, to be upserted by a field.
    Upserts(Arc<EntityDefinition>, String),
}

impl Composite {
    /// The resource of the segments after `composite`.
    ///
    /// # Errors
    /// [`Fault::ResourceNotFound`] for a path that leads nowhere.
    pub(crate) fn resolve(catalog: &Catalog, segments: &[&str]) -> Result<Self, Fault> {
        let entity = |name: &str| catalog.entity(name).cloned().ok_or(Fault::ResourceNotFound);
        let Some((first, rest)) = segments.split_first() else {
            return Ok(Self::Parts);
        };
        match (first.to_ascii_lowercase().as_str(), rest) {
            ("sobjects", []) => Ok(Self::Records),
            ("sobjects", [object]) => Ok(Self::RecordsOf(entity(object)?)),
            ("sobjects", [object, field]) => {
                Ok(Self::Upserts(entity(object)?, (*field).to_owned()))
            }
            _ => Err(Fault::ResourceNotFound),
        }
    }

    /// The methods that it takes.
    pub(crate) const fn allowed(&self) -> &'static str {
        match self {
            Self::Records => "POST,PATCH,DELETE",
            Self::Parts | Self::RecordsOf(_) => "HEAD,GET,POST",
            Self::Upserts(..) => "PATCH",
        }
    }

    /// The version that brought it.
    const fn since(&self) -> u16 {
        match self {
            Self::Parts => 38,
            Self::Records | Self::RecordsOf(_) => 42,
            Self::Upserts(..) => 46,
        }
    }
}

/// Answers for a resource below `/composite`.
pub(crate) async fn answer(
    shared: &Shared,
    call: &Call,
    resource: Composite,
    body: Body,
) -> Result<Answer, Fault> {
    check_version(call.version, resource.since())?;
    match resource {
        Composite::Parts if call.method == Method::POST => {
            request::answer(shared, call, body).await
        }
        Composite::Parts => Ok(Answer::json(listed(call.version))),
        Composite::Records => collections::of_any(shared, call, body).await,
        Composite::RecordsOf(entity) => retrieve::retrieve(shared, call, &entity, body).await,
        Composite::Upserts(entity, field) => {
            collections::upsert(shared, call, &entity, &field, body).await
        }
    }
}

/// What there is below `/composite`.
///
/// Source: "Get a List of Composite Resources" (REST API Developer Guide).
fn listed(version: ApiVersion) -> String {
    let mut w = Writer::new();
    w.object(|w| {
        for (name, since) in LISTED {
            if version.number() >= *since {
                let path = format!("/services/data/v{version}/composite/{name}");
                w.name(name).string(&path);
            }
        }
    });
    w.finish()
}

/// Whether a version has what came with version `since`.
fn check_version(version: ApiVersion, since: u16) -> Result<(), Fault> {
    if version.number() < since {
        return Err(Fault::ResourceNotFound);
    }
    Ok(())
}
