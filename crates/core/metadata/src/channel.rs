//! Channels that group events, what is on them, and subscriptions that the service keeps.
//!
//! Source: "`PlatformEventChannel`", "`PlatformEventChannelMember`" and "`ManagedEventSubscription`" (Metadata API
//! Developer Guide); the literal errors: forcedotcom/sf-skills.

use std::collections::BTreeSet;

use landfall_channel::{Filter, Subject, enrichable};
use landfall_model::limits::{
    CHANNELS_OF_A_TYPE_MAX, ENRICHED_FIELDS_MAX, MONITORING_CHANNELS_MAX,
};
use landfall_model::{Catalog, FieldName, Topic};
use landfall_schema::EventSchema;

use crate::Part;
use crate::absent::{Absence, Absent};
use crate::gather::Single;
use crate::names;
use crate::problem::Report;
use crate::read::brief;
use crate::xml::{self, Element};

/// Name of the channel that every org has.
pub(crate) const CHANGE_EVENTS: &str = "ChangeEvents";

/// What a channel carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelType {
    /// Change events.
    Data,
    /// Platform events.
    Event,
}

/// The `eventType` of channels of what goes on in the service.
const MONITORING: &str = "monitoring";

/// A custom channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// API name, such as `Sales__chn`.
    pub full_name: String,
    /// What it carries.
    pub channel_type: ChannelType,
    /// The same in the words of later versions: `custom`, `data`, `monitoring`, if they are used.
    pub event_type: Option<String>,
    /// What people see.
    pub label: String,
}

impl Channel {
    /// What one subscribes to: `/data/Sales__chn` or `/event/Sales__chn`.
    pub fn topic(&self) -> Topic {
        let folder = match self.channel_type {
            ChannelType::Data => "data",
            ChannelType::Event => "event",
        };
        Topic::new(format!("/{folder}/{}", self.full_name))
    }
}

/// An event on a channel.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelMember {
    /// Full name, such as `Sales_chn_AccountChangeEvent`.
    pub full_name: String,
    /// The channel: `ChangeEvents` or the full name of a custom one.
    pub event_channel: String,
    /// The event, such as `AccountChangeEvent`.
    pub selected_entity: String,
    /// Which events of it are delivered; none for all.
    pub filter: Option<Filter>,
    /// Fields that events carry although they did not change.
    pub enriched_fields: Vec<FieldName>,
}

/// Where a managed subscription begins when it has no valid position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplayFrom {
    /// With events that are yet to come.
    Latest,
    /// With the oldest retained event.
    Earliest,
}

/// A subscription whose position the service keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManagedSubscription {
    /// Developer name.
    pub developer_name: String,
    /// What people see.
    pub label: String,
    /// What it subscribes to, such as `/event/Order_Shipped__e`.
    pub topic_name: Topic,
    /// Where it begins.
    pub default_replay: ReplayFrom,
    /// Where it goes on if its committed position is no longer valid.
    pub error_recovery_replay: ReplayFrom,
    /// Whether clients may use it: `RUN`, not `STOP`.
    pub runs: bool,
    /// Reserved.
    pub version: Option<String>,
}

/// Whether a channel member says that it is on this channel.
pub fn is_on_channel(member: &Part, channel: &str) -> bool {
    xml::parse(member).is_ok_and(|root| {
        let mut said = root.children.iter();
        said.any(|said| {
            said.name == "eventChannel" && said.text.trim().eq_ignore_ascii_case(channel)
        })
    })
}

/// The events and channels that files may name.
pub(crate) struct Known<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) channels: &'a [Channel],
    pub(crate) absent: &'a Absent,
}

impl Known<'_> {
    fn channel(&self, full_name: &str) -> Option<&Channel> {
        self.channels
            .iter()
            .find(|channel| channel.full_name == full_name)
    }

    /// What kind of event it is; none if there is no such event. Letter case matters, as in topics.
    fn event(&self, name: &str) -> Option<ChannelType> {
        let change_event = self.catalog.entity_of_change_event(name);
        let change_event = change_event.and_then(|entity| entity.change_event.as_ref());
        if change_event.is_some_and(|event| event.name.as_str() == name) {
            return Some(ChannelType::Data);
        }
        let platform_event = self.catalog.platform_event(name);
        platform_event
            .is_some_and(|event| event.name.as_str() == name)
            .then_some(ChannelType::Event)
    }

    fn has_topic(&self, topic: &str) -> bool {
        if topic == Topic::CHANGE_EVENTS {
            return true;
        }
        let custom = self
            .channels
            .iter()
            .any(|channel| channel.topic().as_str() == topic);
        custom
            || match (topic.strip_prefix("/data/"), topic.strip_prefix("/event/")) {
                (Some(name), _) => self.event(name) == Some(ChannelType::Data),
                (_, Some(name)) => self.event(name) == Some(ChannelType::Event),
                _ => false,
            }
    }
}

