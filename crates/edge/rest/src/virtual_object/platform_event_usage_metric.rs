//! `PlatformEventUsageMetric`: how many events were published and delivered, in the last 24 hours and on each day.
//!
//! Source: "Monitor Platform Event Publishing and Delivery Usage" (Platform Events Developer Guide);
//! "`PlatformEventUsageMetric`" (Object Reference).

use landfall_engine::usage::{Metric, Window};
use landfall_model::RecordId;

use super::{Api, Column, Declared, VirtualObject};

/// A field of a metric in a window.
type Of = Column<(Window, Metric, u64)>;

const COLUMNS: &[Of] = &[
    Of::id("Id", |_| Some(RecordId::EMPTY)),
    Of::text("Name", |(_, metric, _)| Some(name(*metric).to_owned())),
    Of::moment("StartDate", |(window, _, _)| Some(window.start)),
    Of::moment("EndDate", |(window, _, _)| Some(window.end)),
    Of::count("Value", |(_, _, value)| Some(*value)),
    Of::none("ExternalId"),
];

const fn name(metric: Metric) -> &'static str {
    match metric {
        Metric::EventsPublished => "PLATFORM_EVENTS_PUBLISHED",
        Metric::EventsDelivered => "PLATFORM_EVENTS_DELIVERED",
        Metric::ChangesPublished => "CHANGE_EVENTS_PUBLISHED",
        Metric::ChangesDelivered => "CHANGE_EVENTS_DELIVERED",
    }
}

pub(super) fn object() -> VirtualObject {
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
    VirtualObject::new(declared, COLUMNS, |source| source.engine.usage().metrics())
}
