//! Which records of an object were changed, or deleted, in a period.
//!
//! Source: "sObject Get Updated", "sObject Get Deleted" (REST API Developer Guide); `getUpdated()`, `getDeleted()` (SOAP API
//! Developer Guide).

use std::sync::Arc;

use landfall_engine::{Period, Replicated};
use landfall_http::{Answer, Writer, refused};
use landfall_model::{EntityDefinition, Fault, ReplicationFault, Timestamp};
use landfall_wire::dates::{parse_date_time, render_date_time};

use crate::call::Call;
use crate::state::Shared;

/// Answers with the records that were made or changed, or brought back.
pub(crate) async fn updated(
    shared: &Shared,
    call: &Call,
    entity: &Arc<EntityDefinition>,
) -> Result<Answer, Fault> {
    let period = period_of(shared, call, entity, Replicated::Updated)?;
    let found = shared
        .engine
        .replicated(call.login.user_id, entity, &period);
    let found = found.await.map_err(refused)?;
    let mut w = Writer::new();
    w.object(|w| {
        let ids = found.iter().map(|(id, _)| id.as_str());
        w.name("ids").strings(ids);
        write_covered(w, &period);
    });
    Ok(Answer::json(w.finish()))
}

/// Answers with the records that are in the recycle bin since then.
pub(crate) async fn deleted(
    shared: &Shared,
    call: &Call,
    entity: &Arc<EntityDefinition>,
) -> Result<Answer, Fault> {
    let period = period_of(shared, call, entity, Replicated::Deleted)?;
    let found = shared
        .engine
        .replicated(call.login.user_id, entity, &period);
    let found = found.await.map_err(refused)?;
    let mut w = Writer::new();
    w.object(|w| {
        w.name("deletedRecords").array(|w| {
            for (id, date) in &found {
                w.object(|w| {
                    w.name("id").string(id.as_str());
                    w.name("deletedDate").string(&render_date_time(*date));
                });
            }
        });
        let earliest = render_date_time(period.earliest());
        w.name("earliestDateAvailable").string(&earliest);
        write_covered(w, &period);
    });
    Ok(Answer::json(w.finish()))
}

/// The period of a request.
fn period_of(
    shared: &Shared,
    call: &Call,
    entity: &EntityDefinition,
    of: Replicated,
) -> Result<Period, Fault> {
    let bounds = (point(call, "start")?, point(call, "end")?);
    Period::new(shared.engine.clock().now(), entity, bounds, of)
}

/// What is yet to come is not covered.
fn write_covered(w: &mut Writer, period: &Period) {
    let covered = render_date_time(period.covered());
    w.name("latestDateCovered").string(&covered);
}

/// A point in time among the parameters, its seconds ignored. A plus that was not encoded has become a blank.
fn point(call: &Call, name: &str) -> Result<Timestamp, Fault> {
    let text = call.parameter(name).unwrap_or_default().trim();
    let text = match text.split_once(' ') {
        Some((point, offset)) if point.contains('T') => format!("{point}+{offset}"),
        _ => text.to_owned(),
    };
    let point = parse_date_time(&text);
    point.ok_or_else(|| {
        invalid(match name {
            "start" => "startDate is missing or not a valid date and time",
            _ => "endDate is missing or not a valid date and time",
        })
    })
}

fn invalid(reason: &'static str) -> Fault {
    Fault::Replication(ReplicationFault::DateInvalid { reason })
}
