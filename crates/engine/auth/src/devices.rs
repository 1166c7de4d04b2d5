//! Device codes: a device shows a short code, its user types it into a browser and answers, and the device polls for it.
//!
//! In memory only, like authorization codes. Pure: the time is an argument.

use std::collections::{HashMap, VecDeque};

use landfall_engine::{Entropy, draw};
use landfall_model::{LoginFault, RecordId, Timestamp, limits};

use crate::scopes::Scopes;
use crate::token::TokenHash;

/// The characters of user codes: letters that are not taken for each other, and that make no words.
///
/// Source: RFC 8628, 6.1.
const ALPHABET: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// Characters of a user code. Source: "OAuth 2.0 Device Flow" (Salesforce Help).
const USER_CODE_CHARS: usize = 8;

/// Polls that may come early.
const POLLS_FREE: i64 = 10;

/// How a device stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Waiting,
    Allowed(RecordId),
    Denied,
    /// Its login has begun.
    Used,
}

/// What a device asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asking {
    pub(crate) client_id: String,
    pub(crate) scopes: Scopes,
}

#[derive(Debug)]
struct Device {
    asking: Asking,
    user_code: String,
    since: Timestamp,
    polls: i64,
    answer: Answer,
}

impl Device {
    fn is_over(&self, now: Timestamp) -> bool {
        now.since(self.since) >= limits::DEVICE_CODE_MINUTES * 60_000
    }
}

/// The devices that wait, and those that have waited.
#[derive(Default)]
pub(crate) struct Devices {
    by_hash: HashMap<TokenHash, Device>,
    by_user_code: HashMap<String, TokenHash>,
    /// The oldest first.
    order: VecDeque<TokenHash>,
}

impl Devices {
    /// Stores a device and returns the code for its user; the oldest is dropped when there are too many.
    pub(crate) fn begin(
        &mut self,
        hash: TokenHash,
        asking: Asking,
        entropy: &dyn Entropy,
        now: Timestamp,
    ) -> String {
        while self.order.len() >= limits::DEVICE_CODES_MAX {
            let oldest = self.order.pop_front();
            if let Some(oldest) = oldest.and_then(|hash| self.by_hash.remove(&hash)) {
                self.by_user_code.remove(&oldest.user_code);
            }
        }
        let mut user_code = user_code(entropy);
        while self.by_user_code.contains_key(&user_code) {
            user_code = self::user_code(entropy);
        }
        self.order.push_back(hash);
        self.by_user_code.insert(user_code.clone(), hash);
        let device = Device {
            asking,
            user_code: user_code.clone(),
            since: now,
            polls: 0,
            answer: Answer::Waiting,
        };
        self.by_hash.insert(hash, device);
        user_code
    }

    /// Whether it is the code of a device, answered or not.
    pub(crate) fn contains(&self, hash: &TokenHash) -> bool {
        self.by_hash.contains_key(hash)
    }

    /// What the device of a user code asks for, if it still waits.
    pub(crate) fn waiting(&mut self, user_code: &str, now: Timestamp) -> Option<&Asking> {
        self.find(user_code, now).map(|device| &device.asking)
    }

    /// Gives a device the answer of its user; false if it does not wait any more.
    pub(crate) fn answer(
        &mut self,
        user_code: &str,
        user: Option<RecordId>,
        now: Timestamp,
    ) -> bool {
        let Some(device) = self.find(user_code, now) else {
            return false;
        };
        device.answer = user.map_or(Answer::Denied, Answer::Allowed);
        true
    }

    fn find(&mut self, user_code: &str, now: Timestamp) -> Option<&mut Device> {
        let hash = self.by_user_code.get(user_code)?;
        let device = self.by_hash.get_mut(hash)?;
        (device.answer == Answer::Waiting && !device.is_over(now)).then_some(device)
    }

    /// Who has approved, and what. It works once.
    ///
    /// Clients: @salesforce/core gives up on anything but `authorization_pending`, so only a client that asks far more
    /// often than the interval has to slow down.
    pub(crate) fn poll(
        &mut self,
        hash: &TokenHash,
        client_id: &str,
        now: Timestamp,
    ) -> Result<(RecordId, Scopes), LoginFault> {
        let device = self.by_hash.get_mut(hash);
        let device = device
            .filter(|device| device.asking.client_id == client_id)
            .ok_or(LoginFault::AuthenticationFailed)?;
        if device.is_over(now) {
            return Err(LoginFault::CodeExpired);
        }
        match device.answer {
            Answer::Used => Err(LoginFault::CodeExpired),
            Answer::Denied => Err(LoginFault::AuthorizationDenied),
            Answer::Allowed(user) => {
                device.answer = Answer::Used;
                Ok((user, device.asking.scopes.clone()))
            }
            Answer::Waiting => {
                device.polls = device.polls.saturating_add(1);
                let due = now.since(device.since) / (limits::DEVICE_POLL_SECONDS * 1_000);
                if device.polls > POLLS_FREE.saturating_add(due) {
                    Err(LoginFault::PollTooFrequent)
                } else {
                    Err(LoginFault::AuthorizationPending)
                }
            }
        }
    }
}

