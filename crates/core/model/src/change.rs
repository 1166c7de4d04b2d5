//! What happened: the header of a change event.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::id::RecordId;
use crate::limits;
use crate::name::EntityName;
use crate::time::Timestamp;

/// Kind of a change.
///
/// Wire: the name (Streaming API), the ordinal of an Avro enum (Pub/Sub API), in this order.
/// Source: "`ChangeEventHeader` Fields" (Change Data Capture Developer Guide).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChangeType {
    /// A new record.
    Create,
    /// Changed fields of a record.
    Update,
    /// A record went to the recycle bin.
    Delete,
    /// A record came back from the recycle bin.
    Undelete,
    /// A create whose content is not in the event.
    GapCreate,
    /// An update whose content is not in the event.
    GapUpdate,
    /// A delete that was not captured in full.
    GapDelete,
    /// An undelete whose content is not in the event.
    GapUndelete,
    /// More changes in one transaction than events are made for.
    GapOverflow,
    /// Reserved by the vendor, never sent.
    Snapshot,
}

impl ChangeType {
    /// All kinds in the order of the Avro enum.
    pub const ALL: [Self; 10] = [
        Self::Create,
        Self::Update,
        Self::Delete,
        Self::Undelete,
        Self::GapCreate,
        Self::GapUpdate,
        Self::GapDelete,
        Self::GapUndelete,
        Self::GapOverflow,
        Self::Snapshot,
    ];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Undelete => "UNDELETE",
            Self::GapCreate => "GAP_CREATE",
            Self::GapUpdate => "GAP_UPDATE",
            Self::GapDelete => "GAP_DELETE",
            Self::GapUndelete => "GAP_UNDELETE",
            Self::GapOverflow => "GAP_OVERFLOW",
            Self::Snapshot => "SNAPSHOT",
        }
    }

    /// The place in [`Self::ALL`].
    pub const fn ordinal(self) -> u8 {
        self as u8
    }

    /// The kind at a place of [`Self::ALL`].
    pub fn from_ordinal(ordinal: u64) -> Option<Self> {
        Self::ALL.get(usize::try_from(ordinal).ok()?).copied()
    }

    /// The gap form of a change whose content cannot be sent.
    #[must_use]
    pub const fn gap(self) -> Self {
        match self {
            Self::Create => Self::GapCreate,
            Self::Update => Self::GapUpdate,
            Self::Delete => Self::GapDelete,
            Self::Undelete => Self::GapUndelete,
            other => other,
        }
    }
}

/// What the events of one transaction have in common.
///
/// Wire: 36 characters, lower-case hexadecimal, 8-4-4-4-12; not an RFC 4122 UUID.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TransactionKey([u8; 16]);

impl TransactionKey {
    /// Takes 16 bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Reads the 36-character form; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let mut key = [0; 16];
        let mut digits = text.bytes();
        for (place, byte) in key.iter_mut().enumerate() {
            if matches!(place, 4 | 6 | 8 | 10) && digits.next()? != b'-' {
                return None;
            }
            for _ in 0..2 {
                let digit = char::from(digits.next()?).to_digit(16)?;
                *byte = *byte << 4 | u8::try_from(digit).ok()?;
            }
        }
        digits.next().is_none().then_some(Self(key))
    }
}

impl fmt::Display for TransactionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&uuid_text(self.0)).unwrap_or_default())
    }
}

/// The 36-character form. Every event has two of them: it is written without the machinery of formatting.
fn uuid_text(bytes: [u8; 16]) -> [u8; 36] {
    /// Where the digits of each byte begin.
    const PLACES: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
    let mut text = [b'-'; 36];
    for (byte, place) in bytes.into_iter().zip(PLACES) {
        if let Some(digits) = text.get_mut(place..place + 2) {
            digits.copy_from_slice(&[hex(byte >> 4), hex(byte & 0xf)]);
        }
    }
    text
}

