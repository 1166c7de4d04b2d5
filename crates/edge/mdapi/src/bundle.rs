//! From the files of a zip file to the changes that they ask for, and to what is wrong with them before anything is
//! changed.
//!
//! Source: "`deploy()`", "Deleting Components from an Organization" (Metadata API Developer Guide); the texts are quoted in
//! the issues of the `sf` CLI, except for the one about types that are not here.

use std::collections::BTreeSet;

use landfall_engine::{Kind, Part, Step};
use landfall_metadata::{Component, OtherType, parts};

use crate::archive::Entry;
use crate::deployment::Message;
use crate::manifest::{ALL, Manifest};
use crate::options::Options;

const MANIFEST: &str = "package.xml";
const REMOVED_BEFORE: [&str; 2] = ["destructiveChangesPre.xml", "destructiveChanges.xml"];
const REMOVED_AFTER: &str = "destructiveChangesPost.xml";

/// The type of a single label, which manifests name in place of the file that holds it.
///
/// Source: "`CustomLabels`" (Metadata API Developer Guide).
const LABEL: &str = "CustomLabel";

/// One change, and the file that asks for it.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) step: Step,
    pub(crate) file: String,
}

impl Asked {
    /// What the change is about.
    pub(crate) fn about(&self) -> (Kind, &str) {
        match &self.step {
            Step::Put(part) | Step::Rename(_, part) => (part.kind, &part.name),
            Step::Remove(kind, name) => (*kind, name),
        }
    }
}

/// What a zip file asks for.
#[derive(Debug, Default)]
pub struct Bundle {
    pub(crate) asked: Vec<Asked>,
    pub(crate) failures: Vec<Message>,
    pub(crate) warnings: Vec<Message>,
    /// Components that succeed although nothing comes of them.
    pub(crate) left_out: Vec<Message>,
    /// The manifests, which succeed with all.
    pub(crate) manifests: Vec<String>,
}

/// Whether the content of a file is looked at.
pub fn is_wanted(path: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or(path);
    file == MANIFEST || is_removal(file) || !parts(&[blank(path)]).is_empty()
}

fn is_removal(file: &str) -> bool {
    REMOVED_BEFORE.contains(&file) || file == REMOVED_AFTER
}

fn blank(path: &str) -> Component {
    Component {
        path: path.to_owned(),
        content: String::new(),
    }
}

/// Reads what the files ask for.
pub fn read(entries: &[Entry], options: &Options) -> Bundle {
    let mut bundle = Bundle::default();
    if options.single_package {
        bundle.package("", entries, options);
        return bundle;
    }
    let roots: BTreeSet<&str> = entries
        .iter()
        .map(|entry| entry.path.split_once('/').map_or("", |(root, _)| root))
        .collect();
    for root in roots {
        let root = if root.is_empty() {
            String::new()
        } else {
            format!("{root}/")
        };
        bundle.package(&root, entries, options);
    }
    bundle
}

impl Bundle {
    /// The changes, each by the type and the full name of its component.
    pub fn changes(&self) -> impl Iterator<Item = (Kind, &str)> {
        self.asked.iter().map(Asked::about)
    }

    /// Reads the package of one folder.
    fn package(&mut self, root: &str, entries: &[Entry], options: &Options) {
        let inside = |entry: &&Entry| {
            // Without a folder of its own a package has no folder but those of its types.
            entry.path.starts_with(root)
                && (!root.is_empty() || options.single_package || !entry.path.contains('/'))
        };
        let files: Vec<&Entry> = entries.iter().filter(inside).collect();
        let named = |name: &str| {
            let path = format!("{root}{name}");
            files.iter().find(|entry| entry.path == path).copied()
        };
        let path = format!("{root}{MANIFEST}");
        let Some(manifest) = named(MANIFEST) else {
            let missing = Message::failure("", MANIFEST, &path, "No package.xml found");
            self.failures.push(missing);
            return;
        };
        let manifest = match Manifest::parse(&manifest.content) {
            Ok(manifest) => manifest,
            Err(reason) => {
                self.failures
                    .push(Message::failure("", MANIFEST, &path, reason));
                return;
            }
        };
        self.check_types(&manifest, &path);
        for file in REMOVED_BEFORE {
            self.removals(named(file));
        }
        let mut found = BTreeSet::new();
        for entry in &files {
            let below = entry.path.get(root.len()..).unwrap_or_default();
            if below != MANIFEST && !is_removal(below) {
                self.file(entry, &manifest, &mut found);
            }
        }
        self.check_found(&manifest, &found, &path, options);
        self.removals(named(REMOVED_AFTER));
        self.manifests.push(path);
    }

