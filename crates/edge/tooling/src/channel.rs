//! `/tooling/sobjects/PlatformEventChannel`: custom channels.
//!
//! Source: "`PlatformEventChannel`" (Tooling API Developer Guide); refusals: amp-labs/connectors, `events.go`. Source: none
//! for the answer to a type that would change.

use axum::body::Body;
use landfall_engine::{
    ChannelMember, ChannelType, DeclaredChannel, Definitions, Kind, MemberText, Step,
};
use landfall_http::json::{self, Json};
use landfall_http::{Answer, Call, Writer};
use landfall_model::{Fault, RecordFault, RecordId, SetupFault, Topic};
use landfall_sobject::Api;

use crate::component::{self, Object, amend, required, text};
use crate::setup::Setup;
use crate::virtual_object::{Column, Declared, VirtualObject};

pub(crate) const OBJECT: &str = "PlatformEventChannel";

/// A channel with its id.
#[derive(Clone)]
pub(crate) struct Row {
    id: RecordId,
    channel: DeclaredChannel,
}

type Of = Column<Row>;

const COLUMNS: &[Of] = &[
    Of::id("Id", |row| Some(row.id)),
    Of::text("DeveloperName", |row| {
        let name = &row.channel.full_name;
        let base = name.strip_suffix(Topic::CHANNEL_SUFFIX);
        Some(base.unwrap_or(name).to_owned())
    }),
    Of::text("Language", |_| Some("en_US".to_owned())),
    Of::text("MasterLabel", |row| Some(row.channel.label.clone())),
    Of::none("NamespacePrefix"),
    Of::text("ManageableState", |_| Some("unmanaged".to_owned())),
    Of::members("Metadata", |row| metadata_of(&row.channel)).writable(),
    Of::text("FullName", |row| Some(row.channel.full_name.clone()))
        .unfiltered()
        .writable(),
    Of::text("ChannelType", |row| {
        Some(word(row.channel.channel_type).to_owned())
    }),
    Of::text("EventType", |row| row.channel.event_type.clone()),
];

const COMPONENT: Object<Row, Input> = Object {
    name: OBJECT,
    columns: COLUMNS,
    member,
};

/// Custom channels as a virtual object. The channel that every org has is not among them.
pub(crate) fn object() -> VirtualObject {
    let declared = Declared {
        name: OBJECT,
        label: "Platform Event Channel",
        label_plural: "Platform Event Channels",
        key_prefix: Some("0YL"),
        since: 47,
        apis: &[Api::Tooling],
        changeable: true,
        children: &[],
    };
    VirtualObject::new(declared, COLUMNS, |source| rows(&source.call.definitions))
}

fn rows(definitions: &Definitions) -> Vec<Row> {
    let all = definitions.custom_channels().iter();
    let rows = all.filter_map(|channel| {
        Some(Row {
            id: id_of(definitions, &channel.full_name)?,
            channel: channel.clone(),
        })
    });
    rows.collect()
}

/// The id of the channel of this full name.
pub(crate) fn id_of(definitions: &Definitions, full_name: &str) -> Option<RecordId> {
    let component = definitions.components().get(Kind::Channel, full_name)?;
    Some(component.id)
}

const fn word(channel_type: ChannelType) -> &'static str {
    match channel_type {
        ChannelType::Data => "data",
        ChannelType::Event => "event",
    }
}

fn metadata_of(channel: &DeclaredChannel) -> String {
    let mut w = Writer::new();
    w.object(|w| {
        w.name("channelType").string(word(channel.channel_type));
        w.name("eventType")
            .text_or_null(channel.event_type.as_deref());
        w.name("label").string(&channel.label);
    });
    w.finish()
}

/// What `Metadata` says.
#[derive(Debug, Default)]
struct Input {
    channel_type: Option<String>,
    event_type: Option<String>,
    label: Option<String>,
}

fn member(
    body: &json::Body<'_>,
    name: &str,
    value: &Json,
    input: &mut Input,
) -> Result<bool, Fault> {
    match name {
        "channelType" => input.channel_type = text(body, value)?,
        "eventType" => input.event_type = text(body, value)?,
        "label" => input.label = text(body, value)?,
        _ => return Ok(false),
    }
    Ok(true)
}

