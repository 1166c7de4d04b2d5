//! Moving pages from the write-ahead log into the file, next to the commits.
//!
//! A thread does it with a connection of its own whenever the log is long. It cannot catch up with a writer that never
//! pauses, so above a second bound the writer takes the last step itself, and the log starts again from its beginning.
//!
//! The log cannot start again as long as somebody reads an older state from it. Above a third bound the writer waits a moment
//! for readers, and above the last one the queries in progress are interrupted and begin again.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock, RwLockWriteGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use landfall_model::limits::{STORE_BUSY_TIMEOUT, WAL_RESTART_WAIT};
use landfall_store::Result;
use rusqlite::Connection;
use tracing::{info, warn};

use crate::error::open;
use crate::file::PAGE_BYTES;

/// How long the log may become, and what is done before. Unit: bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Above this the thread works.
    background: u64,
    /// Above this the writer takes a step itself.
    inline: u64,
    /// Above this the writer waits for readers, so that the log starts again.
    restart: u64,
    /// Above this queries are interrupted.
    most: u64,
}

impl Bounds {
    /// For a log of so many bytes at most, besides those of the last commit.
    pub(crate) const fn of(most: u64) -> Self {
        Self {
            background: most / 64,
            inline: most / 4,
            restart: most / 2,
            most,
        }
    }

    /// How much of the file's length is kept when the log starts again.
    pub(crate) const fn kept(self) -> u64 {
        self.inline + self.inline / 4
    }
}

/// How often the log was too long: a query that reads another number than at its beginning has to begin again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Crowding(Arc<Crowded>);

#[derive(Debug, Default)]
struct Crowded {
    times: AtomicU64,
    /// Held while the log is made to start again.
    gate: RwLock<()>,
}

impl Crowding {
    pub(crate) fn now(&self) -> u64 {
        self.0.times.load(Ordering::Acquire)
    }

    /// Waits until the log may be read. The number has to be read before this.
    pub(crate) fn pass(&self) {
        drop(self.0.gate.read().unwrap_or_else(PoisonError::into_inner));
    }

    /// Ends all queries, and keeps them from beginning again until the result is dropped.
    fn clear(&self) -> RwLockWriteGuard<'_, ()> {
        let gate = self.0.gate.write().unwrap_or_else(PoisonError::into_inner);
        self.0.times.fetch_add(1, Ordering::Release);
        gate
    }
}

/// Rest between two passes of the thread.
const REST: Duration = Duration::from_millis(20);
/// What the write-ahead log has besides each page.
const FRAME_HEADER_BYTES: u64 = 24;

/// What the thread is asked to do.
#[derive(Debug, Default)]
struct Request {
    work: bool,
    stop: bool,
}

#[derive(Debug)]
struct State {
    bounds: Bounds,
    crowding: Crowding,
    /// From here on readers are waited for again.
    restart_at: AtomicU64,
    request: Mutex<Request>,
    requested: Condvar,
    /// One pass at a time: SQLite would refuse a second one instead of waiting.
    passing: Mutex<()>,
    wal_bytes: AtomicU64,
    failing: AtomicBool,
}

/// Opens a connection that may write.
type Open = Box<dyn Fn() -> rusqlite::Result<Connection> + Send>;

/// The thread and what it shares with the writer. It opens its connection when the log is long for the first time.
#[derive(Debug)]
pub(crate) struct Checkpointer {
    state: Arc<State>,
    thread: Option<JoinHandle<Option<Connection>>>,
}

impl Checkpointer {
    pub(crate) fn start(open_connection: Open, bounds: Bounds) -> Result<Self> {
        let state = Arc::new(State {
            bounds,
            crowding: Crowding::default(),
            restart_at: AtomicU64::new(bounds.restart),
            request: Mutex::default(),
            requested: Condvar::new(),
            passing: Mutex::default(),
            wal_bytes: AtomicU64::new(0),
            failing: AtomicBool::new(false),
        });
        let shared = Arc::clone(&state);
        let thread = std::thread::Builder::new()
            .name("landfall-checkpoint".to_owned())
            .spawn(move || shared.run(&open_connection))
            .map_err(open)?;
        Ok(Self {
            state,
            thread: Some(thread),
        })
    }

    /// Listens to how long the log is after each commit of the writer.
    pub(crate) fn watch(&self, writer: &mut Connection) -> rusqlite::Result<()> {
        let state = Arc::clone(&self.state);
        writer.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, pages| {
            let frames = u64::try_from(pages).unwrap_or_default();
            let bytes = frames.saturating_mul(PAGE_BYTES + FRAME_HEADER_BYTES);
            state.wal_bytes.store(bytes, Ordering::Relaxed);
            Ok(())
        }))
    }

    /// After a commit, outside of any transaction.
    pub(crate) fn committed(&self, writer: &Connection) {
        let state = &self.state;
        let bytes = state.wal_bytes.load(Ordering::Relaxed);
        if bytes > state.bounds.most {
            let _cleared = state.crowding.clear();
            state.restart(writer, bytes);
        } else if bytes > state.restart_at.load(Ordering::Relaxed) {
            state.restart(writer, bytes);
        } else if bytes > state.bounds.inline {
            state.pass(writer);
        } else if bytes > state.bounds.background {
            state.request().work = true;
            state.requested.notify_one();
        }
    }

    pub(crate) fn crowding(&self) -> &Crowding {
        &self.state.crowding
    }

    /// Ends the thread and gives its connection back, if it has one.
    pub(crate) fn stop(&mut self) -> Option<Connection> {
        self.state.request().stop = true;
        self.state.requested.notify_one();
        self.thread.take()?.join().ok().flatten()
    }
}

