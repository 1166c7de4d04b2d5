//! The faults of an org: armed, listed with their counts, and cleared.

use std::num::NonZeroU64;

use http::StatusCode;
use landfall_apidoc::{Call, Kind, Member, Parameter};
use landfall_engine::faults::{
    Arming, FaultKind, Faults, Filter, HiddenPart, Planned, Progress, Scope, When,
};
use landfall_http::Writer;
use landfall_model::limits::FAULT_DELAY_MILLIS_MAX;
use landfall_wire::dates::render_utc;

use crate::Made;
use crate::input::nearest;
use crate::refusal::{Refusal, invalid};
use crate::span;

const fn text(name: &'static str, description: &'static str) -> Member {
    Member {
        name,
        kind: Kind::Text,
        required: false,
        description,
    }
}

const fn number(name: &'static str, description: &'static str) -> Member {
    Member {
        name,
        kind: Kind::Integer,
        required: false,
        description,
    }
}

const fn time(name: &'static str, description: &'static str) -> Member {
    Member {
        name,
        kind: Kind::Time,
        required: false,
        description,
    }
}

const NAME: Member = Member {
    name: "fault",
    kind: Kind::OneOf(FaultKind::NAMES),
    required: true,
    description: "What happens",
};

const TOPIC: Member = text(
    "topic",
    "On this topic only, such as /data/AccountChangeEvent",
);
const CLIENT: Member = text("client", "For this client id of the Streaming API only");
const USER: Member = text("user", "For this user only, by username or id");
const METHOD: Member = text(
    "method",
    "For this method only: /meta/connect, Subscribe, POST /sobjects/Account, /services/Soap",
);
const NEXT: Member = number(
    "next",
    "How often it fires: 1, or without end if there is every, from or to",
);
const EVERY: Member = number(
    "every",
    "It fires at every so many matching occasions; 1 for all",
);
const AFTER: Member = number("after", "So many matching occasions pass before");
const FROM: Member = time("from", "It fires from this time of the org's clock on");
const TO: Member = time("to", "It fires before this time of the org's clock only");
const DELAY: Member = text(
    "delay",
    "How long, for faults that are about time: 250ms, 1m30s",
);
const BYTES: Member = number(
    "bytes",
    "How many bytes a second, for bandwidth; of each piece, for slice",
);

const OBJECT: Member = text(
    "object",
    "What is hidden, or shown again: an object; show without it shows everything",
);
const FIELD: Member = text("field", "A field of the object, instead of all of it");

const PROGRESS: &[&str] = &["waiting", "armed", "spent"];

const FAULT: &[Member] = &[
    Member {
        name: "id",
        required: true,
        ..text("id", "Its number")
    },
    NAME,
    TOPIC,
    CLIENT,
    USER,
    METHOD,
    NEXT,
    EVERY,
    AFTER,
    FROM,
    TO,
    DELAY,
    BYTES,
    OBJECT,
    FIELD,
    Member {
        required: true,
        ..number("matched", "How many occasions matched")
    },
    Member {
        required: true,
        ..number("fired", "How often it has fired")
    },
    Member {
        name: "state",
        kind: Kind::OneOf(PROGRESS),
        required: true,
        description: "Whether it can fire later, can fire now, or never again",
    },
];

const LISTED: &[Member] = &[Member {
    name: "faults",
    kind: Kind::List(FAULT),
    required: true,
    description: "In the order in which they were armed",
}];

pub(crate) const LIST: Call = Call {
    method: "get",
    path: "faults",
    id: "listFaults",
    summary: "The faults of the org with their counts",
    parameters: &[],
    reads: &[],
    status: 200,
    answers: LISTED,
    refusals: &[],
};

pub(crate) const ARM: Call = Call {
    method: "post",
    path: "faults",
    id: "armFault",
    summary: "Arms a fault",
    parameters: &[],
    reads: &[
        NAME, TOPIC, CLIENT, USER, METHOD, NEXT, EVERY, AFTER, FROM, TO, DELAY, BYTES, OBJECT,
        FIELD,
    ],
    status: 201,
    answers: FAULT,
    refusals: &[(409, "There are too many faults")],
};

pub(crate) const CLEAR: Call = Call {
    method: "delete",
    path: "faults",
    id: "clearFaults",
    summary: "Removes all faults, and answers with them",
    parameters: &[],
    reads: &[],
    status: 200,
    answers: LISTED,
    refusals: &[],
};

pub(crate) const REMOVE: Call = Call {
    method: "delete",
    path: "faults/{id}",
    id: "removeFault",
    summary: "Removes a fault, and answers with it",
    parameters: &[Parameter::in_path("id", "The number of the fault")],
    reads: &[],
    status: 200,
    answers: FAULT,
    refusals: &[(404, "There is no such fault")],
};

pub(crate) fn list(made: &Made<'_>) -> Result<String, Refusal> {
    let org = made.org()?;
    let faults = org.engine.faults();
    Ok(listed(faults, &faults.all()))
}

