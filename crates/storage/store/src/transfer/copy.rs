//! Copying a store into another one: batch by batch, each with a note of what comes next.

use std::ops::ControlFlow;

use landfall_model::limits::JOB_FILE_CHUNK_BYTES;
use landfall_model::{EntityName, ReplayId};

use super::cursor::{Cursor, Note};
use super::sums::{identity, short, unread};
use super::{Batch, Export, Import, KeptTable};
use crate::{DocumentKind, Error, Result};

/// How a copy ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Copied {
    /// Everything is copied, and the destination is a store.
    All,
    /// `watch` has ended it: another call goes on from there.
    Interrupted,
}

/// Copies everything that a store holds, from where an earlier copy was interrupted. `watch` is called after each batch with
/// the number of documents, records and events that the destination has; it may end the copy.
///
/// # Errors
/// [`Error::Open`] if the destination is half filled from another source, or the source was written to since; those of
/// reading and writing. The destination keeps what it has.
pub fn copy(
    source: &dyn Export,
    destination: Box<dyn Import + '_>,
    watch: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<Copied> {
    let mut copying = Copying::begin(source, destination)?;
    while copying.note.cursor != Cursor::End {
        if watch(copying.note.items).is_break() {
            return Ok(Copied::Interrupted);
        }
        copying.step()?;
    }
    copying.destination.finish(source.position())?;
    Ok(Copied::All)
}

struct Copying<'s> {
    source: &'s dyn Export,
    destination: Box<dyn Import + 's>,
    tables: Vec<KeptTable>,
    /// The names and sizes of the files, in the order of the names. Unit: bytes.
    files: Vec<(String, u64)>,
    /// As it was noted last.
    note: Note,
}

impl<'s> Copying<'s> {
    fn begin(source: &'s dyn Export, destination: Box<dyn Import + 's>) -> Result<Self> {
        let of = identity(source)?;
        let note = match destination.noted()? {
            None => Note {
                source: of,
                items: 0,
                cursor: Cursor::Topics,
            },
            Some(text) => {
                let note = Note::of_text(&text).ok_or_else(|| {
                    refused("the destination is half filled by another version of this program")
                })?;
                if note.source != of {
                    return Err(refused(
                        "the destination is half filled from another org, or the source was written to since",
                    ));
                }
                note
            }
        };
        Ok(Self {
            tables: source.tables()?,
            files: source.files().list().map_err(unread)?,
            source,
            destination,
            note,
        })
    }

    /// Copies the next batch.
    fn step(&mut self) -> Result<()> {
        match self.note.cursor.clone() {
            Cursor::Topics => {
                let topics = self.source.topics()?;
                self.write(Batch::Topics(&topics), 0, Cursor::Documents(None))
            }
            Cursor::Documents(after) => self.documents(after.as_ref()),
            Cursor::Tables(after) => self.table(after.as_ref()),
            Cursor::Records(entity, after) => self.records(entity, after),
            Cursor::Blocks(after) => self.blocks(after),
            Cursor::Files(after) => self.file(after.as_deref()),
            Cursor::End => Ok(()),
        }
    }

    /// Writes a batch with so many items, after which `cursor` comes.
    fn write(&mut self, batch: Batch<'_>, items: usize, cursor: Cursor) -> Result<()> {
        let items = u64::try_from(items).unwrap_or(u64::MAX);
        let note = Note {
            source: self.note.source.clone(),
            items: self.note.items.saturating_add(items),
            cursor,
        };
        self.destination.write(batch, &note.to_text())?;
        self.note = note;
        Ok(())
    }

    fn documents(&mut self, after: Option<&(DocumentKind, String)>) -> Result<()> {
        let after = after.map(|(kind, key)| (*kind, key.as_str()));
        let page = self.source.documents(after)?;
        let next = match page.last() {
            Some(last) => Cursor::Documents(Some((last.kind, last.key.clone()))),
            None => Cursor::Tables(None),
        };
        self.write(Batch::Documents(&page), page.len(), next)
    }

    /// Begins with the object after this one. Those that have no records get none in the destination either.
    fn table(&mut self, after: Option<&EntityName>) -> Result<()> {
        let next = self
            .tables
            .iter()
            .find(|table| after.is_none_or(|after| table.entity.as_str() > after.as_str()));
        let Some(table) = next.cloned() else {
            return self.write(Batch::Nothing, 0, Cursor::Blocks(None));
        };
        let entity = table.entity.clone();
        if self.source.records(&table, 0)?.is_empty() {
            return self.write(Batch::Nothing, 0, Cursor::Tables(Some(entity)));
        }
        self.write(Batch::Table(&table), 0, Cursor::Records(entity, 0))
    }

    fn records(&mut self, entity: EntityName, after: u64) -> Result<()> {
        let table = self.tables.iter().find(|table| table.entity == entity);
        let Some(table) = table.cloned() else {
            return Err(refused("the source has lost an object since"));
        };
        let page = self.source.records(&table, after)?;
        match page.last() {
            Some(last) => {
                let next = Cursor::Records(entity, last.number);
                self.write(Batch::Records(&table, &page), page.len(), next)
            }
            None => self.write(Batch::Indexes(&table), 0, Cursor::Tables(Some(entity))),
        }
    }

    fn blocks(&mut self, after: Option<ReplayId>) -> Result<()> {
        let page = self.source.blocks(after)?;
        let Some(last) = page.last() else {
            let tail = self.source.position().tail;
            return match after {
                Some(last) if last != tail => Err(Error::Corrupt {
                    what: "event log",
                    reason: format!("the last event is {last}, and the log ends at {tail}"),
                }),
                _ => self.write(Batch::Nothing, 0, Cursor::Files(None)),
            };
        };
        let events = page.iter().map(|block| block.events.len()).sum();
        let next = Cursor::Blocks(Some(last.last()));
        self.write(Batch::Blocks(&page), events, next)
    }

    /// Copies the file after this one. One that was interrupted is copied again from its beginning.
    fn file(&mut self, after: Option<&str>) -> Result<()> {
        let (from, to) = (self.source.files(), self.destination.files());
        let next = self
            .files
            .iter()
            .find(|(name, _)| after.is_none_or(|after| name.as_str() > after));
        let Some((name, bytes)) = next.cloned() else {
            return self.write(Batch::Nothing, 0, Cursor::End);
        };
        to.create(&name).map_err(unwritten)?;
        let mut at = 0;
        while at < bytes {
            let piece = from.read(&name, at, JOB_FILE_CHUNK_BYTES).map_err(unread)?;
            if piece.is_empty() {
                return Err(short(&name));
            }
            to.append(&name, at, &piece).map_err(unwritten)?;
            at = at.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        }
        to.keep(&name).map_err(unwritten)?;
        self.write(Batch::Nothing, 0, Cursor::Files(Some(name)))
    }
}

fn refused(reason: &str) -> Error {
    Error::Open {
        reason: reason.to_owned(),
    }
}

fn unwritten(source: std::io::Error) -> Error {
    let failure = match source.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
            crate::Failure::DiskFull
        }
        _ => crate::Failure::WriteFailed,
    };
    Error::Unavailable {
        failure,
        source: source.into(),
    }
}
