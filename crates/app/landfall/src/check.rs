//! `landfall check`: whether a folder is in order. What the folder holds decides what is looked at.
//!
//! Exit codes: 0 in order, 1 not in order, 2 not looked at.

mod data;

use crate::cli::CheckOptions;
use crate::log;
use crate::options::LogOptions;
use crate::outcome::{Ended, Exit, Failure};

/// Log filter by default.
const FILTER_DEFAULT: &str = "warn";

pub(crate) fn run(options: &CheckOptions, log: &LogOptions) -> Ended {
    let (format, filter) = log.format_and_filter()?;
    log::start(format, filter.as_deref().unwrap_or(FILTER_DEFAULT))?;
    let path = &options.path;
    if landfall_server::integrity::is_data_folder(path) {
        return data::check(path, options.json);
    }
    Err(
        Failure::new(format!("{} is not a data folder", path.display()))
            .hint("name the folder that `landfall serve --data` uses")
            .exit(Exit::Usage),
    )
}
