//! The events of the log, listed newest first; reading them here is no delivery.

mod deliveries;
mod filter;
mod follow;
mod histogram;
mod shown;

use std::sync::Arc;

use http::StatusCode;
use landfall_apidoc::{Call, Kind, Member, Parameter};
use landfall_engine::{LogEvent, TopicFilter};
use landfall_http::Writer;
use landfall_model::ReplayId;
use landfall_model::limits::{
    CONTROL_LISTED_BYTES_MAX, CONTROL_LISTED_EVENTS, CONTROL_LISTED_EVENTS_MAX,
    CONTROL_SEARCHED_EVENTS_MAX, CONTROL_SEARCHED_EVENTS_PAGE,
};

use crate::refusal::{Refusal, failed, invalid};
use crate::topics::{BOUNDS, write_bounds};
use crate::{Made, Org};
use filter::Filter;
use shown::{EVENT, Names, Read, Records};

pub use filter::check_filter;

pub(crate) use deliveries::{LIST as DELIVERIES, list as deliveries};
pub(crate) use follow::{FOLLOW, follow, followers};
pub(crate) use histogram::{HISTOGRAM, histogram};

/// Which events. An event passes if it meets every parameter, and any of the values of each.
const FILTER: [Parameter; 9] = [
    Parameter::in_query(
        "topic",
        "Topics, separated by commas: /data/AccountChangeEvent,/event/Order__e",
    ),
    Parameter::in_query(
        "type",
        "Change types, separated by commas; PUBLISHED for events that are no change events. GAP* for all that begin with GAP",
    ),
    Parameter::in_query(
        "entity",
        "Objects of change events, separated by commas: Account,Contact",
    ),
    Parameter::in_query(
        "record",
        "Record ids with 15 or 18 characters, separated by commas",
    ),
    Parameter::in_query(
        "field",
        "Fields, separated by commas, that the event reports as changed, or has a value for if it reports no changed fields",
    ),
    Parameter::in_query(
        "user",
        "Ids of users who made the change, separated by commas",
    ),
    Parameter::in_query("transaction", "Transaction keys, separated by commas"),
    Parameter::in_query(
        "q",
        "A text that is in the data of the event, in upper or lower case",
    ),
    Parameter::in_query(
        "filter",
        "Conditions and texts with AND (or a space), OR, NOT (or -) and parentheses: `type:UPDATE field:Industry`, \
         `Amount>=100000 OR StageName=\"Closed Won\"`, `-user:005... burlington`. Keys: topic, type, object, id, tx, user, \
         origin, schema, replay, size, before, after, field, nulled; any other name with =, !=, <, <=, >, >= is a field of the \
         payload. Values are separated by commas, * stands for any letters. A text is searched for in the name and the ids of \
         the record and in the texts of the payload",
    ),
];

pub(crate) const LIST: Call = Call {
    method: "get",
    path: "events",
    id: "listEvents",
    summary: "Retained events, newest first. Reading them is no delivery. A search ends after some of the log: if `next` is \
              there, the same call with `to` set to it goes on",
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
        Parameter::in_query("from", "The lowest replay id"),
        Parameter::in_query("to", "The highest replay id"),
        Parameter::in_query(
            "limit",
            "How many events at most: 100 unless given, 500 at most",
        ),
    ],
    reads: &[],
    status: 200,
    answers: &[
        Member::required("events", Kind::List(EVENT), "Newest first"),
        Member::required(
            "scanned",
            Kind::Integer,
            "How many events of the log were looked at",
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

pub(crate) const SHOW: Call = Call {
    method: "get",
    path: "events/{replayId}",
    id: "getEvent",
    summary: "One event. Reading it is no delivery",
    parameters: &[Parameter::in_path("replayId", "Its replay id")],
    reads: &[],
    status: 200,
    answers: EVENT,
    refusals: &[],
};

/// A part of the log that is searched from its end.
struct Search<'s> {
    org: &'s Org,
    filter: Filter,
    names: Names,
    /// Of the events that are looked at: the lowest and the highest that is left.
    from: u64,
    to: u64,
    limit: usize,
    scanned: usize,
    /// Rendered, newest first.
    found: Vec<String>,
    bytes: usize,
}

pub(crate) async fn list(made: &Made<'_>) -> Result<String, Refusal> {
    let org = made.org()?;
    let bounds = org.engine.log().bounds();
    let lowest = replay_id(made, "from")?.unwrap_or(0);
    let highest = replay_id(made, "to")?.unwrap_or(u64::MAX);
    let earliest = bounds.earliest.map_or(u64::MAX, ReplayId::get);
    let mut search = Search {
        org: &org,
        filter: Filter::new(made, &org)?,
        names: Names::new(&org),
        from: lowest.max(earliest),
        to: highest.min(bounds.tail.get()),
        limit: made
            .input
            .limit(CONTROL_LISTED_EVENTS, CONTROL_LISTED_EVENTS_MAX)?,
        scanned: 0,
        found: Vec::new(),
        bytes: 0,
    };
    search.run().await?;
    let mut w = Writer::new();
    w.object(|w| {
        w.name("events").array(|w| {
            for event in &search.found {
                w.raw(event);
            }
        });
        w.name("scanned").raw(&search.scanned.to_string());
        if search.from <= search.to {
            w.name("next").raw(&search.to.to_string());
        }
        write_bounds(w, bounds);
    });
    Ok(w.finish())
}

pub(crate) async fn show(made: &Made<'_>) -> Result<String, Refusal> {
    let org = made.org()?;
    let id = replay_id(made, "replayId")?.unwrap_or_default();
    let event = found(&org, id).await?;
    let mut names = Names::new(&org);
    names.look_up(&org, records(&org, [&event])).await?;
    Ok(Read::of(&org, event.event()).rendered(&names))
}

/// The records of events.
fn records<'e>(org: &Org, events: impl IntoIterator<Item = &'e Arc<LogEvent>>) -> Records {
    let mut records = Records::default();
    for event in events {
        records.add(&Read::of(org, event.event()));
    }
    records
}

