//! References from one part of a request to the answer to an earlier one: `@{account.id}`, `@{query.records[0].Id}`.
//!
//! Source: "Composite Request Body", "Composite Subrequest Result" (REST API Developer Guide).

use std::cell::OnceCell;
use std::collections::HashMap;
use std::fmt::Write as _;

use landfall_http::Writer;
use landfall_http::json::{self, Content, Json};
use landfall_model::{Fault, ManyFault};
use landfall_wire::ApiVersion;

/// What opens a reference; a brace closes it.
const OPENING: &str = "@{";

/// The version from which a reference may lead to null, and ids of parts are checked.
const STRICT_VERSION: u16 = 52;

/// Whether a version checks the ids of parts before it does anything.
pub(crate) fn checks_ids(version: ApiVersion) -> bool {
    version.number() >= STRICT_VERSION
}

/// Whether a text can be the id of a part: letters, digits and underscores, the first of them no underscore.
pub(crate) fn is_id(text: &str) -> bool {
    let mut letters = text.chars();
    letters
        .next()
        .is_some_and(|first| first.is_ascii_alphanumeric())
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

/// The answers so far, by the id of what they answer.
pub struct Answers<'b> {
    known: HashMap<&'b str, Known>,
    may_be_null: bool,
}

struct Known {
    body: String,
    /// Read when it is first asked for: most answers never are.
    read: OnceCell<Option<Json>>,
}

impl Known {
    fn json(&self) -> Option<&Json> {
        self.read
            .get_or_init(|| json::parse_answer(&self.body).ok())
            .as_ref()
    }
}

impl<'b> Answers<'b> {
    /// None yet. From version 52 on a reference may lead to null.
    pub fn new(version: ApiVersion) -> Self {
        Self {
            known: HashMap::new(),
            may_be_null: checks_ids(version),
        }
    }

    /// Keeps an answer; empty for one without a body.
    pub fn add(&mut self, reference: &'b str, body: &str) {
        let known = Known {
            body: body.to_owned(),
            read: OnceCell::new(),
        };
        self.known.insert(reference, known);
    }

    /// An address with its references replaced, their values encoded.
    ///
    /// # Errors
    /// [`ManyFault::ReferenceUnresolved`].
    pub fn url(&self, text: &str) -> Result<String, Fault> {
        self.replaced(text, encoded)
    }

    /// A body with the references in its texts replaced, written as JSON.
    ///
    /// # Errors
    /// [`ManyFault::ReferenceUnresolved`].
    pub fn body(&self, json: &Json) -> Result<String, Fault> {
        let mut w = Writer::new();
        self.write(&mut w, json)?;
        Ok(w.finish())
    }

    fn write(&self, w: &mut Writer, json: &Json) -> Result<(), Fault> {
        match &json.content {
            Content::Null => w.null(),
            Content::Boolean(truth) => w.boolean(*truth),
            Content::Number(digits) => w.raw(digits),
            Content::Text(text) => match whole(text) {
                // The value keeps its type if there is no other text next to it.
                Some(path) => self.write(w, self.value(path)?)?,
                None => w.string(&self.replaced(text, String::push_str)?),
            },
            Content::Array(items) => {
                w.open('[');
                for item in items {
                    self.write(w, item)?;
                }
                w.close(']');
            }
            Content::Object(members) => {
                w.open('{');
                for (name, value) in members {
                    self.write(w.name(name), value)?;
                }
                w.close('}');
            }
        }
        Ok(())
    }

    fn replaced(&self, text: &str, put: impl Fn(&mut String, &str)) -> Result<String, Fault> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once(OPENING) {
            let Some((path, after)) = behind.split_once('}') else {
                break;
            };
            out.push_str(before);
            match &self.value(path)?.content {
                Content::Text(value) | Content::Number(value) => put(&mut out, value),
                Content::Boolean(truth) => put(&mut out, if *truth { "true" } else { "false" }),
                Content::Null | Content::Array(_) | Content::Object(_) => {}
            }
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }

    /// What a path leads to; texts, numbers, truths and, where it may, null.
    fn value(&self, path: &str) -> Result<&Json, Fault> {
        let (reference, mut steps) = match path.find(['.', '[']) {
            Some(end) => path.split_at(end),
            None => (path, ""),
        };
        let unresolved = || {
            Fault::Many(ManyFault::ReferenceUnresolved {
                path: path.to_owned(),
                reference: reference.to_owned(),
            })
        };
        let known = self.known.get(reference).and_then(Known::json);
        let mut value = known.ok_or_else(unresolved)?;
        while !steps.is_empty() {
            (value, steps) = step(value, steps).ok_or_else(unresolved)?;
        }
        match &value.content {
            Content::Array(_) | Content::Object(_) => Err(unresolved()),
            Content::Null if !self.may_be_null => Err(unresolved()),
            _ => Ok(value),
        }
    }
}

