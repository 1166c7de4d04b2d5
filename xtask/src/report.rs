//! Steps with their names and times, and the count of what passed, failed and was skipped.

use std::time::Instant;

use anyhow::Result;

/// What a run has done so far.
pub(crate) struct Report {
    counts: Counts,
    failed_steps: Vec<String>,
    skipped: Vec<String>,
}

/// Checks by their outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Report {
    pub(crate) fn new() -> Self {
        Self {
            counts: Counts::default(),
            failed_steps: Vec::new(),
            skipped: Vec::new(),
        }
    }

    /// Runs one step and prints its name, outcome and time. An error fails the step and the run goes on.
    pub(crate) fn step(&mut self, name: &str, body: impl FnOnce(&mut Self) -> Result<()>) {
        println!("==> {name}");
        let start = Instant::now();
        let failed_before = self.counts.failed;
        let outcome = body(self);
        let seconds = start.elapsed().as_secs_f64();
        match outcome {
            Ok(()) if self.counts.failed == failed_before => {
                println!("<== {name}: ok in {seconds:.1} s\n");
            }
            Ok(()) => self.step_failed(name, seconds, "see above"),
            Err(error) => self.step_failed(name, seconds, &format!("{error:#}")),
        }
    }

    /// Counts one check that passed.
    pub(crate) fn passed(&mut self, name: &str) {
        println!("ok {name}");
        self.counts.passed += 1;
    }

    /// Counts one check that failed.
    pub(crate) fn failed(&mut self, name: &str, why: &str) {
        println!("FAILED {name}: {why}");
        self.counts.failed += 1;
    }

    /// Counts one check that could not run; `why` says what to install.
    pub(crate) fn skipped(&mut self, name: &str, why: &str) {
        println!("SKIPPED {name}: {why}");
        self.counts.skipped += 1;
        self.skipped.push(format!("{name}: {why}"));
    }

    /// Adds what a program counted by itself.
    pub(crate) fn add(&mut self, counts: Counts) {
        self.counts.passed += counts.passed;
        self.counts.failed += counts.failed;
        self.counts.skipped += counts.skipped;
    }

    /// Prints the summary and says whether the run is good. With `CI=true` a skipped check is a failed one.
    pub(crate) fn close(&self) -> bool {
        for step in &self.failed_steps {
            println!("failed step: {step}");
        }
        for check in &self.skipped {
            println!("skipped check: {check}");
        }
        let Counts {
            passed,
            failed,
            skipped,
        } = self.counts;
        println!("{passed} passed, {failed} failed, {skipped} skipped");
        let skip_fails = skipped > 0 && std::env::var("CI").is_ok_and(|value| value == "true");
        if skip_fails {
            println!("with CI=true a skipped check is a failure");
        }
        self.failed_steps.is_empty() && failed == 0 && !skip_fails
    }

    fn step_failed(&mut self, name: &str, seconds: f64, why: &str) {
        println!("<== {name}: FAILED in {seconds:.1} s: {why}\n");
        self.failed_steps.push(format!("{name}: {why}"));
    }
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    #[test]
    fn a_step_that_ends_with_an_error_fails_the_run() {
        let mut report = Report::new();
        report.step("works", |_| Ok(()));
        assert!(report.close());
        report.step("breaks", |_| bail!("as it must"));
        assert!(!report.close());
    }

    #[test]
    fn a_failed_check_fails_its_step_and_the_run() {
        let mut report = Report::new();
        report.step("checks", |report| {
            report.passed("one");
            report.failed("two", "as it must");
            Ok(())
        });
        assert_eq!(
            report.failed_steps,
            ["checks: see above"],
            "the step is named in the summary"
        );
        assert!(!report.close());
    }
}
