//! What clients have sent and what they got, and what they did wrong.

use http::StatusCode;
use landfall_apidoc::{Call, Kind, Member, Parameter};
use landfall_http::Writer;
use landfall_journal::{Api, Content, Entry, Filter, Journal, Kind as Mistaken, Mistake};
use landfall_model::limits::JOURNAL_PAGE;
use landfall_wire::dates::render_utc;

use crate::Made;
use crate::refusal::Refusal;

/// What a request is listed with.
const SUMMARY: [Member; 13] = [
    Member::required("number", Kind::Integer, "Counted from 1 in the org"),
    Member::required("at", Kind::Time, "When it came, by the clock of the org"),
    Member::required("api", Kind::OneOf(Api::NAMES), "The API, by the path"),
    Member::required("method", Kind::Text, "Its method"),
    Member::required(
        "target",
        Kind::Text,
        "Path and query; passwords and tokens are ***",
    ),
    Member::optional("client", Kind::Text, "The User-Agent of the client"),
    Member::optional("status", Kind::Integer, "The HTTP status, once it is known"),
    Member::optional(
        "grpcStatus",
        Kind::Integer,
        "Of a call of the Pub/Sub API: its status, once it is known",
    ),
    Member::optional(
        "grpcMessage",
        Kind::Text,
        "Of a call of the Pub/Sub API: what it failed with",
    ),
    Member::optional(
        "ms",
        Kind::Integer,
        "Real time to the end of the answer; none while it is not over",
    ),
    Member::required(
        "cut",
        Kind::Boolean,
        "Whether the connection ended before the answer did",
    ),
    Member::optional(
        "unsupported",
        Kind::Text,
        "Why the resource does not exist, if it is one of the service's",
    ),
    Member::optional(
        "user",
        Kind::Text,
        "The user name of the access token in its head",
    ),
];

const BODY: &[Member] = &[
    Member::optional("mediaType", Kind::Text, "Its media type"),
    Member::required("bytes", Kind::Integer, "Its length as sent"),
    Member::required("whole", Kind::Boolean, "Whether all of it is kept"),
    Member::optional(
        "text",
        Kind::Text,
        "The beginning, unpacked; of the Pub/Sub API each whole message as a line of JSON; none if it is binary",
    ),
];

const NUMBER: Parameter = Parameter::in_path("number", "Its number");

pub(crate) const NONE_KEPT: (u16, &str) = (409, "The org keeps no requests: journal.requests is 0");

/// Which requests are listed.
pub(crate) const FILTERS: &[Parameter] = &[
    Parameter {
        values: Api::NAMES,
        ..Parameter::in_query("api", "Those for an API")
    },
    Parameter::in_query("status", "Those with this HTTP status"),
    Parameter::in_query(
        "text",
        "Those with this text in method and target, in the User-Agent, or in the kept body of the request",
    ),
    Parameter::in_query("before", "Those with lower numbers: the next page"),
    Parameter::in_query("after", "Those with higher numbers"),
    Parameter::in_query("limit", "How many, 1 to 1000; 100 unless given"),
];

pub(crate) const LIST: Call = Call {
    method: "get",
    path: "requests",
    id: "listRequests",
    summary: "The requests of clients, the newest first",
    parameters: FILTERS,
    reads: &[],
    status: 200,
    answers: &[
        Member::required("requests", Kind::List(&SUMMARY), "The newest first"),
        Member::required(
            "more",
            Kind::Boolean,
            "Whether there are more that are older",
        ),
    ],
    refusals: &[NONE_KEPT],
};

pub(crate) const SHOW: Call = Call {
    method: "get",
    path: "requests/{number}",
    id: "showRequest",
    summary: "A request with the beginnings of its body and of the body of its answer",
    parameters: &[NUMBER],
    reads: &[],
    status: 200,
    answers: &[
        SUMMARY[0],
        SUMMARY[1],
        SUMMARY[2],
        SUMMARY[3],
        SUMMARY[4],
        SUMMARY[5],
        SUMMARY[6],
        SUMMARY[7],
        SUMMARY[8],
        SUMMARY[9],
        SUMMARY[10],
        SUMMARY[11],
        SUMMARY[12],
        Member::required("request", Kind::Object(BODY), "Its body"),
        Member::required("answer", Kind::Object(BODY), "The body of its answer"),
    ],
    refusals: &[NONE_KEPT],
};

pub(crate) const CLEAR: Call = Call {
    method: "delete",
    path: "requests",
    id: "clearRequests",
    summary: "Forgets all requests and mistakes; numbers go on",
    parameters: &[],
    reads: &[],
    status: 204,
    answers: &[],
    refusals: &[NONE_KEPT],
};

