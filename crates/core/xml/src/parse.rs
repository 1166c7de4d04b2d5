//! From text to a tree of elements.

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

use crate::element::Element;
use crate::error::{Error, ErrorKind};
use crate::limits::Limits;

/// A document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its root element.
    pub root: Element,
    /// The default namespace of the root element.
    pub namespace: Option<String>,
}

/// Reads a document and returns its root element.
///
/// # Errors
/// Why the text is none.
pub fn parse(text: &str, limits: Limits) -> Result<Element, Error> {
    document(text, limits).map(|document| document.root)
}

/// Reads a document.
///
/// # Errors
/// Why the text is none.
pub fn document(text: &str, limits: Limits) -> Result<Document, Error> {
    let mut builder = Builder::new(text, limits);
    builder.run().map_err(|kind| Error {
        line: builder.lines.line,
        kind,
    })
}

/// Reads the beginning of a document, up to where the names of the open elements, the root first, are `enough`; returns the
/// root with what is in it so far. None if the text ends before, or is no document up to there.
pub fn beginning(
    text: &str,
    limits: Limits,
    enough: impl Fn(&mut dyn Iterator<Item = &str>) -> bool,
) -> Option<Element> {
    let mut builder = Builder::new(text, limits);
    let read = builder.read(|open| enough(&mut open.iter().map(|element| element.name.as_str())));
    if !matches!(read, Ok(Progress::Enough)) {
        return None;
    }
    while builder.open.len() > 1 {
        builder.close(text.len(), text.len()).ok()?;
    }
    builder.open.pop()
}

/// Where reading has stopped.
enum Progress {
    /// At the end of the text.
    End,
    /// Where there was enough.
    Enough,
}

/// Counts lines up to a position that only moves forward.
struct Lines<'t> {
    text: &'t [u8],
    position: usize,
    line: usize,
}

impl Lines<'_> {
    fn advance(&mut self, position: usize) {
        let passed = self.text.get(self.position..position).unwrap_or_default();
        self.line += passed.split(|byte| *byte == b'\n').count() - 1;
        self.position = self.position.max(position);
    }
}

struct Builder<'t> {
    text: &'t str,
    /// Bytes before what the reader reads.
    skipped: usize,
    limits: Limits,
    lines: Lines<'t>,
    open: Vec<Element>,
    root: Option<Element>,
    namespace: Option<String>,
    elements: usize,
}

impl<'t> Builder<'t> {
    fn new(text: &'t str, limits: Limits) -> Self {
        Self {
            text,
            skipped: text.len() - text.trim_start_matches('\u{feff}').len(),
            limits,
            lines: Lines {
                text: text.as_bytes(),
                position: 0,
                line: 1,
            },
            open: Vec::new(),
            root: None,
            namespace: None,
            elements: 0,
        }
    }

    fn run(&mut self) -> Result<Document, ErrorKind> {
        self.read(|_| false)?;
        self.end()
    }

    fn read(&mut self, enough: impl Fn(&[Element]) -> bool) -> Result<Progress, ErrorKind> {
        let max = self.limits.bytes;
        if self.text.len() > max {
            return Err(ErrorKind::Bytes { max });
        }
        let mut reader = Reader::from_str(self.text.get(self.skipped..).unwrap_or_default());
        loop {
            let begin = self.position(reader.buffer_position());
            self.lines.advance(begin);
            let event = reader.read_event().map_err(|error| {
                let at = self.position(reader.error_position());
                self.lines.advance(at);
                self.syntax(&error)
            })?;
            let end = self.position(reader.buffer_position());
            match event {
                Event::Start(tag) => {
                    self.open(&tag, begin, end)?;
                    if enough(&self.open) {
                        return Ok(Progress::Enough);
                    }
                }
                Event::Empty(tag) => {
                    self.open(&tag, begin, end)?;
                    if enough(&self.open) {
                        return Ok(Progress::Enough);
                    }
                    self.close(end, end)?;
                }
                Event::End(_) => self.close(begin, end)?,
                Event::Text(text) => self.text(&text.xml10_content())?,
                Event::CData(text) => self.text(&text.xml10_content())?,
                Event::GeneralRef(reference) => {
                    let character = resolve(&reference)?;
                    self.text(character.encode_utf8(&mut [0; 4]))?;
                }
                Event::DocType(_) => return Err(ErrorKind::DocumentType),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
                Event::Eof => return Ok(Progress::End),
            }
        }
    }

    fn position(&self, read: u64) -> usize {
        let read = usize::try_from(read).unwrap_or(usize::MAX);
        read.saturating_add(self.skipped).min(self.text.len())
    }

