//! A series of parts that may refer to each other's answers: what `/composite` and each graph consist of.
//!
//! Source: "Composite Request Body", "Composite Subrequest Result", "allOrNone Parameters in Composite and Collections
//! Requests" (REST API Developer Guide).

use std::collections::HashSet;
use std::sync::Arc;

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, ETAG, LAST_MODIFIED, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use landfall_http::json::{Body, Content, Json};
use landfall_http::{Answer, Writer};
use landfall_model::{Fault, ManyFault};
use landfall_wire::ApiVersion;

use super::part::{self, Changes, Part, Rules};
use super::reference::{Answers, checks_ids, is_id, references, references_in};
use crate::call::Call;
use crate::scope::Scope;
use crate::state::Shared;
use crate::transaction;

/// Where the address of every part begins.
const ROOT: &str = "/services/data/";

/// What a part has from the whole request and must not bring itself.
const INHERITED: [HeaderName; 3] = [ACCEPT, AUTHORIZATION, CONTENT_TYPE];

/// A part as the request spells it, references included.
pub(crate) struct Item<'b> {
    pub(crate) method: Method,
    /// Without its beginning, which all have.
    pub(crate) url: &'b str,
    pub(crate) reference: &'b str,
    headers: HeaderMap,
    body: Option<&'b Json>,
}

impl Item<'_> {
    /// The path after the version, in lower case.
    pub(crate) fn path(&self) -> String {
        let path = self.url.split('?').next().unwrap_or_default();
        let path = path.trim_start_matches('/');
        let path = path.split_once('/').map_or("", |(_, path)| path);
        path.trim_matches('/').to_ascii_lowercase()
    }

    /// Shows the ids of the parts that it refers to.
    pub(crate) fn references(&self, show: &mut impl FnMut(&str)) {
        references(self.url, show);
        if let Some(body) = self.body {
            references_in(body, show);
        }
    }
}

/// The answer to a part.
pub(crate) struct Answered<'b> {
    reference: &'b str,
    answer: Answer,
}

/// Reads the parts of a series.
///
/// # Errors
/// What is wrong with any of them: then none of them is answered.
pub(crate) fn items<'b>(
    body: &'b Body<'_>,
    list: &'b Json,
    version: ApiVersion,
) -> Result<Vec<Item<'b>>, Fault> {
    let Content::Array(list) = &list.content else {
        return Err(body.unexpected(list).into());
    };
    let mut seen = HashSet::new();
    let mut items = Vec::with_capacity(list.len());
    for json in list {
        let item = item(body, json)?;
        if checks_ids(version) && !is_id(item.reference) {
            return Err(Fault::Many(ManyFault::ReferenceIdInvalid {
                reference: item.reference.to_owned(),
            }));
        }
        if !seen.insert(item.reference) {
            return Err(Fault::Many(ManyFault::ReferenceIdRepeated));
        }
        items.push(item);
    }
    Ok(items)
}

fn item<'b>(body: &'b Body<'_>, json: &'b Json) -> Result<Item<'b>, Fault> {
    let Content::Object(members) = &json.content else {
        return Err(body.unexpected(json).into());
    };
    let (mut method, mut url, mut reference) = (None, None, None);
    let (mut content, mut headers) = (None, HeaderMap::new());
    for (name, value) in members {
        match (name.as_str(), &value.content) {
            ("method", Content::Text(text)) => {
                let known = part::method(text);
                method = Some(known.ok_or_else(|| body.refuse(value, "The method is unknown"))?);
            }
            ("url", Content::Text(text)) => {
                let below = text.strip_prefix(ROOT);
                let reason = "The url must start with /services/data/vXX.X/";
                url = Some(below.ok_or_else(|| body.refuse(value, reason))?);
            }
            // Clients: an example of the guide writes `referenceID`.
            ("referenceId" | "referenceID", Content::Text(text)) => {
                reference = Some(text.as_str());
            }
            ("httpHeaders", Content::Object(own)) => headers = headers_of(body, own)?,
            ("body" | "httpHeaders", Content::Null) => {}
            ("body", _) => content = Some(value),
            ("method" | "url" | "referenceId" | "referenceID" | "httpHeaders", _) => {
                return Err(body.unexpected(value).into());
            }
            _ => return Err(body.unrecognized(name, value).into()),
        }
    }
    let missing = |name| body.refuse(json, format!("Missing required field \"{name}\""));
    Ok(Item {
        method: method.ok_or_else(|| missing("method"))?,
        url: url.ok_or_else(|| missing("url"))?,
        reference: reference.ok_or_else(|| missing("referenceId"))?,
        headers,
        body: content,
    })
}

fn headers_of(body: &Body<'_>, members: &[(String, Json)]) -> Result<HeaderMap, Fault> {
    let mut headers = HeaderMap::new();
    for (name, value) in members {
        let Content::Text(text) = &value.content else {
            return Err(body.unexpected(value).into());
        };
        let header = HeaderName::from_bytes(name.as_bytes());
        let (Ok(header), Ok(text)) = (header, HeaderValue::from_str(text)) else {
            return Err(body
                .refuse(value, format!("The header \"{name}\" is not valid"))
                .into());
        };
        if INHERITED.contains(&header) {
            return Err(Fault::Many(ManyFault::HeaderInherited {
                name: name.clone(),
            }));
        }
        headers.insert(header, text);
    }
    Ok(headers)
}

