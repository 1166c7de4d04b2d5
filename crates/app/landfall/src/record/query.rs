//! `landfall record query`: a table, or JSON.

use clap::Args;
use landfall_client::Method;
use serde_json::{Value, json};

use crate::control::segment;
use crate::outcome::{Coded, Ended, Exit, Failure, conclude, say, say_data};
use crate::rest::{Rest, RestOptions};

/// Records that are printed as one JSON object: all of them are in memory.
const JSON_RECORDS_MAX: usize = 200_000;

#[derive(Args)]
pub(crate) struct QueryOptions {
    /// Statement in SOQL
    #[arg(value_name = "SOQL")]
    statement: String,
    /// Include deleted records
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    options: RestOptions,
}

pub(super) async fn run(options: QueryOptions) -> Ended {
    if options.options.json {
        let result = collected(&options).await;
        return conclude("record query", true, result, |_| Vec::new());
    }
    match printed(&options).await {
        Ok(exit) => Ok(exit),
        Err(error) => Err(error.failure),
    }
}

/// The pages of a result, one after another.
struct Pages {
    rest: Rest,
    next: Option<String>,
}

impl Pages {
    async fn open(options: &QueryOptions) -> Result<Self, Coded> {
        let resource = if options.all { "queryAll" } else { "query" };
        Ok(Self {
            rest: Rest::open(&options.options).await?,
            next: Some(format!("{resource}?q={}", segment(&options.statement))),
        })
    }

    async fn next(&mut self) -> Result<Option<Value>, Coded> {
        let Some(path) = self.next.take() else {
            return Ok(None);
        };
        let page = self.rest.call(Method::GET, &path, None).await?;
        let next = page.get("nextRecordsUrl").and_then(Value::as_str);
        self.next = next.map(str::to_owned);
        Ok(Some(page))
    }
}

async fn collected(options: &QueryOptions) -> Result<Value, Coded> {
    let mut pages = Pages::open(options).await?;
    let mut records = Vec::new();
    let mut total = Value::Null;
    while let Some(page) = pages.next().await? {
        total = page.get("totalSize").cloned().unwrap_or_default();
        let more = page.get("records").and_then(Value::as_array);
        records.extend(more.into_iter().flatten().cloned());
        if records.len() > JSON_RECORDS_MAX {
            let what = format!("more than {JSON_RECORDS_MAX} records do not go into one object");
            return Err(Failure::new(what)
                .hint("leave --json out, or add LIMIT")
                .into());
        }
    }
    Ok(json!({ "totalSize": total, "records": records }))
}

/// Prints page by page; the columns are as wide as those of the first page need to be.
async fn printed(options: &QueryOptions) -> Result<Exit, Coded> {
    let mut pages = Pages::open(options).await?;
    let mut columns: Option<Columns> = None;
    let mut count = 0;
    while let Some(page) = pages.next().await? {
        let records = page.get("records").and_then(Value::as_array);
        let rows: Vec<Vec<(String, String)>> = records.into_iter().flatten().map(row).collect();
        if rows.is_empty() && columns.is_none() {
            // `SELECT COUNT()` has no records.
            let total = page.get("totalSize").unwrap_or(&Value::Null);
            say(&format!("{total} records"));
            return Ok(Exit::Done);
        }
        count += rows.len();
        let lines = if let Some(columns) = &columns {
            columns.lines(&rows)
        } else {
            let columns = columns.insert(Columns::of(&rows, &options.statement));
            [vec![columns.titles()], columns.lines(&rows)].concat()
        };
        say_data(&lines.join("\n"))?;
    }
    let noun = if count == 1 { "record" } else { "records" };
    say(&format!("{count} {noun}"));
    Ok(Exit::Done)
}

/// Names and widths.
struct Columns(Vec<(String, usize)>);

impl Columns {
    /// In the order of the statement: that of an answer is lost with its objects.
    fn of(rows: &[Vec<(String, String)>], statement: &str) -> Self {
        let mut columns: Vec<(String, usize)> = Vec::new();
        for (name, cell) in rows.iter().flatten() {
            let width = cell.chars().count();
            match columns.iter_mut().find(|(known, _)| known == name) {
                Some((_, widest)) => *widest = width.max(*widest),
                None => columns.push((name.clone(), width.max(name.chars().count()))),
            }
        }
        columns.sort_by_key(|(name, _)| place(statement, name));
        Self(columns)
    }

    fn titles(&self) -> String {
        let cells = self.0.iter().map(|(name, width)| format!("{name:width$}"));
        joined(cells)
    }

    fn lines(&self, rows: &[Vec<(String, String)>]) -> Vec<String> {
        let line = |row: &Vec<(String, String)>| {
            joined(self.0.iter().map(|(name, width)| {
                let cell = row.iter().find(|(known, _)| known == name);
                let cell = cell.map_or("", |(_, cell)| cell.as_str());
                format!("{cell:width$}")
            }))
        };
        rows.iter().map(line).collect()
    }
}

/// Where a statement names a column; what it does not name, such as an aggregate without an alias, is last.
fn place(statement: &str, name: &str) -> usize {
    let is_of_name = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '.';
    let mut start = 0;
    for word in statement.split(|letter| !is_of_name(letter)) {
        if word.eq_ignore_ascii_case(name) {
            return start;
        }
        start += word.len() + 1;
    }
    usize::MAX
}

fn joined(cells: impl Iterator<Item = String>) -> String {
    let cells: Vec<String> = cells.collect();
    cells.join("  ").trim_end().to_owned()
}

/// The columns of a record; those of its parents have the name of the relationship before theirs.
fn row(record: &Value) -> Vec<(String, String)> {
    let mut cells = Vec::new();
    add("", record, &mut cells);
    cells
}

fn add(prefix: &str, record: &Value, cells: &mut Vec<(String, String)>) {
    let members = record.as_object().into_iter().flatten();
    for (name, value) in members.filter(|(name, _)| *name != "attributes") {
        let name = format!("{prefix}{name}");
        if value.get("attributes").is_some() {
            add(&format!("{name}."), value, cells);
        } else {
            cells.push((name, cell(value)));
        }
    }
}

/// A value in one line.
pub(super) fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.replace(['\r', '\n', '\t'], " "),
        Value::Object(children) if children.contains_key("totalSize") => {
            format!("{} records", children["totalSize"])
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_are_columns_and_children_are_counted() {
        let record = json!({
            "attributes": {}, "Name": "A\nB",
            "Owner": { "attributes": {}, "Alias": "x", "Manager": null },
            "Contacts": { "totalSize": 2, "records": [] },
        });
        let rows = [row(&record), row(&json!({ "attributes": {}, "Name": "C" }))];
        let statement =
            "SELECT name, (SELECT Id FROM Contacts), Owner.Alias, Owner.Manager FROM Account";
        let columns = Columns::of(&rows, statement);
        let titles: Vec<String> = columns
            .titles()
            .split_whitespace()
            .map(str::to_owned)
            .collect();
        assert_eq!(titles, ["Name", "Contacts", "Owner.Alias", "Owner.Manager"]);
        let lines = columns.lines(&rows);
        assert_eq!(lines, ["A B   2 records  x", "C"]);
    }
}
