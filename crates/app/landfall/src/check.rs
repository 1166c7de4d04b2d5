//! `landfall check`: whether a folder is in order. What the folder holds decides what is looked at.
//!
//! Exit codes: 0 in order, 1 not in order, 2 not looked at.

mod data;
mod project;

use crate::cli::CheckOptions;
use crate::log;
use crate::options::LogOptions;
use crate::outcome::{Ended, Exit, Failure, conclude};
use crate::progress::Progress;

/// Log filter by default.
const FILTER_DEFAULT: &str = "warn";

pub(crate) fn run(options: &CheckOptions, log: &LogOptions) -> Ended {
    let (format, filter) = log.format_and_filter()?;
    log::start(format, filter.as_deref().unwrap_or(FILTER_DEFAULT))?;
    let path = &options.path;
    let progress = Progress::of("reading the folder");
    if landfall_server::integrity::is_data_folder(path) {
        return data::check(path, options.json, progress);
    }
    if landfall_server::project::is_project(path) {
        return project::check(path, options.strict, options.json, progress);
    }
    let reason = format!("{} is neither a data folder nor a project", path.display());
    let failure = Failure::new(reason)
        .hint("name the folder of `--data`, or one with sfdx-project.json or package.xml")
        .exit(Exit::Usage);
    conclude("check", options.json, Err(failure.into()), |_| Vec::new())
}
