//! The resources below `/composite`: which path leads to which, and what they are called.
//!
//! Source: "Composite Resources" (REST API Developer Guide).

use std::sync::Arc;

use axum::body::Body;
use landfall_model::{Catalog, EntityDefinition, Fault};
use landfall_wire::ApiVersion;

use crate::call::Call;
use crate::respond::Answer;
use crate::{Shared, collections, retrieve};

/// What a path below `/composite` names.
#[derive(Clone, Debug)]
pub(crate) enum Composite {
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
        let (first, rest) = segments.split_first().ok_or(Fault::ResourceNotFound)?;
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
            Self::RecordsOf(_) => "HEAD,GET,POST",
            Self::Upserts(..) => "PATCH",
        }
    }

    /// The version that brought it.
    const fn since(&self) -> u16 {
        match self {
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
        Composite::Records => collections::of_any(shared, call, body).await,
        Composite::RecordsOf(entity) => retrieve::retrieve(shared, call, &entity, body).await,
        Composite::Upserts(entity, field) => {
            collections::upsert(shared, call, &entity, &field, body).await
        }
    }
}

/// Whether a version has what came with version `since`.
fn check_version(version: ApiVersion, since: u16) -> Result<(), Fault> {
    if version.number() < since {
        return Err(Fault::ResourceNotFound);
    }
    Ok(())
}
