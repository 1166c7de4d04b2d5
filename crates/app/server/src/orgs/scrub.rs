//! Reading everything that is stored, slowly and again and again: damage to what nobody reads is noticed while there is a
//! backup without it.

use std::collections::BTreeSet;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use landfall_engine::Engine;
use landfall_model::limits::{CHECK_FINDINGS_MAX, CHECK_STEP_BYTES, SCRUB_PAUSE_MILLIS};
use landfall_store::Scrubbed;
use tracing::{error, info, warn};

use crate::phase::Listener;

const MIB: u64 = 1024 * 1024;

/// What has been found: shown by `/metrics` and `/readyz`.
#[derive(Debug, Default)]
pub(crate) struct Scrub {
    passes: AtomicU64,
    /// Of the last pass that came to its end.
    last: AtomicU64,
    /// Of this pass so far.
    current: AtomicU64,
}

impl Scrub {
    /// Passes that came to their end since the start.
    pub(crate) fn passes(&self) -> u64 {
        self.passes.load(Ordering::Relaxed)
    }

    /// What is known to be damaged.
    pub(crate) fn findings(&self) -> u64 {
        let last = self.last.load(Ordering::Relaxed);
        last.max(self.current.load(Ordering::Relaxed))
    }

    fn take(&self, step: &Scrubbed) {
        let found = u64::try_from(step.findings.len()).unwrap_or(u64::MAX);
        let found = found.saturating_add(step.further);
        let current = self.current.load(Ordering::Relaxed).saturating_add(found);
        self.current.store(current, Ordering::Relaxed);
        if step.is_end {
            self.last.store(current, Ordering::Relaxed);
            self.current.store(0, Ordering::Relaxed);
            self.passes.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Reads until the server drains, at this pace.
pub(crate) async fn run(
    engine: Engine,
    mut phase: Listener,
    scrub: Arc<Scrub>,
    mib_per_minute: NonZeroU64,
) {
    let step = u64::try_from(CHECK_STEP_BYTES).unwrap_or(u64::MAX) / MIB;
    let millis = step * 60_000 / mib_per_minute;
    let every = i64::try_from(millis).unwrap_or(i64::MAX).max(1);
    let mut logged = BTreeSet::new();
    let (mut next, mut fails) = (every, false);
    while let Some(_work) = phase.due_in(&engine, next).await {
        match engine.scrub(CHECK_STEP_BYTES).await {
            Ok(step) => {
                log(&step, &mut logged);
                scrub.take(&step);
                next = if step.is_end {
                    SCRUB_PAUSE_MILLIS
                } else {
                    every
                };
                fails = false;
            }
            // It is tried again, with one line in the log until it succeeds.
            Err(error) => {
                if !fails {
                    warn!(%error, "stored data cannot be read to compare it with its checksums");
                }
                (next, fails) = (every, true);
            }
        }
    }
}

/// One line for each finding, however often it is found, and one for all beyond a bound.
fn log(step: &Scrubbed, logged: &mut BTreeSet<String>) {
    for finding in &step.findings {
        if logged.len() < CHECK_FINDINGS_MAX && logged.insert(finding.clone()) {
            error!(
                finding,
                "stored data is damaged; see docs/operations/damage.md"
            );
            if logged.len() == CHECK_FINDINGS_MAX {
                error!("more stored data may be damaged: further findings are only counted");
            }
        }
    }
    if step.is_end {
        info!("all stored data has been compared with its checksums");
    }
}
