//! The features of an org: those that its project wants, and those of its settings.
//!
//! A project wants features by the definition of its scratch org and by its settings. What its components need is found
//! where they are compiled.

use std::collections::BTreeMap;
use std::path::PathBuf;

use landfall_engine::features::{Meaning, feature, feature_of_setting};
use landfall_engine::{Engine, Step};
use landfall_metadata::{Component, Kind, NamedFeature, Part, Problem};
use landfall_model::limits::PROJECT_FILE_BYTES_MAX;
use landfall_model::{PERSON_ACCOUNT, RecordId};

use super::folder::{SCRATCH_FILE, problem};
use crate::error::Error;
use crate::settings::FeatureName;

/// The feature whose accounts are persons: it is a record type.
const PERSON_ACCOUNTS: &str = "PersonAccounts";

/// Names of the components that switch features on.
const OF_PROJECT: &str = "Project";
const OF_SETTINGS: &str = "Settings";

/// What switches on the features of an org's settings.
const SETTING: &str = "the setting `features`";

/// The features that a project wants.
#[derive(Default)]
pub(super) struct Wanted {
    /// Each with its reason; some more than once.
    pub(super) features: Vec<NamedFeature>,
    /// Names of features that are not known, and files that cannot be read.
    pub(super) problems: Vec<Problem>,
}

/// The features that a project wants of its org, by the definition of its scratch org, its settings and its folders.
///
/// # Errors
/// [`Error::Project`] if a file cannot be read.
pub(super) fn wanted(
    scratch: Option<&str>,
    files: &BTreeMap<&str, (&PathBuf, u64)>,
) -> Result<Wanted, Error> {
    let mut wanted = Wanted::default();
    wanted.by_scratch_org(scratch);
    for (name, (path, size)) in files {
        let is_of_persons = {
            let mut folders = name.split('/').rev().skip(1);
            folders.any(|folder| folder == PERSON_ACCOUNT)
                || name.ends_with("/PersonAccount.object")
        };
        if is_of_persons {
            wanted.add(PERSON_ACCOUNTS, name);
        }
        let Some(component) = landfall_metadata::settings_file(name) else {
            continue;
        };
        if *size > PROJECT_FILE_BYTES_MAX {
            continue;
        }
        let content = std::fs::read_to_string(path).map_err(|error| problem(path, &error))?;
        match landfall_metadata::settings_that_are_on(name, &content) {
            Ok(settings) => {
                let settings = settings.iter();
                settings.for_each(|setting| wanted.by_setting(component, setting, name));
            }
            Err(problem) => wanted.problems.push(problem),
        }
    }
    Ok(wanted)
}

impl Wanted {
    fn by_scratch_org(&mut self, text: Option<&str>) {
        let text = text.unwrap_or("{}");
        let definition = match landfall_metadata::scratch_definition(SCRATCH_FILE, text) {
            Ok(definition) => definition,
            Err(problem) => return self.problems.push(problem),
        };
        for name in &definition.features {
            match feature(name) {
                Meaning::Feature(feature) => self.add(&feature.name, SCRATCH_FILE),
                Meaning::WithoutEffect => (),
                Meaning::Unknown(near) => self.problems.push(unknown(text, name, near)),
            }
        }
        for (component, setting) in &definition.settings {
            self.by_setting(component, setting, SCRATCH_FILE);
        }
    }

    fn by_setting(&mut self, component: &str, setting: &str, file: &str) {
        if let Some(feature) = feature_of_setting(component, setting) {
            self.add(&feature.name, &format!("{setting} in {file}"));
        }
    }

    fn add(&mut self, name: &str, reason: &str) {
        if self.features.iter().all(|known| known.name != name) {
            self.features.push(NamedFeature {
                name: name.to_owned(),
                reason: reason.to_owned(),
            });
        }
    }
}

/// A feature of a scratch org that is not known.
fn unknown(text: &str, name: &str, near: Option<&str>) -> Problem {
    let mut lines = text.lines();
    let line = lines.position(|line| line.contains(name));
    let near = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
    Problem {
        path: SCRATCH_FILE.to_owned(),
        line: line.map_or(1, |index| index + 1),
        reason: format!("the feature {name} is not known{near}"),
    }
}

/// The components by which an org has features, next to those of its project.
pub(super) fn components(features: &[NamedFeature], components: &[Component]) -> Vec<Component> {
    if features.is_empty() {
        return Vec::new();
    }
    let mut added = vec![landfall_metadata::features_component(OF_PROJECT, features)];
    if wants_person_type(features, &landfall_metadata::parts(components)) {
        added.push(landfall_metadata::person_account_type());
    }
    added
}

fn wants_person_type(features: &[NamedFeature], parts: &[Part]) -> bool {
    let mut features = features.iter();
    features.any(|feature| feature.name == PERSON_ACCOUNTS)
        && !landfall_metadata::has_person_accounts(parts)
}

/// What the settings change in the features of an org.
pub(crate) enum Change {
    /// Nothing.
    Nothing,
    /// There are more of them, or others.
    On(Vec<Step>),
    /// There are none any more.
    Off(Vec<Step>),
}

/// Compares the features of an org's settings with those that it has from earlier settings.
pub(crate) fn change(engine: &Engine, names: &[FeatureName]) -> Change {
    let mut features: Vec<NamedFeature> = Vec::new();
    for name in names {
        if let Meaning::Feature(feature) = feature(name.as_str())
            && features.iter().all(|known| known.name != feature.name)
        {
            features.push(NamedFeature {
                name: feature.name.clone(),
                reason: SETTING.to_owned(),
            });
        }
    }
    features.sort_by(|left, right| left.name.cmp(&right.name));
    let definitions = engine.definitions();
    let components = definitions.components();
    let known = components.get(Kind::Features, OF_SETTINGS);
    if features.is_empty() {
        return match known {
            None => Change::Nothing,
            Some(_) => Change::Off(vec![Step::Remove(Kind::Features, OF_SETTINGS.to_owned())]),
        };
    }
    let part = landfall_metadata::features_part(OF_SETTINGS, &features);
    if known.is_some_and(|known| known.part.content == part.content) {
        return Change::Nothing;
    }
    let parts: Vec<Part> = components.all().map(|kept| kept.part.clone()).collect();
    let mut steps = vec![Step::Put(part)];
    if wants_person_type(&features, &parts) {
        let person_type = landfall_metadata::person_account_type();
        steps.extend(
            landfall_metadata::parts(&[person_type])
                .into_iter()
                .map(Step::Put),
        );
    }
    Change::On(steps)
}

/// Makes the change. What components say of an object or a field that is gone is left out, and logged.
///
/// # Errors
/// [`Error::Project`] with what an org with these features cannot have, [`Error::Engine`].
pub(crate) async fn switch(engine: &Engine, steps: Vec<Step>) -> Result<(), Error> {
    let mut components = engine.amending().await;
    let amended = components.amend(steps, RecordId::EMPTY, false).await;
    match amended {
        Ok(amended) => {
            super::log(&amended.warnings);
            Ok(())
        }
        Err(landfall_engine::Error::Invalid { problems }) => Err(Error::Project { problems }),
        Err(other) => Err(Error::Engine(other)),
    }
}
