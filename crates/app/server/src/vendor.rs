//! The vendor's host names, which a developer org answers to when told so: clients that know no other host run unmodified.
//!
//! Source: "My Domain URL Formats"; "Supported Endpoints" of the Pub/Sub API.

/// What a certificate is issued for; a star stands for one label.
pub(crate) const NAMES: [&str; 12] = [
    "login.salesforce.com",
    "test.salesforce.com",
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

/// Whether a host is one of [`NAMES`].
pub(crate) fn has(host: &str) -> bool {
    let domain = host.split_once('.').map_or(
        "",
        |(label, domain)| if label.is_empty() { "" } else { domain },
    );
    NAMES.iter().any(|name| match name.strip_prefix("*.") {
        Some(any) => domain.eq_ignore_ascii_case(any),
        None => host.eq_ignore_ascii_case(name),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_my_domains_and_the_pubsub_api_are_the_vendors() {
        for host in [
            "login.salesforce.com",
            "Test.Salesforce.com",
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
            ".my.salesforce.com",
            "a.b.my.salesforce.com",
            "login.salesforce.com.",
            "login.salesforce.com.example.org",
        ] {
            assert!(!has(host), "{host}");
        }
    }
}
