//! The spelling of `StreamingFault`.

use landfall_model::StreamingFault;

use crate::bayeux;

/// Source: "Streaming API Error Codes" (Streaming API Developer Guide).
pub(super) fn spell(fault: &StreamingFault) -> String {
    match fault {
        StreamingFault::VersionMissing => bayeux::VERSION_MISSING.to_owned(),
        StreamingFault::ConnectionTypeInvalid { offered } => {
            format!("400::Invalid connection type {{{offered}}}")
        }
        StreamingFault::HandshakeDenied => "403::Handshake denied".to_owned(),
        StreamingFault::HandshakeMissing => "403::Client has not completed handshake".to_owned(),
        StreamingFault::ClientUnknown => "403::Unknown client".to_owned(),
        StreamingFault::UserMismatch => {
            "400::Authenticated user id does not match the session's user id".to_owned()
        }
        StreamingFault::CookieMissing { client_id } => format!(
            "400::Client {{{client_id}}} has established a session, but no BAYEUX_BROWSER cookie present"
        ),
        StreamingFault::ClientLimitExceeded => {
            "403::Organization concurrent user limit exceeded".to_owned()
        }
        StreamingFault::SubscriptionLimitExceeded => {
            "403::Subscription limit exceeded for this topic".to_owned()
        }
        StreamingFault::ChannelNameMissing => "400::Channel name not specified".to_owned(),
        StreamingFault::ChannelSlashMissing => {
            "400::Channel subscriptions must start with a leading '/'".to_owned()
        }
        StreamingFault::ChannelNotFound { channel } => {
            bayeux::channel_not_found(channel).into_owned()
        }
        StreamingFault::ChannelRestricted => "403::Restricted channel".to_owned(),
        StreamingFault::StreamingNotEnabled => "403::User not enabled for streaming".to_owned(),
        StreamingFault::TopicObjectDenied => {
            "403::Subscriber does not have access to the entity in this topic".to_owned()
        }
        StreamingFault::TopicConditionDenied => bayeux::TOPIC_CONDITION_DENIED.to_owned(),
        StreamingFault::TopicFilterUnknown { fields } => format!(
            "400::Query fields {{{}}} do not exist on the topic entity",
            fields.join(", ")
        ),
        StreamingFault::ChannelCreateDenied { channel } => {
            format!("403::Cannot create channel {{{channel}}}")
        }
        StreamingFault::ChannelsTooMany => bayeux::CHANNELS_TOO_MANY.to_owned(),
        StreamingFault::ChannelAccessDenied => "403::No access on channel".to_owned(),
        StreamingFault::ChannelCaseVaries => {
            "404::channel names may not vary only by case".to_owned()
        }
        StreamingFault::ChangeEventsDenied => {
            "403::User not allowed to subscribe CDC without required permissions".to_owned()
        }
        StreamingFault::PublishDenied => "403:denied_by_security_policy:publish_denied".to_owned(),
        StreamingFault::ReplayIdInvalid { replay_id } => bayeux::replay_id_invalid(replay_id),
        StreamingFault::ReplayChannelMissing { channel, map } => {
            bayeux::replay_channel_missing(channel, map)
        }
    }
}