impl State {
    fn request(&self) -> MutexGuard<'_, Request> {
        self.request.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, open_connection: &Open) -> Option<Connection> {
        let mut opened = None;
        loop {
            let mut request = self
                .requested
                .wait_while(self.request(), |request| !request.work && !request.stop)
                .unwrap_or_else(PoisonError::into_inner);
            if request.stop {
                return opened;
            }
            request.work = false;
            drop(request);
            match opened.take().map_or_else(open_connection, Ok) {
                Ok(connection) => self.pass(opened.insert(connection)),
                Err(error) => self.note(Err(error)),
            }
            let (rested, _) = self
                .requested
                .wait_timeout_while(self.request(), REST, |request| !request.stop)
                .unwrap_or_else(PoisonError::into_inner);
            drop(rested);
        }
    }

    /// Moves what can be moved without making anybody wait. A failure loses nothing: the log keeps the pages.
    fn pass(&self, connection: &Connection) {
        let _passing = self.passing.lock().unwrap_or_else(PoisonError::into_inner);
        self.note(checkpoint(connection, "PRAGMA wal_checkpoint(PASSIVE)"));
    }

    /// Moves everything, and waits a moment for readers of older states, so that the log starts again with the next
    /// commit. If they go on, the next wait is when the log has grown by a part.
    fn restart(&self, writer: &Connection, bytes: u64) {
        let _passing = self.passing.lock().unwrap_or_else(PoisonError::into_inner);
        let restarted = writer
            .busy_timeout(WAL_RESTART_WAIT)
            .and_then(|()| writer.prepare_cached("PRAGMA wal_checkpoint(RESTART)"))
            .and_then(|mut statement| statement.query_row([], |row| row.get::<_, bool>(0)));
        let waits = writer.busy_timeout(STORE_BUSY_TIMEOUT);
        let next = match restarted {
            Ok(false) => self.bounds.restart,
            _ => bytes + self.bounds.restart / 4,
        };
        self.restart_at.store(next, Ordering::Relaxed);
        self.note(restarted.map(|_| ()).and(waits));
    }

    fn note(&self, passed: rusqlite::Result<()>) {
        match passed {
            Ok(()) => {
                if self.failing.swap(false, Ordering::Relaxed) {
                    info!("checkpoints succeed again");
                }
            }
            Err(error) => {
                if !self.failing.swap(true, Ordering::Relaxed) {
                    warn!(%error, "checkpoint failed: the write-ahead log grows until one succeeds");
                }
            }
        }
    }
}

pub(crate) fn checkpoint(connection: &Connection, pragma: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(pragma)?.query_row([], |_| Ok(()))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn connection(path: &Path) -> Connection {
        let connection = Connection::open(path).expect("a database");
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; PRAGMA synchronous = OFF;
                 CREATE TABLE IF NOT EXISTS page (content BLOB)",
            )
            .expect("set up");
        connection
    }

    /// Commits 16 MiB in steps, and gives the length that the write-ahead log had at most.
    fn wal_bytes_max(bounds: (u64, u64, u64), mut pause: impl FnMut(&State)) -> u64 {
        let (background, inline, most) = bounds;
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = folder.path().join("landfall.db");
        let mut writer = connection(&path);
        let bounds = Bounds {
            background,
            inline,
            restart: most / 4,
            most,
        };
        let file = path.clone();
        let start = Checkpointer::start(Box::new(move || Ok(connection(&file))), bounds);
        let mut checkpointer = start.expect("a thread");
        checkpointer.watch(&mut writer).expect("a hook");
        let mut longest = 0;
        for _ in 0..256 {
            writer
                .execute("INSERT INTO page VALUES (randomblob(65536))", [])
                .expect("written");
            longest = longest.max(checkpointer.state.wal_bytes.load(Ordering::Relaxed));
            checkpointer.committed(&writer);
            pause(&checkpointer.state);
        }
        drop(writer);
        let thread = checkpointer.thread.take().expect("it has a thread");
        checkpointer.state.request().stop = true;
        checkpointer.state.requested.notify_one();
        thread.join().expect("the thread ends well");
        longest
    }

    #[test]
    fn without_checkpoints_the_log_holds_everything() {
        assert!(wal_bytes_max((u64::MAX, u64::MAX, u64::MAX), |_| ()) > 16 * 1024 * 1024);
    }

    #[test]
    fn the_writer_ends_a_log_that_is_too_long() {
        assert!(wal_bytes_max((u64::MAX, 1024 * 1024, u64::MAX), |_| ()) < 2 * 1024 * 1024);
    }

    #[test]
    fn the_thread_ends_a_log_when_the_writer_pauses() {
        let pause = |state: &State| {
            // Until the thread has taken the request, and then until its pass is over.
            while state.request().work {
                std::thread::yield_now();
            }
            drop(state.passing.lock().expect("no pass panics"));
        };
        let longest = wal_bytes_max((1024 * 1024, u64::MAX, u64::MAX), pause);
        assert!(longest < 4 * 1024 * 1024, "{longest}");
    }
}
