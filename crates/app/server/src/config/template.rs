//! What new orgs of a process begin with a copy of.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use tempfile::TempPath;

/// What an org of a process has begun with, kept for those that are opened later: cheap to clone. It is removed with the last
/// clone.
#[derive(Clone, Debug, Default)]
pub struct Template(Arc<OnceLock<TempPath>>);

impl Template {
    /// The file, once one was kept.
    pub(crate) fn file(&self) -> Option<&Path> {
        self.0.get().map(|file| &**file)
    }

    /// Keeps a file, unless there is one.
    pub(crate) fn keep(&self, file: TempPath) {
        // Another org was faster: it has the same.
        let _ = self.0.set(file);
    }
}
