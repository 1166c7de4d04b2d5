//! An org in a temporary folder, with a clock that the test moves.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use landfall_engine::usage::Allocations;
use landfall_engine::{
    Assignment, CaptureRules, Change, Clock, Engine, Event, Lease, ManualClock, Outcome, Parts,
    Rights, SeededEntropy, TopicFilter, Transaction, WriterThread,
};
use landfall_model::{
    ChangeEventHeader, ChangeType, EntityDefinition, Fault, FieldBits, RecordId, ReplayId, Row,
    Timestamp, Value,
};
use landfall_schema::{EventSchema, FieldValue};
use landfall_store::Opened;
use tempfile::TempDir;

/// 2023-11-14 22:13:20.250 UTC: with milliseconds, which no record date keeps.
pub(crate) const START: Timestamp = Timestamp::from_millis(1_700_000_000_250);

pub(crate) const ORIGIN: &str = "com/salesforce/api/rest/59.0";

pub(crate) struct Org {
    pub(crate) engine: Engine,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) user: RecordId,
    /// Held, as a login would: nothing is read anew for each transaction.
    rights: Option<Arc<Rights>>,
    folder: TempDir,
    writer: Option<WriterThread>,
    seed: u64,
}

impl Org {
    pub(crate) async fn new() -> Self {
        Self::on(|opened| opened).await
    }

    /// An org whose store the test has a hand in.
    pub(crate) async fn on(wrap: impl FnOnce(Opened) -> Opened) -> Self {
        Self::with((CaptureRules::default(), true), wrap).await
    }

    /// An org that captures what is selected.
    pub(crate) async fn selecting() -> Self {
        Self::with((CaptureRules::default(), false), |opened| opened).await
    }

    /// An org with these rules of capture.
    pub(crate) async fn under(rules: CaptureRules) -> Self {
        Self::with((rules, true), |opened| opened).await
    }

    async fn with(rules: (CaptureRules, bool), wrap: impl FnOnce(Opened) -> Opened) -> Self {
        let folder = TempDir::new().expect("a folder");
        let clock = Arc::new(ManualClock::new(START));
        let (engine, writer) = start(&folder, Arc::clone(&clock) as _, 1, rules, wrap);
        let mut org = Self {
            engine,
            clock,
            user: RecordId::EMPTY,
            rights: None,
            folder,
            writer: Some(writer),
            seed: 1,
        };
        org.user = org.created("User", &user("admin")).await;
        org.hold().await;
        org
    }

    async fn hold(&mut self) {
        self.rights = Some(self.engine.rights(self.user).await.expect("a read"));
    }

    /// Lets the writer finish.
    pub(crate) async fn stop(&mut self) {
        if let Some(writer) = self.writer.take() {
            tokio::task::spawn_blocking(move || writer.stop())
                .await
                .expect("the writer stops");
        }
    }

    /// The same org after a stop and a start.
    pub(crate) async fn restarted(self) -> Self {
        self.restarted_with(|_| ()).await
    }

    /// The same after something was done to its data file in between.
    pub(crate) async fn restarted_with(mut self, between: impl FnOnce(&Path)) -> Self {
        self.stop().await;
        let Self {
            engine,
            clock,
            user,
            rights,
            folder,
            seed,
            ..
        } = self;
        drop(rights);
        drop(engine);
        between(&folder.path().join("landfall.db"));
        let seed = seed + 1;
        let (engine, writer) = start(
            &folder,
            Arc::clone(&clock) as _,
            seed,
            (CaptureRules::default(), true),
            |opened| opened,
        );
        let mut org = Self {
            engine,
            clock,
            user,
            rights: None,
            folder,
            writer: Some(writer),
            seed,
        };
        org.hold().await;
        org
    }

