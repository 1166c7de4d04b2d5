//! The document of a component, with the places of its elements in the project.

use std::sync::Arc;

use landfall_xml::{Document, Limits, document};

use crate::part::{Part, Piece};
use crate::problem::SourceLine;

/// The namespace of all metadata.
pub(crate) const NAMESPACE: &str = "http://soap.sforce.com/2006/04/metadata";

/// One element.
#[derive(Clone, Debug)]
pub(crate) struct Element {
    /// Name of the element.
    pub(crate) name: String,
    /// Where it begins.
    pub(crate) at: SourceLine,
    /// The text directly in it.
    pub(crate) text: String,
    /// The elements in it, in order.
    pub(crate) children: Vec<Self>,
}

/// Reads a component, whose root must be the element of its kind.
///
/// # Errors
/// Where the text is not such a component, and why.
pub(crate) fn parse(part: &Part) -> Result<Element, (SourceLine, String)> {
    let start = SourceLine::of(part);
    let also: Vec<(&Piece, Arc<str>)> = part
        .also
        .iter()
        .map(|piece| (piece, Arc::from(piece.path.as_str())))
        .collect();
    let at = |line: usize| match also.iter().rev().find(|(piece, _)| piece.from <= line) {
        Some((piece, path)) => SourceLine {
            path: Arc::clone(path),
            line: piece.line + (line - piece.from),
        },
        None => SourceLine {
            path: Arc::clone(&start.path),
            line: start.line + line.saturating_sub(1),
        },
    };
    let Document { root, namespace } = document(&part.content, Limits::FILE)
        .map_err(|error| (at(error.line), error.to_string()))?;
    if namespace.is_some_and(|namespace| namespace != NAMESPACE) {
        let reason = format!("the namespace of metadata is {NAMESPACE}");
        return Err((at(root.line), reason));
    }
    let expected = part.kind.element();
    if root.name == expected {
        Ok(placed(root, &at))
    } else {
        let reason = format!("<{expected}> is expected here, not <{}>", root.name);
        Err((at(root.line), reason))
    }
}

fn placed(element: landfall_xml::Element, at: &impl Fn(usize) -> SourceLine) -> Element {
    let children = element.children.into_iter();
    Element {
        name: element.name,
        at: at(element.line),
        text: element.text,
        children: children.map(|child| placed(child, at)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    fn part(content: &str) -> Part {
        Part {
            kind: Kind::Channel,
            name: "C".to_owned(),
            path: "file".to_owned(),
            line: 1,
            position: 0,
            content: content
                .replace("<A", "<PlatformEventChannel")
                .replace("</A", "</PlatformEventChannel"),
            also: Vec::new(),
        }
    }

    fn fault(content: &str) -> (usize, String) {
        let (place, reason) = parse(&part(content)).expect_err("refused");
        (place.line, reason)
    }

    #[test]
    fn elements_know_their_lines() {
        let text = "\u{feff}<?xml version=\"1.0\"?>\n<A xmlns=\"http://soap.sforce.com/2006/04/metadata\">\n\
                    <b>x &amp; &#65;</b>\n\n<!-- no\nmatter -->\n  <c><![CDATA[<y>]]></c><d/>\n</A>\n";
        let root = parse(&part(text)).expect("well-formed");
        let seen: Vec<(&str, usize, &str)> = root
            .children
            .iter()
            .map(|child| (child.name.as_str(), child.at.line, child.text.as_str()))
            .collect();
        assert_eq!(root.at.line, 2);
        assert_eq!(seen, [("b", 3, "x & A"), ("c", 7, "<y>"), ("d", 7, "")]);
    }

    #[test]
    fn damage_is_found_where_it_is() {
        assert_eq!(fault("<A>\n<b>\n</c></A>").0, 3);
        assert_eq!(fault("<A/>\n<A/>").0, 2);
        assert_eq!(
            fault("<B/>").1,
            "<PlatformEventChannel> is expected here, not <B>"
        );
        assert_eq!(
            fault("<A xmlns=\"urn:other\"/>").1,
            format!("the namespace of metadata is {NAMESPACE}")
        );
    }

    #[test]
    fn a_part_of_a_file_counts_lines_from_its_own() {
        let part = Part {
            line: 7,
            ..part("<A>\n<b/></A>")
        };
        let root = parse(&part).expect("well-formed");
        assert_eq!(root.at.line, 7);
        assert_eq!(root.children[0].at.line, 8);
    }
}
