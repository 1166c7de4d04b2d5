//! The bytes of a block of events: pure, and distrustful of what it reads.
//!
//! `version: u8, crc32: u32`, and then, covered by the checksum, segments: `first replay id: u64, appended: i64,
//! count: u32` and `count` records `topic: u32, uuid: [u8; 16], schema: [u8; 16], length: u32, payload`. Numbers are
//! little-endian. In a block of version 2 the topic is followed by the length of the event's id, a `u16`, and the id as a
//! text; if the length is 0, it is followed by the UUID. Only a block with such a text is of version 2. A commit makes blocks of one segment; a reader takes several, so that small blocks can be joined and
//! each event keeps its time.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use landfall_model::limits::EVENT_BLOCK_BYTES_MAX;
use landfall_model::{EventId, EventUuid, ReplayId, SchemaId, Timestamp};
use landfall_store::transfer::KeptBlock;
use landfall_store::{Event, NewEvent, TopicId};

/// Layout of the bytes. A reader knows all versions that were ever written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    /// All ids are UUIDs.
    One = 1,
    /// Ids may be texts.
    Two = 2,
}

impl Version {
    fn of(events: &[NewEvent]) -> Self {
        let has_text = events.iter().any(|event| text_of(event).is_some());
        if has_text { Self::Two } else { Self::One }
    }
}

fn text_of(event: &NewEvent) -> Option<&str> {
    match &event.id {
        EventId::Uuid(_) => None,
        EventId::Text(text) => Some(text),
    }
}

const HEADER_BYTES: usize = 1 + 4;
const SEGMENT_BYTES: usize = 8 + 8 + 4;
/// Bytes of a record besides its payload and an id that is a text, at most.
const RECORD_BYTES: usize = 4 + 2 + 16 + 16 + 4;

/// Why bytes are no block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// It is of a version that this program does not know.
    Version(u8),
    /// Its checksum is of other bytes.
    Checksum,
    /// It ends within an event.
    Short,
    /// Its replay ids do not rise.
    Order,
    /// The id of an event is no text.
    Id,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(version) => write!(f, "unknown block version {version}"),
            Self::Checksum => f.write_str("the checksum of the block does not match"),
            Self::Short => f.write_str("the block ends too early"),
            Self::Id => f.write_str("the id of an event is not UTF-8"),
            Self::Order => f.write_str("the replay ids of the block do not rise"),
        }
    }
}

/// A block that is appended.
#[derive(Clone, Debug)]
pub struct Block {
    /// The first replay id in it.
    pub first: ReplayId,
    /// The last one.
    pub last: ReplayId,
    /// Its bytes.
    pub data: Vec<u8>,
    /// The topics of its events.
    pub topics: BTreeSet<TopicId>,
}

/// The events of a commit with their replay ids, and the blocks to be appended: a commit with many events has several.
///
/// # Errors
/// Why they cannot be appended.
pub fn appended(
    tail: ReplayId,
    at: Timestamp,
    new: &[NewEvent],
) -> Result<(Vec<Arc<Event>>, Vec<Block>), &'static str> {
    let mut first = tail.advanced_by(1);
    let (mut events, mut blocks) = (Vec::with_capacity(new.len()), Vec::new());
    let mut rest = new;
    while !rest.is_empty() {
        let (block, later) = rest.split_at(length(rest));
        let last = first.advanced_by(u64::try_from(block.len()).unwrap_or(u64::MAX) - 1);
        if last > ReplayId::MAX {
            return Err("the replay ids are used up");
        }
        blocks.push(Block {
            first,
            last,
            data: encode(first, at, block).ok_or("an event is longer than 4 GiB")?,
            topics: block.iter().map(|event| event.topic).collect(),
        });
        events.extend(block.iter().zip(0..).map(|(event, place)| {
            Arc::new(Event {
                replay_id: first.advanced_by(place),
                topic: event.topic,
                appended: at,
                id: event.id.clone(),
                schema: event.schema,
                payload: event.payload.clone(),
            })
        }));
        first = last.advanced_by(1);
        rest = later;
    }
    Ok((events, blocks))
}

