//! `/tooling/sobjects/CustomField`: custom fields one by one, as deployments create, change and delete them.
//!
//! `Metadata` has the members of the metadata type. They become the elements of a component, which is compiled like one of
//! a deployment.
//! Source: "`CustomField`" (Tooling API Developer Guide, Metadata API Developer Guide).

use axum::body::Body;
use landfall_engine::{Definitions, Kind, Node, NodeContent, Part, Step};
use landfall_http::json::{self, Content, Json};
use landfall_http::{Answer, Call, Writer};
use landfall_model::{Fault, RecordFault, RecordId, SetupFault};

use crate::component::{self, Object, amend, required};
use crate::setup::Setup;
use crate::virtual_object::custom_object::{FIELD_COLUMNS, FIELD_OBJECT};
use crate::virtual_object::rows::FieldRow;

const COMPONENT: Object<FieldRow, Vec<Node>> = Object {
    name: FIELD_OBJECT,
    columns: FIELD_COLUMNS,
    member,
};

/// The members of `Metadata`, in the order in which records have them.
const MEMBERS: &[&str] = &[
    "caseSensitive",
    "complianceGroup",
    "defaultValue",
    "deleteConstraint",
    "deprecated",
    "description",
    "displayFormat",
    "displayLocationInDecimal",
    "elementType",
    "escapeMarkup",
    "externalDeveloperName",
    "externalId",
    "formula",
    "formulaTreatBlanksAs",
    "inlineHelpText",
    "isAIPredictionField",
    "isFilteringDisabled",
    "isNameField",
    "isSortingDisabled",
    "label",
    "length",
    "lookupFilter",
    "maskChar",
    "maskType",
    "picklist",
    "populateExistingRows",
    "precision",
    "readOnlyProxy",
    "referenceTo",
    "relationshipLabel",
    "relationshipName",
    "relationshipOrder",
    "reparentableMasterDetail",
    "required",
    "restrictedAdminField",
    "scale",
    "securityClassification",
    "startingNumber",
    "stripMarkup",
    "summarizedField",
    "summaryFilterItems",
    "summaryForeignKey",
    "summaryOperation",
    "trackFeedHistory",
    "trackHistory",
    "trackTrending",
    "type",
    "unique",
    "valueSet",
    "visibleLines",
    "writeRequiresMasterRead",
];

/// Members that are lists, however many there are.
const LISTS: &[&str] = &[
    "controllingFieldValue",
    "filterItems",
    "summaryFilterItems",
    "value",
    "valueSettings",
];

const FLAGS: &[&str] = &[
    "active",
    "caseSensitive",
    "default",
    "deprecated",
    "displayLocationInDecimal",
    "escapeMarkup",
    "externalId",
    "isAIPredictionField",
    "isActive",
    "isFilteringDisabled",
    "isNameField",
    "isOptional",
    "isSortingDisabled",
    "populateExistingRows",
    "reparentableMasterDetail",
    "required",
    "restricted",
    "restrictedAdminField",
    "sorted",
    "stripMarkup",
    "trackFeedHistory",
    "trackHistory",
    "trackTrending",
    "unique",
    "writeRequiresMasterRead",
];

const NUMBERS: &[&str] = &[
    "length",
    "precision",
    "relationshipOrder",
    "scale",
    "startingNumber",
    "visibleLines",
];

/// What names a value of a picklist: so in records, and so in components.
const VALUE_NAME: (&str, &str) = ("valueName", "fullName");

/// `Metadata` of a component; null without one, as of a shipped field.
pub(crate) fn metadata(part: Option<&Part>) -> String {
    let mut w = Writer::new();
    match part.and_then(Part::nodes) {
        None => w.null(),
        Some(nodes) => w.object(|w| {
            for name in MEMBERS {
                w.name(name);
                write_member(w, name, &nodes);
            }
        }),
    }
    w.finish()
}

/// Writes what the elements of a name say: a list, one value or null.
fn write_member(w: &mut Writer, name: &str, nodes: &[Node]) {
    let mut named = nodes.iter().filter(|node| node.name == name);
    if LISTS.contains(&name) && named.clone().next().is_some() {
        w.array(|w| named.for_each(|node| write_content(w, node)));
    } else if let Some(node) = named.next() {
        write_content(w, node);
    } else {
        w.null();
    }
}

fn write_content(w: &mut Writer, node: &Node) {
    match &node.content {
        NodeContent::Text(text) => {
            let name = node.name.as_str();
            if FLAGS.contains(&name) {
                w.boolean(text == "true");
            } else if let (true, Ok(number)) = (NUMBERS.contains(&name), text.parse::<i64>()) {
                w.integer(number);
            } else {
                w.string(text);
            }
        }
        NodeContent::Nodes(nodes) => w.object(|w| {
            for (index, inner) in nodes.iter().enumerate() {
                let mut before = nodes.iter().take(index);
                if before.any(|earlier| earlier.name == inner.name) {
                    continue;
                }
                let (shown, kept) = VALUE_NAME;
                let is_name = node.name == "value" && inner.name == kept;
                w.name(if is_name { shown } else { inner.name.as_str() });
                write_member(w, &inner.name, nodes);
            }
        }),
    }
}

