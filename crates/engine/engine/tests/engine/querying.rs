//! Queries and who waits for them.

use std::ops::ControlFlow;
use std::sync::mpsc;

use landfall_engine::{OrgView, PageSize, Question};
use tokio::sync::mpsc::unbounded_channel;

use crate::org::Org;

async fn view(org: &Org) -> OrgView {
    org.engine.rights(org.user).await.expect("a read").view()
}

#[tokio::test]
async fn an_abandoned_query_ends_at_its_next_record() {
    let org = Org::new().await;
    let view = view(&org).await;
    let question = Question {
        statement: "SELECT Name FROM Profile",
        view: &view,
        deleted: false,
        page: PageSize::of_rows(200),
    };
    let prepared = org.engine.examine(question).await.expect("a query");
    let (entered, mut entries) = unbounded_channel();
    let (go, goes) = mpsc::channel::<()>();
    let engine = org.engine.clone();
    let scanning = tokio::spawn(async move {
        let scanned = engine.scan(prepared, (), move |(), _| {
            entered.send(()).expect("the test listens");
            let _ = goes.recv();
            ControlFlow::Continue(())
        });
        scanned.await
    });
    entries.recv().await.expect("a first record");
    scanning.abort();
    scanning.await.expect_err("nobody waits any more");
    drop(go);
    assert_eq!(entries.recv().await, None, "no further record is read");
}
