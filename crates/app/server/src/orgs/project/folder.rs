//! The files of a project: which there are, and what is in those that are loaded.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use landfall_metadata::{
    Component, Ignored, Namespace, Problem, Project, Replacements, as_cli_reads,
};
use landfall_model::limits::{PROJECT_DEPTH_MAX, PROJECT_FILE_BYTES_MAX, PROJECT_FILES_MAX};

use super::{features, streams};
use crate::error::Error;
use crate::orgs::records::unreadable;

pub(crate) const PROJECT_FILE: &str = "sfdx-project.json";
const IGNORE_FILE: &str = ".forceignore";
pub(super) const SCRATCH_FILE: &str = "config/project-scratch-def.json";
/// Where the components of a project of other tools are, in the format of the Metadata API, and what is in it then.
const METADATA_FOLDER: &str = "src";
const PACKAGE_FILE: &str = "src/package.xml";

/// Where the records of a project lie, by the custom of its tools.
const DATA_FOLDER: &str = "data";

/// When each file was changed last, and its size.
type Files = BTreeMap<PathBuf, (Option<SystemTime>, u64)>;

/// How the files of a project were when they were looked at.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Fingerprint {
    /// The project file, what it leaves out, and the org that it wants.
    heading: [Option<String>; 3],
    /// Those of its package directories.
    components: Files,
    /// Those of records.
    data: Files,
}

/// What was read of a project.
pub(crate) struct Read {
    pub(crate) fingerprint: Fingerprint,
    /// The components, package directory by package directory.
    pub(crate) components: Vec<Component>,
    /// The files with records of streams.
    pub(crate) data: Vec<streams::File>,
    /// Names of the files that no definitions come from.
    pub(crate) others: Vec<String>,
    /// What the project file names and is not there: package directories, and what replaces texts.
    pub(crate) missing: Vec<Problem>,
}

/// Looks at the files of a project.
pub(crate) fn fingerprint(folder: &Path) -> Result<Fingerprint, Error> {
    let heading =
        [PROJECT_FILE, IGNORE_FILE, SCRATCH_FILE].map(|name| optional(&folder.join(name)));
    let [project, ignored, scratch] = heading;
    let heading = [project?, ignored?, scratch?];
    let mut files = Fingerprint::default();
    for directory in directories(folder, &project_of(&heading)?)?.present {
        walk(&folder.join(directory), 0, &mut files.components)?;
    }
    let data = folder.join(DATA_FOLDER);
    if data.is_dir() {
        walk(&data, 0, &mut files.data)?;
    }
    files.heading = heading;
    Ok(files)
}

/// Names of the files of a project.
pub(crate) struct Names {
    /// How many of them definitions come from.
    pub(crate) components: usize,
    /// The others.
    pub(crate) others: Vec<String>,
}

/// Looks for the files of a project.
pub(crate) fn names(folder: &Path) -> Result<Names, Error> {
    let fingerprint = fingerprint(folder)?;
    let names: BTreeSet<String> = fingerprint.names(folder).map(|(name, _, _)| name).collect();
    let components = landfall_metadata::project_components(names.iter().map(String::as_str));
    let components: BTreeSet<&str> = components.into_iter().collect();
    let others = names
        .iter()
        .filter(|name| !components.contains(name.as_str()));
    Ok(Names {
        others: others.cloned().collect(),
        components: components.len(),
    })
}

impl Fingerprint {
    /// How many files were looked at.
    pub(crate) fn files(&self) -> usize {
        self.components.len() + self.data.len()
    }

    /// The files of the package directories that are not ignored: names within the project, paths and sizes.
    fn names(&self, folder: &Path) -> impl Iterator<Item = (String, &PathBuf, u64)> {
        let [_, ignored, _] = &self.heading;
        let ignored = ignored.as_deref().map(Ignored::parse).unwrap_or_default();
        let folder = folder.to_owned();
        let files = self.components.iter();
        files
            .map(move |(path, (_, size))| (below(&folder, path), path, *size))
            .filter(move |(name, _, _)| !ignored.contains(name))
    }
}

