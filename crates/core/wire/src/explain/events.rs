//! The Streaming API, the Pub/Sub API, and what events are counted against.

use landfall_model::{LimitFault, ManagedFault, PubSubFault, StreamingFault};

use super::spelling::{Surface, spelling};
use super::{Entry, Subject, explain, fault, id, word};

explain! { streaming: StreamingFault in "The Streaming API" as fault;
    "The session is gone: no message came for 40 seconds, the server was restarted or another one answered, or the client id never was one."
    do "Send a handshake, subscribe again on every channel, and resume from the last replay ids. Do it in the listener of `/meta/handshake`: a client that subscribes once, at its start, is connected and receives nothing from then on."
    clients "cometd and faye send the handshake by themselves. cometd leaves subscribing to its user; faye subscribes again, without a replay id unless an extension adds it. aiosfstream resumes by itself."
    rehearse "landfall fault arm client-unknown --method /meta/connect" {
        ClientUnknown,
    }
    "The handshake is refused; the cause is in `ext.sfdc.failureReason`, most often an access token that is missing or has expired."
    do "Log in again and repeat the handshake with the new token." {
        HandshakeDenied,
    }
    "A message came before the handshake, or without the `clientId` of its answer."
    do "Send `/meta/handshake` first, and its `clientId` with every message after it." {
        HandshakeMissing,
    }
    "The token belongs to another user than the session."
    do "Use the token of the user that sent the handshake, or send a new handshake." {
        UserMismatch,
    }
    "The client does not return the cookie `BAYEUX_BROWSER` that came with the handshake, so the message could reach another server than the session's."
    do "Keep cookies between requests." {
        CookieMissing { client_id: word("CLIENT") },
    }
    "The path has no version of the API, or the client offers no transport that is served."
    do "Use a path like `/cometd/59.0`, and long polling." {
        VersionMissing, ConnectionTypeInvalid { offered: word("TYPE") },
    }
    "More clients are connected than the org permits at once."
    do "Disconnect clients that are not used, and share one client between channels."
    clients "Clients that start anew after each failure without a disconnect run into it: their old sessions count until they expire."
    rehearse "landfall fault arm too-many-connections --method /meta/handshake" {
        ClientLimitExceeded,
    }
    "The channel has as many subscribers as the org permits, or the session as many subscriptions."
    do "Share one subscription, and unsubscribe from channels that are not used." {
        SubscriptionLimitExceeded,
    }
    "The subscription names no channel, or one without a slash at its beginning."
    do "Subscribe to names like `/data/AccountChangeEvent` or `/event/Order__e`." {
        ChannelNameMissing, ChannelSlashMissing,
    }
    "There is no such channel. Letter case counts; changes of a custom object `Invoice__c` are on `/data/Invoice__ChangeEvent`; an object has a channel only once it is selected for change events."
    do "Correct the name; `landfall topics list` has those of a developer org. For an object, select it in Setup, or by a channel member in the project." {
        ChannelNotFound { channel: word("/topic/NAME") },
        ChannelNotFound { channel: word("/u/NAME") },
        ChannelNotFound { channel: word("/data/NAME") },
    }
    "The channel is one of the protocol's own, or the name varies an existing one only by letter case."
    do "Subscribe to the channel by its exact name." {
        ChannelRestricted, ChannelCaseVaries,
    }
    "The user may not see every record of the object, or the object is not selected for change events."
    do "Give the user View All on the object (for `/data/ChangeEvents`, View All Data), and select the object." {
        ChangeEventsDenied,
    }
    "The user lacks a permission: on PushTopics, on the object of the PushTopic, on a field in its condition, or on generic channels."
    do "Give the user Read on PushTopic or StreamingChannel, on the object, and on the fields of the query." {
        StreamingNotEnabled, TopicObjectDenied, TopicConditionDenied, ChannelAccessDenied,
    }
    "The filter of a subscription, `?Field=value`, names a field that the PushTopic does not select."
    do "Filter by selected fields, or add the field to the query of the PushTopic." {
        TopicFilterUnknown { fields: vec![word("FIELD")] },
    }
    "The generic channel does not exist, and the user may not create it or there are as many as the org permits."
    do "Create the channel as an administrator, or delete others." {
        ChannelCreateDenied { channel: word("/u/NAME") }, ChannelsTooMany,
    }
    "Events are not published over the Streaming API."
    do "Publish over REST, SOAP, Bulk or the Pub/Sub API; generic events by `/sobjects/StreamingChannel/ID/push`." {
        PublishDenied,
    }
    "The replay id is not retained any more: it is older than 72 hours (24 hours for PushTopics and generic channels), of another org, or not an id at all."
    do "Subscribe with -2 for everything that is retained, or with -1 for new events only. Either way events are missing: read the records again that they were about."
    clients "Most raise the error and remain connected without the subscription, which looks like silence. aiosfstream has `replay_fallback`."
    rehearse "landfall fault arm replay-id-invalid --method /meta/subscribe" {
        ReplayIdInvalid { replay_id: word("ID") },
    }
    "The replay extension has a map, and the channel is not in it. The name has to be the same letter for letter, with its filter."
    do "Use the name of the subscription as the key of the map." {
        ReplayChannelMissing { channel: word("CHANNEL"), map: word("MAP") },
    }
}

