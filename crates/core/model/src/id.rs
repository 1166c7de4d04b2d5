//! Record ids: 15 base-62 characters and a three-character checksum.

use std::fmt;

use thiserror::Error;

/// The first three characters of a record id: they tell the record's object.
///
/// Wire: three characters of `[0-9A-Za-z]`, such as `001` for Account.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyPrefix([u8; 3]);

impl KeyPrefix {
    /// That of objects whose ids are not known to begin in any way. No id of a record begins so.
    pub const NONE: Self = Self(*b"000");

    /// Reads a prefix; `None` unless it is exactly three letters or digits.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 3] = text.as_bytes().try_into().ok()?;
        bytes
            .iter()
            .all(u8::is_ascii_alphanumeric)
            .then_some(Self(bytes))
    }

    /// The three characters.
    pub fn as_str(&self) -> &str {
        ascii(&self.0)
    }
}

impl fmt::Display for KeyPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for KeyPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyPrefix({self})")
    }
}

/// Why a text is not a record id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RecordIdError {
    /// Not 15 or 18 characters.
    #[error("a record id has 15 or 18 characters")]
    Length,
    /// A character outside `[0-9A-Za-z]`.
    #[error("a record id consists of letters and digits")]
    Alphabet,
    /// The last three of 18 characters do not match the letter case of the first 15.
    #[error("the checksum of the record id does not match")]
    Checksum,
}

/// Identity of a record, case-safe form.
///
/// Wire: 18 characters on output; 15 or 18 on input, where a wrong checksum is refused.
/// Source: "Field Types" (Object Reference), "ID Field Type".
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordId([u8; 18]);

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const CHECKSUM: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";

impl RecordId {
    /// The id that stands for "no particular record": `000000000000000AAA`.
    pub const EMPTY: Self = Self(*b"000000000000000AAA");

    /// The master record type, which every object has and no record: `012000000000000AAA`.
    pub const MASTER_RECORD_TYPE: Self = Self(*b"012000000000000AAA");

    /// Reads the 15- or the 18-character form.
    ///
    /// # Errors
    /// [`RecordIdError`] for a wrong length, a foreign character or a checksum that does not match.
    pub fn parse(text: &str) -> Result<Self, RecordIdError> {
        let bytes = text.as_bytes();
        let (body, suffix) = match bytes.len() {
            15 => (bytes, None),
            18 => {
                let (body, suffix) = bytes.split_at(15);
                (body, Some(suffix))
            }
            _ => return Err(RecordIdError::Length),
        };
        if !bytes.iter().all(u8::is_ascii_alphanumeric) {
            return Err(RecordIdError::Alphabet);
        }
        let body: [u8; 15] = body.try_into().map_err(|_| RecordIdError::Length)?;
        let id = Self::with_checksum(body);
        match suffix {
            Some(suffix) if !id.0.ends_with(suffix) => Err(RecordIdError::Checksum),
            _ => Ok(id),
        }
    }

    /// The id number `number` of an object: prefix, two instance characters, a reserved `0`, nine base-62 digits.
    ///
    /// The digits rise as `0-9A-Za-z`. Source: "Field Types" (Object Reference) for the layout.
    pub fn from_number(prefix: KeyPrefix, instance: [u8; 2], number: u64) -> Self {
        let mut body = [b'0'; 15];
        let mut rest = number;
        for slot in body.iter_mut().rev().take(9) {
            let digit = usize::try_from(rest % 62).unwrap_or_default();
            *slot = DIGITS.get(digit).copied().unwrap_or(b'0');
            rest /= 62;
        }
        for (slot, byte) in body.iter_mut().zip(prefix.0.into_iter().chain(instance)) {
            *slot = byte;
        }
        Self::with_checksum(body)
    }

    fn with_checksum(body: [u8; 15]) -> Self {
        let mut id = [b'A'; 18];
        for (slot, byte) in id.iter_mut().zip(body) {
            *slot = byte;
        }
        let suffix = id.iter_mut().skip(15);
        for (slot, group) in suffix.zip(body.chunks(5)) {
            let bits = group
                .iter()
                .enumerate()
                .filter(|(_, byte)| byte.is_ascii_uppercase())
                .fold(0_usize, |bits, (place, _)| bits | 1 << place);
            *slot = CHECKSUM.get(bits).copied().unwrap_or(b'A');
        }
        Self(id)
    }

    /// The id with the same number of another object.
    #[must_use]
    pub fn with_prefix(self, prefix: KeyPrefix) -> Self {
        let mut body = [b'0'; 15];
        let digits = prefix.0.into_iter().chain(self.0.into_iter().skip(3));
        for (slot, byte) in body.iter_mut().zip(digits) {
            *slot = byte;
        }
        Self::with_checksum(body)
    }

    /// The 18-character form.
    pub fn as_str(&self) -> &str {
        ascii(&self.0)
    }

    /// The 15-character form.
    pub fn short(&self) -> &str {
        self.as_str().get(..15).unwrap_or_default()
    }

    /// The first three characters.
    pub fn prefix(&self) -> KeyPrefix {
        let [a, b, c, ..] = self.0;
        KeyPrefix([a, b, c])
    }
}

fn ascii(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordId({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLISHED: &[&str] = &[
        "0015f00002J9YYEAA3",
        "001ZM000001n4n5YAA",
        "0055f00000GBZR4AAP",
        "00Q5f000005bwLFEAY",
        "0v8RM0000004VAKYA2",
        "00UZM000000wuBw2AI",
        "a00aj00000Oa3mMAAR",
        "012000000000000AAA",
        "0055f000005mc66AAA",
        "0015f00002JUZPDAA5",
        "0015f00002JUZPXAA5",
        "0015f00002JUZPcAAP",
        "005ZM000000Q6ipYAC",
        "006SM0000001Tb3YAE",
        "005SM000000146PYAQ",
        "001SM0000000iibYAA",
        "001ZM000001QkdOYAS",
        "0YLRM00000000434AA",
        "0REZM000000005o4AA",
        "003ZL000001EDrPYAW",
        "012ZL0000008Td4YAE",
        "0065f00000UloqVAAR",
        "0035f00002EztxDAAR",
        "00NRM000001gEx32AE",
        "01IRM0000006w522AA",
        "001RM000004UF9sYAG",
    ];

    #[test]
    fn published_ids_have_the_computed_checksum() {
        for text in PUBLISHED {
            let id = RecordId::parse(&text[..15]).expect("15 characters");
            assert_eq!(id.as_str(), *text);
            assert_eq!(RecordId::parse(text), Ok(id));
        }
    }

    #[test]
    fn a_wrong_checksum_is_refused() {
        assert_eq!(
            RecordId::parse("0015f00002J9YYEAAA"),
            Err(RecordIdError::Checksum)
        );
        assert_eq!(RecordId::parse("0015f"), Err(RecordIdError::Length));
        assert_eq!(
            RecordId::parse("0015f00002J9YY-"),
            Err(RecordIdError::Alphabet)
        );
    }

    #[test]
    fn numbers_rise_with_the_ids() {
        let prefix = KeyPrefix::parse("001").expect("three characters");
        let ids: Vec<_> = [0, 1, 61, 62, 3_844, 1 << 40]
            .map(|n| RecordId::from_number(prefix, *b"5f", n))
            .to_vec();
        assert!(ids.is_sorted());
        assert_eq!(ids[1].short(), "0015f0000000001");
        assert_eq!(ids[1].prefix(), prefix);
    }
}
