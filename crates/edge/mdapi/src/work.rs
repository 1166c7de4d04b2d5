//! Doing deployments, one after the other.

use std::collections::HashMap;
use std::sync::Arc;

use landfall_engine::{Amended, Effect, Kind, Problem, Step};
use landfall_model::ComponentFault;
use landfall_model::limits::METADATA_ZIP_BYTES_MAX;
use landfall_store::DocumentKind;
use tokio::sync::watch;
use tracing::{error, info};

use crate::Shared;
use crate::archive;
use crate::bundle::{self, Asked, Bundle};
use crate::deployment::{Deployment, Message, Status};
use crate::error::Error;
use crate::jobs::zip_document;

/// See [`crate::Mdapi::run`].
pub(crate) async fn run(shared: Arc<Shared>, mut stopping: watch::Receiver<bool>) {
    loop {
        while let Some(entry) = shared.jobs.next() {
            if *stopping.borrow() {
                return;
            }
            let waiting = {
                let mut deployment = entry.lock().await;
                if deployment.status != Status::Pending {
                    continue;
                }
                deployment.status = Status::InProgress;
                deployment.started = Some(shared.engine.clock().now().as_millis());
                deployment.clone()
            };
            let id = waiting.id.clone();
            match done(&shared, waiting).await {
                Ok(deployment) => {
                    info!(id, status = ?deployment.status, components = deployment.total, "deployed");
                    *entry.lock().await = deployment;
                }
                // What is kept says that it waits: the next start takes it up again.
                Err(Error::Engine(landfall_engine::Error::Stopped)) => return,
                Err(failure) => {
                    error!(id, error = %landfall_engine::chain(&failure), "a deployment failed");
                    let mut deployment = entry.lock().await;
                    deployment.error = Some(error_of(&ComponentFault::Failed));
                    deployment.end(Status::Failed, shared.engine.clock().now());
                }
            }
        }
        tokio::select! {
            // The end of the sender means the same.
            _ = stopping.wait_for(|stops| *stops) => return,
            () = shared.jobs.queued.notified() => {}
        }
    }
}

fn error_of(fault: &ComponentFault) -> (String, String) {
    let (code, message) = landfall_wire::component_error(fault);
    (code.to_owned(), message)
}

/// Does a deployment, and keeps how it ended.
async fn done(shared: &Shared, mut deployment: Deployment) -> Result<Deployment, Error> {
    let engine = &shared.engine;
    let zip = engine
        .document(DocumentKind::DeploymentZip, deployment.id.clone())
        .await?
        .unwrap_or_default();
    let options = deployment.options.clone();
    let read = tokio::task::spawn_blocking(move || {
        if zip.len() > METADATA_ZIP_BYTES_MAX {
            return Err(format!(
                "The zip file has more than {METADATA_ZIP_BYTES_MAX} bytes"
            ));
        }
        archive::read(&zip, bundle::is_wanted).map(|entries| bundle::read(&entries, &options))
    });
    match read.await.map_err(|_| landfall_engine::Error::Stopped)? {
        Ok(bundle) => apply(shared, &mut deployment, bundle).await?,
        Err(reason) => {
            let fault = ComponentFault::ZipUnreadable { reason };
            deployment.error = Some(error_of(&fault));
            deployment.end(Status::Failed, engine.clock().now());
        }
    }
    let mut documents = vec![deployment.document()];
    let can_be_deployed = deployment.options.check_only && deployment.status.is_success();
    if !can_be_deployed {
        documents.push(zip_document(&deployment.id, None));
    }
    engine.put(documents).await?;
    Ok(deployment)
}

/// Makes the changes, and returns their results.
async fn apply(shared: &Shared, deployment: &mut Deployment, bundle: Bundle) -> Result<(), Error> {
    let Bundle {
        mut asked,
        failures,
        warnings,
        left_out,
        manifests,
    } = bundle;
    deployment.total = asked.len() + failures.len() + left_out.len();
    deployment.failures = failures;
    let may_be_partial = !deployment.options.rollback_on_error;
    let mut effects = Vec::new();
    while deployment.failures.is_empty() || (may_be_partial && !asked.is_empty()) {
        let problems = match attempt(shared, deployment, &asked).await? {
            Ok(became) => {
                effects = became;
                break;
            }
            Err(problems) => problems,
        };
        let before = asked.len();
        asked.retain(|asked| {
            let (kind, name) = asked.about();
            let is_wrong = |message: &Message| {
                message.component_type == kind.root() && message.full_name == name
            };
            !problems.iter().any(is_wrong)
        });
        deployment.failures.extend(problems);
        if !may_be_partial || asked.len() == before {
            asked.clear();
        }
    }
    let mut successes = succeeded(shared, &asked, &effects);
    let is_whole = deployment.failures.is_empty();
    if is_whole || may_be_partial {
        successes.extend(left_out);
    }
    if is_whole {
        successes.extend(warnings.into_iter().map(|warning| Message {
            success: true,
            ..warning
        }));
        successes.extend(manifests.into_iter().map(|file| Message {
            file_name: file,
            full_name: "package.xml".to_owned(),
            changed: true,
            success: true,
            ..Message::default()
        }));
    }
    let status = match (is_whole, successes.is_empty()) {
        (true, _) => Status::Succeeded,
        (false, false) => Status::SucceededPartial,
        (false, true) => Status::Failed,
    };
    deployment.successes = successes;
    deployment.end(status, shared.engine.clock().now());
    Ok(())
}

