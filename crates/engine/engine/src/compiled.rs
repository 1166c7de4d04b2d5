//! What the components of an org come to, over the shipped objects.

pub(crate) mod prefixes;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use landfall_formula::Formulas;
use landfall_metadata::{
    ConnectedApp, CustomMetadataRecord, DefaultFormula, Granted, Group, KeyPrefixes, LookupFilter,
    ManagedSubscription, OriginPattern, Part, Problem, RollUp, Settings, StartingNumber,
    ValidationRule,
};
use landfall_model::{Catalog, EntityDefinition, PlatformEventDefinition};
use landfall_store::{Document, Reads};

use crate::channel::Declared;
use crate::components::Components;
use crate::error::Error;
use crate::features;
use crate::record_types::{self, Visibilities};
use crate::shipped::shipped;

/// Components and what they come to: compiled once, although a deployment checks it, puts it in force and loads it from
/// the store.
pub(crate) struct Compilation {
    /// By kind and name.
    parts: Vec<Part>,
    /// With those of the components.
    prefixes: KeyPrefixes,
    pub(crate) compiled: Compiled,
}

impl Compilation {
    /// Compiles components.
    ///
    /// # Errors
    /// As [`compiled`].
    pub(crate) fn new(parts: Vec<Part>, mut prefixes: KeyPrefixes) -> Result<Self, Error> {
        let compiled = compiled(&parts, &mut prefixes)?;
        Ok(Self {
            parts,
            prefixes,
            compiled,
        })
    }

    /// What was deployed last, the shipped objects if nothing was; `ahead` if that is what comes of it.
    ///
    /// # Errors
    /// As [`compiled`], [`Error::Store`], [`Error::Document`].
    pub(crate) fn stored(
        reads: &dyn Reads,
        ahead: Option<Box<Self>>,
    ) -> Result<(Self, Components), Error> {
        let components = Components::stored(reads)?;
        let prefixes = prefixes::stored(reads)?;
        let compilation = match ahead {
            Some(ahead) if ahead.is_stored_as(&components, &prefixes) => *ahead,
            _ => Self::new(components.parts(), prefixes)?,
        };
        Ok((compilation, components))
    }

    /// What components come to; `known` if that is known.
    ///
    /// # Errors
    /// As [`compiled`].
    pub(crate) fn of(
        parts: &[Part],
        prefixes: KeyPrefixes,
        known: Option<Compiled>,
    ) -> Result<Self, Error> {
        let parts = parts.to_vec();
        match known {
            Some(compiled) => Ok(Self {
                parts,
                prefixes,
                compiled,
            }),
            None => Self::new(parts, prefixes),
        }
    }

    /// Whether this is what stored components come to. Where their lines are from is not stored and only decides where
    /// problems are.
    fn is_stored_as(&self, components: &Components, prefixes: &KeyPrefixes) -> bool {
        let is_same = |part: &Part, stored: &Part| {
            let Part {
                kind,
                name,
                path,
                line,
                position,
                content,
                also: _,
            } = part;
            (kind, name, content) == (&stored.kind, &stored.name, &stored.content)
                && (path, line, position) == (&stored.path, &stored.line, &stored.position)
        };
        let stored = components.all().map(|component| &component.part);
        self.prefixes == *prefixes
            && self.parts.len() == components.all().count()
            && self
                .parts
                .iter()
                .zip(stored)
                .all(|(part, stored)| is_same(part, stored))
    }

    /// The key prefixes of all objects and events, as a document.
    pub(crate) fn prefixes(&self) -> Document {
        prefixes::document(&self.prefixes)
    }
}

/// What was compiled and is needed once more.
#[derive(Default)]
pub(crate) struct Compilations {
    /// What an org has begun with, until something is deployed: of a project mostly the same.
    begun: Mutex<Option<Compiled>>,
    /// What is about to be stored, for the load that follows.
    ahead: Mutex<Option<Box<Compilation>>>,
}

impl Compilations {
    /// Keeps what an org has begun with. What is granted was granted when it was deployed.
    pub(crate) fn begin(&self, compiled: Compiled) {
        *locked(&self.begun) = Some(Compiled {
            granted: Vec::new(),
            ..compiled
        });
    }

    /// What an org has begun with, if these components are still all that it has.
    pub(crate) fn begun(&self, parts: &[Part], components: &Components) -> Option<Compiled> {
        let begun = locked(&self.begun).take()?;
        let stored = components.all().map(|component| &component.part);
        stored.eq(parts).then_some(begun)
    }

    /// Keeps what is about to be stored; none if it is not.
    pub(crate) fn expect(&self, ahead: Option<Box<Compilation>>) {
        *locked(&self.ahead) = ahead;
    }