/// How many of the events go into the next block: one at least.
fn length(events: &[NewEvent]) -> usize {
    let mut bytes = 0_usize;
    events
        .iter()
        .take_while(|event| {
            let fits = bytes == 0 || bytes.saturating_add(bytes_of(event)) <= EVENT_BLOCK_BYTES_MAX;
            bytes = bytes.saturating_add(bytes_of(event));
            fits
        })
        .count()
}

/// The events of a block that are taken. If most of the block is taken they share one copy of it; else each has its own, so
/// that one event does not keep a whole block in memory. None if a payload is not in the block.
pub fn taken(data: &[u8], records: Vec<Record>) -> Option<Vec<Arc<Event>>> {
    let bytes: usize = records.iter().map(|record| record.payload.len()).sum();
    let shared = (bytes > data.len() / 2).then(|| Bytes::copy_from_slice(data));
    let mut events = Vec::with_capacity(records.len());
    for record in records {
        let payload = match &shared {
            Some(block) => block.slice(record.payload),
            None => Bytes::copy_from_slice(data.get(record.payload)?),
        };
        events.push(Arc::new(Event {
            replay_id: record.replay_id,
            topic: record.topic,
            appended: record.appended,
            id: record.id,
            schema: record.schema,
            payload,
        }));
    }
    Some(events)
}

/// How many bytes an event takes in a block.
fn bytes_of(event: &NewEvent) -> usize {
    RECORD_BYTES
        .saturating_add(text_of(event).map_or(0, str::len))
        .saturating_add(event.payload.len())
}

/// A block of one segment; none if an event or its id is longer than a length can say.
fn encode(first: ReplayId, appended: Timestamp, events: &[NewEvent]) -> Option<Vec<u8>> {
    let bytes: usize = events.iter().map(bytes_of).sum();
    let mut data = Vec::with_capacity(HEADER_BYTES + SEGMENT_BYTES + bytes);
    data.extend([0; HEADER_BYTES]);
    data.extend(first.get().to_le_bytes());
    data.extend(appended.as_millis().to_le_bytes());
    data.extend(u32::try_from(events.len()).ok()?.to_le_bytes());
    let version = Version::of(events);
    for event in events {
        data.extend(event.topic.0.to_le_bytes());
        match (&event.id, version) {
            (EventId::Uuid(uuid), Version::One) => data.extend(uuid.as_bytes()),
            (EventId::Uuid(uuid), Version::Two) => {
                data.extend(0_u16.to_le_bytes());
                data.extend(uuid.as_bytes());
            }
            (EventId::Text(text), _) => {
                data.extend(u16::try_from(text.len()).ok()?.to_le_bytes());
                data.extend(text.as_bytes());
            }
        }
        data.extend(event.schema.as_bytes());
        data.extend(u32::try_from(event.payload.len()).ok()?.to_le_bytes());
        data.extend(&*event.payload);
    }
    Some(sealed(version, data))
}

/// Fills in the header.
fn sealed(version: Version, mut data: Vec<u8>) -> Vec<u8> {
    if let Some((header, body)) = data.split_first_chunk_mut::<HEADER_BYTES>() {
        let [a, b, c, d] = crc32fast::hash(body).to_le_bytes();
        *header = [version as u8, a, b, c, d];
    }
    data
}

fn body(data: &[u8]) -> Result<(Version, &[u8]), Damage> {
    let ([version, crc @ ..], body) = data
        .split_first_chunk::<HEADER_BYTES>()
        .ok_or(Damage::Short)?;
    let version = match *version {
        1 => Version::One,
        2 => Version::Two,
        unknown => return Err(Damage::Version(unknown)),
    };
    if u32::from_le_bytes(*crc) != crc32fast::hash(body) {
        return Err(Damage::Checksum);
    }
    Ok((version, body))
}

/// An event in a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its position.
    pub replay_id: ReplayId,
    /// The topic that it is on.
    pub topic: TopicId,
    /// When it was appended.
    pub appended: Timestamp,
    /// Its identity.
    pub id: EventId,
    /// The schema that the payload is encoded with.
    pub schema: SchemaId,
    /// Where in the block the payload is.
    pub payload: Range<usize>,
}

