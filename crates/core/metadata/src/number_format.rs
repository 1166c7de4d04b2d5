//! Numbers that the service counts: the display format of auto numbers.
//!
//! Source: "Custom Field Types" (Salesforce Help), auto number.

use landfall_model::FieldDefinition;
use landfall_model::limits::AUTO_NUMBER_START_MAX;

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
    let Some((plain, dated)) = without_dates(format) else {
        let reason = format!(
            "'{}' is not a display format such as A-{{0000}}",
            brief(format)
        );
        report.problem(at, reason);
        return None;
    };
    if dated {
        report.warning(
            at,
            format!(
                "the date in the display format of {} is left out",
                field.name
            ),
        );
    }
    field.length = length;
    field.nillable = false;
    field.createable = false;
    field.updateable = false;
    field.defaulted_on_create = true;
    field.default_value = None;
    field.auto_number = Some(plain);
    Some(())
}

/// Where an auto number begins, if its definition says so.
pub(crate) fn starting_number(element: &Element, report: &mut Report) -> Option<u64> {
    let range = 0..=AUTO_NUMBER_START_MAX;
    element
        .number("startingNumber", &range, report)
        .map(u64::from)
}

/// The format with its counter alone, and whether there was a date in it; none unless there is exactly one counter.
fn without_dates(format: &str) -> Option<(String, bool)> {
    const DATES: [&str; 4] = ["YY", "YYYY", "MM", "DD"];
    let mut plain = String::new();
    let (mut counters, mut dated) = (0, false);
    let mut rest = format;
    while let Some((before, after)) = rest.split_once('{') {
        let (inside, after) = after.split_once('}')?;
        plain.push_str(before);
        if DATES.contains(&inside) {
            dated = true;
        } else if (1..=10).contains(&inside.len()) && inside.bytes().all(|byte| byte == b'0') {
            counters += 1;
            plain.push('{');
            plain.push_str(inside);
            plain.push('}');
        } else {
            return None;
        }
        rest = after;
    }
    plain.push_str(rest);
    (counters == 1 && plain.len() <= 30 && !rest.contains('}')).then_some((plain, dated))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_has_one_counter() {
        let plain = |format| without_dates(format).map(|(plain, _)| plain);
        assert_eq!(plain("A-{0000}"), Some("A-{0000}".to_owned()));
        assert_eq!(plain("{YYYY}{MM}-{0}x"), Some("-{0}x".to_owned()));
        for wrong in [
            "A",
            "{0}{0}",
            "{0",
            "{}",
            "{x}",
            "0}",
            "{0}}",
            &"a".repeat(40),
        ] {
            assert_eq!(plain(wrong), None, "{wrong}");
        }
    }
}
