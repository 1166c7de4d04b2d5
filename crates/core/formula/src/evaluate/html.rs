//! Links and images, exactly as the service writes them.
//!
//! Source: answers recorded in `stomita/sformula`, `test/fixtures`.

use std::fmt::Write as _;

use crate::function::Function;
use crate::node::Node;

/// Characters that are escaped, and how.
const ESCAPES: &[(char, &str)] = &[
    ('&', "&amp;"),
    ('<', "&lt;"),
    ('>', "&gt;"),
    ('"', "&quot;"),
    ('\'', "&#039;"),
];

/// A text as a page shows it.
pub(super) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match ESCAPES.iter().find(|(known, _)| *known == c) {
            Some((_, escape)) => out.push_str(escape),
            None => out.push(c),
        }
    }
    out
}

/// Whether a part makes an image, whose tag is not escaped.
pub(super) fn is_image(node: &Node) -> bool {
    match node {
        Node::Call(call) => match call.function {
            Function::Image => true,
            Function::If | Function::Case | Function::BlankValue => {
                call.arguments.iter().any(is_image)
            }
            _ => false,
        },
        Node::Formula { root, .. } => is_image(root),
        _ => false,
    }
}

/// What is blank is one blank.
pub(super) const fn or_blank(text: &str) -> &str {
    if text.is_empty() { " " } else { text }
}

/// `HYPERLINK`.
pub(super) fn link(url: &str, name: &str, target: &str) -> String {
    format!("<a href=\"{url}\" target=\"{target}\">{name}</a>")
}

/// `IMAGE`.
pub(super) fn image(url: &str, alternative: &str, size: Option<(&str, &str)>) -> String {
    let style = size.map_or_else(String::new, |(height, width)| {
        format!(" style=\"height:{height}px; width:{width}px;\"")
    });
    format!("<img src=\"{url}\" alt=\"{alternative}\"{style} border=\"0\"/>")
}

/// `JSENCODE`: a text within a string of a script.
pub(super) fn script(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\'' | '"' | '\\' | '/' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c => out.push(c),
        }
    }
    out
}

/// `URLENCODE`: a text within an address.
pub(super) fn address(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'*' => {
                out.push(char::from(byte));
            }
            b' ' => out.push('+'),
            byte => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}