/// What the service says of a component of a package that is not installed.
fn of_package(namespace: &str) -> String {
    format!(
        "Cannot create a new component with the namespace: {}. Only components in the same namespace \
         as the organization can be created through the API",
        brief(namespace)
    )
}

/// Reads a channel.
pub(crate) fn channel(source: &Single, report: &mut Report) -> Option<Channel> {
    let element = &source.element;
    let full_name = source.name.as_str();
    let Some(name) = full_name.strip_suffix("__chn") else {
        let reason = format!("The name '{}' must end with __chn", brief(full_name));
        report.problem(&element.at, reason);
        return None;
    };
    if let Some((namespace, _)) = name.split_once("__") {
        report.inapplicable(&element.at, of_package(namespace));
        return None;
    }
    check_name(name, element, report)?;
    let types = [("data", ChannelType::Data), ("event", ChannelType::Event)];
    element.required("channelType", report)?;
    let channel_type = element.choice("channelType", &types, report)?;
    let kinds = [
        ("data", ChannelType::Data),
        ("custom", ChannelType::Event),
        (MONITORING, ChannelType::Event),
    ];
    if let Some(kind) = element.choice("eventType", &kinds, report)
        && kind != channel_type
    {
        report.problem(
            &element.at,
            "The eventType does not go with the channelType",
        );
    }
    Some(Channel {
        full_name: full_name.to_owned(),
        channel_type,
        event_type: element.text("eventType", report).map(str::to_owned),
        label: element.required("label", report)?.to_owned(),
    })
}

/// Checks that there are not more channels of a type than an org may have; the last of them is the one too many.
pub(crate) fn check_count<'a>(
    known: &Known<'_>,
    sources: impl Iterator<Item = &'a Single>,
    report: &mut Report,
) {
    let (mut data, mut events, mut monitoring) = (0, 0, 0);
    for channel in known.channels {
        let count = match (channel.channel_type, channel.event_type.as_deref()) {
            (_, Some(MONITORING)) => &mut monitoring,
            (ChannelType::Data, _) => &mut data,
            (ChannelType::Event, _) => &mut events,
        };
        *count += 1;
    }
    let reason = if data.max(events) > CHANNELS_OF_A_TYPE_MAX {
        format!("An org has at most {CHANNELS_OF_A_TYPE_MAX} custom channels of a type")
    } else if monitoring > MONITORING_CHANNELS_MAX {
        format!("An org has at most {MONITORING_CHANNELS_MAX} custom channels of monitoring events")
    } else {
        return;
    };
    if let Some(last) = sources.last() {
        report.problem(&last.element.at, reason);
    }
}

/// Whether an event that is not here is no mistake of what names it.
fn is_left_out(
    event: &str,
    by: &str,
    known: &Known<'_>,
    element: &Element,
    report: &mut Report,
) -> bool {
    let absence = known.absent.event(event);
    if absence == Absence::Elsewhere {
        let reason = format!("{by} is left out: {event} is not here");
        report.warning(&element.at, reason);
    }
    absence != Absence::Unknown
}

/// Reads a channel member; none if it is wrong, or its event is not here.
pub(crate) fn member(
    source: &Single,
    known: &Known<'_>,
    taken: &mut BTreeSet<(String, String)>,
    report: &mut Report,
) -> Option<ChannelMember> {
    let element = &source.element;
    if let Some((namespace, _)) = source.name.split_once("__") {
        report.inapplicable(&element.at, of_package(namespace));
        return None;
    }
    check_name(&source.name, element, report)?;
    let channel = element.required("eventChannel", report);
    let selected = element.required("selectedEntity", report)?;
    let channel = channel?;
    let carried = if channel == CHANGE_EVENTS {
        Some(ChannelType::Data)
    } else {
        known.channel(channel).map(|channel| channel.channel_type)
    };
    let Some(carried) = carried else {
        report.inapplicable(&element.at, "Unable to find the specified channel");
        return None;
    };
    let kind = known.event(selected);
    if kind.is_none() && is_left_out(selected, &source.name, known, element, report) {
        return None;
    }
    if kind != Some(carried) {
        let reason = "The PlatformEventChannelMember can't be created because it references an \
                      invalid event in the \"selectedEntity\" field";
        report.inapplicable(&element.at, reason);
        return None;
    }
    let key = (channel.to_owned(), selected.to_owned());
    if !taken.insert(key) {
        report.problem(
            &element.at,
            format!("DUPLICATE_VALUE: {selected} is already on the channel {channel}"),
        );
        return None;
    }
    Some(ChannelMember {
        full_name: source.name.clone(),
        event_channel: channel.to_owned(),
        selected_entity: selected.to_owned(),
        filter: filter(element, selected, known, report),
        enriched_fields: enriched(element, selected, known, report),
    })
}

