//! `POST /composite`: up to 25 parts that may refer to each other.
//!
//! Source: "Send Multiple Requests Using Composite" (REST API Developer Guide).

use axum::body::Body;
use landfall_http::json::{self, Content};
use landfall_http::{Answer, Writer, json_body};
use landfall_model::limits::{REST_PARTS_HEAVY_MAX, REST_PARTS_MAX};
use landfall_model::{Fault, ManyFault};

use super::part::{Changes, Rules};
use super::series;
use crate::call::Call;
use crate::state::Shared;

const RULES: Rules = Rules {
    takes: |path| match path {
        [first] | [first, ..] if is(first, &["sobjects", "query", "queryAll"]) => true,
        [first, second, ..] => is(first, &["composite"]) && is(second, &["sobjects"]),
        _ => false,
    },
    takes_version: |_, _| true,
    changes: Changes::Records,
};

pub(super) fn is(segment: &str, words: &[&str]) -> bool {
    words.iter().any(|word| segment.eq_ignore_ascii_case(word))
}

/// Answers all parts.
pub(crate) async fn answer(shared: &Shared, call: &Call, body: Body) -> Result<Answer, Fault> {
    answer_by(shared, call, body, &RULES).await
}

/// Answers all parts, which are of the resources that the rules allow. What is wrong with the request itself refuses all of
/// it.
pub(super) async fn answer_by(
    shared: &Shared,
    call: &Call,
    body: Body,
    rules: &Rules,
) -> Result<Answer, Fault> {
    let bytes = json_body(&call.headers, body).await?;
    let body = json::Body::parse(&bytes)?;
    let (mut list, mut all_or_none) = (None, false);
    for (name, value) in body.members()? {
        match (name.as_str(), &value.content) {
            ("compositeRequest", Content::Array(_)) => list = Some(value),
            ("allOrNone", Content::Boolean(flag)) => all_or_none = *flag,
            // Parts are answered in their order, which collation allows.
            ("collateSubrequests", Content::Boolean(_))
            | ("allOrNone" | "collateSubrequests", Content::Null) => {}
            ("compositeRequest" | "allOrNone" | "collateSubrequests", _) => {
                return Err(body.unexpected(value).into());
            }
            _ => return Err(body.unrecognized(name, value).into()),
        }
    }
    let list =
        list.ok_or_else(|| body.refuse(&body.root, "Missing required field \"compositeRequest\""))?;
    let items = series::items(&body, list, call.version)?;
    let heavy = items.iter().filter(|item| is_heavy(&item.path())).count();
    if items.len() > REST_PARTS_MAX {
        return Ok(refused(&ManyFault::PartsTooMany {
            most: REST_PARTS_MAX,
        }));
    }
    if heavy > REST_PARTS_HEAVY_MAX {
        return Ok(refused(&ManyFault::HeavyPartsTooMany {
            most: REST_PARTS_HEAVY_MAX,
        }));
    }
    let (answered, _) = series::answer(shared, call, items, all_or_none, rules).await?;
    let faults = series::faults(&answered);
    let mut w = Writer::new();
    w.object(|w| series::write(w, answered));
    Ok(Answer::json(w.finish()).reporting(faults))
}

/// Queries and lists of records, of which there may be fewer.
fn is_heavy(path: &str) -> bool {
    let path = path.strip_prefix("tooling/").unwrap_or(path);
    let first = path.split('/').next().unwrap_or_default();
    matches!(first, "query" | "queryall" | "composite")
}

/// A refusal that takes the place of all answers.
///
/// Source: a response quoted in guardian/support-service-lambdas, #766.
fn refused(fault: &ManyFault) -> Answer {
    let mut w = Writer::new();
    w.object(|w| {
        w.name("compositeResponse").array(|w| {
            let refusal = Answer::refusal(&Fault::Many(fault.clone()));
            series::write_one(w, None, refusal);
        });
    });
    Answer::json(w.finish())
}
