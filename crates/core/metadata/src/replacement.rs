//! Texts of a project's files that are replaced while they are read. The files themselves stay as they are.
//!
//! Source: "Replace Strings in Code Before Deploying or Packaging" (Salesforce DX Developer Guide).

use fancy_regex::{NoExpand, Regex};
use landfall_model::limits::PROJECT_FILE_BYTES_MAX;
use serde_json::Value;

use crate::ignored::Ignored;
use crate::problem::Problem;

/// What a project file says of texts to be replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Replacement {
    files: Files,
    from: From,
    with: With,
    /// Environment variables and the values for which it applies.
    when: Vec<(String, String)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Files {
    Named(String),
    /// A pattern of paths.
    Like(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum From {
    Text(String),
    Regex(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum With {
    Variable { name: String, may_be_unset: bool },
    File(String),
}

impl Replacement {
    /// Reads one entry of `replacements`; none if it is not one.
    pub(crate) fn read(entry: &Value) -> Option<Self> {
        let text = |of: &Value, key: &str| Some(of.get(key)?.as_str()?.to_owned());
        let files = match text(entry, "filename") {
            Some(name) => Files::Named(name),
            None => Files::Like(text(entry, "glob")?),
        };
        let from = match text(entry, "stringToReplace") {
            Some(text) => From::Text(text),
            None => From::Regex(text(entry, "regexToReplace")?),
        };
        let with = match text(entry, "replaceWithEnv") {
            Some(name) => With::Variable {
                name,
                may_be_unset: entry.get("allowUnsetEnvVariable") == Some(&Value::Bool(true)),
            },
            None => With::File(text(entry, "replaceWithFile")?),
        };
        let conditions = entry.get("replaceWhenEnv").and_then(Value::as_array);
        let when = conditions.into_iter().flatten().map(|condition| {
            let value = condition.get("value")?;
            let value = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            Some((text(condition, "env")?, value))
        });
        Some(Self {
            files,
            from,
            with,
            when: when.collect::<Option<_>>()?,
        })
    }
}

/// The replacements of a project, with the texts that they insert.
#[derive(Debug, Default)]
pub struct Replacements(Vec<Ready>);

#[derive(Debug)]
struct Ready {
    files: Pattern,
    from: Regex,
    to: String,
}

#[derive(Debug)]
enum Pattern {
    Named(String),
    Like(Ignored),
}

impl Replacements {
    /// Looks up what is inserted: the values of environment variables, and the texts of files of the project. What cannot
    /// be replaced stays, with a reason.
    pub(crate) fn resolve(
        declared: &[Replacement],
        project_file: &str,
        variable: impl Fn(&str) -> Option<String>,
        file: impl Fn(&str) -> Option<String>,
    ) -> (Self, Vec<Problem>) {
        let mut ready = Vec::new();
        let mut problems = Vec::new();
        let applies = |declared: &&Replacement| {
            let mut when = declared.when.iter();
            when.all(|(name, value)| variable(name).as_ref() == Some(value))
        };
        for declared in declared.iter().filter(applies) {
            let to = match &declared.with {
                With::Variable { name, may_be_unset } => variable(name)
                    .or_else(|| may_be_unset.then(String::new))
                    .ok_or_else(|| format!("the environment variable {name} is not set")),
                With::File(path) => {
                    file(path).ok_or_else(|| format!("the file {path} cannot be read"))
                }
            };
            let from = match &declared.from {
                From::Text(text) => Regex::new(&fancy_regex::escape(text)),
                From::Regex(text) => Regex::new(text),
            };
            let from = from.map_err(|error| format!("Invalid regular expression: {error}"));
            match to.and_then(|to| Ok((to, from?))) {
                Ok((to, from)) => ready.push(Ready {
                    files: match &declared.files {
                        Files::Named(name) => Pattern::Named(name.clone()),
                        Files::Like(pattern) => Pattern::Like(Ignored::parse(pattern)),
                    },
                    from,
                    to,
                }),
                Err(reason) => problems.push(Problem {
                    path: project_file.to_owned(),
                    line: 1,
                    reason: format!("a replacement is left out: {reason}"),
                }),
            }
        }
        (Self(ready), problems)
    }

    /// The content of a file with all that is replaced in it; its path is relative to the project.
    ///
    /// # Errors
    /// Why that cannot be made: an expression takes too long, or the content would be too large.
    pub fn applied(&self, path: &str, content: String) -> Result<String, String> {
        let mut content = content;
        for replacement in &self.0 {
            let concerns = match &replacement.files {
                Pattern::Named(name) => name == path,
                Pattern::Like(pattern) => pattern.contains(path),
            };
            if concerns {
                content = replacement.applied(&content)?;
            }
        }
        Ok(content)
    }
}

impl Ready {
    fn applied(&self, content: &str) -> Result<String, String> {
        let failed = |error| format!("a replacement fails: {error}");
        // Known before anything is written: a short text may be replaced many times by a long one.
        let mut bytes = content.len();
        for found in self.from.find_iter(content) {
            found.map_err(failed)?;
            bytes = bytes.saturating_add(self.to.len());
            if u64::try_from(bytes).is_ok_and(|bytes| bytes > PROJECT_FILE_BYTES_MAX) {
                return Err(format!(
                    "with its replacements, the file is larger than {PROJECT_FILE_BYTES_MAX} bytes"
                ));
            }
        }
        let replaced = self.from.try_replacen(content, 0, NoExpand(&self.to));
        Ok(replaced.map_err(failed)?.into_owned())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn variable(name: &str) -> Option<String> {
        (name == "HOST").then(|| "$1.example.com".to_owned())
    }

    fn resolved(entries: &Value) -> (Replacements, Vec<String>) {
        let entries = entries.as_array().expect("a list").iter();
        let declared: Vec<_> = entries.filter_map(Replacement::read).collect();
        let file = |path: &str| (path == "text.txt").then(|| "from a file".to_owned());
        let (ready, problems) =
            Replacements::resolve(&declared, "sfdx-project.json", variable, file);
        (ready, problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn texts_are_replaced_in_the_files_that_are_named() {
        let (ready, problems) = resolved(&json!([
            {"filename": "app/a.xml", "stringToReplace": "{host}", "replaceWithEnv": "HOST"},
            {"glob": "app/**/*.labels", "regexToReplace": "<v>.*?</v>", "replaceWithFile": "text.txt"},
            {"glob": "app/*.xml", "stringToReplace": "gone", "replaceWithEnv": "UNSET", "allowUnsetEnvVariable": true},
            {"filename": "app/a.xml", "stringToReplace": "x", "replaceWithEnv": "HOST",
             "replaceWhenEnv": [{"env": "HOST", "value": "other"}]},
        ]));
        assert!(problems.is_empty(), "{problems:?}");
        let applied = |path: &str, text: &str| {
            let applied = ready.applied(path, text.to_owned());
            applied.expect("they can be made")
        };
        assert_eq!(
            applied("app/a.xml", "x {host} {host} gone"),
            "x $1.example.com $1.example.com "
        );
        assert_eq!(applied("app/b.xml", "{host} gone"), "{host} ");
        assert_eq!(
            applied("app/deep/b.labels", "<v>a</v><v>b</v>"),
            "from a filefrom a file"
        );
    }

    #[test]
    fn what_cannot_be_replaced_stays_with_a_reason() {
        let (ready, problems) = resolved(&json!([
            {"filename": "a", "stringToReplace": "b", "replaceWithEnv": "UNSET"},
            {"filename": "a", "stringToReplace": "b", "replaceWithFile": "missing.txt"},
            {"filename": "a", "regexToReplace": "(", "replaceWithEnv": "HOST"},
            {"filename": "a"},
        ]));
        assert_eq!(ready.applied("a", "b".to_owned()), Ok("b".to_owned()));
        let [unset, missing, invalid] = problems.as_slice() else {
            panic!("{problems:?}");
        };
        assert_eq!(
            unset,
            "sfdx-project.json:1: a replacement is left out: the environment variable UNSET is not set"
        );
        assert!(
            missing.contains("the file missing.txt cannot be read"),
            "{missing}"
        );
        assert!(invalid.contains("Invalid regular expression"), "{invalid}");
    }

    #[test]
    fn a_file_does_not_grow_without_end() {
        let entry = json!({"glob": "**", "stringToReplace": "a", "replaceWithFile": "long"});
        let declared = [Replacement::read(&entry).expect("a replacement")];
        let long = |_: &str| Some("a".repeat(1_000_000));
        let (ready, _) = Replacements::resolve(&declared, "sfdx-project.json", variable, long);
        let refused = ready.applied("x", "a".repeat(1_000_000)).unwrap_err();
        assert!(refused.contains("is larger than"), "{refused}");
    }

    #[test]
    fn an_expression_that_takes_too_long_is_named() {
        let entry =
            json!({"filename": "x", "regexToReplace": r"^(a|ab|b)*\1c$", "replaceWithEnv": "HOST"});
        let declared = [Replacement::read(&entry).expect("a replacement")];
        let (ready, problems) =
            Replacements::resolve(&declared, "sfdx-project.json", variable, |_| None);
        assert!(problems.is_empty(), "{problems:?}");
        let refused = ready.applied("x", "ab".repeat(60)).unwrap_err();
        assert!(refused.contains("a replacement fails"), "{refused}");
    }
}
