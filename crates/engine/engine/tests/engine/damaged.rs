//! Changes that meet damaged data: they are refused, and nothing else is.

use std::path::Path;
use std::sync::atomic::Ordering;

use landfall_engine::Health;
use landfall_model::{Fault, ServiceFault, Value};
use landfall_store::faults::{self, Fault as Injected};

use crate::org::{Org, text};

/// Changes a text in the data file wherever it is.
fn garble(file: &Path, text: &[u8]) {
    let mut content = std::fs::read(file).expect("readable");
    let windows = content.windows(text.len()).enumerate();
    let places: Vec<usize> = windows
        .filter_map(|(place, bytes)| (bytes == text).then_some(place))
        .collect();
    assert!(!places.is_empty(), "it is in the file");
    for place in places {
        *content.get_mut(place).expect("a place in the file") ^= 1;
    }
    std::fs::write(file, content).expect("written");
}

fn damaged(org: &Org) -> u64 {
    org.engine.writer_counters().damaged.load(Ordering::Relaxed)
}

const UNAVAILABLE: Fault = Fault::Service(ServiceFault::StoreUnavailable);

#[tokio::test]
async fn a_change_of_a_damaged_record_is_refused_alone() {
    let org = Org::new().await;
    let whole = org.created("Account", &[text("Name", "Whole")]).await;
    let garbled = org
        .created("Account", &[text("Name", "Garbled-4711")])
        .await;
    let org = org
        .restarted_with(|file| garble(file, b"Garbled-4711"))
        .await;
    let update = |id, name: &str| org.update(id, &[text("Name", name)]);
    for count in 1..=2 {
        let changes = vec![
            org.create("Account", &[text("Name", "New")]),
            update(garbled, "Lost"),
            update(whole, &format!("Kept {count}")),
        ];
        let outcomes = org.commit(changes).await;
        assert!(outcomes[0].is_ok(), "{outcomes:?}");
        assert_eq!(outcomes[1], Err(UNAVAILABLE));
        assert!(outcomes[2].is_ok(), "{outcomes:?}");
        let name = Value::Text(format!("Kept {count}"));
        assert_eq!(org.value(whole, "Name").await, name);
        assert_eq!(
            (damaged(&org), org.engine.health()),
            (count, Health::Writable)
        );
    }
    let refused = org.refused(org.delete(garbled)).await;
    assert_eq!(refused, UNAVAILABLE);
    // A detail of a damaged master is refused too, and with it nothing else.
    let contact = org.create(
        "Contact",
        &[text("LastName", "New"), ("AccountId", Value::Id(garbled))],
    );
    assert_eq!(org.refused(contact).await, UNAVAILABLE);
    org.created("Contact", &[text("LastName", "New")]).await;
    assert_eq!(org.engine.health(), Health::Writable);
}

#[tokio::test]
async fn a_commit_that_meets_a_damaged_page_is_refused_and_the_next_ones_go_alone() {
    let mut plan = None;
    let org = Org::on(|opened| {
        let (store, faults) = faults::injecting(opened);
        plan = Some(faults);
        store
    })
    .await;
    let plan = plan.expect("the store was opened");
    let tail = org.tail();
    plan.inject(0, Injected::Damaged);
    let create = org.create("Account", &[text("Name", "Lost")]);
    let refused = org.engine.commit(org.transaction(vec![create])).await;
    let refused = refused.expect_err("nothing of it was kept");
    assert!(!refused.is_temporary(), "it would meet the same again");
    assert_eq!(refused.fault(), UNAVAILABLE);
    assert_eq!((damaged(&org), org.engine.health()), (1, Health::Writable));
    assert_eq!(org.tail(), tail);
    let groups = || org.engine.writer_counters().groups.load(Ordering::Relaxed);
    let before = groups();
    let mut waiting = Vec::new();
    for _ in 0..20 {
        let create = org.create("Account", &[text("Name", "Kept")]);
        let (engine, transaction) = (org.engine.clone(), org.transaction(vec![create]));
        waiting.push(tokio::spawn(
            async move { engine.commit(transaction).await },
        ));
    }
    for commit in waiting {
        let outcomes = commit.await.expect("a task").expect("a commit");
        assert!(outcomes[0].is_ok(), "{outcomes:?}");
    }
    assert_eq!(groups() - before, 20);
    assert_eq!(org.tail(), tail.advanced_by(20));
    plan.inject(0, Injected::Damaged);
    assert!(org.engine.trim().await.is_err());
    assert_eq!((damaged(&org), org.engine.health()), (2, Health::Writable));
    org.created("Account", &[text("Name", "Kept")]).await;
}