explain! { pubsub: PubSubFault in "The Pub/Sub API" as fault;
    "The call lacks metadata, or a new access token that came on a stream is not valid."
    do "Send `accesstoken`, `instanceurl` (with https://) and `tenantid` (the id of the org) with every call." {
        CallMetadataMissing, AuthRefreshInvalid,
    }
    "There is no such topic. Letter case counts; changes of a custom object `Invoice__c` are on `/data/Invoice__ChangeEvent`; an object has a topic only once it is selected for change events. PushTopics and generic channels are on the Streaming API only."
    do "Correct the name, or select the object for change events." {
        TopicNotFound { org: id(), topic: word("TOPIC") },
    }
    "The request names no topic."
    do "Set `topic_name` in the first request of a stream, and in every `GetTopic`." {
        TopicMissing, PublishTopicMissing,
    }
    "The user may not read the topic, or nothing can be published on it: events are published on `/event/…__e` topics, not on those of change events and channels."
    do "Give the user Read or Create on the platform event, or View All on the object of the change events." {
        TopicDenied, TopicInfoDenied, PublishRefused,
    }
    "No schema has this id, or the request has none."
    do "Use the `schema_id` of the event, or that of `GetTopic`, as it is." {
        SchemaNotFound, SchemaMissing,
    }
    "The schema cannot be read at the moment."
    do "Wait, longer each time, and ask again before the next event is processed: without its schema no event can be read. Keep schemas that were read."
    rehearse "landfall fault arm schema-unavailable --method GetSchema" {
        SchemaUnavailable,
    }
    "The replay id is not retained any more: it is older than 72 hours, of another org, or damaged, as by a conversion to a number."
    do "Subscribe with EARLIEST for everything that is retained, or with LATEST for new events only. Either way events are missing: read the records again that they were about."
    clients "salesforce-pubsub-api-client emits `error` and `end`, and does not come back. Several clients match the beginning of the text."
    rehearse "landfall fault arm replay-id-invalid --method Subscribe" {
        ReplayIdCorrupted,
    }
    "The preset is CUSTOM, and `replay_id` is empty."
    do "Send the replay id of the last event with CUSTOM, or use LATEST or EARLIEST." {
        ReplayIdMissing,
    }
    "`num_requested` is zero or less."
    do "Request at least one event." {
        FetchCountInvalid,
    }
    "A later request of the stream names another topic than the first."
    do "Use a stream for each topic." {
        TopicChanged, PublishTopicChanged,
    }
    "The org has more streams than the service takes."
    do "Wait, longer each time, and use fewer streams."
    rehearse "landfall fault arm too-many-connections --method Subscribe" {
        ConnectionsTooMany,
    }
    "The client has received every event that it requested, and did not request more within 60 seconds."
    do "Request more before the last event is processed. Then subscribe again from the last replay id."
    clients "salesforce-pubsub-api-client requests the next 100 events by itself, unless its user has set a number." {
        StreamIdle,
    }
    "The request has no events, or more than one request may have."
    do "Send at least one event; the guide advises 200 at most." {
        PublishEmpty, PublishTooMany { most: 200 },
    }
    "No request came on a publishing stream for 70 seconds."
    do "Open the stream again; publish from a stream only while there are events." {
        PublishIdle,
    }
    "A publishing stream cannot begin with a new access token."
    do "Send `auth_refresh` in later requests only." {
        PublishAuthRefreshEarly,
    }
}

