//! How an object's rows lie in its table: which column holds which field.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use landfall_model::limits::LAYOUTS_OF_OBJECT_MAX;
use landfall_model::{EntityDefinition, EntityName, FieldDefinition, FieldName, FieldType};
use landfall_store::ValueKind;
use landfall_store::transfer::{Comparison, KeptTable};

/// The column with the record's id, the identity of a row.
pub const ID: &str = "\"Id\"";
/// The column with the number of the row: rows are in the order in which they were created. No field can have this name.
pub const ROW_NUMBER: &str = "\"_row\"";

/// One stored field.
#[derive(Debug)]
pub struct Column {
    /// The field.
    pub field: FieldName,
    /// The quoted name.
    pub name: String,
    /// What kind of values.
    pub holds: ValueKind,
    /// Its place in the statements of its table: 0 is the record's id.
    pub result: usize,
    /// Whether searches compare its text without regard to ASCII letter case.
    pub folds: bool,
    /// Whether it has an index.
    pub indexed: bool,
}

impl Column {
    /// Whether this is the column of a field.
    fn fits(&self, field: &FieldDefinition) -> bool {
        field.stored()
            && self.field.as_str() == field.name.as_str()
            && (self.result == 0) == (field.field_type == FieldType::Id)
            && self.holds == ValueKind::of(field.field_type)
            && self.folds == folds(field)
            && self.indexed == field.indexed()
    }
}

/// The table of an object.
#[derive(Debug)]
pub struct Table {
    /// The quoted name.
    pub name: String,
    /// For each field of the definition its column, if it is stored.
    pub columns: Vec<Option<Column>>,
}

impl Table {
    /// The table of a definition; `name` quotes a name.
    pub fn new(entity: &EntityDefinition, name: fn(&str) -> String) -> Self {
        let mut stored = 0;
        let columns = entity
            .fields
            .iter()
            .map(|field| column(field, &mut stored, name));
        Self {
            name: name(&format!("record_{}", entity.name)),
            columns: columns.collect(),
        }
    }

    /// The table of an object as another store has it; `all` adds the columns of fields that were deleted.
    pub fn of_kept(kept: &KeptTable, all: bool, name: fn(&str) -> String) -> Self {
        let fields = kept.fields.iter().filter(|field| all || field.is_current);
        let columns = fields.zip(1..).map(|(field, result)| {
            Some(Column {
                field: FieldName::new(field.name.as_str()),
                name: name(&field.name),
                holds: field.holds,
                result,
                folds: field.index == Some(Comparison::Folded),
                indexed: field.index.is_some(),
            })
        });
        Self {
            name: name(&format!("record_{}", kept.entity)),
            columns: columns.collect(),
        }
    }

    /// The column of a field by its index.
    pub fn column(&self, field: usize) -> Option<&Column> {
        self.columns.get(field).and_then(Option::as_ref)
    }

    /// The columns that hold something else than the record's id, in the order of the table's statements.
    pub fn own_columns(&self) -> impl Iterator<Item = &Column> {
        let columns = self.columns.iter().flatten();
        columns.filter(|column| column.result > 0)
    }

    /// Whether this is the table of a definition, without making another.
    fn fits(&self, entity: &EntityDefinition) -> bool {
        let fields = entity.fields.iter();
        self.columns.len() == entity.fields.len()
            && fields.zip(&self.columns).all(|(field, column)| {
                column
                    .as_ref()
                    .map_or_else(|| !field.stored(), |column| column.fits(field))
            })
    }
}

fn column(field: &FieldDefinition, stored: &mut usize, name: fn(&str) -> String) -> Option<Column> {
    if !field.stored() {
        return None;
    }
    let (name, result) = if field.field_type == FieldType::Id {
        (ID.to_owned(), 0)
    } else {
        *stored += 1;
        (name(field.name.as_str()), *stored)
    };
    Some(Column {
        field: field.name.clone(),
        name,
        holds: ValueKind::of(field.field_type),
        result,
        folds: folds(field),
        indexed: field.indexed(),
    })
}

fn folds(field: &FieldDefinition) -> bool {
    ValueKind::of(field.field_type) == ValueKind::Text && !field.case_sensitive
}

/// A name as SQL spells it, whatever it consists of.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A table with the statements that a back end makes for it.
pub trait Layout {
    /// The layout of a definition.
    fn new(entity: &EntityDefinition) -> Self;

    /// The table.
    fn table(&self) -> &Table;
}

/// The layouts of objects. A layout follows from its definition, so those that are known are taken again.
#[derive(Debug)]
pub struct Layouts<L>(RwLock<HashMap<EntityName, Known<L>>>);

impl<L> Default for Layouts<L> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

#[derive(Debug)]
struct Known<L> {
    prepared: Option<Prepared<L>>,
    /// Whether the object has a table: it is made when the first record is written.
    has_table: bool,
    /// Those of other definitions, such as what some users see of it; the last one is the newest.
    others: Vec<Arc<L>>,
}

/// The definition in force, which is held, so that its address means this definition and no other, and its layout, which is
/// made when it is first needed.
#[derive(Debug)]
struct Prepared<L> {
    entity: Arc<EntityDefinition>,
    layout: OnceLock<Arc<L>>,
}

impl<L: Layout> Prepared<L> {
    fn layout(&self) -> &Arc<L> {
        self.layout.get_or_init(|| Arc::new(L::new(&self.entity)))
    }
}

impl<L> Default for Known<L> {
    fn default() -> Self {
        Self {
            prepared: None,
            has_table: false,
            others: Vec::new(),
        }
    }
}

