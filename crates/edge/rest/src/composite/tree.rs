//! `POST /composite/tree/X`: new records with their children, level by level, all of them or none.
//!
//! Source: "sObject Tree", "sObject Tree Request Body", "sObject Tree Response Body", "Create Nested Records" (REST API
//! Developer Guide).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use axum::body::Body;
use landfall_engine::Change;
use landfall_http::json::{self, Content, Json};
use landfall_http::{Answer, Writer, json_body};
use landfall_model::limits::{
    REST_COLLECTION_RECORDS_MAX, REST_TREE_LEVELS_MAX, REST_TREE_TYPES_MAX,
};
use landfall_model::{
    ChildRelationship, EntityDefinition, Fault, FieldFault, ManyFault, RecordId, RequestFault,
    Value,
};
use landfall_sobject::input::{self, Fields, Intent};

use crate::call::Call;
use crate::collections::{check_count, of_one};
use crate::scope::Scope;
use crate::state::Shared;
use crate::{save, transaction};

/// A record as the request spells it.
struct Node<'b> {
    reference: &'b str,
    entity: Arc<EntityDefinition>,
    /// Place of its parent in the list, and of the field that leads to it.
    parent: Option<(usize, usize)>,
    level: usize,
    members: Vec<&'b (String, Json)>,
}

/// Records at fault, each with what is wrong with it.
type Failures<'b> = Vec<(&'b str, Fault)>;

/// Creates the trees.
pub(crate) async fn answer(
    shared: &Shared,
    call: &Call,
    root: &Arc<EntityDefinition>,
    body: Body,
) -> Result<Answer, Fault> {
    let bytes = json_body(&call.headers, body).await?;
    let body = json::Body::parse(&bytes)?;
    let records = records(&body)?;
    let (nodes, failures) = Reader { call, body: &body }.nodes(records, root)?;
    if !failures.is_empty() {
        return Ok(refused(&failures));
    }
    let mut failures = Vec::new();
    let mut plans = Vec::with_capacity(nodes.len());
    for node in &nodes {
        let members = node.members.iter().copied();
        let intent = Intent::Create;
        match input::fields(&body, members, call.catalog(), &node.entity, intent) {
            Ok(fields) => plans.push(fields),
            Err(Fault::Field(FieldFault::IdInBody)) => {
                failures.push((node.reference, Fault::Many(ManyFault::IdInInsert)));
            }
            Err(fault) => failures.push((node.reference, of_one(fault)?)),
        }
    }
    if !failures.is_empty() {
        return Ok(refused(&failures));
    }
    let joint = transaction::open(shared, call).await?;
    let within = Call {
        scope: Scope::Joint(Arc::clone(&joint)),
        ..call.clone()
    };
    let made = made(shared, &within, &nodes, plans).await;
    drop(within);
    transaction::end(shared, joint, matches!(made, Ok(Ok(_)))).await?;
    Ok(match made? {
        Ok(ids) => created(&nodes, &ids),
        Err(failures) => refused(&failures),
    })
}

/// Makes the records level by level; the ids, or what failed on the first level where something did.
async fn made<'b>(
    shared: &Shared,
    call: &Call,
    nodes: &[Node<'b>],
    plans: Vec<Fields>,
) -> Result<Result<Vec<RecordId>, Failures<'b>>, Fault> {
    let mut ids: Vec<RecordId> = Vec::with_capacity(nodes.len());
    let mut plans = plans.into_iter();
    for level in nodes.chunk_by(|left, right| left.level == right.level) {
        let mut changes = Vec::with_capacity(level.len());
        for (node, fields) in level.iter().zip(plans.by_ref()) {
            let change = change(shared, call, node, fields, &ids).await;
            changes.push(change.or_else(|fault| of_one(fault).map(Change::Refused))?);
        }
        let outcomes = transaction::commit(shared, call, changes, false).await?;
        let mut failures = Vec::new();
        for (node, outcome) in level.iter().zip(outcomes) {
            match outcome {
                Ok(saved) => ids.push(saved.id),
                Err(fault) => failures.push((node.reference, fault)),
            }
        }
        if !failures.is_empty() {
            return Ok(Err(failures));
        }
    }
    Ok(Ok(ids))
}

async fn change(
    shared: &Shared,
    call: &Call,
    node: &Node<'_>,
    fields: Fields,
    ids: &[RecordId],
) -> Result<Change, Fault> {
    let mut values = save::resolved(shared, call, &node.entity, fields).await?;
    if let Some((parent, place)) = node.parent
        && let Some(id) = ids.get(parent)
    {
        values.retain(|(index, _)| *index != place);
        values.push((place, Value::Id(*id)));
    }
    Ok(Change::Create {
        entity: Arc::clone(&node.entity),
        values,
    })
}

/// The records of the request, or of one relationship.
fn records<'b>(body: &'b json::Body<'_>) -> Result<&'b [Json], Fault> {
    let mut records: &[Json] = &[];
    for (name, value) in body.members()? {
        match (name.as_str(), &value.content) {
            ("records", Content::Array(items)) => records = items,
            ("records", _) => return Err(body.unexpected(value).into()),
            _ => return Err(body.unrecognized(name, value).into()),
        }
    }
    check_count(records.len(), REST_COLLECTION_RECORDS_MAX)?;
    Ok(records)
}

struct Reader<'b> {
    call: &'b Call,
    body: &'b json::Body<'b>,
}

