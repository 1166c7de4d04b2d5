//! `/tooling/sobjects/ManagedEventSubscription`: subscriptions whose positions the Pub/Sub API keeps, made and changed.
//!
//! Source: "`ManagedEventSubscription`" (Tooling API Developer Guide); "Managed Event Subscriptions" (Pub/Sub API
//! Developer Guide); `Source: none` for the answers to a name that changes and to one subscription too many.

use std::sync::Arc;

use axum::body::Body;
use http::Method;
use landfall_engine::{Managed, ManagedChange, ManagedValues, ReplayFrom};
use landfall_model::fault::FaultField;
use landfall_model::limits::MANAGED_TEXT_CHARACTERS_MAX;
use landfall_model::{Capabilities, EntityName, Fault, FieldName, RecordId, Topic};

use crate::Shared;
use crate::call::{Call, json_body};
use crate::describe::basic;
use crate::face::{Face, Kind};
use crate::fault::refused;
use crate::json::{self, Content, Json};
use crate::respond::Answer;
use crate::writer::Writer;

pub(crate) const OBJECT: &str = "ManagedEventSubscription";

/// The version that brought it.
const FIRST_VERSION: u16 = 60;

/// What can be read of a subscription, in the order of the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    Id,
    DeveloperName,
    Language,
    MasterLabel,
    NamespacePrefix,
    ManageableState,
    Metadata,
    FullName,
    Version,
}

impl Column {
    pub(crate) const ALL: [Self; 9] = [
        Self::Id,
        Self::DeveloperName,
        Self::Language,
        Self::MasterLabel,
        Self::NamespacePrefix,
        Self::ManageableState,
        Self::Metadata,
        Self::FullName,
        Self::Version,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Id => "Id",
            Self::DeveloperName => "DeveloperName",
            Self::Language => "Language",
            Self::MasterLabel => "MasterLabel",
            Self::NamespacePrefix => "NamespacePrefix",
            Self::ManageableState => "ManageableState",
            Self::Metadata => "Metadata",
            Self::FullName => "FullName",
            Self::Version => "Version",
        }
    }

    /// # Errors
    /// [`Fault::FieldUnknown`].
    pub(crate) fn named(name: &str) -> Result<Self, Fault> {
        let mut all = Self::ALL.into_iter();
        let found = all.find(|column| column.name().eq_ignore_ascii_case(name));
        found.ok_or_else(|| unknown(name))
    }

    pub(crate) fn write(self, w: &mut Writer, managed: &Managed) {
        let subscription = &managed.subscription;
        let w = w.name(self.name());
        match self {
            Self::Id => w.string(managed.id.as_str()),
            Self::DeveloperName | Self::FullName => w.string(&subscription.developer_name),
            Self::Language => w.string("en_US"),
            Self::MasterLabel => w.string(&subscription.label),
            Self::NamespacePrefix => w.null(),
            Self::ManageableState => w.string("unmanaged"),
            Self::Version => w.text_or_null(subscription.version.as_deref()),
            Self::Metadata => w.object(|w| {
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
            }),
        }
    }
}

const fn replay(from: ReplayFrom) -> &'static str {
    match from {
        ReplayFrom::Latest => "LATEST",
        ReplayFrom::Earliest => "EARLIEST",
    }
}

fn unknown(field: &str) -> Fault {
    Fault::FieldUnknown {
        field: field.to_owned(),
        entity: EntityName::new(OBJECT),
    }
}

/// Whether the version has the object, and the caller may read it.
///
/// # Errors
/// `unknown` for a version without it; [`Fault::AccessDenied`].
pub(crate) fn check_readable(call: &Call, unknown: Fault) -> Result<(), Fault> {
    if call.version.number() < FIRST_VERSION {
        return Err(unknown);
    }
    if call.login.permissions.view_setup {
        Ok(())
    } else {
        Err(Fault::AccessDenied)
    }
}

fn check_changeable(call: &Call) -> Result<(), Fault> {
    if call.login.permissions.customize_application {
        Ok(())
    } else {
        Err(Fault::AccessDenied)
    }
}

/// Tells of the object, or makes a subscription.
pub(crate) async fn object(shared: &Shared, call: &Call, body: Body) -> Result<Answer, Fault> {
    check_readable(call, Fault::ResourceNotFound)?;
    if call.method == Method::POST {
        create(shared, call, body).await
    } else {
        Ok(information(call))
    }
}