fn filter(
    element: &Element,
    selected: &str,
    known: &Known<'_>,
    report: &mut Report,
) -> Option<Filter> {
    let text = element.text("filterExpression", report)?;
    let read = if let Some(entity) = known.catalog.entity_of_change_event(selected) {
        EventSchema::of_change_event(entity).map(|schema| {
            let schema = &schema;
            Filter::read(text, &Subject::Changes { entity, schema })
        })
    } else {
        let event = known.catalog.platform_event(selected)?;
        EventSchema::of_platform_event(event).map(|schema| {
            let schema = &schema;
            Filter::read(text, &Subject::PlatformEvent { event, schema })
        })
    };
    // What keeps an event from having a schema is a problem of its own.
    let read = read.ok()?;
    let at = element
        .one("filterExpression", report)
        .map_or(&element.at, |found| &found.at);
    match read {
        Ok(filter) => {
            if let Err(refusal) = filter.check_new() {
                report.inapplicable(at, refusal.to_string());
            }
            Some(filter)
        }
        Err(refusal) => {
            report.problem(at, refusal.to_string());
            None
        }
    }
}

/// Formulas, several chosen values, long, rich and encrypted texts cannot be enriched, nor other than top-level fields of
/// the event.
///
/// Source: "Considerations for Event Enrichment" (Change Data Capture Developer Guide).
fn enriched(
    element: &Element,
    selected: &str,
    known: &Known<'_>,
    report: &mut Report,
) -> Vec<FieldName> {
    let entity = known.catalog.entity_of_change_event(selected);
    let mut fields = Vec::new();
    for listed in element.all("enrichedFields") {
        let Some(name) = listed.required("name", report) else {
            continue;
        };
        let field = entity.and_then(|entity| enrichable(entity, name));
        if field.is_none() {
            let reason = format!("The selected field, {}, isn't valid", brief(name));
            report.inapplicable(&listed.at, reason);
        }
        if let Some(field) = &field
            && fields.contains(field)
        {
            let reason = format!("The selected field, {field}, is listed twice");
            report.problem(&listed.at, reason);
        }
        fields.extend(field);
    }
    if fields.len() > ENRICHED_FIELDS_MAX {
        let reason = format!("A channel member has at most {ENRICHED_FIELDS_MAX} enriched fields");
        report.problem(&element.at, reason);
    }
    fields
}

/// Reads a managed subscription; none if it is wrong, or its event is not here.
pub(crate) fn managed_subscription(
    source: &Single,
    known: &Known<'_>,
    report: &mut Report,
) -> Option<ManagedSubscription> {
    let element = &source.element;
    check_name(&source.name, element, report)?;
    let label = element.required("label", report);
    let topic = element.required("topicName", report)?;
    let at = element
        .one("topicName", report)
        .map_or(&element.at, |found| &found.at);
    if !known.has_topic(topic) {
        let event = topic.rsplit('/').next().unwrap_or_default();
        let is_path = topic == format!("/event/{event}") || topic == format!("/data/{event}");
        if is_path && is_left_out(event, &source.name, known, element, report) {
            return None;
        }
        report.inapplicable(at, "The topicName field is invalid");
        return None;
    }
    let starts = [
        ("LATEST", ReplayFrom::Latest),
        ("EARLIEST", ReplayFrom::Earliest),
    ];
    let default_replay = element.choice("defaultReplay", &starts, report);
    let error_recovery_replay = element.choice("errorRecoveryReplay", &starts, report);
    Some(ManagedSubscription {
        developer_name: source.name.clone(),
        label: label?.to_owned(),
        topic_name: Topic::new(topic),
        default_replay: default_replay.unwrap_or(ReplayFrom::Latest),
        error_recovery_replay: error_recovery_replay.unwrap_or(ReplayFrom::Latest),
        runs: state(element, report)?,
        version: element.text("version", report).map(str::to_owned),
    })
}

fn state(element: &Element, report: &mut Report) -> Option<bool> {
    let Some(found) = element.one("state", report) else {
        return Some(true);
    };
    match found.text.trim() {
        "RUN" => Some(true),
        "STOP" => Some(false),
        _ => {
            let reason =
                "You can create a managed event subscription state field only to RUN or STOP";
            report.problem(&found.at, reason);
            None
        }
    }
}

fn check_name(name: &str, element: &Element, report: &mut Report) -> Option<()> {
    match names::fault_of_developer_name(name) {
        Some(fault) => {
            report.problem(&element.at, fault);
            None
        }
        None => Some(()),
    }
}
