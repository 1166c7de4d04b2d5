//! The surfaces, as the code declares them.

use std::path::Path;

use prost_reflect::DescriptorPool;

const PROTO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../edge/pubsub/proto");

/// Surfaces that show and change nothing that an object or field permission is about, and why.
pub(crate) const WITHOUT_RECORDS: &[(&str, &str)] = &[
    ("REST GET ", "the list of resources"),
    ("REST GET composite", "the list of resources below it"),
    ("REST GET event", "the list of resources below it"),
    (
        "REST GET sobjects/{platformEvent}/{id}",
        "always refused: events are no records",
    ),
    (
        "REST GET sobjects/{virtual}",
        "definitions of the service, the same in every org",
    ),
    (
        "REST GET sobjects/{virtual}/describe",
        "definitions of the service, the same in every org",
    ),
    ("REST GET limits", "allocations of the org"),
    ("REST GET tabs", "always empty"),
    ("REST GET theme", "always empty"),
    ("REST GET appMenu", "the list of resources below it"),
    ("REST GET appMenu/AppSwitcher", "always empty"),
    ("REST GET appMenu/Salesforce1", "always empty"),
    ("REST GET quickActions", "always empty"),
    ("REST GET process", "the list of resources below it"),
    ("REST GET process/rules", "always empty"),
    ("REST GET process/rules/{records}", "always empty"),
    ("REST GET process/approvals", "always empty"),
    ("REST GET sobjects/{records}/listviews", "always empty"),
    ("REST GET sobjects/{records}/quickActions", "always empty"),
    (
        "REST GET sobjects/{records}/describe/approvalLayouts",
        "always empty",
    ),
    (
        "REST GET sobjects/{records:User}/{record}/password",
        "the user's own account",
    ),
    (
        "REST POST sobjects/{records:User}/{record}/password",
        "the user's own account",
    ),
    ("SOAP getServerTimestamp", "the time"),
    ("SOAP getUserInfo", "the user's own account"),
    ("SOAP invalidateSessions", "the user's own sessions"),
    ("SOAP login", "has no session yet"),
    ("SOAP logout", "the user's own session"),
    ("SOAP setPassword", "accounts: tested with passwords"),
];

/// A resource of the service without anything here, or which another table declares.
fn is_elsewhere(surface: &str) -> bool {
    let path = surface.split(' ').nth(2).unwrap_or_default();
    [
        "jobs",
        "tooling",
        "tooling/{rest...}",
        "sobjects/{records}/describe/{part}",
    ]
    .contains(&path)
}

/// A call of the SOAP API that is listed above, and the same in both dialects.
fn is_without_records(call: &str) -> bool {
    let mut listed = WITHOUT_RECORDS.iter();
    listed.any(|(surface, _)| surface.strip_prefix("SOAP ") == Some(call))
}

/// All of them: API, method and path or name. A `HEAD` is tried with each `GET` of a row.
pub(crate) fn declared() -> Vec<String> {
    let mut all = Vec::new();
    let rest = landfall_rest::methods().map(|method| format!("REST {method}"));
    all.extend(rest.filter(|surface| !is_elsewhere(surface)));
    all.extend(landfall_tooling::methods().map(|method| format!("Tooling {method}")));
    all.extend(landfall_tooling::virtual_objects().map(|name| format!("Tooling object {name}")));
    all.extend(landfall_soap::operations().map(|name| format!("SOAP {name}")));
    let enterprise = landfall_soap::operations().filter(|name| !is_without_records(name));
    all.extend(enterprise.map(|name| format!("Enterprise SOAP {name}")));
    all.extend(landfall_server::API_DOCUMENTS.map(|path| format!("Document {path}")));
    all.extend(landfall_bulk::resources().map(|method| format!("Bulk 2.0 {method}")));
    all.extend(landfall_bulk::classic_resources().map(|method| format!("Bulk {method}")));
    all.extend(landfall_mdapi::operations().map(|name| format!("Metadata {name}")));
    all.extend(landfall_mdapi::resources().map(|method| format!("Metadata {method}")));
    all.extend(rpcs().map(|name| format!("Pub/Sub {name}")));
    all.extend(
        CHANNELS
            .iter()
            .map(|channel| format!("Streaming {channel}")),
    );
    all.retain(|surface| !surface.split(' ').any(|word| word == "HEAD"));
    all
}

/// Kinds of channels, by their prefixes, which `landfall_streaming` declares.
const CHANNELS: [&str; 5] = landfall_streaming::CHANNEL_PREFIXES;

fn rpcs() -> impl Iterator<Item = String> {
    let definition = protox::compile(["pubsub_api.proto"], [Path::new(PROTO)]);
    let definition = definition.expect("the definition of the service");
    let pool = DescriptorPool::from_file_descriptor_set(definition).expect("a pool");
    let services: Vec<_> = pool.services().collect();
    let methods = services.into_iter().flat_map(|service| {
        let names = service.methods().map(|method| method.name().to_owned());
        names.collect::<Vec<_>>()
    });
    methods.collect::<Vec<_>>().into_iter()
}