pub(crate) const MISTAKES: Call = Call {
    method: "get",
    path: "mistakes",
    id: "listMistakes",
    summary: "What clients did that no correct client does, since the start or the last reset",
    parameters: &[],
    reads: &[],
    status: 200,
    answers: &[
        Member::required("requests", Kind::Integer, "How many requests there were"),
        Member::required(
            "mistakes",
            Kind::List(&[
                Member::required("kind", Kind::OneOf(Mistaken::NAMES), "What it is"),
                Member::required(
                    "message",
                    Kind::Text,
                    "The request, and what its client got for it",
                ),
                Member::optional("hint", Kind::Text, "What was probably meant"),
                Member::required("times", Kind::Integer, "How often it was made"),
                Member::required("first", Kind::Integer, "The number of the first request"),
                Member::required("last", Kind::Integer, "The number of the last request"),
            ]),
            "Different ones, in the order in which they were made first",
        ),
        Member::required(
            "further",
            Kind::Integer,
            "How many more there were beyond the 200 that are kept",
        ),
    ],
    refusals: &[NONE_KEPT],
};

pub(crate) fn journal(made: &Made<'_>) -> Result<Journal, Refusal> {
    made.org()?.journal.ok_or_else(|| {
        Refusal::new(
            StatusCode::CONFLICT,
            "journal-off",
            "the org keeps no requests: journal.requests is 0",
        )
    })
}

pub(crate) fn filtered(made: &Made<'_>) -> Result<Filter, Refusal> {
    let (usual, most) = JOURNAL_PAGE;
    Ok(Filter {
        api: made.input.text("api").and_then(Api::named),
        status: made.input.number("status")?,
        text: made.input.text("text").map(str::to_owned),
        before: made.input.number("before")?,
        after: made.input.number("after")?,
        limit: made.input.limit(usual, most)?,
    })
}

pub(crate) fn list(made: &Made<'_>) -> Result<String, Refusal> {
    let page = journal(made)?.page(&filtered(made)?);
    let mut w = Writer::new();
    w.object(|w| {
        w.name("requests").array(|w| {
            for entry in &page.entries {
                w.object(|w| write_summary(w, entry));
            }
        });
        w.name("more").boolean(page.has_more);
    });
    Ok(w.finish())
}

pub(crate) fn show(made: &Made<'_>) -> Result<String, Refusal> {
    let journal = journal(made)?;
    let number: u64 = made.input.number("number")?.unwrap_or_default();
    let entry = journal.find(number).ok_or_else(|| {
        Refusal::new(
            StatusCode::NOT_FOUND,
            "request-not-found",
            format!("there is no request {number}, or it is not kept any more"),
        )
    })?;
    let mut w = Writer::new();
    w.object(|w| {
        write_summary(w, &entry);
        let text = journal.request_text(&entry);
        w.name("request")
            .object(|w| write_body(w, &entry.request, text.as_deref()));
        let text = journal.answer_text(&entry);
        w.name("answer")
            .object(|w| write_body(w, &entry.answer, text.as_deref()));
    });
    Ok(w.finish())
}

fn write_summary(w: &mut Writer, entry: &Entry) {
    let outcome = &entry.outcome;
    w.name("number").raw(&entry.number.to_string());
    w.name("at").string(&render_utc(entry.at));
    w.name("api").string(entry.api.name());
    w.name("method").string(entry.method.as_str());
    w.name("target").string(&entry.target);
    write_text(w, "client", entry.client.as_deref());
    if let Some(status) = outcome.status {
        w.name("status").integer(status);
    }
    if let Some(status) = outcome.grpc_status {
        w.name("grpcStatus").integer(status);
    }
    write_text(w, "grpcMessage", outcome.grpc_message.as_deref());
    if let Some(millis) = outcome.millis {
        w.name("ms").raw(&millis.to_string());
    }
    w.name("cut").boolean(outcome.is_cut);
    write_text(w, "unsupported", entry.unsupported);
    write_text(w, "user", entry.requester.username());
}

fn write_body(w: &mut Writer, body: &Content, text: Option<&str>) {
    write_text(w, "mediaType", body.media_type());
    w.name("bytes").raw(&body.length.to_string());
    w.name("whole").boolean(body.is_whole());
    write_text(w, "text", text);
}

fn write_text(w: &mut Writer, name: &str, text: Option<&str>) {
    if let Some(text) = text {
        w.name(name).string(text);
    }
}

pub(crate) fn clear(made: &Made<'_>) -> Result<String, Refusal> {
    journal(made)?.forget();
    Ok(String::new())
}

pub(crate) fn mistakes(made: &Made<'_>) -> Result<String, Refusal> {
    let journal = journal(made)?;
    let mistakes = journal.mistakes();
    let mut w = Writer::new();
    w.object(|w| {
        w.name("requests").raw(&journal.requests().to_string());
        w.name("mistakes").array(|w| {
            for mistake in &mistakes.all {
                w.object(|w| write_mistake(w, mistake));
            }
        });
        w.name("further").raw(&mistakes.further.to_string());
    });
    Ok(w.finish())
}

fn write_mistake(w: &mut Writer, mistake: &Mistake) {
    w.name("kind").string(mistake.finding.kind.name());
    w.name("message").string(&mistake.finding.message);
    write_text(w, "hint", mistake.finding.hint.as_deref());
    w.name("times").raw(&mistake.times.to_string());
    w.name("first").raw(&mistake.first.to_string());
    w.name("last").raw(&mistake.last.to_string());
}
