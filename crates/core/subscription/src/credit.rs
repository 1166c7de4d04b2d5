//! Flow control of the Pub/Sub API: credit, keepalives and idle streams.
//!
//! Source: "Subscribe RPC Method" and "Pub/Sub API Flow Control" (Pub/Sub API Developer Guide).

use landfall_model::limits::FETCH_CREDIT_MAX;
use landfall_model::{PubSubFault, Timestamp};

/// The timeouts of a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timings {
    /// Milliseconds of silence after which a client with credit gets an empty response. Limit: 270,000.
    pub keepalive_ms: i64,
    /// Milliseconds that a client without credit has to request more.
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

/// What a timeout calls for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// An empty response.
    Keepalive,
    /// The end of the stream: the client has no credit and requests none.
    Close,
}

/// Requested events that are still to be sent, and the time of the last response.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Credit {
    timings: Timings,
    pending: u32,
    quiet_since: Timestamp,
}

impl Credit {
    /// A subscription without any request yet.
    pub(crate) const fn new(timings: Timings, now: Timestamp) -> Self {
        Self {
            timings,
            pending: 0,
            quiet_since: now,
        }
    }

    /// The client requests `count` more events.
    ///
    /// # Errors
    /// [`PubSubFault::FetchCountInvalid`] unless it is positive.
    pub(crate) fn request(&mut self, now: Timestamp, count: i32) -> Result<(), PubSubFault> {
        let count = u32::try_from(count)
            .ok()
            .filter(|count| *count > 0)
            .ok_or(PubSubFault::FetchCountInvalid)?;
        if self.pending == 0 {
            self.quiet_since = now;
        }
        self.pending = self.pending.saturating_add(count).min(FETCH_CREDIT_MAX);
        Ok(())
    }

    /// Events that may be sent.
    pub(crate) const fn available(&self) -> u32 {
        self.pending
    }

    /// A response with `events` events is sent.
    pub(crate) fn responded(&mut self, now: Timestamp, events: u32) {
        self.pending = self.pending.saturating_sub(events);
        self.quiet_since = now;
    }

    /// The next timeout.
    pub(crate) const fn deadline(&self) -> Timestamp {
        let wait = if self.pending > 0 {
            self.timings.keepalive_ms
        } else {
            self.timings.idle_ms
        };
        self.quiet_since.plus_millis(wait)
    }

    /// What is due now, if anything.
    pub(crate) fn due(&self, now: Timestamp) -> Option<Due> {
        (now >= self.deadline()).then_some(if self.pending > 0 {
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
    fn credit_adds_up_to_a_hundred_and_events_use_it_up() {
        let mut credit = Credit::new(Timings::default(), at(0));
        credit.request(at(0), 80).expect("positive");
        credit.request(at(0), 80).expect("positive");
        assert_eq!(credit.available(), 100);
        credit.responded(at(1), 30);
        assert_eq!(credit.available(), 70);
        for count in [0, -1] {
            assert_eq!(
                credit.request(at(1), count),
                Err(PubSubFault::FetchCountInvalid)
            );
        }
    }

    #[test]
    fn silence_with_credit_brings_a_keepalive_and_without_credit_the_end() {
        let mut credit = Credit::new(Timings::default(), at(0));
        assert_eq!(credit.due(at(60_000)), Some(Due::Close));
        credit.request(at(55_000), 1).expect("positive");
        assert_eq!(credit.due(at(114_999)), None);
        assert_eq!(credit.due(at(115_000)), Some(Due::Keepalive));
        credit.responded(at(115_000), 0);
        credit.responded(at(120_000), 1);
        assert_eq!(credit.due(at(179_999)), None);
        assert_eq!(credit.due(at(180_000)), Some(Due::Close));
    }
}
