//! From the text of a metadata file to a tree of elements that know their lines.
//!
//! No document types, no entities but the five of XML itself and characters by number, and bounds on the size, the
//! depth and the number of elements: a file cannot make more of itself than it is.

use landfall_model::limits::{METADATA_DEPTH_MAX, METADATA_ELEMENTS_MAX, METADATA_FILE_BYTES_MAX};
use quick_xml::Reader;
use quick_xml::events::attributes::Attributes;
use quick_xml::events::{BytesRef, BytesStart, Event};

use crate::Part;
use crate::problem::Place;

/// The namespace of all metadata.
pub(crate) const NAMESPACE: &str = "http://soap.sforce.com/2006/04/metadata";

/// One element.
#[derive(Clone, Debug)]
pub(crate) struct Element {
    /// Name of the element.
    pub(crate) name: String,
    /// Where it begins.
    pub(crate) at: Place,
    /// The text directly in it.
    pub(crate) text: String,
    /// The elements in it, in order.
    pub(crate) children: Vec<Self>,
}

/// Reads a component, whose root must be the element of its kind.
///
/// # Errors
/// Where the text is not such a component, and why.
pub(crate) fn parse(part: &Part) -> Result<Element, (Place, String)> {
    let (content, root, start) = (part.content.as_str(), part.kind.element(), Place::of(part));
    if content.len() > METADATA_FILE_BYTES_MAX {
        let reason = format!("the file has more than {METADATA_FILE_BYTES_MAX} bytes");
        return Err((start, reason));
    }
    let content = content.strip_prefix('\u{feff}').unwrap_or(content);
    let mut builder = Builder {
        lines: Lines::new(content, start),
        open: Vec::new(),
        root: None,
        count: 0,
    };
    let element = builder
        .run(content)
        .map_err(|reason| (builder.lines.here.clone(), reason))?;
    if element.name == root {
        Ok(element)
    } else {
        let reason = format!("<{root}> is expected here, not <{}>", element.name);
        Err((element.at, reason))
    }
}

/// Counts lines up to a position that only moves forward.
struct Lines<'a> {
    content: &'a [u8],
    counted: usize,
    here: Place,
}

impl<'a> Lines<'a> {
    const fn new(content: &'a str, here: Place) -> Self {
        Self {
            content: content.as_bytes(),
            counted: 0,
            here,
        }
    }

    fn advance(&mut self, position: u64) {
        let position = usize::try_from(position).unwrap_or(usize::MAX);
        let passed = self.content.get(self.counted..position).unwrap_or_default();
        self.here.line += passed.split(|byte| *byte == b'\n').count() - 1;
        self.counted = self.counted.max(position);
    }
}

struct Builder<'a> {
    lines: Lines<'a>,
    open: Vec<Element>,
    root: Option<Element>,
    count: usize,
}