/// The events of a block in order.
///
/// # Errors
/// What is wrong with the block as a whole.
pub fn records(data: &[u8]) -> Result<Records<'_>, Damage> {
    let (version, rest) = body(data)?;
    Ok(Records {
        version,
        length: data.len(),
        rest,
        next: ReplayId::new(0),
        appended: Timestamp::default(),
        left: 0,
    })
}

/// The events of a whole block, for a move to another store. Events of several times are several blocks.
///
/// # Errors
/// What is wrong with the block.
pub fn kept(first: ReplayId, last: ReplayId, data: &[u8]) -> Result<Vec<KeptBlock>, Damage> {
    let shared = Bytes::copy_from_slice(data);
    let mut blocks: Vec<KeptBlock> = Vec::new();
    let mut expected = first;
    for record in records(data)? {
        let record = record?;
        if record.replay_id != expected {
            return Err(Damage::Order);
        }
        expected = expected.advanced_by(1);
        let event = NewEvent {
            topic: record.topic,
            id: record.id,
            schema: record.schema,
            payload: shared.slice(record.payload),
        };
        match blocks.last_mut() {
            Some(block) if block.appended == record.appended => block.events.push(event),
            _ => blocks.push(KeptBlock {
                first: record.replay_id,
                appended: record.appended,
                events: vec![event],
            }),
        }
    }
    if expected == last.advanced_by(1) {
        Ok(blocks)
    } else {
        Err(Damage::Short)
    }
}

/// The blocks of events that come from another store.
///
/// # Errors
/// Why they cannot be appended.
pub fn of_kept(kept: &KeptBlock) -> Result<Vec<Block>, &'static str> {
    let before = kept.first.get().checked_sub(1);
    let before = before.ok_or("there is no replay id 0")?;
    let (_, blocks) = appended(ReplayId::new(before), kept.appended, &kept.events)?;
    Ok(blocks)
}

/// Ends after the first damage.
pub struct Records<'b> {
    version: Version,
    length: usize,
    rest: &'b [u8],
    next: ReplayId,
    appended: Timestamp,
    left: u32,
}

impl Records<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Damage> {
        let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or(Damage::Short)?;
        self.rest = rest;
        Ok(*taken)
    }

    fn segment(&mut self) -> Result<(), Damage> {
        let first = ReplayId::new(u64::from_le_bytes(self.take()?));
        self.appended = Timestamp::from_millis(i64::from_le_bytes(self.take()?));
        self.left = u32::from_le_bytes(self.take()?);
        if first < self.next || self.left == 0 {
            return Err(Damage::Order);
        }
        self.next = first;
        Ok(())
    }

    fn id(&mut self) -> Result<EventId, Damage> {
        let length = match self.version {
            Version::One => 0,
            Version::Two => usize::from(u16::from_le_bytes(self.take()?)),
        };
        if length == 0 {
            return Ok(EventUuid::from_bytes(self.take()?).into());
        }
        let (text, rest) = self.rest.split_at_checked(length).ok_or(Damage::Short)?;
        self.rest = rest;
        let text = std::str::from_utf8(text).map_err(|_| Damage::Id)?;
        Ok(EventId::Text(text.into()))
    }

    fn record(&mut self) -> Result<Record, Damage> {
        if self.left == 0 {
            self.segment()?;
        }
        let topic = TopicId(u32::from_le_bytes(self.take()?));
        let id = self.id()?;
        let schema = SchemaId::from_bytes(self.take()?);
        let bytes = usize::try_from(u32::from_le_bytes(self.take()?)).map_err(|_| Damage::Short)?;
        let start = self.length - self.rest.len();
        self.rest = self.rest.get(bytes..).ok_or(Damage::Short)?;
        let replay_id = self.next;
        self.next = replay_id.advanced_by(1);
        self.left -= 1;
        Ok(Record {
            replay_id,
            topic,
            appended: self.appended,
            id,
            schema,
            payload: start..start + bytes,
        })
    }
}

