//! Tickets: proof that a user has just logged in, sent with their answer on the consent page.
//!
//! A ticket is for one question, one answer and a few minutes. It is in the page itself and nowhere else, so there is no
//! cookie that another page could use; all that is remembered is which tickets were redeemed, until they expire.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use landfall_engine::{Entropy, draw};
use landfall_model::{RecordId, Timestamp, limits};
use subtle::ConstantTimeEq;

use crate::lock;
use crate::password::hmac;

/// Signs tickets and reads them back. The key is known to this process only.
pub(crate) struct Tickets {
    key: [u8; 32],
    issued: AtomicU64,
    /// Signatures of redeemed tickets, and when they expire.
    redeemed: Mutex<HashMap<[u8; 32], Timestamp>>,
}

impl Tickets {
    pub(crate) fn new(entropy: &dyn Entropy) -> Self {
        Self {
            key: draw(entropy),
            issued: AtomicU64::new(0),
            redeemed: Mutex::default(),
        }
    }

    /// A ticket of a user for a question.
    pub(crate) fn issue(&self, question: &[&[u8]], user: RecordId, now: Timestamp) -> String {
        let until = now.plus_millis(limits::CONSENT_MINUTES * 60_000);
        let number = self.issued.fetch_add(1, Ordering::Relaxed);
        let claim = format!("{user}.{}.{number}", until.as_millis());
        let mac = BASE64_URL_SAFE_NO_PAD.encode(self.mac(question, &claim));
        format!("{claim}.{mac}")
    }

    /// The user of a ticket, if it is one for this question, not too old and not redeemed before.
    pub(crate) fn redeem(
        &self,
        question: &[&[u8]],
        ticket: &str,
        now: Timestamp,
    ) -> Option<RecordId> {
        let (claim, mac) = ticket.rsplit_once('.')?;
        let mac = BASE64_URL_SAFE_NO_PAD.decode(mac).ok()?;
        let expected = self.mac(question, claim);
        if !bool::from(expected.ct_eq(mac.as_slice())) {
            return None;
        }
        let mut parts = claim.split('.');
        let user = RecordId::parse(parts.next()?).ok()?;
        let until = Timestamp::from_millis(parts.next()?.parse().ok()?);
        (now < until && self.is_first(expected, until, now)).then_some(user)
    }

    /// Remembers a redeemed ticket. One that finds no space is refused: each costs its user a login.
    fn is_first(&self, mac: [u8; 32], until: Timestamp, now: Timestamp) -> bool {
        let mut redeemed = lock(&self.redeemed);
        if redeemed.len() >= limits::CONSENT_TICKETS_REDEEMED_MAX {
            redeemed.retain(|_, until| now < *until);
        }
        redeemed.len() < limits::CONSENT_TICKETS_REDEEMED_MAX
            && redeemed.insert(mac, until).is_none()
    }

    fn mac(&self, question: &[&[u8]], claim: &str) -> [u8; 32] {
        // Each part after its length: two different questions are never the same bytes.
        let mut bytes = Vec::new();
        for part in question.iter().copied().chain([claim.as_bytes()]) {
            bytes.extend(part.len().to_be_bytes());
            bytes.extend(part);
        }
        hmac(&self.key, &[&bytes])
    }
}

#[cfg(test)]
mod tests {
    use landfall_engine::SeededEntropy;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    #[test]
    fn a_ticket_is_for_one_question_one_answer_and_ten_minutes() {
        let tickets = Tickets::new(&SeededEntropy::new(1));
        let user = RecordId::parse("0055f0000000001").expect("an id");
        let ticket = tickets.issue(&[b"ab", b"c"], user, NOW);
        assert_eq!(tickets.redeem(&[b"a", b"bc"], &ticket, NOW), None);
        assert_eq!(tickets.redeem(&[b"ab", b"c"], &ticket, NOW), Some(user));
        assert_eq!(tickets.redeem(&[b"ab", b"c"], &ticket, NOW), None);
        let ticket = tickets.issue(&[b"ab", b"c"], user, NOW);
        let end = NOW.plus_millis(limits::CONSENT_MINUTES * 60_000);
        assert_eq!(tickets.redeem(&[b"ab", b"c"], &ticket, end), None);
    }

    #[test]
    fn a_ticket_of_another_process_or_a_changed_one_is_none() {
        let tickets = Tickets::new(&SeededEntropy::new(1));
        let ticket = Tickets::new(&SeededEntropy::new(2)).issue(&[b"q"], RecordId::EMPTY, NOW);
        for ticket in [ticket.as_str(), "", ".", "..", "a.b.c", "é.1.é"] {
            assert_eq!(tickets.redeem(&[b"q"], ticket, NOW), None, "{ticket}");
        }
    }
}
