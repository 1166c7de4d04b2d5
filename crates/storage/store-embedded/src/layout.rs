//! How an object's rows are stored in its table: the statements for it.

use std::fmt::Write as _;

use landfall_model::EntityDefinition;
use landfall_relational::table;
pub(crate) use landfall_relational::table::{Column, ID, ROW_NUMBER, Table, quoted};

use crate::checksum::{CHECKSUM, ColumnSet};
use crate::value;

/// The layouts of objects.
pub(crate) type Layouts = table::Layouts<Layout>;

/// How a column's text compares in searches.
pub(crate) const fn collation(column: &Column) -> &'static str {
    if column.folds { "NOCASE" } else { "BINARY" }
}

/// The table of an object.
#[derive(Debug)]
pub(crate) struct Layout {
    /// The table and its columns.
    pub(crate) table: Table,
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
        Self::of(Table::new(entity, quoted), recent(entity))
    }

    /// The layout of a table; `recent` ends a statement that looks for the newest rows.
    pub(crate) fn of(table: Table, recent: String) -> Self {
        let mut names = ID.to_owned();
        let mut places = "?1".to_owned();
        let mut covered = ID.trim_matches('"').to_owned();
        for column in table.own_columns() {
            let _ = write!(names, ", {}", column.name);
            let _ = write!(places, ", ?{}", column.result + 1);
            let _ = write!(covered, "\n{}", column.name.trim_matches('"'));
        }
        let _ = write!(names, ", {CHECKSUM}");
        let stored = table.own_columns().count();
        let _ = write!(places, ", ?{}", stored + 2);
        let name = &table.name;
        let select = format!("SELECT {names} FROM {name}");
        Self {
            select_one: format!("{select} WHERE {ID} = ?1"),
            insert: format!("INSERT INTO {name} ({names}) VALUES ({places})"),
            recent,
            select,
            table,
            column_set: ColumnSet::of(&covered),
            covered,
        }
    }

    /// The place of the checksum in the result of [`Layout::select`].
    pub(crate) fn checksum_result(&self) -> usize {
        self.table.own_columns().count() + 1
    }

    /// What the table has to look like, as text: equal texts need no change of the table.
    pub(crate) fn fingerprint(&self) -> String {
        let mut text = format!("{CHECKSUM} {}\n", self.column_set.number());
        for column in self.table.own_columns() {
            let Column { name, holds, .. } = column;
            let declared = value::declared(*holds);
            let index = if column.indexed {
                collation(column)
            } else {
                "-"
            };
            let _ = writeln!(text, "{name} {declared} {index}");
        }
        text
    }
}

impl table::Layout for Layout {
    fn new(entity: &EntityDefinition) -> Self {
        Self::new(entity)
    }

    fn table(&self) -> &Table {
        &self.table
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
