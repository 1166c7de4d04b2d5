//! `/tooling/sobjects/ManagedEventSubscription`: subscriptions whose positions the Pub/Sub API keeps, made and changed.
//!
//! Source: "`ManagedEventSubscription`" (Tooling API Developer Guide); "Managed Event Subscriptions" (Pub/Sub API
//! Developer Guide); `Source: none` for the answers to a name that changes and to one subscription too many.

use std::sync::Arc;

use axum::body::Body;
use landfall_engine::{Managed, ManagedChange, ManagedSubscription, ManagedValues, ReplayFrom};
use landfall_http::json::{self, Content, Json};
use landfall_http::{Answer, Call, Writer, unfit};
use landfall_model::fault::FaultField;
use landfall_model::limits::MANAGED_TEXT_CHARACTERS_MAX;
use landfall_model::{
    Fault, FieldFault, FieldName, ManagedSetupFault, RecordId, Topic, ValueFault,
};
use landfall_sobject::Api;

use crate::component::Object;
use crate::setup::Setup;
use crate::virtual_object::{Column, Declared, VirtualObject};

pub(crate) const OBJECT: &str = "ManagedEventSubscription";

/// A field of a subscription.
type Of = Column<Arc<Managed>>;

/// What can be read of a subscription, in the order of the object.
const COLUMNS: &[Of] = &[
    Of::id("Id", |managed| Some(managed.id)),
    Of::text("DeveloperName", |managed| {
        Some(managed.subscription.developer_name.clone())
    }),
    Of::text("Language", |_| Some("en_US".to_owned())),
    Of::text("MasterLabel", |managed| {
        Some(managed.subscription.label.clone())
    }),
    Of::none("NamespacePrefix"),
    Of::text("ManageableState", |_| Some("unmanaged".to_owned())),
    Of::members("Metadata", |managed| metadata_of(&managed.subscription)).writable(),
    Of::text("FullName", |managed| {
        Some(managed.subscription.developer_name.clone())
    })
    .unfiltered()
    .writable(),
    Of::text("Version", |managed| managed.subscription.version.clone()),
];

const COMPONENT: Object<Arc<Managed>, ManagedValues> = Object {
    name: OBJECT,
    columns: COLUMNS,
    member,
};

/// Managed event subscriptions as a virtual object.
pub(crate) fn object() -> VirtualObject {
    let declared = Declared {
        name: OBJECT,
        label: "Managed Event Subscription",
        label_plural: "Managed Event Subscriptions",
        key_prefix: Some("18x"),
        since: 60,
        apis: &[Api::Tooling],
        changeable: true,
        children: &[],
    };
    VirtualObject::new(declared, COLUMNS, |source| {
        source.call.definitions.managed().to_vec()
    })
}

fn metadata_of(subscription: &ManagedSubscription) -> String {
    let mut w = Writer::new();
    w.object(|w| {
        w.name("defaultReplay")
            .string(replay(subscription.default_replay));
        w.name("errorRecoveryReplay")
            .string(replay(subscription.error_recovery_replay));
        w.name("label").string(&subscription.label);
        let state = if subscription.runs { "RUN" } else { "STOP" };
        w.name("state").string(state);
        w.name("topicName").string(subscription.topic_name.as_str());
        w.name("version")
            .text_or_null(subscription.version.as_deref());
    });
    w.finish()
}

const fn replay(from: ReplayFrom) -> &'static str {
    match from {
        ReplayFrom::Latest => "LATEST",
        ReplayFrom::Earliest => "EARLIEST",
    }
}

/// Changes or deletes a subscription.
pub(crate) async fn change(
    setup: Setup<'_>,
    call: &Call,
    id: RecordId,
    body: Body,
) -> Result<Answer, Fault> {
    let change = match COMPONENT.change(call, body).await? {
        None => ManagedChange::Delete { id },
        Some(input) => ManagedChange::Update {
            id,
            developer_name: input.full_name,
            values: input.metadata.unwrap_or_default(),
        },
    };
    let mut components = setup.amending().await;
    components
        .manage(change, call.login.user_id)
        .await
        .map_err(unfit)?;
    Ok(Answer::no_content())
}

