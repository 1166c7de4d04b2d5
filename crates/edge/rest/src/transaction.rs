//! Changes and events of a request: made at once, or in the transaction that it shares with others.

use std::sync::Arc;

use landfall_engine::usage::Client;
use landfall_engine::{Change, Outcome, Staging, Transaction, defect};
use landfall_http::{refused, unfit};
use landfall_model::Fault;

use crate::call::Call;
use crate::scope::{Joint, Later, Outgoing, Scope};
use crate::state::Shared;

/// Makes changes together; returns the result of each.
pub(crate) async fn commit(
    shared: &Shared,
    call: &Call,
    changes: Vec<Change>,
    all_or_none: bool,
) -> Result<Vec<Outcome>, Fault> {
    match &call.scope {
        Scope::Org | Scope::Staged(_) => {
            let transaction = Transaction {
                changes,
                all_or_none,
                user: call.login.user_id,
                origin: call.origin(),
            };
            shared.engine.commit(transaction).await.map_err(refused)
        }
        Scope::Joint(joint) => {
            let made = joint.transaction.apply(changes, all_or_none).await;
            made.map_err(refused)
        }
    }
}

/// Publishes events.
pub(crate) async fn publish(
    shared: &Shared,
    call: &Call,
    events: Vec<Outgoing>,
) -> Result<(), Fault> {
    match &call.scope {
        Scope::Org | Scope::Staged(_) => {
            let events = events.into_iter().map(|outgoing| outgoing.event).collect();
            shared
                .engine
                .publish(&Client::Rest, events)
                .await
                .map_err(refused)?;
        }
        Scope::Joint(joint) => joint.later(|later| later.events.extend(events)),
    }
    Ok(())
}

/// Begins a transaction that several requests share.
pub(crate) async fn open(shared: &Shared, call: &Call) -> Result<Arc<Joint>, Fault> {
    let opened = shared.engine.open(call.login.user_id, call.origin()).await;
    Ok(Arc::new(Joint::new(opened.map_err(refused)?)))
}

/// Begins changes of the definitions that several requests share.
pub(crate) async fn stage(shared: &Shared, call: &Call) -> Arc<Staging> {
    Arc::new(shared.engine.staging(call.login.user_id).await)
}

/// Ends them: all of them take effect, or none.
///
/// # Errors
/// What is wrong with all of them together, or [`landfall_model::ServiceFault`]: none takes effect.
pub(crate) async fn end_stage(staging: Arc<Staging>, keep: bool) -> Result<(), Fault> {
    let staging = Arc::into_inner(staging)
        .ok_or_else(|| defect("staged changes end while one of them is in progress"))?;
    if keep {
        staging.commit().await.map_err(unfit)?;
    }
    Ok(())
}

/// Ends it: keeps all of it, or nothing.
///
/// # Errors
/// [`landfall_model::ServiceFault::StoreUnavailable`]: nothing is kept. [`landfall_model::ServiceFault::Internal`] if
/// somebody still works in it.
pub(crate) async fn end(shared: &Shared, joint: Arc<Joint>, keep: bool) -> Result<(), Fault> {
    let joint = Arc::into_inner(joint)
        .ok_or_else(|| defect("a transaction ends while a part of it is in progress"))?;
    let (transaction, Later { events }) = joint.into_parts();
    if keep {
        transaction.commit().await.map_err(refused)?;
    } else {
        drop(transaction);
    }
    let events = events.into_iter();
    let events = events.filter(|outgoing| keep || !outgoing.after_commit);
    let events = events.map(|outgoing| outgoing.event).collect();
    shared
        .engine
        .publish(&Client::Rest, events)
        .await
        .map_err(refused)?;
    Ok(())
}
