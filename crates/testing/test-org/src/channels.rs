//! Channels and their members, as a project has them.

use landfall_metadata::Component;

const NAMESPACE: &str = "http://soap.sforce.com/2006/04/metadata";

/// A custom channel of `data` or `event`.
pub fn channel(full_name: &str, channel_type: &str) -> Component {
    Component {
        path: format!("platformEventChannels/{full_name}.platformEventChannel-meta.xml"),
        content: format!(
            "<PlatformEventChannel xmlns=\"{NAMESPACE}\"><channelType>{channel_type}</channelType>\
             <label>{full_name}</label></PlatformEventChannel>"
        ),
    }
}

/// An event on a channel, with a filter unless it is empty, and with enriched fields.
pub fn member(event_channel: &str, event: &str, filter: &str, enriched: &[&str]) -> Component {
    let name = format!("{event_channel}_{event}").replace("__", "_");
    let enriched: Vec<String> = enriched
        .iter()
        .map(|field| format!("<enrichedFields><name>{field}</name></enrichedFields>"))
        .collect();
    let enriched = enriched.concat();
    let filter = match filter {
        "" => String::new(),
        filter => format!(
            "<filterExpression>{}</filterExpression>",
            filter.replace('<', "&lt;")
        ),
    };
    Component {
        path: format!("platformEventChannelMembers/{name}.platformEventChannelMember-meta.xml"),
        content: format!(
            "<PlatformEventChannelMember xmlns=\"{NAMESPACE}\">{enriched}\
             <eventChannel>{event_channel}</eventChannel>{filter}\
             <selectedEntity>{event}</selectedEntity></PlatformEventChannelMember>"
        ),
    }
}
