//! Pages of what a query has found, and how clients name them.
//!
//! Source: "Get Results for a Query Job", "Get Parallel Results for a Query Job" (Bulk API 2.0 and Bulk API Developer Guide).

use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use landfall_model::limits::{BULK_PAGE_RECORDS, BULK_PARALLEL_PAGES_MAX};

use crate::job::Mark;
use crate::job_file::JobFile;

/// Where a page begins, and where the pages that are read one after the other end.
///
/// Wire: base64 of the number of records before it; of `from-to` if it is one of several that are read in parallel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Locator {
    pub(crate) from: u64,
    /// The end of the records that it is about; none: that of all.
    pub(crate) to: Option<u64>,
}

impl Locator {
    pub(crate) const START: Self = Self { from: 0, to: None };

    /// Reads a locator of a job that has found so many records.
    pub(crate) fn parse(text: &str, records: u64) -> Option<Self> {
        let decoded = STANDARD_NO_PAD.decode(text.trim_end_matches('=')).ok()?;
        let decoded = String::from_utf8(decoded).ok()?;
        let locator = match decoded.split_once('-') {
            None => Self {
                from: decoded.parse().ok()?,
                to: None,
            },
            Some((from, to)) => Self {
                from: from.parse().ok()?,
                to: Some(to.parse().ok()?),
            },
        };
        let to = locator.to.unwrap_or(records);
        (locator.from <= to && to <= records).then_some(locator)
    }

    /// The records of a page of `most` at most, and where the next one begins.
    pub(crate) fn page(self, records: u64, most: Option<u64>) -> (Range<u64>, Option<Self>) {
        let end = self.to.unwrap_or(records).min(records);
        let until = most.map_or(end, |most| self.from.saturating_add(most).min(end));
        let next = (until < end).then_some(Self {
            from: until,
            to: self.to,
        });
        (self.from..until, next)
    }

    /// The next pages that are read in parallel, and where those after them begin.
    pub(crate) fn parallel(self, records: u64) -> (Vec<Self>, Option<Self>) {
        let mut pages = Vec::new();
        let mut from = self.from;
        while pages.len() < BULK_PARALLEL_PAGES_MAX && (from < records || pages.is_empty()) {
            let to = from.saturating_add(BULK_PAGE_RECORDS).min(records);
            let page = Self { from, to: Some(to) };
            pages.push(page);
            from = to;
        }
        let next = (from < records).then_some(Self { from, to: None });
        (pages, next)
    }
}

impl std::fmt::Display for Locator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let plain = match self.to {
            None => self.from.to_string(),
            Some(to) => format!("{}-{to}", self.from),
        };
        f.write_str(&STANDARD_NO_PAD.encode(plain))
    }
}

/// Where these records stand in a file of so many bytes. Unit: bytes.
///
/// # Errors
/// What the system says; also if the file has fewer records.
pub(crate) fn place(
    file: &JobFile,
    bytes: u64,
    marks: &[Mark],
    (page, records): (Range<u64>, u64),
) -> io::Result<Range<u64>> {
    let begins = |record: u64| -> io::Result<u64> {
        if record == records {
            return Ok(bytes);
        }
        let after = marks.partition_point(|mark| mark.record <= record);
        let mark = after.checked_sub(1).and_then(|place| marks.get(place));
        let mark = mark.copied().ok_or(io::ErrorKind::InvalidData)?;
        let mut reading = file.open()?;
        reading.seek(SeekFrom::Start(mark.offset))?;
        let skipped = skip(&mut BufReader::new(reading), record - mark.record)?;
        Ok(mark.offset.saturating_add(skipped))
    };
    Ok(begins(page.start)?..begins(page.end)?)
}

