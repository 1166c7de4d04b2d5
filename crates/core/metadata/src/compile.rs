//! From the components of a project to the definitions of an org, in passes: objects, then what leads from one to
//! another, then what speaks of events.

use std::collections::{BTreeMap, BTreeSet};

use landfall_model::{
    Catalog, ChildRelationship, CustomKind, DeleteRule, EntityDefinition, EntityName, FieldName,
    KeyPrefix, PERSON_ACCOUNT, PlatformEventDefinition,
};

use crate::absent::{Absence, Absent};
use crate::channel::{self, Known};
use crate::connected_app::connected_app;
use crate::field::{DeclaredField, Owner};
use crate::gather::{ObjectSource, Sources, gather};
use crate::group;
use crate::lookup_filter::{self, DeclaredFilter};
use crate::names::{self, CustomName};
use crate::origin::cors_origin;
use crate::permission_set::{self, granted};
use crate::person_account;
use crate::prefix::KeyPrefixes;
use crate::problem::{Findings, Problem, Report};
use crate::project::Kind;
use crate::read::brief;
use crate::record_type::{self, DeclaredProcess, DeclaredRecordType};
use crate::roll_up::{Declared, Failure};
use crate::settings::Settings;
use crate::validation_rule::{self, DeclaredRule};
use crate::value_set::{self, GlobalValueSets};
use crate::{
    Org, Part, StartingNumber, custom_metadata, custom_setting, event, formulas, history, label,
    object, reference, roll_up,
};

/// Files of a record: objects, their fields and the ways to them. Every custom object has them.
const FILES: [(&str, &str, &str); 2] = [
    ("Attachment", "ParentId", "Attachments"),
    (
        "ContentDocumentLink",
        "LinkedEntityId",
        "ContentDocumentLinks",
    ),
];

/// The object of the currencies of an org that has several.
const CURRENCIES: &str = "currencytype";

/// Objects of which records of activities are made.
pub(crate) const ACTIVITIES: [(&str, &str); 2] = [("Event", "Events"), ("Task", "Tasks")];

pub(crate) fn compile(
    standard: Vec<EntityDefinition>,
    events: Vec<PlatformEventDefinition>,
    parts: &[Part],
    prefixes: &mut KeyPrefixes,
) -> Result<Org, Vec<Problem>> {
    let mut report = Report::default();
    let sources = gather(parts, &mut report);
    let mut compiler = Compiler::new(standard, prefixes.clone(), report);
    compiler.org.platform_events = events;
    compiler.value_sets(&sources);
    for source in sources.objects.values() {
        if compiler.object(source).is_none() {
            compiler.absent.give_up(&source.name);
        }
    }
    compiler.references();
    compiler.roll_ups();
    compiler.person_accounts();
    compiler.histories(&sources);
    let Compiler {
        declared,
        rules,
        filters,
        types,
        processes,
        entities,
        book,
        absent,
        mut report,
        mut org,
        ..
    } = compiler;
    org.entities = entities.into_values().collect();
    let catalog = Catalog::new(org.entities.iter().cloned());
    org.custom_metadata = custom_metadata::records(&sources, &catalog, &absent, &mut report);
    let mut constants = label::constants(&sources, &mut report);
    custom_metadata::constants(&org.custom_metadata, &catalog, &mut constants);
    org.formulas = formulas::checked(&declared, &catalog, &constants, &mut report);
    roll_up::settle(&mut org, &catalog, &mut report);
    org.validation_rules = validation_rule::checked(&rules, &catalog, &constants, &mut report);
    org.business_processes = record_type::processes(processes, &catalog, &mut report);
    org.record_types =
        record_type::record_types(types, &org.business_processes, &catalog, &mut report);
    org.groups = group::groups(&sources, &catalog, &absent, &mut report);
    org.lookup_filters = lookup_filter::checked(&filters, &catalog, &constants, &mut report);
    lookup_filter::describe(&filters, &mut org.entities);
    formulas::mark_html(&mut org.entities, &org.formulas);
    let known = (&catalog, &constants);
    org.defaults = formulas::defaults(&declared, known, &mut org.entities, &mut report);
    channels(&sources, &absent, &mut org, &mut report);
    let mut taken = BTreeSet::new();
    org.connected_apps = sources
        .singles(Kind::ConnectedApp)
        .filter_map(|source| connected_app(source, &mut taken, &mut report))
        .collect();
    org.cors_origins = sources
        .singles(Kind::CorsOrigin)
        .filter_map(|source| cors_origin(source, &mut report))
        .collect();
    org.settings = Settings::of(&sources, &mut report);
    Findings {
        warnings: org.warnings,
        inapplicable: org.inapplicable,
    } = report.finish()?;
    *prefixes = book;
    Ok(org)
}

