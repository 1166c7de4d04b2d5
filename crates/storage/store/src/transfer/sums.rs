//! Whether two stores hold the same: a checksum of each part, whatever the order in which its items are read.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::ControlFlow;

use landfall_model::limits::MOVE_BATCH_BYTES;
use landfall_model::{EntityName, EventId, Value};
use sha2::{Digest, Sha256};

use super::{Export, KeptBlock, KeptDocument, KeptRecord, KeptTable};
use crate::{DocumentKind, Error, Result};

/// A part of what a store holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The newest replay id, the newest commit number and its time.
    Position,
    /// Topics with their numbers.
    Topics,
    /// Documents of a kind.
    Documents(DocumentKind),
    /// Records of an object, deleted ones included.
    Records(EntityName),
    /// Events with their replay ids.
    Events,
    /// Files of jobs.
    Files,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Position => f.write_str("position"),
            Self::Topics => f.write_str("topics"),
            Self::Documents(kind) => write!(f, "documents {}", kind.as_str()),
            Self::Records(entity) => write!(f, "records {entity}"),
            Self::Events => f.write_str("events"),
            Self::Files => f.write_str("files"),
        }
    }
}

/// What a part adds up to. Equal items in any order have equal sums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// How many items; of the position, the newest replay id.
    pub items: u64,
    /// The sum of their hashes.
    pub checksum: u128,
}

impl Sum {
    fn add(&mut self, hash: Hash) {
        self.items = self.items.saturating_add(1);
        self.checksum = self.checksum.wrapping_add(hash.end());
    }
}

/// A part in two stores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// Which part.
    pub part: Part,
    /// What the source has.
    pub source: Sum,
    /// What the destination has.
    pub destination: Sum,
}

impl Compared {
    /// Whether both have the same.
    pub fn is_equal(&self) -> bool {
        self.source == self.destination
    }
}

/// Compares the sums of two stores, part by part.
pub fn compared(source: &BTreeMap<Part, Sum>, destination: &BTreeMap<Part, Sum>) -> Vec<Compared> {
    let mut parts: Vec<&Part> = source.keys().chain(destination.keys()).collect();
    parts.sort_unstable();
    parts.dedup();
    let of = |sums: &BTreeMap<Part, Sum>, part| sums.get(part).copied().unwrap_or_default();
    let compared = parts.into_iter().map(|part| Compared {
        part: part.clone(),
        source: of(source, part),
        destination: of(destination, part),
    });
    compared.collect()
}

/// What a store holds, part by part; none if `watch`, which is called with the number of items so far, ends it.
///
/// # Errors
/// [`Error::Read`], [`Error::Corrupt`].
pub fn sums(
    store: &dyn Export,
    watch: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<Option<BTreeMap<Part, Sum>>> {
    let mut summing = Summing {
        sums: BTreeMap::from([(Part::Position, position(store))]),
        items: 0,
        watch,
    };
    let done = match summing.all(store)? {
        ControlFlow::Continue(()) => Some(summing.sums),
        ControlFlow::Break(()) => None,
    };
    Ok(done)
}

struct Summing<'w> {
    sums: BTreeMap<Part, Sum>,
    items: u64,
    watch: &'w mut dyn FnMut(u64) -> ControlFlow<()>,
}

