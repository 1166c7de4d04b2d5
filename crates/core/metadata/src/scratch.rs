//! The definition of a scratch org: what a project wants of the org that it is developed in.
//!
//! Source: "Scratch Org Definition Configuration Values", "Scratch Org Features", "Scratch Org Settings" (Salesforce DX
//! Developer Guide).

use serde_json::Value;

use crate::problem::Problem;

/// What a definition asks for, as far as it matters here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScratchDefinition {
    /// Names of features as they are spelled, some with a quantity behind a colon.
    pub features: Vec<String>,
    /// Settings that are switched on: the name of their component, such as `quote`, and their own.
    pub settings: Vec<(String, String)>,
}

/// Reads the definition of a scratch org.
///
/// # Errors
/// What is wrong with the text; the path in it is `path`.
pub fn scratch_definition(path: &str, text: &str) -> Result<ScratchDefinition, Problem> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let json: Value = serde_json::from_str(text).map_err(|error| Problem {
        path: path.to_owned(),
        line: error.line().max(1),
        reason: format!("the file is not JSON: {error}"),
    })?;
    let features = json.get("features");
    // Features are a list, or one text with semicolons, as in older definitions.
    let listed = features.and_then(Value::as_array).into_iter().flatten();
    let listed = listed.filter_map(Value::as_str);
    let one = features.and_then(Value::as_str).into_iter();
    let names = listed.chain(one).flat_map(|names| names.split(';'));
    let names = names.map(str::trim).filter(|name| !name.is_empty());
    let settings = json.get("settings").and_then(Value::as_object);
    let mut on = Vec::new();
    for (component, values) in settings.into_iter().flatten() {
        let name = match component.len().checked_sub("Settings".len()) {
            Some(at) if component.get(at..).is_some_and(is_settings) => {
                component.get(..at).unwrap_or(component)
            }
            _ => component,
        };
        for (setting, value) in values.as_object().into_iter().flatten() {
            if is_on(value) {
                on.push((name.to_owned(), setting.clone()));
            }
        }
    }
    Ok(ScratchDefinition {
        features: names.map(str::to_owned).collect(),
        settings: on,
    })
}

fn is_settings(end: &str) -> bool {
    end.eq_ignore_ascii_case("Settings")
}

fn is_on(value: &Value) -> bool {
    let text = value.as_str();
    value.as_bool() == Some(true) || text.is_some_and(|text| text.eq_ignore_ascii_case("true"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_listed_or_separated_by_semicolons() {
        for (text, expected) in [
            (
                r#"{"features":["EnableSetPasswordInApi","personaccounts"]}"#,
                vec!["EnableSetPasswordInApi", "personaccounts"],
            ),
            (
                r#"{"features":"API; PersonAccounts;"}"#,
                vec!["API", "PersonAccounts"],
            ),
            (
                r#"{"features":["PersonAccounts:1", 2]}"#,
                vec!["PersonAccounts:1"],
            ),
            (r#"{"features":{"PersonAccounts":true}}"#, vec![]),
            ("[]", vec![]),
        ] {
            let definition = scratch_definition("p", text).expect("readable");
            assert_eq!(definition.features, expected, "{text}");
        }
    }

    #[test]
    fn settings_are_read_that_are_switched_on() {
        let text = r#"{"settings":{"quoteSettings":{"enableQuote":true,"enableQuotesWithoutOppEnabled":false},
            "Settings":{"a":"TRUE"},"order":{"enableOrders":"true"},"\u00e9Settings":{"b":1},"c":[]}}"#;
        let definition = scratch_definition("p", text).expect("readable");
        let on = definition.settings.iter();
        let on: Vec<_> = on.map(|(of, name)| (of.as_str(), name.as_str())).collect();
        assert_eq!(
            on,
            [
                ("", "a"),
                ("order", "enableOrders"),
                ("quote", "enableQuote")
            ]
        );
    }

    #[test]
    fn what_is_not_json_is_said_with_its_line() {
        assert_eq!(
            scratch_definition("p", "{\n!").expect_err("refused").line,
            2
        );
    }
}
