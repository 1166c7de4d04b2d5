//! How an object's rows lie in its table: which column holds which field, and the statements for it.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, PoisonError, RwLock};

use landfall_model::limits::LAYOUTS_OF_OBJECT_MAX;
use landfall_model::{EntityDefinition, EntityName, FieldDefinition, FieldType};
use landfall_store::ValueKind;

use crate::checksum::{CHECKSUM, ColumnSet};
use crate::value;

/// The column with the record's id, the identity of a row.
pub(crate) const ID: &str = "\"Id\"";
/// The column with the number of the row: updates and indexes refer to it. No field can have this name.
pub(crate) const ROW_NUMBER: &str = "\"_row\"";

/// One stored field.
#[derive(Debug)]
pub(crate) struct Column {
    /// The quoted name.
    pub(crate) name: String,
    pub(crate) holds: ValueKind,
    /// Its place in the result of [`Layout::select`].
    pub(crate) result: usize,
    /// How text compares in searches.
    pub(crate) collation: &'static str,
    pub(crate) indexed: bool,
}

impl Column {
    /// Whether this is the column of a field.
    fn fits(&self, field: &FieldDefinition) -> bool {
        let name = self
            .name
            .strip_prefix('"')
            .and_then(|name| name.strip_suffix('"'));
        field.stored()
            && name == Some(field.name.as_str())
            && (self.result == 0) == (field.field_type == FieldType::Id)
            && self.holds == ValueKind::of(field.field_type)
            && self.collation == collation(field)
            && self.indexed == field.indexed()
    }
}

/// The table of an object.
#[derive(Debug)]
pub(crate) struct Layout {
    /// The quoted name of the table.
    pub(crate) table: String,
    /// For each field of the definition its column, if it is stored.
    pub(crate) columns: Vec<Option<Column>>,
    /// `SELECT` up to and with the table.
    pub(crate) select: String,
    /// `SELECT` of one row by id.
    pub(crate) select_one: String,
    /// `INSERT`: the id, every column but that, and the checksum.
    pub(crate) insert: String,
    /// What the checksum of a row covers: the names of the columns, in the order of its statements.
    pub(crate) covered: String,
    /// The number of that set.
    pub(crate) column_set: ColumnSet,
    /// The end of a statement that looks for the newest rows.
    pub(crate) recent: String,
}

impl Layout {
    pub(crate) fn new(entity: &EntityDefinition) -> Self {
        let table = table(&entity.name);
        let mut stored = 0;
        let columns: Vec<_> = entity
            .fields
            .iter()
            .map(|field| column(field, &mut stored))
            .collect();
        let mut names = ID.to_owned();
        let mut places = "?1".to_owned();
        let mut covered = ID.trim_matches('"').to_owned();
        for column in own(&columns) {
            let _ = write!(names, ", {}", column.name);
            let _ = write!(places, ", ?{}", column.result + 1);
            let _ = write!(covered, "\n{}", column.name.trim_matches('"'));
        }
        let _ = write!(names, ", {CHECKSUM}");
        let _ = write!(places, ", ?{}", stored + 2);
        let select = format!("SELECT {names} FROM {table}");
        Self {
            select_one: format!("{select} WHERE {ID} = ?1"),
            insert: format!("INSERT INTO {table} ({names}) VALUES ({places})"),
            recent: recent(entity),
            select,
            table,
            columns,
            column_set: ColumnSet::of(&covered),
            covered,
        }
    }

    /// Whether this is the layout of a definition, without making another.
    fn fits(&self, entity: &EntityDefinition) -> bool {
        let fields = entity.fields.iter();
        self.columns.len() == entity.fields.len()
            && fields.zip(&self.columns).all(|(field, column)| {
                column
                    .as_ref()
                    .map_or_else(|| !field.stored(), |column| column.fits(field))
            })
    }

    /// The place of the checksum in the result of [`Layout::select`].
    pub(crate) fn checksum_result(&self) -> usize {
        self.own_columns().count() + 1
    }

    /// The columns that hold something else than the record's id, in the order of the table's statements.
    pub(crate) fn own_columns(&self) -> impl Iterator<Item = &Column> {
        own(&self.columns)
    }

    /// What the table has to look like, as text: equal texts need no change of the table.
    pub(crate) fn fingerprint(&self) -> String {
        let mut text = format!("{CHECKSUM} {}\n", self.column_set.number());
        for column in self.own_columns() {
            let Column {
                name,
                holds,
                collation,
                indexed,
                ..
            } = column;
            let declared = value::declared(*holds);
            let index = if *indexed { collation } else { "-" };
            let _ = writeln!(text, "{name} {declared} {index}");
        }
        text
    }
}

fn own(columns: &[Option<Column>]) -> impl Iterator<Item = &Column> {
    columns.iter().flatten().filter(|column| column.result > 0)
}

