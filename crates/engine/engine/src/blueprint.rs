//! What the writer has to know of an object at every change, worked out once from its definition.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use landfall_formula::{Formula, Surroundings};
use landfall_metadata::{DefaultFormula, LookupFilter, RollUp, ValidationRule};
use landfall_model::{
    Catalog, DeleteRule, EntityDefinition, EntityName, FieldDefinition, KeyPrefix, RECORD_TYPE_ID,
    RecordId, RecordType, Row,
};

use crate::Streams;
use crate::defaults;
use crate::file_bytes::file_of;
use crate::formulas::rules_by_object;
use crate::roll_up::Summary;
use crate::rows::{read, write};

/// The fields that the service itself sets; none for one that the object does not have.
#[derive(Debug)]
pub(crate) struct SystemFields {
    pub(crate) id: Option<usize>,
    pub(crate) owner: Option<usize>,
    pub(crate) is_deleted: Option<usize>,
    pub(crate) created_date: Option<usize>,
    pub(crate) created_by: Option<usize>,
    pub(crate) last_modified_date: Option<usize>,
    pub(crate) last_modified_by: Option<usize>,
    pub(crate) system_modstamp: Option<usize>,
    /// The record into which this one was merged.
    pub(crate) master_record: Option<usize>,
    /// The record's type.
    pub(crate) record_type: Option<usize>,
    /// Whether a lead has become other records.
    pub(crate) is_converted: Option<usize>,
}

/// A field that counts.
#[derive(Debug)]
pub(crate) struct AutoNumber {
    pub(crate) place: usize,
    /// Name of its counter.
    pub(crate) counter: String,
    /// How a number is shown: `{00000000}`.
    pub(crate) format: String,
}

/// A reference to the object, seen from the object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Children {
    /// The object that holds the reference.
    pub(crate) child: KeyPrefix,
    /// Where in its rows.
    pub(crate) place: usize,
    pub(crate) delete_rule: DeleteRule,
}

/// An object as the planner needs it.
#[derive(Debug)]
pub(crate) struct Blueprint {
    pub(crate) entity: Arc<EntityDefinition>,
    pub(crate) system: SystemFields,
    /// A new record before anything is given.
    pub(crate) blank: Row,
    /// What a create has to have a value in, and whether the service gives one if the request is silent.
    pub(crate) required: Vec<(usize, bool)>,
    pub(crate) unique: Vec<usize>,
    /// The field that holds bytes.
    pub(crate) file: Option<usize>,
    pub(crate) auto_numbers: Vec<AutoNumber>,
    children: OnceLock<Vec<Children>>,
    catalog: Arc<Catalog>,
    /// Its roll-up summary fields, by their places in [`Blueprints::summary`].
    pub(crate) has: Vec<usize>,
    /// Those that its records are counted in, likewise.
    pub(crate) counts_in: Vec<usize>,
    /// Fields whose defaults are computed at each create.
    pub(crate) defaults: Vec<(usize, Formula)>,
    /// The filters of its lookups.
    pub(crate) filters: Vec<Arc<LookupFilter>>,
    /// Its active validation rules, by name.
    pub(crate) rules: Vec<Arc<ValidationRule>>,
    /// What the rules read besides records.
    pub(crate) rules_read: Surroundings,
}

impl Blueprint {
    /// Whether records of `child` are deleted with the record of this object that their field at `place` refers to.
    pub(crate) fn cascades_to(&self, child: &Self, place: usize) -> bool {
        self.children().iter().any(|children| {
            children.child == child.entity.key_prefix
                && children.place == place
                && children.delete_rule == DeleteRule::Cascade
        })
    }

    /// The references to it by objects of this org that keep them: worked out when a record of it is deleted, since that
    /// looks at the fields of every such object.
    pub(crate) fn children(&self) -> &[Children] {
        self.children
            .get_or_init(|| children(&self.entity, &self.catalog))
    }

