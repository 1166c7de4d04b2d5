//! The Salesforce DX project that an org's definitions come from, and the records that say what can be subscribed to: read
//! at the start, and again when a file changes.

mod declared_records;
mod streams;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use landfall_engine::Engine;
use landfall_metadata::Component;
use landfall_model::limits::{PROJECT_DEPTH_MAX, PROJECT_FILE_BYTES_MAX, PROJECT_FILES_MAX};
use tracing::{error, info, warn};

use crate::error::Error;
use crate::phase::Listener;
use crate::records::unreadable;

/// How often the files are looked at. A look is one `stat` for each file.
const EVERY_MILLIS: i64 = 1_000;

const PROJECT_FILE: &str = "sfdx-project.json";

/// Where the records of a project lie, by the custom of its tools.
const DATA_FOLDER: &str = "data";

/// When each file was changed last, and its size.
type Files = BTreeMap<PathBuf, (Option<SystemTime>, u64)>;

/// How the files of a project were when they were looked at.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Fingerprint {
    /// Those of its package directories.
    components: Files,
    /// Those of records.
    data: Files,
}

/// Deploys the project; says how its files were before they were read.
///
/// # Errors
/// [`Error::Project`] with all that is wrong; the org is as before.
pub(crate) async fn deploy(engine: &Engine, folder: &Path) -> Result<Fingerprint, Error> {
    let files = fingerprint(folder)?;
    let components = read(folder, &files.components)?;
    let data = data(folder, &files.data)?;
    let count = components.len();
    let warnings = engine
        .deploy(components)
        .await
        .map_err(|error| match error {
            landfall_engine::Error::Invalid { problems } => Error::Project { problems },
            other => Error::Engine(other),
        })?;
    for warning in warnings {
        warn!(
            path = warning.path,
            line = warning.line,
            reason = warning.reason,
            "project"
        );
    }
    info!(folder = %folder.display(), components = count, "project deployed");
    streams::declare(engine, &data).await?;
    Ok(files)
}

/// Deploys the project again whenever one of its files is not as it was seen, until the server drains. A project with
/// problems changes nothing.
pub(crate) async fn watch(
    engine: Engine,
    folder: PathBuf,
    mut seen: Fingerprint,
    mut phase: Listener,
) {
    while phase.due_in(&engine, EVERY_MILLIS).await {
        let now = match fingerprint(&folder) {
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
        match deploy(&engine, &folder).await {
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

fn problem(path: &Path, reason: &dyn Display) -> Error {
    Error::Project {
        problems: vec![unreadable(path, reason)],
    }
}

/// The name of a file within its project.
fn below(folder: &Path, path: &Path) -> String {
    let below = path.strip_prefix(folder).unwrap_or(path);
    below.to_string_lossy().replace('\\', "/")
}

/// The files with records that are looked for. What is too large for one, or no text, is for others.
fn data(folder: &Path, files: &Files) -> Result<Vec<streams::File>, Error> {
    let is_json = |path: &Path| {
        let extension = path.extension();
        extension.is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
    };
    let files = files.iter();
    let files = files.filter(|(path, (_, size))| is_json(path) && *size <= PROJECT_FILE_BYTES_MAX);
    let files = files.filter_map(|(path, _)| match std::fs::read(path) {
        Ok(content) => {
            let file = streams::File {
                path: below(folder, path).into(),
                text: String::from_utf8(content).ok()?,
            };
            file.is_ours().then_some(Ok(file))
        }
        Err(error) => Some(Err(problem(path, &error))),
    });
    files.collect()
}

/// The components of the project in a folder.
fn read(folder: &Path, files: &Files) -> Result<Vec<Component>, Error> {
    let names: Vec<(String, &PathBuf)> = files
        .keys()
        .map(|path| (below(folder, path), path))
        .collect();
    let known: BTreeMap<&str, &PathBuf> = names
        .iter()
        .map(|(name, path)| (name.as_str(), *path))
        .collect();
    landfall_metadata::project_components(known.keys().copied())
        .into_iter()
        .filter_map(|name| Some((name, known.get(name)?)))
        .map(|(name, path)| {
            let size = files.get(*path).map_or(0, |(_, size)| *size);
            if size > PROJECT_FILE_BYTES_MAX {
                return Err(problem(
                    path,
                    &format!("the file is larger than {PROJECT_FILE_BYTES_MAX} bytes"),
                ));
            }
            let content = std::fs::read_to_string(path).map_err(|error| problem(path, &error))?;
            Ok(Component {
                path: name.to_owned(),
                content,
            })
        })
        .collect()
}

/// The files of the project's package directories, or of the whole folder if it has no project file, and those of records.
fn fingerprint(folder: &Path) -> Result<Fingerprint, Error> {
    let mut files = Fingerprint::default();
    let project = folder.join(PROJECT_FILE);
    let directories = match std::fs::read_to_string(&project) {
        Ok(text) => {
            landfall_metadata::sfdx_project(PROJECT_FILE, &text)
                .map_err(|problem| Error::Project {
                    problems: vec![problem],
                })?
                .package_directories
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => vec![String::new()],
        Err(error) => return Err(problem(&project, &error)),
    };
    for directory in directories {
        walk(&folder.join(directory), 0, &mut files.components)?;
    }
    let data = folder.join(DATA_FOLDER);
    if data.is_dir() {
        walk(&data, 0, &mut files.data)?;
    }
    Ok(files)
}

fn walk(folder: &Path, depth: usize, files: &mut Files) -> Result<(), Error> {
    if depth > PROJECT_DEPTH_MAX {
        return Err(problem(folder, &"folders lie too deep in each other"));
    }
    let entries = std::fs::read_dir(folder).map_err(|error| problem(folder, &error))?;
    for entry in entries {
        let entry = entry.map_err(|error| problem(folder, &error))?;
        let path = entry.path();
        let metadata = entry.metadata().map_err(|error| problem(&path, &error))?;
        if metadata.is_dir() {
            if is_of_tools(&entry.file_name()) {
                continue;
            }
            walk(&path, depth + 1, files)?;
        } else if metadata.is_file() {
            files.insert(path, (metadata.modified().ok(), metadata.len()));
        }
        if files.len() > PROJECT_FILES_MAX {
            return Err(problem(
                folder,
                &format!("the project has more than {PROJECT_FILES_MAX} files"),
            ));
        }
    }
    Ok(())
}

/// Folders that tools make and people do not write definitions into.
fn is_of_tools(folder: &OsStr) -> bool {
    folder == "node_modules" || folder.as_encoded_bytes().starts_with(b".")
}