fn column(field: &FieldDefinition, stored: &mut usize) -> Option<Column> {
    if !field.stored() {
        return None;
    }
    let (name, result) = if field.field_type == FieldType::Id {
        (ID.to_owned(), 0)
    } else {
        *stored += 1;
        (quoted(field.name.as_str()), *stored)
    };
    Some(Column {
        name,
        holds: ValueKind::of(field.field_type),
        result,
        collation: collation(field),
        indexed: field.indexed(),
    })
}

/// How a field's text compares in searches.
fn collation(field: &FieldDefinition) -> &'static str {
    let is_text = ValueKind::of(field.field_type) == ValueKind::Text;
    if is_text && !field.case_sensitive {
        "NOCASE"
    } else {
        "BINARY"
    }
}

fn recent(entity: &EntityDefinition) -> String {
    let stored = |name| entity.field(name).is_some_and(|(_, field)| field.stored());
    let kept = if stored("IsDeleted") {
        "WHERE \"IsDeleted\" IS NOT 1 "
    } else {
        ""
    };
    let order = if stored("LastModifiedDate") {
        "\"LastModifiedDate\" DESC, "
    } else {
        ""
    };
    format!("{kept}ORDER BY {order}{ROW_NUMBER} DESC LIMIT ?1")
}

/// The quoted name of an object's table.
pub(crate) fn table(entity: &EntityName) -> String {
    quoted(&format!("record_{entity}"))
}

/// A name as SQL spells it, whatever it consists of.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The layouts of objects. A layout follows from its definition, so those that are known are taken again.
#[derive(Debug, Default)]
pub(crate) struct Layouts(RwLock<HashMap<EntityName, Known>>);

#[derive(Debug, Default)]
struct Known {
    /// That of the definition in force, which is held, so that its address means this definition and no other.
    prepared: Option<(Arc<EntityDefinition>, Arc<Layout>)>,
    /// Those of other definitions, such as what some users see of it; the last one is the newest.
    others: Vec<Arc<Layout>>,
}

impl Known {
    fn of(&self, entity: &EntityDefinition) -> Option<&Arc<Layout>> {
        let prepared = self.prepared.as_ref();
        let (held, layouts) = (
            prepared.map(|(held, _)| held),
            prepared.map(|(_, layout)| layout),
        );
        if held.is_some_and(|held| std::ptr::eq(Arc::as_ptr(held), entity)) {
            return layouts;
        }
        let mut known = layouts.into_iter().chain(self.others.iter().rev());
        known.find(|layout| layout.fits(entity))
    }
}

impl Layouts {
    /// The layout of a definition.
    pub(crate) fn of(&self, entity: &EntityDefinition) -> Arc<Layout> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let known = all.get(&entity.name).and_then(|known| known.of(entity));
        if let Some(layout) = known {
            return Arc::clone(layout);
        }
        drop(all);
        let layout = Arc::new(Layout::new(entity));
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let others = &mut all.entry(entity.name.clone()).or_default().others;
        if others.len() >= LAYOUTS_OF_OBJECT_MAX {
            others.remove(0);
        }
        others.push(Arc::clone(&layout));
        layout
    }

    pub(crate) fn keep(&self, entity: &Arc<EntityDefinition>, layout: Arc<Layout>) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let known = all.entry(entity.name.clone()).or_default();
        known.prepared = Some((Arc::clone(entity), layout));
    }
}

#[cfg(test)]
mod tests {
    use landfall_model::FieldName;

    use super::*;

    fn account() -> EntityDefinition {
        let mut entities = landfall_standard::entities().expect("valid").into_iter();
        let account = entities.find(|entity| entity.name.as_str() == "Account");
        account.expect("it is standard")
    }

    fn name(entity: &mut EntityDefinition) -> &mut FieldDefinition {
        let place = entity.index_of("Name").expect("it has one");
        &mut entity.fields[place]
    }

    #[test]
    fn an_equal_definition_has_the_same_layout() {
        let layouts = Layouts::default();
        let prepared = Arc::new(account());
        layouts.keep(&prepared, Arc::new(Layout::new(&prepared)));
        let layout = layouts.of(&prepared);
        assert!(Arc::ptr_eq(&layout, &layouts.of(&account())));
    }

    #[test]
    fn a_definition_that_differs_in_a_column_has_a_layout_of_its_own() {
        let layouts = Layouts::default();
        let prepared = Arc::new(account());
        layouts.keep(&prepared, Arc::new(Layout::new(&prepared)));
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
            let layout = layouts.of(&entity);
            assert_eq!(layout.select, Layout::new(&entity).select);
            assert!(!Arc::ptr_eq(&layout, &layouts.of(&prepared)));
            assert!(Arc::ptr_eq(&layout, &layouts.of(&entity)));
        }
        let all = layouts.0.read().expect("a lock");
        let others = &all[&prepared.name].others;
        assert_eq!(others.len(), LAYOUTS_OF_OBJECT_MAX);
    }
}
