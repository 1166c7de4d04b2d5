//! Positions in the event log, and the identity of a schema.

use std::fmt;

/// Position of an event in the org's log, as clients see it.
///
/// Increases over all topics, with gaps; clients store it and must not compute with it.
/// Wire: JSON number `event.replayId` (Streaming API); 8 bytes big-endian and two zero bytes (Pub/Sub API).
/// Limit: below 2^53, so that JavaScript clients keep every digit.
/// Source: "Message Durability" (Streaming API Developer Guide).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct ReplayId(u64);

impl ReplayId {
    /// The position before the first event of a new org: the first event bears the number after it.
    ///
    /// Source: none; small numbers are what people type to see an unknown id refused.
    pub const ORIGIN: Self = Self(1_000);

    /// The largest position that may be given out.
    pub const MAX: Self = Self((1 << 53) - 1);

    /// Takes a number from a client or from the store.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The bare number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The form of the Pub/Sub API: 8 bytes big-endian and two zero bytes.
    ///
    /// Source: captured responses. Clients: the npm client reads the first 8 bytes without looking at the length.
    pub fn to_bytes(self) -> [u8; 10] {
        let mut bytes = [0; 10];
        for (slot, byte) in bytes.iter_mut().zip(self.0.to_be_bytes()) {
            *slot = byte;
        }
        bytes
    }

    /// Reads that form, or only the first 8 bytes of it, as some clients send it back; `None` for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let number = match bytes {
            [number @ .., 0, 0] if number.len() == 8 => number,
            number => number,
        };
        Some(Self(u64::from_be_bytes(number.try_into().ok()?)))
    }

    /// The position `count` events later.
    #[must_use]
    pub const fn advanced_by(self, count: u64) -> Self {
        Self(self.0.saturating_add(count))
    }
}

impl fmt::Display for ReplayId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for ReplayId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReplayId({})", self.0)
    }
}

/// Where a subscription starts.
///
/// Wire: `-1`, `-2` or an id (Streaming API); `LATEST`, `EARLIEST`, `CUSTOM` (Pub/Sub API).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplayPreset {
    /// Only what comes after the subscription.
    Latest,
    /// Everything that is retained.
    Earliest,
    /// Strictly after this event.
    Custom(ReplayId),
}

/// Identity of one event schema, derived from its content.
///
/// Wire: 22 characters of base64url, the MD5 of the schema's Parsing Canonical Form.
/// Source: "Platform Event Schema by Schema ID" (REST API Developer Guide).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SchemaId([u8; 16]);

const BASE64URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

impl SchemaId {
    /// Takes the 16 bytes of the digest.
    pub const fn from_bytes(digest: [u8; 16]) -> Self {
        Self(digest)
    }

    /// The 16 bytes of the digest.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Reads the 22-character form; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 22 {
            return None;
        }
        let mut bits: u32 = 0;
        let mut count = 0;
        let mut digest = [0; 16];
        let mut filled = digest.iter_mut();
        for byte in text.bytes() {
            let six = BASE64URL.iter().position(|&digit| digit == byte)?;
            bits = bits << 6 | u32::try_from(six).ok()?;
            count += 6;
            if count >= 8 {
                count -= 8;
                *filled.next()? = u8::try_from(bits >> count & 0xff).ok()?;
                bits &= (1 << count) - 1;
            }
        }
        (bits == 0).then_some(Self(digest))
    }
}

impl SchemaId {
    /// The 22-character form, in ASCII.
    pub fn to_text(self) -> [u8; 22] {
        // Six bits at a time, from the highest on; the last two are followed by zeros.
        let bits = u128::from_be_bytes(self.0);
        let mut text = [0_u8; 22];
        for (digit, place) in text.iter_mut().zip((0..22_u32).rev()) {
            let six = match place {
                0 => bits << 4,
                _ => bits >> (6 * place - 4),
            };
            let six = usize::try_from(six & 0x3f).unwrap_or_default();
            *digit = BASE64URL.get(six).copied().unwrap_or(b'A');
        }
        text
    }
}

impl fmt::Display for SchemaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.to_text()).unwrap_or_default())
    }
}

impl fmt::Debug for SchemaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SchemaId({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_read_back_in_both_lengths() {
        let id = ReplayId::new(5_642_623);
        let bytes = id.to_bytes();
        assert_eq!(bytes, [0, 0, 0, 0, 0, 0x56, 0x19, 0x7f, 0, 0]);
        assert_eq!(ReplayId::from_bytes(&bytes), Some(id));
        assert_eq!(ReplayId::from_bytes(&bytes[..8]), Some(id));
        for bytes in [&[][..], &[1, 2, 3], &[0; 9], &[1; 10], &[0; 12]] {
            assert_eq!(ReplayId::from_bytes(bytes), None, "{bytes:?}");
        }
    }

    #[test]
    fn a_schema_id_reads_back_from_its_text() {
        for text in ["VPi2zuaq2uY5dgjgTXgqAA", "S3-K_S0GYegWTRZnKLjeag"] {
            let id = SchemaId::parse(text).expect("22 characters of base64url");
            assert_eq!(id.to_string(), text);
        }
        assert_eq!(SchemaId::parse("VPi2zuaq2uY5dgjgTXgqA"), None);
        assert_eq!(SchemaId::parse("VPi2zuaq2uY5dgjgTXgqA+"), None);
        assert_eq!(SchemaId::parse("VPi2zuaq2uY5dgjgTXgqAB"), None);
    }
}