    fn new(entity: &Arc<EntityDefinition>, catalog: &Arc<Catalog>) -> Self {
        let place = |name: &str| entity.index_of(name);
        let system = SystemFields {
            id: place("Id"),
            owner: place("OwnerId"),
            is_deleted: place("IsDeleted"),
            created_date: place("CreatedDate"),
            created_by: place("CreatedById"),
            last_modified_date: place("LastModifiedDate"),
            last_modified_by: place("LastModifiedById"),
            system_modstamp: place("SystemModstamp"),
            master_record: place("MasterRecordId"),
            record_type: record_type(entity),
            is_converted: (entity.name.as_str() == "Lead")
                .then(|| place("IsConverted"))
                .flatten(),
        };
        // A record without an owner is its creator's, whatever the request says.
        let required = places(entity, |field| field.createable && !field.nillable)
            .filter(|(place, _)| Some(*place) != system.owner)
            .map(|(place, field)| (place, field.defaulted_on_create))
            .collect();
        let auto_numbers = places(entity, |_| true)
            .filter_map(|(place, field)| {
                Some(AutoNumber {
                    place,
                    counter: format!("{}.{}", entity.name, field.name),
                    format: field.auto_number.clone()?,
                })
            })
            .collect();
        let unique = places(entity, |field| field.unique)
            .map(|(place, _)| place)
            .collect();
        Self {
            entity: Arc::clone(entity),
            blank: defaults::blank(entity),
            required,
            unique,
            file: file_of(entity),
            auto_numbers,
            children: OnceLock::new(),
            catalog: Arc::clone(catalog),
            has: Vec::new(),
            counts_in: Vec::new(),
            defaults: Vec::new(),
            rules: Vec::new(),
            rules_read: Surroundings::default(),
            filters: Vec::new(),
            system,
        }
    }

    /// The record type of a row.
    pub(crate) fn type_of(&self, row: &Row) -> Option<&RecordType> {
        let id = read(row, Some(self.system.record_type?)).as_id()?;
        let mut types = self.entity.record_types.iter();
        types.find(|record_type| record_type.id == id)
    }

    /// Whether a row of the object is in the recycle bin.
    pub(crate) fn is_deleted(&self, row: &Row) -> bool {
        read(row, self.system.is_deleted).as_bool().unwrap_or(false)
    }
}

/// The place of the field of record types, if the object has any.
fn record_type(entity: &EntityDefinition) -> Option<usize> {
    let (place, field) = entity.field(RECORD_TYPE_ID)?;
    field.is_record_type().then_some(place)
}

fn places(
    entity: &EntityDefinition,
    wanted: impl Fn(&FieldDefinition) -> bool,
) -> impl Iterator<Item = (usize, &FieldDefinition)> {
    entity
        .fields
        .iter()
        .enumerate()
        .filter(move |(_, field)| wanted(field))
}

/// The references to the object by objects of this org that keep them.
fn children(entity: &EntityDefinition, catalog: &Catalog) -> Vec<Children> {
    entity
        .children
        .iter()
        .filter_map(|relationship| {
            let child = catalog.entity(relationship.child.as_str())?;
            // Objects without ids of their own have no records.
            let found = catalog.entity_of(child.key_prefix)?;
            if found.name != child.name {
                return None;
            }
            let (place, field) = child.field(relationship.field.as_str())?;
            field.stored().then_some(Children {
                child: child.key_prefix,
                place,
                delete_rule: relationship.delete_rule,
            })
        })
        .collect()
}

/// An object of an org, worked out when it is first used.
#[derive(Debug)]
struct Object {
    entity: Arc<EntityDefinition>,
    /// Large, and most objects are never used.
    blueprint: OnceLock<Box<Blueprint>>,
}

impl Object {
    fn blueprint(&self, catalog: &Arc<Catalog>) -> &Blueprint {
        self.blueprint
            .get_or_init(|| Box::new(Blueprint::new(&self.entity, catalog)))
    }
}

/// All objects of an org and its roll-up summary fields.
#[derive(Debug, Default)]
pub(crate) struct Blueprints {
    objects: Vec<Object>,
    by_prefix: HashMap<KeyPrefix, usize>,
    by_name: HashMap<EntityName, usize>,
    /// Each after those that it is computed from.
    summaries: Vec<Summary>,
    /// What queries of `PushTopics` are checked against.
    pub(crate) catalog: Arc<Catalog>,
    /// The org itself.
    pub(crate) org: Option<RecordId>,
    /// How many topics and channels there may be.
    pub(crate) streams: Streams,
    /// The platform events that administrators made.
    events: Vec<EntityName>,
}

