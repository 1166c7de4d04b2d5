//! Evaluation of formulas: their inputs are read, from the store or from an open transaction, and they are evaluated.
//!
//! A formula knows no user's rights: it reads from the whole definitions. Source: "Cross-Object Formulas" (Salesforce Help).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use landfall_formula::{Datum, Environment, Formula, Formulas, Reference, Surroundings, Target};
use landfall_metadata::ValidationRule;
use landfall_model::{
    Catalog, EntityDefinition, EntityName, FieldType, RecordId, Row, Timestamp, Value,
};
use landfall_query::Zone;

use landfall_store::Lookup;

use crate::{Engine, Error, OrgView};

/// Formula fields and the definitions that they read from.
#[derive(Clone, Debug, Default)]
pub(crate) struct FormulaFields {
    pub(crate) formulas: Formulas,
    pub(crate) whole: Arc<Catalog>,
}

/// Where the rows of other records come from.
pub(crate) trait Rows {
    /// The row of a record; none if it is not there.
    fn row(
        &mut self,
        entity: &Arc<EntityDefinition>,
        id: RecordId,
    ) -> Result<Option<Arc<Row>>, Error>;

    /// The row of a hierarchy setting for the org, a profile or a user; none if there is none.
    fn setting(
        &mut self,
        entity: &Arc<EntityDefinition>,
        owner: RecordId,
    ) -> Result<Option<Arc<Row>>, Error>;
}

/// The value that a reference of a formula leads to from a record; null if it leads nowhere.
pub(crate) fn value_of(
    reference: &Reference,
    (entity, row): (&Arc<EntityDefinition>, &Row),
    whole: &Catalog,
    rows: &mut impl Rows,
) -> Result<Value, Error> {
    let mut entity = Arc::clone(entity);
    let mut reached: Option<Arc<Row>> = None;
    for step in &reference.steps {
        let from = reached.as_deref().unwrap_or(row);
        let id = entity
            .index_of(step.field.as_str())
            .and_then(|place| from.get(place))
            .and_then(Value::as_id);
        let target = whole.entity(step.target.as_str());
        let (Some(id), Some(target)) = (id, target) else {
            return Ok(Value::Null);
        };
        if id.prefix() != target.key_prefix {
            return Ok(Value::Null);
        }
        let Some(next) = rows.row(target, id)? else {
            return Ok(Value::Null);
        };
        entity = Arc::clone(target);
        reached = Some(next);
    }
    let row = reached.as_deref().unwrap_or(row);
    let place = entity.index_of(reference.field.as_str());
    let value = place.and_then(|place| row.get(place));
    Ok(value.cloned().unwrap_or_default())
}

/// The user that formulas are computed for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct By<'p> {
    pub(crate) user: RecordId,
    pub(crate) org: Option<RecordId>,
    /// The custom permissions of the user, by name in small letters.
    pub(crate) permissions: Option<&'p BTreeSet<String>>,
}

/// What formulas depend on besides records: the time, and the user by the rows of the records that globals are of. Rows
/// that they do not depend on are not read.
pub(crate) fn environment(
    surroundings: &Surroundings,
    by: By<'_>,
    now: Timestamp,
    whole: &Catalog,
    rows: &mut impl Rows,
) -> Result<Environment, Error> {
    let mut globals = BTreeMap::new();
    for name in surroundings.globals() {
        let value = global(name, by, whole, rows)?;
        globals.insert(name.clone(), value);
    }
    let zone = if surroundings.zone() {
        let zone = named(whole, "User", Some(by.user), "TimeZoneSidKey", rows)?;
        zone.as_text().and_then(Zone::find)
    } else {
        None
    };
    Ok(Environment {
        now,
        zone: zone.unwrap_or_else(Zone::utc).rules().clone(),
        globals,
    })
}

/// The value of a global such as `$user.email`; null if it is not kept here.
fn global(
    name: &str,
    By {
        user,
        org,
        permissions,
    }: By<'_>,
    whole: &Catalog,
    rows: &mut impl Rows,
) -> Result<Datum, Error> {
    let Some((group, field)) = name.split_once('.') else {
        return Ok(Datum::Null);
    };
    if group == "$setup" {
        return setting(field, user, org, whole, rows);
    }
    if group == "$permission" {
        let granted = permissions.is_some_and(|granted| granted.contains(field));
        return Ok(Datum::Boolean(granted));
    }
    let (object, id) = match group {
        "$user" => ("User", Some(user)),
        "$organization" => ("Organization", org),
        "$profile" => {
            let profile = named(whole, "User", Some(user), "ProfileId", rows)?;
            ("Profile", profile.as_id())
        }
        "$userrole" => {
            let role = named(whole, "User", Some(user), "UserRoleId", rows)?;
            ("UserRole", role.as_id())
        }
        _ => return Ok(Datum::Null),
    };
    let value = named(whole, object, id, field, rows)?;
    let field_type = whole
        .entity(object)
        .and_then(|entity| entity.field(field))
        .map_or(FieldType::String, |(_, field)| field.field_type);
    Ok(Datum::of(&value, field_type))
}

