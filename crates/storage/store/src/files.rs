//! The files of jobs: what clients have uploaded, and results that are too large for a document.
//!
//! They are part of an org as its documents are, but no commit writes them: a file is made first, and the document that makes
//! it count is committed afterwards. So a crash leaves a file that no document names, which [`JobFiles::list`] finds.

use std::io;

/// The files of an org's jobs, by name. One writer at a time changes them, any number of threads read.
///
/// An error of the kind `NotFound` means that there is no such file; one of the kind `StorageFull` that there is no space.
pub trait JobFiles: Send + Sync {
    /// Begins a file of this name, in the place of one that has it.
    ///
    /// # Errors
    /// What the back end says.
    fn create(&self, name: &str) -> io::Result<()>;

    /// Adds bytes to the end of a file, which has `at` bytes so far. They are durable after [`Self::keep`].
    ///
    /// # Errors
    /// `InvalidInput` if the file has another length; what the back end says.
    fn append(&self, name: &str, at: u64, bytes: &[u8]) -> io::Result<()>;

    /// Makes what was added to a file durable.
    ///
    /// # Errors
    /// What the back end says.
    fn keep(&self, name: &str) -> io::Result<()>;

    /// Gives a file another name, in the place of a file that has it. When this returns that is durable.
    ///
    /// # Errors
    /// `NotFound`; what the back end says.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// How many bytes a file has; none if there is no such file.
    ///
    /// # Errors
    /// What the back end says.
    fn size(&self, name: &str) -> io::Result<Option<u64>>;

    /// Bytes of a file from `at` on, `most` at most; fewer than that are left or are read at a time, none at the end.
    ///
    /// # Errors
    /// `NotFound`; what the back end says.
    fn read(&self, name: &str, at: u64, most: usize) -> io::Result<Vec<u8>>;

    /// Removes a file; returns whether there was one.
    ///
    /// # Errors
    /// What the back end says.
    fn remove(&self, name: &str) -> io::Result<bool>;

    /// Every file with its size, in the order of the names. Unit: bytes.
    ///
    /// # Errors
    /// What the back end says.
    fn list(&self) -> io::Result<Vec<(String, u64)>>;

    /// Where they are, for an operator.
    fn place(&self) -> String;
}
