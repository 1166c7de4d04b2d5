//! Which fields of a record are asked for, and the rows that they lead to.
//!
//! Source: "Get Field Values from a Standard Object Record" (REST API Developer Guide); `Owner.Name` also works there.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use landfall_model::limits::{REST_FIELDS_MAX, REST_PATH_STEPS_MAX};
use landfall_model::{Catalog, EntityDefinition, Fault, FieldFault, RecordId, Row, Value};
use landfall_sobject::input::reference_named;
use landfall_sobject::record_json::is_deleted;

use crate::scope::Records;

/// One thing to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    /// A field, by its declared name.
    Field(String),
    /// Things of the record that a reference leads to.
    Parent {
        /// Declared name of the relationship.
        name: String,
        /// Place of the reference field.
        reference: usize,
        /// What to show of it.
        nodes: Vec<Self>,
    },
}

/// A row with the rows that its selection leads to.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) entity: Arc<EntityDefinition>,
    pub(crate) row: Row,
    /// For each [`Node::Parent`] in order; `None` where the reference is empty.
    pub(crate) parents: Vec<Option<Self>>,
}

/// All fields in describe order.
pub(crate) fn everything(entity: &EntityDefinition) -> Vec<Node> {
    entity
        .fields
        .iter()
        .map(|field| Node::Field(field.name.to_string()))
        .collect()
}

/// Reads a `fields` parameter: names and paths separated by commas. The id is always shown.
///
/// # Errors
/// [`FieldFault::Unknown`].
pub(crate) fn parse(
    catalog: &Catalog,
    entity: &EntityDefinition,
    fields: &str,
) -> Result<Vec<Node>, Fault> {
    let mut nodes = Vec::new();
    let paths = fields
        .split(',')
        .map(str::trim)
        .filter(|path| !path.is_empty());
    for path in paths.take(REST_FIELDS_MAX) {
        let steps: Vec<&str> = path.split('.').collect();
        if steps.len() > REST_PATH_STEPS_MAX + 1 {
            return Err(unknown(entity, path));
        }
        add(catalog, entity, &steps, &mut nodes).map_err(|()| unknown(entity, path))?;
    }
    add(catalog, entity, &["Id"], &mut nodes).map_err(|()| unknown(entity, "Id"))?;
    Ok(nodes)
}

fn add(
    catalog: &Catalog,
    entity: &EntityDefinition,
    steps: &[&str],
    nodes: &mut Vec<Node>,
) -> Result<(), ()> {
    match steps {
        [] => Err(()),
        [field] => {
            let (_, field) = entity.field(field).ok_or(())?;
            let node = Node::Field(field.name.to_string());
            if !nodes.contains(&node) {
                nodes.push(node);
            }
            Ok(())
        }
        [relationship, rest @ ..] => {
            let (reference, field) = reference_named(entity, relationship).ok_or(())?;
            let target = field
                .reference_to
                .iter()
                .find_map(|target| catalog.entity(target.as_str()))
                .ok_or(())?;
            let known = nodes.iter().position(
                |node| matches!(node, Node::Parent { reference: place, .. } if *place == reference),
            );
            let place = known.unwrap_or_else(|| {
                nodes.push(Node::Parent {
                    name: field.relationship_name.clone().unwrap_or_default(),
                    reference,
                    nodes: Vec::new(),
                });
                nodes.len() - 1
            });
            match nodes.get_mut(place) {
                Some(Node::Parent { nodes, .. }) => add(catalog, target, rest, nodes),
                Some(Node::Field(_)) | None => Err(()),
            }
        }
    }
}

/// Reads the rows that the selection leads to.
///
/// # Errors
/// What the store says.
pub(crate) fn load<'a>(
    records: Records<'a>,
    catalog: &'a Catalog,
    entity: &'a Arc<EntityDefinition>,
    row: Row,
    nodes: &'a [Node],
) -> Pin<Box<dyn Future<Output = Result<Loaded, Fault>> + Send + 'a>> {
    Box::pin(async move {
        let row = records.with_formulas(entity, row).await?;
        let mut parents = Vec::new();
        for node in nodes {
            let Node::Parent {
                reference, nodes, ..
            } = node
            else {
                continue;
            };
            parents.push(match row.get(*reference) {
                Some(Value::Id(id)) => parent(records, catalog, *id, nodes).await?,
                _ => None,
            });
        }
        Ok(Loaded {
            entity: Arc::clone(entity),
            row,
            parents,
        })
    })
}

async fn parent(
    records: Records<'_>,
    catalog: &Catalog,
    id: RecordId,
    nodes: &[Node],
) -> Result<Option<Loaded>, Fault> {
    let Some(target) = catalog.entity_of(id.prefix()) else {
        return Ok(None);
    };
    match records.row(target, id).await? {
        Some(row) if !is_deleted(target, &row) => {
            load(records, catalog, target, row, nodes).await.map(Some)
        }
        _ => Ok(None),
    }
}

fn unknown(entity: &EntityDefinition, field: &str) -> Fault {
    Fault::Field(FieldFault::Unknown {
        field: field.to_owned(),
        entity: entity.name.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use landfall_test_org::definitions;

    fn parsed(fields: &str) -> Result<Vec<Node>, Fault> {
        let catalog = definitions::catalog();
        let entity = catalog.entity("Thing").expect("in the fixture");
        parse(&catalog, entity, fields)
    }

    #[test]
    fn paths_of_one_relationship_are_one_parent() {
        let nodes = parsed("parent.NAME, Parent.Parent.Amount,Id").expect("valid");
        let [Node::Parent { name, nodes, .. }, Node::Field(id)] = nodes.as_slice() else {
            panic!("{nodes:?}");
        };
        assert_eq!(
            (name.as_str(), id.as_str(), nodes.len()),
            ("Parent", "Id", 2)
        );
    }

    #[test]
    fn a_path_that_leads_nowhere_is_an_unknown_field() {
        for path in [
            "foo",
            "Nope.Name",
            "Parent.Nope",
            "Parent.",
            ".",
            "Name.Parent",
        ] {
            assert!(
                matches!(parsed(path), Err(Fault::Field(FieldFault::Unknown { field, .. })) if field == path),
                "{path}"
            );
        }
        let long = "Parent.".repeat(REST_PATH_STEPS_MAX + 1) + "Name";
        assert!(parsed(&long).is_err());
        assert!(parsed(&"Parent.".repeat(2_000)).is_err());
    }
}
