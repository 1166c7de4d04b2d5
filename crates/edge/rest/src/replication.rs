//! Which records of an object were changed, or deleted, in a stretch of time.
//!
//! Source: "sObject Get Updated", "sObject Get Deleted" (REST API Developer Guide); `getUpdated()`, `getDeleted()` (SOAP API
//! Developer Guide).

use std::sync::Arc;

use landfall_model::limits::{REPLICATED_DAYS_DELETED, REPLICATED_DAYS_UPDATED};
use landfall_model::{EntityDefinition, Fault, Timestamp};
use landfall_wire::dates::{parse_date_time, render_date_time};

use crate::Shared;
use crate::call::Call;
use crate::fault::refused;
use crate::respond::Answer;
use crate::writer::Writer;

const MINUTE_MILLIS: i64 = 60_000;
const DAY_MILLIS: i64 = 24 * 60 * MINUTE_MILLIS;

/// Clients: two match this text to begin later.
const START_TOO_EARLY: &str = "startDate before org replication enabled date";

/// Answers with the records that were made or changed, or brought back.
pub(crate) async fn updated(
    shared: &Shared,
    call: &Call,
    entity: &Arc<EntityDefinition>,
) -> Result<Answer, Fault> {
    let stretch = Stretch::read(shared, call, entity, REPLICATED_DAYS_UPDATED)?;
    let found = shared.engine.replicated(entity, stretch.bounds(), false);
    let found = found.await.map_err(refused)?;
    let mut w = Writer::new();
    w.object(|w| {
        let ids = found.iter().map(|(id, _)| id.as_str());
        w.name("ids").strings(ids);
        stretch.write_covered(w);
    });
    Ok(Answer::json(w.finish()))
}

/// Answers with the records that are in the recycle bin since then.
pub(crate) async fn deleted(
    shared: &Shared,
    call: &Call,
    entity: &Arc<EntityDefinition>,
) -> Result<Answer, Fault> {
    let stretch = Stretch::read(shared, call, entity, REPLICATED_DAYS_DELETED)?;
    let found = shared.engine.replicated(entity, stretch.bounds(), true);
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
        let earliest = render_date_time(stretch.earliest);
        w.name("earliestDateAvailable").string(&earliest);
        stretch.write_covered(w);
    });
    Ok(Answer::json(w.finish()))
}

/// A stretch of whole minutes, the last of them left out.
struct Stretch {
    start: Timestamp,
    end: Timestamp,
    /// The earliest start that is taken.
    earliest: Timestamp,
    /// The present minute.
    now: Timestamp,
}

impl Stretch {
    fn read(
        shared: &Shared,
        call: &Call,
        entity: &EntityDefinition,
        days: i64,
    ) -> Result<Self, Fault> {
        if !entity.capabilities.replicateable {
            return Err(Fault::ResourceNotFound);
        }
        let now = whole_minute(shared.engine.clock().now());
        let stretch = Self {
            start: point(call, "start")?,
            end: point(call, "end")?,
            earliest: now.plus_millis(-days * DAY_MILLIS),
            now,
        };
        if stretch.end <= stretch.start {
            return Err(invalid("endDate must be greater than startDate"));
        }
        if stretch.start < stretch.earliest {
            return Err(invalid(START_TOO_EARLY));
        }
        Ok(stretch)
    }

    const fn bounds(&self) -> (Timestamp, Timestamp) {
        (self.start, self.end)
    }

    /// What is yet to come is not covered.
    fn write_covered(&self, w: &mut Writer) {
        let covered = render_date_time(self.end.min(self.now));
        w.name("latestDateCovered").string(&covered);
    }
}

/// A point in time among the parameters, its seconds ignored. A plus that was not encoded has become a blank.
fn point(call: &Call, name: &str) -> Result<Timestamp, Fault> {
    let text = call.parameter(name).unwrap_or_default().trim();
    let text = match text.split_once(' ') {
        Some((point, offset)) if point.contains('T') => format!("{point}+{offset}"),
        _ => text.to_owned(),
    };
    let point = parse_date_time(&text);
    point.map(whole_minute).ok_or_else(|| {
        invalid(match name {
            "start" => "startDate is missing or not a valid date and time",
            _ => "endDate is missing or not a valid date and time",
        })
    })
}

fn whole_minute(point: Timestamp) -> Timestamp {
    Timestamp::from_millis(point.as_millis().div_euclid(MINUTE_MILLIS) * MINUTE_MILLIS)
}

fn invalid(reason: &'static str) -> Fault {
    Fault::ReplicationDateInvalid { reason }
}
