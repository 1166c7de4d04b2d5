//! Asking for a deployment, and asking how it is: what both APIs share.

use bytes::Bytes;
use landfall_auth::Login;
use landfall_model::limits::VALIDATION_DAYS;
use landfall_model::{Fault, MetadataFault};
use landfall_store::DocumentKind;

use crate::Shared;
use crate::deployment::{Deployment, Status};
use crate::error::Error;
use crate::jobs::deployment_id;
use crate::options::Options;
use crate::people::person;

const MILLIS_A_DAY: i64 = 86_400_000;

/// Has a zip file be deployed; gives the deployment as it was asked for.
///
/// # Errors
/// [`MetadataFault::ZipMissing`], [`MetadataFault::DeploymentsTooMany`], the failures of the engine.
pub(crate) async fn deploy(
    shared: &Shared,
    login: &Login,
    zip: Bytes,
    options: Options,
) -> Result<Deployment, Error> {
    if zip.is_empty() {
        return Err(Fault::Metadata(MetadataFault::ZipMissing).into());
    }
    let deployment = new(shared, login, options).await?;
    let asked = deployment.clone();
    shared.jobs.add(&shared.engine, deployment, zip).await?;
    Ok(asked)
}

async fn new(shared: &Shared, login: &Login, options: Options) -> Result<Deployment, Error> {
    let engine = &shared.engine;
    engine.check_reserve()?;
    let by = person(engine, login.user_id).await?;
    let (id, now) = (deployment_id(engine)?, engine.clock().now());
    Ok(Deployment::new(id, options, by, now))
}

/// Has a validated deployment be deployed.
///
/// # Errors
/// [`MetadataFault::ValidationUnknown`], those of [`deploy`].
pub(crate) async fn deploy_validated(
    shared: &Shared,
    login: &Login,
    validation: &str,
) -> Result<Deployment, Error> {
    let engine = &shared.engine;
    let entry = shared.jobs.find(validation)?;
    let validated = entry.lock().await.clone();
    let age = engine.clock().now().as_millis() - validated.modified;
    let is_good = validated.options.check_only
        && validated.status == Status::Succeeded
        && age <= VALIDATION_DAYS * MILLIS_A_DAY;
    let zip = engine.document(DocumentKind::DeploymentZip, validated.id.clone());
    let (Some(zip), true) = (zip.await?, is_good) else {
        return Err(Fault::Metadata(MetadataFault::ValidationUnknown).into());
    };
    let options = Options {
        check_only: false,
        ..validated.options
    };
    let mut deployment = new(shared, login, options).await?;
    deployment.validated = Some(validated.id);
    let asked = deployment.clone();
    shared.jobs.add(engine, deployment, zip.into()).await?;
    Ok(asked)
}

/// A deployment as it is.
///
/// # Errors
/// [`landfall_model::RecordFault::Unknown`].
pub(crate) async fn status(shared: &Shared, id: &str) -> Result<Deployment, Error> {
    Ok(shared.jobs.find(id)?.lock().await.clone())
}

/// Cancels a deployment that waits; one that has begun ends as it ends.
///
/// # Errors
/// [`landfall_model::RecordFault::Unknown`], [`MetadataFault::DeploymentOver`], the failures of the engine.
pub(crate) async fn cancel(shared: &Shared, login: &Login, id: &str) -> Result<Deployment, Error> {
    let by = person(&shared.engine, login.user_id).await?;
    shared.jobs.cancel(&shared.engine, id, by).await
}
