//! A clock that tests freeze, set and advance.
//!
//! It goes on with the machine's clock, which it may be ahead of, or it is frozen. It is never set back: commit times never
//! go back, and nothing that has expired is valid again. A move wakes what has fallen due in the order of its points in
//! time, and ends when the work that each of them brought about is done.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use landfall_model::Timestamp;
use landfall_model::limits::{CLOCK_MAX, CLOCK_SETTLE_MAX};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::{Clock, Waiting, Working};

/// Why a clock was not moved, or has moved and is not settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClockError {
    /// To the past.
    #[error("the clock is never set back, and it is {now:?}")]
    Backwards {
        /// The present.
        now: Timestamp,
    },
    /// Beyond [`CLOCK_MAX`].
    #[error("the clock ends at {CLOCK_MAX:?}")]
    TooFar,
    /// Another move is in progress.
    #[error("the clock is being moved")]
    Moving,
    /// It was moved, but the work that has fallen due is not done after [`CLOCK_SETTLE_MAX`]; it goes on.
    #[error("what has fallen due is not done")]
    Unsettled,
}

/// What a clock shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The present.
    pub now: Timestamp,
    /// Whether it stays the present.
    pub is_frozen: bool,
    /// How far it is ahead of the machine's clock. Unit: milliseconds.
    pub ahead_ms: i64,
}

/// Where a clock is moved to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// To a point in time.
    To(Timestamp),
    /// On by so much. Unit: milliseconds.
    By(i64),
}

/// A clock that can be frozen, set and advanced: cheap to clone.
#[derive(Clone)]
pub struct AdjustableClock {
    machine: Arc<dyn Clock>,
    shared: Arc<Shared>,
}

impl std::fmt::Debug for AdjustableClock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AdjustableClock")
            .field("reading", &self.reading())
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
pub(super) struct Shared {
    course: SharedCourse,
    state: Mutex<State>,
    /// What waits is to look at the clock again.
    changed: Notify,
    /// Something that has fallen due is done.
    done: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// The points in time that are waited for.
    waits: BTreeMap<u64, Timestamp>,
    /// How many waits there were.
    count: u64,
    /// During a move: up to where waits may end.
    released: Option<Timestamp>,
    /// Pieces of work that have fallen due and are in progress.
    working: usize,
}

/// How time goes on.
#[derive(Clone, Copy, Debug)]
enum Course {
    /// With the machine's clock, ahead of it. Unit: milliseconds.
    Running(i64),
    Frozen(Timestamp),
}

/// A course in one word, which every look at the clock reads: twice its number, and one more while it is frozen. It changes
/// under the lock of the state.
#[derive(Debug, Default)]
struct SharedCourse(AtomicI64);

impl SharedCourse {
    fn get(&self) -> Course {
        let word = self.0.load(Ordering::Acquire);
        if word & 1 == 1 {
            Course::Frozen(Timestamp::from_millis(word >> 1))
        } else {
            Course::Running(word >> 1)
        }
    }

    fn set(&self, course: Course) {
        let word = match course {
            Course::Running(ahead_ms) => ahead_ms << 1,
            Course::Frozen(at) => at.as_millis() << 1 | 1,
        };
        self.0.store(word, Ordering::Release);
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Work that was begun is done.
    pub(super) fn end_work(&self) {
        self.state().working -= 1;
        self.done.notify_waiters();
    }
}

impl AdjustableClock {
    /// A clock that goes on with this one.
    pub fn on(machine: Arc<dyn Clock>) -> Self {
        Self {
            machine,
            shared: Arc::default(),
        }
    }

    /// A clock that stands still until it is moved or resumed.
    pub fn frozen(machine: Arc<dyn Clock>, at: Timestamp) -> Self {
        let clock = Self::on(machine);
        clock.shared.course.set(Course::Frozen(at));
        clock
    }

    /// What it shows.
    pub fn reading(&self) -> Reading {
        let machine = self.machine.now();
        let course = self.shared.course.get();
        let now = shown(course, machine);
        Reading {
            now,
            is_frozen: matches!(course, Course::Frozen(_)),
            ahead_ms: now.since(machine),
        }
    }

    /// Moves it. Ends when what has fallen due is done.
    ///
    /// # Errors
    /// See [`Self::set`].
    pub async fn advance(&self, to: Move) -> Result<Reading, ClockError> {
        self.set(None, to).await
    }

    /// Moves it; then it is frozen or goes on from there, and without a word about that, as before. Ends when what has
    /// fallen due is done.
    ///
    /// # Errors
    /// [`ClockError`]: nothing has changed, except with [`ClockError::Unsettled`].
    pub async fn set(&self, is_frozen: Option<bool>, to: Move) -> Result<Reading, ClockError> {
        let target = self.begin(is_frozen, to)?;
        let moving = Moving(&self.shared);
        let settled = timeout(CLOCK_SETTLE_MAX, self.settle(target)).await;
        drop(moving);
        settled.map_err(|_| ClockError::Unsettled)?;
        Ok(self.reading())
    }