    /// Leaves out the types of an org that are not here, and refuses unknown types, each component by its name.
    fn check_types(&mut self, manifest: &Manifest, path: &str) {
        for (name, members) in &manifest.types {
            if let Some(kind) = Kind::of_root(name) {
                let others = members.iter().filter(|member| !is_here(kind, member));
                self.left_out
                    .extend(others.map(|member| left_out(name, member, path, OtherType::UNKNOWN)));
                continue;
            }
            if name == LABEL {
                continue;
            }
            if let Some(other) = OtherType::named(name) {
                let members = members.iter().filter(|member| *member != ALL);
                self.left_out
                    .extend(members.map(|member| left_out(name, member, path, other.reason)));
                continue;
            }
            let is_name =
                !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric());
            if !is_name {
                let problem = format!("Unknown type name '{name}' specified in package.xml");
                self.failures
                    .push(Message::failure("", MANIFEST, path, problem));
                continue;
            }
            for member in members.iter().filter(|member| *member != ALL) {
                self.failures.push(not_here(name, member, path));
            }
        }
    }

    /// Takes the components of one file.
    fn file(&mut self, entry: &Entry, manifest: &Manifest, found: &mut BTreeSet<(Kind, String)>) {
        let path = entry.path.as_str();
        let Ok(content) = String::from_utf8(entry.content.clone()) else {
            let problem = "The file is not UTF-8";
            self.failures
                .push(Message::failure("", path, path, problem));
            return;
        };
        let file = Component {
            path: path.to_owned(),
            content,
        };
        let all = parts(&[file]);
        let mut is_named = false;
        for part in all {
            let object = part.name.split_once('.').map_or("", |(object, _)| object);
            let is_listed = manifest.lists(part.kind.root(), &part.name)
                || (part.kind == Kind::CustomLabels && manifest.types.contains_key(LABEL))
                || (!object.is_empty() && manifest.lists(Kind::Object.root(), object));
            if is_listed {
                found.insert((part.kind, part.name.to_ascii_lowercase()));
                self.asked.push(Asked {
                    step: Step::Put(Part {
                        path: part.kind.path(&part.name),
                        ..part
                    }),
                    file: path.to_owned(),
                });
            }
            is_named |= is_listed;
        }
        if !is_named {
            self.stray(path, manifest);
        }
    }

    /// A file of which nothing is in the manifest. What is left out or refused was named by its type already.
    fn stray(&mut self, path: &str, manifest: &Manifest) {
        let is_elsewhere = |name: &str| {
            let kind = Kind::of_root(name);
            kind.is_none_or(|kind| kind.only().is_some())
        };
        let elsewhere = manifest.types.iter();
        let mut elsewhere = elsewhere
            .filter(|(name, _)| is_elsewhere(name))
            .flat_map(|(_, members)| members);
        if !elsewhere.any(|member| member == ALL || path.contains(member.as_str())) {
            let problem = Message::failure("", path, path, "Not in package.xml");
            self.failures.push(problem);
        }
    }

    /// What is named has to be there.
    fn check_found(
        &mut self,
        manifest: &Manifest,
        found: &BTreeSet<(Kind, String)>,
        path: &str,
        options: &Options,
    ) {
        for (name, members) in &manifest.types {
            let Some(kind) = Kind::of_root(name) else {
                continue;
            };
            let missing = members.iter().filter(|member| {
                *member != ALL
                    && is_here(kind, member)
                    && !found.contains(&(kind, member.to_ascii_lowercase()))
            });
            for member in missing {
                let problem = format!(
                    "An object '{member}' of type {name} was named in package.xml, but was not found in zipped directory"
                );
                let message = Message::failure(name, member, path, problem);
                if options.allow_missing_files {
                    self.warnings.push(Message {
                        is_warning: true,
                        ..message
                    });
                } else {
                    self.failures.push(message);
                }
            }
        }
    }

    /// Reads what is to be removed.
    fn removals(&mut self, entry: Option<&Entry>) {
        let Some(entry) = entry else {
            return;
        };
        let path = entry.path.as_str();
        let manifest = match Manifest::parse(&entry.content) {
            Ok(manifest) => manifest,
            Err(reason) => {
                self.failures.push(Message::failure("", path, path, reason));
                return;
            }
        };
        for (name, members) in manifest.types {
            let is_elsewhere = Kind::of_root(&name).is_none() && OtherType::named(&name).is_some();
            for member in members {
                if is_elsewhere {
                    let problem = format!("No {name} named: {member} found");
                    self.left_out.push(Message {
                        success: true,
                        is_warning: true,
                        ..Message::failure(&name, &member, path, problem)
                    });
                    continue;
                }
                match removal(&name, &member) {
                    Ok(step) => self.asked.push(Asked {
                        step,
                        file: path.to_owned(),
                    }),
                    Err(problem) => {
                        let refused = Message::failure(&name, &member, path, problem);
                        self.failures.push(refused);
                    }
                }
            }
        }
    }
}

/// What removes a component.
///
/// # Errors
/// Why it cannot be removed, for people.
pub(crate) fn removal(type_name: &str, member: &str) -> Result<Step, String> {
    let Some(kind) = Kind::of_root(type_name) else {
        return Err(not_here(type_name, member, "").problem.unwrap_or_default());
    };
    if member == ALL {
        return Err("Wildcards are not supported in destructive changes".to_owned());
    }
    let own = member.rsplit('.').next().unwrap_or(member);
    let is_standard = match kind {
        Kind::Object | Kind::Field => !own.contains("__"),
        Kind::StandardValueSet | Kind::Settings => true,
        _ => false,
    };
    if is_standard {
        let what = match kind {
            Kind::Object => "object",
            Kind::Field => "field",
            Kind::Settings => "settings",
            _ => "value set",
        };
        return Err(format!("Cannot delete standard {what}: {member}"));
    }
    Ok(Step::Remove(kind, member.to_owned()))
}

/// Whether there can be a component of this name; of settings there are few.
fn is_here(kind: Kind, member: &str) -> bool {
    let only = kind.only();
    member == ALL || only.is_none_or(|only| only.eq_ignore_ascii_case(member))
}

/// A component that an org takes and from which nothing comes here.
///
/// Source: none: an org has no such warning.
fn left_out(type_name: &str, member: &str, path: &str, reason: &str) -> Message {
    Message {
        success: true,
        is_warning: true,
        ..Message::failure(type_name, member, path, format!("It is left out: {reason}"))
    }
}

fn not_here(type_name: &str, member: &str, path: &str) -> Message {
    let problem = format!("Entity type: '{type_name}' is not available in this organization");
    Message::failure(type_name, member, path, problem)
}
