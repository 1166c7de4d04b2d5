//! From other components to new definitions, and back from what was stored.
//!
//! What is kept is what was deployed, word for word: the definitions are compiled from it again at every start.

mod amending;
mod bounds;
mod engine;
mod managing;
mod next;
mod position;
mod staging;
mod types;

use std::collections::BTreeSet;

use landfall_metadata::{
    Component, Gone, Granted, KeyPrefixes, Kind, Part, Problem, declaration_order,
};
use landfall_model::{Fault, KeyPrefix, RecordId, ValueFault};
use landfall_store::DocumentKind;

pub use amending::Amending;
pub(crate) use managing::deployed;
pub(crate) use next::Next;
pub use staging::Staging;
pub(crate) use types::check_types;

use crate::Engine;
use crate::compiled::{Compilation, Compiled, compiled, prefixes};
use crate::error::Error;
use crate::features;
use crate::numbers::Numbers;

/// New definitions, and what they change besides.
pub(crate) struct Deployment {
    pub(crate) compilation: Box<Compilation>,
    pub(crate) components: Next,
    pub(crate) grants: Grants,
}

/// What changes in who may do what.
pub(crate) struct Grants {
    /// What permission sets and profiles grant that are new, or said anew.
    pub(crate) granted: Vec<Granted>,
    /// The permission sets that are gone.
    pub(crate) ungranted: Vec<String>,
    /// What can be granted no more.
    pub(crate) gone: Gone,
}

/// One change of the components.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// This one is there, as it is here.
    Put(Part),
    /// The one of this name is there under the name of another, with its id.
    Rename(String, Part),
    /// This one is there no more, with an object nothing that is part of it, with a channel nothing that is on it.
    Remove(Kind, String),
}

/// The result of one component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It is new.
    Created,
    /// It is another than it was.
    Changed,
    /// It is what it was.
    Unchanged,
    /// It was there, and is no more.
    Deleted,
    /// It is not there, and was not.
    Missing,
}

/// The results of the components that a change is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Amended {
    /// Of each step, in their order.
    pub effects: Vec<Effect>,
    /// What deserves a look, in any component.
    pub warnings: Vec<Problem>,
}

/// See [`Engine::deploy`].
pub(crate) async fn deploy(
    engine: &Engine,
    files: &[Component],
    strict: bool,
) -> Result<Vec<Problem>, Error> {
    let definitions = engine.definitions();
    let earlier = definitions.components();
    let mut next = Next::new(engine, earlier, RecordId::EMPTY);
    let (mut parts, replaced) = landfall_metadata::united(landfall_metadata::parts(files));
    parts.sort_by(declaration_order);
    for part in parts {
        let known = earlier.get(part.kind, &part.name);
        let project = Some(part.content.clone());
        let part = match known {
            Some(known) if known.project == project && known.part.content != part.content => {
                known.part.clone()
            }
            _ => part,
        };
        next.add(part, project, known);
    }
    let others = earlier.all().filter(|other| other.project.is_none());
    for other in others {
        let is_orphan =
            object_of(&other.part).is_some_and(|object| !next.has(Kind::Object, object));
        if !is_orphan && !next.has(other.part.kind, &other.part.name) {
            next.add(other.part.clone(), None, Some(other));
        }
    }
    next.leave(earlier);
    let all = next.parts();
    submit(engine, next, &all, Of::Project { replaced, strict }).await
}

/// What new definitions are of.
enum Of {
    /// A project: some of its components are replaced by others; with `strict`, nothing of it may be left out.
    Project {
        replaced: Vec<Problem>,
        strict: bool,
    },
    /// Single components, by their paths.
    Components(BTreeSet<String>),
}

/// What is left out of the components of a project, compiled over the shipped objects without an org.
///
/// # Errors
/// [`Error::Invalid`] with all that is wrong.
pub fn check_project(files: &[Component]) -> Result<Vec<Problem>, Error> {
    let (mut parts, replaced) = landfall_metadata::united(landfall_metadata::parts(files));
    parts.sort_by(declaration_order);
    let mut compiled = compiled(&parts, &mut KeyPrefixes::default())?;
    compiled.leave_out(replaced, false)?;
    Ok(compiled.warnings)
}

/// The custom object that a component is part of.
fn object_of(part: &Part) -> Option<&str> {
    part.kind.inline()?;
    let (object, _) = part.name.split_once('.')?;
    object.contains("__").then_some(object)
}

/// See [`Amending::amend`].
pub(crate) async fn amend(
    engine: &Engine,
    steps: Vec<Step>,
    by: RecordId,
    check_only: bool,
) -> Result<Amended, Error> {
    let mut next = Next::of_org(engine, by);
    let changed: BTreeSet<String> = steps.iter().filter_map(path_of).collect();
    let effects = next.take_all(steps);
    let parts = next.parts();
    let is_idle = |effect: &Effect| matches!(effect, Effect::Unchanged | Effect::Missing);
    let warnings = if check_only || effects.iter().all(is_idle) {
        checked(engine, &parts, &changed).await?.warnings
    } else {
        submit(engine, next, &parts, Of::Components(changed)).await?
    };
    Ok(Amended { effects, warnings })
}

