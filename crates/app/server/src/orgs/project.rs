//! The Salesforce DX project that an org's definitions come from, and the records that say what can be subscribed to: read
//! at the start, and again when a file changes.

mod declared_records;
pub(crate) mod features;
mod folder;
mod report;
mod streams;

use std::path::{Path, PathBuf};

use landfall_engine::Engine;
use landfall_metadata::Problem;
use landfall_model::limits::PROJECT_WARNINGS_LOGGED_MAX;
use tracing::{error, info, warn};

pub(crate) use folder::Fingerprint;
pub use report::{LeftOut, Loaded, Report};

use crate::error::Error;
use crate::phase::Listener;

/// How often the files are looked at, for each so many files. A look is one `stat` for each file.
const EVERY_MILLIS: i64 = 1_000;
const LOOK_FILES: usize = 10_000;

/// A project that an org's definitions come from.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) folder: PathBuf,
    /// Whether nothing of it may be left out.
    pub(crate) strict: bool,
}

/// Whether a folder holds a project: a project file, a package in the format of the Metadata API, or components.
pub fn is_project(folder: &Path) -> bool {
    let has = |name: &str| folder.join(name).is_file();
    has(folder::PROJECT_FILE) || has("package.xml") || {
        folder.is_dir() && outline(folder).is_ok_and(|outline| outline.components > 0)
    }
}

/// What a look at the names of a project's files shows.
pub struct Outline {
    /// Files that definitions come from.
    pub components: usize,
    /// Components that are left out, by type.
    pub left_out: Vec<LeftOut>,
}

/// Looks at the names of a project's files.
///
/// # Errors
/// [`Error::Project`].
pub fn outline(folder: &Path) -> Result<Outline, Error> {
    let names = folder::names(folder)?;
    Ok(Outline {
        components: names.components,
        left_out: report::left_out(&names.others),
    })
}

/// Compiles a project without an org: what is loaded, what is left out, and why.
///
/// # Errors
/// [`Error::Project`] if the folder cannot be read; what is wrong with its components is in the report.
pub fn check(folder: &Path) -> Result<Report, Error> {
    let read = folder::read(folder)?;
    let mut report = Report::of(&read.components, &read.others);
    let parts = landfall_metadata::parts(&read.components);
    report.features = landfall_engine::features::switched_on(&parts)?;
    match landfall_engine::check_project(&read.components) {
        Ok(warnings) => {
            report.warnings = read.missing;
            report.warnings.extend(warnings);
        }
        Err(landfall_engine::Error::Invalid { problems }) => report.errors = problems,
        Err(other) => return Err(Error::Engine(other)),
    }
    Ok(report)
}

/// Deploys the project; says how its files were before they were read.
///
/// # Errors
/// [`Error::Project`] with all that is wrong; the org is as before.
pub(crate) async fn deploy(engine: &Engine, source: &Source) -> Result<Fingerprint, Error> {
    let Source { folder, strict } = source;
    let read = folder::read(folder)?;
    let count = read.components.len();
    if *strict && !read.missing.is_empty() {
        let problems = read.missing;
        return Err(Error::Project { problems });
    }
    log(&read.missing);
    let deployed = if *strict {
        engine.deploy_strictly(read.components).await
    } else {
        engine.deploy(read.components).await
    };
    let warnings = deployed.map_err(|error| match error {
        landfall_engine::Error::Invalid { problems } => Error::Project { problems },
        other => Error::Engine(other),
    })?;
    log(&warnings);
    info!(folder = %folder.display(), components = count, "project deployed");
    streams::declare(engine, &read.data).await?;
    Ok(read.fingerprint)
}

/// Logs what does not apply, file by file.
fn log(warnings: &[Problem]) {
    for of_file in warnings.chunk_by(|left, right| left.path == right.path) {
        for Problem { path, line, reason } in of_file.iter().take(PROJECT_WARNINGS_LOGGED_MAX) {
            warn!(path, line, reason, "project");
        }
        let further = of_file.len().saturating_sub(PROJECT_WARNINGS_LOGGED_MAX);
        if let Some(Problem { path, .. }) = of_file.first()
            && further > 0
        {
            warn!(path, further, "project: landfall check lists them all");
        }
    }
}

/// Deploys the project again whenever one of its files is not as it was seen, until the server drains. A project with
/// problems changes nothing.
pub(crate) async fn watch(
    engine: Engine,
    source: Source,
    mut seen: Fingerprint,
    mut phase: Listener,
) {
    loop {
        let times = i64::try_from(1 + seen.files() / LOOK_FILES).unwrap_or(i64::MAX);
        let pause = EVERY_MILLIS.saturating_mul(times);
        let Some(_work) = phase.due_in(&engine, pause).await else {
            return;
        };
        let now = match folder::fingerprint(&source.folder) {
            Ok(now) => now,
            Err(failure) => {
                warn!(error = %failure, "project not read");
                continue;
            }
        };
        if now == seen {
            continue;
        }
        seen = now;
        match deploy(&engine, &source).await {
            Ok(_) => (),
            Err(Error::Project { problems }) => {
                for problem in problems {
                    error!(
                        path = problem.path,
                        line = problem.line,
                        reason = problem.reason,
                        "project not deployed"
                    );
                }
            }
            Err(failure) => error!(error = %failure, "project not deployed"),
        }
    }
}
