//! Pushing texts to a generic channel, and who listens to it.
//!
//! Source: "Streaming Channel Push REST API" (Streaming API Developer Guide).

use axum::body::Body;
use http::Method;
use landfall_auth::Act;
use landfall_engine::{GenericChannel, Push};
use landfall_http::json::{self, Content, Json};
use landfall_http::{Answer, Writer, json_body, refused};
use landfall_model::fault::FaultField;
use landfall_model::{
    Fault, FieldFault, FieldName, ManyFault, RecordFault, RecordId, RequestFault, ValueFault,
    limits,
};
use landfall_sobject::GENERIC_CHANNEL;

use crate::call::Call;
use crate::path::record_id;
use crate::scope::Scope;
use crate::state::Shared;

const PUSH_EVENTS: &str = "pushEvents";
const PAYLOAD: &str = "payload";
const USER_IDS: &str = "userIds";

/// Lists the subscribed users, or pushes texts to them.
pub(crate) async fn push(
    shared: &Shared,
    call: &Call,
    id: RecordId,
    body: Body,
) -> Result<Answer, Fault> {
    if matches!(call.scope, Scope::Joint(_)) {
        return Err(Fault::Many(ManyFault::NotInTransaction));
    }
    let channel = channel(shared, call, id).await?;
    let online = shared.engine.presence().users(channel.topic);
    if call.method != Method::POST {
        return Ok(Answer::json(listeners(&channel, &online)));
    }
    check_may_push(call)?;
    let bytes = json_body(&call.headers, body).await?;
    let pushes = pushes(&json::Body::parse(&bytes)?)?;
    let answer = results(&pushes, &online);
    let pushed = shared.engine.push(channel.topic, pushes).await;
    pushed.map_err(refused)?;
    Ok(Answer::json(answer))
}

/// Pushing changes a channel, listening reads it.
///
/// Source: "Generic Streaming" (Streaming API Developer Guide): read-write access is for pushing, read-only access for subscribing.
fn check_may_push(call: &Call) -> Result<(), Fault> {
    let entity = call.catalog().entity(GENERIC_CHANNEL);
    let entity = entity.ok_or(Fault::Request(RequestFault::ResourceNotFound))?;
    let may_push = call.login.access().may(Act::Edit, entity);
    may_push
        .then_some(())
        .ok_or(Fault::Record(RecordFault::AccessDenied))
}

async fn channel(shared: &Shared, call: &Call, id: RecordId) -> Result<GenericChannel, Fault> {
    let entity = call.catalog().entity(GENERIC_CHANNEL);
    let entity = entity.ok_or(Fault::Request(RequestFault::ResourceNotFound))?;
    let id = record_id(entity, id.as_str())?;
    let row = shared.engine.row(entity, id).await.map_err(refused)?;
    let row = row.ok_or(Fault::Record(RecordFault::NotFound))?;
    let name = entity.index_of("Name").and_then(|place| row.get(place));
    let name = name.and_then(|name| name.as_text()).unwrap_or_default();
    let channel = shared.engine.generic_channels().named(name)?;
    channel
        .filter(|channel| channel.id == id)
        .ok_or(Fault::Record(RecordFault::Deleted))
}

fn listeners(channel: &GenericChannel, online: &[RecordId]) -> String {
    let mut w = Writer::new();
    w.object(|w| {
        w.name("OnlineUserIds")
            .strings(online.iter().map(RecordId::as_str));
        w.name("ChannelName").string(&channel.name);
    });
    w.finish()
}

/// For each text whom it reaches: of those that it names, who is online; -1 for everybody.
fn results(pushes: &[Push], online: &[RecordId]) -> String {
    let mut w = Writer::new();
    w.array(|w| {
        for push in pushes {
            let listens = |user: &&RecordId| online.contains(*user);
            let reached = push.users.iter().filter(listens).count();
            let count = if push.users.is_empty() {
                -1
            } else {
                i64::try_from(reached).unwrap_or(i64::MAX)
            };
            w.object(|w| {
                w.name("fanoutCount").integer(count);
                w.name("userOnlineStatus").object(|w| {
                    for user in &push.users {
                        w.name(user.as_str()).boolean(listens(&user));
                    }
                });
            });
        }
    });
    w.finish()
}

fn pushes(body: &json::Body<'_>) -> Result<Vec<Push>, Fault> {
    let mut pushes = None;
    for (name, value) in body.members()? {
        match &value.content {
            Content::Array(events) if name == PUSH_EVENTS => pushes = Some(events),
            _ if name == PUSH_EVENTS => return Err(body.unexpected(value).into()),
            _ => return Err(body.unrecognized(name, value).into()),
        }
    }
    let events = pushes.ok_or_else(|| required(PUSH_EVENTS))?;
    bounded(events)?;
    events.iter().map(|event| one(body, event)).collect()
}

fn one(body: &json::Body<'_>, event: &Json) -> Result<Push, Fault> {
    let Content::Object(members) = &event.content else {
        return Err(body.unexpected(event).into());
    };
    let mut payload = None;
    let mut users = Vec::new();
    for (name, value) in members {
        match (name.as_str(), &value.content) {
            (PAYLOAD, Content::Text(text)) => payload = Some(text.clone()),
            (USER_IDS, Content::Array(ids)) => {
                bounded(ids)?;
                for id in ids {
                    let user = user(body, id)?;
                    if !users.contains(&user) {
                        users.push(user);
                    }
                }
            }
            (USER_IDS, Content::Null) => {}
            (PAYLOAD | USER_IDS, _) => return Err(body.unexpected(value).into()),
            _ => return Err(body.unrecognized(name, value).into()),
        }
    }
    let payload = payload.ok_or_else(|| required(PAYLOAD))?;
    let most = limits::PUSH_CHARACTERS_MAX;
    if payload.chars().count() > usize::try_from(most).unwrap_or(usize::MAX) {
        return Err(Fault::Value(ValueFault::TextTooLong {
            field: subject(PAYLOAD),
            value: payload,
            max: most,
        }));
    }
    Ok(Push { payload, users })
}

fn bounded(items: &[Json]) -> Result<(), Fault> {
    let most = limits::PUSHES_MAX;
    if items.len() > most {
        return Err(Fault::Many(ManyFault::RecordsTooMany { most }));
    }
    Ok(())
}

fn user(body: &json::Body<'_>, id: &Json) -> Result<RecordId, Fault> {
    let Content::Text(text) = &id.content else {
        return Err(body.unexpected(id).into());
    };
    RecordId::parse(text).map_err(|_| {
        Fault::Value(ValueFault::IdMalformed {
            field: subject(USER_IDS),
            value: text.clone(),
        })
    })
}

fn subject(name: &str) -> FaultField {
    FaultField {
        name: FieldName::new(name),
        label: name.to_owned(),
    }
}

fn required(name: &str) -> Fault {
    Fault::Field(FieldFault::Required {
        fields: vec![FieldName::new(name)],
    })
}
