//! What a commit costs from end to end: planning, capture, rows, events and the sync to disk, on a store in a temporary
//! folder. Throughput is in changes, so that transactions of different sizes can be compared.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use landfall_engine::usage::Allocations;
use landfall_engine::{
    Assignment, Change, Engine, Lease, Parts, SystemClock, SystemEntropy, Transaction, WriterThread,
};
use landfall_model::{EntityDefinition, RecordId, Value};
use tempfile::TempDir;
use tokio::runtime::Runtime;

struct Bench {
    engine: Engine,
    writer: Option<WriterThread>,
    runtime: Runtime,
    user: RecordId,
    _folder: TempDir,
}

impl Bench {
    fn start() -> Self {
        let folder = TempDir::new().expect("a folder");
        let config = landfall_store_embedded::Config::new(folder.path().join("landfall.db"));
        let (engine, writer) = Engine::start(Parts {
            store: landfall_store_embedded::open(&config).expect("a new store"),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
            instance: *b"5f",
            reserve_bytes: 0,
            retention_hours: 72,
            capture_all: true,
            capture_rules: landfall_engine::CaptureRules::default(),
            streams: landfall_engine::Streams::default(),
            allocations: Allocations::UNLIMITED,
            lease: Lease::unlimited(),
        })
        .expect("an engine");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime");
        let mut bench = Self {
            engine,
            writer: Some(writer),
            runtime,
            user: RecordId::EMPTY,
            _folder: folder,
        };
        bench.user = bench.create_user();
        bench
    }

    fn entity(&self, name: &str) -> Arc<EntityDefinition> {
        Arc::clone(
            self.engine
                .catalog()
                .entity(name)
                .expect("a standard object"),
        )
    }

    fn transaction(&self, changes: Vec<Change>) -> Transaction {
        Transaction {
            changes,
            all_or_none: false,
            user: self.user,
            origin: "com/salesforce/api/rest/59.0;client=bench".to_owned(),
        }
    }

    fn create_user(&self) -> RecordId {
        let entity = self.entity("User");
        let mut values = values(
            &entity,
            &[
                ("Username", "bench@landfall.test"),
                ("LastName", "Bench"),
                ("Email", "bench@landfall.test"),
                ("Alias", "bench"),
                ("TimeZoneSidKey", "America/Los_Angeles"),
                ("LocaleSidKey", "en_US"),
                ("EmailEncodingKey", "UTF-8"),
                ("LanguageLocaleKey", "en_US"),
            ],
        );
        let profile = entity.index_of("ProfileId").expect("a field");
        values.push((profile, Value::Id(self.engine.org().administrators)));
        let change = Change::Create { entity, values };
        let outcomes = self
            .runtime
            .block_on(self.engine.commit(self.transaction(vec![change])))
            .expect("a commit");
        let outcome = outcomes.first().expect("one outcome for one change");
        outcome.as_ref().expect("a user").id
    }

    /// Makes topics that tell every change of an object.
    fn watch(&self, object: &str, count: usize) {
        let entity = self.entity("PushTopic");
        let version = entity.index_of("ApiVersion").expect("a field");
        let topic = |number: usize| {
            let name = format!("Topic{number}");
            let query = format!("SELECT Id, Name, Phone FROM {object} WHERE Name != 'x{number}'");
            let mut values = values(&entity, &[("Name", &name), ("Query", &query)]);
            values.push((version, Value::Double(59.0)));
            Change::Create {
                entity: Arc::clone(&entity),
                values,
            }
        };
        let made = self.transaction((0..count).map(topic).collect());
        let outcomes = self.runtime.block_on(self.engine.commit(made));
        assert!(outcomes.expect("a commit").iter().all(Result::is_ok));
    }

    fn accounts(&self, count: usize) -> Transaction {
        let entity = self.entity("Account");
        let mut given = values(
            &entity,
            &[
                ("Name", "Trailblazers of the far North"),
                ("Phone", "4155551212"),
                ("BillingStreet", "The Landmark @ One Market"),
                ("BillingCity", "San Francisco"),
                ("Industry", "Agriculture"),
            ],
        );
        given.push((
            entity.index_of("OwnerId").expect("a field"),
            Value::Id(self.user),
        ));
        let change = || Change::Create {
            entity: Arc::clone(&entity),
            values: given.clone(),
        };
        self.transaction((0..count).map(|_| change()).collect())
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        if let Some(writer) = self.writer.take() {
            writer.stop();
        }
    }
}

fn values(entity: &EntityDefinition, texts: &[(&str, &str)]) -> Vec<Assignment> {
    texts
        .iter()
        .map(|(name, text)| {
            let place = entity.index_of(name).expect("a field");
            (place, Value::Text((*text).to_owned()))
        })
        .collect()
}

/// One request after the other: each waits for its own sync.
fn alone(criterion: &mut Criterion) {
    let bench = Bench::start();
    let mut group = criterion.benchmark_group("commit");
    for count in [1, 200] {
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(format!("{count} creates"), |bencher| {
            bencher.iter_batched(
                || bench.accounts(count),
                |transaction| {
                    let outcomes = bench.runtime.block_on(bench.engine.commit(transaction));
                    assert!(
                        black_box(outcomes)
                            .expect("a commit")
                            .iter()
                            .all(Result::is_ok)
                    );
                },
                criterion::BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

/// Many requests at once share their syncs.
fn together(criterion: &mut Criterion) {
    let bench = Bench::start();
    let mut group = criterion.benchmark_group("commit together");
    for (requests, count) in [(64, 1), (8, 200)] {
        group.throughput(Throughput::Elements((requests * count) as u64));
        group.bench_function(format!("{requests} times {count} creates"), |bencher| {
            bencher.iter_batched(
                || {
                    (0..requests)
                        .map(|_| bench.accounts(count))
                        .collect::<Vec<_>>()
                },
                |transactions| {
                    bench.runtime.block_on(async {
                        let mut waiting = tokio::task::JoinSet::new();
                        for transaction in transactions {
                            let engine = bench.engine.clone();
                            waiting.spawn(async move { engine.commit(transaction).await });
                        }
                        while let Some(done) = waiting.join_next().await {
                            assert!(done.expect("a task").is_ok());
                        }
                    });
                },
                criterion::BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

/// What `PushTopics` cost: on another object, and on the one that changes, where each of them notifies of each change.
fn push_topics(criterion: &mut Criterion) {
    const COUNT: usize = 200;
    let mut group = criterion.benchmark_group("commit with push_topics");
    group.throughput(Throughput::Elements(COUNT as u64));
    for (topics, object) in [
        (0, "Account"),
        (10, "Contact"),
        (100, "Contact"),
        (10, "Account"),
        (100, "Account"),
    ] {
        let bench = Bench::start();
        bench.watch(object, topics);
        group.bench_function(
            format!("{COUNT} creates, {topics} on {object}"),
            |bencher| {
                bencher.iter_batched(
                    || bench.accounts(COUNT),
                    |transaction| {
                        let outcomes = bench.runtime.block_on(bench.engine.commit(transaction));
                        black_box(outcomes).expect("a commit")
                    },
                    criterion::BatchSize::SmallInput,
                );
            },
        );
    }
    group.finish();
}

criterion_group!(benches, alone, together, push_topics);
criterion_main!(benches);
