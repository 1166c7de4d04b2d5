//! Where a request reads and changes records: in the org, or in a transaction that it shares with others.
//!
//! While such a transaction is open nothing else may be asked of the writer, so what needs it otherwise waits for the end.

use std::sync::{Arc, Mutex, PoisonError};

use landfall_auth::Login;
use landfall_engine::{Definitions, Engine, NewEvent, OpenTransaction, Staging};
use landfall_http::refused;
use landfall_model::{EntityDefinition, Fault, RecordId, Row, Value};

/// Where a request does its work.
#[derive(Clone)]
pub(crate) enum Scope {
    /// Each of its transactions is its own.
    Org,
    /// All its work belongs to a transaction that others continue.
    Joint(Arc<Joint>),
    /// What it changes of the definitions takes effect with what others change. Records are those of the org.
    Staged(Arc<Staging>),
}

impl Scope {
    /// Where changes of the definitions wait for others.
    pub(crate) fn staging(&self) -> Option<&Staging> {
        match self {
            Self::Org | Self::Joint(_) => None,
            Self::Staged(staging) => Some(staging),
        }
    }

    /// The org as a caller sees it now.
    pub(crate) async fn definitions(&self, login: &Login) -> Arc<Definitions> {
        let staged = match self.staging() {
            Some(staging) => staging.definitions().await,
            None => None,
        };
        match staged {
            Some(staged) => login.access().seen_of(&staged),
            None => login.definitions(),
        }
    }
}

/// A transaction that several requests share.
pub(crate) struct Joint {
    pub(crate) transaction: OpenTransaction,
    later: Mutex<Later>,
}

/// What is done when the transaction has ended.
#[derive(Default)]
pub(crate) struct Later {
    pub(crate) events: Vec<Outgoing>,
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
    pub(crate) engine: &'a Engine,
    pub(crate) scope: &'a Scope,
    pub(crate) login: &'a Login,
}

impl Records<'_> {
    /// A record's values, also of one in the recycle bin.
    pub(crate) async fn row(
        &self,
        entity: &Arc<EntityDefinition>,
        id: RecordId,
    ) -> Result<Option<Row>, Fault> {
        match self.scope {
            Scope::Org | Scope::Staged(_) => self.engine.row(entity, id).await,
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

    /// A row with the values of formula fields as the caller reads them.
    pub(crate) async fn with_formulas(
        &self,
        entity: &Arc<EntityDefinition>,
        row: Row,
    ) -> Result<Row, Fault> {
        let view = self.login.view();
        let rows = vec![Some(row)];
        let filled = self.engine.with_formulas(&view, entity, rows).await;
        let filled = filled.map_err(refused)?.into_iter().next().flatten();
        Ok(filled.unwrap_or_default())
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
            Scope::Org | Scope::Staged(_) => {
                self.engine.rows_where(entity, field, value, limit).await
            }
            Scope::Joint(joint) => {
                let transaction = &joint.transaction;
                transaction.rows_where(entity, field, value, limit).await
            }
        }
        .map_err(refused)
    }
}

impl Joint {
    pub(crate) fn new(transaction: OpenTransaction) -> Self {
        Self {
            transaction,
            later: Mutex::default(),
        }
    }

    pub(crate) fn later(&self, add: impl FnOnce(&mut Later)) {
        add(&mut self.later.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The transaction, and what is done after it.
    pub(crate) fn into_parts(self) -> (OpenTransaction, Later) {
        let later = self.later.into_inner();
        (
            self.transaction,
            later.unwrap_or_else(PoisonError::into_inner),
        )
    }
}