/// Makes a subscription.
pub(crate) async fn create(setup: Setup<'_>, call: &Call, body: Body) -> Result<Answer, Fault> {
    let input = COMPONENT.input(call, body).await?;
    let missing = [
        ("FullName", input.full_name.is_none()),
        ("Metadata", input.metadata.is_none()),
    ];
    let missing = missing.into_iter().filter(|(_, missing)| *missing);
    let fields = missing.map(|(name, _)| FieldName::new(name)).collect();
    let (Some(developer_name), Some(values)) = (input.full_name, input.metadata) else {
        return Err(Fault::Field(FieldFault::Required { fields }));
    };
    let change = ManagedChange::Create {
        developer_name,
        values,
    };
    let mut components = setup.amending().await;
    let id = components
        .manage(change, call.login.user_id)
        .await
        .map_err(unfit)?;
    Ok(COMPONENT.created(call, id.as_str()))
}

/// Reads a member of `Metadata`; null says nothing.
fn member(
    body: &json::Body<'_>,
    name: &str,
    json: &Json,
    values: &mut ManagedValues,
) -> Result<bool, Fault> {
    match name {
        "label" => values.label = short(text(body, json)?, "MasterLabel", "Label")?,
        "version" => values.version = short(text(body, json)?, "Version", "Version")?,
        "topicName" => values.topic_name = text(body, json)?.map(Topic::new),
        "defaultReplay" => values.default_replay = replay_from(body, json)?,
        "errorRecoveryReplay" => values.error_recovery_replay = replay_from(body, json)?,
        "state" => {
            values.runs = match text(body, json)?.as_deref() {
                None => None,
                Some("RUN") => Some(true),
                Some("STOP") => Some(false),
                Some("PAUSE") => return Err(Fault::ManagedSetup(ManagedSetupFault::StateInvalid)),
                Some(other) => {
                    return Err(no_value_of(body, json, "EventSubscriptionState", other));
                }
            }
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn replay_from(body: &json::Body<'_>, json: &Json) -> Result<Option<ReplayFrom>, Fault> {
    match text(body, json)?.as_deref() {
        None => Ok(None),
        Some("LATEST") => Ok(Some(ReplayFrom::Latest)),
        Some("EARLIEST") => Ok(Some(ReplayFrom::Earliest)),
        Some(other) => Err(no_value_of(
            body,
            json,
            "EventSubscriptionReplayPreset",
            other,
        )),
    }
}

/// A text, also an empty one; null says nothing.
fn text(body: &json::Body<'_>, json: &Json) -> Result<Option<String>, Fault> {
    match &json.content {
        Content::Null => Ok(None),
        Content::Text(text) => Ok(Some(text.clone())),
        _ => Err(body.unexpected(json).into()),
    }
}

fn short(text: Option<String>, name: &str, label: &str) -> Result<Option<String>, Fault> {
    match text {
        Some(text) if text.chars().count() > MANAGED_TEXT_CHARACTERS_MAX => {
            Err(Fault::Value(ValueFault::TextTooLong {
                field: FaultField {
                    name: FieldName::new(name),
                    label: label.to_owned(),
                },
                value: text,
                max: u32::try_from(MANAGED_TEXT_CHARACTERS_MAX).unwrap_or(u32::MAX),
            }))
        }
        text => Ok(text),
    }
}

fn no_value_of(body: &json::Body<'_>, json: &Json, of: &'static str, value: &str) -> Fault {
    let (line, column) = body.position(json);
    Fault::Value(ValueFault::Unreadable {
        expected: of,
        token: json.content.token(),
        value: brief(value),
        line,
        column,
    })
}

/// The beginning of what a client sent, for an error text.
fn brief(text: &str) -> String {
    text.chars().take(MANAGED_TEXT_CHARACTERS_MAX).collect()
}
