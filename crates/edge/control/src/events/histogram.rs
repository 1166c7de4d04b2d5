//! How many events were published when: counts by span of time, topic and change type.

use std::collections::BTreeMap;

use landfall_apidoc::{Call, Kind, Member, Parameter};
use landfall_engine::LogEvent;
use landfall_http::Writer;
use landfall_model::limits::{
    CONTROL_HISTOGRAM_BUCKETS, CONTROL_HISTOGRAM_BUCKETS_MAX, CONTROL_SEARCHED_EVENTS_MAX,
    CONTROL_SEARCHED_EVENTS_PAGE,
};
use landfall_model::{ReplayId, Timestamp};
use landfall_wire::dates::{parse_date_time, render_utc};

use super::filter::{Filter, PUBLISHED};
use super::shown::{Names, Read};
use super::{FILTER, between, records, replay_id};
use crate::refusal::{Refusal, failed, invalid};
use crate::topics::{BOUNDS, write_bounds};
use crate::{Made, Org};

pub(crate) const HISTOGRAM: Call = Call {
    method: "get",
    path: "events/histogram",
    id: "countEventsByTime",
    summary: "How many retained events pass a filter, by spans of time, topic and change type. The newest are counted first, \
              and counting ends after some of the log: if `next` is there, the same call with the same `since` and `until`, \
              and with `to` set to it, returns the rest",
    parameters: &[
        FILTER[0],
        FILTER[1],
        FILTER[2],
        FILTER[3],
        FILTER[4],
        FILTER[5],
        FILTER[6],
        FILTER[7],
        FILTER[8],
        Parameter::in_query(
            "since",
            "The beginning; without it, the time of the oldest retained event",
        ),
        Parameter::in_query(
            "until",
            "The end; without it, the present of the org, or the time of the newest event if that is later",
        ),
        Parameter::in_query("to", "The highest replay id"),
        Parameter::in_query(
            "buckets",
            "How many spans of equal length: 60 unless given, 240 at most",
        ),
    ],
    reads: &[],
    status: 200,
    answers: &[
        Member::required("since", Kind::Time, "The beginning"),
        Member::required("until", Kind::Time, "The end"),
        Member::required("bucketMs", Kind::Integer, "Milliseconds of each span"),
        Member::required("events", Kind::Integer, "How many were counted"),
        Member::required(
            "counts",
            Kind::List(&[
                Member::required("bucket", Kind::Integer, "The span, from 0"),
                Member::required("topic", Kind::Text, "The topic"),
                Member::required(
                    "type",
                    Kind::Text,
                    "The change type; PUBLISHED for events that are no change events",
                ),
                Member::required("events", Kind::Integer, "How many"),
                Member::required("first", Kind::Integer, "The lowest replay id of them"),
                Member::required("last", Kind::Integer, "The highest"),
            ]),
            "By span, topic and change type; none without events",
        ),
        Member::optional(
            "next",
            Kind::Integer,
            "Up to this replay id, the log was not looked at; none if it was",
        ),
        BOUNDS[0],
        BOUNDS[1],
    ],
    refusals: &[],
};

/// Spans of equal length.
struct Spans {
    since: Timestamp,
    until: Timestamp,
    /// Unit: milliseconds.
    length: i64,
    count: i64,
}

impl Spans {
    async fn of(made: &Made<'_>, org: &Org) -> Result<Self, Refusal> {
        let bounds = org.engine.log().bounds();
        let newest = published(org, Some(bounds.tail)).await?;
        // A clock that has begun again may be behind the newest event.
        let present = org.engine.clock().now().max(newest.unwrap_or_default());
        let until = time(made, "until")?.unwrap_or(present);
        let oldest = published(org, bounds.earliest).await?;
        let beginning = oldest.unwrap_or(until).min(until);
        let since = time(made, "since")?.unwrap_or(beginning);
        if since > until {
            return Err(invalid("\"since\" is after \"until\""));
        }
        let count = made.input.number("buckets")?;
        let count: i64 = count.unwrap_or(CONTROL_HISTOGRAM_BUCKETS);
        if !(1..=CONTROL_HISTOGRAM_BUCKETS_MAX).contains(&count) {
            return Err(invalid(format!(
                "\"buckets\" is not between 1 and {CONTROL_HISTOGRAM_BUCKETS_MAX}"
            )));
        }
        // The end belongs to the last span.
        let length = until.since(since).max(0) / count + 1;
        Ok(Self {
            since,
            until,
            length,
            count,
        })
    }