impl Blueprints {
    pub(crate) fn new(catalog: &Arc<Catalog>, roll_ups: &[RollUp], streams: Streams) -> Self {
        let events = catalog.platform_events().iter();
        let events = events.filter(|event| event.standard.is_none());
        let mut blueprints = Self {
            events: events.map(|event| event.name.clone()).collect(),
            catalog: Arc::clone(catalog),
            streams,
            ..Self::default()
        };
        for (place, entity) in catalog.entities().iter().enumerate() {
            blueprints.by_name.insert(entity.name.clone(), place);
            let of_prefix = catalog.entity_of(entity.key_prefix);
            if of_prefix.is_some_and(|of_prefix| of_prefix.name == entity.name) {
                blueprints.by_prefix.insert(entity.key_prefix, place);
            }
            blueprints.objects.push(Object {
                entity: Arc::clone(entity),
                blueprint: OnceLock::new(),
            });
        }
        let summaries: Vec<Summary> = roll_ups
            .iter()
            .filter_map(|roll_up| Summary::new(roll_up, catalog))
            .collect();
        for (number, summary) in summaries.iter().enumerate() {
            let parent = blueprints.by_prefix.get(&summary.parent).copied();
            if let Some(parent) = blueprints.at_mut(parent) {
                parent.has.push(number);
                write(&mut parent.blank, Some(summary.place), summary.of_nothing());
            }
            let child = blueprints.by_prefix.get(&summary.child).copied();
            if let Some(child) = blueprints.at_mut(child) {
                child.counts_in.push(number);
            }
        }
        blueprints.summaries = summaries;
        blueprints
    }

    fn at_mut(&mut self, place: Option<usize>) -> Option<&mut Blueprint> {
        let object = self.objects.get_mut(place?)?;
        object.blueprint(&self.catalog);
        object.blueprint.get_mut().map(|blueprint| &mut **blueprint)
    }

    fn of_name_mut(&mut self, name: &EntityName) -> Option<&mut Blueprint> {
        let place = self.by_name.get(name).copied();
        self.at_mut(place)
    }

    /// The same with validation rules.
    pub(crate) fn with_rules(mut self, rules: &[ValidationRule]) -> Self {
        for (entity, rules) in rules_by_object(rules) {
            if let Some(object) = self.of_name_mut(&entity) {
                object.rules_read = rules.iter().map(|rule| &rule.condition).collect();
                object.rules = rules;
            }
        }
        self
    }

    /// The same with the filters of lookups.
    pub(crate) fn with_filters(mut self, filters: &[LookupFilter]) -> Self {
        for filter in filters {
            if let Some(object) = self.of_name_mut(&filter.entity) {
                object.filters.push(Arc::new(filter.clone()));
            }
        }
        self
    }

    /// The same with defaults that are computed.
    pub(crate) fn with_defaults(mut self, defaults: &[DefaultFormula]) -> Self {
        for default in defaults {
            let Some(object) = self.of_name_mut(&default.entity) else {
                continue;
            };
            if let Some(place) = object.entity.index_of(default.field.as_str()) {
                object.defaults.push((place, default.formula.clone()));
            }
        }
        self
    }

    /// The same of an org that has been founded.
    pub(crate) const fn of_org(mut self, org: Option<RecordId>) -> Self {
        self.org = org;
        self
    }

    /// The name of a platform event that an administrator made, as it is spelled.
    pub(crate) fn event(&self, name: &str) -> Option<&EntityName> {
        let mut events = self.events.iter();
        events.find(|event| event.as_str().eq_ignore_ascii_case(name))
    }

    /// A roll-up summary field, by its number.
    pub(crate) fn summary(&self, number: usize) -> Option<&Summary> {
        self.summaries.get(number)
    }

    /// The roll-up summary fields that give other values than those of earlier definitions, with their numbers.
    pub(crate) fn summaries_since(&self, earlier: &Self) -> Vec<(usize, &Summary)> {
        let known = |summary: &Summary| earlier.summaries.iter().any(|other| other.is_as(summary));
        let numbered = self.summaries.iter().enumerate();
        numbered.filter(|(_, summary)| !known(summary)).collect()
    }

    /// The object that a definition is of, be it the present one or an earlier one; none if it is not one of the org's.
    pub(crate) fn of(&self, entity: &EntityDefinition) -> Option<&Blueprint> {
        self.at(*self.by_name.get(&entity.name)?)
    }

    /// An object by name in any letter case.
    pub(crate) fn named(&self, name: &str) -> Option<&Blueprint> {
        if let Some(place) = self.by_name.get(name) {
            return self.at(*place);
        }
        let mut objects = self.objects.iter();
        let object =
            objects.find(|object| object.entity.name.as_str().eq_ignore_ascii_case(name))?;
        Some(object.blueprint(&self.catalog))
    }

    /// The object whose record ids begin so.
    pub(crate) fn with_prefix(&self, prefix: KeyPrefix) -> Option<&Blueprint> {
        self.at(*self.by_prefix.get(&prefix)?)
    }

    fn at(&self, place: usize) -> Option<&Blueprint> {
        let object = self.objects.get(place)?;
        Some(object.blueprint(&self.catalog))
    }
}
