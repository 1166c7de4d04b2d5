//! `PushTopics` and generic channels that a project declares: records in the files of its folder `data`.
//!
//! They follow the project as its definitions do. A record is found by its name. It is what the project says from when it
//! says so; what is changed since stays, until the project says something else. What the project says no more goes to the
//! recycle bin.
//! Source: "data Commands" (Salesforce CLI Command Reference) for the files; none for how they are kept in step.

use std::collections::BTreeMap;
use std::sync::Arc;

use landfall_data_file::{DataFile, FileRecord};
use landfall_engine::{Assignment, Change, Engine, OpenTransaction, Outcome};
use landfall_metadata::Problem;
use landfall_model::{Catalog, Fault, FieldFault, FieldName, RecordFault, RecordId, Value};
use tracing::info;

use super::declared_records::{DeclaredRecords, Entry, Key};
use crate::error::Error;
use crate::orgs::records::{administrator, id_of, problem, values};

/// The objects whose records say what can be subscribed to. Records of others are left to `landfall dev --seed`.
const OBJECTS: [&str; 2] = ["PushTopic", "StreamingChannel"];

/// The field that such a record is known by.
const NAME: &str = "Name";

/// A file of the project.
pub(super) struct File {
    pub(super) path: Arc<str>,
    pub(super) text: String,
}

impl File {
    /// Whether there can be a record in it that is looked for. All else that lies in the folder is for others.
    pub(super) fn is_ours(&self) -> bool {
        OBJECTS.iter().any(|object| self.text.contains(object))
    }
}

/// A record that the project declares.
struct Declared {
    path: Arc<str>,
    name: String,
    record: FileRecord,
}

/// Makes the records of the org those that the files declare.
///
/// # Errors
/// [`Error::Project`] with all that is wrong: the records are as before. [`Error::Engine`], [`Error::Incomplete`].
pub(super) async fn declare(engine: &Engine, files: &[File]) -> Result<(), Error> {
    let catalog = engine.catalog();
    let declared = declared(&catalog, files)?;
    let kept = DeclaredRecords::kept(engine).await?;
    if declared.is_empty() && kept.0.is_empty() {
        return Ok(());
    }
    let user = administrator(engine).await?;
    let open = engine.set_up(user).await?;
    let steps = steps(&open, &catalog, &declared, &kept).await?;
    let changes: Vec<Change> = steps
        .iter()
        .filter_map(|step| step.change.clone())
        .collect();
    let count = changes.len();
    let outcomes = open.apply(changes, true).await?;
    let next = settled(steps, outcomes)?;
    if next == kept {
        return Ok(());
    }
    open.commit_with(vec![next.document()]).await?;
    info!(
        records = next.0.len(),
        changes = count,
        "project records updated"
    );
    Ok(())
}

/// The records of the files; a name stands for one only.
fn declared(catalog: &Catalog, files: &[File]) -> Result<BTreeMap<Key, Declared>, Error> {
    let mut declared: BTreeMap<Key, Declared> = BTreeMap::new();
    let mut problems = Vec::new();
    for file in files {
        let path = &file.path;
        let wanted = |name: &str| {
            OBJECTS
                .iter()
                .any(|object| object.eq_ignore_ascii_case(name))
        };
        let read = DataFile::parse(&file.text).map_err(|refusal| vec![refusal]);
        let records = match read.and_then(|read| read.records(catalog, wanted)) {
            Ok(records) => records,
            Err(refusals) => {
                let told = refusals.iter();
                problems.extend(told.map(|refusal| problem(path, refusal.line, &refusal.fault)));
                continue;
            }
        };
        for record in records {
            let line = record.line;
            let Some(name) = name_of(&record) else {
                let fields = vec![FieldName::new(NAME)];
                problems.push(problem(
                    path,
                    line,
                    &Fault::Field(FieldFault::Required { fields }),
                ));
                continue;
            };
            let key = Key::new(record.entity.name.as_str(), &name);
            let path = Arc::clone(path);
            let record = Declared { path, name, record };
            if let Some(other) = declared.insert(key, record) {
                problems.push(Problem {
                    path: file.path.to_string(),
                    line,
                    reason: format!(
                        "{} is also in {}:{}",
                        other.name, other.path, other.record.line
                    ),
                });
            }
        }
    }
    if problems.is_empty() {
        Ok(declared)
    } else {
        Err(Error::Project { problems })
    }
}

