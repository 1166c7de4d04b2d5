//! What long work has done so far: a bar on stderr on a terminal, after a moment, otherwise a line now and then.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressStyle};

use crate::outcome::say;

/// Work that ends sooner shows nothing.
const SHOWN_AFTER: Duration = Duration::from_millis(300);

/// Between two lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Between two looks at how far the work is.
const LOOK_EVERY: Duration = Duration::from_millis(100);

const BAR: &str = "{msg}  {wide_bar}  {human_pos} / {human_len}  {per_sec}  {eta} left";
const SPINNER: &str = "{spinner} {msg}  {elapsed}";

/// Whether nothing is shown.
static IS_OFF: AtomicBool = AtomicBool::new(false);

/// Shows nothing from now on.
pub(crate) fn turn_off() {
    IS_OFF.store(true, Ordering::Relaxed);
}

/// Work in progress; what is shown goes when it is dropped.
pub(crate) struct Progress {
    done: Arc<AtomicU64>,
    ended: Option<Sender<()>>,
    shows: Option<JoinHandle<()>>,
}

impl Progress {
    /// Work of which nobody knows how long it takes.
    pub(crate) fn of(what: &str) -> Self {
        Self::start(what.to_owned(), None)
    }

    /// So many pieces of work.
    pub(crate) fn counted(what: &str, total: u64) -> Self {
        Self::start(what.to_owned(), Some(total))
    }

    /// So many pieces are done.
    pub(crate) fn set(&self, done: u64) {
        self.done.store(done, Ordering::Relaxed);
    }

    fn start(what: String, total: Option<u64>) -> Self {
        let done = Arc::new(AtomicU64::new(0));
        if IS_OFF.load(Ordering::Relaxed) {
            return Self {
                done,
                ended: None,
                shows: None,
            };
        }
        let (ended, end) = mpsc::channel();
        let counter = Arc::clone(&done);
        let shows = thread::spawn(move || {
            let pause = |span| matches!(end.recv_timeout(span), Err(RecvTimeoutError::Timeout));
            if !std::io::stderr().is_terminal() {
                let started = Instant::now();
                while pause(LINE_EVERY) {
                    let done = counter.load(Ordering::Relaxed);
                    say(&line(&what, done, total, started.elapsed()));
                }
            } else if pause(SHOWN_AFTER) {
                let bar = bar(what, total);
                while pause(LOOK_EVERY) {
                    match total {
                        Some(_) => bar.set_position(counter.load(Ordering::Relaxed)),
                        None => bar.tick(),
                    }
                }
                bar.finish_and_clear();
            }
        });
        Self {
            done,
            ended: Some(ended),
            shows: Some(shows),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        drop(self.ended.take());
        if let Some(shows) = self.shows.take() {
            // A panic there has been reported.
            let _ = shows.join();
        }
    }
}

fn bar(what: String, total: Option<u64>) -> ProgressBar {
    let (bar, template) = match total {
        Some(total) => (ProgressBar::new(total), BAR),
        None => (ProgressBar::new_spinner(), SPINNER),
    };
    let style = ProgressStyle::with_template(template).expect("the templates are well-formed");
    bar.set_style(style);
    bar.set_message(what);
    bar
}

/// `creating records: 1,200 of 55,000 in 20 seconds, 1 minute left`
fn line(what: &str, done: u64, total: Option<u64>, elapsed: Duration) -> String {
    let Some(total) = total else {
        return format!("{what}: {}", HumanDuration(elapsed));
    };
    let counts = format!(
        "{what}: {} of {} in {}",
        HumanCount(done),
        HumanCount(total),
        HumanDuration(elapsed)
    );
    match u32::try_from(done) {
        Ok(done @ 1..) => {
            let rest = u32::try_from(total)
                .unwrap_or(u32::MAX)
                .saturating_sub(done);
            let left = elapsed / done * rest;
            format!("{counts}, {} left", HumanDuration(left))
        }
        _ => counts,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_counts_and_what_is_left() {
        let at = |done, total| line("creating records", done, total, Duration::from_secs(20));
        assert_eq!(
            at(1_000, Some(4_000)),
            "creating records: 1,000 of 4,000 in 20 seconds, 60 seconds left"
        );
        assert_eq!(
            at(0, Some(4_000)),
            "creating records: 0 of 4,000 in 20 seconds"
        );
        assert_eq!(at(0, None), "creating records: 20 seconds");
    }

    #[test]
    fn short_work_shows_nothing_and_ends_at_once() {
        let started = Instant::now();
        let progress = Progress::counted("work", 2);
        progress.set(2);
        drop(progress);
        assert!(started.elapsed() < SHOWN_AFTER);
    }
}
