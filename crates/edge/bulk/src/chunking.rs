//! Of which objects the service can split a query by ids.
//!
//! Here nothing is split, since a query is read in one go; clients are told all the same what they would be told there.
//! Source: "PK Chunking", Supported Objects (Bulk API 2.0 and Bulk API Developer Guide).

/// Whether queries of the object can be split.
pub(crate) fn is_supported(object: &str) -> bool {
    object.ends_with("__c") || STANDARD.binary_search(&object).is_ok()
}

/// As far as an org has them, in the order of their names.
const STANDARD: &[&str] = &[
    "Account",
    "Asset",
    "Campaign",
    "Case",
    "Contact",
    "Contract",
    "Event",
    "Lead",
    "Opportunity",
    "Order",
    "Task",
    "User",
    "UserRole",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_found_by_name() {
        assert!(STANDARD.is_sorted());
        assert!(is_supported("Account") && is_supported("Thing__c"));
        assert!(!is_supported("Profile"));
    }
}
