//! Latencies, counted in buckets that are 3 % wide: a fixed size, however much is measured.

use std::sync::atomic::{AtomicU64, Ordering};

/// Buckets for each power of two, as a power of two.
const STEPS_LOG2: u32 = 5;
const STEPS: u64 = 1 << STEPS_LOG2;

/// Values of 36 bits, 19 hours in microseconds, have buckets; higher ones share the last.
const BUCKETS: usize = 32 * 32;

/// How often which latency was seen. Unit: microseconds.
pub(super) struct Histogram(Box<[AtomicU64]>);

impl Default for Histogram {
    fn default() -> Self {
        Self((0..BUCKETS).map(|_| AtomicU64::new(0)).collect())
    }
}

impl Histogram {
    pub(super) fn record(&self, micros: u64) {
        let bucket = bucket(micros).min(BUCKETS - 1);
        if let Some(count) = self.0.get(bucket) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The latency that this share of the values does not exceed; 0 if nothing was recorded. Unit: milliseconds.
    pub(super) fn quantile_ms(&self, share: f64) -> f64 {
        let counts: Vec<u64> = self
            .0
            .iter()
            .map(|count| count.load(Ordering::Relaxed))
            .collect();
        let wanted = super::float(counts.iter().sum()) * share;
        let mut seen = 0;
        for (bucket, count) in (0..).zip(&counts) {
            seen += count;
            if *count > 0 && super::float(seen) >= wanted {
                return super::float(upper_bound(bucket)) / 1_000.0;
            }
        }
        0.0
    }
}

fn bucket(value: u64) -> usize {
    let bucket = if value < STEPS {
        value
    } else {
        let power = u64::from(value.ilog2() - STEPS_LOG2);
        (power + 1) * STEPS + ((value >> power) - STEPS)
    };
    usize::try_from(bucket).unwrap_or(usize::MAX)
}

/// The highest value of a bucket.
const fn upper_bound(bucket: u64) -> u64 {
    if bucket < STEPS {
        bucket
    } else {
        let power = bucket / STEPS - 1;
        ((bucket % STEPS + STEPS + 1) << power) - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_ends_where_the_next_begins() {
        for value in (0..5_000).chain([1 << 20, (1 << 30) + 12_345]) {
            let bucket = bucket(value);
            let end = upper_bound(bucket as u64);
            assert!(value <= end && end - value <= value / 32, "{value} {end}");
            assert_eq!(super::bucket(end), bucket);
            assert_eq!(super::bucket(end + 1), bucket + 1);
        }
    }

    #[test]
    fn quantiles_are_found() {
        let histogram = Histogram::default();
        assert!(histogram.quantile_ms(0.5) < f64::EPSILON);
        for value in 1..=1_000 {
            histogram.record(value * 1_000);
        }
        let median = histogram.quantile_ms(0.5);
        assert!((500.0..520.0).contains(&median), "{median}");
        let p99 = histogram.quantile_ms(0.99);
        assert!((990.0..1_025.0).contains(&p99), "{p99}");
    }
}
