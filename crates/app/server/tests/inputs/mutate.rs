//! Changed inputs, the same for the same seed.

/// Pieces that parsers have been known to trip over.
const PIECES: &[&[u8]] = &[
    b"\0",
    b"\xff\xfe",
    b"\xf0\x9f\x98\x80",
    b"\"",
    b"'",
    b"\\",
    b"\\u0000",
    b"<",
    b"</",
    b"<![CDATA[",
    b"]]>",
    b"<!DOCTYPE a>",
    b"&#0;",
    b"&a;",
    b"{",
    b"}",
    b"[[[[[[[[",
    b"((((((((",
    b"%",
    b"%00",
    b"=",
    b"&",
    b",",
    b"\r\n",
    b"\n\n",
    b"-1",
    b"18446744073709551616",
    b"1e999",
    b"NaN",
    b"null",
    b"\x7f\xff\xff\xff",
    b"\xff\xff\xff\xff",
    b"*",
    b"?",
    b" AND ",
    b" NOT ",
];

/// Bytes that an input is repeated to at most.
const LONG: usize = 64 * 1024;

/// `SplitMix64`.
pub(crate) struct Mutator(u64);

impl Mutator {
    pub(crate) fn new(seed: usize, name: &str) -> Self {
        let seed = seed as u64;
        let named = name
            .bytes()
            .fold(seed, |state, byte| state.wrapping_mul(31) ^ u64::from(byte));
        Self(named)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// A number below a bound; 0 for a bound of 0.
    fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.next() % bound).unwrap_or_default()
    }

    /// An input of the corpus with one to four changes.
    pub(crate) fn mutated(&mut self, corpus: &[Vec<u8>]) -> Vec<u8> {
        let index = self.below(corpus.len());
        let mut input = corpus.get(index).cloned().unwrap_or_default();
        for _ in 0..=self.below(4) {
            self.change(&mut input, corpus);
        }
        input
    }

    fn change(&mut self, input: &mut Vec<u8>, corpus: &[Vec<u8>]) {
        let at = self.below(input.len() + 1);
        let end = (at + 1 + self.below(16)).min(input.len());
        match self.below(7) {
            0 => {
                let bit = 1 << self.below(8);
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= bit;
                }
            }
            1 => {
                input.drain(at.min(end)..end);
            }
            2 => {
                let piece = PIECES
                    .get(self.below(PIECES.len()))
                    .copied()
                    .unwrap_or_default();
                input.splice(at..at, piece.iter().copied());
            }
            3 => input.truncate(at),
            4 => {
                let again = input.get(at..end).unwrap_or_default().to_vec();
                let count = 1 << self.below(12);
                let bytes = again
                    .into_iter()
                    .cycle()
                    .take((count * (end.max(at) - at)).min(LONG));
                let bytes: Vec<u8> = bytes.collect();
                input.splice(at..at, bytes);
            }
            5 => {
                let other = self.below(corpus.len());
                let other = corpus.get(other).map(Vec::as_slice).unwrap_or_default();
                let from = self.below(other.len() + 1);
                input.truncate(at);
                input.extend_from_slice(other.get(from..).unwrap_or_default());
            }
            _ => {
                let byte = u8::try_from(self.below(256)).unwrap_or_default();
                input.insert(at, byte);
            }
        }
    }
}
