//! Record types and business processes: from components to what definitions have, and to the rows of the objects
//! `RecordType` and `BusinessProcess`.
//!
//! A row has the id of its component. What no component declares any more keeps its row, which is inactive then: records
//! may have it still, and a component of that name gets its id again.
//! Source: "`RecordType`", "`BusinessProcess`" (Object Reference).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use landfall_metadata::{BusinessProcess, Granted, Kind, RecordType, RecordTypeVisibility};
use landfall_model::{
    Catalog, EntityDefinition, PERSON_ACCOUNT, PersonType, RecordId, Row, Timestamp, Value,
};
use landfall_store::{Reads, RowWrite};

use crate::components::{Key, key};
use crate::error::Error;
use crate::profiles::ADMINISTRATOR;
use crate::rows::read;
use crate::rows::{Values, changed, new_row};

const RECORD_TYPE: &str = "RecordType";
const BUSINESS_PROCESS: &str = "BusinessProcess";

/// What the components of an org declare.
#[derive(Clone, Debug, Default)]
pub(crate) struct Declared {
    pub(crate) types: Vec<RecordType>,
    pub(crate) processes: Vec<BusinessProcess>,
}

/// What permission sets and profiles grant that no row of an object keeps, by the kind of component and the name of the
/// record: visible record types and custom permissions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Visibilities(HashMap<(Kind, String), Visible>);

#[derive(Clone, Debug, Default)]
struct Visible {
    record_types: Vec<RecordTypeVisibility>,
    custom_permissions: Vec<String>,
}

impl Visibilities {
    /// Those of these components.
    pub(crate) fn of(granted: &[Granted]) -> Self {
        let granted = granted
            .iter()
            .filter(|set| !set.record_types.is_empty() || !set.custom_permissions.is_empty());
        let entry = |set: &Granted| {
            let key = (set.kind, set.record.to_lowercase());
            let visible = Visible {
                record_types: set.record_types.clone(),
                custom_permissions: set.custom_permissions.clone(),
            };
            (key, visible)
        };
        Self(granted.map(entry).collect())
    }

    /// The record types of a permission set or a profile.
    pub(crate) fn by(&self, kind: Kind, record: &str) -> &[RecordTypeVisibility] {
        let known = self.0.get(&(kind, record.to_lowercase()));
        known.map_or(&[], |known| known.record_types.as_slice())
    }

    /// Its custom permissions.
    pub(crate) fn custom_permissions(&self, kind: Kind, record: &str) -> &[String] {
        let known = self.0.get(&(kind, record.to_lowercase()));
        known.map_or(&[], |known| known.custom_permissions.as_slice())
    }
}

/// The catalogue with the record types of its objects, as administrators have them.
pub(crate) fn with_types(
    catalog: Arc<Catalog>,
    declared: &Declared,
    visibilities: &Visibilities,
    id_of: impl Fn(Kind, &str) -> Option<RecordId>,
) -> Arc<Catalog> {
    if declared.types.is_empty() {
        return catalog;
    }
    let defaults = visibilities.by(Kind::Profile, ADMINISTRATOR.name);
    let is_person_default = |name: &str| {
        let mut defaults = defaults.iter();
        defaults.any(|visible| visible.person_default && visible.name == name)
    };
    let of = |entity: &Arc<EntityDefinition>| -> Vec<landfall_model::RecordType> {
        let types = declared.types.iter();
        let types = types.filter(|declared| declared.entity == entity.name);
        types
            .filter_map(|declared| {
                let name = declared.full_name();
                let mut defaults = defaults.iter().filter(|visible| visible.default);
                Some(landfall_model::RecordType {
                    id: id_of(Kind::RecordType, &name)?,
                    developer_name: declared.developer_name.clone(),
                    label: declared.label.clone(),
                    active: declared.active,
                    available: declared.active,
                    default: declared.active && defaults.any(|visible| visible.name == name),
                    person: declared.person.then(|| PersonType {
                        default: declared.active && is_person_default(&name),
                    }),
                    picklists: declared.picklists.clone(),
                })
            })
            .collect()
    };
    let entities = catalog.entities().iter().map(|entity| {
        let types = of(entity);
        if types.is_empty() {
            return Arc::clone(entity);
        }
        Arc::new(EntityDefinition::clone(entity).with_record_types(types))
    });
    let events = catalog.platform_events().iter().map(Arc::clone);
    Arc::new(Catalog::of(entities).with_platform_events(events))
}

