//! `/tooling/sobjects/PlatformEventChannelMember`: what is on a channel; and `EnrichedField`, its fields one by one.
//!
//! Source: "`PlatformEventChannelMember`", "`EnrichedField`" (Tooling API Developer Guide); refusals: forcedotcom/sf-skills,
//! amp-labs/connectors. Source: none for the ids of `EnrichedField`.

use axum::body::Body;
use landfall_engine::{ChannelMember, Definitions, Filter, Kind, MemberText, Step};
use landfall_http::json::{self, Content, Json};
use landfall_http::{Answer, Call, Writer};
use landfall_model::{Fault, FieldName, RecordFault, RecordId, SetupFault};
use landfall_sobject::Api;

use crate::channel;
use crate::component::{self, Object, amend, required, text};
use crate::setup::Setup;
use crate::virtual_object::rows::Ids;
use crate::virtual_object::{Column, Declared, Source, VirtualObject};

pub(crate) const OBJECT: &str = "PlatformEventChannelMember";
pub(crate) const ENRICHED_FIELD: &str = "EnrichedField";

/// A member with the ids that records show.
#[derive(Clone)]
pub(crate) struct Row {
    id: RecordId,
    member: ChannelMember,
    /// The id of a custom channel, or the name of the standard one.
    channel: String,
    /// The name of a change event, or the id of a platform event.
    entity: String,
}

type Of = Column<Row>;

const COLUMNS: &[Of] = &[
    Of::id("Id", |row| Some(row.id)),
    Of::text("DeveloperName", |row| Some(row.member.full_name.clone())),
    Of::text("Language", |_| Some("en_US".to_owned())),
    Of::text("MasterLabel", |row| Some(row.member.full_name.clone())),
    Of::none("NamespacePrefix"),
    Of::text("ManageableState", |_| Some("unmanaged".to_owned())),
    Of::members("Metadata", |row| metadata_of(&row.member)).writable(),
    Of::text("FullName", |row| Some(row.member.full_name.clone()))
        .unfiltered()
        .writable(),
    Of::text("EventChannel", |row| Some(row.channel.clone())),
    Of::text("SelectedEntity", |row| Some(row.entity.clone())),
    Of::text("FilterExpression", |row| {
        let filter = row.member.filter.as_ref();
        filter.map(|filter| filter.text().to_owned())
    }),
];

const COMPONENT: Object<Row, Input> = Object {
    name: OBJECT,
    columns: COLUMNS,
    member,
};

/// Channel members as a virtual object. Objects that are captured because all are have none.
pub(crate) fn object() -> VirtualObject {
    let declared = Declared {
        name: OBJECT,
        label: "Platform Event Channel Member",
        label_plural: "Platform Event Channel Members",
        key_prefix: Some("0v8"),
        since: 47,
        apis: &[Api::Tooling],
        changeable: true,
        children: &[],
    };
    VirtualObject::new(declared, COLUMNS, |source| rows(&source.call.definitions))
}

fn rows(definitions: &Definitions) -> Vec<Row> {
    let all = definitions.channel_members().iter();
    all.filter_map(|member| row(definitions, member)).collect()
}

fn row(definitions: &Definitions, member: &ChannelMember) -> Option<Row> {
    let components = definitions.components();
    let id = components.get(Kind::ChannelMember, &member.full_name)?.id;
    let channel = channel::id_of(definitions, &member.event_channel);
    let event = components.get(Kind::Object, &member.selected_entity);
    Some(Row {
        id,
        channel: channel.map_or_else(|| member.event_channel.clone(), |id| id.to_string()),
        entity: event.map_or_else(
            || member.selected_entity.clone(),
            |event| event.id.to_string(),
        ),
        member: member.clone(),
    })
}

fn metadata_of(member: &ChannelMember) -> String {
    let mut w = Writer::new();
    w.object(|w| {
        w.name("enrichedFields").array(|w| {
            for field in &member.enriched_fields {
                w.object(|w| {
                    w.name("name").string(field.as_str());
                });
            }
        });
        w.name("eventChannel").string(&member.event_channel);
        let filter = member.filter.as_ref().map(Filter::text);
        w.name("filterExpression").text_or_null(filter);
        w.name("selectedEntity").string(&member.selected_entity);
    });
    w.finish()
}

