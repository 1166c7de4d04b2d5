//! Files that are no XML by the book, and that the vendor's CLI reads all the same: it parses them and deploys what it
//! has understood.
//!
//! Source: none; the behaviour of `sf project deploy start`, whose parser ignores text outside of the root element and
//! takes an ampersand that begins no reference for itself.

use std::borrow::Cow;

/// The content of a project's file as the vendor's CLI understands it.
pub fn as_cli_reads(content: &str) -> Cow<'_, str> {
    let content = within_root(content);
    if content.contains('&') {
        escaped(content)
    } else {
        content
    }
}

/// Without what is before the first tag and after the last. Lines stay as they are.
fn within_root(content: &str) -> Cow<'_, str> {
    let (Some(begin), Some(last)) = (content.find('<'), content.rfind('>')) else {
        return Cow::Borrowed(content);
    };
    let (Some(before), Some(inside), Some(after)) = (
        content.get(..begin),
        content.get(begin..=last),
        content.get(last + 1..),
    ) else {
        return Cow::Borrowed(content);
    };
    let is_blank = |text: &str| text.chars().all(|c| c.is_whitespace() || c == '\u{feff}');
    if (is_blank(before) && is_blank(after)) || after.contains('<') {
        return Cow::Borrowed(content);
    }
    let lines = before.matches('\n').count();
    Cow::Owned(format!("{}{inside}", "\n".repeat(lines)))
}

/// With every lone ampersand as a reference. Comments and character data need none.
fn escaped(content: Cow<'_, str>) -> Cow<'_, str> {
    let mut whole = String::new();
    let mut rest = content.as_ref();
    let mut changed = false;
    while let Some(at) = rest.find(['&', '<']) {
        let (before, from) = rest.split_at(at);
        whole.push_str(before);
        let raw = [("<!--", "-->"), ("<![CDATA[", "]]>")]
            .into_iter()
            .find(|(begin, _)| from.starts_with(begin));
        let taken = match raw {
            Some((_, end)) => from.find(end).map_or(from.len(), |at| at + end.len()),
            None => 1,
        };
        let (token, after) = from.split_at(taken);
        if token == "&" && !is_reference(after) {
            whole.push_str("&amp;");
            changed = true;
        } else {
            whole.push_str(token);
        }
        rest = after;
    }
    if !changed {
        return content;
    }
    whole.push_str(rest);
    Cow::Owned(whole)
}

/// Whether what follows an ampersand makes it one of the references that XML has.
fn is_reference(after: &str) -> bool {
    let Some((name, _)) = after.split_once(';') else {
        return false;
    };
    let all = |digits: &str, is_digit: fn(&u8) -> bool| {
        !digits.is_empty() && digits.bytes().all(|byte| is_digit(&byte))
    };
    match (name.strip_prefix("#x"), name.strip_prefix('#')) {
        (Some(digits), _) => all(digits, u8::is_ascii_hexdigit),
        (None, Some(digits)) => all(digits, u8::is_ascii_digit),
        (None, None) => ["amp", "lt", "gt", "apos", "quot"].contains(&name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_outside_of_the_root_is_ignored() {
        assert_eq!(as_cli_reads("<a/>\nx"), "<a/>");
        assert_eq!(as_cli_reads("x\ny<a>z</a>"), "\n<a>z</a>");
        for sound in ["\u{feff}<a/>\n", "", "no tag", "<a>"] {
            assert!(matches!(as_cli_reads(sound), Cow::Borrowed(same) if same == sound));
        }
    }

    #[test]
    fn an_ampersand_that_begins_no_reference_is_itself() {
        assert_eq!(
            as_cli_reads("<a>R&D & so &nbsp; on;&</a>"),
            "<a>R&amp;D &amp; so &amp;nbsp; on;&amp;</a>"
        );
        for sound in [
            "<a>&amp;&#10;&#xA;&lt;</a>",
            "<a><!-- R&D --><![CDATA[R&D]]></a>",
            "<a><![CDATA[R&D",
        ] {
            assert_eq!(as_cli_reads(sound), sound);
        }
        assert_eq!(
            as_cli_reads("<a>&#;&#x;&#xZ;</a>"),
            "<a>&amp;#;&amp;#x;&amp;#xZ;</a>"
        );
    }
}
