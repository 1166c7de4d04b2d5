//! What the org may use, how many records it has, and which of them are the newest.
//!
//! Source: "Limits", "Record Count", "Recently Viewed Items" (REST API Developer Guide).

use landfall_engine::usage::{Allocations, Meter, Usage};
use landfall_model::limits::REST_RECENT_ITEMS_MAX;
use landfall_model::{Fault, Timestamp, Value};
use landfall_wire::headers as names;

use crate::Shared;
use crate::call::Call;
use crate::collections::listed;
use crate::fault::refused;
use crate::record_json::{value, write_named};
use crate::respond::Answer;
use crate::writer::Writer;

use Counted::{By, Clients, Unused};
use Meter::{Delivered, Generic, Published, PushTopics, Requests};

/// What an allocation is counted by.
#[derive(Clone, Copy)]
enum Counted {
    /// Nothing here uses it: what there is of it in a Developer Edition org.
    Unused(u64),
    /// A meter.
    By(Meter),
    /// The Streaming API clients at this moment.
    Clients,
}

/// The allocations of an org, with the versions that show them: first and last.
///
/// Those for events of either kind are shown together, as the sample does.
/// Clients: tap-salesforce divides by the `Max` of `DailyBulkApiBatches`.
/// Source: the sample of "List Org Limits" (REST API Developer Guide).
const ALLOCATIONS: &[(&str, Counted, u16, u16)] = &[
    ("ConcurrentAsyncGetReportInstances", Unused(200), 0, NEWEST),
    ("DailyApiRequests", By(Requests), 0, NEWEST),
    ("DailyAsyncApexExecutions", Unused(250_000), 0, NEWEST),
    ("DailyBulkApiBatches", Unused(15_000), 49, NEWEST),
    ("DailyBulkApiRequests", Unused(15_000), 0, 48),
    ("DailyBulkV2QueryFileStorageMB", Unused(976_562), 47, NEWEST),
    ("DailyBulkV2QueryJobs", Unused(10_000), 47, NEWEST),
    ("DailyDeliveredPlatformEvents", By(Delivered), 0, NEWEST),
    (
        "DailyDurableGenericStreamingApiEvents",
        By(Generic),
        37,
        NEWEST,
    ),
    ("DailyDurableStreamingApiEvents", By(PushTopics), 37, NEWEST),
    ("DailyGenericStreamingApiEvents", By(Generic), 0, NEWEST),
    (
        "DailyStandardVolumePlatformEvents",
        Unused(10_000),
        0,
        NEWEST,
    ),
    ("DailyStreamingApiEvents", By(PushTopics), 0, NEWEST),
    ("DataStorageMB", Unused(1_024), 0, NEWEST),
    ("DurableStreamingApiConcurrentClients", Clients, 37, NEWEST),
    ("FileStorageMB", Unused(1_024), 0, NEWEST),
    ("HourlyPublishedPlatformEvents", By(Published), 0, NEWEST),
    (
        "HourlyPublishedStandardVolumePlatformEvents",
        Unused(1_000),
        0,
        NEWEST,
    ),
    ("MassEmail", Unused(5_000), 0, NEWEST),
    (
        "PlatformEventTriggersWithParallelProcessing",
        Unused(5),
        0,
        NEWEST,
    ),
    ("SingleEmail", Unused(5_000), 0, NEWEST),
    ("StreamingApiConcurrentClients", Clients, 0, NEWEST),
];

const NEWEST: u16 = u16::MAX;

/// The version that brought the numbers of records.
const RECORD_COUNT_VERSION: u16 = 40;

/// Answers with the org's allocations and what is left of them. One that is not limited is shown with the number of a
/// Developer Edition org.
pub(crate) fn limits(shared: &Shared, call: &Call) -> Answer {
    let version = call.version.number();
    let usage = shared.engine.usage();
    let mut w = Writer::new();
    w.object(|w| {
        for (name, counted, since, until) in ALLOCATIONS {
            if (*since..=*until).contains(&version) {
                let (most, used) = counted.of(usage);
                w.name(name).object(|w| {
                    w.name("Max").integer(number(most));
                    w.name("Remaining")
                        .integer(number(most.saturating_sub(used)));
                });
            }
        }
    });
    Answer::json(w.finish())
}

impl Counted {
    /// How much there is, and how much of it is used.
    fn of(self, usage: &Usage) -> (u64, u64) {
        let most = |of: &dyn Fn(&Allocations) -> Option<u64>| {
            let most = of(usage.allocations()).or_else(|| of(&Allocations::DEVELOPER));
            most.unwrap_or_default()
        };
        match self {
            Unused(most) => (most, 0),
            By(meter) => (most(&|all| all.of(meter)), usage.used(meter)),
            Clients => (most(&|all| all.concurrent_clients), usage.clients()),
        }
    }
}

/// Counts a request, and says what `Sforce-Limit-Info` shows.
///
/// Wire: `api-usage=USED/LIMIT`.
///
/// # Errors
/// [`Fault::RequestLimitExceeded`] together with what the header shows.
pub(crate) fn counted(shared: &Shared) -> (String, Result<(), Fault>) {
    let usage = shared.engine.usage();
    let (used, verdict) = usage.request();
    let (most, _) = By(Requests).of(usage);
    (names::api_usage(used, most), verdict)
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