    /// What was about to be stored when what is stored changes: what the org has begun with is not what it has.
    pub(crate) fn expected(&self) -> Option<Box<Compilation>> {
        *locked(&self.begun) = None;
        locked(&self.ahead).take()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What components come to.
#[derive(Clone)]
pub(crate) struct Compiled {
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) roll_ups: Vec<RollUp>,
    pub(crate) formulas: Formulas,
    pub(crate) validation_rules: Vec<ValidationRule>,
    pub(crate) lookup_filters: Vec<LookupFilter>,
    pub(crate) defaults: Vec<DefaultFormula>,
    pub(crate) channels: Declared,
    pub(crate) connected_apps: Vec<Arc<ConnectedApp>>,
    pub(crate) cors_origins: Vec<OriginPattern>,
    pub(crate) settings: Settings,
    pub(crate) managed: Vec<ManagedSubscription>,
    pub(crate) granted: Vec<Granted>,
    pub(crate) record_types: record_types::Declared,
    pub(crate) custom_metadata: Vec<CustomMetadataRecord>,
    pub(crate) groups: Vec<Group>,
    pub(crate) visibilities: Visibilities,
    pub(crate) starting_numbers: Vec<StartingNumber>,
    pub(crate) warnings: Vec<Problem>,
    inapplicable: Vec<Problem>,
}

impl Compiled {
    /// The objects with the record types that components declare, whose ids they have.
    pub(crate) fn with_types(&self, components: &Components) -> Arc<Catalog> {
        let id_of = |kind, name: &str| components.get(kind, name).map(|known| known.id);
        let (types, visibilities) = (&self.record_types, &self.visibilities);
        record_types::with_types(Arc::clone(&self.catalog), types, visibilities, id_of)
    }

    /// What an org refuses is left out of a project with a warning, unless everything has to apply.
    pub(crate) fn leave_out(&mut self, replaced: Vec<Problem>, strict: bool) -> Result<(), Error> {
        self.warnings.append(&mut self.inapplicable);
        self.warnings.extend(replaced);
        self.warnings.sort();
        if strict && !self.warnings.is_empty() {
            let problems = std::mem::take(&mut self.warnings);
            return Err(Error::Invalid { problems });
        }
        Ok(())
    }

    /// What an org refuses keeps a single component from being changed; in one that is not changed it was accepted
    /// earlier.
    pub(crate) fn check_applicable(&mut self, changed: &BTreeSet<String>) -> Result<(), Error> {
        let mut problems = std::mem::take(&mut self.inapplicable);
        problems.retain(|problem| changed.contains(&problem.path));
        if problems.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid { problems })
        }
    }
}

/// Compiles components over the shipped objects.
///
/// # Errors
/// [`Error::Invalid`] with all that is wrong.
pub(crate) fn compiled(parts: &[Part], book: &mut KeyPrefixes) -> Result<Compiled, Error> {
    if parts.is_empty() {
        return Ok(Compiled {
            catalog: Arc::clone(&shipped()?.catalog),
            managed: Vec::new(),
            granted: Vec::new(),
            record_types: record_types::Declared::default(),
            custom_metadata: Vec::new(),
            groups: Vec::new(),
            visibilities: Visibilities::default(),
            connected_apps: Vec::new(),
            cors_origins: Vec::new(),
            settings: Settings::default(),
            roll_ups: Vec::new(),
            formulas: Formulas::default(),
            validation_rules: Vec::new(),
            lookup_filters: Vec::new(),
            defaults: Vec::new(),
            starting_numbers: Vec::new(),
            channels: Declared::default(),
            warnings: Vec::new(),
            inapplicable: Vec::new(),
        });
    }
    let shipped = features::shipped(parts)?;
    let (standard, events) = (shipped.entities.iter(), shipped.platform_events.iter());
    let standard = standard.map(|entity| EntityDefinition::clone(entity));
    let events = events.map(|event| PlatformEventDefinition::clone(event));
    let org = landfall_metadata::compile(standard.collect(), events.collect(), parts, book)
        .map_err(|problems| Error::Invalid { problems })?;
    Ok(Compiled {
        catalog: Arc::new(Catalog::new(org.entities).with_platform_events(org.platform_events)),
        managed: org.managed_subscriptions,
        visibilities: Visibilities::of(&org.granted),
        granted: org.granted,
        record_types: record_types::Declared {
            types: org.record_types,
            processes: org.business_processes,
        },
        custom_metadata: org.custom_metadata,
        groups: org.groups,
        connected_apps: org.connected_apps.into_iter().map(Arc::new).collect(),
        cors_origins: org.cors_origins,
        settings: org.settings,
        roll_ups: org.roll_ups,
        formulas: org.formulas,
        validation_rules: org.validation_rules,
        lookup_filters: org.lookup_filters,
        defaults: org.defaults,
        starting_numbers: org.starting_numbers,
        channels: Declared {
            channels: org.channels,
            members: org.members,
            capture_all: false,
        },
        warnings: org.warnings,
        inapplicable: org.inapplicable,
    })
}