    fn syntax(&self, error: &quick_xml::Error) -> ErrorKind {
        match (error, self.open.last()) {
            (
                quick_xml::Error::IllFormed(
                    quick_xml::errors::IllFormedError::MismatchedEndTag { .. }
                    | quick_xml::errors::IllFormedError::MissingEndTag(_),
                ),
                Some(unclosed),
            ) => ErrorKind::Unclosed {
                name: unclosed.name.clone(),
            },
            _ => ErrorKind::Syntax {
                reason: error.to_string(),
            },
        }
    }

    fn open(&mut self, tag: &BytesStart<'_>, begin: usize, end: usize) -> Result<(), ErrorKind> {
        self.elements += 1;
        let Limits {
            depth, elements, ..
        } = self.limits;
        if self.elements > elements {
            return Err(ErrorKind::Elements { max: elements });
        }
        if self.open.len() >= depth {
            return Err(ErrorKind::Depth { max: depth });
        }
        if self.open.is_empty() && self.root.is_some() {
            return Err(ErrorKind::Trailing);
        }
        let mut element = Element {
            name: local(tag.name().into_inner()).to_owned(),
            line: self.lines.line,
            outer: begin..end,
            inner: end..end,
            ..Element::default()
        };
        self.attributes(&mut element, tag)?;
        self.open.push(element);
        Ok(())
    }

    /// Two attributes mean something, the type of an element and that it has no value, and the namespace of the root.
    fn attributes(&mut self, element: &mut Element, tag: &BytesStart<'_>) -> Result<(), ErrorKind> {
        let max = self.limits.attributes;
        for (index, attribute) in tag.attributes().enumerate() {
            if index >= max {
                let name = element.name.clone();
                return Err(ErrorKind::TooManyAttributes { name, max });
            }
            let attribute = attribute.map_err(|error| ErrorKind::Attributes {
                name: element.name.clone(),
                reason: error.to_string(),
            })?;
            let value: &str = &attribute.value;
            check_characters(value)?;
            let name = attribute.key.into_inner();
            match name.split_once(':') {
                Some((prefix, "type")) if prefix != "xmlns" => {
                    element.kind = Some(local(value.trim()).to_owned());
                }
                Some((prefix, "nil")) if prefix != "xmlns" => {
                    element.nil = matches!(value.trim(), "true" | "1");
                }
                None if name == "xmlns" && self.open.is_empty() => {
                    self.namespace = Some(value.to_owned());
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn close(&mut self, begin: usize, end: usize) -> Result<(), ErrorKind> {
        let Some(mut element) = self.open.pop() else {
            return Err(ErrorKind::Trailing);
        };
        element.inner.end = begin;
        element.outer.end = end;
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), ErrorKind> {
        check_characters(text)?;
        match self.open.last_mut() {
            Some(element) => element.text.push_str(text),
            None if text.trim().is_empty() => {}
            None if self.root.is_none() => return Err(ErrorKind::Prolog),
            None => return Err(ErrorKind::Trailing),
        }
        Ok(())
    }

    fn end(&mut self) -> Result<Document, ErrorKind> {
        if let Some(unclosed) = self.open.last() {
            let name = unclosed.name.clone();
            return Err(ErrorKind::Unclosed { name });
        }
        let root = self.root.take().ok_or(ErrorKind::Empty)?;
        Ok(Document {
            root,
            namespace: self.namespace.take(),
        })
    }
}

fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

fn resolve(reference: &BytesRef<'_>) -> Result<char, ErrorKind> {
    let name = reference.xml10_content();
    match &*name {
        "amp" => Ok('&'),
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "apos" => Ok('\''),
        "quot" => Ok('"'),
        _ => {
            let reference_text = name.clone().into_owned();
            match reference.resolve_char_ref() {
                Ok(Some(character)) if is_character(character) => Ok(character),
                Ok(None) => Err(ErrorKind::Entity {
                    name: reference_text,
                }),
                Ok(Some(_)) | Err(_) => Err(ErrorKind::CharacterReference {
                    reference: reference_text,
                }),
            }
        }
    }
}

fn check_characters(text: &str) -> Result<(), ErrorKind> {
    match text.chars().find(|character| !is_character(*character)) {
        Some(character) => Err(ErrorKind::Character {
            code: u32::from(character),
        }),
        None => Ok(()),
    }
}

/// Source: "Extensible Markup Language (XML) 1.0", 2.2.
pub(crate) const fn is_character(character: char) -> bool {
    match character {
        '\t' | '\n' | '\r' => true,
        '\u{fffe}' | '\u{ffff}' => false,
        other => other >= ' ',
    }
}
