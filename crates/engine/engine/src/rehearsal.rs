//! What faults that a test has armed do around transactions: before one is made durable, and after it.
//!
//! Faults of the events themselves are asked for by the writer, where events are made.

use std::collections::BTreeSet;
use std::slice;
use std::sync::Arc;

use landfall_metadata::{Kind, Node, NodeContent, Part};
use landfall_model::{EntityDefinition, EntityName, RecordId};
use landfall_store::TopicId;
use tracing::warn;

use crate::Engine;
use crate::access::Rights;
use crate::command::{Change, Note, Outcome, Transaction};
use crate::definitions::Subject;
use crate::deploy::Step;
use crate::error::Error;
use crate::faults::{Arming, FaultKind, HiddenPart, Occasion, topic_of};

/// How the fields begin that a fault adds.
const ADDED_FIELD: &str = "Rehearsal_";

/// Makes a transaction durable while faults are armed. It is made also if nobody waits for it any more.
pub(crate) async fn commit(
    engine: &Engine,
    transaction: Transaction,
    rights: Option<Arc<Rights>>,
    note: Option<Note>,
) -> Result<Vec<Outcome>, Error> {
    let engine = engine.clone();
    let made = tokio::spawn(async move {
        let objects = objects_of(&transaction);
        let (saved, work) = match fires(&engine, FaultKind::SlowCommit, &objects) {
            Some(fault) => {
                let now = engine.clock().now();
                let delay = i64::try_from(fault.delay_ms).unwrap_or(i64::MAX);
                let due = now.plus_millis(delay);
                (Some(now), Some(engine.clock().wait_until(due).await))
            }
            None => (None, None),
        };
        delay_reads(&engine, &objects).await;
        let writer = &engine.0.writer;
        let outcomes = writer.commit(transaction, rights, saved, note).await?;
        let changed: Vec<RecordId> = outcomes.iter().flatten().map(|saved| saved.id).collect();
        for object in &objects {
            committed(&engine, object, &changed).await?;
        }
        drop(work);
        Ok(outcomes)
    });
    made.await.map_err(|_| Error::Stopped)?
}

/// Has records be read for a while as they are before a transaction that changes these objects. A failure is no error of
/// the transaction.
pub(crate) async fn delay_reads(engine: &Engine, objects: &[Arc<EntityDefinition>]) {
    let Some(fault) = fires(engine, FaultKind::ReadLag, objects) else {
        return;
    };
    let now = engine.clock().now();
    let until = now.plus_millis(i64::try_from(fault.delay_ms).unwrap_or(i64::MAX));
    let lagging = &engine.0.lagging;
    if lagging.extend(now, until) {
        return;
    }
    let definitions = engine.definitions();
    match engine.read(|reader| reader.pinned()).await {
        Ok(reader) => lagging.keep(reader, definitions, (now, until)),
        Err(error) => warn!(%error, "a fault could not delay reads"),
    }
}

/// What happens to an object after a transaction that has changed these records.
async fn committed(
    engine: &Engine,
    object: &Arc<EntityDefinition>,
    changed: &[RecordId],
) -> Result<(), Error> {
    let of_object = |id: &&RecordId| id.prefix() == object.key_prefix;
    let records: Vec<RecordId> = changed.iter().filter(of_object).copied().collect();
    if records.is_empty() {
        return Ok(());
    }
    let objects = slice::from_ref(object);
    if fires(engine, FaultKind::Stamp, objects).is_some() {
        engine.0.writer.stamp(records).await?;
    }
    if fires(engine, FaultKind::SchemaChange, objects).is_some() {
        has_another_field(engine, &object.name).await;
    }
    Ok(())
}

impl Engine {
    /// Hides an object or a field from a user, whatever their permissions grant, until it is shown again.
    pub fn hide(&self, user: RecordId, part: &HiddenPart) {
        let rights = self.0.state.all_rights();
        rights.withhold(user, |withheld| withheld.add(part));
    }

    /// Shows a user what was hidden from them: a part of it, or everything.
    pub fn show(&self, user: RecordId, part: Option<&HiddenPart>) {
        let rights = self.0.state.all_rights();
        rights.withhold(user, |withheld| withheld.remove(part));
    }

    /// Clears the faults, and ends what they have begun: nobody has anything hidden from them, and reads see the present.
    pub fn end_faults(&self) {
        self.faults().clear();
        for user in self.0.state.all_rights().withheld_from() {
            self.show(user, None);
        }
        self.0.lagging.end();
    }
}

/// What happens after the publication of events on these topics while faults are armed.
pub(crate) async fn published(engine: &Engine, topics: &[TopicId]) {
    let definitions = engine.definitions();
    let topics: BTreeSet<TopicId> = topics.iter().copied().collect();
    for topic in topics {
        let (Some(name), Some(Subject::PlatformEvent(event))) =
            (definitions.name_of(topic), definitions.subject(topic))
        else {
            continue;
        };
        let names = [name.as_str()];
        let occasion = || Occasion::default().topics(&names);
        let fires = engine.faults().fires(FaultKind::SchemaChange, occasion);
        if fires.is_some() {
            has_another_field(engine, &event.name).await;
        }
    }
}

/// The objects that a transaction changes.
fn objects_of(transaction: &Transaction) -> Vec<Arc<EntityDefinition>> {
    let mut objects: Vec<Arc<EntityDefinition>> = Vec::new();
    for entity in transaction.changes.iter().filter_map(Change::entity) {
        if objects.iter().all(|known| known.name != entity.name) {
            objects.push(Arc::clone(entity));
        }
    }
    objects
}

/// Whether a fault fires for a transaction that changes these objects.
fn fires(engine: &Engine, kind: FaultKind, objects: &[Arc<EntityDefinition>]) -> Option<Arming> {
    let definitions = engine.definitions();
    let schemas = objects.iter();
    let schemas =
        schemas.filter_map(|object| definitions.change_event_schema(object.name.as_str()));
    let topics: Vec<String> = schemas.map(|schema| topic_of(schema)).collect();
    let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
    let occasion = || Occasion::default().topics(&topics);
    engine.faults().fires(kind, occasion)
}

/// Adds a field to an object or a platform event. What has happened is durable: a failure is no error of it.
async fn has_another_field(engine: &Engine, entity: &EntityName) {
    if let Err(error) = add_field(engine, entity).await {
        warn!(%error, %entity, "a fault could not change the schema");
    }
}

async fn add_field(engine: &Engine, entity: &EntityName) -> Result<(), Error> {
    let mut components = engine.amending().await;
    let definitions = components.definitions();
    let names = (1_u64..).map(|number| format!("{entity}.{ADDED_FIELD}{number}__c"));
    let mut names = names.filter(|name| definitions.components().get(Kind::Field, name).is_none());
    let Some(name) = names.next() else {
        return Ok(());
    };
    let element = |name: &str, text: &str| Node {
        name: name.to_owned(),
        content: NodeContent::Text(text.to_owned()),
    };
    let content = [
        element("label", "Rehearsal"),
        element("length", "80"),
        element("type", "Text"),
    ];
    let field = Part::of_nodes(Kind::Field, &name, &content);
    let by = RecordId::EMPTY;
    components.amend(vec![Step::Put(field)], by, false).await?;
    Ok(())
}
