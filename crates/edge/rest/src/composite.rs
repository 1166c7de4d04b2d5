//! The resources below `/composite`: which path leads to which, and what they are called.
//!
//! Source: "Composite Resources" (REST API Developer Guide).

mod batch;
mod graph;
mod part;
mod reference;
mod request;
mod series;
pub(crate) mod tree;

use std::sync::Arc;

use axum::body::Body;
use http::Method;
use landfall_model::{Catalog, EntityDefinition, Fault};
use landfall_wire::ApiVersion;

use crate::call::Call;
use crate::respond::Answer;
use crate::writer::Writer;
use crate::{Shared, collections, retrieve};

/// The versions that brought them. Source: "Composite Resources" (REST API Developer Guide).
const TREE_VERSION: u16 = 34;
const BATCH_VERSION: u16 = 34;
const COMPOSITE_VERSION: u16 = 38;
const COLLECTIONS_VERSION: u16 = 42;
const UPSERTS_VERSION: u16 = 46;
const GRAPH_VERSION: u16 = 50;

/// The resources that are listed, with the versions that brought them.
const LISTED: &[(&str, u16)] = &[
    ("tree", TREE_VERSION),
    ("batch", BATCH_VERSION),
    ("sobjects", COLLECTIONS_VERSION),
    ("graph", GRAPH_VERSION),
];

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
    /// Parts that know nothing of each other.
    Batch,
    /// New records of an object with their children.
    Tree(Arc<EntityDefinition>),
    /// Several series of parts.
    Graphs,
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
            ("batch", []) => Ok(Self::Batch),
            ("graph", []) => Ok(Self::Graphs),
            ("tree", [object]) => Ok(Self::Tree(entity(object)?)),
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
            Self::Batch | Self::Tree(_) | Self::Graphs => "POST",
        }
    }

    /// The version that brought it.
    const fn since(&self) -> u16 {
        match self {
            Self::Parts => COMPOSITE_VERSION,
            Self::Records | Self::RecordsOf(_) => COLLECTIONS_VERSION,
            Self::Upserts(..) => UPSERTS_VERSION,
            Self::Batch => BATCH_VERSION,
            Self::Tree(_) => TREE_VERSION,
            Self::Graphs => GRAPH_VERSION,
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
        Composite::Batch => batch::answer(shared, call, body).await,
        Composite::Tree(entity) => tree::answer(shared, call, &entity, body).await,
        Composite::Graphs => graph::answer(shared, call, body).await,
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
