//! The clock of an org: shown, frozen, set, advanced and resumed.

use http::StatusCode;
use landfall_apidoc::{Call, Kind, Member};
use landfall_engine::{ClockError, Move, Reading, SubscribableKind, TopicFilter};
use landfall_http::Writer;
use landfall_model::limits::CLOCK_MAX;
use landfall_wire::dates::render_utc;

use crate::Made;
use crate::refusal::{Refusal, failed, invalid};
use crate::span;

const READING: &[Member] = &[
    Member {
        name: "now",
        kind: Kind::Time,
        required: true,
        description: "The present of the org",
    },
    Member {
        name: "mode",
        kind: Kind::OneOf(MODES),
        required: true,
        description: "Whether time goes on",
    },
    Member {
        name: "aheadMs",
        kind: Kind::Integer,
        required: true,
        description: "Milliseconds between the machine's clock and this one",
    },
];

const HOUR_MS: i64 = 3_600_000;

const MODES: &[&str] = &["running", "frozen"];

const REFUSALS: &[(u16, &str)] = &[
    (409, "The clock would go back, or is being moved"),
    (
        504,
        "The clock was moved; what has fallen due is not done yet",
    ),
];

pub(crate) const SHOW: Call = Call {
    method: "get",
    path: "clock",
    id: "getClock",
    summary: "The clock of the org",
    parameters: &[],
    reads: &[],
    status: 200,
    answers: READING,
    refusals: &[],
};

pub(crate) const SET: Call = Call {
    method: "put",
    path: "clock",
    id: "setClock",
    summary: "Freezes the clock, resumes it, or sets it to a later time",
    parameters: &[],
    reads: &[
        Member {
            name: "mode",
            kind: Kind::OneOf(MODES),
            required: false,
            description: "frozen: time stops; running: time goes on from there. Without it, this stays",
        },
        Member {
            name: "now",
            kind: Kind::Time,
            required: false,
            description: "The new present, not before the old one. Without it, this stays",
        },
    ],
    status: 200,
    answers: READING,
    refusals: REFUSALS,
};

/// How far an advance goes.
const BY: Member = Member::required(
    "by",
    Kind::Text,
    "How far, in d, h, m, s and ms: 73h, 1d12h",
);

pub(crate) const PREVIEW: Call = Call {
    method: "post",
    path: "clock/preview",
    id: "previewClock",
    summary: "What would fall due if the clock were advanced, and changes nothing",
    parameters: &[],
    reads: &[BY],
    status: 200,
    answers: &[
        Member::required(
            "now",
            Kind::Time,
            "The present of the org after the advance",
        ),
        Member::required(
            "eventsBefore",
            Kind::Time,
            "Events that were published before are past their retention",
        ),
        Member::required(
            "events",
            Kind::Integer,
            "How many of the retained ones these are",
        ),
        Member::optional("lastEvent", Kind::Integer, "The highest replay id of them"),
        Member::required(
            "logins",
            Kind::Integer,
            "Access tokens that end unless they are used before",
        ),
        Member::required(
            "sessions",
            Kind::Integer,
            "Sessions of the Streaming API that end unless their clients send something before",
        ),
    ],
    refusals: &[],
};

pub(crate) const ADVANCE: Call = Call {
    method: "post",
    path: "clock/advance",
    id: "advanceClock",
    summary: "Advances the clock; what falls due is done, in order, before the answer",
    parameters: &[],
    reads: &[BY],
    status: 200,
    answers: READING,
    refusals: REFUSALS,
};

pub(crate) fn show(made: &Made<'_>) -> Result<String, Refusal> {
    let (_org, clock) = made.adjustable()?;
    Ok(rendered(clock.reading()))
}

pub(crate) async fn set(made: &Made<'_>) -> Result<String, Refusal> {
    let (_org, clock) = made.adjustable()?;
    let (mode, now) = (made.input.text("mode"), made.input.time("now"));
    if mode.is_none() && now.is_none() {
        return Err(invalid("neither \"mode\" nor \"now\" is there"));
    }
    let is_frozen = mode.map(|mode| mode == "frozen");
    let set = clock.set(is_frozen, now.map_or(Move::By(0), Move::To));
    set.await.map(rendered).map_err(refused)
}

pub(crate) async fn advance(made: &Made<'_>) -> Result<String, Refusal> {
    let (_org, clock) = made.adjustable()?;
    let advanced = clock.advance(Move::By(by(made)?));
    advanced.await.map(rendered).map_err(refused)
}

fn by(made: &Made<'_>) -> Result<i64, Refusal> {
    let by = made.input.text("by").and_then(span::parse);
    by.ok_or_else(|| invalid("\"by\" is not a span of time such as 73h or 1d12h"))
}

pub(crate) async fn preview(made: &Made<'_>) -> Result<String, Refusal> {
    let (org, clock) = made.adjustable()?;
    let by = by(made)?;
    let now = clock.reading().now;
    if by > CLOCK_MAX.since(now) {
        return Err(refused(ClockError::TooFar));
    }
    let now = now.plus_millis(by);
    let hours = org.engine.retention_hours(SubscribableKind::ChangeEvents);
    let hours = i64::try_from(hours).unwrap_or(i64::MAX);
    let before = now.plus_millis(hours.saturating_mul(HOUR_MS).saturating_neg());
    let log = org.engine.log();
    let last = log.position_at(before, &TopicFilter::All).await;
    let last = last.map_err(|failure| failed(&failure))?;
    let earliest = log.bounds().earliest.filter(|earliest| *earliest <= last);
    let events = earliest.map_or(0, |earliest| last.get() - earliest.get() + 1);
    let ending = org.subscribers.ending(now);
    let mut w = Writer::new();
    w.object(|w| {
        w.name("now").string(&render_utc(now));
        w.name("eventsBefore").string(&render_utc(before));
        w.name("events").raw(&events.to_string());
        if events > 0 {
            w.name("lastEvent").raw(&last.to_string());
        }
        w.name("logins").raw(&ending.logins.to_string());
        w.name("sessions").raw(&ending.sessions.to_string());
    });
    Ok(w.finish())
}

pub(crate) fn refused(error: ClockError) -> Refusal {
    match error {
        ClockError::Backwards { now } => Refusal::new(
            StatusCode::CONFLICT,
            "clock-backwards",
            format!("the clock is never set back, and it is {}", render_utc(now)),
        ),
        ClockError::TooFar => invalid("the clock ends at 4000-12-31T00:00:00Z"),
        ClockError::Moving => Refusal::new(
            StatusCode::CONFLICT,
            "clock-moving",
            "the clock is being moved by another call",
        ),
        ClockError::Unsettled => Refusal::new(
            StatusCode::GATEWAY_TIMEOUT,
            "not-settled",
            "the clock was moved; what has fallen due is not done yet",
        ),
    }
}

fn rendered(reading: Reading) -> String {
    let mut w = Writer::new();
    w.object(|w| {
        w.name("now").string(&render_utc(reading.now));
        let mode = if reading.is_frozen {
            "frozen"
        } else {
            "running"
        };
        w.name("mode").string(mode);
        w.name("aheadMs").integer(reading.ahead_ms);
    });
    w.finish()
}