fn channels(sources: &Sources, absent: &Absent, org: &mut Org, report: &mut Report) {
    org.channels = sources
        .singles(Kind::Channel)
        .filter_map(|source| channel::channel(source, report))
        .collect();
    let catalog = Catalog::new(org.entities.iter().cloned())
        .with_platform_events(org.platform_events.iter().cloned());
    let known = Known {
        catalog: &catalog,
        channels: &org.channels,
        absent,
    };
    channel::check_count(&known, sources.singles(Kind::Channel), report);
    let mut taken = BTreeSet::new();
    org.members = sources
        .singles(Kind::ChannelMember)
        .filter_map(|source| channel::member(source, &known, &mut taken, report))
        .collect();
    org.managed_subscriptions = sources
        .singles(Kind::ManagedSubscription)
        .filter_map(|source| channel::managed_subscription(source, &known, report))
        .collect();
    for kind in [Kind::PermissionSet, Kind::Profile] {
        let read = sources.singles(kind);
        let known = permission_set::Known {
            catalog: &catalog,
            record_types: &org.record_types,
            absent,
        };
        let read = read.filter_map(|source| granted(source, kind, &known, report));
        let read: Vec<_> = read.collect();
        org.granted.extend(read);
    }
}

struct Compiler {
    /// By name in lower case.
    entities: BTreeMap<String, EntityDefinition>,
    /// Key prefixes of the shipped objects.
    taken: BTreeSet<KeyPrefix>,
    book: KeyPrefixes,
    globals: GlobalValueSets,
    /// The custom fields of all objects, to be resolved.
    declared: Vec<(EntityName, DeclaredField)>,
    /// The validation rules of all objects, to be checked.
    rules: Vec<(EntityName, DeclaredRule)>,
    /// The filters of the lookups of all objects, likewise.
    filters: Vec<DeclaredFilter>,
    types: Vec<DeclaredRecordType>,
    processes: Vec<DeclaredProcess>,
    absent: Absent,
    report: Report,
    org: Org,
}

impl Compiler {
    fn new(standard: Vec<EntityDefinition>, book: KeyPrefixes, report: Report) -> Self {
        Self {
            taken: standard.iter().map(|entity| entity.key_prefix).collect(),
            entities: standard
                .into_iter()
                .map(|entity| (entity.name.as_str().to_ascii_lowercase(), entity))
                .collect(),
            book,
            globals: GlobalValueSets::default(),
            declared: Vec::new(),
            rules: Vec::new(),
            filters: Vec::new(),
            types: Vec::new(),
            processes: Vec::new(),
            absent: Absent::default(),
            report,
            org: Org::default(),
        }
    }

    fn value_sets(&mut self, sources: &Sources) {
        for set in sources.singles(Kind::GlobalValueSet) {
            self.globals.add(&set.name, &set.element, &mut self.report);
        }
        for set in sources.singles(Kind::StandardValueSet) {
            value_set::replace_standard(
                &set.name,
                &set.element,
                &mut self.entities,
                &mut self.report,
            );
        }
    }