/// Reads over some lines, which may go on within quotes; says how many bytes they have.
fn skip(lines: &mut impl BufRead, mut records: u64) -> io::Result<u64> {
    let mut bytes = 0;
    let mut is_quoted = false;
    while records > 0 {
        let buffer = lines.fill_buf()?;
        if buffer.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut read = 0;
        for byte in buffer {
            read += 1;
            match byte {
                b'"' => is_quoted = !is_quoted,
                b'\n' if !is_quoted => {
                    records -= 1;
                    if records == 0 {
                        break;
                    }
                }
                _ => {}
            }
        }
        lines.consume(read);
        bytes += u64::try_from(read).unwrap_or(u64::MAX);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use landfall_store_embedded::JobFolder;
    use proptest::prelude::*;

    use super::*;
    use crate::job::{Delimiter, LineEnding};
    use crate::lines::Csv;

    #[test]
    fn a_locator_reads_as_it_is_written() {
        assert_eq!(
            Locator {
                from: 10_000,
                to: None
            }
            .to_string(),
            "MTAwMDA"
        );
        for locator in [
            Locator::START,
            Locator { from: 7, to: None },
            Locator {
                from: 7,
                to: Some(9),
            },
        ] {
            assert_eq!(Locator::parse(&locator.to_string(), 9), Some(locator));
        }
        for wrong in ["", "x", "MTAwMDA", "LTE", "OS03", "é"] {
            assert_eq!(Locator::parse(wrong, 9), None, "{wrong}");
        }
    }

    #[test]
    fn pages_follow_each_other_to_the_end() {
        let (page, next) = Locator::START.page(5, Some(2));
        assert_eq!((page, next), (0..2, Some(Locator { from: 2, to: None })));
        let (page, next) = Locator { from: 4, to: None }.page(5, Some(2));
        assert_eq!((page, next), (4..5, None));
        assert_eq!(Locator::START.page(5, None), (0..5, None));
        assert_eq!(Locator::START.page(0, Some(2)), (0..0, None));
        let part = Locator {
            from: 1,
            to: Some(3),
        };
        assert_eq!(part.page(5, None), (1..3, None));
    }

    #[test]
    fn pages_side_by_side_cover_everything_once() {
        let records = BULK_PAGE_RECORDS * 6 + 1;
        let (first, next) = Locator::START.parallel(records);
        assert_eq!(first.len(), BULK_PARALLEL_PAGES_MAX);
        let (second, last) = next.expect("more").parallel(records);
        assert_eq!((second.len(), last), (2, None));
        let mut reached = 0;
        for page in first.iter().chain(&second) {
            assert_eq!(page.from, reached);
            reached = page.to.expect("an end");
        }
        assert_eq!(reached, records);
        assert_eq!(Locator::START.parallel(0).0.len(), 1);
    }

    proptest! {
        #[test]
        fn any_page_is_found_whatever_the_values_are(
            values in prop::collection::vec("[a\",\r\n]{0,6}", 1..30),
            between in 1_usize..9,
            from in 0_usize..30,
            length in 0_usize..30,
            crlf: bool,
        ) {
            let ending = if crlf { LineEnding::Crlf } else { LineEnding::Lf };
            let mut csv = Csv::new(Delimiter::Comma, ending);
            csv.line(["Name"]);
            let mut begins = Vec::new();
            for value in &values {
                begins.push(u64::try_from(csv.bytes().len()).expect("small"));
                csv.line([value]);
            }
            let folder = tempfile::tempdir().expect("a folder");
            let files = JobFolder::open(folder.path()).expect("a folder");
            let file = JobFile::new(Arc::new(files), "found.csv");
            file.create().and_then(|()| file.append(0, csv.bytes())).expect("a file");
            let bytes = u64::try_from(csv.bytes().len()).expect("small");
            let marks: Vec<Mark> = begins.iter().enumerate().step_by(between).map(|(record, offset)| Mark {
                record: u64::try_from(record).expect("small"),
                offset: *offset,
            }).collect();
            begins.push(bytes);
            let from = from.min(values.len());
            let until = (from + length).min(values.len());
            let number = |record: usize| u64::try_from(record).expect("small");
            let page = number(from)..number(until);
            let found = place(&file, bytes, &marks, (page, number(values.len()))).expect("a place");
            prop_assert_eq!(found, begins[from]..begins[until]);
        }
    }
}
