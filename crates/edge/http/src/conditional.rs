//! Requests that depend on when a resource changed, or into what.
//!
//! Source: "Conditional Request Headers" (REST API Developer Guide), RFC 9110, 13.

use http::HeaderMap;
use http::header::{HeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE};
use landfall_model::{RequestFault, Timestamp};
use landfall_wire::dates;

/// What identifies the present state of a resource.
pub struct State {
    /// With quotes, if the resource has one.
    pub etag: Option<String>,
    /// When it changed last, if that is known.
    pub modified: Option<Timestamp>,
}

impl State {
    /// The state of what is rendered from definitions.
    pub fn rendered(fingerprint: u64, modified: Timestamp) -> Self {
        Self {
            etag: Some(format!("\"{fingerprint:016x}\"")),
            modified: Some(modified),
        }
    }
}

/// How a read goes on.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As if there were no conditions.
    Proceed,
    /// The client has it already.
    NotModified,
}

/// Checks the conditions of a read.
///
/// # Errors
/// [`RequestFault::PreconditionFailed`], [`RequestFault::ConditionDateInvalid`].
pub fn of_read(headers: &HeaderMap, state: &State) -> Result<Verdict, RequestFault> {
    preconditions(headers, state)?;
    let unchanged = match matches(headers, &IF_NONE_MATCH, state) {
        Some(same) => same,
        None => newer_than(headers, &IF_MODIFIED_SINCE, state)? == Some(false),
    };
    Ok(if unchanged {
        Verdict::NotModified
    } else {
        Verdict::Proceed
    })
}

/// Checks the conditions of a change.
///
/// # Errors
/// [`RequestFault::PreconditionFailed`], [`RequestFault::ConditionDateInvalid`].
pub fn of_write(headers: &HeaderMap, state: &State) -> Result<(), RequestFault> {
    preconditions(headers, state)?;
    let same = matches(headers, &IF_NONE_MATCH, state).unwrap_or(false);
    let old = newer_than(headers, &IF_MODIFIED_SINCE, state)? == Some(false);
    if same || old {
        return Err(RequestFault::PreconditionFailed);
    }
    Ok(())
}

/// Whether a request has any condition, so that the state need not be read without one.
pub fn any(headers: &HeaderMap) -> bool {
    [
        IF_MATCH,
        IF_NONE_MATCH,
        IF_MODIFIED_SINCE,
        IF_UNMODIFIED_SINCE,
    ]
    .iter()
    .any(|name| headers.contains_key(name))
}

/// The date of `If-Unmodified-Since`, for a check inside the transaction.
///
/// # Errors
/// [`RequestFault::ConditionDateInvalid`].
pub fn unmodified_since(headers: &HeaderMap) -> Result<Option<Timestamp>, RequestFault> {
    date(headers, &IF_UNMODIFIED_SINCE)
}

fn preconditions(headers: &HeaderMap, state: &State) -> Result<(), RequestFault> {
    let failed = match matches(headers, &IF_MATCH, state) {
        Some(same) => !same,
        None => newer_than(headers, &IF_UNMODIFIED_SINCE, state)? == Some(true),
    };
    if failed {
        return Err(RequestFault::PreconditionFailed);
    }
    Ok(())
}

/// Whether the header lists the state's tag; `None` without the header or a tag.
/// Clients: a `--gzip` that a proxy or the service itself added to a tag does not matter, nor does `W/`.
fn matches(headers: &HeaderMap, name: &HeaderName, state: &State) -> Option<bool> {
    let own = bare(state.etag.as_deref()?);
    let listed = headers.get(name)?.to_str().ok()?;
    Some(
        listed
            .split(',')
            .map(str::trim)
            .any(|tag| tag == "*" || bare(tag) == own),
    )
}

fn bare(tag: &str) -> &str {
    let tag = tag.trim_start_matches("W/").trim_matches('"');
    tag.strip_suffix("--gzip").unwrap_or(tag)
}

/// Whether the state is newer than the header's date; `None` if either is not known.
fn newer_than(
    headers: &HeaderMap,
    name: &HeaderName,
    state: &State,
) -> Result<Option<bool>, RequestFault> {
    let limit = date(headers, name)?;
    let modified = state.modified.map(Timestamp::whole_second);
    Ok(limit
        .zip(modified)
        .map(|(limit, modified)| modified > limit))
}

/// The date of a header, if the request has it.
fn date(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Timestamp>, RequestFault> {
    let Some(value) = headers.get(name) else {
        return Ok(None);
    };
    let date = value.to_str().ok().and_then(dates::parse_http_date);
    date.map(Some)
        .ok_or_else(|| RequestFault::ConditionDateInvalid {
            header: name.to_string(),
        })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).expect("visible"))])
    }

    fn state() -> State {
        State {
            etag: Some("\"abc\"".to_owned()),
            modified: dates::parse_http_date("Tue, 07 May 2013 22:07:19 GMT"),
        }
    }

    #[test]
    fn a_read_of_what_the_client_has_is_not_modified() {
        for (name, value, verdict) in [
            (
                IF_MODIFIED_SINCE,
                "Tue, 07 May 2013 22:07:19 GMT",
                Verdict::NotModified,
            ),
            (
                IF_MODIFIED_SINCE,
                "Tue, 07 May 2013 22:07:18 GMT",
                Verdict::Proceed,
            ),
            (
                IF_NONE_MATCH,
                "\"x\", W/\"abc--gzip\"",
                Verdict::NotModified,
            ),
            (IF_NONE_MATCH, "\"x\"", Verdict::Proceed),
            (
                IF_UNMODIFIED_SINCE,
                "Tue, 07 May 2013 22:07:19 GMT",
                Verdict::Proceed,
            ),
        ] {
            assert_eq!(
                of_read(&headers(name, value), &state()),
                Ok(verdict),
                "{value}"
            );
        }
    }

    #[test]
    fn a_date_that_is_none_is_refused() {
        for name in [IF_MODIFIED_SINCE, IF_UNMODIFIED_SINCE] {
            let header = name.to_string();
            let headers = headers(name, "yesterday");
            let refused = RequestFault::ConditionDateInvalid { header };
            assert_eq!(of_read(&headers, &state()), Err(refused.clone()));
            assert_eq!(of_write(&headers, &state()), Err(refused));
        }
    }

    #[test]
    fn a_precondition_that_does_not_hold_refuses() {
        for (name, value) in [
            (IF_UNMODIFIED_SINCE, "Tue, 07 May 2013 22:07:18 GMT"),
            (IF_MATCH, "\"x\""),
        ] {
            let headers = headers(name, value);
            assert_eq!(
                of_read(&headers, &state()),
                Err(RequestFault::PreconditionFailed)
            );
            assert_eq!(
                of_write(&headers, &state()),
                Err(RequestFault::PreconditionFailed)
            );
        }
        assert_eq!(
            of_write(&headers(IF_NONE_MATCH, "\"abc\""), &state()),
            Err(RequestFault::PreconditionFailed)
        );
        assert_eq!(
            of_write(&headers(IF_MATCH, "\"abc--gzip\""), &state()),
            Ok(())
        );
    }
}
