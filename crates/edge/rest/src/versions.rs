//! The lists of versions and of resources.

use landfall_http::Writer;
use landfall_wire::ApiVersion;

use crate::call::Call;
use crate::resource;
use crate::state::Shared;

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
pub(crate) fn resources(shared: &Shared, call: &Call) -> String {
    let mut w = Writer::new();
    w.object(|w| {
        w.name("identity").string(&format!(
            "{}/id/{}/{}",
            call.base_url,
            shared.engine.org().id,
            call.login.user_id
        ));
        for name in resource::listed(shared.resources, call.version.number()) {
            let url = format!("/services/data/v{}/{name}", call.version);
            w.name(name).string(&url);
        }
    });
    w.finish()
}

/// The resources directly below a path.
///
/// Source: "Get a List of Composite Resources" (REST API Developer Guide); none for the answer below `event`.
pub(crate) fn below(shared: &Shared, call: &Call, path: &str) -> String {
    let mut w = Writer::new();
    w.object(|w| {
        for name in resource::below(shared.resources, path, call.version.number()) {
            let url = format!("/services/data/v{}/{path}/{name}", call.version);
            w.name(name).string(&url);
        }
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