impl<L: Layout> Known<L> {
    fn of(&self, entity: &EntityDefinition) -> Option<&Arc<L>> {
        let prepared = self.prepared.as_ref();
        if let Some(prepared) = prepared
            && std::ptr::eq(Arc::as_ptr(&prepared.entity), entity)
        {
            return Some(prepared.layout());
        }
        let layouts = prepared.map(Prepared::layout).into_iter();
        let mut known = layouts.chain(self.others.iter().rev());
        known.find(|layout| layout.table().fits(entity))
    }
}

impl<L: Layout> Layouts<L> {
    /// The layout of a definition whose object has a table; none if no record of it was ever written.
    pub fn existing(&self, entity: &EntityDefinition) -> Option<Arc<L>> {
        let (layout, has_table) = self.found(entity);
        has_table.then(|| layout.unwrap_or_else(|| self.made(entity)))
    }

    /// The layout of a definition, and whether its object has a table.
    pub fn of(&self, entity: &EntityDefinition) -> (Arc<L>, bool) {
        let (layout, has_table) = self.found(entity);
        (layout.unwrap_or_else(|| self.made(entity)), has_table)
    }

    fn found(&self, entity: &EntityDefinition) -> (Option<Arc<L>>, bool) {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let known = all.get(&entity.name);
        known.map_or((None, false), |known| {
            (known.of(entity).cloned(), known.has_table)
        })
    }

    fn made(&self, entity: &EntityDefinition) -> Arc<L> {
        let layout = Arc::new(L::new(entity));
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let others = &mut all.entry(entity.name.clone()).or_default().others;
        if others.len() >= LAYOUTS_OF_OBJECT_MAX {
            others.remove(0);
        }
        others.push(Arc::clone(&layout));
        layout
    }

    /// Keeps the definition that is in force, its layout if that has been made, and whether its object has a table.
    pub fn keep(&self, entity: &Arc<EntityDefinition>, layout: Option<Arc<L>>, has_table: bool) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let known = all.entry(entity.name.clone()).or_default();
        known.prepared = Some(Prepared {
            entity: Arc::clone(entity),
            layout: layout.map_or_else(OnceLock::new, OnceLock::from),
        });
        known.has_table = has_table;
    }

    /// Those of these objects that have no table yet, with the layouts of their definitions in force.
    pub fn without_table<'o>(
        &self,
        objects: impl IntoIterator<Item = &'o EntityName>,
    ) -> HashMap<EntityName, Arc<L>> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let without = objects.into_iter().filter_map(|object| {
            let known = all.get(object).filter(|known| !known.has_table)?;
            let layout = known.prepared.as_ref()?.layout();
            Some((object.clone(), Arc::clone(layout)))
        });
        without.collect()
    }

    /// Says that objects have tables.
    pub fn have_tables(&self, objects: impl IntoIterator<Item = EntityName>) {
        let mut objects = objects.into_iter().peekable();
        if objects.peek().is_none() {
            return;
        }
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for object in objects {
            all.entry(object).or_default().has_table = true;
        }
    }
}

#[cfg(test)]
mod tests {

    use super::*;

    impl Layout for Table {
        fn new(entity: &EntityDefinition) -> Self {
            Self::new(entity, quoted)
        }

        fn table(&self) -> &Table {
            self
        }
    }

    fn account() -> EntityDefinition {
        let mut entities = landfall_standard::entities().expect("valid").into_iter();
        let account = entities.find(|entity| entity.name.as_str() == "Account");
        account.expect("it is standard")
    }

    fn name(entity: &mut EntityDefinition) -> &mut FieldDefinition {
        let place = entity.index_of("Name").expect("it has one");
        entity.fields.get_mut(place).expect("it has one")
    }

    fn prepared() -> (Layouts<Table>, Arc<EntityDefinition>) {
        let layouts = Layouts::<Table>::default();
        let prepared = Arc::new(account());
        layouts.keep(&prepared, None, true);
        (layouts, prepared)
    }

    #[test]
    fn an_object_has_a_table_from_its_first_record_on() {
        let layouts = Layouts::<Table>::default();
        let account = Arc::new(account());
        layouts.keep(&account, Some(Arc::new(Layout::new(&account))), false);
        let objects = [&account.name, &account.name];
        assert!(layouts.existing(&account).is_none());
        let new: Vec<EntityName> = layouts.without_table(objects).into_keys().collect();
        assert_eq!(new, ["Account"].map(EntityName::new));
        layouts.have_tables(new);
        assert!(layouts.existing(&account).is_some());
        assert!(layouts.without_table(objects).is_empty());
    }

    #[test]
    fn an_equal_definition_has_the_same_layout() {
        let (layouts, prepared) = prepared();
        let (layout, _) = layouts.of(&prepared);
        assert!(Arc::ptr_eq(&layout, &layouts.of(&account()).0));
    }

    #[test]
    fn a_definition_that_differs_in_a_column_has_a_layout_of_its_own() {
        let (layouts, prepared) = prepared();
        let changes: [fn(&mut EntityDefinition); 5] = [
            |entity| drop(entity.fields.pop()),
            |entity| name(entity).name = FieldName::new("Other"),
            |entity| name(entity).case_sensitive ^= true,
            |entity| name(entity).field_type = FieldType::Boolean,
            |entity| entity.fields.swap(1, 2),
        ];
        for change in changes {
            let mut entity = account();
            change(&mut entity);
            let (layout, _) = layouts.of(&entity);
            assert!(!Arc::ptr_eq(&layout, &layouts.of(&prepared).0));
            assert!(Arc::ptr_eq(&layout, &layouts.of(&entity).0));
        }
        let all = layouts.0.read().expect("a lock");
        let others = &all.get(&prepared.name).expect("known").others;
        assert_eq!(others.len(), LAYOUTS_OF_OBJECT_MAX);
    }
}