/// Makes all changes, or says what keeps them from being made.
async fn attempt(
    shared: &Shared,
    deployment: &Deployment,
    asked: &[Asked],
) -> Result<Result<Vec<Effect>, Vec<Message>>, Error> {
    let (mut components, author) = (shared.engine.amending().await, deployment.author());
    let options = &deployment.options;
    let steps: Vec<Step> = asked.iter().map(|asked| asked.step.clone()).collect();
    // A warning can keep a change from being made: it is looked for before.
    let looks_first = options.check_only || !options.ignore_warnings;
    let amended = components.amend(steps.clone(), author, looks_first).await;
    let amended = match amended {
        Ok(amended) => amended,
        Err(landfall_engine::Error::Invalid { problems }) => {
            return Ok(Err(told(asked, &problems)));
        }
        Err(other) => return Err(other.into()),
    };
    let refusals = refused(asked, &amended, options.ignore_warnings);
    if !refusals.is_empty() {
        return Ok(Err(refusals));
    }
    if options.check_only || !looks_first {
        return Ok(Ok(amended.effects));
    }
    match components.amend(steps, author, false).await {
        Ok(amended) => Ok(Ok(amended.effects)),
        Err(landfall_engine::Error::Invalid { problems }) => Ok(Err(told(asked, &problems))),
        Err(other) => Err(other.into()),
    }
}

/// Warnings of components of the deployment, unless they are consented to.
///
/// Source: "ignoreWarnings" (`deploy()`, Metadata API Developer Guide).
fn refused(asked: &[Asked], amended: &Amended, ignore_warnings: bool) -> Vec<Message> {
    if ignore_warnings {
        return Vec::new();
    }
    let mut messages = told(asked, &amended.warnings);
    messages.retain(|message| !message.component_type.is_empty());
    for message in &mut messages {
        message.is_warning = true;
    }
    messages
}

/// Problems as messages about the components that they are in.
fn told(asked: &[Asked], problems: &[Problem]) -> Vec<Message> {
    let by_path: HashMap<String, &Asked> = asked
        .iter()
        .map(|asked| {
            let (kind, name) = asked.about();
            (kind.path(name), asked)
        })
        .collect();
    let message = |problem: &Problem| match by_path.get(&problem.path) {
        Some(asked) => {
            let (kind, name) = asked.about();
            Message {
                line: Some(problem.line),
                ..Message::failure(kind.root(), name, &asked.file, &problem.reason)
            }
        }
        None => Message::failure("", &problem.path, &problem.path, &problem.reason),
    };
    problems.iter().map(message).collect()
}

/// The result of each component.
fn succeeded(shared: &Shared, asked: &[Asked], effects: &[Effect]) -> Vec<Message> {
    let definitions = shared.engine.definitions();
    let message = |(asked, effect): (&Asked, &Effect)| {
        let (kind, name) = asked.about();
        let kept = definitions.components().get(kind, name);
        // Standard objects and fields have no ids.
        let has_id = !matches!(kind, Kind::Object | Kind::Field)
            || name.ends_with("__c")
            || name.ends_with("__e");
        let missing = *effect == Effect::Missing;
        // Settings are in every org.
        let created = *effect == Effect::Created && kind.only().is_none();
        Message {
            component_type: kind.root().to_owned(),
            full_name: name.to_owned(),
            file_name: asked.file.clone(),
            id: kept.filter(|_| has_id).map(|kept| kept.id.to_string()),
            changed: matches!(effect, Effect::Created | Effect::Changed),
            created,
            deleted: *effect == Effect::Deleted,
            success: true,
            problem: missing.then(|| format!("No {} named: {name} found", kind.root())),
            is_warning: missing,
            line: None,
        }
    };
    asked.iter().zip(effects).map(message).collect()
}