const fn hex(digit: u8) -> u8 {
    match digit {
        0..=9 => b'0' + digit,
        _ => b'a' + (digit - 10),
    }
}

impl fmt::Debug for TransactionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TransactionKey({self})")
    }
}

/// Identity of one event, on every protocol and at every repetition: a UUID, or what its publisher chose in its place.
///
/// Wire: `event.EventUuid` of platform events (Streaming API), `event.id` of all (Pub/Sub API).
/// Limit: a text has [`limits::EVENT_ID_BYTES_MAX`] bytes at most.
/// Source: "Platform Event Fields", "Identify and Match Event Messages with the `EventUuid` Field" (Platform Events Developer
/// Guide): the id can be overwritten over the Pub/Sub API.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum EventId {
    /// That of nearly every event.
    Uuid(EventUuid),
    /// Another text, which is not empty.
    Text(Arc<str>),
}

impl EventId {
    /// What a publisher chose; none if it is empty or too long.
    pub fn parse(text: &str) -> Option<Self> {
        if text.is_empty() || text.len() > limits::EVENT_ID_BYTES_MAX {
            return None;
        }
        // Capitals come back as they were written.
        let uuid = EventUuid::parse(text).filter(|uuid| uuid.to_text() == text.as_bytes());
        Some(uuid.map_or_else(|| Self::Text(text.into()), Self::Uuid))
    }

    /// The identity of what the event says of the record at this place, where it is delivered by itself. Clients: some take
    /// an identity that they have seen for a repetition. A published event has one part.
    #[must_use]
    pub fn of_part(&self, place: usize) -> Self {
        match self {
            Self::Uuid(uuid) => Self::Uuid(uuid.of_part(place)),
            Self::Text(text) => Self::Text(Arc::clone(text)),
        }
    }
}

impl From<EventUuid> for EventId {
    fn from(uuid: EventUuid) -> Self {
        Self::Uuid(uuid)
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uuid(uuid) => uuid.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// The UUID of an event.
///
/// Wire: lower case.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct EventUuid([u8; 16]);

impl EventUuid {
    /// A random UUID (version 4) of 16 random bytes.
    pub const fn from_random(mut bytes: [u8; 16]) -> Self {
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        Self(bytes)
    }

    /// Takes stored bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// That of the part of the event at this place.
    #[must_use]
    pub fn of_part(self, place: usize) -> Self {
        let place = u128::try_from(place).unwrap_or_default();
        Self((u128::from_be_bytes(self.0) ^ place).to_be_bytes())
    }

    /// Reads the 36-character form; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        TransactionKey::parse(text).map(|TransactionKey(bytes)| Self(bytes))
    }

    /// The 16 bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The 36-character form, in ASCII.
    pub fn to_text(self) -> [u8; 36] {
        uuid_text(self.0)
    }
}

impl fmt::Display for EventUuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&TransactionKey(self.0), f)
    }
}

impl fmt::Debug for EventUuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventUuid({self})")
    }
}

/// Number of a commit: rises, the same for all events of one transaction.
///
/// Limit: above 2^32 and below 2^53, so that JavaScript clients keep every digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CommitNumber(u64);

impl CommitNumber {
    /// The number before the first commit of a new org.
    pub const ORIGIN: Self = Self(1 << 33);

    /// Takes a number from the store.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The bare number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The number `count` commits later.
    #[must_use]
    pub const fn advanced_by(self, count: u64) -> Self {
        Self(self.0.saturating_add(count))
    }
}

/// A set of fields of an event: positions in the event schema, and for compounds positions of components.
///
/// Position 0 is `ChangeEventHeader`. Wire: an array of bitmaps (Pub/Sub API), of names (Streaming API).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldBits {
    top: Vec<u64>,
    nested: BTreeMap<usize, u64>,
}

