//! The clock of an org: shown, frozen, set, advanced and resumed.

use http::StatusCode;
use landfall_apidoc::{Call, Kind, Member};
use landfall_engine::{ClockError, Move, Reading};
use landfall_http::Writer;
use landfall_wire::dates::render_utc;

use crate::Made;
use crate::refusal::{Refusal, invalid};
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

pub(crate) const ADVANCE: Call = Call {
    method: "post",
    path: "clock/advance",
    id: "advanceClock",
    summary: "Advances the clock; what falls due is done, in order, before the answer",
    parameters: &[],
    reads: &[Member {
        name: "by",
        kind: Kind::Text,
        required: true,
        description: "How far, in d, h, m, s and ms: 73h, 1d12h",
    }],
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
    let by = made.input.text("by").and_then(span::parse);
    let by = by.ok_or_else(|| invalid("\"by\" is not a span of time such as 73h or 1d12h"))?;
    let advanced = clock.advance(Move::By(by));
    advanced.await.map(rendered).map_err(refused)
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