    /// A file beside that of the org.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn entity(&self, name: &str) -> Arc<EntityDefinition> {
        Arc::clone(
            self.engine
                .catalog()
                .entity(name)
                .expect("a standard object"),
        )
    }

    pub(crate) fn create(&self, entity: &str, given: &[FieldValueOf<'_>]) -> Change {
        let entity = self.entity(entity);
        let values = self.values(&entity, given);
        Change::Create { entity, values }
    }

    pub(crate) fn update(&self, id: RecordId, given: &[FieldValueOf<'_>]) -> Change {
        let entity = self.entity_of(id);
        let values = self.values(&entity, given);
        Change::Update {
            entity,
            id,
            values,
            unmodified_since: None,
        }
    }

    pub(crate) fn delete(&self, id: RecordId) -> Change {
        let entity = self.entity_of(id);
        Change::Delete { entity, id }
    }

    pub(crate) fn undelete(&self, id: RecordId) -> Change {
        let entity = self.entity_of(id);
        Change::Undelete { entity, id }
    }

    pub(crate) fn upsert(
        &self,
        entity: &str,
        key: FieldValueOf<'_>,
        given: &[FieldValueOf<'_>],
    ) -> Change {
        let entity = self.entity(entity);
        let values = self.values(&entity, given);
        Change::Upsert {
            field: place(&entity, key.0),
            key: key.1,
            entity,
            values,
            update_only: false,
        }
    }

    fn entity_of(&self, id: RecordId) -> Arc<EntityDefinition> {
        let catalog = self.engine.catalog();
        let entity = catalog.entity_of(id.prefix());
        Arc::clone(entity.expect("an id of a standard object"))
    }

    /// `ProfileId` of a new user is filled in here: only the org knows its profiles.
    fn values(&self, entity: &EntityDefinition, given: &[FieldValueOf<'_>]) -> Vec<Assignment> {
        given
            .iter()
            .map(|(name, value)| {
                let value = match (*name, value) {
                    ("ProfileId", Value::Boolean(_)) => Value::Id(self.engine.org().administrators),
                    (_, value) => value.clone(),
                };
                (place(entity, name), value)
            })
            .collect()
    }

    pub(crate) fn transaction(&self, changes: Vec<Change>) -> Transaction {
        Transaction {
            changes,
            all_or_none: false,
            user: self.user,
            origin: ORIGIN.to_owned(),
        }
    }

    pub(crate) async fn commit(&self, changes: Vec<Change>) -> Vec<Outcome> {
        let transaction = self.transaction(changes);
        self.engine.commit(transaction).await.expect("a commit")
    }

    /// Makes one change, which has to succeed; the record's id.
    pub(crate) async fn change(&self, change: Change) -> RecordId {
        let outcomes = self.commit(vec![change]).await;
        let outcome = outcomes.first().expect("one outcome for one change");
        outcome.as_ref().expect("a change that is made").id
    }

    /// Makes one change, which has to be refused.
    pub(crate) async fn refused(&self, change: Change) -> Fault {
        let mut outcomes = self.commit(vec![change]).await;
        outcomes.remove(0).expect_err("a change that is refused")
    }

    pub(crate) async fn created(&self, entity: &str, given: &[FieldValueOf<'_>]) -> RecordId {
        self.change(self.create(entity, given)).await
    }

    pub(crate) async fn row(&self, id: RecordId) -> Row {
        let entity = self.entity_of(id);
        let row = self.engine.row(&entity, id).await.expect("a read");
        row.expect("a record")
    }

    pub(crate) async fn value(&self, id: RecordId, field: &str) -> Value {
        let entity = self.entity_of(id);
        let row = self.row(id).await;
        let value = row.get(place(&entity, field));
        value.expect("a value for each field").clone()
    }

    pub(crate) async fn is_deleted(&self, id: RecordId) -> bool {
        self.value(id, "IsDeleted").await == Value::Boolean(true)
    }

    pub(crate) fn tail(&self) -> ReplayId {
        self.engine.log().bounds().tail
    }

    /// Everything in the log after a position.
    pub(crate) async fn events_after(&self, after: ReplayId) -> Vec<Received> {
        let log = self.engine.log();
        let mut told = Vec::new();
        let mut at = after;
        while at < log.bounds().tail {
            let stretch = log.read(at, &TopicFilter::All, 1_000).await;
            let stretch = stretch.expect("a read");
            told.extend(stretch.events.iter().map(|event| self.told(event.event())));
            at = stretch.reached;
        }
        told
    }

    fn told(&self, event: &Event) -> Received {
        let schema = self.engine.schema(event.schema).expect("a schema");
        Received::new(event, &schema)
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

pub(crate) fn start(
    folder: &TempDir,
    clock: Arc<dyn Clock>,
    seed: u64,
    (capture_rules, capture_all): (CaptureRules, bool),
    wrap: impl FnOnce(Opened) -> Opened,
) -> (Engine, WriterThread) {
    let config = landfall_store_embedded::Config::new(folder.path().join("landfall.db"));
    Engine::start(Parts {
        store: wrap(landfall_store_embedded::open(&config).expect("a store")),
        clock,
        entropy: Arc::new(SeededEntropy::new(seed)),
        instance: *b"5f",
        reserve_bytes: 0,
        retention_hours: 72,
        capture_all,
        capture_rules,
        streams: landfall_engine::Streams::default(),
        allocations: Allocations::UNLIMITED,
        lease: Lease::unlimited(),
    })
    .expect("an engine")
}

fn place(entity: &EntityDefinition, field: &str) -> usize {
    entity.index_of(field).expect("a field of the object")
}

/// A field and its value.
pub(crate) type FieldValueOf<'a> = (&'a str, Value);

pub(crate) fn text<'a>(field: &'a str, value: &str) -> FieldValueOf<'a> {
    (field, Value::Text(value.to_owned()))
}

pub(crate) fn null(field: &str) -> FieldValueOf<'_> {
    (field, Value::Null)
}

/// What a new user has to have. The truth value stands for the profile of administrators.
pub(crate) fn user(name: &str) -> Vec<FieldValueOf<'static>> {
    vec![
        ("Username", Value::Text(format!("{name}@landfall.test"))),
        text("LastName", name),
        text("Email", "user@landfall.test"),
        text("Alias", "user"),
        text("TimeZoneSidKey", "America/Los_Angeles"),
        text("LocaleSidKey", "en_US"),
        text("EmailEncodingKey", "UTF-8"),
        text("LanguageLocaleKey", "en_US"),
        ("ProfileId", Value::Boolean(true)),
    ]
}

/// An event, read back from its bytes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Received {
    pub(crate) replay_id: u64,
    pub(crate) header: ChangeEventHeader,
    /// Names of the changed fields, compounds as a whole.
    pub(crate) changed: Vec<String>,
    pub(crate) nulled: Vec<String>,
    /// Top-level fields with one value each; nulls left out.
    pub(crate) values: BTreeMap<String, Value>,
}