/// Reads, changes or deletes a subscription.
pub(crate) async fn row(
    shared: &Shared,
    call: &Call,
    id: &str,
    body: Body,
) -> Result<Answer, Fault> {
    check_readable(call, Fault::ResourceNotFound)?;
    let id = RecordId::parse(id).map_err(|_| Fault::ExternalIdFieldUnknown {
        field: id.to_owned(),
    })?;
    let change = if call.method == Method::PATCH {
        check_changeable(call)?;
        let Given {
            full_name, values, ..
        } = given(&json_body(&call.headers, body).await?)?;
        ManagedChange::Update {
            id,
            developer_name: full_name,
            values,
        }
    } else if call.method == Method::DELETE {
        check_changeable(call)?;
        ManagedChange::Delete { id }
    } else {
        return read(call, id);
    };
    shared.engine.manage(change).await.map_err(refused)?;
    Ok(Answer::no_content())
}

fn information(call: &Call) -> Answer {
    let face = Face {
        name: OBJECT,
        label: "Managed Event Subscription",
        label_plural: "Managed Event Subscriptions",
        key_prefix: Some("18x"),
        custom: false,
        capabilities: Capabilities {
            createable: true,
            updateable: true,
            deletable: true,
            queryable: true,
            retrieveable: true,
            ..Capabilities::default()
        },
        kind: Kind::Tooling,
        layoutable: false,
    };
    let mut w = Writer::new();
    w.object(|w| {
        let describe = basic(&face, |_| ());
        w.name("objectDescribe")
            .raw(&describe.expand(call.version, &call.base_url));
        w.name("recentItems").array(|_| ());
    });
    Answer::json(w.finish())
}

fn read(call: &Call, id: RecordId) -> Result<Answer, Fault> {
    let mut all = call.definitions.managed().iter();
    let managed = all.find(|managed| managed.id == id);
    let managed: &Arc<Managed> = managed.ok_or(Fault::RecordNotFound)?;
    let fields = call.parameter("fields").filter(|fields| !fields.is_empty());
    let columns = match fields {
        Some(fields) => {
            let columns = fields.split(',').map(|name| Column::named(name.trim()));
            columns.collect::<Result<_, _>>()?
        }
        None => Column::ALL.to_vec(),
    };
    let mut w = Writer::new();
    write(&mut w, call, managed, &columns);
    Ok(Answer::json(w.finish()))
}

/// A subscription as reads and queries show it.
pub(crate) fn write(w: &mut Writer, call: &Call, managed: &Managed, columns: &[Column]) {
    w.object(|w| {
        w.name("attributes").object(|w| {
            w.name("type").string(OBJECT);
            w.name("url").string(&address(call, managed.id));
        });
        for column in columns {
            column.write(w, managed);
        }
    });
}

fn address(call: &Call, id: RecordId) -> String {
    let version = call.version;
    format!("/services/data/v{version}/tooling/sobjects/{OBJECT}/{id}")
}

async fn create(shared: &Shared, call: &Call, body: Body) -> Result<Answer, Fault> {
    check_changeable(call)?;
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
    let id = shared.engine.manage(change).await.map_err(refused)?;
    let mut w = Writer::new();
    w.object(|w| {
        w.name("id").string(id.as_str());
        w.name("success").boolean(true);
        w.name("errors").array(|_| ());
        w.name("warnings").array(|_| ());
        w.name("infos").array(|_| ());
    });
    Ok(Answer::created(address(call, id), w.finish()))
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
        match Column::named(name)? {
            Column::Id => return Err(Fault::IdInBody),
            Column::FullName => given.full_name = text(&body, value)?,
            Column::Metadata => {
                let Content::Object(members) = &value.content else {
                    return Err(body.unexpected(value));
                };
                given.has_metadata = true;
                for (name, value) in members {
                    metadata(&body, name, value, &mut given.values)?;
                }
            }
            column => read_only.push(FieldName::new(column.name())),
        }
    }
    if read_only.is_empty() {
        Ok(given)
    } else {
        Err(Fault::FieldsReadOnly { fields: read_only })
    }
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
