//! How an object's rows lie in its table: which column holds which field, and the statements for it.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, PoisonError, RwLock};

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
    let holds = ValueKind::of(field.field_type);
    let is_text = holds == ValueKind::Text;
    let collation = if is_text && !field.case_sensitive {
        "NOCASE"
    } else {
        "BINARY"
    };
    let (name, result) = if field.field_type == FieldType::Id {
        (ID.to_owned(), 0)
    } else {
        *stored += 1;
        (quoted(field.name.as_str()), *stored)
    };
    Some(Column {
        name,
        holds,
        result,
        collation,
        indexed: field.indexed(),
    })
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

/// The layouts of the prepared objects.
#[derive(Debug, Default)]
pub(crate) struct Layouts(RwLock<HashMap<EntityName, Known>>);

#[derive(Debug)]
struct Known {
    /// Held, so that its address means this definition and no other.
    entity: Arc<EntityDefinition>,
    layout: Arc<Layout>,
}

impl Layouts {
    /// The layout of this very definition.
    pub(crate) fn of(&self, entity: &EntityDefinition) -> Arc<Layout> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        match known.get(&entity.name) {
            Some(known) if std::ptr::eq(Arc::as_ptr(&known.entity), entity) => {
                Arc::clone(&known.layout)
            }
            _ => Arc::new(Layout::new(entity)),
        }
    }

    pub(crate) fn keep(&self, entity: &Arc<EntityDefinition>, layout: Arc<Layout>) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let entity = Arc::clone(entity);
        known.insert(entity.name.clone(), Known { entity, layout });
    }
}