/// What `Metadata` says.
#[derive(Debug, Default)]
struct Input {
    event_channel: Option<String>,
    selected_entity: Option<String>,
    filter_expression: Option<String>,
    enriched_fields: Vec<String>,
}

fn member(
    body: &json::Body<'_>,
    name: &str,
    value: &Json,
    input: &mut Input,
) -> Result<bool, Fault> {
    match name {
        "eventChannel" => input.event_channel = text(body, value)?,
        "selectedEntity" => input.selected_entity = text(body, value)?,
        "filterExpression" => input.filter_expression = text(body, value)?,
        "enrichedFields" => input.enriched_fields = names(body, value)?,
        _ => return Ok(false),
    }
    Ok(true)
}

/// `[{"name": "Industry"}]`; null says that there are none.
fn names(body: &json::Body<'_>, value: &Json) -> Result<Vec<String>, Fault> {
    let items = match &value.content {
        Content::Null => return Ok(Vec::new()),
        Content::Array(items) => items,
        _ => return Err(body.unexpected(value).into()),
    };
    let mut names = Vec::new();
    for item in items {
        let Content::Object(members) = &item.content else {
            return Err(body.unexpected(item).into());
        };
        let mut listed = None;
        for (name, value) in members {
            match name.as_str() {
                "name" => listed = text(body, value)?,
                _ => return Err(body.unrecognized(name, value).into()),
            }
        }
        names.push(required(listed, "name")?);
    }
    Ok(names)
}

impl Input {
    /// The whole member; an update says all of it too.
    fn whole(self, full_name: String) -> Result<MemberText, Fault> {
        Ok(MemberText {
            full_name,
            selected_entity: required(self.selected_entity, "selectedEntity")?,
            event_channel: required(self.event_channel, "eventChannel")?,
            filter_expression: self.filter_expression,
            enriched_fields: self.enriched_fields,
        })
    }
}

/// Puts an event on a channel.
pub(crate) async fn create(setup: Setup<'_>, call: &Call, body: Body) -> Result<Answer, Fault> {
    let input = COMPONENT.input(call, body).await?;
    let full_name = required(input.full_name, "FullName")?;
    let member = required(input.metadata, "Metadata")?.whole(full_name)?;
    let mut components = setup.amending().await;
    let definitions = components.definitions();
    let taken = definitions
        .components()
        .get(Kind::ChannelMember, &member.full_name);
    if let Some(taken) = taken {
        return Err(Fault::Setup(SetupFault::NameTaken {
            name: taken.part.name.clone(),
            kind: "Platform Event Channel Member",
        }));
    }
    let mut all = definitions.channel_members().iter();
    let same = all.find(|other| {
        other.event_channel == member.event_channel
            && other.selected_entity == member.selected_entity
    });
    if let Some(same) = same {
        let name = same.full_name.clone();
        return Err(Fault::Setup(SetupFault::Duplicate { name }));
    }
    amend(&mut components, call, vec![Step::Put(member.part())]).await?;
    let definitions = components.definitions();
    let made = definitions
        .components()
        .get(Kind::ChannelMember, &member.full_name);
    let id = made.ok_or(Fault::Record(RecordFault::NotFound))?.id;
    Ok(COMPONENT.created(call, id.as_str()))
}

/// Changes or removes a member.
pub(crate) async fn change(
    setup: Setup<'_>,
    call: &Call,
    id: RecordId,
    body: Body,
) -> Result<Answer, Fault> {
    let input = COMPONENT.change(call, body).await?;
    let mut components = setup.amending().await;
    let mut rows = rows(&components.definitions()).into_iter();
    let row = rows.find(|row| row.id == id);
    let row = row.ok_or_else(|| component::missing(call))?;
    let step = if let Some(input) = input {
        let member = required(input.metadata, "Metadata")?;
        let member = member.whole(row.member.full_name.clone())?;
        let name = input.full_name.unwrap_or_else(|| member.full_name.clone());
        for (field, input, now) in [
            (
                "selectedEntity",
                &member.selected_entity,
                &row.member.selected_entity,
            ),
            (
                "eventChannel",
                &member.event_channel,
                &row.member.event_channel,
            ),
            ("fullName", &name, &row.member.full_name),
        ] {
            if input != now {
                let reason = format!(
                    "Update is not supported for the {field} field on platform event channel members."
                );
                return Err(Fault::Setup(SetupFault::Invalid { reason }));
            }
        }
        Step::Put(member.part())
    } else {
        Step::Remove(Kind::ChannelMember, row.member.full_name)
    };
    amend(&mut components, call, vec![step]).await?;
    Ok(Answer::no_content())
}

