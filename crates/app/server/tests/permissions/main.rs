//! The permission matrix: every surface × every right, for a user who has it, who lacks it, and who loses it in the middle.
//!
//! A surface is a resource, call or RPC as the code declares it; [`surfaces`] lists them, and one without a [`Row`] fails the
//! test. A row is what a user does there, as data: requests, what shows that they were allowed, and what the user reads
//! instead without a right. The secret of a record must not be in any answer to a user without the right to read it, and a
//! record must not change where a row expects a refusal, whatever the answer says.
//!
//! To add a surface, add rows to the file of its API. `ROWS=text cargo test --test permissions` tries only the rows whose
//! name contains the text.

#[path = "../transcripts/grpc.rs"]
#[expect(dead_code, reason = "transcripts do more with calls")]
mod grpc;

mod bulk;
mod documents;
mod metadata;
mod play;
mod pubsub;
mod rest;
mod rest_queries;
mod right;
mod row;
mod soap;
mod stage;
mod streaming;
mod surfaces;
mod tooling;

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::task::JoinSet;

use crate::right::Right;
use crate::row::Row;
use crate::stage::Stage;

/// Rights that are tried at once.
const AT_ONCE: usize = 6;

fn rows() -> Vec<Row> {
    let all = [
        rest::rows(),
        rest_queries::rows(),
        soap::rows(),
        bulk::rows(),
        tooling::rows(),
        metadata::rows(),
        pubsub::rows(),
        documents::rows(),
        // Last: a session that nobody polls ends, and this is where rows begin last and end first.
        streaming::rows(),
    ];
    all.into_iter().flatten().collect()
}

#[test]
fn every_surface_has_a_row() {
    let rows = rows();
    let covered: BTreeSet<&str> = rows
        .iter()
        .flat_map(|row| row.surfaces.iter().map(String::as_str))
        .chain(
            surfaces::WITHOUT_RECORDS
                .iter()
                .map(|(surface, _)| *surface),
        )
        .collect();
    let declared = surfaces::declared();
    let missing: Vec<&String> = declared
        .iter()
        .filter(|surface| !covered.contains(surface.as_str()))
        .collect();
    assert!(missing.is_empty(), "surfaces without a row: {missing:#?}");
    let declared: BTreeSet<&str> = declared.iter().map(String::as_str).collect();
    let unknown: Vec<&&str> = covered.difference(&declared).collect();
    assert!(unknown.is_empty(), "rows of no surface: {unknown:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_right_decides_on_every_surface() {
    let only = std::env::var("ROWS").unwrap_or_default();
    let mut rows = rows();
    rows.retain(|row| row.name().contains(&only));
    let (stage, rows) = (Arc::new(Stage::open().await), Arc::new(rows));
    report(&play::with_all_rights(&stage, &rows).await);
    let mut failures = Vec::new();
    let mut trying = JoinSet::new();
    for right in Right::ALL {
        if trying.len() == AT_ONCE {
            failures.extend(
                trying
                    .join_next()
                    .await
                    .expect("one of them")
                    .expect("no panic"),
            );
        }
        let (stage, rows) = (Arc::clone(&stage), Arc::clone(&rows));
        trying.spawn(async move {
            let mut failures = play::without(&stage, &rows, right).await;
            failures.extend(play::losing(&stage, &rows, right).await);
            failures
        });
    }
    failures.extend(trying.join_all().await.into_iter().flatten());
    Arc::into_inner(stage).expect("nobody else").close().await;
    report(&failures);
}

fn report(failures: &[String]) {
    let count = failures.len();
    assert!(
        failures.is_empty(),
        "{count} of the matrix:\n{}",
        failures.join("\n")
    );
}
