//! `PlatformEventUsageMetric`: how many events were published and delivered.
//!
//! In the last 24 hours and on each day; with Enhanced Usage Metrics by event, client and period instead, which are
//! switched on by a component of the org. Then the records depend on the query: see `requested` for what it says, and `figures`
//! for what it gets.
//! Source: "Monitor Platform Event Publishing and Delivery Usage", "Enhanced Usage Metrics" (Platform Events Developer
//! Guide); "`PlatformEventUsageMetric`" (Object Reference).

mod figures;
mod requested;

use landfall_engine::query::Checked;
use landfall_engine::usage::{Metric, Window};
use landfall_http::Call;
use landfall_model::RecordId;
use requested::{Requested, Segment};

use super::{Answering, Api, Column, Declared, Source, VirtualObject};

/// A number of events, and what it is of: nothing is said of what it does not tell apart.
struct Figure {
    window: Window,
    segment: Option<Segment>,
    of: Kind,
    value: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    metric: Option<&'static str>,
    client: Option<Box<str>>,
    event: Option<Box<str>>,
    event_type: Option<&'static str>,
    usage_type: Option<&'static str>,
}

/// A field of a figure.
type Of = Column<Figure>;

const COLUMNS: &[Of] = &[
    Of::id("Id", |_| Some(RecordId::EMPTY)),
    Of::choice("Name", &NAMES, |figure| figure.of.metric),
    Of::moment("StartDate", |figure| Some(figure.window.start)),
    Of::moment("EndDate", |figure| Some(figure.window.end)),
    Of::count("Value", |figure| Some(figure.value)),
    Of::none("ExternalId"),
    Of::choice("TimeSegment", &Segment::NAMES, |figure| {
        figure.segment.map(Segment::name)
    }),
    Of::text("Client", |figure| {
        figure.of.client.as_deref().map(str::to_owned)
    }),
    Of::text("EventName", |figure| {
        figure.of.event.as_deref().map(str::to_owned)
    }),
    Of::choice("EventType", &EVENT_TYPES, |figure| figure.of.event_type),
    Of::choice("UsageType", &USAGE_TYPES, |figure| figure.of.usage_type),
];

/// Columns without Enhanced Usage Metrics.
const PLAIN: usize = 6;
/// Columns that also those see who do not see all data.
const OPEN: usize = 7;

/// The version that brought Enhanced Usage Metrics.
const ENHANCED_VERSION: u16 = 58;

const NAMES: [&str; 4] = [
    name(Metric::ChangesDelivered),
    name(Metric::ChangesPublished),
    name(Metric::EventsDelivered),
    name(Metric::EventsPublished),
];

const fn name(metric: Metric) -> &'static str {
    match metric {
        Metric::EventsPublished => "PLATFORM_EVENTS_PUBLISHED",
        Metric::EventsDelivered => "PLATFORM_EVENTS_DELIVERED",
        Metric::ChangesPublished => "CHANGE_EVENTS_PUBLISHED",
        Metric::ChangesDelivered => "CHANGE_EVENTS_DELIVERED",
    }
}

const EVENT_TYPES: [&str; 2] = [
    event_type(Metric::ChangesPublished),
    event_type(Metric::EventsPublished),
];

const fn event_type(metric: Metric) -> &'static str {
    match metric {
        Metric::ChangesPublished | Metric::ChangesDelivered => "CHANGE_EVENT",
        Metric::EventsPublished | Metric::EventsDelivered => "CUSTOM_PLATFORM_EVENT",
    }
}

const USAGE_TYPES: [&str; 2] = [
    usage_type(Metric::EventsDelivered),
    usage_type(Metric::EventsPublished),
];

const fn usage_type(metric: Metric) -> &'static str {
    match metric {
        Metric::EventsDelivered | Metric::ChangesDelivered => "DELIVERY",
        Metric::EventsPublished | Metric::ChangesPublished => "PUBLISH",
    }
}

pub(crate) fn object() -> VirtualObject {
    let declared = Declared {
        name: "PlatformEventUsageMetric",
        label: "Platform Event Usage Metric",
        label_plural: "Platform Event Usage Metrics",
        key_prefix: None,
        since: 50,
        apis: &[Api::Plain],
        changeable: false,
        children: &[],
    };
    VirtualObject::new(declared, COLUMNS, plain)
        .seen_by(seen)
        .with_rows_by_query(enhanced)
}

fn is_enhanced(call: &Call) -> bool {
    call.version.number() >= ENHANCED_VERSION && call.definitions.settings().enhanced_usage_metrics
}

fn seen(call: &Call) -> usize {
    if !is_enhanced(call) {
        PLAIN
    } else if call.login.permissions().view_all_data {
        COLUMNS.len()
    } else {
        OPEN
    }
}

/// The last 24 hours, and each day.
fn plain(source: &Source<'_>) -> Vec<Figure> {
    let metrics = source.engine.usage().metrics().into_iter();
    let figures = metrics.map(|(window, metric, value)| Figure {
        window,
        segment: None,
        of: Kind {
            metric: Some(name(metric)),
            ..Kind::default()
        },
        value,
    });
    figures.collect()
}

fn enhanced<'a>(source: &'a Source<'a>, checked: &'a Checked) -> Answering<'a> {
    Box::pin(async move {
        if !is_enhanced(source.call) {
            return Ok(None);
        }
        let now = source.engine.clock().now();
        let requested = Requested::of(checked, now)?;
        figures::found(source.engine, &checked.plan, &requested, now)
            .await
            .map(Some)
    })
}
