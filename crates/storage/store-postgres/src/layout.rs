//! How an object's rows are stored in its table: the statements for it.

use std::fmt::Write as _;

use landfall_model::EntityDefinition;
use landfall_model::limits::POSTGRES_NAME_BYTES_MAX;
use landfall_relational::query::Dialect;
use landfall_relational::table;
pub(crate) use landfall_relational::table::{Column, ID, ROW_NUMBER, Table, quoted};
use landfall_store::ValueKind;
use landfall_store::transfer::{Comparison, KeptField};

/// The layouts of objects.
pub(crate) type Layouts = table::Layouts<Layout>;

/// Bytes of a long name that are kept before the number that distinguishes it from others.
const NAME_BYTES_KEPT: usize = 46;

/// The table of an object.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(crate) table: Table,
    /// `SELECT` up to and with the table.
    pub(crate) select: String,
    /// The end of a statement that looks for the newest rows.
    pub(crate) recent: String,
}

/// Begins what a table was prepared for, as text, since that names the kinds of values.
const FINGERPRINT: &str = "form 2";

impl Layout {
    /// What the table has to look like, as text: equal texts need no change of the table. A move reads it too.
    pub(crate) fn fingerprint(&self) -> String {
        let mut text = format!("{FINGERPRINT}\n");
        for column in self.table.own_columns() {
            let index = match (column.indexed, column.folds) {
                (false, _) => "-",
                (true, true) => "folded",
                (true, false) => "exact",
            };
            let _ = writeln!(text, "{} {} {index}", column.name, column.holds);
        }
        text
    }
}

/// The fields of a table by what it was prepared for; none if an earlier version has noted that, or it is none.
pub(crate) fn fields_of(fingerprint: &str) -> Option<Vec<KeptField>> {
    let lines = fingerprint.strip_prefix(FINGERPRINT)?.strip_prefix('\n')?;
    lines.lines().map(field_of).collect()
}

fn field_of(line: &str) -> Option<KeptField> {
    let (name, rest) = line.strip_prefix('"')?.split_once("\" ")?;
    let (kind, index) = rest.rsplit_once(' ')?;
    let mut kinds = ValueKind::ALL.into_iter();
    Some(KeptField {
        name: name.to_owned(),
        holds: kinds.find(|holds| holds.to_string() == kind)?,
        index: match index {
            "-" => None,
            "folded" => Some(Comparison::Folded),
            "exact" => Some(Comparison::Exact),
            _ => return None,
        },
        is_current: true,
    })
}

impl table::Layout for Layout {
    fn new(entity: &EntityDefinition) -> Self {
        let table = Table::new(entity, name);
        let mut select = format!("SELECT {ID}");
        for column in table.own_columns() {
            let _ = write!(select, ", {}", column.name);
        }
        let _ = write!(select, " FROM {}", table.name);
        Self {
            recent: recent(entity),
            select,
            table,
        }
    }

    fn table(&self) -> &Table {
        &self.table
    }
}

/// The type of a column as it is declared.
pub(crate) const fn declared(kind: ValueKind) -> &'static str {
    match kind {
        ValueKind::Text | ValueKind::Id => "text COLLATE \"C\"",
        kind => Dialect::Postgres.type_of(kind),
    }
}

fn recent(entity: &EntityDefinition) -> String {
    let stored = |name| entity.field(name).is_some_and(|(_, field)| field.stored());
    let kept = if stored("IsDeleted") {
        "WHERE \"IsDeleted\" IS NOT TRUE "
    } else {
        ""
    };
    let order = if stored("LastModifiedDate") {
        "\"LastModifiedDate\" DESC NULLS LAST, "
    } else {
        ""
    };
    format!("{kept}ORDER BY {order}{ROW_NUMBER} DESC LIMIT $1::bigint")
}

/// A name in quotes. PostgreSQL cuts long names: those get a number that follows from the whole name.
pub(crate) fn name(name: &str) -> String {
    quoted(&short(name))
}

fn short(name: &str) -> String {
    if name.len() <= POSTGRES_NAME_BYTES_MAX {
        return name.to_owned();
    }
    let kept = name
        .char_indices()
        .map(|(at, letter)| at + letter.len_utf8());
    let kept = kept.take_while(|end| *end <= NAME_BYTES_KEPT).last();
    let kept = kept.and_then(|end| name.get(..end)).unwrap_or_default();
    format!("{kept}_{:016x}", hash(name))
}

/// FNV-1a of 64 bits. Stored for ever, in names.
fn hash(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use landfall_model::EntityName;
    use landfall_store::transfer::KeptTable;

    use super::*;

    #[test]
    fn a_move_reads_what_a_table_was_prepared_for() {
        let fields: Vec<KeptField> = ValueKind::ALL
            .into_iter()
            .zip(
                [None, Some(Comparison::Folded), Some(Comparison::Exact)]
                    .into_iter()
                    .cycle(),
            )
            .map(|(holds, index)| KeptField {
                name: format!("{holds}__c").replace(' ', ""),
                holds,
                index,
                is_current: true,
            })
            .collect();
        let kept = KeptTable {
            entity: EntityName::new("Thing__c"),
            fields,
        };
        let layout = Layout {
            table: Table::of_kept(&kept, true, name),
            select: String::new(),
            recent: String::new(),
        };
        assert_eq!(fields_of(&layout.fingerprint()), Some(kept.fields));
        assert_eq!(fields_of("\"Name\" text folded\n"), None);
    }

    #[test]
    fn long_names_stay_apart_and_fit() {
        assert_eq!(name("record_Account"), "\"record_Account\"");
        let long = |end: &str| short(&format!("record_{}{end}", "é".repeat(40)));
        let (one, two) = (long("one__c"), long("two__c"));
        assert_ne!(one, two);
        assert!(one.len() <= POSTGRES_NAME_BYTES_MAX, "{one}");
        assert_eq!(hash("a"), 0xaf63_dc4c_8601_ec8c);
    }
}
