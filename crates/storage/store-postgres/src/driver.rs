//! A thread on which the connections run, so that any thread can wait for them, a thread of another runtime too.

use std::future::Future;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use landfall_store::Result;
use tokio::runtime::{Builder, Runtime};

use crate::error::open;

/// The thread. Dropping it closes every connection.
#[derive(Debug)]
pub(crate) struct Driver(Option<Runtime>);

impl Driver {
    pub(crate) fn start() -> Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("postgres")
            .enable_all()
            .build();
        runtime.map(|runtime| Self(Some(runtime))).map_err(open)
    }

    /// The outcome of `work`; none if the driver has stopped.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        self.run_until(work, Duration::MAX, || false)
    }

    /// The same; `interrupt` is asked every so often whether the work is to be abandoned, which is none too.
    pub(crate) fn run_until<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
        every: Duration,
        interrupt: impl Fn() -> bool,
    ) -> Option<T> {
        let runtime = self.0.as_ref()?;
        let (done, waiting) = mpsc::sync_channel(1);
        let task = runtime.spawn(async move {
            // Nobody waits any more if it was abandoned.
            let _ = done.send(work.await);
        });
        loop {
            match waiting.recv_timeout(every) {
                Ok(result) => return Some(result),
                Err(RecvTimeoutError::Timeout) if interrupt() => {
                    task.abort();
                    return None;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            // The last owner may be a task of another runtime, which must not wait.
            runtime.shutdown_background();
        }
    }
}
