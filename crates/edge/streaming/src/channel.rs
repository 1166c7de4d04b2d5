//! Which channels there are: from the name that a client subscribes to, to the topics behind it and what it shows of
//! them. The checks come in the documented order.
//!
//! Source: "Streaming API Error Codes", "Filtered Subscriptions", "Generic Events" (Streaming API Developer Guide).

use landfall_auth::{Act, Login};
use landfall_engine::{Engine, Present, TopicId};
use landfall_model::Fault;

use crate::topic_access::{hidden, may_with_channels};
use crate::view::{View, conditions};

/// Prefixes of channels that clients may name; all else is restricted.
const PREFIXES: [&str; 5] = ["/data/", "/event/", TOPIC, GENERIC, SYSTEM];
const TOPIC: &str = "/topic/";
const GENERIC: &str = "/u/";
const SYSTEM: &str = "/systemTopic/";

/// Channels that tell what goes on in the service. Nothing that they would tell exists here.
///
/// Clients: the Apex commands of the vendor's tools subscribe to them before they ask for a run.
const SYSTEM_TOPICS: [&str; 2] = ["/systemTopic/Logging", "/systemTopic/TestResult"];

/// What is behind a channel.
pub(crate) struct Target {
    pub(crate) topics: Vec<TopicId>,
    pub(crate) view: View,
}

impl Target {
    /// Whether its events are not retained as long as others.
    pub(crate) const fn is_short_lived(&self) -> bool {
        !self.view.is_whole()
    }
}

/// What a subscription may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    /// Whether a generic channel that is not there is made.
    pub(crate) makes_channels: bool,
    /// Whether it takes the place of one that the client has: subscribing again is no further subscription.
    pub(crate) is_repeated: bool,
}

impl Room {
    /// # Errors
    /// [`Fault::SubscriptionLimitExceeded`].
    fn enter(self, engine: &Engine, login: &Login, topic: TopicId) -> Result<Present, Fault> {
        let most = engine.usage().allocations().topic_subscribers;
        let most = most.filter(|_| !self.is_repeated);
        engine.presence().enter(topic, login.user_id, most)
    }
}

/// What is behind a channel, for this login. A generic channel that is not there is made, if that may be.
///
/// # Errors
/// The documented refusal.
pub(crate) async fn target(
    engine: &Engine,
    login: &Login,
    channel: &str,
    room: Room,
) -> Result<Target, Fault> {
    if channel.is_empty() {
        return Err(Fault::ChannelNameMissing);
    }
    if !channel.starts_with('/') {
        return Err(Fault::ChannelSlashMissing);
    }
    if !PREFIXES.iter().any(|prefix| channel.starts_with(prefix)) {
        return Err(Fault::ChannelRestricted);
    }
    if let Some(name) = channel.strip_prefix(TOPIC) {
        return push_topic(engine, login, name, room);
    }
    if channel.starts_with(GENERIC) {
        return generic(engine, login, channel, room).await;
    }
    let topics = if SYSTEM_TOPICS.contains(&channel) {
        Vec::new()
    } else {
        landfall_auth::topics(engine, login, channel)?
    };
    Ok(Target {
        topics,
        view: View::Whole,
    })
}

/// A `PushTopic` by its name, with conditions behind a question mark.
fn push_topic(engine: &Engine, login: &Login, spelled: &str, room: Room) -> Result<Target, Fault> {
    let (name, filter) = spelled.split_once('?').unwrap_or((spelled, ""));
    let topics = engine.push_topics();
    let topic = topics.named(name).ok_or_else(|| Fault::ChannelNotFound {
        channel: format!("{TOPIC}{name}"),
    })?;
    let left_out = hidden(engine, &login.access(), topic)?;
    let told = topic.told().map(|field| field.name.as_str());
    let told: Vec<&str> = told.filter(|name| !left_out.contains(name)).collect();
    Ok(Target {
        topics: vec![topic.topic],
        view: View::Topic {
            filters: conditions(filter, &told)?,
            _present: room.enter(engine, login, topic.topic)?,
        },
    })
}

async fn generic(engine: &Engine, login: &Login, name: &str, room: Room) -> Result<Target, Fault> {
    let mut channel = engine.generic_channels().named(name)?;
    if channel.is_none() && room.makes_channels {
        make(engine, login, name).await?;
        channel = engine.generic_channels().named(name)?;
    }
    let channel = channel.ok_or_else(|| Fault::ChannelNotFound {
        channel: name.to_owned(),
    })?;
    if !may_with_channels(engine, &login.access(), Act::Read) {
        return Err(Fault::ChannelAccessDenied);
    }
    Ok(Target {
        topics: vec![channel.topic],
        view: View::Generic {
            user: login.user_id,
            _present: room.enter(engine, login, channel.topic)?,
        },
    })
}

async fn make(engine: &Engine, login: &Login, name: &str) -> Result<(), Fault> {
    let denied = || Fault::ChannelCreateDenied {
        channel: name.to_owned(),
    };
    let may_make = may_with_channels(engine, &login.access(), Act::Create);
    if !may_make || !landfall_engine::is_channel_name(name) {
        return Err(denied());
    }
    let made = engine.make_channel(name, login.user_id).await;
    match made.map_err(landfall_engine::Error::fault) {
        // Somebody else has just made it.
        Ok(()) | Err(Fault::ValueDuplicate { .. }) => Ok(()),
        Err(Fault::RecordLimitExceeded { .. }) => Err(Fault::ChannelsTooMany),
        Err(Fault::StoreUnavailable) => Err(Fault::StoreUnavailable),
        Err(_) => Err(denied()),
    }
}
