//! `getUpdated`, `getDeleted`: which records of an object changed in a period.
//!
//! Source: the calls of these names, `GetUpdatedResult`, `GetDeletedResult` (SOAP API Developer Guide).

use std::sync::Arc;

use landfall_engine::{Period, Replicated};
use landfall_http::refused;
use landfall_model::{
    EntityDefinition, Fault, QueryFault, RecordId, ReplicationFault, RequestFault, Timestamp,
};
use landfall_wire::dates::{parse_date_time, render_utc};
use landfall_xml::Writer;

use crate::call::Call;
use crate::input;

/// Answers with the records that were made or changed, or brought back.
pub(crate) async fn updated(call: &Call<'_>, w: &mut Writer) -> Result<(), Fault> {
    let (period, found) = found(call, Replicated::Updated).await?;
    w.element("result", |w| {
        for (id, _) in &found {
            w.text("ids", id.as_str());
        }
        w.text("latestDateCovered", &render_utc(period.covered()));
    });
    Ok(())
}

/// Answers with the records that are in the recycle bin since then.
pub(crate) async fn deleted(call: &Call<'_>, w: &mut Writer) -> Result<(), Fault> {
    let (period, found) = found(call, Replicated::Deleted).await?;
    w.element("result", |w| {
        for (id, date) in &found {
            w.element("deletedRecords", |w| {
                w.text("deletedDate", &render_utc(*date));
                w.text("id", id.as_str());
            });
        }
        w.text("earliestDateAvailable", &render_utc(period.earliest()));
        w.text("latestDateCovered", &render_utc(period.covered()));
    });
    Ok(())
}

async fn found(
    call: &Call<'_>,
    of: Replicated,
) -> Result<(Period, Vec<(RecordId, Timestamp)>), Fault> {
    let object = call.argument("sObjectType").unwrap_or_default();
    let entity: &Arc<EntityDefinition> = input::entity_named(call, object)?;
    let engine = &call.state.engine;
    let bounds = (point(call, "startDate")?, point(call, "endDate")?);
    let period = Period::new(engine.clock().now(), entity, bounds, of);
    let period = period.map_err(|fault| match fault {
        Fault::Request(RequestFault::ResourceNotFound) => Fault::Query(QueryFault::ObjectUnknown {
            name: object.to_owned(),
        }),
        fault => fault,
    })?;
    let found = engine.replicated(call.login.user_id, entity, &period).await;
    Ok((period, found.map_err(refused)?))
}

fn point(call: &Call<'_>, name: &str) -> Result<Timestamp, Fault> {
    let point = call.argument(name).and_then(parse_date_time);
    let reason = match name {
        "startDate" => "startDate is missing or not a valid date and time",
        _ => "endDate is missing or not a valid date and time",
    };
    point.ok_or(Fault::Replication(ReplicationFault::DateInvalid { reason }))
}
