//! What a commit and a replay cost: `cargo bench -p landfall-store-embedded`.
//!
//! A commit is that of a group: for each change the row is read and four fields are updated, and an event of 300 bytes is
//! appended. Its time is mostly the disk's; compare it with a bare write and sync of the same disk.

use std::fs::File;
use std::hint::black_box;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use landfall_model::{EntityDefinition, ReplayId, Timestamp, Topic, Value};
use landfall_store::laws::sample;
use landfall_store::{Appended, NewEvent, Opened, Outcome, TopicFilter, TopicId, WriteSet};
use landfall_store_embedded::{Config, open};

const RECORDS: u64 = 20_000;
const EVENTS: u64 = 100_000;
const PAGE: usize = 2_000;

struct Bench {
    store: Opened,
    entity: Arc<EntityDefinition>,
    topics: Vec<TopicId>,
    /// A step of a cheap walk over the records in no order.
    walk: u64,
}

impl Bench {
    fn new(folder: &Path) -> Self {
        let mut store = open(&Config::new(folder.join("landfall.db"))).expect("the store opens");
        let entity = sample::entity();
        store
            .writer
            .prepare(std::slice::from_ref(&entity))
            .expect("prepared");
        let topics = (0..100)
            .map(|number| {
                let topic = Topic::new(format!("/data/T{number}ChangeEvent"));
                store.writer.topic(&topic).expect("numbered")
            })
            .collect();
        let mut bench = Self {
            store,
            entity,
            topics,
            walk: 0,
        };
        for chunk in 0..RECORDS / 1_000 {
            let rows = (chunk * 1_000..(chunk + 1) * 1_000)
                .map(|number| {
                    let row = sample::full_row(&bench.entity, number);
                    sample::new_row(&bench.entity, number, row)
                })
                .collect();
            bench.commit(rows, &[]);
        }
        bench
    }

    fn commit(&mut self, rows: Vec<landfall_store::RowWrite>, events: &[NewEvent]) {
        let write = WriteSet {
            rows,
            documents: Vec::new(),
            ..WriteSet::default()
        };
        self.store
            .writer
            .commit(&write, &mut |position| Appended {
                events: events.to_vec(),
                at: Timestamp::from_millis(1),
                commit_number: position.commit_number.advanced_by(1),
            })
            .and_then(Outcome::committed)
            .expect("committed");
    }

    fn event(&self, number: u64) -> NewEvent {
        let place = usize::try_from(number).expect("small") % self.topics.len();
        NewEvent {
            payload: Bytes::from(vec![7; 300]),
            ..sample::event(self.topics.get(place).copied().expect("within"), number)
        }
    }

    fn changes(&mut self, count: u64) {
        let mut rows = Vec::new();
        let mut events = Vec::new();
        for _ in 0..count {
            self.walk = (self.walk + 7_919) % RECORDS;
            let number = self.walk;
            let row = self.store.writer.row(&self.entity, sample::id(number));
            let mut row = row.expect("readable").expect("there");
            let changed = ["Name", "Count__c", "Ratio__c", "LastModifiedDate"];
            for name in changed {
                let place = self.entity.index_of(name).expect("a field");
                let value = row.get_mut(place).expect("within");
                *value = match std::mem::take(value) {
                    Value::Integer(number) => Value::Integer((number + 1) % 1_000),
                    Value::Double(number) => Value::Double(number + 1.0),
                    Value::DateTime(point) => Value::DateTime(point.plus_millis(1_000)),
                    _ => Value::Text(format!("name {number}")),
                };
            }
            rows.push(sample::changed_row(&self.entity, number, row, &changed));
            events.push(self.event(number));
        }
        self.commit(rows, &events);
    }

    fn publish(&mut self, count: u64) {
        let events: Vec<_> = (0..count).map(|number| self.event(number)).collect();
        self.commit(Vec::new(), &events);
    }

    fn replay(&self, filter: &TopicFilter) -> usize {
        let tail = self.store.reader.log_bounds().expect("readable").tail;
        let mut after = ReplayId::ORIGIN;
        let mut count = 0;
        while after < tail {
            let page = self
                .store
                .reader
                .events(after, filter, PAGE)
                .expect("readable");
            count += black_box(page.events).len();
            after = page.reached;
        }
        count
    }
}

fn commits(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut bench = Bench::new(folder.path());
    let mut group = criterion.benchmark_group("commit");
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(3));
    for count in [1, 10, 100] {
        group.throughput(Throughput::Elements(count));
        group.bench_function(BenchmarkId::new("changes", count), |bencher| {
            bencher.iter(|| bench.changes(count));
        });
        group.bench_function(BenchmarkId::new("events", count), |bencher| {
            bencher.iter(|| bench.publish(count));
        });
        let mut file = File::create(folder.path().join("bare")).expect("a file");
        let bytes = vec![7; usize::try_from(count).expect("small") * 340];
        group.bench_function(BenchmarkId::new("bare-write-and-sync", count), |bencher| {
            bencher.iter(|| {
                file.write_all(&bytes).expect("written");
                file.sync_data().expect("synced");
            });
        });
    }
}

fn replays(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("replay");
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(2));
    for size in [1, 10, 100] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut bench = Bench::new(folder.path());
        let events = if size == 1 { EVENTS / 10 } else { EVENTS };
        for _ in 0..events / size {
            bench.publish(size);
        }
        group.throughput(Throughput::Elements(events));
        group.bench_function(BenchmarkId::new("all-in-groups-of", size), |bencher| {
            bencher.iter(|| bench.replay(&TopicFilter::All));
        });
        let one = TopicFilter::These(bench.topics.iter().take(1).copied().collect());
        let found = u64::try_from(bench.replay(&one)).expect("a count");
        group.throughput(Throughput::Elements(found));
        group.bench_function(
            BenchmarkId::new("one-topic-in-groups-of", size),
            |bencher| {
                bencher.iter(|| bench.replay(&one));
            },
        );
    }
}

criterion_group!(benches, commits, replays);
criterion_main!(benches);