pub(crate) fn clear(made: &Made<'_>) -> Result<String, Refusal> {
    let org = made.org()?;
    let faults = org.engine.faults();
    Ok(listed(faults, &faults.clear()))
}

pub(crate) fn remove(made: &Made<'_>) -> Result<String, Refusal> {
    let org = made.org()?;
    let faults = org.engine.faults();
    let id = made.input.text("id").and_then(|id| id.parse().ok());
    let removed = id.and_then(|id| faults.remove(id));
    let removed = removed.ok_or_else(|| {
        Refusal::new(
            StatusCode::NOT_FOUND,
            "fault-not-found",
            "there is no such fault",
        )
    })?;
    Ok(rendered(faults, &removed))
}

pub(crate) fn arm(made: &Made<'_>) -> Result<String, Refusal> {
    let org = made.org()?;
    let faults = org.engine.faults();
    let arming = arming(made)?;
    let first = made.orgs.list().first().map(|first| first.id);
    if arming.kind.is_of_process() && first != Some(org.engine.org().id) {
        let name = arming.kind.name();
        return Err(invalid(format!(
            "{name} is about the whole process: arm it in its first org, without an access token"
        )));
    }
    let planned = faults.arm(arming);
    let planned = planned
        .map_err(|full| Refusal::new(StatusCode::CONFLICT, "too-many-faults", full.to_string()))?;
    Ok(rendered(faults, &planned))
}

/// What a fault is to be armed with.
fn arming(made: &Made<'_>) -> Result<Arming, Refusal> {
    let input = &made.input;
    let kind = input.text("fault").and_then(FaultKind::named);
    let kind = kind.ok_or_else(|| invalid("\"fault\" is missing"))?;
    let restriction = |scope: Scope| {
        let name = member(scope);
        let Some(text) = input.text(name) else {
            return Ok(None);
        };
        if !kind.scopes().contains(&scope) {
            return Err(out_of_scope(kind, name));
        }
        if text.trim().is_empty() {
            return Err(invalid(format!("\"{name}\" is empty")));
        }
        Ok(Some(text.trim().to_owned()))
    };
    let filter = Filter {
        topic: restriction(Scope::Topic)?,
        client: restriction(Scope::Client)?,
        user: restriction(Scope::User)?,
        method: restriction(Scope::Method)?,
    };
    Ok(Arming {
        kind,
        filter,
        when: when(made)?,
        delay_ms: delay(made, kind)?,
        bytes: bytes(made, kind)?,
        subject: subject(made, kind)?,
    })
}

const fn member(scope: Scope) -> &'static str {
    match scope {
        Scope::Topic => "topic",
        Scope::Client => "client",
        Scope::User => "user",
        Scope::Method => "method",
    }
}

fn out_of_scope(kind: FaultKind, name: &str) -> Refusal {
    let scopes = kind.scopes().iter().map(|scope| member(*scope));
    let scopes: Vec<_> = scopes.collect();
    let fault = kind.name();
    invalid(if scopes.is_empty() {
        format!("{fault} is for the whole org and cannot be restricted to a {name}")
    } else {
        let scopes = scopes.join(", ");
        format!("{fault} cannot be restricted to a {name}, only by {scopes}")
    })
}

/// A number of at least 1.
fn positive(made: &Made<'_>, name: &str) -> Result<Option<NonZeroU64>, Refusal> {
    let Some(number) = made.input.integer(name) else {
        return Ok(None);
    };
    let number = u64::try_from(number).ok().and_then(NonZeroU64::new);
    let number = number.ok_or_else(|| invalid(format!("\"{name}\" is less than 1")))?;
    Ok(Some(number))
}

fn when(made: &Made<'_>) -> Result<When, Refusal> {
    let input = &made.input;
    let after = input.integer("after").unwrap_or_default();
    let after = u64::try_from(after).map_err(|_| invalid("\"after\" is less than 0"))?;
    let (next, every) = (positive(made, "next")?, positive(made, "every")?);
    let (from, to) = (input.time("from"), input.time("to"));
    if let (Some(from), Some(to)) = (from, to)
        && from >= to
    {
        return Err(invalid("\"to\" is not later than \"from\""));
    }
    let goes_on = every.is_some() || from.is_some() || to.is_some();
    Ok(When {
        after,
        every: every.unwrap_or(NonZeroU64::MIN),
        times: next.or_else(|| (!goes_on).then_some(NonZeroU64::MIN)),
        from,
        to,
    })
}

fn delay(made: &Made<'_>, kind: FaultKind) -> Result<u64, Refusal> {
    let name = kind.name();
    match (made.input.text("delay"), kind.has_delay()) {
        (None, false) => Ok(0),
        (None, true) => Err(invalid(format!("{name} needs a \"delay\" such as 250ms"))),
        (Some(_), false) => Err(invalid(format!("{name} has no \"delay\""))),
        (Some(text), true) => {
            let delay = span::parse(text).and_then(|delay| u64::try_from(delay).ok());
            delay
                .filter(|delay| *delay <= FAULT_DELAY_MILLIS_MAX)
                .ok_or_else(|| {
                    invalid(
                        "\"delay\" is not a span of time such as 250ms or 1m30s, of 10m at most",
                    )
                })
        }
    }
}