    fn begin(&self, is_frozen: Option<bool>, to: Move) -> Result<Timestamp, ClockError> {
        let machine = self.machine.now();
        let mut state = self.shared.state();
        let course = self.shared.course.get();
        let now = shown(course, machine);
        let target = match to {
            Move::To(target) => target,
            Move::By(millis) => {
                let sum = now.as_millis().checked_add(millis);
                Timestamp::from_millis(sum.ok_or(ClockError::TooFar)?)
            }
        };
        if target < now {
            return Err(ClockError::Backwards { now });
        }
        if target > CLOCK_MAX {
            return Err(ClockError::TooFar);
        }
        if state.released.is_some() {
            return Err(ClockError::Moving);
        }
        let was_frozen = matches!(course, Course::Frozen(_));
        self.shared.course.set(if is_frozen.unwrap_or(was_frozen) {
            Course::Frozen(target)
        } else {
            Course::Running(target.since(machine))
        });
        state.released = Some(now);
        Ok(target)
    }

    /// Releases what waits for points up to the target, one point after the other.
    async fn settle(&self, target: Timestamp) {
        loop {
            self.work_done().await;
            let mut state = self.shared.state();
            let next = state.waits.values().min().copied();
            match next.filter(|next| *next <= target) {
                Some(next) => state.released = state.released.max(Some(next)),
                None if state.working == 0 => return,
                None => {}
            }
            drop(state);
            self.shared.changed.notify_waiters();
        }
    }

    /// Ends when everything that was released is done.
    async fn work_done(&self) {
        loop {
            let mut done = std::pin::pin!(self.shared.done.notified());
            done.as_mut().enable();
            {
                let state = self.shared.state();
                let released = state.released.unwrap_or_default();
                if state.working == 0 && state.waits.values().all(|point| *point > released) {
                    return;
                }
            }
            done.await;
        }
    }
}

/// What a clock on this course shows.
const fn shown(course: Course, machine: Timestamp) -> Timestamp {
    match course {
        Course::Running(ahead_ms) => machine.plus_millis(ahead_ms),
        Course::Frozen(at) => at,
    }
}

/// A move in progress. Without it, waits end when their point is reached.
struct Moving<'a>(&'a Shared);

impl Drop for Moving<'_> {
    fn drop(&mut self) {
        self.0.state().released = None;
        self.0.changed.notify_waiters();
    }
}

/// A point in time that is waited for, until it is reached or nobody waits any more.
struct Wait<'a> {
    clock: &'a AdjustableClock,
    number: u64,
    point: Timestamp,
}

/// Whether a wait has ended.
enum Look {
    Ended(Working),
    /// Not before the machine's clock shows this, or never by itself.
    Later(Option<Timestamp>),
}

impl<'a> Wait<'a> {
    fn new(clock: &'a AdjustableClock, point: Timestamp) -> Self {
        let mut state = clock.shared.state();
        let number = state.count;
        state.count += 1;
        state.waits.insert(number, point);
        Self {
            clock,
            number,
            point,
        }
    }

    /// Ends the wait if its point is reached. In the same moment its work begins.
    fn look(&self) -> Look {
        let machine = self.clock.machine.now();
        let mut state = self.clock.shared.state();
        let course = self.clock.shared.course.get();
        let now = shown(course, machine);
        if self.point > now {
            return Look::Later(match course {
                Course::Running(ahead_ms) => Some(self.point.plus_millis(-ahead_ms)),
                Course::Frozen(_) => None,
            });
        }
        if state.released.is_some_and(|released| self.point > released) {
            return Look::Later(None);
        }
        state.waits.remove(&self.number);
        state.working += 1;
        Look::Ended(Working(Some(Arc::clone(&self.clock.shared))))
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        let mut state = self.clock.shared.state();
        let is_removed = state.waits.remove(&self.number).is_some();
        // Only a move waits for it.
        if is_removed && state.released.is_some() {
            drop(state);
            self.clock.shared.done.notify_waiters();
        }
    }
}

impl Clock for AdjustableClock {
    fn now(&self) -> Timestamp {
        let machine = self.machine.now();
        shown(self.shared.course.get(), machine)
    }

    fn wait_until(&self, point: Timestamp) -> Waiting<'_> {
        Box::pin(async move {
            let wait = Wait::new(self, point);
            loop {
                let mut changed = std::pin::pin!(self.shared.changed.notified());
                changed.as_mut().enable();
                match wait.look() {
                    Look::Ended(work) => return work,
                    Look::Later(None) => changed.await,
                    Look::Later(Some(point)) => tokio::select! {
                        () = changed => {}
                        _ = self.machine.wait_until(point) => {}
                    },
                }
            }
        })
    }

    fn has_jumped(&self) -> bool {
        self.machine.has_jumped()
    }
}
