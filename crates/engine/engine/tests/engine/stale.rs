//! A commit that is durable, and cannot be read back.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use landfall_engine::{Applied, Error, Projection};
use landfall_model::{Fault, ServiceFault};

use crate::org::{Org, text, user};

/// Follows the org, and fails on demand.
#[derive(Default)]
struct Follower {
    fails: AtomicBool,
    applied: AtomicUsize,
}

impl Projection for Follower {
    fn apply(&self, _: &Applied<'_>) -> Result<(), Error> {
        if self.fails.load(Ordering::Relaxed) {
            return Err(Error::Document {
                what: "test",
                reason: "it is told to fail".to_owned(),
            });
        }
        self.applied.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

async fn followed() -> (Org, Arc<Follower>) {
    let org = Org::new().await;
    let follower = Arc::new(Follower::default());
    let projection: Arc<dyn Projection> = Arc::clone(&follower) as Arc<dyn Projection>;
    let attached = org.engine.attach(Arc::downgrade(&projection)).await;
    attached.expect("attached");
    (org, follower)
}

#[tokio::test]
async fn what_is_durable_is_answered_so_and_the_org_is_unavailable_until_it_is_read_back() {
    let (org, follower) = followed().await;
    let tail = org.tail();
    follower.fails.store(true, Ordering::Relaxed);
    let id = org.created("User", &user("second")).await;
    assert_eq!(org.engine.check(), Err(ServiceFault::StoreUnavailable));
    assert_eq!(org.tail(), tail, "its events are not shown");
    let refused = org.transaction(vec![org.create("Account", &[text("Name", "Later")])]);
    let refused = org.engine.commit(refused).await;
    assert_eq!(
        refused.err().map(Error::fault),
        Some(Fault::Service(ServiceFault::StoreUnavailable))
    );
    assert!(org.engine.is_writable(), "the store has not failed");

    follower.fails.store(false, Ordering::Relaxed);
    org.created("Account", &[text("Name", "Now")]).await;
    assert_eq!(org.engine.check(), Ok(()));
    let entity = org.entity("User");
    let row = org.engine.row(&entity, id).await.expect("a read");
    assert!(row.is_some(), "it was kept");
    let told = org.events_after(tail).await;
    let entities: Vec<&str> = told
        .iter()
        .map(|event| event.header.entity_name.as_str())
        .collect();
    assert_eq!(entities, ["User", "Account"], "no event is left out");
}

#[tokio::test]
async fn a_request_that_finds_it_stale_has_it_loaded_again() {
    let (org, follower) = followed().await;
    follower.fails.store(true, Ordering::Relaxed);
    org.created("User", &user("second")).await;
    follower.fails.store(false, Ordering::Relaxed);
    assert_eq!(org.engine.check(), Err(ServiceFault::StoreUnavailable));
    // The writer has taken up what the check asked for before it takes this.
    org.engine.put(Vec::new()).await.expect("taken");
    assert_eq!(org.engine.check(), Ok(()));
}

#[tokio::test]
async fn a_follower_gets_touched_keys_until_it_is_dropped() {
    let (org, follower) = followed().await;
    let applied = || follower.applied.load(Ordering::Relaxed);
    assert_eq!(applied(), 1, "everything, at first");
    org.created("Account", &[text("Name", "Acme")]).await;
    assert_eq!(applied(), 1, "nothing follows from accounts");
    org.change(org.update(org.user, &[text("LastName", "Other")]))
        .await;
    assert_eq!(applied(), 2);
    let gone = Arc::downgrade(&follower);
    drop(follower);
    org.created("User", &user("second")).await;
    assert_eq!(Weak::strong_count(&gone), 0);
}