impl Builder<'_> {
    fn run(&mut self, content: &str) -> Result<Element, String> {
        let mut reader = Reader::from_str(content);
        loop {
            let before = reader.buffer_position();
            self.lines.advance(before);
            let event = reader.read_event().map_err(|error| {
                self.lines.advance(reader.error_position());
                format!("the file is not well-formed XML: {error}")
            })?;
            match event {
                Event::Start(tag) => self.open(&tag)?,
                Event::Empty(tag) => {
                    self.open(&tag)?;
                    self.close()?;
                }
                Event::End(_) => self.close()?,
                Event::Text(text) => self.text(&text.xml10_content())?,
                Event::CData(text) => self.text(&text.xml10_content())?,
                Event::GeneralRef(reference) => {
                    let character = resolve(&reference)?;
                    self.text(character.encode_utf8(&mut [0; 4]))?;
                }
                Event::DocType(_) => {
                    return Err("a document type declaration is not allowed".to_owned());
                }
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
                Event::Eof => return self.end(),
            }
        }
    }

    fn open(&mut self, tag: &BytesStart<'_>) -> Result<(), String> {
        self.count += 1;
        if self.count > METADATA_ELEMENTS_MAX {
            return Err(format!(
                "the file has more than {METADATA_ELEMENTS_MAX} elements"
            ));
        }
        if self.open.len() >= METADATA_DEPTH_MAX {
            return Err(format!(
                "elements are nested deeper than {METADATA_DEPTH_MAX} levels"
            ));
        }
        if self.open.is_empty() && self.root.is_some() {
            return Err("a file has one root element only".to_owned());
        }
        let name = tag.name().into_inner().to_owned();
        check_attributes(tag.attributes(), self.open.is_empty())?;
        self.open.push(Element {
            name,
            at: self.lines.here.clone(),
            text: String::new(),
            children: Vec::new(),
        });
        Ok(())
    }

    fn close(&mut self) -> Result<(), String> {
        let Some(element) = self.open.pop() else {
            return Err("an element ends that did not begin".to_owned());
        };
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), String> {
        match self.open.last_mut() {
            Some(element) => element.text.push_str(text),
            None if text.trim().is_empty() => {}
            None => return Err("text stands outside of the root element".to_owned()),
        }
        Ok(())
    }

    fn end(&mut self) -> Result<Element, String> {
        if let Some(unclosed) = self.open.last() {
            return Err(format!("the element <{}> is not closed", unclosed.name));
        }
        self.root
            .take()
            .ok_or_else(|| "the file has no root element".to_owned())
    }
}

/// Attributes must be readable, and the root's default namespace that of metadata.
fn check_attributes(attributes: Attributes<'_>, root: bool) -> Result<(), String> {
    for attribute in attributes {
        let attribute =
            attribute.map_err(|error| format!("an attribute cannot be read: {error}"))?;
        let namespace: &str = &attribute.value;
        if root && attribute.key.into_inner() == "xmlns" && namespace != NAMESPACE {
            return Err(format!("the namespace of metadata is {NAMESPACE}"));
        }
    }
    Ok(())
}

fn resolve(reference: &BytesRef<'_>) -> Result<char, String> {
    if let Ok(Some(character)) = reference.resolve_char_ref() {
        return Ok(character);
    }
    let name = reference.xml10_content();
    match &*name {
        "amp" => Ok('&'),
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "apos" => Ok('\''),
        "quot" => Ok('"'),
        _ => Err(format!("the entity &{name}; is unknown")),
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
        assert_eq!(
            fault("<A>\n<b>\n"),
            (3, "the element <b> is not closed".to_owned())
        );
        assert_eq!(fault("").1, "the file has no root element");
        assert_eq!(
            fault("<A/>\n<A/>"),
            (2, "a file has one root element only".to_owned())
        );
        assert_eq!(
            fault("<A/>\nx").1,
            "text stands outside of the root element"
        );
        assert_eq!(
            fault("<B/>").1,
            "<PlatformEventChannel> is expected here, not <B>"
        );
        assert_eq!(
            fault("<A xmlns=\"urn:other\"/>").1,
            format!("the namespace of metadata is {NAMESPACE}")
        );
        assert!(
            fault("<A b=\"1\" b=\"2\"/>")
                .1
                .starts_with("an attribute cannot be read")
        );
    }

    #[test]
    fn a_file_cannot_grow() {
        let bomb = "<!DOCTYPE a [<!ENTITY b \"bbbb\">]><A>&b;</A>";
        assert_eq!(fault(bomb).1, "a document type declaration is not allowed");
        assert_eq!(fault("<A>&b;</A>").1, "the entity &b; is unknown");
        let deep = "<A>".repeat(METADATA_DEPTH_MAX + 1);
        assert!(fault(&deep).1.starts_with("elements are nested deeper"));
        let wide = format!("<A>{}</A>", "<b/>".repeat(METADATA_ELEMENTS_MAX));
        assert!(fault(&wide).1.starts_with("the file has more than"));
        let long = " ".repeat(METADATA_FILE_BYTES_MAX + 1);
        assert!(fault(&long).1.starts_with("the file has more than"));
    }
}
