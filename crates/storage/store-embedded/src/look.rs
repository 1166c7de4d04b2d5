//! Opening a file to look at it, beside its server or without one. Nothing is written, not even an older version brought up to
//! date.

use std::ffi::{OsStr, OsString};
use std::fmt::Display;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use landfall_model::limits::{STORE_BUSY_TIMEOUT, WAL_BYTES_MAX};
use landfall_store::Result;
use rusqlite::{Connection, OpenFlags};

use crate::error::open as refused;
use crate::file::{
    APPLICATION_ID, FLAGS, FORMAT_VERSION, HALF_FILLED, MOVING_ID, has_content, write_ahead_log,
};
use crate::lock::Lock;

/// Steps of SQLite's machine between two looks at the write-ahead log.
const STEPS: i32 = 10_000;

/// A file that is looked at.
pub(crate) struct Look {
    pub(crate) connection: Connection,
    path: PathBuf,
    /// None if a server uses the file: it is the only one that writes, and others may read.
    lock: Option<Lock>,
}

impl Look {
    /// # Errors
    /// [`landfall_store::Error::Open`]: it is not there, or is somebody else's or of another version.
    pub(crate) fn begin(path: &Path) -> Result<Self> {
        let shown = path.display();
        let named = |error: &dyn Display| refused(format_args!("{shown}: {error}"));
        let path = path.canonicalize().map_err(|error| named(&error))?;
        let lock = Lock::take_if_free(&path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | FLAGS;
        let address = address(&path, lock.is_some());
        let connection =
            Connection::open_with_flags(address, flags).map_err(|error| named(&error))?;
        connection
            .busy_timeout(STORE_BUSY_TIMEOUT)
            .map_err(|error| named(&error))?;
        let pragma = |name: &str| {
            connection
                .pragma_query_value(None, name, |row| row.get::<_, i32>(0))
                .map_err(|error| named(&error))
        };
        let (application, version) = (pragma("application_id")?, pragma("user_version")?);
        if application == MOVING_ID {
            return Err(refused(format_args!("{shown} {HALF_FILLED}")));
        }
        if application != APPLICATION_ID {
            return Err(named(&"the database of another program"));
        }
        if version != FORMAT_VERSION {
            return Err(named(&format_args!(
                "has format version {version}, and this program checks version {FORMAT_VERSION}: check it with the program that wrote it, or start the server once"
            )));
        }
        connection
            .execute_batch("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON")
            .map_err(|error| named(&error))?;
        Ok(Self {
            connection,
            path,
            lock,
        })
    }

    /// Whether a server uses the file.
    pub(crate) const fn is_in_use(&self) -> bool {
        self.lock.is_none()
    }

    /// Runs `read`, a long transaction beside a server, unless it keeps the write-ahead log from starting over for too long.
    ///
    /// # Errors
    /// [`landfall_store::Error::Open`] if so, and those of `read`.
    pub(crate) fn while_the_log_is_short<T>(
        &mut self,
        read: impl FnOnce(&Connection) -> Result<T>,
    ) -> Result<T> {
        let log = write_ahead_log(&self.path);
        let is_long =
            move || std::fs::metadata(&log).is_ok_and(|log| log.len() > WAL_BYTES_MAX / 2);
        let shown = self.path.display();
        let named = |error: &dyn Display| refused(format_args!("{shown}: {error}"));
        let too_long = || {
            named(
                &"is in use, and so much is written to it that its indexes cannot be checked beside its server: check it at a quieter time, or check a copy",
            )
        };
        if is_long() {
            return Err(too_long());
        }
        self.connection
            .progress_handler(STEPS, Some(is_long.clone()))
            .map_err(|error| named(&error))?;
        let found = read(&self.connection);
        self.connection
            .progress_handler(0, None::<fn() -> bool>)
            .map_err(|error| named(&error))?;
        // What interrupts it leaves the log as long as it is.
        match found {
            Err(_) if is_long() => Err(too_long()),
            found => found,
        }
    }
}

/// A file that nobody uses and that has no write-ahead log is opened as one that nobody changes: else SQLite makes an empty
/// log beside it.
/// Source: "Uniform Resource Identifiers" (sqlite.org), `immutable`.
fn address(path: &Path, is_free: bool) -> OsString {
    let mut address = OsString::from("file:");
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'%' | b'?' | b'#' => address.push(format!("%{byte:02x}")),
            _ => address.push(OsStr::from_bytes(std::slice::from_ref(byte))),
        }
    }
    if is_free && !has_content(&write_ahead_log(path)) {
        address.push("?immutable=1");
    }
    address
}
