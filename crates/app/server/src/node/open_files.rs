//! The limit of open files: raised as far as it goes, and connections bounded below it.

use landfall_model::limits;
use tracing::{info, warn};

use crate::error::Error;

/// Raises the limit of open files, and gives how many connections may be open: as many as are configured, or as fit.
///
/// # Errors
/// [`Error::Unsafe`] if too few files may be open for a server.
pub(crate) fn connections(configured: usize) -> Result<usize, Error> {
    let Some(files) = raise() else {
        return Ok(configured);
    };
    let connections = bounded(configured, files).ok_or_else(|| Error::Unsafe {
        reason: format!(
            "only {files} files may be open, and at least {} are required",
            limits::FILES_MIN
        ),
        hint: "raise the hard limit of open files: ulimit -Hn, or LimitNOFILE of systemd"
            .to_owned(),
    })?;
    if connections < configured {
        warn!(
            files,
            connections, configured, "fewer connections than configured: limit of open files"
        );
    } else {
        info!(files, connections, "open files");
    }
    Ok(connections)
}

/// The connections that fit below a limit of open files; none if no server does.
fn bounded(configured: usize, files: u64) -> Option<usize> {
    if files < limits::FILES_MIN {
        return None;
    }
    let room = usize::try_from(files - limits::FILES_RESERVED).unwrap_or(usize::MAX);
    Some(configured.min(room))
}

/// Raises the soft limit to the hard one and gives what the limit is then; none: there is none.
#[cfg(unix)]
fn raise() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let before = getrlimit(Resource::Nofile);
    let wanted = Rlimit {
        current: before.maximum,
        maximum: before.maximum,
    };
    if before.current != before.maximum
        && let Err(error) = setrlimit(Resource::Nofile, wanted)
    {
        warn!(%error, "limit of open files not raised");
    }
    getrlimit(Resource::Nofile).current
}

/// Other systems have no such limit.
#[cfg(not(unix))]
const fn raise() -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_everything_else() {
        assert_eq!(bounded(20_000, 1_048_576), Some(20_000));
        assert_eq!(bounded(20_000, 1_024), Some(768));
        assert_eq!(bounded(100, 1_024), Some(100));
        assert_eq!(bounded(100, 256), None);
    }
}
