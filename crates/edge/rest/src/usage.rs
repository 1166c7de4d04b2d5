//! How many requests there were today.
//!
//! Source: "API Request Limits and Allocations" (Salesforce Developer Limits and Allocations Quick Reference); the count
//! here starts again at midnight UTC and with the process.

use std::sync::{Mutex, PoisonError};

use landfall_model::limits::REST_REQUESTS_DAILY_DEVELOPER;
use landfall_model::{Date, Fault, Timestamp};

/// Counts requests of a day.
pub(crate) struct Usage {
    limit: Option<u64>,
    counted: Mutex<(Date, u64)>,
}

impl Usage {
    /// With a limit, or without one.
    pub(crate) fn new(limit: Option<u64>) -> Self {
        Self {
            limit,
            counted: Mutex::new((Date::default(), 0)),
        }
    }

    /// How many requests there were today, and how many there may be.
    pub(crate) fn used(&self, now: Timestamp) -> (u64, u64) {
        let counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let used = if counted.0 == Date::of(now) {
            counted.1
        } else {
            0
        };
        (used, self.limit.unwrap_or(REST_REQUESTS_DAILY_DEVELOPER))
    }

    /// Counts one request and says what `Sforce-Limit-Info` shows.
    ///
    /// Wire: `api-usage=USED/LIMIT`; without a limit, that of a Developer Edition org is shown.
    ///
    /// # Errors
    /// [`Fault::RequestLimitExceeded`] together with what the header shows.
    pub(crate) fn count(&self, now: Timestamp) -> (String, Result<(), Fault>) {
        let used = {
            let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
            let today = Date::of(now);
            if counted.0 != today {
                *counted = (today, 0);
            }
            counted.1 = counted.1.saturating_add(1);
            counted.1
        };
        let shown = self.limit.unwrap_or(REST_REQUESTS_DAILY_DEVELOPER);
        let verdict = match self.limit {
            Some(limit) if used > limit => Err(Fault::RequestLimitExceeded),
            _ => Ok(()),
        };
        (format!("api-usage={used}/{shown}"), verdict)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_starts_again_every_day() {
        let usage = Usage::new(Some(2));
        let day = Timestamp::from_millis(86_400_000);
        assert_eq!(usage.count(day), ("api-usage=1/2".to_owned(), Ok(())));
        assert_eq!(usage.count(day).1, Ok(()));
        assert_eq!(
            usage.count(day),
            ("api-usage=3/2".to_owned(), Err(Fault::RequestLimitExceeded))
        );
        assert_eq!(usage.count(day.plus_millis(86_400_000)).1, Ok(()));
    }

    #[test]
    fn without_a_limit_nothing_is_refused() {
        let usage = Usage::new(None);
        let (shown, verdict) = usage.count(Timestamp::default());
        assert_eq!((shown.as_str(), verdict), ("api-usage=1/15000", Ok(())));
    }
}
