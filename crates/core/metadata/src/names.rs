//! The names that may be given to objects, fields and channels.
//!
//! Source: "fullName" in "`CustomObject`" and "`CustomField`" (Metadata API Developer Guide).

use landfall_model::limits::{API_NAME_CHARACTERS_MAX, DEVELOPER_NAME_CHARACTERS_MAX};

/// A name with a custom suffix, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CustomName<'a> {
    /// The package it belongs to.
    pub(crate) namespace: Option<&'a str>,
    /// What its author chose.
    pub(crate) base: &'a str,
    /// What kind of thing it is, such as `c` or `e`.
    pub(crate) suffix: &'a str,
}

/// Takes `Order__c` or `pkg__Order__c` apart; none for a name without a suffix.
pub(crate) fn custom(name: &str) -> Option<CustomName<'_>> {
    let (stem, suffix) = name.rsplit_once("__")?;
    let (namespace, base) = match stem.split_once("__") {
        Some((namespace, base)) => (Some(namespace), base),
        None => (None, stem),
    };
    Some(CustomName {
        namespace,
        base,
        suffix,
    })
}

/// Why a text cannot be the part of an object's or field's name before its suffix.
pub(crate) fn fault_of_base(base: &str) -> Option<String> {
    fault(base, API_NAME_CHARACTERS_MAX)
}

/// Whether a text can be a developer name.
pub fn is_developer_name(name: &str) -> bool {
    fault_of_developer_name(name).is_none()
}

/// Whether a developer name is that of a part of a package: `pkg__Name`.
pub(crate) fn of_package(name: &str) -> bool {
    let parts = name.split_once("__");
    parts.is_some_and(|(namespace, name)| is_developer_name(namespace) && is_developer_name(name))
}

/// Why a text cannot be a developer name.
pub(crate) fn fault_of_developer_name(name: &str) -> Option<String> {
    fault(name, DEVELOPER_NAME_CHARACTERS_MAX)
}

fn fault(name: &str, characters_max: usize) -> Option<String> {
    let letter_first = name.starts_with(|first: char| first.is_ascii_alphabetic());
    let characters = name
        .chars()
        .all(|character| character.is_ascii_alphanumeric() || character == '_');
    if !letter_first || !characters || name.contains("__") || name.ends_with('_') {
        return Some(format!(
            "The name '{}' must begin with a letter, contain only letters, digits and underscores, \
             not end with an underscore, and not contain two consecutive underscores",
            crate::read::brief(name)
        ));
    }
    (name.len() > characters_max)
        .then(|| format!("The name '{name}' has more than {characters_max} characters"))
}

/// Standard objects of real orgs that references and channels may name although they are not shipped.
///
/// A line each. Source: "Standard Objects" (Object Reference).
const ELSEWHERE: &str = include_str!("elsewhere.txt");

/// Whether it is the name of a standard object that is not shipped.
pub(crate) fn is_elsewhere(name: &str) -> bool {
    ELSEWHERE
        .lines()
        .any(|known| known.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart_at_their_double_underscores() {
        let parts = |name| custom(name).map(|parts| (parts.namespace, parts.base, parts.suffix));
        assert_eq!(parts("Order_Line__c"), Some((None, "Order_Line", "c")));
        assert_eq!(parts("pkg__Order__e"), Some((Some("pkg"), "Order", "e")));
        assert_eq!(parts("Account"), None);
    }

    #[test]
    fn what_is_shipped_is_not_elsewhere() {
        let shipped = landfall_standard::entities().expect("every data file can be read");
        for entity in shipped {
            assert!(!is_elsewhere(entity.name.as_str()), "{}", entity.name);
        }
        assert!(is_elsewhere("quote") && !is_elsewhere(""));
    }

    #[test]
    fn names_have_the_documented_alphabet_and_length() {
        assert_eq!(fault_of_base("Order_Line2"), None);
        for wrong in ["", "2nd", "_x", "x_", "a__b", "é", "a b", "a-b"] {
            assert!(fault_of_base(wrong).is_some(), "{wrong}");
        }
        assert_eq!(fault_of_base(&"a".repeat(40)), None);
        assert!(fault_of_base(&"a".repeat(41)).is_some());
        assert_eq!(fault_of_developer_name(&"a".repeat(80)), None);
    }
}