/// The ids of the rows that there are, by the components that they are or were of.
pub(crate) fn ids_of_rows(
    reads: &dyn Reads,
    catalog: &Catalog,
) -> Result<HashMap<Key, RecordId>, Error> {
    let mut ids = HashMap::new();
    for (kind, object, of, name) in [
        (
            Kind::RecordType,
            RECORD_TYPE,
            "SobjectType",
            "DeveloperName",
        ),
        (
            Kind::BusinessProcess,
            BUSINESS_PROCESS,
            "TableEnumOrId",
            "Name",
        ),
    ] {
        let Some(entity) = catalog.entity(object) else {
            continue;
        };
        for row in reads.recent_rows(entity, usize::MAX)? {
            let text = |field: &str| read(&row, entity.index_of(field)).as_text();
            let id = read(&row, entity.index_of("Id")).as_id();
            let is_person = read(&row, entity.index_of("IsPersonType")).as_bool() == Some(true);
            let of = text(of).map(|of| if is_person { PERSON_ACCOUNT } else { of });
            if let (Some(id), Some(of), Some(name)) = (id, of, text(name)) {
                ids.insert(key(kind, &format!("{of}.{name}")), id);
            }
        }
    }
    Ok(ids)
}

/// The changes that bring the rows in step with the components.
pub(crate) fn rows(
    reads: &dyn Reads,
    catalog: &Catalog,
    declared: &Declared,
    id_of: impl Fn(Kind, &str) -> Option<RecordId>,
    now: Timestamp,
) -> Result<Vec<RowWrite>, Error> {
    let text = |text: &str| Value::Text(text.to_owned());
    let optional = |value: &Option<String>| value.as_deref().map_or(Value::Null, text);
    let process_id = |record_type: &RecordType| {
        let name = record_type.business_process.as_ref()?;
        let mut processes = declared.processes.iter();
        let process = processes.find(|process| {
            process.entity == record_type.entity && process.name.eq_ignore_ascii_case(name)
        })?;
        id_of(Kind::BusinessProcess, &process.full_name())
    };
    let types = declared.types.iter().filter_map(|record_type| {
        let id = id_of(Kind::RecordType, &record_type.full_name())?;
        let process = process_id(record_type).map_or(Value::Null, Value::Id);
        let values = vec![
            ("Name", text(&record_type.label)),
            ("DeveloperName", text(&record_type.developer_name)),
            ("Description", optional(&record_type.description)),
            ("SobjectType", text(record_type.entity.as_str())),
            ("IsActive", Value::Boolean(record_type.active)),
            ("IsPersonType", Value::Boolean(record_type.person)),
            ("BusinessProcessId", process),
        ];
        Some((id, values))
    });
    let processes = declared.processes.iter().filter_map(|process| {
        let id = id_of(Kind::BusinessProcess, &process.full_name())?;
        let values = vec![
            ("Name", text(&process.name)),
            ("Description", optional(&process.description)),
            ("TableEnumOrId", text(process.entity.as_str())),
            ("IsActive", Value::Boolean(process.active)),
        ];
        Some((id, values))
    });
    let mut writes = Vec::new();
    for (object, wanted) in [
        (RECORD_TYPE, types.collect::<Vec<_>>()),
        (BUSINESS_PROCESS, processes.collect()),
    ] {
        if let Some(entity) = catalog.entity(object) {
            let stored = reads.recent_rows(entity, usize::MAX)?;
            writes.extend(changes(entity, stored, wanted, now));
        }
    }
    Ok(writes)
}

fn changes(
    entity: &Arc<EntityDefinition>,
    stored: Vec<Row>,
    wanted: Vec<(RecordId, Values<'_>)>,
    now: Timestamp,
) -> Vec<RowWrite> {
    let now = now.whole_second();
    let ids: HashSet<RecordId> = wanted.iter().map(|(id, _)| *id).collect();
    let mut stored: HashMap<RecordId, Row> = stored
        .into_iter()
        .filter_map(|row| Some((read(&row, entity.index_of("Id")).as_id()?, row)))
        .collect();
    let gone = stored.keys().filter(|id| !ids.contains(id));
    let gone: Vec<_> = gone
        .map(|id| (*id, vec![("IsActive", Value::Boolean(false))]))
        .collect();
    let mut writes = Vec::new();
    for (id, values) in wanted.into_iter().chain(gone) {
        match stored.remove(&id) {
            Some(row) => writes.extend(changed(entity, id, row, values, now)),
            None => writes.push(new_row(entity, id, now, |field| {
                let mut values = values.iter();
                let value = values.find(|(name, _)| *name == field);
                value.map(|(_, value)| value.clone())
            })),
        }
    }
    writes
}