/// Compiles the components without putting anything in force; those at the changed paths have to apply.
async fn checked(
    engine: &Engine,
    parts: &[Part],
    changed: &BTreeSet<String>,
) -> Result<Compiled, Error> {
    let mut book = key_prefixes(engine).await?;
    let mut compiled = compiled(parts, &mut book)?;
    compiled.check_applicable(changed)?;
    bounds::check(engine, &compiled, parts)?;
    check_types(engine.definitions().catalog(), &compiled.catalog, parts)?;
    Ok(compiled)
}

/// The path of the component that a step puts.
fn path_of(step: &Step) -> Option<String> {
    match step {
        Step::Put(part) | Step::Rename(_, part) => Some(part.path.clone()),
        Step::Remove(_, _) => None,
    }
}

/// Compiles the components, and puts what comes of them in force.
async fn submit(
    engine: &Engine,
    next: Next,
    parts: &[Part],
    of: Of,
) -> Result<Vec<Problem>, Error> {
    let prefixes = key_prefixes(engine).await?;
    let definitions = engine.definitions();
    let begun = engine.0.state.compilations();
    let begun = begun.begun(parts, definitions.components());
    let mut compilation = Box::new(Compilation::of(parts, prefixes, begun)?);
    let compiled = &mut compilation.compiled;
    match of {
        Of::Components(changed) => compiled.check_applicable(&changed)?,
        Of::Project { replaced, strict } => compiled.leave_out(replaced, strict)?,
    }
    bounds::check(engine, compiled, parts)?;
    check_types(definitions.catalog(), &compiled.catalog, parts)?;
    compiled
        .granted
        .retain(|granted| next.is_said(granted.kind, &granted.name));
    // What a profile of the project says of a new object counts, so it comes later.
    let earlier = definitions.components().parts();
    let by_features = features::granted(&earlier, parts, &compiled.catalog)?;
    compiled.granted.splice(0..0, by_features);
    let warnings = std::mem::take(&mut compiled.warnings);
    let sets = definitions.components().all();
    let gone = sets.filter(|kept| kept.part.kind == Kind::PermissionSet);
    let gone = gone.filter(|kept| !next.has(Kind::PermissionSet, &kept.part.name));
    let deployment = Box::new(Deployment {
        grants: Grants {
            granted: std::mem::take(&mut compiled.granted),
            ungranted: gone.map(|kept| kept.part.name.clone()).collect(),
            gone: next.gone().clone(),
        },
        compilation,
        components: next,
    });
    let deployed = engine.0.writer.deploy(deployment).await;
    deployed.map_err(|error| told(error, parts))?;
    Ok(warnings)
}

/// An id of a new component.
pub(crate) fn new_id(kind: Kind, numbers: &mut Numbers) -> Result<RecordId, Error> {
    Ok(numbers.record_id(key_prefix(kind)?))
}

/// The prefix of the ids of a kind of component.
fn key_prefix(kind: Kind) -> Result<KeyPrefix, Error> {
    KeyPrefix::parse(kind.key_prefix()).ok_or_else(|| Error::Document {
        what: "key prefix",
        reason: format!("{} is none", kind.key_prefix()),
    })
}

/// A field that cannot become what a component says is a problem of that component.
fn told(error: Error, parts: &[Part]) -> Error {
    let Error::Store(kept) = &error else {
        return error;
    };
    let landfall_store::Error::FieldKept { entity, field, .. } = kept else {
        return error;
    };
    let reason = format!(
        "{kept}: values of another kind are here from an earlier definition; name the field otherwise, or begin with another \
         data folder"
    );
    Error::Invalid {
        problems: vec![types::problem(&format!("{entity}.{field}"), reason, parts)],
    }
}

/// What cannot be granted is a problem of the component that grants it.
pub(crate) fn refused_grant(error: Error, granted: &Granted) -> Error {
    let Error::Refused(fault) = error else {
        return error;
    };
    let reason = match fault {
        Fault::Value(ValueFault::Refused { reason, .. }) => reason,
        Fault::Value(ValueFault::PicklistValueUnknown { field, value }) => {
            format!(
                "{}: bad value for restricted picklist field: {value}",
                field.label
            )
        }
        _ => "it cannot be granted".to_owned(),
    };
    Error::Invalid {
        problems: vec![Problem {
            path: granted.kind.path(&granted.name),
            line: 1,
            reason,
        }],
    }
}

async fn key_prefixes(engine: &Engine) -> Result<KeyPrefixes, Error> {
    let content = engine.document(DocumentKind::Org, prefixes::KEY.to_owned());
    prefixes::read(content.await?)
}