    /// One object, by what its name says that it is; none if its problems leave nothing of it.
    fn object(&mut self, source: &ObjectSource) -> Option<()> {
        let Some(parts) = names::custom(&source.name) else {
            self.standard_object(source);
            return Some(());
        };
        if let Some(reason) = left_out(parts) {
            let reason = format!("{} is left out: {reason}", source.name);
            self.report.warning(&source.at, reason);
            self.absent.leave_out(&source.name);
            return Some(());
        }
        if let Some(fault) = names::fault_of_base(parts.base) {
            self.report.problem(&source.at, fault);
            return None;
        }
        if source.elements.is_empty() {
            // Fields alone make no object.
            let reason = format!(
                "{} is left out: the object is not part of the project",
                source.name
            );
            self.report.inapplicable(&source.at, reason);
            self.absent.leave_out(&source.name);
            return Some(());
        }
        if let Some(second) = source.elements.get(1) {
            let reason = format!("the object {} is also in {}", source.name, source.at.path);
            self.report.problem(&second.at, reason);
        }
        match parts.suffix {
            "c" => match custom_setting::kind(source.elements.first()?, &mut self.report) {
                Some(kind) => self.custom_setting(source, kind),
                None => self.custom_object(source),
            },
            "mdt" => self.custom_metadata_type(source),
            "e" => self.platform_event(source),
            suffix => {
                let reason = format!(
                    "The suffix __{} is that of no kind of object",
                    brief(suffix)
                );
                self.report.problem(&source.at, reason);
                None
            }
        }
    }

    fn custom_object(&mut self, source: &ObjectSource) -> Option<()> {
        let declared = object::fields(source, Owner::CustomObject, &self.globals, &mut self.report);
        let heading = object::heading(&source.name, source.elements.first()?, &mut self.report)?;
        let prefix = self.prefix(source, b'a')?;
        let name = EntityName::new(source.name.as_str());
        let has_types = self.record_types(source, &name);
        if let Some(number) = heading.starting_number {
            self.starting_number(&name, &FieldName::new("Name"), number);
        }
        let activities = heading.activities;
        let has_currencies = self.entities.contains_key(CURRENCIES);
        let entity = object::custom(
            source,
            heading,
            &declared,
            (has_types, has_currencies),
            prefix,
            &mut self.report,
        );
        self.entities
            .insert(source.name.to_ascii_lowercase(), entity);
        self.belong(&name, &FILES);
        if activities {
            self.activities(&name);
        }
        self.keep(&name, declared);
        self.rules(source, &name);
        Some(())
    }

    fn custom_metadata_type(&mut self, source: &ObjectSource) -> Option<()> {
        let owner = Owner::CustomMetadataType;
        let declared = object::fields(source, owner, &self.globals, &mut self.report);
        let prefix = self.prefix(source, b'm')?;
        let element = source.elements.first()?;
        let entity = custom_metadata::define(source, element, &declared, prefix, &mut self.report);
        self.add_without_rules(
            source,
            entity,
            declared,
            "custom metadata is not checked by rules",
        );
        Some(())
    }

    fn custom_setting(&mut self, source: &ObjectSource, kind: CustomKind) -> Option<()> {
        let owner = Owner::CustomObject;
        let declared = object::fields(source, owner, &self.globals, &mut self.report);
        let prefix = self.prefix(source, b'a')?;
        let element = (source.elements.first()?, kind);
        let entity = custom_setting::define(source, element, &declared, prefix, &mut self.report);
        self.add_without_rules(source, entity, declared, "custom settings have no rules");
        Some(())
    }

    /// Adds an object whose records no rules are asked about.
    fn add_without_rules(
        &mut self,
        source: &ObjectSource,
        entity: EntityDefinition,
        declared: Vec<DeclaredField>,
        why: &str,
    ) {
        self.without_rules(source, why);
        let name = entity.name.clone();
        self.entities
            .insert(source.name.to_ascii_lowercase(), entity);
        self.keep(&name, declared);
    }

    fn without_rules(&mut self, source: &ObjectSource, why: &str) {
        for (name, element) in source.validation_rules() {
            let name = name.unwrap_or_default();
            let reason = format!("the rule {}.{name} is left out: {why}", source.name);
            self.report.warning(&element.at, reason);
        }
    }

