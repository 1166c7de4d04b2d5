//! From the files of a project to the components that are in them, each by itself.
//!
//! Source: "Salesforce DX Project Structure and Source Format" (Salesforce DX Developer Guide); "`CustomObject`"
//! (Metadata API Developer Guide) for the fields within an object's file.

use landfall_model::limits::{METADATA_ELEMENTS_MAX, METADATA_FILE_BYTES_MAX};
use quick_xml::Reader;
use quick_xml::events::Event;

use crate::Component;
use crate::project::{Identity, Kind, identify};
use crate::xml::NAMESPACE;

/// One component as the Metadata API counts them: a file of an object can hold many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What it is.
    pub kind: Kind,
    /// Its full name: `Trip__c`, `Trip__c.Days__c`.
    pub name: String,
    /// The file that it is in.
    pub path: String,
    /// The line of the file on which its content begins.
    pub line: usize,
    /// Its number among those of its object's file, from 1; 0 if it has a file of its own.
    pub place: usize,
    /// A document of its own, line by line as in the file.
    pub content: String,
}

/// The components of files: those in the files of objects are taken out. Files that are no component are left out.
pub fn parts(files: &[Component]) -> Vec<Part> {
    let mut parts = Vec::new();
    for file in files {
        let Some(identity) = identify(&file.path) else {
            continue;
        };
        let inner = match identity.kind {
            Kind::Object => inner(&file.content),
            _ => Vec::new(),
        };
        whole(file, identity, &inner, &mut parts);
    }
    parts
}

/// The component that a file is, and those in it.
fn whole(file: &Component, identity: Identity<'_>, inner: &[Inner], parts: &mut Vec<Part>) {
    let Identity { kind, name, object } = identity;
    let name = match kind.inline() {
        Some(_) => format!("{object}.{name}"),
        None => name.to_owned(),
    };
    let mut rest = String::new();
    let mut end = 0;
    let mut line = 1;
    for (index, part) in inner.iter().enumerate() {
        let text = |from: usize, to: usize| file.content.get(from..to).unwrap_or_default();
        rest.push_str(text(end, part.begin));
        line += lines(text(end, part.begin));
        let root = part.kind.root();
        parts.push(Part {
            kind: part.kind,
            name: format!("{name}.{}", part.name),
            path: file.path.clone(),
            line: line + lines(text(part.begin, part.content)),
            place: index + 1,
            content: format!(
                "<{root} xmlns=\"{NAMESPACE}\">{}</{root}>",
                text(part.content, part.content_end)
            ),
        });
        // What stays keeps its lines.
        let taken = lines(text(part.begin, part.end));
        rest.extend(std::iter::repeat_n('\n', taken));
        line += taken;
        end = part.end;
    }
    rest.push_str(file.content.get(end..).unwrap_or_default());
    parts.push(Part {
        kind,
        name,
        path: file.path.clone(),
        line: 1,
        place: 0,
        content: rest,
    });
}

fn lines(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count()
}

/// A component within an object's file, by its bytes.
struct Inner {
    kind: Kind,
    name: String,
    begin: usize,
    content: usize,
    content_end: usize,
    end: usize,
}

/// The components within an object's file; none if it cannot be read, which is found out again by whoever reads the
/// file as a whole.
fn inner(content: &str) -> Vec<Inner> {
    if content.len() > METADATA_FILE_BYTES_MAX {
        return Vec::new();
    }
    scan(content).unwrap_or_default()
}

fn scan(content: &str) -> Option<Vec<Inner>> {
    let skipped = content.len() - content.trim_start_matches('\u{feff}').len();
    let mut reader = Reader::from_str(content.get(skipped..)?);
    let (mut depth, mut naming) = (0_usize, false);
    let mut open: Option<Inner> = None;
    let mut found = Vec::new();
    loop {
        let begin = position(&reader, skipped)?;
        let event = reader.read_event().ok()?;
        let end = position(&reader, skipped)?;
        match event {
            Event::Start(tag) => {
                let name = tag.name().into_inner();
                match depth {
                    1 => open = opened(name, begin, end),
                    2 => naming = name == "fullName",
                    _ => {}
                }
                depth += 1;
            }
            Event::Empty(tag) if depth == 1 => {
                found.extend(opened(tag.name().into_inner(), begin, end));
            }
            Event::End(_) => {
                depth = depth.checked_sub(1)?;
                match depth {
                    1 => found.extend(open.take().map(|inner| Inner {
                        content_end: begin,
                        end,
                        ..inner
                    })),
                    2 => naming = false,
                    _ => {}
                }
            }
            Event::Text(text) => name(&mut open, naming && depth == 3, &text.xml10_content()),
            Event::CData(text) => name(&mut open, naming && depth == 3, &text.xml10_content()),
            Event::Eof => return (depth == 0).then_some(found),
            Event::Empty(_)
            | Event::Comment(_)
            | Event::Decl(_)
            | Event::PI(_)
            | Event::DocType(_)
            | Event::GeneralRef(_) => {}
        }
        if found.len() > METADATA_ELEMENTS_MAX {
            return None;
        }
    }
}

fn position(reader: &Reader<&[u8]>, skipped: usize) -> Option<usize> {
    Some(usize::try_from(reader.buffer_position()).ok()? + skipped)
}

fn opened(element: &str, begin: usize, end: usize) -> Option<Inner> {
    let kind = Kind::ALL
        .into_iter()
        .find(|kind| kind.inline() == Some(element))?;
    Some(Inner {
        kind,
        name: String::new(),
        begin,
        content: end,
        content_end: end,
        end,
    })
}

fn name(open: &mut Option<Inner>, naming: bool, text: &str) {
    if let (Some(inner), true) = (open, naming) {
        inner.name.push_str(text.trim());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(content: &str) -> Vec<Part> {
        parts(&[Component {
            path: "objects/Trip__c.object".to_owned(),
            content: content.to_owned(),
        }])
    }

    #[test]
    fn what_is_in_the_file_of_an_object_is_a_component_of_its_own() {
        let all = split(
            "\u{feff}<CustomObject>\n<fields>\n<fullName>Days__c</fullName>\n</fields><fields><fullName>\
             <![CDATA[To__c]]></fullName></fields>\n<label>Trip</label><recordTypes/>\n</CustomObject>",
        );
        let seen: Vec<(Kind, &str, usize, usize)> = all
            .iter()
            .map(|part| (part.kind, part.name.as_str(), part.line, part.place))
            .collect();
        assert_eq!(
            seen,
            [
                (Kind::Field, "Trip__c.Days__c", 2, 1),
                (Kind::Field, "Trip__c.To__c", 4, 2),
                (Kind::RecordType, "Trip__c.", 5, 3),
                (Kind::Object, "Trip__c", 1, 0),
            ]
        );
        assert_eq!(
            all[0].content,
            format!(
                "<CustomField xmlns=\"{NAMESPACE}\">\n<fullName>Days__c</fullName>\n</CustomField>"
            )
        );
        assert_eq!(
            all[3].content,
            "\u{feff}<CustomObject>\n\n\n\n<label>Trip</label>\n</CustomObject>"
        );
    }

    #[test]
    fn a_file_that_cannot_be_read_stays_as_it_is() {
        for damaged in ["<CustomObject><fields>", "<a></b>", "</a>", "<fields/", ""] {
            let all = split(damaged);
            assert_eq!(all.len(), 1, "{damaged}");
            assert_eq!(all[0].content, damaged);
        }
    }
}
