//! From the text of an envelope to a tree of elements.
//!
//! Elements are known by their local names: clients give them every prefix there is, and some the wrong namespace. No
//! document types, no entities but the five of XML itself and characters by number, and bounds on the depth and the number
//! of elements: an envelope cannot make more of itself than it is.
//! Clients: jsforce writes the ids of `undelete` in a namespace that does not exist.

use landfall_model::limits::{SOAP_DEPTH_MAX, SOAP_ELEMENTS_MAX};
use quick_xml::Reader;
use quick_xml::events::attributes::Attributes;
use quick_xml::events::{BytesRef, BytesStart, Event};

/// One element.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// Name without its prefix.
    pub name: String,
    /// `xsi:type` without its prefix.
    pub kind: Option<String>,
    /// Whether `xsi:nil` says that there is no value.
    pub nil: bool,
    /// The text directly in it.
    pub text: String,
    /// The elements in it, in order.
    pub children: Vec<Self>,
}

impl Element {
    /// The first element of this name in it.
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// All elements of this name in it.
    pub fn children_named<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'e Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The text of the first element of this name in it; none for one that is nil.
    pub fn value(&self, name: &str) -> Option<&str> {
        let child = self.child(name).filter(|child| !child.nil)?;
        Some(child.text.trim())
    }
}

/// Reads a document.
///
/// # Errors
/// Why the text is none.
pub fn parse(content: &str) -> Result<Element, String> {
    let content = content.strip_prefix('\u{feff}').unwrap_or(content);
    if content.trim().is_empty() {
        return Err("Premature end of file.".to_owned());
    }
    let mut builder = Builder::default();
    let mut reader = Reader::from_str(content);
    loop {
        let event = reader.read_event();
        match event.map_err(|error| format!("The request is not well-formed XML: {error}"))? {
            Event::Start(tag) => builder.open(&tag)?,
            Event::Empty(tag) => {
                builder.open(&tag)?;
                builder.close()?;
            }
            Event::End(_) => builder.close()?,
            Event::Text(text) => builder.text(&text.xml10_content())?,
            Event::CData(text) => builder.text(&text.xml10_content())?,
            Event::GeneralRef(reference) => {
                let character = resolve(&reference)?;
                builder.text(character.encode_utf8(&mut [0; 4]))?;
            }
            Event::DocType(_) => {
                return Err("A document type declaration is not allowed.".to_owned());
            }
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => return builder.end(),
        }
    }
}

#[derive(Default)]
struct Builder {
    open: Vec<Element>,
    root: Option<Element>,
    count: usize,
}

impl Builder {
    fn open(&mut self, tag: &BytesStart<'_>) -> Result<(), String> {
        self.count += 1;
        if self.count > SOAP_ELEMENTS_MAX {
            return Err(format!(
                "The request has more than {SOAP_ELEMENTS_MAX} elements."
            ));
        }
        if self.open.len() >= SOAP_DEPTH_MAX {
            return Err(format!(
                "Elements are nested deeper than {SOAP_DEPTH_MAX} levels."
            ));
        }
        if self.open.is_empty() && self.root.is_some() {
            return Err("The request has more than one root element.".to_owned());
        }
        let mut element = Element {
            name: local(tag.name().into_inner()).to_owned(),
            ..Element::default()
        };
        read_attributes(&mut element, tag.attributes())?;
        self.open.push(element);
        Ok(())
    }

    fn close(&mut self) -> Result<(), String> {
        let Some(element) = self.open.pop() else {
            return Err("An element ends that did not begin.".to_owned());
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
            None => return Err("Content is not allowed outside of the root element.".to_owned()),
        }
        Ok(())
    }

    fn end(&mut self) -> Result<Element, String> {
        match self.open.last() {
            Some(unclosed) => Err(format!("The element {} is not closed.", unclosed.name)),
            None => self
                .root
                .take()
                .ok_or_else(|| "Premature end of file.".to_owned()),
        }
    }
}

/// Of the attributes only two mean something: which type an element has, and that it has no value.
fn read_attributes(element: &mut Element, attributes: Attributes<'_>) -> Result<(), String> {
    for attribute in attributes {
        let attribute =
            attribute.map_err(|error| format!("An attribute cannot be read: {error}"))?;
        let value: &str = &attribute.value;
        let name = attribute.key.into_inner();
        match name.split_once(':') {
            Some((prefix, "type")) if prefix != "xmlns" => {
                element.kind = Some(local(value.trim()).to_owned());
            }
            Some((prefix, "nil")) if prefix != "xmlns" => {
                element.nil = matches!(value.trim(), "true" | "1");
            }
            _ => {}
        }
    }
    Ok(())
}

fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
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
        _ => Err(format!(
            "The entity \"{name}\" was referenced, but not declared."
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_their_prefixes_and_two_attributes_are_read() {
        let root = parse(
            "\u{feff}<?xml version=\"1.0\"?><a:E xmlns:a=\"u\" xmlns:type=\"v\"><b x:type=\"y:T\">1 &amp; &#65;</b>\
             <c xsi:nil=\"true\"/><d><![CDATA[<z>]]></d></a:E>",
        )
        .expect("well-formed");
        assert_eq!((root.name.as_str(), &root.kind), ("E", &None));
        assert_eq!(root.child("b").and_then(|b| b.kind.as_deref()), Some("T"));
        assert_eq!(root.value("b"), Some("1 & A"));
        assert_eq!(root.value("c"), None);
        assert_eq!(root.value("d"), Some("<z>"));
    }

    #[test]
    fn damage_is_refused() {
        for text in [
            "",
            "<!-- -->",
            "x<a/>",
            "<a>",
            "<a></b>",
            "</a>",
            "<a/><a/>",
            "<a b=\"1\" b=\"2\"/>",
            "<a b/>",
            "<a>&b;</a>",
            "<a>&#0;</a",
            "<a",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert_eq!(parse(" \n"), Err("Premature end of file.".to_owned()));
    }

    #[test]
    fn an_envelope_cannot_grow() {
        let bomb = "<!DOCTYPE a [<!ENTITY b \"bbbb\">]><a>&b;</a>";
        assert_eq!(
            parse(bomb),
            Err("A document type declaration is not allowed.".to_owned())
        );
        let deep = "<a>".repeat(SOAP_DEPTH_MAX + 1);
        assert!(parse(&deep).is_err_and(|reason| reason.starts_with("Elements are nested")));
        let wide = format!("<a>{}</a>", "<b/>".repeat(SOAP_ELEMENTS_MAX));
        assert!(parse(&wide).is_err_and(|reason| reason.starts_with("The request has more")));
    }
}