    fn platform_event(&mut self, source: &ObjectSource) -> Option<()> {
        let declared = object::fields(
            source,
            Owner::PlatformEvent,
            &self.globals,
            &mut self.report,
        );
        self.without_rules(source, "events have no rules");
        let heading = event::heading(&source.name, source.elements.first()?, &mut self.report);
        let prefix = self.prefix(source, b'e')?;
        let event: PlatformEventDefinition =
            event::define(&source.name, heading, &declared, prefix);
        self.org.platform_events.push(event);
        Some(())
    }

    fn prefix(&mut self, source: &ObjectSource, first: u8) -> Option<KeyPrefix> {
        let prefix = self.book.assign(&source.name, first, &self.taken);
        if prefix.is_none() {
            self.report
                .problem(&source.at, "there is no key prefix left for another object");
        }
        prefix
    }

    /// Lets the org have person accounts, if it has a record type for them.
    fn person_accounts(&mut self) {
        if self.types.iter().any(DeclaredRecordType::is_person) {
            let computed = person_account::enable(&mut self.entities, &self.declared);
            self.declared.extend(computed);
        }
    }

    /// Lets the objects that track their fields keep the changes.
    fn histories(&mut self, sources: &Sources) {
        let prefixes = (&mut self.book, &self.taken);
        history::enable(sources, prefixes, &mut self.entities, &mut self.report);
    }

    /// A shipped object, or Activity, whose fields are those of tasks and events.
    fn standard_object(&mut self, source: &ObjectSource) {
        if source.name.eq_ignore_ascii_case(PERSON_ACCOUNT) {
            self.person_types(source);
            return;
        }
        let targets: Vec<&str> = if source.name == "Activity" {
            ACTIVITIES.iter().map(|(activity, _)| *activity).collect()
        } else {
            vec![source.name.as_str()]
        };
        let owner = if source.name == "User" {
            Owner::User
        } else {
            Owner::StandardObject
        };
        if !targets
            .iter()
            .all(|target| self.entities.contains_key(&target.to_ascii_lowercase()))
        {
            let mut fields = source.fields();
            let has_custom =
                fields.any(|(given, _)| given.is_none_or(|name| name.ends_with("__c")));
            if has_custom || source.record_types().next().is_some() {
                let reason = format!("{} is left out: the object is not here", source.name);
                self.report.warning(&source.at, reason);
            }
            return;
        }
        let declared = object::fields(source, owner, &self.globals, &mut self.report);
        for target in targets {
            let Some(entity) = self.entities.get_mut(&target.to_ascii_lowercase()) else {
                continue;
            };
            let name = entity.name.clone();
            object::add_fields(entity, &declared);
            if self.record_types(source, &name)
                && let Some(entity) = self.entities.get_mut(&target.to_ascii_lowercase())
            {
                object::add_record_type_field(entity);
            }
            self.keep(&name, declared.clone());
            self.rules(source, &name);
        }
    }

    /// The record types of person accounts, which are records of Account.
    fn person_types(&mut self, source: &ObjectSource) {
        let account = EntityName::new("Account");
        if self.record_types(source, &account)
            && let Some(account) = self.entities.get_mut("account")
        {
            object::add_record_type_field(account);
        }
    }

    /// Lets tasks and events be about the records of a custom object.
    fn activities(&mut self, name: &EntityName) {
        let activities =
            ACTIVITIES.map(|(activity, relationship)| (activity, "WhatId", relationship));
        self.belong(name, &activities);
    }

    /// Lets records of shipped objects belong to those of a custom object: object, field, and the way to them.
    fn belong(&mut self, name: &EntityName, children: &[(&str, &str, &str)]) {
        for (child, field, relationship) in children {
            let Some(entity) = self.entities.get_mut(&child.to_ascii_lowercase()) else {
                continue;
            };
            object::add_target(entity, field, name);
            let child = ChildRelationship {
                child: entity.name.clone(),
                field: FieldName::new(*field),
                relationship_name: Some((*relationship).to_owned()),
                delete_rule: DeleteRule::Cascade,
            };
            if let Some(parent) = self.entities.get_mut(&name.as_str().to_ascii_lowercase()) {
                parent.children.push(child);
            }
        }
    }

