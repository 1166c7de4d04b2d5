//! Numbers that the service counts: the display format of auto numbers.
//!
//! Source: "Custom Field Types" (Salesforce Help), auto number.

use landfall_model::FieldDefinition;
use landfall_model::limits::{AUTO_NUMBER_START_MAX, DISPLAY_FORMAT_CHARACTERS_MAX};

use crate::problem::Report;
use crate::read::brief;
use crate::xml::Element;

/// Makes a field of text an auto number.
pub(crate) fn declare(
    field: &mut FieldDefinition,
    length: u32,
    element: &Element,
    report: &mut Report,
) -> Option<()> {
    let format = element.text("displayFormat", report).unwrap_or_else(|| {
        report.inapplicable(&element.at, "Required field is missing: displayFormat");
        "{0}"
    });
    let at = element
        .one("displayFormat", report)
        .map_or(&element.at, |found| &found.at);
    if !is_format(format) {
        let reason = format!(
            "'{}' is not a display format such as A-{{0000}}",
            brief(format)
        );
        report.problem(at, reason);
        return None;
    }
    field.length = length;
    field.nillable = false;
    field.createable = false;
    field.updateable = false;
    field.defaulted_on_create = true;
    field.default_value = None;
    field.auto_number = Some(format.to_owned());
    Some(())
}

/// Where an auto number begins, if its definition says so.
pub(crate) fn starting_number(element: &Element, report: &mut Report) -> Option<u64> {
    let range = 0..=AUTO_NUMBER_START_MAX;
    element
        .number("startingNumber", &range, report)
        .map(u64::from)
}

/// Whether a text is a display format: exactly one counter, and any number of dates.
fn is_format(format: &str) -> bool {
    let mut counters = 0;
    let mut rest = format;
    while let Some((_, after)) = rest.split_once('{') {
        let Some((inside, after)) = after.split_once('}') else {
            return false;
        };
        if (1..=10).contains(&inside.len()) && inside.bytes().all(|byte| byte == b'0') {
            counters += 1;
        } else if !is_date(inside) {
            return false;
        }
        rest = after;
    }
    let shown = format.chars().filter(|letter| !"{}".contains(*letter));
    counters == 1 && shown.count() <= DISPLAY_FORMAT_CHARACTERS_MAX && !rest.contains('}')
}

/// Whether it is a date such as `YYYY` or `MMDDYY`.
fn is_date(inside: &str) -> bool {
    let mut rest = inside;
    while !rest.is_empty() {
        let mut parts = ["YYYY", "YY", "MM", "DD"].into_iter();
        let Some(after) = parts.find_map(|part| rest.strip_prefix(part)) else {
            return false;
        };
        rest = after;
    }
    !inside.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_has_one_counter() {
        for right in [
            "A-{0000}",
            "{YYYY}{MM}-{0}x",
            "E-{MMDDYY}-{00000000}",
            "ERROR_{YYYY}-{MM}-{DD}_{0000000000}",
        ] {
            assert!(is_format(right), "{right}");
        }
        for wrong in [
            "A",
            "{0}{0}",
            "{0",
            "{}",
            "{x}",
            "{YYY}-{0}",
            "0}",
            "{0}}",
            &"a".repeat(40),
        ] {
            assert!(!is_format(wrong), "{wrong}");
        }
    }
}
