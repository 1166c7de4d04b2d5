//! As much of DER as keys and certificates need. Source: X.690, 8 and 10.

/// Tag of a sequence.
pub(crate) const SEQUENCE: u8 = 0x30;

/// Tag of an integer.
pub(crate) const INTEGER: u8 = 0x02;

/// One value, and what follows it.
pub(crate) struct Element<'d> {
    pub(crate) tag: u8,
    pub(crate) content: &'d [u8],
    /// With tag and length.
    pub(crate) whole: &'d [u8],
    pub(crate) rest: &'d [u8],
}

impl<'d> Element<'d> {
    /// Reads the first value.
    pub(crate) fn read(der: &'d [u8]) -> Option<Self> {
        let (&tag, behind) = der.split_first()?;
        let (&first, behind) = behind.split_first()?;
        let (length, behind) = if first < 0x80 {
            (usize::from(first), behind)
        } else {
            let (bytes, behind) = behind.split_at_checked(usize::from(first & 0x7F))?;
            if bytes.is_empty() || bytes.len() > 4 {
                return None;
            }
            let length = bytes
                .iter()
                .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
            (length, behind)
        };
        let (content, rest) = behind.split_at_checked(length)?;
        let (whole, _) = der.split_at_checked(der.len() - rest.len())?;
        Some(Self {
            tag,
            content,
            whole,
            rest,
        })
    }

    /// The value, if it has this tag.
    pub(crate) fn is(self, tag: u8) -> Option<Self> {
        (self.tag == tag).then_some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_short_or_long_and_never_beyond_the_text() {
        let short = Element::read(&[0x30, 1, 7, 9]).expect("a value");
        assert_eq!(
            (short.content, short.whole, short.rest),
            (&[7][..], &[0x30, 1, 7][..], &[9][..])
        );
        let long = Element::read(&[0x02, 0x82, 0, 1, 7]).expect("a value");
        assert_eq!(long.content, [7]);
        for der in [
            &[][..],
            &[0x30],
            &[0x30, 1],
            &[0x30, 0x80],
            &[0x30, 0x81],
            &[0x30, 0x85, 1, 1, 1, 1, 1],
            &[0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF],
        ] {
            assert!(Element::read(der).is_none(), "{der:?}");
        }
    }
}