    fn keep(&mut self, entity: &EntityName, declared: Vec<DeclaredField>) {
        for field in declared {
            if let Some(number) = field.starting_number {
                self.starting_number(entity, &field.definition.name.clone(), number);
            }
            self.declared.push((entity.clone(), field));
        }
    }

    /// Keeps what saves of an object's records have to meet.
    fn rules(&mut self, source: &ObjectSource, entity: &EntityName) {
        let rules = validation_rule::declare(source, &mut self.report);
        let rules = rules.into_iter().map(|rule| (entity.clone(), rule));
        self.rules.extend(rules);
        let filters = lookup_filter::declare(source, entity, &mut self.report);
        self.filters.extend(filters);
    }

    /// Keeps the record types of an object and what they follow; says whether there are any.
    fn record_types(&mut self, source: &ObjectSource, entity: &EntityName) -> bool {
        let types = record_type::declare(source, entity, &mut self.report);
        let has_types = !types.is_empty();
        self.types.extend(types);
        let processes = record_type::declare_processes(source, entity, &mut self.report);
        self.processes.extend(processes);
        has_types
    }

    fn starting_number(&mut self, entity: &EntityName, field: &FieldName, number: u64) {
        self.org.starting_numbers.push(StartingNumber {
            entity: entity.clone(),
            field: field.clone(),
            number,
        });
    }

    fn references(&mut self) {
        for (entity, field) in &self.declared {
            if let Some(link) = &field.link {
                let name = &field.definition.name;
                let (absent, report) = (&self.absent, &mut self.report);
                reference::resolve(entity, name, link, &mut self.entities, absent, report);
            }
        }
    }

    fn roll_ups(&mut self) {
        let declared = self.declared.iter().filter_map(|(entity, field)| {
            Some(Declared {
                entity,
                field: &field.definition.name,
                source: field.roll_up.as_ref()?,
            })
        });
        let (ordered, circular) = roll_up::ordered(declared.collect(), Declared::uses);
        for Declared {
            entity,
            field,
            source,
        } in circular
        {
            let reason = format!("{entity}.{field} is computed from itself");
            self.report.problem(source.at(), reason);
        }
        for Declared {
            entity,
            field,
            source,
        } in ordered
        {
            let child = source.child();
            if !self.entities.contains_key(&child.to_ascii_lowercase()) {
                match self.absent.object(child) {
                    Absence::Elsewhere => {
                        let reason =
                            format!("the object {child} is not here: {entity}.{field} is empty");
                        self.report.warning(source.at(), reason);
                        roll_up::leave_empty(entity, field, &mut self.entities);
                        continue;
                    }
                    Absence::Broken => continue,
                    Absence::Unknown => {}
                }
            }
            match roll_up::resolve(entity, field, source, &mut self.entities) {
                Ok(roll_up) => self.org.roll_ups.push(roll_up),
                Err(Failure::Problem(at, reason)) => self.report.problem(&at, reason),
                Err(Failure::Unknown(at, reason)) => {
                    self.report.inapplicable(&at, reason);
                    roll_up::leave_empty(entity, field, &mut self.entities);
                }
                Err(Failure::Empty(at, reason)) => {
                    self.report.warning(&at, reason);
                    roll_up::leave_empty(entity, field, &mut self.entities);
                }
            }
        }
    }
}

/// Why an object is left out although nothing is wrong with it.
fn left_out(parts: CustomName<'_>) -> Option<String> {
    if let Some(namespace) = parts.namespace {
        return Some(format!("the package {namespace} is not installed"));
    }
    match parts.suffix {
        "x" => Some("external objects have no records here".to_owned()),
        "b" => Some("big objects have no records here".to_owned()),
        "kav" => Some("knowledge articles have no records here".to_owned()),
        _ => None,
    }
}
