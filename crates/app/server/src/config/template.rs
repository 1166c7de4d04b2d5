//! The file that isolated orgs are copied from.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use tempfile::TempPath;

/// The store of the first isolated org as it was when it was opened: later ones begin with a copy. Cheap to clone; the file
/// is removed with the last clone.
#[derive(Clone, Debug, Default)]
pub struct Template(Arc<OnceLock<TempPath>>);

impl Template {
    /// The file; none before the first org was opened.
    pub(crate) fn file(&self) -> Option<&Path> {
        self.0.get().map(|file| &**file)
    }

    /// Keeps the file of the first org.
    pub(crate) fn keep(&self, file: TempPath) {
        // An org that was opened at the same time may have kept its own, which is equal.
        let _ = self.0.set(file);
    }
}
