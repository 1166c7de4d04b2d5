//! Tickets: a user who has just logged in shows one with the answer to what was asked.
//!
//! A ticket is for one question and a few minutes, stands in the page itself and nowhere else, and nothing is kept of it:
//! there is no cookie that another page could use, and no list that could grow.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use landfall_engine::{Entropy, draw};
use landfall_model::{RecordId, Timestamp, limits};
use subtle::ConstantTimeEq;

use crate::password::hmac;

/// Signs tickets and reads them back. The key is known to this process only.
pub(crate) struct Tickets([u8; 32]);

impl Tickets {
    pub(crate) fn new(entropy: &dyn Entropy) -> Self {
        Self(draw(entropy))
    }

    /// A ticket of a user for a question.
    pub(crate) fn issue(&self, question: &[&[u8]], user: RecordId, now: Timestamp) -> String {
        let until = now.plus_millis(limits::CONSENT_MINUTES * 60_000);
        let claim = format!("{user}.{}", until.as_millis());
        let mac = BASE64_URL_SAFE_NO_PAD.encode(self.mac(question, &claim));
        format!("{claim}.{mac}")
    }

    /// The user of a ticket, if it is one for this question and not too old.
    pub(crate) fn open(
        &self,
        question: &[&[u8]],
        ticket: &str,
        now: Timestamp,
    ) -> Option<RecordId> {
        let (claim, mac) = ticket.rsplit_once('.')?;
        let mac = BASE64_URL_SAFE_NO_PAD.decode(mac).ok()?;
        if !bool::from(self.mac(question, claim).ct_eq(mac.as_slice())) {
            return None;
        }
        let (user, until) = claim.split_once('.')?;
        let until = Timestamp::from_millis(until.parse().ok()?);
        (now < until).then(|| RecordId::parse(user).ok()).flatten()
    }

    fn mac(&self, question: &[&[u8]], claim: &str) -> [u8; 32] {
        // Each part behind its length: two different questions are never the same bytes.
        let mut bytes = Vec::new();
        for part in question.iter().copied().chain([claim.as_bytes()]) {
            bytes.extend(part.len().to_be_bytes());
            bytes.extend(part);
        }
        hmac(&self.0, &[&bytes])
    }
}

#[cfg(test)]
mod tests {
    use landfall_engine::SeededEntropy;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    #[test]
    fn a_ticket_is_for_one_question_and_ten_minutes() {
        let tickets = Tickets::new(&SeededEntropy::new(1));
        let user = RecordId::parse("0055f0000000001").expect("an id");
        let ticket = tickets.issue(&[b"ab", b"c"], user, NOW);
        assert_eq!(tickets.open(&[b"ab", b"c"], &ticket, NOW), Some(user));
        assert_eq!(tickets.open(&[b"a", b"bc"], &ticket, NOW), None);
        let end = NOW.plus_millis(limits::CONSENT_MINUTES * 60_000);
        assert_eq!(tickets.open(&[b"ab", b"c"], &ticket, end), None);
    }

    #[test]
    fn a_ticket_of_another_process_or_a_changed_one_is_none() {
        let tickets = Tickets::new(&SeededEntropy::new(1));
        let ticket = Tickets::new(&SeededEntropy::new(2)).issue(&[b"q"], RecordId::EMPTY, NOW);
        for ticket in [ticket.as_str(), "", ".", "..", "a.b.c", "é.1.é"] {
            assert_eq!(tickets.open(&[b"q"], ticket, NOW), None, "{ticket}");
        }
    }
}
