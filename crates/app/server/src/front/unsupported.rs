//! What the service has and Landfall has not: a request for it is answered as by an org without the feature, and with a
//! header that says why.
//!
//! A path of this table that a surface serves after all is not touched: only an answer that the resource does not exist is
//! marked. Source: "REST Resources" (REST API Developer Guide) and the guides of the APIs that are named.

use axum::response::Response;
use http::{HeaderName, HeaderValue, StatusCode};
use tracing::info;

/// Why a request is answered with "not found". Wire: text.
const HEADER: HeaderName = HeaderName::from_static("landfall-unsupported");

/// Where the resources of the REST API are; the version comes next.
const REST: &str = "/services/data/";

/// Resources of the REST API by their first segments.
const RESOURCES: [(&str, &str); 30] = [
    ("actions", FLOWS),
    ("analytics", "Reports and Dashboards are not supported"),
    ("appMenu", PAGES),
    ("apexrest", APEX),
    ("async-queries", "Async SOQL is not supported"),
    ("chatter", CONNECT),
    ("commerce", "Commerce is not supported"),
    ("connect", CONNECT),
    ("consent", "the Consent API is not supported"),
    ("dedupe", "duplicate rules are not supported"),
    ("domino", "data prediction is not supported"),
    ("einstein", "Einstein is not supported"),
    ("emailConnect", "Inbox is not supported"),
    ("folders", "Reports and Dashboards are not supported"),
    ("graphql", "the GraphQL API is not supported"),
    ("iot", "IoT is not supported"),
    ("knowledgeManagement", "Knowledge is not supported"),
    ("localizedvalue", "translations are not supported"),
    ("mobile", PAGES),
    ("payments", "Payments are not supported"),
    ("process", FLOWS),
    ("quickActions", "quick actions are not supported"),
    ("scheduling", "Scheduler is not supported"),
    ("smartdatadiscovery", ANALYTICS),
    ("support", "Knowledge is not supported"),
    ("tabs", PAGES),
    ("theme", PAGES),
    ("tooling/executeAnonymous", APEX),
    ("ui-api", "the User Interface API is not supported"),
    ("wave", ANALYTICS),
];

/// Other addresses, by what they begin with.
const ADDRESSES: [(&str, &str); 15] = [
    ("/apex/", PAGES),
    ("/aura", PAGES),
    ("/chatter/", PAGES),
    ("/home/", PAGES),
    ("/lightning", PAGES),
    ("/one/", PAGES),
    ("/secur/", PAGES),
    ("/servlet/", PAGES),
    ("/setup/", PAGES),
    ("/services/apexrest", APEX),
    ("/services/oauth2/singleaccess", PAGES),
    ("/services/Soap/class/", APEX),
    ("/services/Soap/s/", APEX),
    ("/visualforce/", PAGES),
    ("/webruntime/", PAGES),
];

const APEX: &str = "Apex is not supported";
const PAGES: &str = "there are no pages for people";
const FLOWS: &str = "flows and invocable actions are not supported";
const CONNECT: &str = "the Connect REST API is not supported";
const ANALYTICS: &str = "CRM Analytics is not supported";

/// Why a path leads nowhere, if it is one of the service's.
pub(crate) fn reason(path: &str) -> Option<&'static str> {
    let (known, path) = match path.strip_prefix(REST) {
        Some(rest) => (RESOURCES.as_slice(), rest.split_once('/')?.1),
        None => (ADDRESSES.as_slice(), path),
    };
    let in_rest = known.len() == RESOURCES.len();
    let path = path.as_bytes();
    let begins = |name: &str| {
        let Some((begin, rest)) = path.split_at_checked(name.len()) else {
            return false;
        };
        // A segment of the REST API ends where its name does.
        let is_whole = !in_rest || rest.first().is_none_or(|byte| *byte == b'/');
        is_whole && begin.eq_ignore_ascii_case(name.as_bytes())
    };
    let found = known.iter().find(|(name, _)| begins(name));
    found.map(|(_, reason)| *reason)
}

/// Marks the answer that there is no such resource, and names it in the log.
pub(crate) fn mark(response: &mut Response, reason: &'static str) {
    if response.status() == StatusCode::NOT_FOUND {
        info!(reason, "a request for what is not supported");
        let reason = HeaderValue::from_static(reason);
        response.headers_mut().insert(HEADER, reason);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_that_are_absent_are_known_by_path() {
        for (path, why) in [
            (
                "/services/data/v59.0/graphql",
                "the GraphQL API is not supported",
            ),
            (
                "/services/data/v59.0/ui-api/object-info",
                "the User Interface API is not supported",
            ),
            ("/services/data/v59.0/tooling/executeAnonymous/", APEX),
            ("/services/apexrest/Orders/1", APEX),
            ("/secur/frontdoor.jsp", PAGES),
            ("/lightning/setup/SetupOneHome/home", PAGES),
        ] {
            assert_eq!(reason(path), Some(why), "{path}");
        }
    }

    #[test]
    fn nothing_else_is() {
        for path in [
            "/",
            "/cometd/59.0",
            "/services/data",
            "/services/data/v59.0",
            "/services/data/v59.0/sobjects/Account/x",
            "/services/data/v59.0/graphqlx",
            "/services/data/v59.0/tooling/query",
            "/services/oauth2/token",
            "/services/Soap/u/59.0",
        ] {
            assert_eq!(reason(path), None, "{path}");
        }
    }

    #[test]
    fn only_what_is_not_there_is_marked() {
        let mut found = Response::new(axum::body::Body::empty());
        mark(&mut found, APEX);
        assert!(!found.headers().contains_key(HEADER));
        *found.status_mut() = StatusCode::NOT_FOUND;
        mark(&mut found, APEX);
        assert_eq!(found.headers()[HEADER], APEX);
    }
}