/// A field of a hierarchy setting, `sw__c.on__c`: of the row of the user, else of the profile, else of the org.
///
/// Source: "Custom Settings" (Salesforce Help): the most specific value counts, field by field.
fn setting(
    path: &str,
    user: RecordId,
    org: Option<RecordId>,
    whole: &Catalog,
    rows: &mut impl Rows,
) -> Result<Datum, Error> {
    let found = path.split_once('.').and_then(|(object, field)| {
        let entity = whole.entity(object)?;
        let (place, field) = entity.field(field)?;
        Some((entity, place, field.field_type))
    });
    let Some((entity, place, field_type)) = found else {
        return Ok(Datum::Null);
    };
    let profile = named(whole, "User", Some(user), "ProfileId", rows)?.as_id();
    for owner in [Some(user), profile, org].into_iter().flatten() {
        let row = rows.setting(entity, owner)?;
        let value = row.as_ref().and_then(|row| row.get(place));
        if let Some(value) = value.filter(|value| !value.is_null()) {
            return Ok(Datum::of(value, field_type));
        }
    }
    Ok(match field_type {
        FieldType::Boolean => Datum::Boolean(false),
        _ => Datum::Null,
    })
}

/// A field of a record by their names.
fn named(
    whole: &Catalog,
    object: &str,
    id: Option<RecordId>,
    field: &str,
    rows: &mut impl Rows,
) -> Result<Value, Error> {
    let (Some(entity), Some(id)) = (whole.entity(object), id) else {
        return Ok(Value::Null);
    };
    let row = rows.row(entity, id)?;
    let value = row.as_ref().zip(entity.index_of(field));
    Ok(value
        .and_then(|(row, place)| row.get(place))
        .cloned()
        .unwrap_or_default())
}

/// The field of a custom setting that says whose setting a record is.
pub(crate) const SETUP_OWNER: &str = "SetupOwnerId";

fn is_set(row: &Row, place: Option<usize>) -> bool {
    let value = place.and_then(|place| row.get(place));
    value.and_then(Value::as_bool).unwrap_or(false)
}

/// Rows of the store, each read once.
struct Stored<'r> {
    reader: &'r dyn landfall_store::Reads,
    known: HashMap<RecordId, Option<Arc<Row>>>,
}

impl Rows for Stored<'_> {
    fn row(
        &mut self,
        entity: &Arc<EntityDefinition>,
        id: RecordId,
    ) -> Result<Option<Arc<Row>>, Error> {
        if let Some(known) = self.known.get(&id) {
            return Ok(known.clone());
        }
        let row = self.reader.row(entity, id)?.map(Arc::new);
        self.known.insert(id, row.clone());
        Ok(row)
    }

    fn setting(
        &mut self,
        entity: &Arc<EntityDefinition>,
        owner: RecordId,
    ) -> Result<Option<Arc<Row>>, Error> {
        let Some(field) = entity.index_of(SETUP_OWNER) else {
            return Ok(None);
        };
        let lookup = Lookup {
            entity,
            field,
            value: &Value::Id(owner),
            limit: usize::MAX,
        };
        let rows = self.reader.matching(&[lookup])?;
        let deleted = entity.index_of("IsDeleted");
        let mut rows = rows.into_iter().flatten();
        let live = rows.find(|row| !is_set(row, deleted));
        Ok(live.map(Arc::new))
    }
}

impl FormulaFields {
    /// Whether records of an object have formula fields.
    pub(crate) fn has(&self, entity: &EntityName) -> bool {
        self.formulas.has(entity)
    }

