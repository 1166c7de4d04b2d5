//! Moves of the clock, and what waits for it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::super::ManualClock;
use super::*;

const START: Timestamp = Timestamp::from_millis(1_700_000_000_000);
const HOUR: i64 = 3_600_000;

fn clock() -> (Arc<ManualClock>, AdjustableClock) {
    let machine = Arc::new(ManualClock::new(START));
    let clock = AdjustableClock::on(Arc::clone(&machine) as _);
    (machine, clock)
}

async fn frozen(clock: &AdjustableClock) {
    let frozen = clock.set(Some(true), Move::By(0)).await;
    assert!(frozen.expect("it stops").is_frozen);
}

/// Work that is done by itself every so many milliseconds, and notes when it was done.
fn every(clock: &AdjustableClock, millis: i64, name: &'static str, notes: &Notes) {
    let (clock, notes) = (clock.clone(), Arc::clone(notes));
    tokio::spawn(async move {
        loop {
            let next = clock.now().plus_millis(millis);
            let _work = clock.wait_until(next).await;
            // Others get their turn while this is in progress.
            tokio::task::yield_now().await;
            notes.lock().expect("no panic").push((name, clock.now()));
        }
    });
}

type Notes = Arc<Mutex<Vec<(&'static str, Timestamp)>>>;

/// Has what was spawned begin to wait.
async fn begun(clock: &AdjustableClock, waits: usize) {
    while clock.shared.state().waits.len() < waits {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_running_clock_follows_the_machine_and_a_frozen_one_does_not() {
    let (machine, clock) = clock();
    machine.advance(Duration::from_secs(1));
    assert_eq!(clock.now(), START.plus_millis(1_000));
    frozen(&clock).await;
    machine.advance(Duration::from_secs(9));
    let reading = clock.reading();
    assert_eq!(reading.now, START.plus_millis(1_000));
    assert!(reading.is_frozen);
    assert_eq!(reading.ahead_ms, -9_000);
    let resumed = clock.set(Some(false), Move::By(0)).await;
    resumed.expect("it goes on");
    machine.advance(Duration::from_secs(1));
    assert_eq!(clock.now(), START.plus_millis(2_000));
    assert!(!clock.reading().is_frozen);
}

#[tokio::test]
async fn what_falls_due_is_done_in_order_before_a_move_ends() {
    let (_machine, clock) = clock();
    frozen(&clock).await;
    let notes = Notes::default();
    every(&clock, 2 * HOUR, "later", &notes);
    every(&clock, HOUR, "sooner", &notes);
    every(&clock, 4 * HOUR - 1, "never", &notes);
    begun(&clock, 3).await;
    let reading = clock.advance(Move::By(3 * HOUR)).await.expect("it moves");
    let end = START.plus_millis(3 * HOUR);
    assert_eq!(reading.now, end);
    let done = std::mem::take(&mut *notes.lock().expect("no panic"));
    assert_eq!(done, [("sooner", end), ("later", end)]);
    // They wait again, from the new present.
    let reading = clock.advance(Move::To(end.plus_millis(HOUR))).await;
    let end = reading.expect("it moves").now;
    let done = std::mem::take(&mut *notes.lock().expect("no panic"));
    assert_eq!(done, [("never", end), ("sooner", end)]);
}

#[tokio::test]
async fn a_clock_is_not_set_back_and_not_set_beyond_the_end() {
    let (_machine, clock) = clock();
    frozen(&clock).await;
    let back = clock.advance(Move::To(START.plus_millis(-1))).await;
    assert_eq!(back, Err(ClockError::Backwards { now: START }));
    assert_eq!(
        clock.advance(Move::By(-1)).await,
        Err(ClockError::Backwards { now: START })
    );
    for beyond in [Move::By(i64::MAX), Move::To(CLOCK_MAX.plus_millis(1))] {
        assert_eq!(clock.advance(beyond).await, Err(ClockError::TooFar));
    }
    assert_eq!(clock.now(), START);
    let end = clock.advance(Move::To(CLOCK_MAX)).await;
    assert_eq!(end.expect("it moves").now, CLOCK_MAX);
}

#[tokio::test(start_paused = true)]
async fn work_that_does_not_end_is_reported_and_holds_nobody_up() {
    let (_machine, clock) = clock();
    frozen(&clock).await;
    let held = tokio::spawn({
        let clock = clock.clone();
        async move {
            let _work = clock.wait_until(START.plus_millis(HOUR)).await;
            std::future::pending::<()>().await;
        }
    });
    begun(&clock, 1).await;
    let moved = clock.advance(Move::By(HOUR)).await;
    assert_eq!(moved, Err(ClockError::Unsettled));
    assert_eq!(clock.now(), START.plus_millis(HOUR));
    let _work = clock.wait_until(START.plus_millis(HOUR)).await;
    held.abort();
}

#[tokio::test]
async fn a_second_move_is_refused_while_one_is_in_progress() {
    let (_machine, clock) = clock();
    frozen(&clock).await;
    let (ended, ends) = tokio::sync::oneshot::channel::<()>();
    tokio::spawn({
        let clock = clock.clone();
        async move {
            let _work = clock.wait_until(START.plus_millis(HOUR)).await;
            let _ = ends.await;
        }
    });
    begun(&clock, 1).await;
    let first = tokio::spawn({
        let clock = clock.clone();
        async move { clock.advance(Move::By(HOUR)).await }
    });
    while clock.shared.state().working == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(clock.advance(Move::By(1)).await, Err(ClockError::Moving));
    ended.send(()).expect("it waits");
    let first = first.await.expect("no panic").expect("it moves");
    assert_eq!(first.now, START.plus_millis(HOUR));
}

#[tokio::test]
async fn an_abandoned_move_releases_what_waits() {
    let (_machine, clock) = clock();
    frozen(&clock).await;
    let ends = Arc::new(AtomicUsize::new(0));
    for _ in 0..2 {
        let (clock, ends) = (clock.clone(), Arc::clone(&ends));
        tokio::spawn(async move {
            let work = clock.wait_until(START.plus_millis(HOUR)).await;
            ends.fetch_add(1, Ordering::Relaxed);
            std::future::pending::<()>().await;
            drop(work);
        });
    }
    begun(&clock, 2).await;
    let moving = clock.advance(Move::By(HOUR));
    assert!(timeout(Duration::ZERO, moving).await.is_err());
    while ends.load(Ordering::Relaxed) < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(clock.shared.state().released, None);
}

#[tokio::test]
async fn a_wait_on_a_running_clock_ends_with_the_machine_and_with_a_move() {
    let (machine, clock) = clock();
    let wait = |hours: i64| {
        let clock = clock.clone();
        tokio::spawn(async move { drop(clock.wait_until(START.plus_millis(hours * HOUR)).await) })
    };
    let (by_machine, by_move) = (wait(1), wait(30));
    begun(&clock, 2).await;
    machine.advance(Duration::from_hours(1));
    by_machine.await.expect("it ends");
    let moved = clock.advance(Move::By(29 * HOUR)).await;
    assert_eq!(moved.expect("it moves").ahead_ms, 29 * HOUR);
    by_move.await.expect("it ends");
}