impl<'b> Reader<'b> {
    /// All records, those of a level before those of the next, each after its parent.
    fn nodes(
        &self,
        roots: &'b [Json],
        root: &Arc<EntityDefinition>,
    ) -> Result<(Vec<Node<'b>>, Failures<'b>), Fault> {
        let (mut nodes, mut failures) = (Vec::new(), Vec::new());
        let mut level: Vec<(&Json, Expected)> = roots
            .iter()
            .map(|record| {
                let entity = Arc::clone(root);
                (
                    record,
                    Expected {
                        entity,
                        parent: None,
                    },
                )
            })
            .collect();
        let (mut depth, mut count) = (0, 0);
        while !level.is_empty() {
            depth += 1;
            count += level.len();
            check_count(count, REST_COLLECTION_RECORDS_MAX)?;
            if depth > REST_TREE_LEVELS_MAX {
                let most = REST_TREE_LEVELS_MAX;
                return Err(Fault::Many(ManyFault::LevelsTooMany { most }));
            }
            let mut next = Vec::new();
            for (record, expected) in level {
                let (node, children) = self.node(record, expected, depth, &mut failures)?;
                let place = nodes.len();
                for (relationship, records) in children {
                    let expected = self.expected(relationship, place)?;
                    next.extend(records.iter().map(|record| (record, expected.clone())));
                }
                nodes.push(node);
            }
            level = next;
        }
        let types: HashSet<_> = nodes.iter().map(|node| &node.entity.name).collect();
        if types.len() > REST_TREE_TYPES_MAX {
            let most = REST_TREE_TYPES_MAX;
            return Err(Fault::Many(ManyFault::TypesTooMany { most }));
        }
        repeated(&nodes, &mut failures);
        Ok((nodes, failures))
    }

    fn expected(&self, relationship: &ChildRelationship, parent: usize) -> Result<Expected, Fault> {
        let entity = self.call.catalog().entity(relationship.child.as_str());
        let entity = Arc::clone(entity.ok_or(Fault::Request(RequestFault::ResourceNotFound))?);
        let place = entity.index_of(relationship.field.as_str());
        let place = place.ok_or(Fault::Request(RequestFault::ResourceNotFound))?;
        Ok(Expected {
            entity,
            parent: Some((parent, place)),
        })
    }

    /// A record, and its children by the relationships that they are given for.
    #[expect(
        clippy::type_complexity,
        reason = "a pair of what two loops of the caller go through"
    )]
    fn node<'e>(
        &self,
        record: &'b Json,
        expected: Expected,
        level: usize,
        failures: &mut Failures<'b>,
    ) -> Result<(Node<'b>, Vec<(&'e ChildRelationship, &'b [Json])>), Fault>
    where
        'b: 'e,
    {
        let Content::Object(members) = &record.content else {
            return Err(self.body.unexpected(record).into());
        };
        let attributes = members.iter().find(|(name, _)| name == "attributes");
        let attributes = attributes.map(|(_, attributes)| attributes);
        let reference = attributes
            .and_then(|attributes| input::attribute(attributes, "referenceId"))
            .ok_or(Fault::Many(ManyFault::ReferenceIdMissing))?;
        match attributes.and_then(input::type_of) {
            None => failures.push((reference, Fault::Many(ManyFault::TypeMissing))),
            Some(name) if !name.eq_ignore_ascii_case(expected.entity.name.as_str()) => {
                let name = name.to_owned();
                failures.push((reference, Fault::Many(ManyFault::TypeUnknown { name })));
            }
            Some(_) => {}
        }
        let known = self.call.catalog().entity(expected.entity.name.as_str());
        let known: &'b Arc<EntityDefinition> =
            known.ok_or(Fault::Request(RequestFault::ResourceNotFound))?;
        let (mut own, mut children) = (Vec::with_capacity(members.len()), Vec::new());
        for member in members {
            let (name, value) = member;
            match input::child_named(known, name) {
                Some(_) if value.content == Content::Null => {}
                Some(relationship) => {
                    children.push((relationship, input::child_records(self.body, value)?));
                }
                None => own.push(member),
            }
        }
        let node = Node {
            reference,
            entity: expected.entity,
            parent: expected.parent,
            level,
            members: own,
        };
        Ok((node, children))
    }
}

/// What a place in the tree has room for.
#[derive(Clone)]
struct Expected {
    entity: Arc<EntityDefinition>,
    parent: Option<(usize, usize)>,
}

/// Every record whose id another one has, too.
fn repeated<'b>(nodes: &[Node<'b>], failures: &mut Failures<'b>) {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for node in nodes {
        *counts.entry(node.reference).or_default() += 1;
    }
    for node in nodes {
        if counts.get(node.reference).is_some_and(|count| *count > 1) {
            failures.push((node.reference, Fault::Many(ManyFault::ReferenceIdRepeated)));
        }
    }
}

fn created(nodes: &[Node<'_>], ids: &[RecordId]) -> Answer {
    let mut w = Writer::new();
    w.object(|w| {
        w.name("hasErrors").boolean(false);
        w.name("results").array(|w| {
            for (node, id) in nodes.iter().zip(ids) {
                w.object(|w| {
                    w.name("referenceId").string(node.reference);
                    w.name("id").string(id.as_str());
                });
            }
        });
    });
    Answer::enqueued(w.finish())
}

fn refused(failures: &[(&str, Fault)]) -> Answer {
    let mut w = Writer::new();
    w.object(|w| {
        w.name("hasErrors").boolean(true);
        w.name("results").array(|w| {
            for (reference, fault) in failures {
                w.object(|w| {
                    w.name("referenceId").string(reference);
                    w.name("errors").array(|w| save::write_error(w, fault));
                });
            }
        });
    });
    let faults = failures.iter().map(|(_, fault)| fault.clone());
    Answer::malformed(w.finish()).reporting(faults.collect())
}