/// Shows the ids that a text refers to.
pub(crate) fn references(text: &str, show: &mut impl FnMut(&str)) {
    for behind in text.split(OPENING).skip(1) {
        if let Some((path, _)) = behind.split_once('}') {
            show(path.split(['.', '[']).next().unwrap_or_default());
        }
    }
}

/// Shows the ids that the texts of a body refer to.
pub(crate) fn references_in(json: &Json, show: &mut impl FnMut(&str)) {
    match &json.content {
        Content::Text(text) => references(text, show),
        Content::Array(items) => items.iter().for_each(|item| references_in(item, show)),
        Content::Object(members) => {
            for (_, value) in members {
                references_in(value, show);
            }
        }
        Content::Null | Content::Boolean(_) | Content::Number(_) => {}
    }
}

/// One step of a path, and what follows it.
fn step<'a, 'p>(value: &'a Json, steps: &'p str) -> Option<(&'a Json, &'p str)> {
    if let Some(index) = steps.strip_prefix('[') {
        let (index, rest) = index.split_once(']')?;
        let Content::Array(items) = &value.content else {
            return None;
        };
        return Some((items.get(index.trim().parse::<usize>().ok()?)?, rest));
    }
    let name = steps.strip_prefix('.')?;
    let (name, rest) = match name.find(['.', '[']) {
        Some(end) => name.split_at(end),
        None => (name, ""),
    };
    let Content::Object(members) = &value.content else {
        return None;
    };
    let (_, member) = members.iter().find(|(known, _)| known == name)?;
    Some((member, rest))
}

/// The path of a text that is one reference and nothing else.
fn whole(text: &str) -> Option<&str> {
    let path = text.strip_prefix(OPENING)?.strip_suffix('}')?;
    (!path.contains('}')).then_some(path)
}

fn encoded(out: &mut String, value: &str) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use landfall_wire::versions::{Named, parse_rest};

    use super::*;

    fn answers(version: &str) -> Answers<'static> {
        let Named::Served(version) = parse_rest(version) else {
            panic!("{version}");
        };
        let mut answers = Answers::new(version);
        answers.add("new", r#"{"id":"001","success":true,"errors":[]}"#);
        answers.add(
            "found",
            r#"{"records":[{"Id":"002","Name":"A & B/ü","Phone":null,"Size":5}]}"#,
        );
        answers.add("gone", "");
        answers
    }

    fn body(version: &str, text: &str) -> Result<String, Fault> {
        answers(version).body(&json::parse(text).expect("JSON"))
    }

    #[test]
    fn a_reference_is_replaced_by_the_value_that_it_leads_to() {
        assert_eq!(
            body(
                "v59.0",
                r#"{"AccountId":"@{new.id}","Name":"@{found.records[0].Name} of @{new.id}","Size":"@{found.records[0].Size}","Is":["@{new.success}",1.50,null]}"#
            ),
            Ok(
                r#"{"AccountId":"001","Name":"A & B/ü of 001","Size":5,"Is":[true,1.50,null]}"#
                    .to_owned()
            )
        );
        assert_eq!(
            answers("v59.0").url("/x/@{new.id}?q=Name='@{found.records[0].Name}'@{"),
            Ok("/x/001?q=Name='A%20%26%20B%2F%C3%BC'@{".to_owned())
        );
    }

    #[test]
    fn a_dangling_reference_is_reported_with_its_path() {
        for (path, reference) in [
            ("new.Id", "new"),
            ("nobody.id", "nobody"),
            ("New.id", "New"),
            ("gone.id", "gone"),
            ("new", "new"),
            ("new.errors", "new"),
            ("found.records[1].Id", "found"),
            ("found.records[-1].Id", "found"),
            ("found.records[", "found"),
            ("found.records.Id", "found"),
            ("found..Id", "found"),
            ("new[1].id", "new"),
            ("", ""),
        ] {
            assert_eq!(
                answers("v59.0").url(&format!("/@{{{path}}}")),
                Err(Fault::Many(ManyFault::ReferenceUnresolved {
                    path: path.to_owned(),
                    reference: reference.to_owned(),
                })),
                "{path}"
            );
        }
    }

    #[test]
    fn null_is_a_value_since_version_52() {
        let text = r#"{"Phone":"@{found.records[0].Phone}","Name":"-@{found.records[0].Phone}-"}"#;
        assert_eq!(
            body("v52.0", text),
            Ok(r#"{"Phone":null,"Name":"--"}"#.to_owned())
        );
        assert!(body("v51.0", text).is_err());
    }

    #[test]
    fn ids_of_parts_are_letters_digits_and_underscores() {
        for (text, is) in [
            ("refAccount", true),
            ("1_a", true),
            ("_a", false),
            ("a[1]", false),
            ("a.b", false),
            ("", false),
            ("é", false),
        ] {
            assert_eq!(is_id(text), is, "{text}");
        }
    }
}