impl FieldBits {
    /// Adds a top-level field.
    pub fn insert(&mut self, position: usize) {
        self.insert_word(position / 64, 1 << (position % 64));
    }

    /// Adds 64 top-level fields at once: bit i of the word stands for position 64 * `word` + i.
    pub fn insert_word(&mut self, word: usize, bits: u64) {
        // Equal sets have equal words.
        if bits == 0 {
            return;
        }
        if self.top.len() <= word {
            self.top.resize(word + 1, 0);
        }
        if let Some(present) = self.top.get_mut(word) {
            *present |= bits;
        }
    }

    /// Adds a component of a compound field. Components beyond the 64th do not exist.
    pub fn insert_nested(&mut self, position: usize, component: usize) {
        if component < 64 {
            self.insert_components(position, 1 << component);
        }
    }

    /// Adds components of a compound field: bit i stands for component i.
    pub fn insert_components(&mut self, position: usize, components: u64) {
        if components != 0 {
            *self.nested.entry(position).or_default() |= components;
        }
    }

    /// Takes out a top-level field with its components.
    pub fn remove(&mut self, position: usize) {
        if let Some(bits) = self.top.get_mut(position / 64) {
            *bits &= !(1 << (position % 64));
        }
        // Equal sets have equal words.
        while self.top.last() == Some(&0) {
            self.top.pop();
        }
        self.nested.remove(&position);
    }

    /// Whether the top-level field itself is in the set.
    pub fn contains(&self, position: usize) -> bool {
        self.top
            .get(position / 64)
            .is_some_and(|bits| bits >> (position % 64) & 1 == 1)
    }

    /// The components of the compound at `position`: bit i stands for component i.
    pub fn components(&self, position: usize) -> u64 {
        self.nested.get(&position).copied().unwrap_or_default()
    }

    /// Whether the set is empty.
    pub fn is_empty(&self) -> bool {
        self.nested.is_empty() && self.top.iter().all(|bits| *bits == 0)
    }

    /// Words of 64 top-level positions each, lowest first.
    pub fn top_words(&self) -> &[u64] {
        &self.top
    }

    /// Top-level positions, rising.
    pub fn top(&self) -> impl Iterator<Item = usize> + '_ {
        let words = self.top.iter().enumerate();
        words.flat_map(|(word, &bits)| bit_places(bits).map(move |place| word * 64 + place))
    }

    /// Whether components are in the set.
    pub fn has_nested(&self) -> bool {
        !self.nested.is_empty()
    }

    /// Compounds with changed components, rising: position and component bits.
    pub fn nested(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        self.nested
            .iter()
            .map(|(&position, &bits)| (position, bits))
    }
}

/// The places of the bits that are set, rising.
pub fn bit_places(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let place = bits.trailing_zeros() as usize;
        (bits != 0).then(|| {
            bits &= bits - 1;
            place
        })
    })
}

/// The header of a change event.
///
/// Source: "`ChangeEventHeader` Fields" (Change Data Capture Developer Guide).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeEventHeader {
    /// The object whose record changed.
    pub entity_name: EntityName,
    /// The records, mostly one. Wire form, since wildcards such as `001*` occur.
    pub record_ids: Vec<String>,
    /// What happened.
    pub change_type: ChangeType,
    /// Which API and client made the change; empty if none did.
    pub change_origin: String,
    /// What the events of the transaction have in common.
    pub transaction_key: TransactionKey,
    /// Place in the transaction, from 1.
    pub sequence_number: i32,
    /// When the record changed, to the second.
    pub commit_timestamp: Timestamp,
    /// Number of the commit.
    pub commit_number: CommitNumber,
    /// Who made the change.
    pub commit_user: RecordId,
    /// Fields that an update set to null.
    pub nulled_fields: FieldBits,
    /// Fields whose value is a difference to the value before.
    pub diff_fields: FieldBits,
    /// Fields that an update changed.
    pub changed_fields: FieldBits,
}
