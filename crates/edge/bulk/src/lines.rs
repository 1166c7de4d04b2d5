//! Lines of CSV in the making.
//!
//! Source: "Prepare CSV Files" (Bulk API 2.0 and Bulk API Developer Guide); recorded results, where every value is quoted.

use crate::job::{Delimiter, LineEnding};

/// Lines that nobody has taken yet.
pub(crate) struct Csv {
    delimiter: u8,
    line_ending: LineEnding,
    out: Vec<u8>,
}

impl Csv {
    pub(crate) const fn new(delimiter: Delimiter, line_ending: LineEnding) -> Self {
        Self {
            delimiter: delimiter.byte(),
            line_ending,
            out: Vec::new(),
        }
    }

    /// Adds a line; every value is quoted.
    pub(crate) fn line(&mut self, cells: impl IntoIterator<Item: AsRef<str>>) {
        for (place, cell) in cells.into_iter().enumerate() {
            if place > 0 {
                self.out.push(self.delimiter);
            }
            self.out.push(b'"');
            for (place, part) in cell.as_ref().split('"').enumerate() {
                if place > 0 {
                    self.out.extend(b"\"\"");
                }
                self.out.extend(part.as_bytes());
            }
            self.out.push(b'"');
        }
        match self.line_ending {
            LineEnding::Lf => self.out.push(b'\n'),
            LineEnding::Crlf => self.out.extend(b"\r\n"),
        }
    }

    /// The lines.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.out
    }

    /// Forgets the lines, and keeps the room for others.
    pub(crate) fn clear(&mut self) {
        self.out.clear();
    }

    /// Takes the lines away.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_quoted_and_its_quotes_are_doubled() {
        let mut csv = Csv::new(Delimiter::Comma, LineEnding::Lf);
        csv.line(["a", "", "say \"hi\"", "two\nlines, one"]);
        assert_eq!(
            csv.bytes(),
            b"\"a\",\"\",\"say \"\"hi\"\"\",\"two\nlines, one\"\n"
        );
    }

    #[test]
    fn lines_are_formed_as_the_job_says() {
        let mut csv = Csv::new(Delimiter::Tab, LineEnding::Crlf);
        csv.line(["a", "b"]);
        assert_eq!(csv.take(), b"\"a\"\t\"b\"\r\n");
    }
}
