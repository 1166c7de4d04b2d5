//! Channels: from the name that a client subscribes to, to its topics and the events that it shows. The checks come in
//! the documented order.
//!
//! Source: "Streaming API Error Codes", "Filtered Subscriptions", "Generic Events" (Streaming API Developer Guide).

use landfall_auth::{Act, Login};
use landfall_engine::{Engine, Present, TopicId};
use landfall_model::{Fault, RecordFault, ServiceFault, StreamingFault, ValueFault};
use landfall_wire::ApiVersion;

use crate::selection::{Selection, conditions};
use crate::topic_access::{hidden, may_with_channels};

/// Prefixes of channels that clients may name; all else is restricted.
pub const PREFIXES: [&str; 5] = [CHANGES, "/event/", TOPIC, GENERIC, SYSTEM];
const TOPIC: &str = "/topic/";
const GENERIC: &str = "/u/";
const SYSTEM: &str = "/systemTopic/";
const CHANGES: &str = "/data/";

/// Channels about the service itself. None of their events exist here.
///
/// Clients: the Apex commands of the vendor's tools subscribe to them before they ask for a run.
const SYSTEM_TOPICS: [&str; 2] = ["/systemTopic/Logging", "/systemTopic/TestResult"];

/// What a channel stands for.
pub(crate) struct Target {
    pub(crate) topics: Vec<TopicId>,
    pub(crate) selection: Selection,
}

impl Target {
    /// Whether its events are not retained as long as others.
    pub(crate) const fn is_short_lived(&self) -> bool {
        !self.selection.is_everything()
    }
}

/// The limits of a subscribe request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Admission {
    /// The API version of the session.
    pub(crate) version: ApiVersion,
    /// Whether a missing generic channel is created.
    pub(crate) creates_channels: bool,
    /// Whether it replaces a subscription of the client: subscribing again does not count.
    pub(crate) is_repeated: bool,
}

impl Admission {
    /// # Errors
    /// [`StreamingFault::SubscriptionLimitExceeded`].
    fn enter(
        self,
        engine: &Engine,
        login: &Login,
        topic: TopicId,
    ) -> Result<Present, StreamingFault> {
        let most = engine.usage().allocations().topic_subscribers;
        let most = most.filter(|_| !self.is_repeated);
        engine.presence().enter(topic, login.user_id, most)
    }
}

/// What a channel stands for, for this login. A missing generic channel is created if that is allowed.
///
/// # Errors
/// The documented refusal.
pub(crate) async fn target(
    engine: &Engine,
    login: &Login,
    channel: &str,
    admission: Admission,
) -> Result<Target, Fault> {
    if channel.is_empty() {
        return Err(Fault::Streaming(StreamingFault::ChannelNameMissing));
    }
    if !channel.starts_with('/') {
        return Err(Fault::Streaming(StreamingFault::ChannelSlashMissing));
    }
    if !PREFIXES.iter().any(|prefix| channel.starts_with(prefix)) {
        return Err(Fault::Streaming(StreamingFault::ChannelRestricted));
    }
    if channel.starts_with(CHANGES) && !admission.version.has_change_events() {
        return Err(Fault::Streaming(StreamingFault::ChannelNotFound {
            channel: channel.to_owned(),
        }));
    }
    if let Some(name) = channel.strip_prefix(TOPIC) {
        return push_topic(engine, login, name, admission);
    }
    if channel.starts_with(GENERIC) {
        return generic(engine, login, channel, admission).await;
    }
    let topics = if SYSTEM_TOPICS.contains(&channel) {
        Vec::new()
    } else {
        landfall_auth::topics(engine, login, channel)?
    };
    Ok(Target {
        topics,
        selection: Selection::Everything,
    })
}

/// A `PushTopic` by its name, with conditions behind a question mark.
fn push_topic(
    engine: &Engine,
    login: &Login,
    spelled: &str,
    admission: Admission,
) -> Result<Target, Fault> {
    let (name, filter) = spelled.split_once('?').unwrap_or((spelled, ""));
    let topics = engine.push_topics();
    let topic = topics.named(name).ok_or_else(|| {
        Fault::Streaming(StreamingFault::ChannelNotFound {
            channel: format!("{TOPIC}{name}"),
        })
    })?;
    let left_out = hidden(engine, &login.access(), topic)?;
    let selected = topic.told().map(|field| field.name.as_str());
    let selected: Vec<&str> = selected.filter(|name| !left_out.contains(name)).collect();
    Ok(Target {
        topics: vec![topic.topic],
        selection: Selection::Topic {
            filters: conditions(filter, &selected)?,
            _present: admission.enter(engine, login, topic.topic)?,
        },
    })
}

async fn generic(
    engine: &Engine,
    login: &Login,
    name: &str,
    admission: Admission,
) -> Result<Target, Fault> {
    let mut channel = engine.generic_channels().named(name)?;
    if channel.is_none() && admission.creates_channels {
        create(engine, login, name).await?;
        channel = engine.generic_channels().named(name)?;
    }
    let channel = channel.ok_or_else(|| {
        Fault::Streaming(StreamingFault::ChannelNotFound {
            channel: name.to_owned(),
        })
    })?;
    if !may_with_channels(engine, &login.access(), Act::Read) {
        return Err(Fault::Streaming(StreamingFault::ChannelAccessDenied));
    }
    Ok(Target {
        topics: vec![channel.topic],
        selection: Selection::Generic {
            user: login.user_id,
            _present: admission.enter(engine, login, channel.topic)?,
        },
    })
}

async fn create(engine: &Engine, login: &Login, name: &str) -> Result<(), Fault> {
    let denied = || {
        Fault::Streaming(StreamingFault::ChannelCreateDenied {
            channel: name.to_owned(),
        })
    };
    let may_create = may_with_channels(engine, &login.access(), Act::Create);
    if !may_create || !landfall_engine::is_channel_name(name) {
        return Err(denied());
    }
    let created = engine.make_channel(name, login.user_id).await;
    match created.map_err(landfall_engine::Error::fault) {
        // Another request has just created it.
        Ok(()) | Err(Fault::Value(ValueFault::Duplicate { .. })) => Ok(()),
        Err(Fault::Record(RecordFault::LimitExceeded { .. })) => {
            Err(Fault::Streaming(StreamingFault::ChannelsTooMany))
        }
        Err(Fault::Service(ServiceFault::StoreUnavailable)) => {
            Err(Fault::Service(ServiceFault::StoreUnavailable))
        }
        Err(_) => Err(denied()),
    }
}