fn bytes(made: &Made<'_>, kind: FaultKind) -> Result<u64, Refusal> {
    let name = kind.name();
    match (positive(made, "bytes")?, kind.has_bytes()) {
        (None, false) => Ok(0),
        (None, true) => Err(invalid(format!("{name} needs \"bytes\""))),
        (Some(_), false) => Err(invalid(format!("{name} has no \"bytes\""))),
        (Some(bytes), true) => Ok(bytes.get()),
    }
}

/// The object or field that is hidden or shown: one that permissions decide about.
fn subject(made: &Made<'_>, kind: FaultKind) -> Result<Option<HiddenPart>, Refusal> {
    let name = kind.name();
    let input = &made.input;
    let (object, field) = (input.text(OBJECT.name), input.text(FIELD.name));
    if !kind.has_subject() {
        let given = [(OBJECT, object), (FIELD, field)];
        let given = given.into_iter().find(|(_, value)| value.is_some());
        return given.map_or(Ok(None), |(member, _)| {
            Err(invalid(format!("{name} has no \"{}\"", member.name)))
        });
    }
    let Some(object) = object else {
        return if kind == FaultKind::Hide || field.is_some() {
            Err(invalid(format!("{name} needs an \"object\"")))
        } else {
            Ok(None)
        };
    };
    let catalog = made.org()?.engine.catalog();
    let entity = catalog.entity(object);
    let entity = entity.ok_or_else(|| {
        let known = catalog.entities().iter();
        let known: Vec<&str> = known.map(|entity| entity.name.as_str()).collect();
        meaning(
            &format!("there is no object {object}"),
            nearest(object, &known),
        )
    })?;
    let Some(field) = field else {
        return Ok(Some(HiddenPart {
            object: entity.name.to_string(),
            field: None,
        }));
    };
    let known = entity.field(field).map(|(_, field)| field);
    let known = known.ok_or_else(|| {
        let known = entity.fields.iter();
        let known: Vec<&str> = known.map(|field| field.name.as_str()).collect();
        meaning(
            &format!("{object} has no field {field}"),
            nearest(field, &known),
        )
    })?;
    if !entity.secures(known) {
        return Err(invalid(format!(
            "{object}.{field} is visible to everybody who sees the object, or goes with its compound field"
        )));
    }
    Ok(Some(HiddenPart {
        object: entity.name.to_string(),
        field: Some(known.name.to_string()),
    }))
}

/// The refusal of an unknown name, with the one that was probably meant.
fn meaning(refused: &str, meant: Option<&str>) -> Refusal {
    invalid(match meant {
        Some(meant) => format!("{refused}; did you mean \"{meant}\"?"),
        None => refused.to_owned(),
    })
}

fn listed(faults: &Faults, planned: &[Planned]) -> String {
    let mut w = Writer::new();
    w.object(|w| {
        w.name("faults").array(|w| {
            for fault in planned {
                write(w, faults, fault);
            }
        });
    });
    w.finish()
}

fn rendered(faults: &Faults, planned: &Planned) -> String {
    let mut w = Writer::new();
    write(&mut w, faults, planned);
    w.finish()
}

fn write(w: &mut Writer, faults: &Faults, planned: &Planned) {
    let Arming {
        kind,
        filter,
        when,
        delay_ms,
        bytes,
        subject,
    } = &planned.arming;
    let state = match faults.progress(planned) {
        Progress::Waiting => "waiting",
        Progress::Armed => "armed",
        Progress::Spent => "spent",
    };
    w.object(|w| {
        w.name("id").string(&planned.id.to_string());
        w.name("fault").string(kind.name());
        for (name, value) in [
            ("topic", &filter.topic),
            ("client", &filter.client),
            ("user", &filter.user),
            ("method", &filter.method),
        ] {
            if let Some(value) = value {
                w.name(name).string(value);
            }
        }
        if let Some(times) = when.times {
            w.name("next").integer(count(times.get()));
        }
        w.name("every").integer(count(when.every.get()));
        w.name("after").integer(count(when.after));
        for (name, time) in [("from", when.from), ("to", when.to)] {
            if let Some(time) = time {
                w.name(name).string(&render_utc(time));
            }
        }
        if kind.has_delay() {
            w.name("delay").string(&format!("{delay_ms}ms"));
        }
        if kind.has_bytes() {
            w.name("bytes").integer(count(*bytes));
        }
        if let Some(part) = subject {
            w.name(OBJECT.name).string(&part.object);
            if let Some(field) = &part.field {
                w.name(FIELD.name).string(field);
            }
        }
        w.name("matched").integer(count(planned.matched));
        w.name("fired").integer(count(planned.fired));
        w.name("state").string(state);
    });
}

fn count(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
