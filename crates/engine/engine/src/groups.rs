//! Queues and public groups: from components to the rows of the objects `Group` and `QueueSobject`.
//!
//! A row has the id of its component; a group that somebody has created as a record becomes that of the component with
//! its name. A group whose component is gone keeps its row, since records may be owned by it, and serves no object.
//! Source: "`Group`", "`QueueSobject`" (Object Reference); what happens to the row: none.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use landfall_metadata::{Group, Kind};
use landfall_model::{Catalog, EntityDefinition, EntityName, RecordId, Timestamp, Value};
use landfall_store::{Reads, RowRemoval, RowWrite};

use crate::components::{Components, Key, key};
use crate::error::Error;
use crate::numbers::Numbers;
use crate::rows::{changed, entity, new_row, read};

pub(crate) const GROUP: &str = "Group";

/// The object whose records say which objects a queue serves.
pub(crate) const SERVED: &str = "QueueSobject";
pub(crate) const SERVED_BY: &str = "QueueId";
pub(crate) const SERVED_OBJECT: &str = "SobjectType";

/// The kinds of components, and the `Type` of their records.
const TYPES: [(Kind, &str); 2] = [(Kind::Queue, "Queue"), (Kind::Group, "Regular")];

/// The changes of rows that components lead to.
type Changes = (Vec<RowWrite>, Vec<RowRemoval>);

/// The ids of the groups that there are, by the components that they are or were of, or can become.
pub(crate) fn ids_of_rows(
    reads: &dyn Reads,
    catalog: &Catalog,
) -> Result<HashMap<Key, RecordId>, Error> {
    let groups = entity(catalog, GROUP)?;
    let text = |row, field| read(row, groups.index_of(field)).as_text();
    let rows = reads.recent_rows(groups, usize::MAX)?;
    let ids = rows.iter().filter_map(|row| {
        let of = text(row, "Type")?;
        let (kind, _) = TYPES.into_iter().find(|(_, name)| *name == of)?;
        let name = text(row, "DeveloperName")?;
        Some((key(kind, name), read(row, groups.index_of("Id")).as_id()?))
    });
    Ok(ids.collect())
}

/// What the components of an org declare.
pub(crate) struct Declared<'d> {
    pub(crate) groups: &'d [Group],
    /// The components of before.
    pub(crate) earlier: &'d Components,
    /// The ids of the components as they are to be.
    pub(crate) ids: &'d HashMap<Key, RecordId>,
}

impl Declared<'_> {
    /// The changes that bring the rows in step with the components.
    pub(crate) fn changes(
        &self,
        reads: &dyn Reads,
        catalog: &Catalog,
        numbers: &mut Numbers,
        now: Timestamp,
    ) -> Result<Changes, Error> {
        let now = now.whole_second();
        let (mut writes, mut removals) = Changes::default();
        let groups = entity(catalog, GROUP)?;
        for group in self.groups {
            let Some(id) = self.ids.get(&key(group.kind, &group.developer_name)) else {
                continue;
            };
            let values = values(group);
            writes.extend(match reads.row(groups, *id)? {
                Some(row) => changed(groups, *id, row, values, now),
                None => Some(new_row(groups, *id, now, |field| {
                    let mut values = values.iter();
                    let value = values.find(|(name, _)| *name == field);
                    value.map(|(_, value)| value.clone())
                })),
            });
            let objects = group.objects.iter().map(EntityName::as_str);
            let (rows, gone) = served(reads, catalog, *id, objects.collect(), numbers, now)?;
            writes.extend(rows);
            removals.extend(gone);
        }
        for earlier in self.earlier.of(Kind::Queue) {
            if !self.ids.contains_key(&key(Kind::Queue, &earlier.part.name)) {
                let none = HashSet::new();
                let (_, gone) = served(reads, catalog, earlier.id, none, numbers, now)?;
                removals.extend(gone);
            }
        }
        Ok((writes, removals))
    }
}

fn values(group: &Group) -> Vec<(&'static str, Value)> {
    let text = |text: &str| Value::Text(text.to_owned());
    let optional = |value: &Option<String>| value.as_deref().map_or(Value::Null, text);
    let mut types = TYPES.into_iter();
    let of = types.find(|(kind, _)| *kind == group.kind);
    vec![
        ("Name", text(&group.label)),
        ("DeveloperName", text(&group.developer_name)),
        ("Type", of.map_or(Value::Null, |(_, name)| text(name))),
        ("Email", optional(&group.email)),
        ("Description", optional(&group.description)),
        ("DoesSendEmailToMembers", Value::Boolean(group.sends_email)),
        ("DoesIncludeBosses", Value::Boolean(group.includes_bosses)),
    ]
}

/// The changes that let a queue own the records of these objects, and of no others.
fn served(
    reads: &dyn Reads,
    catalog: &Catalog,
    queue: RecordId,
    mut objects: HashSet<&str>,
    numbers: &mut Numbers,
    now: Timestamp,
) -> Result<Changes, Error> {
    let served: &Arc<EntityDefinition> = entity(catalog, SERVED)?;
    let (mut writes, mut removals) = Changes::default();
    let Some(owner) = served.index_of(SERVED_BY) else {
        return Ok((writes, removals));
    };
    for row in reads.rows_where(served, owner, &Value::Id(queue), usize::MAX)? {
        let of = read(&row, served.index_of(SERVED_OBJECT)).as_text();
        let stays = of.is_some_and(|name| objects.remove(name));
        if let (false, Some(id)) = (stays, read(&row, served.index_of("Id")).as_id()) {
            let entity = Arc::clone(served);
            removals.push(RowRemoval { entity, id });
        }
    }
    let mut objects: Vec<&str> = objects.into_iter().collect();
    objects.sort_unstable();
    for object in objects {
        let id = numbers.record_id(served.key_prefix);
        writes.push(new_row(served, id, now, |field| match field {
            SERVED_BY => Some(Value::Id(queue)),
            SERVED_OBJECT => Some(Value::Text(object.to_owned())),
            _ => None,
        }));
    }
    Ok((writes, removals))
}
