//! How long commits take to become durable, as counts that cost the writer one addition.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Spans of time that are distinguished within a factor of two.
const STEPS: usize = 4;

/// Spans: of 1 µs, and of up to 2^24 µs, which is 16 seconds. Longer ones count as the longest.
const SPANS: usize = 24 * STEPS;

/// How long commits took, since the start.
#[derive(Debug)]
pub struct CommitTimes {
    spans: [AtomicU64; SPANS],
    longest: AtomicU64,
}

/// What is known of these times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CommitTimesRead {
    /// Commits.
    pub commits: u64,
    /// Half of them took no longer, to a quarter. Unit: microseconds.
    pub median_us: u64,
    /// 99 of 100 took no longer, to a quarter. Unit: microseconds.
    pub p99_us: u64,
    /// The longest. Unit: microseconds.
    pub longest_us: u64,
}

impl Default for CommitTimes {
    fn default() -> Self {
        Self {
            spans: [const { AtomicU64::new(0) }; SPANS],
            longest: AtomicU64::new(0),
        }
    }
}

impl CommitTimes {
    pub(super) fn add(&self, time: Duration) {
        let us = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        if let Some(span) = self.spans.get(span_of(us)) {
            span.fetch_add(1, Ordering::Relaxed);
        }
        self.longest.fetch_max(us, Ordering::Relaxed);
    }

    /// What is known at the moment.
    pub fn read(&self) -> CommitTimesRead {
        let counts: Vec<u64> = self
            .spans
            .iter()
            .map(|span| span.load(Ordering::Relaxed))
            .collect();
        let commits: u64 = counts.iter().sum();
        let longest_us = self.longest.load(Ordering::Relaxed);
        let within = |hundredths: u64| {
            let wanted = (commits * hundredths).div_ceil(100);
            let mut sum = 0;
            let span = counts.iter().position(|count| {
                sum += count;
                sum >= wanted && sum > 0
            });
            span.map_or(0, |span| end_of(span).min(longest_us))
        };
        CommitTimesRead {
            commits,
            median_us: within(50),
            p99_us: within(99),
            longest_us,
        }
    }
}

/// The span that a time is in. Unit: microseconds.
fn span_of(us: u64) -> usize {
    let us = us.max(1);
    let power = us.ilog2();
    // Two bits below the highest one.
    let leading = if power >= 2 {
        us >> (power - 2)
    } else {
        us << (2 - power)
    };
    let span = u64::from(power) * 4 + (leading & 3);
    usize::try_from(span).unwrap_or(SPANS).min(SPANS - 1)
}

/// The longest time of a span. Unit: microseconds.
fn end_of(span: usize) -> u64 {
    let (power, step) = (span / STEPS, span % STEPS);
    let next = (1_u64 << power) * u64::try_from(STEPS + step + 1).unwrap_or(1);
    next.div_ceil(4).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_known_to_a_quarter() {
        for us in [1, 2, 3, 7, 100, 999, 1_000, 65_537, 10_000_000] {
            let end = end_of(span_of(us));
            assert!(end >= us && end <= us + us / 4 + 1, "{us}: {end}");
        }
    }

    #[test]
    fn most_commits_and_the_longest_are_distinguished() {
        let times = CommitTimes::default();
        assert_eq!(times.read(), CommitTimesRead::default());
        for _ in 0..990 {
            times.add(Duration::from_millis(1));
        }
        for _ in 0..10 {
            times.add(Duration::from_millis(50));
        }
        let read = times.read();
        assert_eq!((read.commits, read.longest_us), (1_000, 50_000));
        assert!((1_000..=1_250).contains(&read.median_us), "{read:?}");
        assert!((1_000..=1_250).contains(&read.p99_us), "{read:?}");
        times.add(Duration::from_mins(10));
        assert_eq!(times.read().longest_us, 600_000_000);
    }
}
