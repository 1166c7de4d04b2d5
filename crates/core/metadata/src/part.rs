//! From the files of a project to the components that are in them, each by itself.
//!
//! Source: "Salesforce DX Project Structure and Source Format" (Salesforce DX Developer Guide); "`CustomObject`"
//! (Metadata API Developer Guide) for the fields within an object's file.

use crate::Component;
use crate::channel::CHANGE_EVENTS;
use crate::channel_file::MemberText;
use crate::order;
use crate::project::{Identity, Kind, identify};
use crate::span::{Span, lines, spans};
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
    /// Its position among the components of its kind and object; 0 if nothing says which.
    ///
    /// Of a file: its number among the parts of the object's file. Of a stored component: in the order of creation.
    pub position: usize,
    /// A document of its own, line by line as in the file.
    pub content: String,
    /// Where lines of the content are from that are not from the file, in their order.
    pub also: Vec<Piece>,
}

/// Lines of a component that another file declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The line of the content on which they begin, counted from 1. They end where the next piece begins.
    pub from: usize,
    /// The file.
    pub path: String,
    /// The line of the file on which they begin.
    pub line: usize,
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
            Kind::Channel => {
                parts.extend(members(file, identity.name));
                if identity.name == CHANGE_EVENTS {
                    continue;
                }
                Vec::new()
            }
            _ => Vec::new(),
        };
        whole(file, identity, &inner, &mut parts);
    }
    order::apply_entries(&mut parts);
    parts
}

/// The component that a file is, and those in it.
fn whole(file: &Component, identity: Identity<'_>, inner: &[Span<Kind>], parts: &mut Vec<Part>) {
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
        rest.push_str(text(end, part.outer.start));
        line += lines(text(end, part.outer.start));
        let root = part.kind.root();
        parts.push(Part {
            kind: part.kind,
            name: format!("{name}.{}", part.name),
            path: file.path.clone(),
            line: line + lines(text(part.outer.start, part.inner.start)),
            position: index + 1,
            content: format!(
                "<{root} xmlns=\"{NAMESPACE}\">{}</{root}>",
                text(part.inner.start, part.inner.end)
            ),
            also: Vec::new(),
        });
        // What stays keeps its lines.
        let taken = lines(text(part.outer.start, part.outer.end));
        rest.extend(std::iter::repeat_n('\n', taken));
        line += taken;
        end = part.outer.end;
    }
    rest.push_str(file.content.get(end..).unwrap_or_default());
    parts.push(Part {
        kind,
        name,
        path: file.path.clone(),
        line: 1,
        position: 0,
        content: rest,
        also: Vec::new(),
    });
}

/// The components within an object's file; none if it cannot be read, which is reported when the file is read as a
/// whole.
fn inner(content: &str) -> Vec<Span<Kind>> {
    let kind_of = |element: &str| {
        let mut kinds = Kind::ALL.into_iter();
        let kind = kinds.find(|kind| kind.inline() == Some(element))?;
        Some((kind, "fullName"))
    };
    spans(content, kind_of).unwrap_or_default()
}

/// The members that a channel's file lists: until 46.0 they had no files of their own, and the channel that every org has
/// had one.
///
/// Source: "`PlatformEventChannel`" (Metadata API Developer Guide), `channelMembers`.
fn members(file: &Component, channel: &str) -> Vec<Part> {
    let kind_of = |element: &str| (element == "channelMembers").then_some(((), "selectedEntity"));
    let listed = spans(&file.content, kind_of).unwrap_or_default();
    let parts = listed.into_iter().map(|member| {
        let text = MemberText {
            full_name: format!("{}_{}", channel.replace("__", "_"), member.name),
            event_channel: channel.to_owned(),
            selected_entity: member.name,
            ..MemberText::default()
        };
        let before = file.content.get(..member.outer.start).unwrap_or_default();
        Part {
            path: file.path.clone(),
            // The document of the member has its first element on the third line.
            line: (lines(before) + 1).saturating_sub(2).max(1),
            ..text.part()
        }
    });
    parts.collect()
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
            .map(|part| (part.kind, part.name.as_str(), part.line, part.position))
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
