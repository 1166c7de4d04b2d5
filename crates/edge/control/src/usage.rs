//! How much of its allocations an org has used, and how many events were on each topic.

use landfall_apidoc::{Call, Kind, Member};
use landfall_engine::usage::Meter;
use landfall_http::Writer;

use crate::Made;
use crate::refusal::Refusal;

const NAMES: &[&str] = &[
    "publishedHourly",
    "deliveredDaily",
    "pushTopicsDaily",
    "genericDaily",
    "requestsDaily",
];

const fn name(meter: Meter) -> &'static str {
    match meter {
        Meter::Published => "publishedHourly",
        Meter::Delivered => "deliveredDaily",
        Meter::PushTopics => "pushTopicsDaily",
        Meter::Generic => "genericDaily",
        Meter::Requests => "requestsDaily",
    }
}

pub(crate) const SHOW: Call = Call {
    method: "get",
    path: "usage",
    id: "getUsage",
    summary: "How much of its allocations the org has used, and how many events were on each topic",
    parameters: &[],
    reads: &[],
    status: 200,
    answers: &[
        Member::required(
            "allocations",
            Kind::List(&[
                Member::required(
                    "name",
                    Kind::OneOf(NAMES),
                    "What is counted, and in which window",
                ),
                Member::required("used", Kind::Integer, "How much of the window is used"),
                Member::optional(
                    "most",
                    Kind::Integer,
                    "How much may be used; none: as much as one likes",
                ),
            ]),
            "Of the org as a whole",
        ),
        Member::required("clients", Kind::Integer, "Clients of the Streaming API now"),
        Member::required(
            "topics",
            Kind::List(&[
                Member::required("topic", Kind::Text, "The topic: /data/AccountChangeEvent"),
                Member::required(
                    "published",
                    Kind::Integer,
                    "Events since the org was opened",
                ),
                Member::required(
                    "delivered",
                    Kind::Integer,
                    "The same to subscribers, each copy for itself",
                ),
            ]),
            "Those that had events since the org was opened",
        ),
    ],
    refusals: &[],
};

pub(crate) fn show(made: &Made<'_>) -> Result<String, Refusal> {
    let org = made.org()?;
    let usage = org.engine.usage();
    let mut w = Writer::new();
    w.object(|w| {
        w.name("allocations").array(|w| {
            for meter in Meter::ALL {
                w.object(|w| {
                    w.name("name").string(name(meter));
                    w.name("used").raw(&usage.used(meter).to_string());
                    if let Some(most) = usage.allocations().of(meter) {
                        w.name("most").raw(&most.to_string());
                    }
                });
            }
        });
        w.name("clients").raw(&usage.clients().to_string());
        w.name("topics").array(|w| {
            for of in usage.totals() {
                w.object(|w| {
                    w.name("topic").string(&of.topic);
                    w.name("published").raw(&of.published.to_string());
                    w.name("delivered").raw(&of.delivered.to_string());
                });
            }
        });
    });
    Ok(w.finish())
}
