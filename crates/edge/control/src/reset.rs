//! Returning an org to a state from before: to how it began, or to a snapshot.

use landfall_apidoc::{Call, Kind, Member};
use landfall_engine::Move;
use landfall_http::json::Content;

use crate::refusal::Refusal;
use crate::snapshots::{SNAPSHOT, named, refused, rendered};
use crate::{Made, Org, Snapshot};

/// The state that an org returns to unless another is named.
const TO_DEFAULT: &str = "seed";

pub(crate) const RESET: Call = Call {
    method: "post",
    path: "reset",
    id: "reset",
    summary: "Returns to how the org began, or to a snapshot; faults and journal are cleared, the clock runs again",
    parameters: &[],
    reads: &[
        Member::optional(
            "to",
            Kind::Text,
            "seed: as after the project and the seeds were loaded; empty: without the records of seeds; or the name of a \
             snapshot. seed unless given",
        ),
        Member::optional(
            "keepSubscribers",
            Kind::Boolean,
            "true: subscribers stay and get what comes next, no earlier event can be replayed, and replay ids go on. \
             Otherwise subscribers are ended, and events and replay ids are those of the state",
        ),
    ],
    status: 200,
    answers: SNAPSHOT,
    refusals: &[
        (
            409,
            "The state was not kept, the snapshot cannot be used, or the clock is being moved",
        ),
        (503, "It could not be read"),
    ],
};

pub(crate) async fn reset(made: &Made<'_>) -> Result<String, Refusal> {
    let (org, clock) = made.adjustable()?;
    let to = made.input.text("to").unwrap_or(TO_DEFAULT);
    let keep = made.input.value("keepSubscribers");
    let keep = matches!(keep, Some(Content::Boolean(true)));
    let runs = clock.set(Some(false), Move::By(0)).await;
    runs.map_err(crate::clock::refused)?;
    org.engine.end_faults();
    if let Some(journal) = &org.journal {
        journal.clear();
    }
    let restored = restored(&org, to, keep).await?;
    Ok(rendered(&restored))
}

pub(crate) async fn load(made: &Made<'_>) -> Result<String, Refusal> {
    let restored = restored(&made.org()?, named(made), false).await?;
    Ok(rendered(&restored))
}

async fn restored(org: &Org, to: &str, keep_subscribers: bool) -> Result<Snapshot, Refusal> {
    let restored = org.snapshots.restore(to, keep_subscribers).await;
    let restored = restored.map_err(refused)?;
    if !keep_subscribers {
        for (_, subscriber) in org.subscribers.list() {
            // One that is not there any more has ended by itself.
            let _ = org.subscribers.end(&subscriber.id);
        }
    }
    Ok(restored)
}