    /// The span of a time; none if it is in none.
    fn bucket(&self, time: Timestamp) -> Option<i64> {
        let within = time >= self.since && time <= self.until;
        within.then(|| (time.since(self.since) / self.length).min(self.count - 1))
    }
}

fn time(made: &Made<'_>, name: &str) -> Result<Option<Timestamp>, Refusal> {
    let Some(text) = made.input.text(name) else {
        return Ok(None);
    };
    let time = parse_date_time(text);
    time.map(Some).ok_or_else(|| {
        invalid(format!(
            "\"{name}\" is not a time such as 2026-11-22T12:00:00Z"
        ))
    })
}

/// When an event was published; none if it is not retained.
async fn published(org: &Org, id: Option<ReplayId>) -> Result<Option<Timestamp>, Refusal> {
    let Some(id) = id else {
        return Ok(None);
    };
    let events = between(org, id.get(), id.get()).await?;
    Ok(events.first().map(|event| event.event().appended))
}

pub(crate) async fn histogram(made: &Made<'_>) -> Result<String, Refusal> {
    let org = made.org()?;
    let spans = Spans::of(made, &org).await?;
    let (filter, mut names) = (Filter::new(made, &org)?, Names::new(&org));
    let bounds = org.engine.log().bounds();
    let earliest = bounds.earliest.map_or(u64::MAX, ReplayId::get);
    // Whatever was published before is not looked at.
    let first = org
        .engine
        .log()
        .position_at(spans.since, &filter.topics)
        .await;
    let first = first.map_err(|failure| failed(&failure))?.get() + 1;
    let from = first.max(earliest);
    let mut to = replay_id(made, "to")?
        .unwrap_or(u64::MAX)
        .min(bounds.tail.get());
    let mut counts: BTreeMap<(i64, String, String), Counted> = BTreeMap::new();
    let mut scanned = 0;
    while from <= to && scanned < CONTROL_SEARCHED_EVENTS_MAX {
        let page = u64::try_from(CONTROL_SEARCHED_EVENTS_PAGE).unwrap_or(u64::MAX);
        let lowest = from.max(to.saturating_sub(page - 1));
        let events = between(&org, lowest, to).await?;
        scanned += events.len().max(1);
        if filter.reads_names() {
            let all = records(&org, &events);
            names.look_up(&org, all).await?;
        }
        for event in &events {
            if let Some(key) = counted(&org, event, (&spans, &filter, &names)) {
                counts.entry(key).or_default().add(event.event().replay_id);
            }
        }
        to = lowest - 1;
        tokio::task::yield_now().await;
    }
    let mut w = Writer::new();
    w.object(|w| {
        w.name("since").string(&render_utc(spans.since));
        w.name("until").string(&render_utc(spans.until));
        w.name("bucketMs").integer(spans.length);
        w.name("events").raw(
            &counts
                .values()
                .map(|counted| counted.events)
                .sum::<u64>()
                .to_string(),
        );
        w.name("counts").array(|w| {
            for ((bucket, topic, kind), counted) in &counts {
                w.object(|w| {
                    w.name("bucket").integer(*bucket);
                    w.name("topic").string(topic);
                    w.name("type").string(kind);
                    w.name("events").raw(&counted.events.to_string());
                    w.name("first").raw(&counted.first.to_string());
                    w.name("last").raw(&counted.last.to_string());
                });
            }
        });
        if from <= to {
            w.name("next").raw(&to.to_string());
        }
        write_bounds(w, bounds);
    });
    Ok(w.finish())
}

/// Events of one span, topic and change type.
#[derive(Default)]
struct Counted {
    events: u64,
    first: ReplayId,
    last: ReplayId,
}

impl Counted {
    fn add(&mut self, id: ReplayId) {
        self.first = if self.events == 0 {
            id
        } else {
            self.first.min(id)
        };
        self.last = self.last.max(id);
        self.events += 1;
    }
}

/// Where an event counts; none if it does not pass.
fn counted(
    org: &Org,
    event: &LogEvent,
    (spans, filter, names): (&Spans, &Filter, &Names),
) -> Option<(i64, String, String)> {
    let event = event.event();
    let bucket = spans.bucket(event.appended)?;
    if !filter.topics.passes(event.topic) {
        return None;
    }
    let read = Read::of(org, event);
    let kind = read.header().map(|header| header.change_type.as_str());
    filter.passes(&read, names).then(|| {
        let kind = kind.unwrap_or(PUBLISHED).to_owned();
        (bucket, names.of(event.topic), kind)
    })
}
