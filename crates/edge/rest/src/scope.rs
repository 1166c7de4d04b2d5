//! Where a request reads and changes records: in the org, or in a transaction that it shares with others.
//!
//! While such a transaction is open nothing else may be asked of the writer, so what needs it otherwise waits for the end.

use std::sync::{Arc, Mutex, PoisonError};

use landfall_engine::usage::Client;
use landfall_engine::{Change, Engine, NewEvent, OpenTransaction, Outcome, Transaction};
use landfall_model::{EntityDefinition, Fault, RecordId, Row, Value};

use crate::Shared;
use crate::call::Call;
use crate::fault::refused;

/// Where a request does its work.
#[derive(Clone)]
pub(crate) enum Scope {
    /// Each of its transactions is its own.
    Org,
    /// All its work belongs to a transaction that others continue.
    Joint(Arc<Joint>),
}

/// A transaction that several requests share.
pub(crate) struct Joint {
    transaction: OpenTransaction,
    later: Mutex<Later>,
}

/// What is done when the transaction has ended.
#[derive(Default)]
struct Later {
    events: Vec<Outgoing>,
}

/// An event on its way.
pub(crate) struct Outgoing {
    pub(crate) event: NewEvent,
    /// Whether it is published only if the transaction that it was made in is kept.
    pub(crate) after_commit: bool,
}

/// Records as a request sees them.
#[derive(Clone, Copy)]
pub(crate) struct Records<'a> {
    engine: &'a Engine,
    scope: &'a Scope,
}

impl Records<'_> {
    /// A record's values, also of one in the recycle bin.
    pub(crate) async fn row(
        &self,
        entity: &Arc<EntityDefinition>,
        id: RecordId,
    ) -> Result<Option<Row>, Fault> {
        match self.scope {
            Scope::Org => self.engine.row(entity, id).await,
            Scope::Joint(joint) => joint.transaction.row(entity, id).await,
        }
        .map_err(refused)
    }

    /// The same of several records, in the order of the ids.
    pub(crate) async fn rows(
        &self,
        entity: &Arc<EntityDefinition>,
        ids: Vec<RecordId>,
    ) -> Result<Vec<Option<Row>>, Fault> {
        let Scope::Joint(joint) = self.scope else {
            return self.engine.rows(entity, ids).await.map_err(refused);
        };
        let mut rows = Vec::with_capacity(ids.len());
        for id in ids {
            rows.push(joint.transaction.row(entity, id).await.map_err(refused)?);
        }
        Ok(rows)
    }

    /// Records whose field equals a value, `limit` at most; those in the recycle bin may be among them.
    pub(crate) async fn rows_where(
        &self,
        entity: &Arc<EntityDefinition>,
        field: usize,
        value: Value,
        limit: usize,
    ) -> Result<Vec<Row>, Fault> {
        match self.scope {
            Scope::Org => self.engine.rows_where(entity, field, value, limit).await,
            Scope::Joint(joint) => {
                let transaction = &joint.transaction;
                transaction.rows_where(entity, field, value, limit).await
            }
        }
        .map_err(refused)
    }
}

impl Call {
    /// Records as this request sees them.
    pub(crate) fn records<'a>(&'a self, shared: &'a Shared) -> Records<'a> {
        Records {
            engine: &shared.engine,
            scope: &self.scope,
        }
    }
}

/// Makes changes together; says what became of each.
pub(crate) async fn commit(
    shared: &Shared,
    call: &Call,
    changes: Vec<Change>,
    all_or_none: bool,
) -> Result<Vec<Outcome>, Fault> {
    match &call.scope {
        Scope::Org => {
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
        Scope::Org => {
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
    Ok(Arc::new(Joint {
        transaction: opened.map_err(refused)?,
        later: Mutex::default(),
    }))
}

/// Ends it: keeps all of it, or nothing.
///
/// # Errors
/// [`Fault::StoreUnavailable`]: nothing is kept. [`Fault::Internal`] if somebody still works in it.
pub(crate) async fn end(shared: &Shared, joint: Arc<Joint>, keep: bool) -> Result<(), Fault> {
    let joint = Arc::into_inner(joint).ok_or(Fault::Internal { error_id: 0 })?;
    let Later { events } = joint
        .later
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    if keep {
        joint.transaction.commit().await.map_err(refused)?;
    } else {
        drop(joint.transaction);
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

impl Joint {
    fn later(&self, add: impl FnOnce(&mut Later)) {
        add(&mut self.later.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
