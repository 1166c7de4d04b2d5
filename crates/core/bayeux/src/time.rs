//! The machines' idea of time: a moment on the caller's clock, passed in with every input.
//!
//! Nothing here reads a clock; spans are [`std::time::Duration`].

use std::ops::Add;
use std::time::Duration;

/// A moment on the caller's clock.
///
/// Unit: milliseconds since an origin of the caller's choice. Moments of one machine share one origin and should
/// not go backwards; if they do, nothing breaks but the waits get longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(u64);

impl Moment {
    /// The moment `millis` milliseconds after the origin.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the origin.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// How long it is from `now` until this moment; zero if it has passed.
    pub const fn after(self, now: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(now.0))
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    /// Saturates at the end of time.
    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(millis(span)))
    }
}

/// A span in whole milliseconds, as `advice` spells it.
pub(crate) fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adding_saturates_and_a_passed_moment_is_no_time_away() {
        let late = Moment::from_millis(u64::MAX - 1) + Duration::MAX;
        assert_eq!(late, Moment::from_millis(u64::MAX));
        assert_eq!(
            Moment::from_millis(5).after(Moment::from_millis(9)),
            Duration::ZERO
        );
        assert_eq!(
            Moment::from_millis(9).after(Moment::from_millis(5)),
            Duration::from_millis(4)
        );
    }
}