/// Reads a member of `Metadata`.
fn member(
    body: &json::Body<'_>,
    name: &str,
    value: &Json,
    nodes: &mut Vec<Node>,
) -> Result<bool, Fault> {
    if !MEMBERS.contains(&name) {
        return Ok(false);
    }
    append(body, name, value, nodes)?;
    Ok(true)
}

/// Appends a value as elements of a name: a list as many, null as none.
fn append(
    body: &json::Body<'_>,
    name: &str,
    value: &Json,
    nodes: &mut Vec<Node>,
) -> Result<(), Fault> {
    let content = match &value.content {
        Content::Null => return Ok(()),
        Content::Array(items) => {
            for item in items {
                if let Content::Array(_) = item.content {
                    return Err(body.unexpected(item).into());
                }
                append(body, name, item, nodes)?;
            }
            return Ok(());
        }
        Content::Boolean(flag) => NodeContent::Text(flag.to_string()),
        Content::Number(text) | Content::Text(text) => NodeContent::Text(text.clone()),
        Content::Object(members) => {
            let mut inner = Vec::new();
            for (own, value) in members {
                if !own.bytes().all(|byte| byte.is_ascii_alphanumeric()) || own.is_empty() {
                    return Err(body.unrecognized(own, value).into());
                }
                let (shown, kept) = VALUE_NAME;
                let is_name = name == "value" && own == shown;
                append(body, if is_name { kept } else { own }, value, &mut inner)?;
            }
            NodeContent::Nodes(inner)
        }
    };
    let name = name.to_owned();
    nodes.push(Node { name, content });
    Ok(())
}

/// Creates a field.
pub(crate) async fn create(setup: Setup<'_>, call: &Call, body: Body) -> Result<Answer, Fault> {
    let input = COMPONENT.input(call, body).await?;
    let full_name = required(input.full_name, "FullName")?;
    let nodes = required(input.metadata, "Metadata")?;
    let mut components = setup.amending().await;
    check_free(&components.definitions(), &full_name)?;
    let part = Part::of_nodes(Kind::Field, &full_name, &nodes);
    amend(&mut components, call, vec![Step::Put(part)]).await?;
    let definitions = components.definitions();
    let created = definitions.components().get(Kind::Field, &full_name);
    let id = created.ok_or(Fault::Record(RecordFault::NotFound))?.id;
    Ok(COMPONENT.created(call, id.as_str()))
}

/// That the name is one of a custom field, and that the object has no such field.
fn check_free(definitions: &Definitions, full_name: &str) -> Result<(), Fault> {
    let parts = full_name.split_once('.');
    let custom = parts.and_then(|(object, field)| Some((object, field.strip_suffix("__c")?)));
    let Some((object, developer_name)) = custom else {
        let name = full_name.to_owned();
        return Err(Fault::Setup(SetupFault::NameInvalid { name }));
    };
    let entity = definitions.catalog().entity(object);
    let shipped = entity.filter(|entity| entity.field(&format!("{developer_name}__c")).is_some());
    let component = definitions.components().get(Kind::Field, full_name);
    if shipped.is_none() && component.is_none() {
        return Ok(());
    }
    Err(Fault::Setup(SetupFault::FieldNameTaken {
        field: developer_name.to_owned(),
        object: entity.map_or_else(|| object.to_owned(), |entity| entity.label.clone()),
    }))
}

/// Changes or deletes a field. A change has all of `Metadata`, as the component of a deployment has.
pub(crate) async fn change(
    setup: Setup<'_>,
    call: &Call,
    id: RecordId,
    body: Body,
) -> Result<Answer, Fault> {
    let input = COMPONENT.change(call, body).await?;
    let mut components = setup.amending().await;
    let definitions = components.definitions();
    let mut fields = definitions.components().all();
    let field = fields.find(|kept| kept.part.kind == Kind::Field && kept.id == id);
    let name = field
        .ok_or_else(|| component::missing(call))?
        .part
        .name
        .clone();
    let step = match input {
        None => Step::Remove(Kind::Field, name),
        Some(input) => {
            if input.full_name.is_some_and(|input| input != name) {
                let reason = "Update is not supported for the FullName field on custom fields.";
                let reason = reason.to_owned();
                return Err(Fault::Setup(SetupFault::Invalid { reason }));
            }
            let nodes = required(input.metadata, "Metadata")?;
            Step::Put(Part::of_nodes(Kind::Field, &name, &nodes))
        }
    };
    amend(&mut components, call, vec![step]).await?;
    Ok(Answer::no_content())
}