/// Makes a channel.
pub(crate) async fn create(setup: Setup<'_>, call: &Call, body: Body) -> Result<Answer, Fault> {
    let input = COMPONENT.input(call, body).await?;
    let full_name = required(input.full_name, "FullName")?;
    let metadata = required(input.metadata, "Metadata")?;
    let mut components = setup.amending().await;
    check_free(&components.definitions(), &full_name)?;
    let channel = DeclaredChannel {
        channel_type: channel_type(&required(metadata.channel_type, "channelType")?)?,
        event_type: metadata.event_type,
        label: required(metadata.label, "label")?,
        full_name,
    };
    amend(&mut components, call, vec![Step::Put(channel.part())]).await?;
    let id = id_of(&components.definitions(), &channel.full_name);
    let id = id.ok_or(Fault::Record(RecordFault::NotFound))?;
    Ok(COMPONENT.created(call, id.as_str()))
}

fn channel_type(word: &str) -> Result<ChannelType, Fault> {
    match word {
        "data" => Ok(ChannelType::Data),
        "event" => Ok(ChannelType::Event),
        _ => {
            let reason = format!("'{word}' is no channelType");
            Err(Fault::Setup(SetupFault::Invalid { reason }))
        }
    }
}

fn check_free(definitions: &Definitions, name: &str) -> Result<(), Fault> {
    let taken = definitions.components().get(Kind::Channel, name);
    match taken {
        None => Ok(()),
        Some(taken) => Err(Fault::Setup(SetupFault::NameTaken {
            name: taken.part.name.clone(),
            kind: "Platform Event Channel",
        })),
    }
}

/// Changes or deletes a channel. What is on it goes with it, under its new name or to nowhere.
pub(crate) async fn change(
    setup: Setup<'_>,
    call: &Call,
    id: RecordId,
    body: Body,
) -> Result<Answer, Fault> {
    let input = COMPONENT.change(call, body).await?;
    let mut components = setup.amending().await;
    let definitions = components.definitions();
    let mut rows = rows(&definitions).into_iter();
    let row = rows.find(|row| row.id == id);
    let row = row.ok_or_else(|| component::missing(call))?;
    let earlier = row.channel.full_name.clone();
    let Some(input) = input else {
        amend(
            &mut components,
            call,
            vec![Step::Remove(Kind::Channel, earlier)],
        )
        .await?;
        return Ok(Answer::no_content());
    };
    let channel = changed(row.channel, input)?;
    let mut steps = Vec::new();
    if channel.full_name == earlier {
        steps.push(Step::Put(channel.part()));
    } else {
        if !channel.full_name.eq_ignore_ascii_case(&earlier) {
            check_free(&definitions, &channel.full_name)?;
        }
        let all = definitions.channel_members().iter();
        let members = all.filter(|member| member.event_channel == earlier);
        steps.push(Step::Rename(earlier.clone(), channel.part()));
        steps.extend(members.map(|member| {
            let moved = MemberText {
                event_channel: channel.full_name.clone(),
                ..said(member)
            };
            Step::Put(moved.part())
        }));
    }
    amend(&mut components, call, steps).await?;
    Ok(Answer::no_content())
}

fn changed(
    mut channel: DeclaredChannel,
    input: component::Input<Input>,
) -> Result<DeclaredChannel, Fault> {
    let metadata = input.metadata.unwrap_or_default();
    let kept = |field: &str, input: Option<String>, now: Option<&str>| match input {
        Some(input) if Some(input.as_str()) != now => {
            let reason = format!(
                "Update is not supported for the {field} field on platform event channels."
            );
            Err(Fault::Setup(SetupFault::Invalid { reason }))
        }
        _ => Ok(()),
    };
    let now = word(channel.channel_type);
    kept("channelType", metadata.channel_type, Some(now))?;
    kept(
        "eventType",
        metadata.event_type,
        channel.event_type.as_deref(),
    )?;
    channel.full_name = input.full_name.unwrap_or(channel.full_name);
    channel.label = metadata.label.unwrap_or(channel.label);
    Ok(channel)
}

/// A member as it is said.
pub(crate) fn said(member: &ChannelMember) -> MemberText {
    let filter = member.filter.as_ref();
    MemberText {
        full_name: member.full_name.clone(),
        event_channel: member.event_channel.clone(),
        selected_entity: member.selected_entity.clone(),
        filter_expression: filter.map(|filter| filter.text().to_owned()),
        enriched_fields: member
            .enriched_fields
            .iter()
            .map(ToString::to_string)
            .collect(),
    }
}
