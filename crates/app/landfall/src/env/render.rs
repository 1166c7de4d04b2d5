//! Snippets as text: which lines apply, and values as literals of the snippet's language.

use super::clients::Language;

/// A value that a snippet can contain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// A text, written as a literal.
    Text(String),
    /// A secret of an org that is not on this machine: read from this variable when the snippet runs.
    Variable(&'static str),
}

/// The values by name, and the conditions that are met.
pub(super) struct Facts {
    pub(super) values: Vec<(&'static str, Value)>,
    pub(super) met: Vec<&'static str>,
}

/// Renders a template. `@name@` is the value of that name; a line that begins with `[condition] ` is left out unless
/// the condition is met.
///
/// # Panics
/// If the template names a value that does not exist; a test renders every template.
pub(super) fn render(template: &str, language: Language, facts: &Facts) -> String {
    let lines = template.trim().lines();
    let lines = lines.filter_map(|line| applicable(line, &facts.met));
    let lines: Vec<String> = lines.map(|line| filled(line, language, facts)).collect();
    lines.join("\n")
}

/// The line without its condition, if that is met.
fn applicable<'l>(line: &'l str, met: &[&str]) -> Option<&'l str> {
    let conditional = line
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("] "));
    match conditional {
        Some((condition, line)) => met.contains(&condition).then_some(line),
        None => Some(line),
    }
}

fn filled(line: &str, language: Language, facts: &Facts) -> String {
    let mut filled = String::new();
    for (position, part) in line.split('@').enumerate() {
        if position % 2 == 0 {
            filled.push_str(part);
        } else {
            let value = facts.values.iter().find(|(name, _)| *name == part);
            let (_, value) = value.expect("templates name values that exist");
            filled.push_str(&literal(value, language));
        }
    }
    filled
}

fn literal(value: &Value, language: Language) -> String {
    match value {
        Value::Text(text) => match language {
            Language::Shell => shell(text),
            Language::JavaScript | Language::Python => {
                let escaped = text.replace('\\', "\\\\").replace('\'', "\\'");
                format!("'{}'", escaped.replace('\n', "\\n"))
            }
            // A JSON string is a string of these languages too.
            Language::Java | Language::Go => serde_json::Value::from(text.as_str()).to_string(),
        },
        Value::Variable(name) => match language {
            Language::Shell => format!("\"${name}\""),
            Language::JavaScript => format!("process.env.{name}"),
            Language::Python => format!("os.environ['{name}']"),
            Language::Java => format!("System.getenv(\"{name}\")"),
            Language::Go => format!("os.Getenv(\"{name}\")"),
        },
    }
}

/// A word of a shell, in quotes where it needs them.
pub(super) fn shell(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"@%+=:,./_-".contains(&byte);
    if !text.is_empty() && text.bytes().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(value: Value) -> Facts {
        Facts {
            values: vec![("password", value)],
            met: vec!["tls"],
        }
    }

    #[test]
    fn values_are_literals_of_the_language() {
        let odd = facts(Value::Text("it's \\ \"$x\"".to_owned()));
        for (language, expected) in [
            (Language::Shell, "'it'\\''s \\ \"$x\"'"),
            (Language::JavaScript, "'it\\'s \\\\ \"$x\"'"),
            (Language::Python, "'it\\'s \\\\ \"$x\"'"),
            (Language::Java, "\"it's \\\\ \\\"$x\\\"\""),
        ] {
            assert_eq!(render("@password@", language, &odd), expected);
        }
        assert_eq!(shell("http://127.0.0.1:7443"), "http://127.0.0.1:7443");
        assert_eq!(shell(""), "''");
    }

    #[test]
    fn secrets_of_other_machines_are_read_when_the_snippet_runs() {
        let secret = facts(Value::Variable("LANDFALL_PASSWORD"));
        for (language, expected) in [
            (Language::Shell, "\"$LANDFALL_PASSWORD\""),
            (Language::JavaScript, "process.env.LANDFALL_PASSWORD"),
            (Language::Python, "os.environ['LANDFALL_PASSWORD']"),
        ] {
            assert_eq!(render("@password@", language, &secret), expected);
        }
    }

    #[test]
    fn lines_whose_condition_is_not_met_are_left_out() {
        let text = "a\n[tls] b\n[plain] c\nd[0] e";
        let facts = facts(Value::Text(String::new()));
        assert_eq!(render(text, Language::Python, &facts), "a\nb\nd[0] e");
    }
}
