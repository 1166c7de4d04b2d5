//! What the org may use, how many records it has, and which of them are the newest.
//!
//! Source: "Limits", "Record Count", "Recently Viewed Items" (REST API Developer Guide).

mod allocations;

use allocations::{ALL, Counted};
use landfall_engine::usage::{Allocations, Meter, Usage};
use landfall_http::{Answer, Writer, refused};
use landfall_model::limits::REST_RECENT_ITEMS_MAX;
use landfall_model::{Fault, RecordId, Timestamp, Value};
use landfall_sobject::object_describe::ObjectDescribe;
use landfall_sobject::record_json::{value, write_named};
use landfall_wire::headers as names;

use crate::call::Call;
use crate::collections::listed;
use crate::state::Shared;

/// Permission sets, and those that are made here: all that are counted.
const PERMISSION_SETS: (u64, u64) = (1_500, 1_000);

/// Answers with the org's allocations and what is left of them. One that is not limited is shown with the number of a
/// Developer Edition org.
pub(crate) async fn limits(shared: &Shared, call: &Call) -> Result<Answer, Fault> {
    let permission_sets = permission_sets(shared, call.login.user_id).await?;
    let usage = shared.engine.usage();
    let version = call.version.number();
    let mut w = Writer::new();
    w.object(|w| {
        for allocation in ALL.iter().filter(|shown| shown.is_shown(version)) {
            let (most, used) = allocation.counted.of(usage);
            w.name(allocation.name).object(|w| left(w, most, used));
        }
        let (most, custom) = PERMISSION_SETS;
        w.name("PermissionSets").object(|w| {
            left(w, most, permission_sets);
            w.name("CreateCustom")
                .object(|w| left(w, custom, permission_sets));
        });
    });
    Ok(Answer::json(w.finish()))
}

fn left(w: &mut Writer, most: u64, used: u64) {
    w.name("Max").integer(number(most));
    w.name("Remaining")
        .integer(number(most.saturating_sub(used)));
}

/// How many permission sets there are, without those of the profiles.
async fn permission_sets(shared: &Shared, user: RecordId) -> Result<u64, Fault> {
    let catalog = shared.engine.catalog();
    let mut counts = [0; 2];
    for (count, name) in counts.iter_mut().zip(["PermissionSet", "Profile"]) {
        if let Some(entity) = catalog.entity(name) {
            let counted = shared.engine.record_count(user, entity);
            *count = counted.await.map_err(refused)?;
        }
    }
    let [sets, profiles] = counts;
    Ok(sets.saturating_sub(profiles))
}

impl Counted {
    /// How much there is, and how much of it is used.
    fn of(self, usage: &Usage) -> (u64, u64) {
        let most = |of: &dyn Fn(&Allocations) -> Option<u64>| {
            let most = of(usage.allocations()).or_else(|| of(&Allocations::DEVELOPER));
            most.unwrap_or_default()
        };
        match self {
            Self::Unused(most) => (most, 0),
            Self::By(meter) => (most(&|all| all.of(meter)), usage.used(meter)),
            Self::Clients => (most(&|all| all.concurrent_clients), usage.clients()),
        }
    }
}

/// Counts a request, and says what `Sforce-Limit-Info` shows.
///
/// Wire: `api-usage=USED/LIMIT`.
///
/// # Errors
/// [`landfall_model::LimitFault::Requests`] together with what the header shows.
pub(crate) fn counted(shared: &Shared) -> (String, Result<(), landfall_model::LimitFault>) {
    let usage = shared.engine.usage();
    let (used, verdict) = usage.request();
    let (most, _) = Counted::By(Meter::Requests).of(usage);
    (names::api_usage(used, most), verdict)
}

/// Answers with the numbers of records of the objects asked for, or of all.
///
/// Clients: `sf` names the parameter without a value to have all.
pub(crate) async fn counts(shared: &Shared, call: &Call) -> Result<Answer, Fault> {
    let wanted = listed(call.parameter("sObjects"));
    let mut w = Writer::new();
    w.open('{');
    w.name("sObjects").open('[');
    for entity in call.catalog().entities() {
        let name = entity.name.as_str();
        if wanted.is_empty()
            || wanted
                .iter()
                .any(|requested| requested.eq_ignore_ascii_case(name))
        {
            let counted = shared.engine.record_count(call.login.user_id, entity);
            let count = counted.await.map_err(refused)?;
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

/// Answers with the records that people changed last, whatever their object: what set the org up is none.
pub(crate) async fn recent(shared: &Shared, call: &Call) -> Result<Answer, Fault> {
    let most = call
        .parameter("limit")
        .and_then(|limit| limit.trim().parse().ok())
        .unwrap_or(REST_RECENT_ITEMS_MAX)
        .min(REST_RECENT_ITEMS_MAX);
    let mut found = Vec::new();
    let entities = call.catalog().entities().iter();
    // Whether an object has pages does not depend on the rights of the user.
    let whole = shared.engine.definitions();
    let has_pages = |name: &str| {
        let entity = whole.catalog().entity(name);
        entity.is_some_and(|entity| ObjectDescribe::of(entity).layoutable)
    };
    for entity in entities.filter(|entity| has_pages(entity.name.as_str())) {
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
