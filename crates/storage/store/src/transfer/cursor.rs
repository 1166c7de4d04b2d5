//! How far a move has come, as it is noted in the destination.

use landfall_model::{EntityName, ReplayId};

use crate::DocumentKind;

/// The part that comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cursor {
    Topics,
    /// Documents after this one.
    Documents(Option<(DocumentKind, String)>),
    /// The object after this one, in the order of the names.
    Tables(Option<EntityName>),
    /// Records of an object, after this number.
    Records(EntityName, u64),
    /// Events after this one, or from the oldest on.
    Blocks(Option<ReplayId>),
    /// The file after this one, in the order of the names.
    Files(Option<String>),
    /// Nothing is left but to finish.
    End,
}

/// A note: which move it is of, how much is copied, and what comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Note {
    /// Identifies the source in its present state.
    pub(super) source: String,
    pub(super) items: u64,
    pub(super) cursor: Cursor,
}

/// The form of notes.
const FORM: &str = "landfall move 1";

impl Note {
    pub(super) fn to_text(&self) -> String {
        let place = match &self.cursor {
            Cursor::Topics => "topics".to_owned(),
            Cursor::Documents(None) => "documents".to_owned(),
            Cursor::Documents(Some((kind, key))) => format!("documents\n{}\n{key}", kind.as_str()),
            Cursor::Tables(None) => "tables".to_owned(),
            Cursor::Tables(Some(entity)) => format!("tables\n{entity}"),
            Cursor::Records(entity, after) => format!("records\n{entity}\n{after}"),
            Cursor::Blocks(None) => "blocks".to_owned(),
            Cursor::Blocks(Some(after)) => format!("blocks\n{after}"),
            Cursor::Files(None) => "files".to_owned(),
            Cursor::Files(Some(name)) => format!("files\n{name}"),
            Cursor::End => "end".to_owned(),
        };
        format!("{FORM}\n{}\n{}\n{place}", self.source, self.items)
    }

    /// None if this program has not written it.
    pub(super) fn of_text(text: &str) -> Option<Self> {
        // A key may have line breaks: it comes last.
        let mut lines = text.splitn(6, '\n');
        if lines.next()? != FORM {
            return None;
        }
        let source = lines.next()?.to_owned();
        let items = lines.next()?.parse().ok()?;
        let (part, first, second) = (lines.next()?, lines.next(), lines.next());
        let cursor = match (part, first, second) {
            ("topics", None, None) => Cursor::Topics,
            ("documents", None, None) => Cursor::Documents(None),
            ("documents", Some(kind), Some(key)) => {
                Cursor::Documents(Some((DocumentKind::named(kind)?, key.to_owned())))
            }
            ("tables", entity, None) => Cursor::Tables(entity.map(EntityName::new)),
            ("records", Some(entity), Some(after)) => {
                Cursor::Records(EntityName::new(entity), after.parse().ok()?)
            }
            ("blocks", None, None) => Cursor::Blocks(None),
            ("blocks", Some(after), None) => {
                Cursor::Blocks(Some(ReplayId::new(after.parse().ok()?)))
            }
            ("files", name, None) => Cursor::Files(name.map(str::to_owned)),
            ("end", None, None) => Cursor::End,
            _ => return None,
        };
        Some(Self {
            source,
            items,
            cursor,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_read_as_it_was_written() {
        let cursors = [
            Cursor::Topics,
            Cursor::Documents(None),
            Cursor::Documents(Some((DocumentKind::Session, "a\nb\n".to_owned()))),
            Cursor::Documents(Some((DocumentKind::Org, String::new()))),
            Cursor::Tables(None),
            Cursor::Tables(Some(EntityName::new("Account"))),
            Cursor::Records(EntityName::new("Trip__c"), 7),
            Cursor::Blocks(None),
            Cursor::Blocks(Some(ReplayId::new(1_001))),
            Cursor::Files(None),
            Cursor::Files(Some("750.csv".to_owned())),
            Cursor::End,
        ];
        for cursor in cursors {
            let note = Note {
                source: "a source".to_owned(),
                items: 3,
                cursor,
            };
            assert_eq!(Note::of_text(&note.to_text()), Some(note));
        }
        for text in [
            "",
            "landfall move 2\ns\n0\nend",
            "landfall move 1\ns\nx\nend",
            "landfall move 1\ns\n0\nrecords\nAccount",
            "landfall move 1\ns\n0\nend\nmore",
        ] {
            assert_eq!(Note::of_text(text), None, "{text}");
        }
    }
}