fn user_code(entropy: &dyn Entropy) -> String {
    let mut code = String::new();
    while code.len() < USER_CODE_CHARS {
        let [byte] = draw::<1>(entropy);
        // Of the 32 values of five bits, those beyond the alphabet would favour some letters.
        if let Some(letter) = ALPHABET.get(usize::from(byte & 31)) {
            code.push(char::from(*letter));
        }
    }
    code
}

/// A user code as it is known, from what a person typed.
pub(crate) fn typed(text: &str) -> String {
    let letters = text.chars().filter(char::is_ascii_alphanumeric);
    let letters = letters.map(|letter| letter.to_ascii_uppercase());
    letters.take(USER_CODE_CHARS + 1).collect()
}

#[cfg(test)]
mod tests {
    use landfall_engine::SeededEntropy;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    fn asking() -> Asking {
        Asking {
            client_id: "app".to_owned(),
            scopes: Scopes::parse("api"),
        }
    }

    fn begun() -> (Devices, String, TokenHash) {
        let mut devices = Devices::default();
        let hash = TokenHash::of("d");
        let user_code = devices.begin(hash, asking(), &SeededEntropy::new(1), NOW);
        (devices, user_code, hash)
    }

    #[test]
    fn a_device_waits_for_approval_and_gets_one_login() {
        let (mut devices, user_code, hash) = begun();
        assert_eq!(user_code.len(), 8);
        assert!(user_code.bytes().all(|byte| ALPHABET.contains(&byte)));
        let pending = devices.poll(&hash, "app", NOW);
        assert_eq!(pending, Err(LoginFault::AuthorizationPending));
        assert_eq!(devices.waiting(&user_code, NOW), Some(&asking()));
        assert!(devices.answer(&user_code, Some(RecordId::EMPTY), NOW));
        assert!(!devices.answer(&user_code, None, NOW), "once");
        let granted = devices.poll(&hash, "app", NOW);
        assert_eq!(granted, Ok((RecordId::EMPTY, Scopes::parse("api"))));
        assert_eq!(
            devices.poll(&hash, "app", NOW),
            Err(LoginFault::CodeExpired)
        );
    }

    #[test]
    fn a_device_learns_of_a_denial_and_expires() {
        let (mut devices, user_code, hash) = begun();
        let end = NOW.plus_millis(limits::DEVICE_CODE_MINUTES * 60_000);
        assert_eq!(
            devices.poll(&hash, "app", end),
            Err(LoginFault::CodeExpired)
        );
        assert_eq!(devices.waiting(&user_code, end), None);
        assert!(devices.answer(&user_code, None, NOW));
        assert_eq!(
            devices.poll(&hash, "app", NOW),
            Err(LoginFault::AuthorizationDenied)
        );
        let other = devices.poll(&hash, "other", NOW);
        assert_eq!(other, Err(LoginFault::AuthenticationFailed));
    }

    #[test]
    fn only_who_asks_far_too_often_has_to_slow_down() {
        let (mut devices, _, hash) = begun();
        let polls = |devices: &mut Devices, seconds: i64| {
            devices.poll(&hash, "app", NOW.plus_millis(seconds * 1_000))
        };
        for poll in 0..100 {
            assert_eq!(
                polls(&mut devices, poll * 5),
                Err(LoginFault::AuthorizationPending)
            );
        }
        for _ in 1..POLLS_FREE {
            assert_eq!(
                polls(&mut devices, 499),
                Err(LoginFault::AuthorizationPending)
            );
        }
        assert_eq!(polls(&mut devices, 499), Err(LoginFault::PollTooFrequent));
    }

    #[test]
    fn a_code_is_typed_with_small_letters_and_signs_in_between() {
        assert_eq!(typed(" bcdf-ghjk\n"), "BCDFGHJK");
        assert_eq!(typed("é"), "");
    }

    #[test]
    fn unanswered_devices_are_evicted() {
        let mut devices = Devices::default();
        let entropy = SeededEntropy::new(1);
        for number in 0..=limits::DEVICE_CODES_MAX {
            devices.begin(TokenHash::of(&number.to_string()), asking(), &entropy, NOW);
        }
        assert_eq!(devices.by_hash.len(), limits::DEVICE_CODES_MAX);
        assert_eq!(devices.by_user_code.len(), limits::DEVICE_CODES_MAX);
    }
}
