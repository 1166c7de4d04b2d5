//! The lists of versions and of resources.

use landfall_engine::Engine;
use landfall_wire::ApiVersion;

use crate::call::Call;
use crate::writer::Writer;

/// All versions, oldest first.
///
/// Clients: @salesforce/core takes the greatest `version` and refuses any that is not `NN.0`.
/// Source: "Versions" (REST API Developer Guide).
pub(crate) fn versions() -> String {
    let mut w = Writer::new();
    w.array(|w| {
        for version in ApiVersion::all_rest() {
            w.object(|w| {
                w.name("label").string(&version.label());
                w.name("url").string(&format!("/services/data/v{version}"));
                w.name("version").string(&version.to_string());
            });
        }
    });
    w.finish()
}

/// The resources of a version that exist here.
///
/// Clients: jsforce needs `identity`, which is an absolute address.
/// Source: "Resources by Version" (REST API Developer Guide).
pub(crate) fn resources(engine: &Engine, call: &Call) -> String {
    let mut w = Writer::new();
    let root = format!("/services/data/v{}", call.version);
    w.object(|w| {
        w.name("identity").string(&format!(
            "{}/id/{}/{}",
            call.base_url,
            engine.org().id,
            call.login.user_id
        ));
        w.name("composite").string(&format!("{root}/composite"));
        w.name("event").string(&format!("{root}/event"));
        for resource in [
            "sobjects",
            "query",
            "queryAll",
            "limits",
            "recent",
            "jobs",
            "tooling",
            "search",
            "parameterizedSearch",
            "tabs",
            "theme",
            "appMenu",
            "quickActions",
        ] {
            w.name(resource).string(&format!("{root}/{resource}"));
        }
    });
    w.finish()
}

/// The resources below `tooling`.
///
/// Source: "REST Resources" (Tooling API Developer Guide).
pub(crate) fn tooling_resources(call: &Call) -> String {
    let mut w = Writer::new();
    let root = format!("/services/data/v{}/tooling", call.version);
    w.object(|w| {
        for resource in ["query", "sobjects"] {
            w.name(resource).string(&format!("{root}/{resource}"));
        }
    });
    w.finish()
}

/// The resources below `event`.
///
/// Source: none for the answer; other resources that only hold others list them by name.
pub(crate) fn event_resources(call: &Call) -> String {
    let mut w = Writer::new();
    w.object(|w| {
        w.name("eventSchema").string(&format!(
            "/services/data/v{}/event/eventSchema",
            call.version
        ));
    });
    w.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_rise_and_have_three_members() {
        let list: serde_json::Value = serde_json::from_str(&versions()).expect("JSON");
        let list = list.as_array().expect("an array");
        assert_eq!(list.len(), 37);
        assert_eq!(
            list[28],
            serde_json::json!({"label": "Winter '24", "url": "/services/data/v59.0", "version": "59.0"})
        );
    }
}
