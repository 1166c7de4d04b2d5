//! What `dev` and `serve` have in common: private files, the ready line, waiting for a signal, stopping.

use std::path::{Path, PathBuf};
use std::time::Instant;

use landfall_server::Running;
use landfall_server::settings::LogFormat;
use tracing::info;

use crate::outcome::{Ended, Exit, Failure, say};
use crate::summary;

/// Makes the files that this process creates readable by its own user only.
pub(crate) fn keep_files_private() {
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
}

/// Reports the server as ready and serves until a signal comes.
pub(crate) async fn until_stopped(
    mut running: Running,
    format: LogFormat,
    ready_file: Option<&Path>,
    started: Instant,
) -> Ended {
    let mut signals = Signals::listen()?;
    let ready_file = ready_file
        .map(|path| ReadyFile::write(path, &running.url()))
        .transpose()?;
    let (url, elapsed_ms) = (running.url(), started.elapsed().as_millis());
    match format {
        LogFormat::Text => say(&format!("landfall ready {url} in {elapsed_ms} ms")),
        LogFormat::Json => info!(url, elapsed_ms, "ready"),
    }
    let before = running.orgs().activity();
    let failed = tokio::select! {
        _ = signals.next() => None,
        error = running.failed() => Some(error),
    };
    drop(ready_file);
    info!("stopping");
    if format == LogFormat::Text {
        summary::report_mistakes(&running, &before);
    }
    tokio::select! {
        stopped = running.stop() => stopped?,
        _ = signals.next() => return Ok(Exit::Interrupted),
    }
    match failed {
        Some(error) => Err(error.into()),
        None => Ok(Exit::Done),
    }
}

/// The two signals that stop a server.
pub(crate) struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    pub(crate) fn listen() -> Result<Self, Failure> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let failed = |error| Failure::new("cannot listen for signals").caused_by(&error);
            Ok(Self {
                terminate: signal(SignalKind::terminate()).map_err(failed)?,
                interrupt: signal(SignalKind::interrupt()).map_err(failed)?,
            })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    /// The next signal; whether it asks to terminate, and is no interrupt.
    pub(crate) async fn next(&mut self) -> bool {
        #[cfg(unix)]
        return tokio::select! {
            _ = self.terminate.recv() => true,
            _ = self.interrupt.recv() => false,
        };
        #[cfg(not(unix))]
        // Without a handler the system ends the process on an interrupt.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<bool>().await
        } else {
            false
        }
    }
}

/// A file that exists while requests are answered.
struct ReadyFile(PathBuf);

impl ReadyFile {
    /// Written to a temporary name and renamed: a reader never sees half of it.
    fn write(path: &Path, url: &str) -> Result<Self, Failure> {
        let partial = path.with_extension("partial");
        std::fs::write(&partial, format!("{url}\n"))
            .and_then(|()| std::fs::rename(&partial, path))
            .map_err(|error| {
                Failure::new(format!("cannot write {}", path.display())).caused_by(&error)
            })?;
        Ok(Self(path.to_owned()))
    }
}

impl Drop for ReadyFile {
    fn drop(&mut self) {
        // Somebody else may have removed it already.
        let _ = std::fs::remove_file(&self.0);
    }
}