/// Reads the project in a folder.
pub(crate) fn read(folder: &Path) -> Result<Read, Error> {
    let fingerprint = fingerprint(folder)?;
    let project = project_of(&fingerprint.heading)?;
    let names: Vec<(String, &PathBuf, u64)> = fingerprint.names(folder).collect();
    let known: BTreeMap<&str, (&PathBuf, u64)> = names
        .iter()
        .map(|(name, path, size)| (name.as_str(), (*path, *size)))
        .collect();
    let mut ordered = landfall_metadata::project_components(known.keys().copied());
    let Directories {
        present,
        mut missing,
    } = directories(folder, &project)?;
    let (replacements, problems) = project.replacements(
        PROJECT_FILE,
        |variable| std::env::var(variable).ok(),
        |path| replacing(&folder.join(path)),
    );
    missing.extend(problems);
    ordered.sort_by_key(|name| directory_of(name, &present));
    let taken: BTreeSet<&str> = ordered.iter().copied().collect();
    let others = known.keys().filter(|name| !taken.contains(*name));
    let others = others.map(|name| (*name).to_owned()).collect();
    let namespace = project.namespace.as_deref().and_then(Namespace::new);
    let mut components: Vec<Component> = ordered
        .into_iter()
        .filter_map(|name| Some((name, known.get(name)?)))
        .map(|(name, (path, size))| {
            let component = component(name, path, *size, &replacements)?;
            Ok(match &namespace {
                Some(namespace) => namespace.without(component),
                None => component,
            })
        })
        .collect::<Result<_, Error>>()?;
    let [.., scratch] = &fingerprint.heading;
    let wanted = features::wanted(scratch.as_deref(), &known)?;
    missing.extend(wanted.problems);
    components.extend(features::components(&wanted.features, &components));
    let data = data(folder, &fingerprint.data)?;
    Ok(Read {
        fingerprint,
        components,
        data,
        others,
        missing,
    })
}

/// The package directories of a project.
struct Directories {
    present: Vec<String>,
    missing: Vec<Problem>,
}

/// Looks for the package directories. A project that has none of them may be of tools that know the format of the Metadata
/// API alone.
fn directories(folder: &Path, project: &Project) -> Result<Directories, Error> {
    let listed = project.package_directories.iter().cloned();
    let (present, missing): (Vec<String>, Vec<String>) =
        listed.partition(|directory| directory.is_empty() || folder.join(directory).is_dir());
    let problem = |reason: String| Problem {
        path: PROJECT_FILE.to_owned(),
        line: 1,
        reason,
    };
    let missing = missing.into_iter();
    let missing =
        missing.map(|directory| problem(format!("the folder {directory} does not exist")));
    let mut missing: Vec<Problem> = missing.collect();
    if project.package_directories.is_empty() {
        missing.push(problem("packageDirectories lists no folder".to_owned()));
    }
    if !present.is_empty() {
        return Ok(Directories { present, missing });
    }
    if folder.join(PACKAGE_FILE).is_file() {
        let present = vec![METADATA_FOLDER.to_owned()];
        return Ok(Directories { present, missing });
    }
    Err(Error::Project { problems: missing })
}

/// What the project file says; without one, the folder is the only package directory.
fn project_of([project, ..]: &[Option<String>; 3]) -> Result<Project, Error> {
    match project {
        Some(text) => {
            landfall_metadata::sfdx_project(PROJECT_FILE, text).map_err(|problem| Error::Project {
                problems: vec![problem],
            })
        }
        None => Ok(Project::of_folder()),
    }
}

/// The first package directory that a file is in, by its position.
fn directory_of(name: &str, directories: &[String]) -> usize {
    let is_in = |directory: &String| {
        let below = name.strip_prefix(directory.as_str());
        directory.is_empty() || directory == "." || below.is_some_and(|rest| rest.starts_with('/'))
    };
    directories
        .iter()
        .position(is_in)
        .unwrap_or(directories.len())
}

/// The text of a file that replaces others; none if it cannot be read or is too large.
fn replacing(path: &Path) -> Option<String> {
    let size = std::fs::metadata(path).ok()?.len();
    let is_fit = size <= PROJECT_FILE_BYTES_MAX;
    is_fit.then(|| std::fs::read_to_string(path).ok()).flatten()
}

fn component(
    name: &str,
    path: &Path,
    size: u64,
    replacements: &Replacements,
) -> Result<Component, Error> {
    if size > PROJECT_FILE_BYTES_MAX {
        let reason = format!("the file is larger than {PROJECT_FILE_BYTES_MAX} bytes");
        return Err(problem(path, &reason));
    }
    let content = std::fs::read_to_string(path).map_err(|error| problem(path, &error))?;
    let content = replacements.applied(name, content);
    let content = content.map_err(|reason| problem(path, &reason))?;
    Ok(Component {
        path: name.to_owned(),
        content: as_cli_reads(&content).into_owned(),
    })
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

/// The text of a file that need not exist.
fn optional(path: &Path) -> Result<Option<String>, Error> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(problem(path, &error)),
    }
}

pub(super) fn problem(path: &Path, reason: &dyn Display) -> Error {
    Error::Project {
        problems: vec![unreadable(path, reason)],
    }
}

/// The name of a file within its project.
fn below(folder: &Path, path: &Path) -> String {
    let below = path.strip_prefix(folder).unwrap_or(path);
    below.to_string_lossy().replace('\\', "/")
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
