//! What the components of an org come to, over the shipped objects.

pub(crate) mod prefixes;

use std::collections::BTreeSet;
use std::sync::Arc;

use landfall_formula::Formulas;
use landfall_metadata::{
    ConnectedApp, CustomMetadataRecord, DefaultFormula, Granted, KeyPrefixes, LookupFilter,
    ManagedSubscription, OriginPattern, Part, Problem, RollUp, Settings, StartingNumber,
    ValidationRule,
};
use landfall_model::{Catalog, EntityDefinition, PlatformEventDefinition};
use landfall_store::Reads;

use crate::channel::Declared;
use crate::components::Components;
use crate::error::Error;
use crate::record_types::{self, Visibilities};
use crate::shipped::shipped;

/// What was deployed last: the shipped objects, if nothing was.
pub(crate) fn stored(reads: &dyn Reads) -> Result<(Compiled, Components), Error> {
    let components = Components::stored(reads)?;
    let mut book = prefixes::stored(reads)?;
    let mut compiled = compiled(&components.parts(), &mut book)?;
    compiled.visibilities = Visibilities::of(&compiled.granted);
    let catalog = std::mem::take(&mut compiled.catalog);
    let id_of = |kind, name: &str| components.get(kind, name).map(|known| known.id);
    let (types, visibilities) = (&compiled.record_types, &compiled.visibilities);
    compiled.catalog = record_types::with_types(catalog, types, visibilities, id_of);
    Ok((compiled, components))
}

/// What components come to.
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
    /// Of what is stored; of nothing else.
    pub(crate) visibilities: Visibilities,
    pub(crate) starting_numbers: Vec<StartingNumber>,
    pub(crate) warnings: Vec<Problem>,
    inapplicable: Vec<Problem>,
}

impl Compiled {
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
    let shipped = landfall_standard::shipped()?;
    let (standard, events) = (shipped.entities.iter(), shipped.platform_events.iter());
    let standard = standard.map(|entity| EntityDefinition::clone(entity));
    let events = events.map(|event| PlatformEventDefinition::clone(event));
    let org = landfall_metadata::compile(standard.collect(), events.collect(), parts, book)
        .map_err(|problems| Error::Invalid { problems })?;
    Ok(Compiled {
        catalog: Arc::new(Catalog::new(org.entities).with_platform_events(org.platform_events)),
        managed: org.managed_subscriptions,
        granted: org.granted,
        record_types: record_types::Declared {
            types: org.record_types,
            processes: org.business_processes,
        },
        custom_metadata: org.custom_metadata,
        visibilities: Visibilities::default(),
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
