//! Transactions whose changes come step by step, because what is asked for next depends on what was answered before.
//!
//! From its turn to its end such a transaction has the writer to itself: its steps see what it did so far, and no other
//! transaction does. Its caller must not wait for anything else that the writer does meanwhile.

use std::mem::take;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use landfall_model::{EntityDefinition, Fault, RecordId, Row, Value, limits};
use landfall_store::Document;
use tokio::sync::oneshot;
use tracing::warn;

use super::compute::{By, Computed, Work};
use super::handle::{Answer, answer_with};
use crate::command::{Change, Conversion, Converted, Merge, Merged, Outcome};
use crate::error::Error;
use crate::{Engine, rehearsal};

/// The objects of which a conversion changes records.
const CONVERTED: [&str; 4] = ["Lead", "Account", "Contact", "Opportunity"];

/// A transaction that is open: dropped without [`Self::commit`], it leaves nothing behind.
pub struct OpenTransaction {
    steps: SyncSender<Step>,
    engine: Engine,
    /// The objects that it changes, as far as armed faults ask for them.
    objects: Mutex<Vec<Arc<EntityDefinition>>>,
}

/// What the writer gets of it.
pub(crate) struct Opened {
    pub(super) by: By,
    pub(super) origin: String,
    pub(super) steps: Receiver<Step>,
}

pub(super) enum Step {
    Apply(Vec<Change>, bool, Answer<Vec<Outcome>>),
    Row(Arc<EntityDefinition>, RecordId, Answer<Option<Row>>),
    RowsWhere(
        Arc<EntityDefinition>,
        (usize, Value),
        usize,
        Answer<Vec<Row>>,
    ),
    Merge(Merge, Answer<Result<Merged, Fault>>),
    Convert(Conversion, Answer<Result<Converted, Fault>>),
    Commit(Vec<Document>, Answer<()>),
}

/// Both ends of an open transaction. Each step is answered before the next, so one place is enough.
pub(super) fn transaction(engine: Engine) -> (OpenTransaction, Receiver<Step>) {
    let (steps, served) = sync_channel(1);
    let transaction = OpenTransaction {
        steps,
        engine,
        objects: Mutex::default(),
    };
    (transaction, served)
}

impl OpenTransaction {
    /// Makes changes, and returns the result of each. With `all_or_none`, one that fails undoes these, not those before.
    ///
    /// # Errors
    /// [`Error::Store`]: none of these changes is made. [`Error::Stopped`]: the transaction has ended without a trace.
    pub async fn apply(
        &self,
        changes: Vec<Change>,
        all_or_none: bool,
    ) -> Result<Vec<Outcome>, Error> {
        self.note(changes.iter().filter_map(Change::entity));
        self.ask(|answer| Step::Apply(changes, all_or_none, answer))
            .await
    }

    /// A record's values as the transaction sees them, also of one in the recycle bin.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Stopped`].
    pub async fn row(
        &self,
        entity: &Arc<EntityDefinition>,
        id: RecordId,
    ) -> Result<Option<Row>, Error> {
        self.ask(|answer| Step::Row(Arc::clone(entity), id, answer))
            .await
    }

    /// Records whose field equals a value as the transaction sees them, `limit` at most; none from the recycle bin.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Stopped`].
    pub async fn rows_where(
        &self,
        entity: &Arc<EntityDefinition>,
        field: usize,
        value: Value,
        limit: usize,
    ) -> Result<Vec<Row>, Error> {
        self.ask(|answer| Step::RowsWhere(Arc::clone(entity), (field, value), limit, answer))
            .await
    }

    /// Makes records one.
    ///
    /// # Errors
    /// As [`Self::apply`]; within, why it is refused: nothing of it is made then.
    pub async fn merge(&self, merge: Merge) -> Result<Result<Merged, Fault>, Error> {
        self.note([&merge.entity]);
        self.ask(|answer| Step::Merge(merge, answer)).await
    }

    /// Makes a lead an account, a contact and perhaps an opportunity.
    ///
    /// # Errors
    /// As [`Self::merge`].
    pub async fn convert(&self, conversion: Conversion) -> Result<Result<Converted, Fault>, Error> {
        let definitions = self.engine.definitions();
        let objects = CONVERTED.iter();
        self.note(objects.filter_map(|object| definitions.catalog().entity(object)));
        self.ask(|answer| Step::Convert(conversion, answer)).await
    }

    /// Makes all of it durable, with its events.
    ///
    /// # Errors
    /// [`Error::Store`] or [`Error::Stopped`]: nothing was kept.
    pub async fn commit(self) -> Result<(), Error> {
        self.commit_with(Vec::new()).await
    }

    /// The same, with documents: all of it is kept, or nothing.
    ///
    /// # Errors
    /// As [`Self::commit`].
    pub async fn commit_with(self, documents: Vec<Document>) -> Result<(), Error> {
        if self.engine.faults().is_armed() {
            // Nothing else is written until this ends: what is stored now is the state before it.
            let objects = self.objects.lock();
            let objects = take(&mut *objects.unwrap_or_else(PoisonError::into_inner));
            rehearsal::delay_reads(&self.engine, &objects).await;
        }
        self.ask(|answer| Step::Commit(documents, answer)).await
    }

    fn note<'e>(&self, objects: impl IntoIterator<Item = &'e Arc<EntityDefinition>>) {
        if !self.engine.faults().is_armed() {
            return;
        }
        let known = self.objects.lock();
        let mut known = known.unwrap_or_else(PoisonError::into_inner);
        for object in objects {
            if known.iter().all(|one| one.name != object.name) {
                known.push(Arc::clone(object));
            }
        }
    }

    async fn ask<T>(&self, step: impl FnOnce(Answer<T>) -> Step) -> Result<T, Error> {
        let (answer, answered) = oneshot::channel();
        let sent = self.steps.try_send(step(answer));
        sent.map_err(|_| Error::Stopped)?;
        answered.await.map_err(|_| Error::Stopped)?
    }
}

/// What an open transaction comes to: what is to be committed, and who waits for it.
pub(super) struct Ended {
    pub(super) computed: Computed,
    pub(super) documents: Vec<Document>,
    pub(super) answer: Answer<()>,
}

/// Takes steps until the end; answers with what is to be committed, if anything is.
pub(super) fn serve(mut work: Work<'_, '_>, steps: &Receiver<Step>) -> Option<Ended> {
    loop {
        match steps.recv_timeout(limits::OPEN_TRANSACTION_PAUSE_MAX) {
            Ok(Step::Apply(changes, all_or_none, answer)) => {
                answer_with(answer, work.apply_unread(changes, all_or_none));
            }
            Ok(Step::Row(entity, id, answer)) => answer_with(answer, work.row(&entity, id)),
            Ok(Step::RowsWhere(entity, (field, value), limit, answer)) => {
                answer_with(answer, work.rows_where(&entity, field, &value, limit));
            }
            Ok(Step::Merge(merge, answer)) => {
                answer_with(answer, work.attempt(|planner| planner.merge(merge)));
            }
            Ok(Step::Convert(conversion, answer)) => {
                answer_with(answer, work.attempt(|planner| planner.convert(conversion)));
            }
            Ok(Step::Commit(documents, answer)) => match work.done() {
                Ok(computed) => {
                    return Some(Ended {
                        computed,
                        documents,
                        answer,
                    });
                }
                Err(error) => {
                    answer_with(answer, Err(error));
                    return None;
                }
            },
            Err(ended) => {
                if ended == RecvTimeoutError::Timeout {
                    warn!("an open transaction was undone: its next step did not come");
                }
                work.undo();
                return None;
            }
        }
    }
}
