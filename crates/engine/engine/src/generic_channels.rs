//! Generic channels: which there are, and the events that are pushed to them.
//!
//! A channel is a record; its events are numbered by the record, so that they stay its own under any name.
//! Source: "Generic Events" (Streaming API Developer Guide), "`StreamingChannel`" (Object Reference).

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use landfall_model::{
    Catalog, EntityDefinition, EventUuid, Fault, RecordId, RequestFault, Row, StreamingFault,
    Topic, Value, ValueFault, limits,
};
use landfall_schema::EventSchema;
use landfall_store::{NewEvent, Reads, TopicId};

use crate::blueprint::Blueprint;
use crate::entropy::draw;
use crate::error::Error;
use crate::rows::read;
use crate::stored;
use crate::touched::Scope;
use crate::validate::subject;
use crate::{Change, Engine, Transaction};

/// Name of the object whose records are channels.
pub(crate) const OBJECT: &str = "StreamingChannel";

/// What every name begins with.
const PREFIX: &str = "/u/";

/// A generic channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GenericChannel {
    /// Its record.
    pub id: RecordId,
    /// As subscribers spell it: `/u/notifications`.
    pub name: String,
    /// The number of its events.
    pub topic: TopicId,
}

/// A text to be pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    /// The text.
    pub payload: String,
    /// Who is to get it; nobody in particular: everybody.
    pub users: Vec<RecordId>,
}

/// All channels, by name without regard to letter case, of which no two are alike.
#[derive(Debug, Default)]
pub struct GenericChannels(RwLock<HashMap<String, GenericChannel>>);

impl GenericChannels {
    /// What a commit has made of the channels.
    ///
    /// # Errors
    /// [`Error`] if the store cannot be read: they are as before.
    pub(crate) fn apply(
        &self,
        reads: &dyn Reads,
        catalog: &Catalog,
        touched: Scope<'_, RecordId>,
    ) -> Result<(), Error> {
        let Some(entity) = catalog.entity(OBJECT) else {
            return Ok(());
        };
        let mut now = Vec::new();
        match touched {
            Scope::All => {
                for row in reads.recent_rows(entity, limits::STREAMING_CHANNELS_MAX)? {
                    now.extend(of_row(entity, &row, reads)?);
                }
                self.write().clear();
            }
            Scope::These(ids) => {
                for id in ids {
                    if let Some(row) = reads.row(entity, *id)? {
                        now.extend(of_row(entity, &row, reads)?);
                    }
                }
                self.write().retain(|_, channel| !ids.contains(&channel.id));
            }
            Scope::Nothing => {}
        }
        for channel in now {
            self.put(channel);
        }
        Ok(())
    }

