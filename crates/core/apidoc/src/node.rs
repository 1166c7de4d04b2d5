//! A document as a tree, printed as YAML or JSON.
//!
//! Only the part of YAML that every reader agrees on is written: block collections, plain texts where nothing else could be
//! meant, and JSON strings everywhere else.

use std::fmt::Write as _;

/// A part of a document. Members keep their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// Null.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Self>),
    /// Members by name.
    Map(Vec<(String, Self)>),
}

/// Members in order.
pub(crate) fn map<'k>(members: impl IntoIterator<Item = (&'k str, Node)>) -> Node {
    let members = members.into_iter();
    Node::Map(members.map(|(key, node)| (key.to_owned(), node)).collect())
}

/// A text.
pub(crate) fn text(text: impl Into<String>) -> Node {
    Node::Text(text.into())
}

/// A list.
pub(crate) fn list(nodes: impl IntoIterator<Item = Node>) -> Node {
    Node::List(nodes.into_iter().collect())
}

/// A list of texts.
pub(crate) fn texts<'t>(texts: impl IntoIterator<Item = &'t str>) -> Node {
    list(texts.into_iter().map(text))
}

/// A reference to another part of the document.
pub(crate) fn reference(to: &str) -> Node {
    map([("$ref", text(to))])
}

impl Node {
    /// The member of a map.
    pub fn get(&self, key: &str) -> Option<&Self> {
        let Self::Map(members) = self else {
            return None;
        };
        let mut members = members.iter();
        members.find_map(|(name, node)| (name == key).then_some(node))
    }

    /// The same with a member more, if it is a map.
    #[must_use]
    pub(crate) fn with(mut self, key: &str, node: Self) -> Self {
        if let Self::Map(members) = &mut self {
            members.push((key.to_owned(), node));
        }
        self
    }

    /// As YAML 1.2, which readers of 1.1 understand the same.
    pub fn yaml(&self) -> String {
        let mut out = String::new();
        self.block(&mut out, 0);
        out
    }

    /// As JSON.
    pub fn json(&self) -> String {
        let mut out = String::new();
        self.flow(&mut out);
        out
    }

    /// Writes what follows a key or is at the top, line end included.
    fn block(&self, out: &mut String, depth: usize) {
        match self {
            Self::List(nodes) if !nodes.is_empty() => {
                for node in nodes {
                    indent(out, depth);
                    out.push('-');
                    node.behind(out, depth, true);
                }
            }
            Self::Map(members) if !members.is_empty() => {
                for (key, node) in members {
                    indent(out, depth);
                    scalar(out, key);
                    out.push(':');
                    node.behind(out, depth, false);
                }
            }
            leaf => {
                leaf.leaf(out);
                out.push('\n');
            }
        }
    }

    /// Writes what follows a colon or a dash.
    fn behind(&self, out: &mut String, depth: usize, dash: bool) {
        match self {
            Self::Map(members) if dash && !members.is_empty() => {
                // The first member is on the line of the dash, the others below it.
                let mut inner = String::new();
                self.block(&mut inner, depth + 1);
                out.push(' ');
                out.push_str(inner.trim_start());
            }
            Self::List(nodes) if !nodes.is_empty() => {
                out.push('\n');
                self.block(out, depth + 1);
            }
            Self::Map(members) if !members.is_empty() => {
                out.push('\n');
                self.block(out, depth + 1);
            }
            leaf => {
                out.push(' ');
                leaf.leaf(out);
                out.push('\n');
            }
        }
    }

    fn leaf(&self, out: &mut String) {
        match self {
            Self::Text(text) => scalar(out, text),
            other => other.flow(out),
        }
    }

    fn flow(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(yes) => out.push_str(if *yes { "true" } else { "false" }),
            // Writing to a string does not fail.
            Self::Integer(number) => drop(write!(out, "{number}")),
            Self::Text(text) => quoted(out, text),
            Self::List(nodes) => {
                out.push('[');
                for (index, node) in nodes.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    node.flow(out);
                }
                out.push(']');
            }
            Self::Map(members) => {
                out.push('{');
                for (index, (key, node)) in members.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    quoted(out, key);
                    out.push(':');
                    node.flow(out);
                }
                out.push('}');
            }
        }
    }
}

fn indent(out: &mut String, depth: usize) {
    out.extend(std::iter::repeat_n("  ", depth));
}

/// A text as YAML: plain if it can mean nothing else.
fn scalar(out: &mut String, text: &str) {
    if is_plain(text) {
        out.push_str(text);
    } else {
        quoted(out, text);
    }
}

/// Words that some readers take for something else than a text.
const WORDS: [&str; 12] = [
    "null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf", "infinity",
];

fn is_plain(text: &str) -> bool {
    let mut bytes = text.bytes();
    let first = bytes
        .next()
        .is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'/');
    let rest = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b" _/.,()-'".contains(&byte));
    first
        && rest
        && !text.ends_with(' ')
        && !WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
}

/// A JSON string, which is a YAML string as well.
fn quoted(out: &mut String, text: &str) {
    out.push('"');
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // What a reader of YAML may not find in a text as it is.
            char if char.is_control()
                || ('\u{2028}'..='\u{2029}').contains(&char)
                || char == '\u{feff}' =>
            {
                let _ = write!(out, "\\u{:04x}", u32::from(char));
            }
            char => out.push(char),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_printed_in_either_form() {
        let node = map([
            ("openapi", text("3.1.0")),
            ("empty", map([])),
            ("none", list([])),
            (
                "tags",
                list([
                    map([("name", text("a: b")), ("deep", list([Node::Integer(1)]))]),
                    text("no"),
                    list([Node::Bool(true), Node::Null]),
                ]),
            ),
        ]);
        assert_eq!(
            node.yaml(),
            "openapi: \"3.1.0\"\nempty: {}\nnone: []\ntags:\n  - name: \"a: b\"\n    deep:\n      - 1\n  - \"no\"\n  -\n    - true\n    - null\n"
        );
        assert_eq!(
            node.json(),
            r#"{"openapi":"3.1.0","empty":{},"none":[],"tags":[{"name":"a: b","deep":[1]},"no",[true,null]]}"#
        );
    }

    #[test]
    fn what_could_mean_something_else_is_quoted() {
        for text in [
            "",
            "No",
            "1",
            "-a",
            "a ",
            "a: b",
            "a #b",
            "{a}",
            "ä",
            "a\u{2028}",
            "~",
            "2026-01-01",
        ] {
            let mut out = String::new();
            scalar(&mut out, text);
            assert!(out.starts_with('"'), "{text}");
            let read: String = serde_json::from_str(&out).expect("a JSON string");
            assert_eq!(read, text);
        }
    }
}
