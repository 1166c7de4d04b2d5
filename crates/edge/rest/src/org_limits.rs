//! What the org may use, how many records it has, and which of them are the newest.
//!
//! Source: "Limits", "Record Count", "Recently Viewed Items" (REST API Developer Guide).

use landfall_model::limits::REST_RECENT_ITEMS_MAX;
use landfall_model::{Fault, Timestamp, Value};

use crate::Shared;
use crate::call::Call;
use crate::collections::listed;
use crate::fault::refused;
use crate::record_json::{value, write_named};
use crate::respond::Answer;
use crate::writer::Writer;

/// The allocations of a Developer Edition org, with the versions that show them: first and last.
///
/// Clients: tap-salesforce divides by the `Max` of `DailyBulkApiBatches`.
/// Source: the sample of "List Org Limits" (REST API Developer Guide).
const ALLOCATIONS: &[(&str, i64, u16, u16)] = &[
    ("ConcurrentAsyncGetReportInstances", 200, 0, u16::MAX),
    ("DailyAsyncApexExecutions", 250_000, 0, u16::MAX),
    ("DailyBulkApiBatches", 15_000, 49, u16::MAX),
    ("DailyBulkApiRequests", 15_000, 0, 48),
    ("DailyBulkV2QueryFileStorageMB", 976_562, 47, u16::MAX),
    ("DailyBulkV2QueryJobs", 10_000, 47, u16::MAX),
    ("DailyDeliveredPlatformEvents", 10_000, 0, u16::MAX),
    (
        "DailyDurableGenericStreamingApiEvents",
        10_000,
        37,
        u16::MAX,
    ),
    ("DailyDurableStreamingApiEvents", 10_000, 37, u16::MAX),
    ("DailyGenericStreamingApiEvents", 10_000, 0, u16::MAX),
    ("DailyStandardVolumePlatformEvents", 10_000, 0, u16::MAX),
    ("DailyStreamingApiEvents", 10_000, 0, u16::MAX),
    ("DataStorageMB", 1_024, 0, u16::MAX),
    ("DurableStreamingApiConcurrentClients", 20, 37, u16::MAX),
    ("FileStorageMB", 1_024, 0, u16::MAX),
    ("HourlyPublishedPlatformEvents", 50_000, 0, u16::MAX),
    (
        "HourlyPublishedStandardVolumePlatformEvents",
        1_000,
        0,
        u16::MAX,
    ),
    ("MassEmail", 5_000, 0, u16::MAX),
    (
        "PlatformEventTriggersWithParallelProcessing",
        5,
        0,
        u16::MAX,
    ),
    ("SingleEmail", 5_000, 0, u16::MAX),
    ("StreamingApiConcurrentClients", 20, 0, u16::MAX),
];

/// The version that brought the numbers of records.
const RECORD_COUNT_VERSION: u16 = 40;

/// Answers with the org's allocations. Of these only the number of requests is counted.
pub(crate) fn limits(shared: &Shared, call: &Call) -> Answer {
    let version = call.version.number();
    let (used, most) = shared.usage.used(shared.engine.clock().now());
    let requests = (number(most), number(most.saturating_sub(used)));
    let mut w = Writer::new();
    w.object(|w| {
        write_limit(w, "DailyApiRequests", requests);
        for (name, most, since, until) in ALLOCATIONS {
            if (*since..=*until).contains(&version) {
                write_limit(w, name, (*most, *most));
            }
        }
    });
    Answer::json(w.finish())
}

fn write_limit(w: &mut Writer, name: &str, (most, remaining): (i64, i64)) {
    w.name(name).object(|w| {
        w.name("Max").integer(most);
        w.name("Remaining").integer(remaining);
    });
}

/// Answers with the numbers of records of the objects asked for, or of all.
///
/// Clients: `sf` names the parameter without a value to have all.
pub(crate) async fn counts(shared: &Shared, call: &Call) -> Result<Answer, Fault> {
    if call.version.number() < RECORD_COUNT_VERSION {
        return Err(Fault::ResourceNotFound);
    }
    let wanted = listed(call.parameter("sObjects"));
    let mut w = Writer::new();
    w.open('{');
    w.name("sObjects").open('[');
    for entity in call.catalog().entities() {
        let name = entity.name.as_str();
        if wanted.is_empty() || wanted.iter().any(|given| given.eq_ignore_ascii_case(name)) {
            let count = shared.engine.record_count(entity).await.map_err(refused)?;
            w.object(|w| {
                w.name("count").integer(number(count));
                w.name("name").string(name);
            });
        }
    }
    w.close(']');
    w.close('}');
    Ok(Answer::json(w.finish()))
}

/// Answers with the records that were changed last, whatever their object.
pub(crate) async fn recent(shared: &Shared, call: &Call) -> Result<Answer, Fault> {
    let most = call
        .parameter("limit")
        .and_then(|limit| limit.trim().parse().ok())
        .unwrap_or(REST_RECENT_ITEMS_MAX)
        .min(REST_RECENT_ITEMS_MAX);
    let mut found = Vec::new();
    for entity in call.catalog().entities() {
        let rows = shared.engine.recent_rows(entity, most).await;
        for row in rows.map_err(refused)? {
            let changed = match value(entity, &row, "LastModifiedDate") {
                Value::DateTime(point) => *point,
                _ => Timestamp::default(),
            };
            found.push((changed, entity, row));
        }
    }
    found.sort_by_key(|(changed, _, _)| std::cmp::Reverse(*changed));
    let mut w = Writer::new();
    w.array(|w| {
        for (_, entity, row) in found.iter().take(most) {
            write_named(w, call.version, entity, row);
        }
    });
    Ok(Answer::json(w.finish()))
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