/// Answers the parts one after the other; says whether all went well. `all_or_none` makes them one transaction, of which
/// nothing is left if one of them fails.
///
/// # Errors
/// [`landfall_model::ServiceFault::StoreUnavailable`].
pub(crate) async fn answer<'b>(
    shared: &Shared,
    call: &Call,
    items: Vec<Item<'b>>,
    all_or_none: bool,
    rules: &Rules,
) -> Result<(Vec<Answered<'b>>, bool), Fault> {
    if !all_or_none {
        let (answered, failed) = answer_in(shared, call, &Scope::Org, items, false, rules).await;
        return Ok((answered, failed.is_none()));
    }
    let (mut answered, failed) = match rules.changes {
        Changes::Records => {
            let joint = transaction::open(shared, call).await?;
            let scope = Scope::Joint(Arc::clone(&joint));
            let (answered, failed) = answer_in(shared, call, &scope, items, true, rules).await;
            drop(scope);
            transaction::end(shared, joint, failed.is_none()).await?;
            (answered, failed)
        }
        Changes::Definitions => {
            let staging = transaction::stage(shared, call).await;
            let scope = Scope::Staged(Arc::clone(&staging));
            let (answered, failed) = answer_in(shared, call, &scope, items, true, rules).await;
            drop(scope);
            transaction::end_stage(staging, failed.is_none()).await?;
            (answered, failed)
        }
    };
    if let Some(failed) = failed {
        for (place, answered) in answered.iter_mut().enumerate() {
            if place != failed {
                answered.answer = halted();
            }
        }
    }
    Ok((answered, failed.is_none()))
}

/// Answers the parts; says which one failed first. With `halt` those behind it are not tried.
async fn answer_in<'b>(
    shared: &Shared,
    call: &Call,
    scope: &Scope,
    items: Vec<Item<'b>>,
    halt: bool,
    rules: &Rules,
) -> (Vec<Answered<'b>>, Option<usize>) {
    let mut answers = Answers::new(call.version);
    let mut answered = Vec::with_capacity(items.len());
    let mut failed = None;
    for (place, item) in items.into_iter().enumerate() {
        let reference = item.reference;
        let answer = if halt && failed.is_some() {
            halted()
        } else {
            match resolved(&answers, item) {
                Ok(part) => part::answer(shared, call, scope.clone(), part, rules).await,
                Err(fault) => Answer::refusal(&fault),
            }
        };
        if answer.has_failed() && failed.is_none() {
            failed = Some(place);
        }
        answers.add(reference, answer.body());
        answered.push(Answered { reference, answer });
    }
    (answered, failed)
}

fn resolved(answers: &Answers<'_>, item: Item<'_>) -> Result<Part, Fault> {
    Ok(Part {
        url: answers.url(item.url)?,
        body: item.body.map(|body| answers.body(body)).transpose()?,
        method: item.method,
        headers: item.headers,
    })
}

fn halted() -> Answer {
    Answer::refusal(&Fault::Many(ManyFault::OthersFailed))
}

/// Answers for parts that were never tried.
pub(crate) fn untried<'b>(items: &[Item<'b>], fault: &Fault) -> Vec<Answered<'b>> {
    let answered = |item: &Item<'b>| Answered {
        reference: item.reference,
        answer: Answer::refusal(fault),
    };
    items.iter().map(answered).collect()
}

/// What is refused in the answers to parts.
pub(crate) fn faults(answered: &[Answered<'_>]) -> Vec<Fault> {
    let faults = answered.iter().flat_map(|one| one.answer.reported());
    faults.cloned().collect()
}

/// Writes `compositeResponse` with what it holds.
pub(crate) fn write(w: &mut Writer, answered: Vec<Answered<'_>>) {
    w.name("compositeResponse").array(|w| {
        for Answered { reference, answer } in answered {
            write_one(w, Some(reference), answer);
        }
    });
}

/// Writes the answer to one part, or to none in particular.
pub(crate) fn write_one(w: &mut Writer, reference: Option<&str>, answer: Answer) {
    let (status, headers, body) = answer.into_parts();
    w.object(|w| {
        let body = if body.is_empty() { "null" } else { &body };
        w.name("body").raw(body);
        w.name("httpHeaders").object(|w| {
            for (name, value) in &headers {
                if let Some(name) = spelled(name) {
                    w.name(name).string(value);
                }
            }
        });
        w.name("httpStatusCode").integer(status.as_u16());
        w.name("referenceId").text_or_null(reference);
    });
}

/// The headers that the answer to a part shows, as the service spells them.
fn spelled(name: &HeaderName) -> Option<&'static str> {
    match *name {
        LOCATION => Some("Location"),
        ETAG => Some("ETag"),
        LAST_MODIFIED => Some("Last-Modified"),
        _ => None,
    }
}
