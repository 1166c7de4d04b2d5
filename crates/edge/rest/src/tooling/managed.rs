//! `/tooling/sobjects/ManagedEventSubscription`: subscriptions whose positions the Pub/Sub API keeps, made and changed.
//!
//! Source: "`ManagedEventSubscription`" (Tooling API Developer Guide); "Managed Event Subscriptions" (Pub/Sub API
//! Developer Guide); `Source: none` for the answers to a name that changes and to one subscription too many.

use std::sync::Arc;

use axum::body::Body;
use http::Method;
use landfall_engine::{Managed, ManagedChange, ManagedSubscription, ManagedValues, ReplayFrom};
use landfall_model::fault::FaultField;
use landfall_model::limits::MANAGED_TEXT_CHARACTERS_MAX;
use landfall_model::{EntityName, Fault, FieldName, RecordId, Topic};

use crate::Shared;
use crate::call::{Call, json_body};
use crate::json::{self, Content, Json};
use crate::respond::Answer;
use crate::tooling::component::unfit;
use crate::virtual_object::{Api, Column, Declared, VirtualObject};
use crate::writer::Writer;

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
    shared: &Shared,
    call: &Call,
    id: RecordId,
    body: Body,
) -> Result<Answer, Fault> {
    let change = if call.method == Method::DELETE {
        ManagedChange::Delete { id }
    } else {
        let Given {
            full_name, values, ..
        } = given(&json_body(&call.headers, body).await?)?;
        ManagedChange::Update {
            id,
            developer_name: full_name,
            values,
        }
    };
    shared
        .engine
        .manage(change, call.login.user_id)
        .await
        .map_err(unfit)?;
    Ok(Answer::no_content())
}

/// Makes a subscription.
pub(crate) async fn create(shared: &Shared, call: &Call, body: Body) -> Result<Answer, Fault> {
    let given = given(&json_body(&call.headers, body).await?)?;
    let missing = [
        ("FullName", given.full_name.is_none()),
        ("Metadata", !given.has_metadata),
    ];
    let missing = missing.into_iter().filter(|(_, missing)| *missing);
    let fields: Vec<FieldName> = missing.map(|(name, _)| FieldName::new(name)).collect();
    let (Some(developer_name), true) = (given.full_name, fields.is_empty()) else {
        return Err(Fault::FieldsRequired { fields });
    };
    let change = ManagedChange::Create {
        developer_name,
        values: given.values,
    };
    let id = shared
        .engine
        .manage(change, call.login.user_id)
        .await
        .map_err(unfit)?;
    let mut w = Writer::new();
    w.object(|w| {
        w.name("id").string(id.as_str());
        w.name("success").boolean(true);
        w.name("errors").array(|_| ());
        w.name("warnings").array(|_| ());
        w.name("infos").array(|_| ());
    });
    let url = format!(
        "/services/data/v{}/tooling/sobjects/{OBJECT}/{id}",
        call.version
    );
    Ok(Answer::created(url, w.finish()))
}

/// What a body says of a subscription.
#[derive(Debug, Default)]
struct Given {
    full_name: Option<String>,
    has_metadata: bool,
    values: ManagedValues,
}

fn given(bytes: &[u8]) -> Result<Given, Fault> {
    let body = json::Body::parse(bytes)?;
    let mut given = Given::default();
    let mut read_only = Vec::new();
    for (name, value) in body.members()? {
        if name.eq_ignore_ascii_case("attributes") {
            continue;
        }
        match known(name)? {
            "Id" => return Err(Fault::IdInBody),
            "FullName" => given.full_name = text(&body, value)?,
            "Metadata" => {
                let Content::Object(members) = &value.content else {
                    return Err(body.unexpected(value));
                };
                given.has_metadata = true;
                for (name, value) in members {
                    metadata(&body, name, value, &mut given.values)?;
                }
            }
            column => read_only.push(FieldName::new(column)),
        }
    }
    if read_only.is_empty() {
        Ok(given)
    } else {
        Err(Fault::FieldsReadOnly { fields: read_only })
    }
}

/// The declared name of a field in any letter case.
fn known(name: &str) -> Result<&'static str, Fault> {
    let mut names = COLUMNS.iter().map(Column::name);
    let found = names.find(|known| known.eq_ignore_ascii_case(name));
    found.ok_or_else(|| Fault::FieldUnknown {
        field: name.to_owned(),
        entity: EntityName::new(OBJECT),
    })
}

/// Reads a member of `Metadata`; null says nothing.
fn metadata(
    body: &json::Body<'_>,
    name: &str,
    json: &Json,
    values: &mut ManagedValues,
) -> Result<(), Fault> {
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
                Some("PAUSE") => return Err(Fault::ManagedStateInvalid),
                Some(other) => {
                    return Err(no_value_of(body, json, "EventSubscriptionState", other));
                }
            }
        }
        // What the metadata type inherits; what it says stands in the record's own field.
        "fullName" => {}
        _ => {
            let reason = format!("Unrecognized field \"{}\"", brief(name));
            return Err(body.refuse(json, reason));
        }
    }
    Ok(())
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

fn text(body: &json::Body<'_>, json: &Json) -> Result<Option<String>, Fault> {
    match &json.content {
        Content::Null => Ok(None),
        Content::Text(text) => Ok(Some(text.clone())),
        _ => Err(body.unexpected(json)),
    }
}

fn short(text: Option<String>, name: &str, label: &str) -> Result<Option<String>, Fault> {
    match text {
        Some(text) if text.chars().count() > MANAGED_TEXT_CHARACTERS_MAX => {
            Err(Fault::TextTooLong {
                field: FaultField {
                    name: FieldName::new(name),
                    label: label.to_owned(),
                },
                value: text,
                max: u32::try_from(MANAGED_TEXT_CHARACTERS_MAX).unwrap_or(u32::MAX),
            })
        }
        text => Ok(text),
    }
}

fn no_value_of(body: &json::Body<'_>, json: &Json, of: &'static str, value: &str) -> Fault {
    let (line, column) = body.place(json);
    Fault::ValueUnreadable {
        expected: of,
        token: json.content.token(),
        value: brief(value),
        line,
        column,
    }
}

/// The beginning of what a client sent, for an error text.
fn brief(text: &str) -> String {
    text.chars().take(MANAGED_TEXT_CHARACTERS_MAX).collect()
}
