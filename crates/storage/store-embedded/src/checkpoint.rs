//! Moving pages from the write-ahead log into the file, next to the commits.
//!
//! A thread does it with a connection of its own whenever the log is long. It cannot catch up with a writer that never
//! pauses, so above a second bound the writer takes the last step itself, and the log starts again from its beginning.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use landfall_store::Result;
use rusqlite::Connection;
use tracing::{info, warn};

use crate::error::open;
use crate::file::PAGE_BYTES;

/// Above this the thread works.
const BACKGROUND_BYTES: u64 = 8 * 1024 * 1024;
/// Above this the writer takes a step itself.
const INLINE_BYTES: u64 = 128 * 1024 * 1024;
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
    background_bytes: u64,
    inline_bytes: u64,
    request: Mutex<Request>,
    requested: Condvar,
    /// One pass at a time: SQLite would refuse a second one instead of waiting.
    passing: Mutex<()>,
    wal_bytes: AtomicU64,
    failing: AtomicBool,
}

/// The thread and what it shares with the writer.
#[derive(Debug)]
pub(crate) struct Checkpointer {
    state: Arc<State>,
    thread: Option<JoinHandle<Connection>>,
}

impl Checkpointer {
    pub(crate) fn start(connection: Connection) -> Result<Self> {
        Self::start_with(connection, BACKGROUND_BYTES, INLINE_BYTES)
    }

    fn start_with(
        connection: Connection,
        background_bytes: u64,
        inline_bytes: u64,
    ) -> Result<Self> {
        let state = Arc::new(State {
            background_bytes,
            inline_bytes,
            request: Mutex::default(),
            requested: Condvar::new(),
            passing: Mutex::default(),
            wal_bytes: AtomicU64::new(0),
            failing: AtomicBool::new(false),
        });
        let shared = Arc::clone(&state);
        let thread = std::thread::Builder::new()
            .name("landfall-checkpoint".to_owned())
            .spawn(move || {
                shared.run(&connection);
                connection
            })
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
        let bytes = self.state.wal_bytes.load(Ordering::Relaxed);
        if bytes > self.state.inline_bytes {
            self.state.pass(writer);
        } else if bytes > self.state.background_bytes {
            self.state.request().work = true;
            self.state.requested.notify_one();
        }
    }

    /// Ends the thread and gives its connection back.
    pub(crate) fn stop(&mut self) -> Option<Connection> {
        self.state.request().stop = true;
        self.state.requested.notify_one();
        self.thread.take()?.join().ok()
    }
}

impl State {
    fn request(&self) -> MutexGuard<'_, Request> {
        self.request.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, connection: &Connection) {
        loop {
            let mut request = self
                .requested
                .wait_while(self.request(), |request| !request.work && !request.stop)
                .unwrap_or_else(PoisonError::into_inner);
            if request.stop {
                return;
            }
            request.work = false;
            drop(request);
            self.pass(connection);
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
        match checkpoint(connection, "PRAGMA wal_checkpoint(PASSIVE)") {
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
    fn wal_bytes_max(
        background_bytes: u64,
        inline_bytes: u64,
        mut pause: impl FnMut(&State),
    ) -> u64 {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = folder.path().join("landfall.db");
        let mut writer = connection(&path);
        let start = Checkpointer::start_with(connection(&path), background_bytes, inline_bytes);
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
        assert!(checkpointer.stop().is_some(), "the thread ends well");
        longest
    }

    #[test]
    fn without_checkpoints_the_log_holds_everything() {
        assert!(wal_bytes_max(u64::MAX, u64::MAX, |_| ()) > 16 * 1024 * 1024);
    }

    #[test]
    fn the_writer_ends_a_log_that_is_too_long() {
        assert!(wal_bytes_max(u64::MAX, 1024 * 1024, |_| ()) < 2 * 1024 * 1024);
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
        let longest = wal_bytes_max(1024 * 1024, u64::MAX, pause);
        assert!(longest < 4 * 1024 * 1024, "{longest}");
    }
}