impl Iterator for Records<'_> {
    type Item = Result<Record, Damage>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() && self.left == 0 {
            return None;
        }
        let record = self.record();
        if record.is_err() {
            self.rest = &[];
            self.left = 0;
        }
        Some(record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(payloads: &[&'static str]) -> Vec<NewEvent> {
        payloads
            .iter()
            .zip(1..)
            .map(|(payload, number)| NewEvent {
                topic: TopicId(number),
                id: EventUuid::from_bytes([9; 16]).into(),
                schema: SchemaId::from_bytes([7; 16]),
                payload: Bytes::from_static(payload.as_bytes()),
            })
            .collect()
    }

    fn read(data: &[u8]) -> Result<Vec<(u64, u32, i64, String)>, Damage> {
        records(data)?
            .map(|record| {
                let record = record?;
                let payload = String::from_utf8_lossy(&data[record.payload]).into_owned();
                let appended = record.appended.as_millis();
                Ok((record.replay_id.get(), record.topic.0, appended, payload))
            })
            .collect()
    }

    fn block(first: u64, appended: i64, payloads: &[&'static str]) -> Vec<u8> {
        let appended = Timestamp::from_millis(appended);
        encode(ReplayId::new(first), appended, &events(payloads)).expect("short events")
    }

    #[test]
    fn what_is_encoded_is_read_back() {
        let block = block(1_001, -5, &["one", "", "three"]);
        let read = read(&block).expect("whole");
        let expected = [(1_001, 1, "one"), (1_002, 2, ""), (1_003, 3, "three")];
        assert_eq!(
            read,
            expected.map(|(id, topic, text)| (id, topic, -5, text.to_owned()))
        );
    }

    /// Blocks as they are stored: what earlier versions have written is read for ever.
    #[test]
    fn the_bytes_of_a_block_stay_what_they_are() {
        let hex = |data: &[u8]| {
            let digits = data.iter().map(|byte| format!("{byte:02x}"));
            digits.collect::<Vec<_>>().concat()
        };
        let mut events = events(&["one"]);
        let at = |events: &[NewEvent]| {
            encode(ReplayId::new(1_001), Timestamp::from_millis(5), events).expect("short events")
        };
        let segment = "e90300000000000005000000000000000";
        let tail = format!(
            "{}{}03000000{}",
            "09".repeat(16),
            "07".repeat(16),
            hex(b"one")
        );
        let first = hex(&at(&events));
        assert!(first.starts_with("01"), "{first}");
        assert!(first[10..].starts_with(segment), "{first}");
        assert!(first.ends_with(&format!("01000000{tail}")), "{first}");
        events.push(NewEvent {
            id: EventId::parse("order-1").expect("an id"),
            ..events[0].clone()
        });
        let second = at(&events);
        let shown = hex(&second);
        assert!(shown.starts_with("02"), "{shown}");
        let named = format!(
            "010000000700{}{}03000000{}",
            hex(b"order-1"),
            "07".repeat(16),
            hex(b"one")
        );
        assert!(
            shown.ends_with(&format!("010000000000{tail}{named}")),
            "{shown}"
        );
        let read: Vec<String> = records(&second)
            .expect("whole")
            .map(|record| record.expect("whole").id.to_string())
            .collect();
        assert_eq!(read, ["09090909-0909-0909-0909-090909090909", "order-1"]);
    }

    #[test]
    fn every_flipped_bit_and_every_lost_end_is_noticed() {
        let whole = block(1_001, 1, &["payload", "another"]);
        for place in 0..whole.len() {
            for bit in 0..8 {
                let mut garbled = whole.clone();
                garbled[place] ^= 1 << bit;
                assert!(read(&garbled).is_err(), "bit {bit} of byte {place}");
            }
            assert!(read(&whole[..place]).is_err(), "cut at {place}");
        }
    }

    #[test]
    fn nonsense_with_a_right_checksum_is_damage_and_no_panic() {
        let cut = |cut: usize| {
            let whole = block(1_001, 1, &["payload", "another"]);
            sealed(Version::One, whole[..whole.len() - cut].to_vec())
        };
        for lost in 1..40 {
            assert_eq!(read(&cut(lost)), Err(Damage::Short), "{lost} bytes lost");
        }
        let mut endless = block(1_001, 1, &["payload"]);
        let length = endless.len() - 7 - 4;
        endless[length..length + 4].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(read(&sealed(Version::One, endless)), Err(Damage::Short));
    }
}
