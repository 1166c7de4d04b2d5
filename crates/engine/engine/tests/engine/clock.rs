//! A machine's clock that jumps: what follows it, and what does not.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use landfall_engine::{Change, Clock, Engine, PlausibleClock, Ticks, Transaction};
use landfall_model::{RecordId, Timestamp, Value};

use crate::org::{self, START};

const HOUR_MS: i64 = 3_600_000;

/// A machine whose clock can be set.
#[derive(Clone, Default)]
struct Machine {
    elapsed: Arc<Mutex<Duration>>,
    set_by_ms: Arc<AtomicI64>,
}

impl Machine {
    fn pass(&self, millis: i64) {
        let millis = u64::try_from(millis).expect("time passes forwards");
        *self.elapsed.lock().expect("no panic") += Duration::from_millis(millis);
    }

    fn set(&self, by_ms: i64) {
        self.set_by_ms.fetch_add(by_ms, Ordering::Relaxed);
    }

    fn millis(&self) -> i64 {
        i64::try_from(self.elapsed().as_millis()).expect("short")
    }
}

impl Ticks for Machine {
    fn wall(&self) -> Timestamp {
        START.plus_millis(self.millis() + self.set_by_ms.load(Ordering::Relaxed))
    }

    fn elapsed(&self) -> Duration {
        *self.elapsed.lock().expect("no panic")
    }
}

#[test]
fn a_clock_is_followed_within_an_hour_and_not_beyond() {
    let machine = Machine::default();
    let clock = PlausibleClock::on(machine.clone());
    let now = || clock.now().since(START);
    machine.set(HOUR_MS);
    assert_eq!((now(), clock.has_jumped()), (HOUR_MS, false));
    machine.set(-HOUR_MS);
    assert_eq!((now(), clock.has_jumped()), (0, false));
    for jump in [100 * HOUR_MS, -100 * HOUR_MS] {
        let before = now();
        machine.set(jump);
        assert_eq!((now(), clock.has_jumped()), (before, true));
        // Time goes on, however often it is read.
        for passed in 1..=1_000 {
            machine.pass(1);
            assert_eq!(now(), before + passed);
        }
        machine.set(-jump);
        assert_eq!((now(), clock.has_jumped()), (before + 1_000, false));
    }
    // Days of running are no jump.
    for _ in 0..100 {
        machine.pass(HOUR_MS);
        assert_eq!(clock.now(), machine.wall());
    }
    assert!(!clock.has_jumped());
}

/// Creates a record; gives its date.
async fn created(engine: &Engine) -> Value {
    let entity = Arc::clone(engine.catalog().entity("Case").expect("an object"));
    let transaction = Transaction {
        changes: vec![Change::Create {
            entity: Arc::clone(&entity),
            values: Vec::new(),
        }],
        all_or_none: false,
        user: RecordId::EMPTY,
        origin: String::new(),
    };
    let outcomes = engine.commit(transaction).await.expect("a commit");
    let outcome = outcomes.first().expect("one outcome for one change");
    let id = outcome.as_ref().expect("a case").id;
    let row = engine.row(&entity, id).await.expect("a read");
    let place = entity.index_of("CreatedDate").expect("a field");
    let row = row.expect("a case");
    row.get(place).expect("a value for each field").clone()
}

#[tokio::test]
async fn a_jump_expires_no_event_and_dates_no_record_until_the_server_is_restarted() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let machine = Machine::default();
    let start = |seed| {
        let clock = Arc::new(PlausibleClock::on(machine.clone()));
        let rules = landfall_engine::CaptureRules::default();
        org::start(&folder, clock, seed, (rules, true), |opened| opened)
    };
    let (engine, writer) = start(1);
    let date = |after_ms| Value::DateTime(START.plus_millis(after_ms).whole_second());
    assert_eq!(created(&engine).await, date(0));
    let kept = engine.log().bounds().earliest;

    machine.set(1_000 * HOUR_MS);
    machine.pass(60_000);
    engine.trim().await.expect("a trim");
    assert_eq!(engine.log().bounds().earliest, kept);
    assert_eq!(created(&engine).await, date(60_000));
    machine.set(-1_000 * HOUR_MS);
    machine.pass(60_000);
    assert_eq!(created(&engine).await, date(120_000));

    // The clock is right, says the operator.
    machine.set(1_000 * HOUR_MS);
    tokio::task::spawn_blocking(move || writer.stop())
        .await
        .expect("the writer stops");
    drop(engine);
    let (engine, _writer) = start(2);
    engine.trim().await.expect("a trim");
    assert_eq!(engine.log().bounds().earliest, None);
    assert_eq!(created(&engine).await, date(120_000 + 1_000 * HOUR_MS));
}
