//! `POST /composite/batch`: up to 25 parts that know nothing of each other.
//!
//! Source: "Composite Batch", "Batch Request Body" (REST API Developer Guide).

use axum::body::Body;
use http::{HeaderMap, Method};
use landfall_http::json::{self, Content, Json};
use landfall_http::{Answer, Writer, json_body};
use landfall_model::limits::REST_PARTS_MAX;
use landfall_model::{Fault, ManyFault};

use super::part::{self, Changes, Part, Rules};
use crate::call::Call;
use crate::scope::Scope;
use crate::state::Shared;

/// What an address may begin with; the guide's samples leave it out.
const ROOT: &str = "/services/data/";

/// The oldest version that parts may name.
const VERSION_MIN: u16 = 34;

const RULES: Rules = Rules {
    takes: |path| {
        let first = path.first().copied().unwrap_or_default();
        ["sobjects", "query", "queryAll", "search", "limits"]
            .iter()
            .any(|word| first.eq_ignore_ascii_case(word))
    },
    takes_version: |whole, version| {
        version.number() >= VERSION_MIN && version.number() <= whole.number()
    },
    changes: Changes::Records,
};

/// Answers the parts in their order, each on its own.
pub(crate) async fn answer(shared: &Shared, call: &Call, body: Body) -> Result<Answer, Fault> {
    let bytes = json_body(&call.headers, body).await?;
    let body = json::Body::parse(&bytes)?;
    let (mut list, mut halts) = (None, false);
    for (name, value) in body.members()? {
        match (name.as_str(), &value.content) {
            ("batchRequests", Content::Array(items)) => list = Some(items),
            ("haltOnError", Content::Boolean(halt)) => halts = *halt,
            ("haltOnError", Content::Null) => {}
            ("batchRequests" | "haltOnError", _) => return Err(body.unexpected(value).into()),
            _ => return Err(body.unrecognized(name, value).into()),
        }
    }
    let list =
        list.ok_or_else(|| body.refuse(&body.root, "Missing required field \"batchRequests\""))?;
    if list.len() > REST_PARTS_MAX {
        return Err(Fault::Many(ManyFault::PartsTooMany {
            most: REST_PARTS_MAX,
        }));
    }
    let items: Vec<Item<'_>> = list
        .iter()
        .map(|json| item(&body, json))
        .collect::<Result<_, _>>()?;
    let mut has_errors = false;
    let mut answers = Vec::with_capacity(items.len());
    for item in items {
        let answer = if has_errors && halts {
            Answer::refusal(&Fault::Many(ManyFault::BatchHalted))
        } else {
            counted(shared, call, item).await
        };
        has_errors |= answer.is_error();
        answers.push(answer);
    }
    let faults = answers.iter().flat_map(Answer::reported).cloned().collect();
    let mut w = Writer::new();
    w.object(|w| {
        w.name("hasErrors").boolean(has_errors);
        w.name("results").array(|w| {
            for answer in answers {
                let (status, _, body) = answer.into_parts();
                w.object(|w| {
                    w.name("statusCode").integer(status.as_u16());
                    let body = if body.is_empty() { "null" } else { &body };
                    w.name("result").raw(body);
                });
            }
        });
    });
    Ok(Answer::json(w.finish()).reporting(faults))
}

/// Each part counts as a request of its own.
async fn counted(shared: &Shared, call: &Call, item: Item<'_>) -> Answer {
    let (_, verdict) = crate::org_limits::counted(shared);
    if let Err(fault) = verdict {
        return Answer::refusal(&fault.into());
    }
    let part = Part {
        method: item.method,
        url: item.url.to_owned(),
        headers: HeaderMap::new(),
        body: item.body.map(json::rendered),
    };
    part::answer(shared, call, Scope::Org, part, &RULES).await
}

struct Item<'b> {
    method: Method,
    url: &'b str,
    body: Option<&'b Json>,
}

fn item<'b>(body: &'b json::Body<'_>, json: &'b Json) -> Result<Item<'b>, Fault> {
    let Content::Object(members) = &json.content else {
        return Err(body.unexpected(json).into());
    };
    let (mut method, mut url, mut content) = (None, None, None);
    for (name, value) in members {
        match (name.as_str(), &value.content) {
            ("method", Content::Text(text)) => {
                let known = part::method(text);
                method = Some(known.ok_or_else(|| body.refuse(value, "The method is unknown"))?);
            }
            ("url", Content::Text(text)) => url = Some(text.strip_prefix(ROOT).unwrap_or(text)),
            ("richInput", Content::Null) => {}
            ("richInput", _) => content = Some(value),
            ("method" | "url", _) => return Err(body.unexpected(value).into()),
            _ => return Err(body.unrecognized(name, value).into()),
        }
    }
    let missing = |name| body.refuse(json, format!("Missing required field \"{name}\""));
    Ok(Item {
        method: method.ok_or_else(|| missing("method"))?,
        url: url.ok_or_else(|| missing("url"))?,
        body: content,
    })
}
