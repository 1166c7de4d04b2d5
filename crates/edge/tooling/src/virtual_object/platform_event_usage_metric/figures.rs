//! The figures that a query of usage gets: one for each period and each combination of what it names.

use std::collections::BTreeMap;

use landfall_engine::Engine;
use landfall_engine::query::{Plan, Record};
use landfall_engine::usage::{Entry, Hour, Metric, Window};
use landfall_http::refused;
use landfall_model::limits::QUERY_PAGE_ROWS_MAX;
use landfall_model::{Fault, Row, Timestamp, Value};

use super::requested::{DAY_MS, HOUR_MS, QUARTER_MS, Requested};
use super::{COLUMNS, Figure, Kind, event_type, name, usage_type};

const HOURS_A_DAY: i64 = DAY_MS / HOUR_MS;

/// The figures as rows, those that the plan means. Read day by day, so that memory holds a day; past what an answer can
/// hold no further day is read, and the query is refused.
///
/// # Errors
/// Those of the engine.
pub(super) async fn found(
    engine: &Engine,
    plan: &Plan,
    requested: &Requested,
    now: Timestamp,
) -> Result<Vec<Row>, Fault> {
    let day_of = |point: Timestamp| point.as_millis().div_euclid(DAY_MS);
    let mut rows = Vec::new();
    for day in day_of(requested.after)..=day_of(requested.until.min(now)) {
        let first = day * HOURS_A_DAY;
        let hours = engine.usage_of(first..=first + HOURS_A_DAY - 1).await;
        let hours = hours.map_err(refused)?;
        let made = figures(&hours, requested).map(|figure| -> Row {
            let values = COLUMNS.iter().map(|column| column.value(&figure));
            values.collect()
        });
        rows.extend(made.filter(|row| plan.matches(&Made(row))));
        if rows.len() > QUERY_PAGE_ROWS_MAX {
            break;
        }
    }
    Ok(rows)
}

/// The figures of a day that are within the range.
fn figures(hours: &[Hour], requested: &Requested) -> impl Iterator<Item = Figure> {
    let (segment, after, until) = (requested.segment, requested.after, requested.until);
    let mut sums: BTreeMap<(i64, Kind), u64> = BTreeMap::new();
    for hour in hours {
        for (entry, counts) in &hour.entries {
            let Some(metric) = Metric::of(entry) else {
                continue;
            };
            let kind = kind(metric, entry, requested);
            for (quarter, count) in (0..).zip(counts).filter(|(_, count)| **count > 0) {
                let point = hour.number * HOUR_MS + quarter * QUARTER_MS;
                let begin = point - point.rem_euclid(segment.length());
                let sum = sums.entry((begin, kind.clone())).or_default();
                *sum = sum.saturating_add(*count);
            }
        }
    }
    let figures = sums.into_iter().map(move |((begin, of), value)| Figure {
        window: Window {
            start: Timestamp::from_millis(begin),
            end: Timestamp::from_millis(begin + segment.length()),
        },
        segment: Some(segment),
        of,
        value,
    });
    figures.filter(move |figure| figure.window.end > after && figure.window.start <= until)
}

/// What an entry is about, as far as figures distinguish it.
fn kind(metric: Metric, entry: &Entry, requested: &Requested) -> Kind {
    let event = entry.topic.rsplit('/').next().unwrap_or_default();
    let client = Some(&entry.client).filter(|client| !client.is_empty());
    Kind {
        metric: requested.includes("Name").then(|| name(metric)),
        client: client.filter(|_| requested.includes("Client")).cloned(),
        event: requested.includes("EventName").then(|| event.into()),
        event_type: requested.includes("EventType").then(|| event_type(metric)),
        usage_type: requested.includes("UsageType").then(|| usage_type(metric)),
    }
}

/// A row as a plan sees it.
struct Made<'r>(&'r Row);

impl Record for Made<'_> {
    fn value(&self, _source: usize, place: usize) -> Value {
        self.0.get(place).cloned().unwrap_or_default()
    }
}