fn name_of(record: &FileRecord) -> Option<String> {
    let place = record.entity.index_of(NAME)?;
    let mut values = record.values.iter();
    values.find_map(|(given, value)| match value {
        Value::Text(name) if *given == place => Some(name.clone()),
        _ => None,
    })
}

/// What has to be done about one record.
struct Step<'d> {
    /// None if it is what it should be.
    change: Option<Change>,
    /// The record if it is known before.
    id: Option<RecordId>,
    /// None for what the project says no more.
    declared: Option<(&'d Key, &'d Declared)>,
}

async fn steps<'d>(
    open: &OpenTransaction,
    catalog: &Catalog,
    declared: &'d BTreeMap<Key, Declared>,
    kept: &DeclaredRecords,
) -> Result<Vec<Step<'d>>, Error> {
    let mut steps = Vec::new();
    let gone = kept.0.iter().filter(|(key, _)| !declared.contains_key(key));
    for (key, entry) in gone {
        steps.extend(removal(open, catalog, key, entry).await?);
    }
    for (key, one) in declared {
        let there = found(open, one).await?;
        let said = kept
            .0
            .get(key)
            .is_some_and(|entry| entry.said == one.record.said);
        let change = if there.is_some() && said {
            None
        } else {
            let values = values(open, catalog, &one.record).await?;
            Some(match values {
                Ok(values) => put(one, there, values),
                Err(fault) => Change::Refused(fault),
            })
        };
        steps.push(Step {
            change,
            id: there,
            declared: Some((key, one)),
        });
    }
    Ok(steps)
}

/// The removal of a record, unless somebody was faster.
async fn removal<'d>(
    open: &OpenTransaction,
    catalog: &Catalog,
    key: &Key,
    entry: &Entry,
) -> Result<Option<Step<'d>>, Error> {
    let Some(entity) = catalog.entity(&key.object) else {
        return Ok(None);
    };
    let Some(place) = entity.index_of("Id") else {
        return Ok(None);
    };
    let live = open
        .rows_where(entity, place, Value::Id(entry.id), 1)
        .await?;
    Ok((!live.is_empty()).then(|| Step {
        change: Some(Change::Delete {
            entity: Arc::clone(entity),
            id: entry.id,
        }),
        id: Some(entry.id),
        declared: None,
    }))
}

/// The record of this name, if there is one.
async fn found(open: &OpenTransaction, one: &Declared) -> Result<Option<RecordId>, Error> {
    let entity = &one.record.entity;
    let Some(place) = entity.index_of(NAME) else {
        return Ok(None);
    };
    let name = Value::Text(one.name.clone());
    let rows = open.rows_where(entity, place, name.clone(), 2).await?;
    let mut same = rows.iter().filter(|row| row.get(place) == Some(&name));
    Ok(same.next().and_then(|row| id_of(entity, row)))
}

fn put(one: &Declared, there: Option<RecordId>, values: Vec<Assignment>) -> Change {
    let entity = Arc::clone(&one.record.entity);
    let Some(id) = there else {
        return Change::Create { entity, values };
    };
    // The name, by which it was found, is among the fields that may be given once only.
    let may_change = |place: usize| {
        let field = entity.fields.get(place);
        field.is_some_and(|field| field.updateable)
    };
    let values = values.into_iter().filter(|(place, _)| may_change(*place));
    Change::Update {
        values: values.collect(),
        entity,
        id,
        unmodified_since: None,
    }
}

/// The declared records after the steps.
fn settled(steps: Vec<Step<'_>>, outcomes: Vec<Outcome>) -> Result<DeclaredRecords, Error> {
    let (mut kept, mut problems) = (DeclaredRecords::default(), Vec::new());
    let mut outcomes = outcomes.into_iter();
    for step in steps {
        let outcome = step.change.as_ref().and_then(|_| outcomes.next());
        let made = match outcome {
            None => step.id,
            Some(Ok(saved)) => Some(saved.id),
            Some(Err(Fault::Record(RecordFault::RolledBack { .. }))) => None,
            Some(Err(fault)) => {
                problems.push(match step.declared {
                    Some((_, one)) => problem(&one.path, one.record.line, &fault),
                    None => problem(&"data".into(), 1, &fault),
                });
                None
            }
        };
        if let (Some(id), Some((key, one))) = (made, step.declared) {
            let said = one.record.said.clone();
            kept.0.insert(key.clone(), Entry { id, said });
        }
    }
    if problems.is_empty() {
        Ok(kept)
    } else {
        Err(Error::Project { problems })
    }
}