impl Summing<'_> {
    fn add(&mut self, part: Part, hash: Hash) {
        self.sums.entry(part).or_default().add(hash);
    }

    fn watch(&mut self, more: usize) -> ControlFlow<()> {
        self.items = self
            .items
            .saturating_add(u64::try_from(more).unwrap_or(u64::MAX));
        (self.watch)(self.items)
    }

    fn all(&mut self, store: &dyn Export) -> Result<ControlFlow<()>> {
        for (number, topic) in store.topics()? {
            let mut hash = Hash::new();
            hash.number(u64::from(number.0)).text(topic.as_str());
            self.add(Part::Topics, hash);
        }
        let steps = [Self::documents, Self::records, Self::events, Self::files];
        for step in steps {
            if step(self, store)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn documents(&mut self, store: &dyn Export) -> Result<ControlFlow<()>> {
        let mut after: Option<(DocumentKind, String)> = None;
        loop {
            let from = after.as_ref().map(|(kind, key)| (*kind, key.as_str()));
            let page = store.documents(from)?;
            let Some(last) = page.last() else {
                return Ok(ControlFlow::Continue(()));
            };
            after = Some((last.kind, last.key.clone()));
            for document in &page {
                self.add(Part::Documents(document.kind), of_document(document));
            }
            if self.watch(page.len()).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
    }

    fn records(&mut self, store: &dyn Export) -> Result<ControlFlow<()>> {
        for table in store.tables()? {
            let places = by_name(&table);
            let mut after = 0;
            loop {
                let page = store.records(&table, after)?;
                let Some(last) = page.last() else {
                    break;
                };
                after = last.number;
                for record in &page {
                    let part = Part::Records(table.entity.clone());
                    self.add(part, of_record(&table, &places, record));
                }
                if self.watch(page.len()).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn events(&mut self, store: &dyn Export) -> Result<ControlFlow<()>> {
        let mut after = None;
        loop {
            let page = store.blocks(after)?;
            let Some(last) = page.last() else {
                return Ok(ControlFlow::Continue(()));
            };
            after = Some(last.last());
            let mut events = 0;
            for block in &page {
                events += block.events.len();
                of_block(block, |hash| self.add(Part::Events, hash));
            }
            if self.watch(events).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
    }

    fn files(&mut self, store: &dyn Export) -> Result<ControlFlow<()>> {
        let files = store.files();
        for (name, bytes) in files.list().map_err(unread)? {
            let mut hash = Hash::new();
            hash.text(&name).number(bytes);
            let mut at = 0;
            while at < bytes {
                let piece = files.read(&name, at, MOVE_BATCH_BYTES).map_err(unread)?;
                if piece.is_empty() {
                    return Err(short(&name));
                }
                at = at.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
                hash.0.update(&piece);
                if self.watch(0).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            self.add(Part::Files, hash);
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// The failure to read a file.
pub(super) fn unread(source: std::io::Error) -> Error {
    Error::Read {
        what: "file of a job",
        source: source.into(),
    }
}

/// A file that ends before its length.
pub(super) fn short(name: &str) -> Error {
    Error::Corrupt {
        what: "file of a job",
        reason: format!("{name} is shorter than it was"),
    }
}

/// Identifies what a store holds well enough to notice that it was written to: its position, and the facts about its org.
pub(super) fn identity(store: &dyn Export) -> Result<String> {
    let mut identity = position(store);
    let mut key = None;
    loop {
        let after = key.as_deref().map(|key| (DocumentKind::Org, key));
        // The first of the kind come after those of kinds before it.
        let page = store.documents(after.or(Some((DocumentKind::Org, ""))))?;
        let of_org = page
            .iter()
            .take_while(|document| document.kind == DocumentKind::Org);
        let before = identity.items;
        for document in of_org {
            identity.add(of_document(document));
            key = Some(document.key.clone());
        }
        if identity.items == before {
            return Ok(format!("{:032x}", identity.checksum));
        }
    }
}

fn position(store: &dyn Export) -> Sum {
    let position = store.position();
    let mut hash = Hash::new();
    hash.number(position.tail.get())
        .number(position.commit_number.get())
        .text(&position.appended_at.as_millis().to_string());
    Sum {
        items: position.tail.get(),
        checksum: hash.end(),
    }
}

fn of_document(document: &KeptDocument) -> Hash {
    let mut hash = Hash::new();
    hash.text(&document.key).bytes(&document.content);
    hash
}

/// The places of the fields of a table in the order of their names, which is the same in every store.
fn by_name(table: &KeptTable) -> Vec<usize> {
    let mut places: Vec<(&str, usize)> = table
        .fields
        .iter()
        .map(|field| field.name.as_str())
        .zip(0..)
        .collect();
    places.sort_unstable();
    places.into_iter().map(|(_, place)| place).collect()
}

/// A field without a value counts as much as one that is not there.
fn of_record(table: &KeptTable, places: &[usize], record: &KeptRecord) -> Hash {
    let mut hash = Hash::new();
    hash.number(record.number).text(record.id.as_str());
    for &place in places {
        let (Some(field), Some(value)) = (table.fields.get(place), record.values.get(place)) else {
            continue;
        };
        if !value.is_null() {
            hash.text(&field.name).value(value);
        }
    }
    hash
}

fn of_block(block: &KeptBlock, mut add: impl FnMut(Hash)) {
    for (event, place) in block.events.iter().zip(0..) {
        let mut hash = Hash::new();
        hash.number(block.first.advanced_by(place).get())
            .text(&block.appended.as_millis().to_string())
            .number(u64::from(event.topic.0));
        match &event.id {
            EventId::Uuid(uuid) => hash.bytes(uuid.as_bytes()),
            EventId::Text(text) => hash.text(text),
        };
        hash.bytes(event.schema.as_bytes()).bytes(&event.payload);
        add(hash);
    }
}

/// A hash of one item.
struct Hash(Sha256);

impl Hash {
    fn new() -> Self {
        Self(Sha256::new())
    }

    fn number(&mut self, number: u64) -> &mut Self {
        self.0.update(number.to_le_bytes());
        self
    }

    /// With its length, so that no two items are hashed alike.
    fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.number(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        self.0.update(bytes);
        self
    }

    fn text(&mut self, text: &str) -> &mut Self {
        self.bytes(text.as_bytes())
    }

    fn value(&mut self, value: &Value) -> &mut Self {
        let (kind, number) = match value {
            Value::Null => (0, 0),
            Value::Boolean(truth) => (1, u64::from(*truth)),
            Value::Integer(number) => (2, number.cast_unsigned()),
            // Not every store keeps the sign of a zero.
            Value::Double(number) if *number == 0.0 => (3, 0),
            Value::Double(number) => (3, number.to_bits()),
            Value::Text(text) => {
                self.0.update([4]);
                return self.text(text);
            }
            Value::Id(id) => {
                self.0.update([5]);
                return self.text(id.as_str());
            }
            Value::Date(day) => (6, i64::from(day.as_days()).cast_unsigned()),
            Value::DateTime(point) => (7, point.as_millis().cast_unsigned()),
            Value::Time(millis) => (8, i64::from(*millis).cast_unsigned()),
        };
        self.0.update([kind]);
        self.number(number)
    }

    fn end(self) -> u128 {
        let digest: [u8; 32] = self.0.finalize().into();
        let (half, _) = digest.split_at(16);
        half.iter()
            .fold(0, |sum, byte| (sum << 8) | u128::from(*byte))
    }
}
