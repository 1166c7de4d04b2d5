//! The vendor's host names, which a developer org answers to if that is set: clients that know no other host run unmodified.
//!
//! Source: "My Domain URL Formats"; "Supported Endpoints" of the Pub/Sub API. Before there were My Domains an org was at
//! its instance, `https://na1.salesforce.com`; `AsyncAPI` documents have `https://{instance}.salesforce.com`.

/// What a certificate is issued for; a star matches one label.
pub(crate) const NAMES: [&str; 11] = [
    INSTANCES,
    "*.my.salesforce.com",
    "*.sandbox.my.salesforce.com",
    "*.develop.my.salesforce.com",
    "*.scratch.my.salesforce.com",
    "*.trailblaze.my.salesforce.com",
    "*.demo.my.salesforce.com",
    "*.patch.my.salesforce.com",
    "*.free.my.salesforce.com",
    "api.pubsub.salesforce.com",
    "api.deu.pubsub.salesforce.com",
];

/// Where people and apps log in, and the orgs that are named by their instance.
const INSTANCES: &str = "*.salesforce.com";

/// Labels below `salesforce.com` at which there is no org, but something for people to read, or nothing.
const NO_ORGS: [&str; 9] = [
    "admin",
    "appexchange",
    "architect",
    "developer",
    "help",
    "my",
    "status",
    "trailhead",
    "www",
];

/// Whether a host is one of [`NAMES`] at which there is an org.
pub(crate) fn has(host: &str) -> bool {
    let (label, domain) = host.split_once('.').unwrap_or_default();
    let domain = if label.is_empty() { "" } else { domain };
    let is_site = NO_ORGS.iter().any(|site| label.eq_ignore_ascii_case(site));
    if is_site && domain.eq_ignore_ascii_case("salesforce.com") {
        return false;
    }
    NAMES.iter().any(|name| match name.strip_prefix("*.") {
        Some(any) => domain.eq_ignore_ascii_case(any),
        None => host.eq_ignore_ascii_case(name),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_instances_my_domains_and_the_pubsub_api_are_the_vendors() {
        for host in [
            "login.salesforce.com",
            "Test.Salesforce.com",
            "na1.salesforce.com",
            "yourInstance.salesforce.com",
            "acme.my.salesforce.com",
            "acme--uat.sandbox.my.salesforce.com",
            "api.pubsub.salesforce.com",
        ] {
            assert!(has(host), "{host}");
        }
    }

    #[test]
    fn nothing_else_is() {
        for host in [
            "",
            "localhost",
            "salesforce.com",
            "my.salesforce.com",
            "www.salesforce.com",
            "Developer.salesforce.com",
            ".salesforce.com",
            ".my.salesforce.com",
            "a.b.my.salesforce.com",
            "login.salesforce.com.",
            "login.salesforce.com.example.org",
        ] {
            assert!(!has(host), "{host}");
        }
    }
}
