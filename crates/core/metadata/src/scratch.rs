//! The definition of a scratch org: what a project wants of the org that it is developed in.
//!
//! Source: "Scratch Org Definition Configuration Values" (Salesforce DX Developer Guide).

use serde_json::Value;

use crate::problem::Problem;

/// What a definition asks for, as far as it matters here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScratchDefinition {
    /// Whether accounts can be persons: the feature `PersonAccounts`.
    pub person_accounts: bool,
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
    // Features are a list, or one text with semicolons, as in older definitions; some have a number behind a colon.
    let listed = features.and_then(Value::as_array).into_iter().flatten();
    let listed = listed.filter_map(Value::as_str);
    let one = features.and_then(Value::as_str).into_iter();
    let names = listed.chain(one).flat_map(|names| names.split(';'));
    let mut names = names.filter_map(|name| name.split(':').next());
    Ok(ScratchDefinition {
        person_accounts: names.any(|name| name.trim().eq_ignore_ascii_case("PersonAccounts")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_listed_or_separated_by_semicolons() {
        for (text, expected) in [
            (
                r#"{"features":["EnableSetPasswordInApi","personaccounts"]}"#,
                true,
            ),
            (r#"{"features":"API; PersonAccounts"}"#, true),
            (r#"{"features":["PersonAccounts:1"]}"#, true),
            (r#"{"features":["PersonAccountsX"]}"#, false),
            (r#"{"features":{"PersonAccounts":true}}"#, false),
            ("[]", false),
        ] {
            let definition = scratch_definition("p", text).expect("readable");
            assert_eq!(definition.person_accounts, expected, "{text}");
        }
    }

    #[test]
    fn what_is_not_json_is_said_with_its_line() {
        assert_eq!(
            scratch_definition("p", "{\n!").expect_err("refused").line,
            2
        );
    }
}
