//! Names in the data folder of an org.

/// Name of the store's file in the data folder.
pub(crate) const STORE_FILE: &str = "landfall.db";

/// Name of the folder of bulk jobs' data in the data folder.
pub(crate) const BULK_FOLDER: &str = "bulk";