explain! { managed: ManagedFault in "Managed event subscriptions" as fault;
    "The first request does not name the subscription, or its id is not one."
    do "Send either `subscription_id` or `developer_name`." {
        NameMissing, IdInvalid,
    }
    "There is no such managed event subscription, or it was deleted while the stream was open."
    do "Check the name; the subscription is a component of the Tooling API, `ManagedEventSubscription`." {
        IdUnknown, NameUnknown, Deleted,
    }
    "Another client has the subscription open: one at a time can use it."
    do "End the other client, or wait until its stream has ended." {
        Active,
    }
    "The state of the subscription is STOP."
    do "Set its state to RUN." {
        Stopped,
    }
    "A later request names another subscription, or requests neither events nor a commit."
    do "Repeat the first name or leave it out, and request events or commit a replay id." {
        Changed, FetchEmpty, FetchCountInvalid,
    }
    "The first request commits a replay id or refreshes the token."
    do "Begin with a request for events." {
        CommitEarly, RefreshEarly,
    }
    "Nothing was committed for 30 minutes."
    do "Commit the replay id of what was processed regularly, also while there are few events." {
        CommitMissing,
    }
}

explain! { limit: LimitFault in "Limits" as fault;
    "The org has used up its requests of the last 24 hours."
    do "Wait; use fewer and larger requests: composite, collections, Bulk API 2.0. `Sforce-Limit-Info` in every answer, and `/limits`, have the numbers."
    rehearse "landfall fault arm request-limit" {
        Requests,
    }
    "The data storage of the org is full, or the disk reserve of the server is reached."
    do "Delete records, or enlarge the disk." {
        Storage,
    }
    "The org has published as many platform events as it may in an hour."
    do "Publish later: the event was not published."
    rehearse "landfall fault arm publish-rejected" {
        Publishes,
    }
    "The platform event is larger than 1 MB."
    do "Send less, or a reference to it." {
        EventTooLarge,
    }
    "The org has delivered as many events to its subscribers as it may in 24 hours. Each subscriber counts."
    do "Wait, or use fewer subscribers, and custom channels with filters; then resume from the last replay id."
    clients "cometd stops. salesforce-pubsub-api-client emits `error` and `end`, and does not come back."
    rehearse "landfall fault arm events-daily-limit" {
        Deliveries,
    }
}

/// Messages that are not faults, but are looked up as well.
pub(super) fn codes() -> Vec<Entry> {
    let entry = |meaning, remedy, rehearse, code: Subject| Entry {
        chapter: "Limits",
        meaning,
        remedy,
        clients: "",
        rehearse,
        subjects: vec![code],
    };
    let code = |surface, code| Subject::Code(spelling(surface, "", code, ""));
    vec![
        entry(
            "Not an error: a platform event was accepted and will be published. The answer has it among `errors` although `success` is true; the message is the `EventUuid`.",
            "Read `success`, not whether `errors` is empty.",
            "",
            code(Surface::Rest, crate::OPERATION_ENQUEUED),
        ),
        entry(
            "An event of the request was not published, as its result says: the org has published as many as it may in an hour.",
            "Publish the events again whose results have an error; the others are published.",
            "landfall fault arm publish-partial",
            code(Surface::PubSub, crate::EVENT_LIMIT_EXCEEDED),
        ),
        entry(
            "A proxy in front of the service answers with a web page instead of JSON or XML.",
            "Look at the status before the body is parsed, and try again later.",
            "landfall fault arm http-503-html",
            Subject::Code(spelling(Surface::Rest, "503", "", "Service Unavailable")),
        ),
    ]
}
