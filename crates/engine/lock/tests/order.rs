//! Locks are taken in their order, or the task that does not panics.

use std::sync::Arc;

use landfall_lock::{Mutex, Rank, RwLock};

fn job() -> Arc<Mutex<u8>> {
    Arc::new(Mutex::new(Rank::BulkClassicJob, 0))
}

fn batch() -> Arc<Mutex<u8>> {
    Arc::new(Mutex::new(Rank::BulkJob, 0))
}

/// Whether a task comes to its end.
async fn ends(task: impl Future<Output = ()> + Send + 'static) -> bool {
    tokio::spawn(task).await.is_ok()
}

#[tokio::test]
async fn locks_are_taken_in_their_order() {
    let (job, batch) = (job(), batch());
    let logins = RwLock::new(Rank::Logins, ());
    let task = async move {
        let mut above = job.lock().await;
        *above += 1;
        let below = batch.lock().await;
        drop(logins.write().await);
        drop(logins.read().await);
        drop(below);
        drop(batch.lock().await);
        drop(above);
        assert_eq!(*job.lock().await, 1);
    };
    assert!(ends(task).await);
}

#[tokio::test]
async fn the_opposite_order_panics_though_both_locks_are_free() {
    let (job, batch) = (job(), batch());
    let task = async move {
        let _below = batch.lock().await;
        let _above = job.lock().await;
    };
    assert!(!ends(task).await);
}

#[tokio::test]
async fn two_locks_of_one_rank_have_no_order() {
    let (one, other) = (batch(), batch());
    let task = async move {
        let _one = one.lock().await;
        let _other = other.lock().await;
    };
    assert!(!ends(task).await);
    let logins = RwLock::new(Rank::Logins, ());
    let task = async move {
        let _once = logins.read().await;
        let _twice = logins.read().await;
    };
    assert!(!ends(task).await);
}

#[tokio::test]
async fn a_lock_that_is_not_waited_for_may_be_tried_in_any_order() {
    let (job, batch) = (job(), batch());
    let task = async move {
        let below = batch.lock().await;
        let above = job.try_lock().expect("it is free");
        assert!(job.try_lock().is_none());
        drop(below);
        drop(above);
        drop(batch.lock().await);
    };
    assert!(ends(task).await);
}

#[tokio::test]
async fn a_cancelled_wait_leaves_no_state() {
    let (job, batch) = (job(), batch());
    let held = batch.lock().await;
    let (task_job, task_batch) = (Arc::clone(&job), Arc::clone(&batch));
    let task = async move {
        let waiting = task_batch.lock();
        let given_up = tokio::time::timeout(std::time::Duration::ZERO, waiting).await;
        assert!(given_up.is_err());
        drop(task_job.lock().await);
    };
    assert!(ends(task).await);
    drop(held);
}

#[tokio::test]
async fn tasks_do_not_count_what_others_hold() {
    let (job, batch) = (job(), batch());
    let _held = batch.lock().await;
    assert!(ends(async move { drop(job.lock().await) }).await);
}

#[tokio::test]
async fn joined_futures_are_counted_apart_if_that_is_said() {
    let lock = job();
    let task = async move {
        let hold = || async {
            let _held = lock.lock().await;
            tokio::task::yield_now().await;
        };
        tokio::join!(landfall_lock::apart(hold()), landfall_lock::apart(hold()));
    };
    assert!(ends(task).await);
}