impl Received {
    fn new(event: &Event, schema: &EventSchema) -> Self {
        let decoded = schema.decode(&event.payload).expect("a payload");
        let header = decoded.header.expect("a change event");
        let names = |bits: &FieldBits| {
            let compounds = bits.nested().map(|(place, _)| place);
            let mut places: Vec<usize> = bits.top().chain(compounds).collect();
            places.sort_unstable();
            let fields = places.into_iter().map(|place| schema.fields().get(place));
            let names = fields.map(|field| field.expect("a field of the schema").name.clone());
            names.collect::<Vec<_>>()
        };
        let values = schema
            .fields()
            .iter()
            .zip(decoded.fields)
            .filter_map(|(field, value)| match value {
                FieldValue::Plain(value) => Some((field.name.clone(), value)),
                FieldValue::Null | FieldValue::Names(_) | FieldValue::Compound(_) => None,
            })
            .collect();
        Self {
            replay_id: event.replay_id.get(),
            changed: names(&header.changed_fields),
            nulled: names(&header.nulled_fields),
            header,
            values,
        }
    }

    /// Kind, object and record of the change.
    pub(crate) fn what(&self) -> (ChangeType, RecordId) {
        let record = self.header.record_ids.first().expect("a record");
        let record = RecordId::parse(record).expect("an id");
        (self.header.change_type, record)
    }
}
