//! Credit, keepalives and idle closing of a Pub/Sub API subscription: when something may or must be sent.
//!
//! Source: "Subscribe RPC Method" and "Pub/Sub API Flow Control" (Pub/Sub API Developer Guide).

use landfall_model::{Fault, Timestamp};

/// Events that may be owed to a client at once; what is asked for beyond is not counted.
/// Source: "Pub/Sub API and Event Allocations".
pub const CREDIT_MAX: u32 = 100;

/// The waits of a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timings {
    /// Milliseconds of silence after which a client with credit gets an empty response. Limit: 270,000.
    pub keepalive_ms: i64,
    /// Milliseconds that a client without credit has to ask for more.
    pub idle_ms: i64,
}

impl Default for Timings {
    fn default() -> Self {
        Self {
            keepalive_ms: 60_000,
            idle_ms: 60_000,
        }
    }
}

/// What time has made due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// An empty response.
    Keepalive,
    /// The end of the stream: the client has no credit and asks for none.
    Close,
}

/// How much may be sent, and since when nothing was.
#[derive(Clone, Copy, Debug)]
pub struct Fetch {
    timings: Timings,
    credit: u32,
    quiet_since: Timestamp,
}

impl Fetch {
    /// A subscription that has not been asked for anything yet.
    pub const fn new(timings: Timings, now: Timestamp) -> Self {
        Self {
            timings,
            credit: 0,
            quiet_since: now,
        }
    }

    /// The client asks for `count` more events.
    ///
    /// # Errors
    /// [`Fault::FetchCountInvalid`] unless it is positive.
    pub fn request(&mut self, now: Timestamp, count: i32) -> Result<(), Fault> {
        let count = u32::try_from(count)
            .ok()
            .filter(|count| *count > 0)
            .ok_or(Fault::FetchCountInvalid)?;
        if self.credit == 0 {
            self.quiet_since = now;
        }
        self.credit = self.credit.saturating_add(count).min(CREDIT_MAX);
        Ok(())
    }

    /// How many events may be sent.
    pub const fn credit(&self) -> u32 {
        self.credit
    }

    /// A response with `events` events goes out.
    pub fn responded(&mut self, now: Timestamp, events: u32) {
        self.credit = self.credit.saturating_sub(events);
        self.quiet_since = now;
    }

    /// When the next thing falls due.
    pub const fn deadline(&self) -> Timestamp {
        let wait = if self.credit > 0 {
            self.timings.keepalive_ms
        } else {
            self.timings.idle_ms
        };
        self.quiet_since.plus_millis(wait)
    }

    /// What is due now, if anything.
    pub fn due(&self, now: Timestamp) -> Option<Due> {
        (now >= self.deadline()).then_some(if self.credit > 0 {
            Due::Keepalive
        } else {
            Due::Close
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn credit_adds_up_to_a_hundred_and_is_used_up_by_events() {
        let mut fetch = Fetch::new(Timings::default(), at(0));
        fetch.request(at(0), 80).expect("positive");
        fetch.request(at(0), 80).expect("positive");
        assert_eq!(fetch.credit(), 100);
        fetch.responded(at(1), 30);
        assert_eq!(fetch.credit(), 70);
        for count in [0, -1] {
            assert_eq!(fetch.request(at(1), count), Err(Fault::FetchCountInvalid));
        }
    }

    #[test]
    fn silence_with_credit_brings_a_keepalive_and_without_credit_the_end() {
        let mut fetch = Fetch::new(Timings::default(), at(0));
        assert_eq!(fetch.due(at(60_000)), Some(Due::Close));
        fetch.request(at(55_000), 1).expect("positive");
        assert_eq!(fetch.due(at(114_999)), None);
        assert_eq!(fetch.due(at(115_000)), Some(Due::Keepalive));
        fetch.responded(at(115_000), 0);
        fetch.responded(at(120_000), 1);
        assert_eq!(fetch.due(at(179_999)), None);
        assert_eq!(fetch.due(at(180_000)), Some(Due::Close));
    }
}