    /// The formulas that a definition shows, by their places.
    fn of<'f>(
        &'f self,
        seen: &'f EntityDefinition,
    ) -> impl Iterator<Item = (usize, Target, &'f Formula)> + 'f {
        let fields = seen.fields.iter().enumerate();
        fields.filter_map(|(place, field)| {
            let formula = self.formulas.of(&seen.name, &field.name)?;
            let target = Target {
                field_type: field.field_type,
                scale: field.scale,
            };
            Some((place, target, formula))
        })
    }

    /// Writes the values of formula fields into a row of a definition.
    pub(crate) fn fill(
        &self,
        seen: &EntityDefinition,
        row: &mut Row,
        environment: &Environment,
        rows: &mut impl Rows,
    ) -> Result<(), Error> {
        let Some(entity) = self.whole.entity(seen.name.as_str()) else {
            return Ok(());
        };
        let own = whole_row(seen, entity, row, rows)?;
        let mut computed = Vec::new();
        for (place, target, formula) in self.of(seen) {
            let mut values = Vec::with_capacity(formula.references().len());
            for reference in formula.references() {
                values.push(value_of(reference, (entity, &own), &self.whole, rows)?);
            }
            computed.push((place, formula.read(&values, environment, target)));
        }
        for (place, value) in computed {
            if let Some(slot) = row.get_mut(place) {
                *slot = value;
            }
        }
        Ok(())
    }
}

impl Engine {
    /// Rows of an object as they are stored, with the values of its formula fields as the user of a view reads them.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn with_formulas(
        &self,
        view: &OrgView,
        entity: &Arc<EntityDefinition>,
        rows: Vec<Option<Row>>,
    ) -> Result<Vec<Option<Row>>, Error> {
        let definitions = Arc::clone(view.definitions());
        let fields = definitions.formula_fields();
        if !fields.has(&entity.name) {
            return Ok(rows);
        }
        let fields = Arc::clone(fields);
        let (entity, view, now) = (Arc::clone(entity), view.clone(), self.clock().now());
        let org = self.org().id;
        self.read(move |reader| {
            let by = By {
                user: view.user(),
                org: Some(org),
                permissions: Some(view.custom_permissions()),
            };
            Ok(filled(&fields, &entity, rows, (by, now), reader))
        })
        .await?
    }
}

/// The row with the fields that are hidden from a user.
fn whole_row(
    seen: &EntityDefinition,
    entity: &Arc<EntityDefinition>,
    row: &Row,
    rows: &mut impl Rows,
) -> Result<Row, Error> {
    if std::ptr::eq(Arc::as_ptr(entity), seen) {
        return Ok(row.clone());
    }
    let place = seen.index_of("Id").and_then(|place| row.get(place));
    let stored = match place.and_then(Value::as_id) {
        Some(id) if seen.fields.len() < entity.fields.len() => rows.row(entity, id)?,
        _ => None,
    };
    let fields = entity.fields.iter().enumerate();
    let values = fields.map(|(place, field)| {
        let own = seen.index_of(field.name.as_str());
        let own = own.and_then(|place| row.get(place));
        let hidden = || stored.as_ref().and_then(|stored| stored.get(place));
        own.or_else(hidden).cloned().unwrap_or_default()
    });
    Ok(values.collect())
}

fn filled(
    fields: &FormulaFields,
    entity: &EntityDefinition,
    mut rows: Vec<Option<Row>>,
    (by, now): (By<'_>, Timestamp),
    reader: &dyn landfall_store::Reads,
) -> Result<Vec<Option<Row>>, Error> {
    let mut stored = Stored {
        reader,
        known: HashMap::new(),
    };
    let surroundings = fields.formulas.surroundings();
    let environment = environment(surroundings, by, now, &fields.whole, &mut stored)?;
    for row in rows.iter_mut().flatten() {
        fields.fill(entity, row, &environment, &mut stored)?;
    }
    Ok(rows)
}

/// What the formulas of a query depend on besides records; nothing is read if no formula asks for it.
pub(crate) async fn globals(
    engine: &Engine,
    view: &OrgView,
    now: Timestamp,
) -> Result<BTreeMap<String, Datum>, Error> {
    let fields = Arc::clone(view.definitions().formula_fields());
    if fields.formulas.surroundings().globals().is_empty() {
        return Ok(BTreeMap::new());
    }
    let (view, org) = (view.clone(), engine.org().id);
    let read = engine.read(move |reader| {
        let mut stored = Stored {
            reader,
            known: HashMap::new(),
        };
        let surroundings = fields.formulas.surroundings();
        let by = By {
            user: view.user(),
            org: Some(org),
            permissions: Some(view.custom_permissions()),
        };
        Ok(environment(
            surroundings,
            by,
            now,
            &fields.whole,
            &mut stored,
        ))
    });
    Ok(read.await??.globals)
}

/// The rules of each object, by its name.
pub(crate) fn rules_by_object(
    rules: &[ValidationRule],
) -> HashMap<EntityName, Vec<Arc<ValidationRule>>> {
    let mut by_object: HashMap<EntityName, Vec<Arc<ValidationRule>>> = HashMap::new();
    for rule in rules {
        let own = by_object.entry(rule.entity.clone()).or_default();
        own.push(Arc::new(rule.clone()));
    }
    by_object
}
