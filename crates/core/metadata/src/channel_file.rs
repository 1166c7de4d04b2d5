//! Channels, channel members and managed subscriptions as files: what is made one by one is kept as a project would say it.

use crate::channel::{Channel, ChannelType, ManagedSubscription, ReplayFrom};
use crate::part::Part;
use crate::project::Kind;
use crate::render;
use crate::xml::NAMESPACE;

impl Channel {
    /// The component that declares it.
    pub fn part(&self) -> Part {
        let channel_type = match self.channel_type {
            ChannelType::Data => "data",
            ChannelType::Event => "event",
        };
        let mut elements = vec![("channelType", channel_type)];
        elements.extend(self.event_type.as_deref().map(|kind| ("eventType", kind)));
        elements.push(("label", &self.label));
        part(Kind::Channel, &self.full_name, &elements, &[])
    }
}

/// What is said of a channel member, not checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemberText {
    /// Full name.
    pub full_name: String,
    /// The channel.
    pub event_channel: String,
    /// The event.
    pub selected_entity: String,
    /// Which events of it.
    pub filter_expression: Option<String>,
    /// Fields that events carry although they did not change.
    pub enriched_fields: Vec<String>,
}

impl MemberText {
    /// The component that declares it.
    pub fn part(&self) -> Part {
        let mut elements = vec![("eventChannel", self.event_channel.as_str())];
        let filter = self.filter_expression.as_deref();
        elements.extend(filter.map(|filter| ("filterExpression", filter)));
        elements.push(("selectedEntity", &self.selected_entity));
        let enriched = &self.enriched_fields;
        part(Kind::ChannelMember, &self.full_name, &elements, enriched)
    }
}

impl ManagedSubscription {
    /// The component that declares it.
    pub fn part(&self) -> Part {
        let replay = |from| match from {
            ReplayFrom::Latest => "LATEST",
            ReplayFrom::Earliest => "EARLIEST",
        };
        let mut elements = vec![
            ("defaultReplay", replay(self.default_replay)),
            ("errorRecoveryReplay", replay(self.error_recovery_replay)),
            ("label", self.label.as_str()),
            ("state", if self.runs { "RUN" } else { "STOP" }),
            ("topicName", self.topic_name.as_str()),
        ];
        let version = self.version.as_deref();
        elements.extend(version.map(|version| ("version", version)));
        let name = &self.developer_name;
        part(Kind::ManagedSubscription, name, &elements, &[])
    }
}

pub(crate) fn part(kind: Kind, name: &str, elements: &[(&str, &str)], enriched: &[String]) -> Part {
    let root = kind.element();
    let mut content =
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{root} xmlns=\"{NAMESPACE}\">\n");
    for field in enriched {
        content.push_str("    <enrichedFields>\n        <name>");
        render::escape(&mut content, field);
        content.push_str("</name>\n    </enrichedFields>\n");
    }
    for (name, text) in elements {
        content.extend(["    <", name, ">"]);
        render::escape(&mut content, text);
        content.extend(["</", name, ">\n"]);
    }
    content.extend(["</", root, ">\n"]);
    Part {
        kind,
        name: name.to_owned(),
        path: kind.path(name),
        line: 1,
        position: 0,
        content,
        also: Vec::new(),
    }
}
