//! One part of a request that consists of several, answered as if it had come alone.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::body::Body;
use http::{HeaderMap, Method};
use landfall_http::path::{parameters, segments};
use landfall_http::{Answer, meant_method};
use landfall_model::{Fault, RequestFault};
use landfall_wire::versions::{self, Named};
use landfall_wire::{ApiVersion, headers as names};

use crate::call::Call;
use crate::resource::Target;
use crate::scope::Scope;
use crate::state::Shared;

/// What a part asks for.
pub(crate) struct Part {
    pub(crate) method: Method,
    /// Below `/services/data/`, the version first.
    pub(crate) url: String,
    pub(crate) headers: HeaderMap,
    /// JSON, if there is a body.
    pub(crate) body: Option<String>,
}

/// Which resources a request may have as parts.
pub(crate) struct Rules {
    /// Whether it takes the resource of these segments after the version.
    pub(crate) takes: fn(&[&str]) -> bool,
    /// Whether a request of the first version takes resources of the second.
    pub(crate) takes_version: fn(ApiVersion, ApiVersion) -> bool,
    /// What parts change together, where all or none of them are to succeed.
    pub(crate) changes: Changes,
}

/// What the parts of a request change.
#[derive(Clone, Copy)]
pub(crate) enum Changes {
    Records,
    /// What the org consists of. Each part sees what those before it have changed.
    Definitions,
}

/// The methods that a part may have, letter case included.
pub(crate) fn method(name: &str) -> Option<Method> {
    match name {
        "GET" => Some(Method::GET),
        "POST" => Some(Method::POST),
        "PUT" => Some(Method::PUT),
        "PATCH" => Some(Method::PATCH),
        "DELETE" => Some(Method::DELETE),
        _ => None,
    }
}

/// Answers a part: the caller and the client's name are those of the whole request, and so are the definitions, unless
/// parts change them.
pub(crate) fn answer<'a>(
    shared: &'a Shared,
    whole: &'a Call,
    scope: Scope,
    part: Part,
    rules: &'a Rules,
) -> Pin<Box<dyn Future<Output = Answer> + Send + 'a>> {
    Box::pin(async move {
        let answer = answered(shared, whole, scope, part, rules).await;
        let answer = answer.unwrap_or_else(|fault| Answer::refusal(&fault));
        whole.space.take(answer.body().len());
        answer
    })
}

fn is_query(word: &str) -> bool {
    word.eq_ignore_ascii_case("query") || word.eq_ignore_ascii_case("queryAll")
}

async fn answered(
    shared: &Shared,
    whole: &Call,
    scope: Scope,
    part: Part,
    rules: &Rules,
) -> Result<Answer, Fault> {
    let (path, query) = part.url.split_once('?').unwrap_or((&part.url, ""));
    let path = segments(path);
    let Some((version, path)) = path.split_first() else {
        return Err(Fault::Request(RequestFault::ResourceNotFound));
    };
    let version = match versions::parse_rest(version) {
        Named::Served(version) if (rules.takes_version)(whole.version, version) => version,
        Named::Retired => return Err(Fault::Request(RequestFault::VersionUnsupported)),
        Named::Served(_) | Named::Unknown => {
            return Err(Fault::Request(RequestFault::ResourceNotFound));
        }
    };
    let words: Vec<&str> = path.iter().map(String::as_str).collect();
    if !(rules.takes)(&words) {
        return Err(Fault::Request(RequestFault::ResourceNotFound));
    }
    // Pages of queries become shorter; what has no pages is refused before it is read.
    let has_pages = words.first().is_some_and(|word| is_query(word));
    if part.method == Method::GET && !has_pages && whole.space.is_used_up() {
        return Err(RequestFault::TooLarge.into());
    }
    let mut headers = part.headers;
    if let Some(options) = whole.headers.get(names::CALL_OPTIONS)
        && !headers.contains_key(names::CALL_OPTIONS)
    {
        headers.insert(names::CALL_OPTIONS, options.clone());
    }
    let parameters = parameters(query);
    let definitions = match rules.changes {
        Changes::Records => Arc::clone(&whole.definitions),
        Changes::Definitions => scope.definitions(&whole.login).await,
    };
    let request = landfall_http::Call {
        version,
        login: Arc::clone(&whole.login),
        definitions,
        method: meant_method(&part.method, &parameters),
        parameters,
        headers,
        base_url: whole.base_url.clone(),
        space: whole.space.clone(),
    };
    let call = Call { request, scope };
    let objects = &*shared.virtual_objects;
    let target = Target::of(
        (shared.resources, objects),
        call.catalog(),
        path,
        &call.method,
    )?;
    let body = part.body.map_or_else(Body::empty, Body::from);
    let answer = target.answer(shared, &call, body).await?;
    // Source: "Composite", "Batch": getting blob data is none of the resources that they take.
    if answer.is_file() {
        return Err(Fault::Request(RequestFault::ResourceNotFound));
    }
    Ok(answer)
}