/// One enriched field of a member.
#[derive(Clone)]
pub(crate) struct EnrichedField {
    id: RecordId,
    member: ChannelMember,
    member_id: RecordId,
    name: FieldName,
    /// The name, or the id of a custom field.
    field: String,
}

type OfField = Column<EnrichedField>;

const FIELD_COLUMNS: &[OfField] = &[
    OfField::id("Id", |field| Some(field.id)),
    OfField::id("ChannelMemberId", |field| Some(field.member_id)),
    OfField::text("Field", |field| Some(field.field.clone())),
];

/// Enriched fields as a virtual object.
pub(crate) fn enriched_field() -> VirtualObject {
    let declared = Declared {
        name: ENRICHED_FIELD,
        label: "Enriched Field",
        label_plural: "Enriched Fields",
        key_prefix: Some(FIELD_PREFIX),
        since: 51,
        apis: &[Api::Tooling],
        changeable: true,
        children: &[],
    };
    VirtualObject::new(declared, FIELD_COLUMNS, enriched_fields)
}

const FIELD_PREFIX: &str = "0vE";

fn enriched_fields(source: &Source<'_>) -> Vec<EnrichedField> {
    let (definitions, ids) = (&source.call.definitions, Ids::of(source));
    let mut fields = Vec::new();
    for row in rows(definitions) {
        for (place, name) in row.member.enriched_fields.iter().enumerate() {
            let id = field_id(row.id, place);
            fields.extend(id.map(|id| EnrichedField {
                id,
                member_id: row.id,
                member: row.member.clone(),
                name: name.clone(),
                field: field_text(definitions, &ids, &row.member, name),
            }));
        }
    }
    fields
}

/// The id of a field: its member's, with the place of the field as a further digit. There are ten at most.
fn field_id(member: RecordId, place: usize) -> Option<RecordId> {
    let (instance, number) = (member.short().get(3..6)?, member.short().get(7..)?);
    let digit = u32::try_from(place)
        .ok()
        .and_then(|place| char::from_digit(place, 10))?;
    RecordId::parse(&format!("{FIELD_PREFIX}{instance}{number}{digit}")).ok()
}

fn field_text(
    definitions: &Definitions,
    ids: &Ids,
    member: &ChannelMember,
    name: &FieldName,
) -> String {
    let catalog = definitions.catalog();
    let entity = catalog.entity_of_change_event(&member.selected_entity);
    let custom = entity.and_then(|entity| {
        let (_, field) = entity.field(name.as_str())?;
        let id = ids.field(entity.name.as_str(), field.name.as_str());
        field.custom.then(|| id.to_string())
    });
    custom.unwrap_or_else(|| name.to_string())
}

/// Removes an enriched field from its member.
pub(crate) async fn remove_field(
    setup: Setup<'_>,
    call: &Call,
    id: RecordId,
) -> Result<Answer, Fault> {
    let source = Source {
        engine: setup.engine,
        call,
    };
    let mut fields = enriched_fields(&source).into_iter();
    let field = fields.find(|field| field.id == id);
    let field = field.ok_or_else(|| component::missing(call))?;
    let mut components = setup.amending().await;
    let definitions = components.definitions();
    let mut members = definitions.channel_members().iter();
    let member = members.find(|member| member.full_name == field.member.full_name);
    let mut member = channel::said(member.ok_or_else(|| component::missing(call))?);
    let name = field.name.as_str();
    member.enriched_fields.retain(|other| other != name);
    amend(&mut components, call, vec![Step::Put(member.part())]).await?;
    Ok(Answer::no_content())
}
