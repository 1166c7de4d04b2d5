//! Checksums of records and documents. Pure.
//!
//! The checksum of a record covers its id and the columns of the definition that it was written with. Definitions change,
//! and columns stay: so a record says which set of columns its checksum covers, and the file has the names of each set.

use landfall_store::DocumentKind;
use rusqlite::types::ValueRef;

/// The column of a record's table with the checksum. No field can have this name.
pub(crate) const CHECKSUM: &str = "\"_checksum\"";

/// Bytes of a row that are joined without another allocation, in most cases.
const ROW_BYTES: usize = 512;

/// The number of a set of columns: computed from their names, which are in the order of the checksum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ColumnSet(u32);

impl ColumnSet {
    pub(crate) fn of(names: &str) -> Self {
        // A stored number is positive.
        Self(crc32fast::hash(names.as_bytes()) >> 1)
    }

    pub(crate) fn number(self) -> i64 {
        i64::from(self.0)
    }
}

/// What the column of a record says: a set of columns, and their checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RecordChecksum {
    pub(crate) set: ColumnSet,
    sum: u32,
}

impl RecordChecksum {
    /// As it is kept.
    pub(crate) fn to_stored(self) -> i64 {
        (i64::from(self.set.0) << 32) | i64::from(self.sum)
    }

    /// None for an invalid checksum.
    pub(crate) fn from_stored(stored: i64) -> Option<Self> {
        let sum = u32::try_from(stored & i64::from(u32::MAX)).ok()?;
        let set = ColumnSet(u32::try_from(stored >> 32).ok()?);
        Some(Self { set, sum })
    }
}

/// The values of a record, joined in the order of a set of columns.
#[derive(Debug)]
pub(crate) struct Values(Vec<u8>);

impl Values {
    pub(crate) fn new() -> Self {
        Self(Vec::with_capacity(ROW_BYTES))
    }

    pub(crate) fn add(&mut self, value: ValueRef<'_>) {
        let bytes = &mut self.0;
        match value {
            ValueRef::Null => bytes.push(0),
            ValueRef::Integer(number) => {
                bytes.push(1);
                bytes.extend(number.to_le_bytes());
            }
            ValueRef::Real(number) => {
                // SQLite keeps no sign of a zero.
                let number = if number == 0.0 { 0.0 } else { number };
                bytes.push(2);
                bytes.extend(number.to_bits().to_le_bytes());
            }
            ValueRef::Text(text) => Self::text(bytes, 3, text),
            ValueRef::Blob(blob) => Self::text(bytes, 4, blob),
        }
    }

    /// With its length, so that no two rows join to the same.
    fn text(bytes: &mut Vec<u8>, kind: u8, text: &[u8]) {
        bytes.push(kind);
        bytes.extend(u64::try_from(text.len()).unwrap_or(u64::MAX).to_le_bytes());
        bytes.extend(text);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn checksum(&self, set: ColumnSet) -> RecordChecksum {
        let sum = crc32fast::hash(&self.0);
        RecordChecksum { set, sum }
    }
}

/// The checksum of a document, with its kind and key: one in the place of another is noticed.
pub(crate) fn of_document(kind: DocumentKind, key: &str, content: &[u8]) -> i64 {
    of_entry(kind.as_str(), key, content)
}

pub(crate) fn of_entry(kind: &str, key: &str, content: &[u8]) -> i64 {
    let mut sum = crc32fast::Hasher::new();
    for part in [kind.as_bytes(), key.as_bytes()] {
        sum.update(part);
        sum.update(&[0]);
    }
    sum.update(content);
    i64::from(sum.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(values: &[ValueRef<'_>]) -> i64 {
        let mut joined = Values::new();
        for value in values {
            joined.add(*value);
        }
        joined.checksum(ColumnSet::of("Id\nName")).to_stored()
    }

    #[test]
    fn a_checksum_is_kept_with_its_set_of_columns() {
        let checksum = Values::new().checksum(ColumnSet::of("Id\nName"));
        let stored = checksum.to_stored();
        assert!(stored > 0);
        assert_eq!(RecordChecksum::from_stored(stored), Some(checksum));
        assert_eq!(RecordChecksum::from_stored(-1), None);
        assert_ne!(ColumnSet::of("Id\nName"), ColumnSet::of("Id\nName\nCity"));
    }

    #[test]
    fn every_value_counts_with_its_kind_and_its_place() {
        use ValueRef::{Blob, Integer, Null, Real, Text};
        let rows: [&[ValueRef<'_>]; 9] = [
            &[Null, Null],
            &[Null],
            &[Integer(1), Null],
            &[Null, Integer(1)],
            &[Real(1.0), Null],
            &[Text(b"1"), Null],
            &[Blob(b"1"), Null],
            &[Text(b"1"), Text(b"")],
            &[Text(b""), Text(b"1")],
        ];
        let sums: std::collections::BTreeSet<i64> = rows.into_iter().map(sum).collect();
        assert_eq!(sums.len(), rows.len());
        assert_eq!(sum(&[Real(-0.0)]), sum(&[Real(0.0)]));
    }

    /// As they are stored: what earlier versions have written is read for ever.
    #[test]
    fn checksums_stay_what_they_are() {
        use ValueRef::{Integer, Null, Real, Text};
        let row = [Text(b"001"), Null, Integer(-2), Real(0.5)];
        assert_eq!(sum(&row), 2_684_103_657_474_532_303);
        assert_eq!(of_document(DocumentKind::Org, "key", b"{}"), 11_808_884);
    }
}