    fn put(&self, channel: GenericChannel) {
        let key = channel.name.to_ascii_lowercase();
        self.write().insert(key, channel);
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, HashMap<String, GenericChannel>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first names in order, at most so many.
    pub fn first_names(&self, most: usize) -> Vec<String> {
        let channels = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut names: Vec<&str> = channels
            .values()
            .map(|channel| channel.name.as_str())
            .collect();
        names.sort_unstable();
        names.into_iter().take(most).map(str::to_owned).collect()
    }

    /// The name of the channel with these events.
    pub(crate) fn name_of(&self, topic: TopicId) -> Option<String> {
        let channels = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut channels = channels.values();
        let channel = channels.find(|channel| channel.topic == topic)?;
        Some(channel.name.clone())
    }

    /// The channel of a name.
    ///
    /// # Errors
    /// [`StreamingFault::ChannelCaseVaries`] if it is spelled otherwise.
    pub fn named(&self, name: &str) -> Result<Option<GenericChannel>, Fault> {
        let channels = self.0.read().unwrap_or_else(PoisonError::into_inner);
        match channels.get(&name.to_ascii_lowercase()) {
            Some(channel) if channel.name == name => Ok(Some(channel.clone())),
            Some(_) => Err(Fault::Streaming(StreamingFault::ChannelCaseVaries)),
            None => Ok(None),
        }
    }
}

/// The channel of a record; none if the record is in the recycle bin.
fn of_row(
    entity: &EntityDefinition,
    row: &Row,
    reads: &dyn Reads,
) -> Result<Option<GenericChannel>, Error> {
    let value = |name: &str| read(row, entity.index_of(name));
    let is_deleted = value("IsDeleted").as_bool().unwrap_or(false);
    match (value("Id").as_id(), value("Name").as_text()) {
        (Some(id), Some(name)) if !is_deleted => Ok(Some(GenericChannel {
            id,
            name: name.to_owned(),
            topic: stored::topic_number(reads, &topic_of(id))?,
        })),
        _ => Ok(None),
    }
}

/// The topic of a channel's events, under any name.
pub(crate) fn topic_of(record: RecordId) -> Topic {
    Topic::new(format!("{PREFIX}{record}"))
}

/// Whether a record may be a channel.
///
/// # Errors
/// [`ValueFault::Refused`] for another name than `/u/` and letters, digits, `_` and `/`.
pub(crate) fn check(object: &Blueprint, row: &Row) -> Result<(), Fault> {
    let entity = &object.entity;
    let Some((place, field)) = entity.field("Name") else {
        return Ok(());
    };
    let name = read(row, Some(place)).as_text().unwrap_or_default();
    if is_name(name) {
        return Ok(());
    }
    Err(Fault::Value(ValueFault::Refused {
        field: subject(field),
        reason: format!(
            "a channel name begins with {PREFIX} and has letters, digits, underscores and slashes behind it"
        ),
    }))
}

/// Whether a channel may be called so.
pub fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'/');
    name.strip_prefix(PREFIX)
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(allowed))
}

/// See [`Engine::push`].
pub(crate) async fn push(
    engine: &Engine,
    channel: TopicId,
    pushes: Vec<Push>,
) -> Result<(), Error> {
    let schema = engine.0.state.generic_schema();
    let events = pushes
        .into_iter()
        .map(|push| event(engine, schema, channel, push))
        .collect::<Result<Vec<_>, _>>()?;
    // Generic events count against no allocation of platform events.
    engine.0.writer.publish(events, Vec::new()).await?;
    Ok(())
}

fn event(
    engine: &Engine,
    schema: &EventSchema,
    topic: TopicId,
    push: Push,
) -> Result<NewEvent, Error> {
    let users: Vec<&str> = push.users.iter().map(RecordId::as_str).collect();
    let users = if users.is_empty() {
        Value::Null
    } else {
        Value::Text(users.join(";"))
    };
    let payload = schema.encode_event(&[Value::Text(push.payload), users]);
    let payload = payload.map_err(|source| Error::Schema {
        entity: OBJECT.to_owned(),
        source,
    })?;
    Ok(NewEvent {
        topic,
        id: EventUuid::from_random(draw(engine.entropy())).into(),
        schema: schema.id(),
        payload: Bytes::from(payload),
    })
}

/// See [`Engine::make_channel`].
pub(crate) async fn make(engine: &Engine, name: &str, user: RecordId) -> Result<(), Error> {
    let catalog = engine.catalog();
    let entity = catalog
        .entity(OBJECT)
        .ok_or(Fault::Request(RequestFault::ResourceNotFound))?;
    let field = |name: &str, value| Some((entity.index_of(name)?, value));
    let values = [
        field("Name", Value::Text(name.to_owned())),
        field("IsDynamic", Value::Boolean(true)),
    ];
    let transaction = Transaction {
        changes: vec![Change::CreateByService {
            entity: Arc::clone(entity),
            values: values.into_iter().flatten().collect(),
        }],
        all_or_none: true,
        user,
        origin: String::new(),
    };
    let outcomes = engine.commit(transaction).await?;
    match outcomes.into_iter().next() {
        Some(Err(fault)) => Err(fault.into()),
        _ => Ok(()),
    }
}