/// An event by its replay id.
async fn found(org: &Org, id: u64) -> Result<Arc<LogEvent>, Refusal> {
    let event = between(org, id, id).await?.pop();
    event.ok_or_else(|| {
        Refusal::new(
            StatusCode::NOT_FOUND,
            "event-not-found",
            format!("the org retains no event {id}"),
        )
    })
}

/// A parameter that is a replay id.
fn replay_id(made: &Made<'_>, name: &str) -> Result<Option<u64>, Refusal> {
    let id = made.input.number(name)?;
    match id {
        Some(id) if id > ReplayId::MAX.get() => Err(invalid(format!(
            "\"{name}\" is beyond the highest replay id"
        ))),
        id => Ok(id),
    }
}

impl Search<'_> {
    async fn run(&mut self) -> Result<(), Refusal> {
        while self.from <= self.to && self.scanned < CONTROL_SEARCHED_EVENTS_MAX {
            let page = u64::try_from(CONTROL_SEARCHED_EVENTS_PAGE).unwrap_or(u64::MAX);
            let first = self.from.max(self.to.saturating_sub(page - 1));
            let events = between(self.org, first, self.to).await?;
            if self.filter.reads_names() {
                let all = records(self.org, &events);
                self.names.look_up(self.org, all).await?;
            }
            let passing = self.passing(&events);
            let shown = records(self.org, passing.iter().copied());
            self.names.look_up(self.org, shown).await?;
            for event in passing {
                if self.take(event) {
                    self.to = event.event().replay_id.get() - 1;
                    return Ok(());
                }
            }
            self.to = first - 1;
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// Those of a page that pass, newest first, as many as the answer has space for.
    fn passing<'e>(&mut self, events: &'e [Arc<LogEvent>]) -> Vec<&'e Arc<LogEvent>> {
        let mut passing = Vec::new();
        for event in events.iter().rev() {
            self.scanned += 1;
            if self
                .filter
                .passes(&Read::of(self.org, event.event()), &self.names)
            {
                passing.push(event);
            }
            if self.found.len() + passing.len() >= self.limit {
                break;
            }
        }
        passing
    }

    /// Adds an event; says whether the answer is full.
    fn take(&mut self, event: &LogEvent) -> bool {
        let rendered = Read::of(self.org, event.event()).rendered(&self.names);
        self.bytes += rendered.len();
        self.found.push(rendered);
        self.found.len() >= self.limit || self.bytes >= CONTROL_LISTED_BYTES_MAX
    }
}

/// The events from one replay id to another, which are in reach of one another, in order.
async fn between(org: &Org, first: u64, last: u64) -> Result<Vec<Arc<LogEvent>>, Refusal> {
    let log = org.engine.log();
    let mut events = Vec::new();
    let mut after = ReplayId::new(first.saturating_sub(1));
    while after.get() < last {
        let left = usize::try_from(last - after.get()).unwrap_or(usize::MAX);
        let limit = left.min(CONTROL_SEARCHED_EVENTS_PAGE);
        let stretch = log.read(after, &TopicFilter::All, limit).await;
        let stretch = stretch.map_err(|failure| failed(&failure))?;
        let within = |event: &Arc<LogEvent>| event.event().replay_id.get() <= last;
        events.extend(stretch.events.into_iter().filter(within));
        if stretch.reached <= after {
            break;
        }
        after = stretch.reached;
    }
    Ok(events)
}
