//! The client's end of a session, behaviour by behaviour, against responses as the real service writes them.

use std::time::Duration;

use landfall_bayeux::client::{
    Client, Error, Event, Input, Output, RequestId, SUBSCRIPTIONS_MAX, Settings,
};
use landfall_bayeux::{Moment, Refusal};

const CHANNEL: &str = "/data/AccountChangeEvent";

/// A client, its clock in seconds, and the requests it awaits.
struct Peer {
    client: Client,
    now: u64,
    sent: Vec<(RequestId, String, Duration)>,
}

impl Peer {
    fn new() -> Self {
        Self {
            client: Client::new(Settings::default()),
            now: 0,
            sent: Vec::new(),
        }
    }

    /// Handshake done; its first connect is under way.
    fn opened() -> Self {
        let mut peer = Self::new();
        peer.feed(Input::Start);
        let opened = peer.reply(
            "/meta/handshake",
            r#""ext":{"replay":true,"payload.format":true},"clientId":"c1","supportedConnectionTypes":["long-polling"],"successful":true"#,
        );
        let client_id = "c1".into();
        assert_eq!(opened, [Output::Opened { client_id }]);
        peer
    }

    /// Past its first connect: a poll is held.
    fn polling() -> Self {
        let mut peer = Self::opened();
        let advice = r#""clientId":"c1","advice":{"interval":0,"timeout":110000,"reconnect":"retry"},"successful":true"#;
        assert_eq!(peer.reply("/meta/connect", advice), []);
        peer
    }

    /// And subscribed, from the start of the log.
    fn subscribed() -> Self {
        let mut peer = Self::polling();
        peer.subscribe(CHANNEL, Some(-2));
        let heard = peer.reply("/meta/subscribe", r#""successful":true"#);
        assert_eq!(heard, [Output::Subscribed(CHANNEL.into())]);
        peer
    }

    fn now(&self) -> Moment {
        Moment::from_millis(self.now * 1_000)
    }

    /// Feeds an input; requests go to `sent`, the rest is returned.
    fn feed(&mut self, input: Input<'_>) -> Vec<Output> {
        let now = self.now();
        self.client.handle(now, input).expect("few channels");
        let mut heard = Vec::new();
        while let Some(output) = self.client.poll_output() {
            match output {
                Output::Send {
                    request,
                    body,
                    timeout,
                } => {
                    let body = String::from_utf8(body).expect("JSON is text");
                    self.sent.push((request, body, timeout));
                }
                other => heard.push(other),
            }
        }
        heard
    }

    fn subscribe(&mut self, channel: &str, replay: Option<i64>) -> Vec<Output> {
        let channel = channel.into();
        self.feed(Input::Subscribe { channel, replay })
    }

    /// The request under way that has a message for this meta channel.
    fn take(&mut self, meta: &str) -> (RequestId, String, Duration) {
        let index = self
            .sent
            .iter()
            .position(|(_, body, _)| body.contains(meta))
            .expect("it was sent");
        self.sent.remove(index)
    }

    /// Answers every message of that request with these members; `events` go in front.
    fn reply_after(&mut self, events: &str, meta: &str, members: &str) -> Vec<Output> {
        let (request, body, _) = self.take(meta);
        let messages: Vec<serde_json::Value> = serde_json::from_str(&body).expect("JSON");
        let replies: Vec<String> = messages
            .iter()
            .map(|message| {
                let (channel, id) = (&message["channel"], &message["id"]);
                format!(r#"{{"channel":{channel},"id":{id},{members}}}"#)
            })
            .collect();
        let response = format!("[{events}{}]", replies.join(","));
        self.feed(Input::Response(request, response.as_bytes()))
    }

    fn reply(&mut self, meta: &str, members: &str) -> Vec<Output> {
        self.reply_after("", meta, members)
    }

    fn fail(&mut self, meta: &str) -> Vec<Output> {
        let (request, ..) = self.take(meta);
        self.feed(Input::Failed(request))
    }

    fn bodies(&self) -> Vec<&str> {
        self.sent.iter().map(|(_, body, _)| &**body).collect()
    }

    fn timeout(&self) -> Option<u64> {
        let moment = self.client.poll_timeout()?;
        Some(moment.as_millis() / 1_000)
    }
}

fn event(id: i64) -> String {
    format!(
        r#"{{"data":{{"schema":"s","payload":{{"Amount":3.0}},"event":{{"replayId":{id}}}}},"channel":"{CHANNEL}"}},"#
    )
}

fn ids(heard: &[Output]) -> Vec<Option<i64>> {
    let id = |output: &Output| match output {
        Output::Event(Event { replay_id, .. }) => Some(*replay_id),
        _ => None,
    };
    heard.iter().filter_map(id).collect()
}

const UNKNOWN: &str = r#""advice":{"interval":0,"reconnect":"handshake"},"error":"403::Unknown client","successful":false"#;

#[test]
fn it_shakes_hands_and_connects_without_waiting() {
    let mut peer = Peer::new();
    assert_eq!(peer.feed(Input::Start), []);
    assert_eq!(
        peer.bodies(),
        [
            r#"[{"channel":"/meta/handshake","version":"1.0","minimumVersion":"1.0","supportedConnectionTypes":["long-polling"],"id":"1","ext":{"replay":true}}]"#
        ]
    );
    let peer = Peer::opened();
    assert_eq!(
        peer.bodies(),
        [
            r#"[{"channel":"/meta/connect","connectionType":"long-polling","id":"2","clientId":"c1","advice":{"timeout":0}}]"#
        ]
    );
}

#[test]
fn later_polls_are_held_as_long_as_advised() {
    let mut peer = Peer::polling();
    let (_, body, timeout) = peer.take("/meta/connect");
    assert_eq!(
        body,
        r#"[{"channel":"/meta/connect","connectionType":"long-polling","id":"3","clientId":"c1"}]"#
    );
    assert_eq!(timeout, Duration::from_mins(2));
}

#[test]
fn it_subscribes_while_a_poll_is_open() {
    let mut peer = Peer::polling();
    peer.subscribe(CHANNEL, Some(-1));
    peer.subscribe("/data/ChangeEvents", None);
    assert_eq!(peer.sent.len(), 2, "the poll and one command");
    assert_eq!(
        peer.take("/meta/subscribe").1,
        r#"[{"channel":"/meta/subscribe","subscription":"/data/AccountChangeEvent","clientId":"c1","id":"4","ext":{"replay":{"/data/AccountChangeEvent":-1}}}]"#
    );
}

#[test]
fn what_is_wanted_before_the_session_is_subscribed_in_one_request() {
    let mut peer = Peer::new();
    for channel in ["/b", "/a"] {
        peer.subscribe(channel, None);
    }
    peer.feed(Input::Start);
    assert_eq!(peer.sent.len(), 1);
    peer.reply("/meta/handshake", r#""clientId":"c1","successful":true"#);
    assert_eq!(
        peer.take("/meta/subscribe").1,
        r#"[{"channel":"/meta/subscribe","subscription":"/a","clientId":"c1","id":"3"},{"channel":"/meta/subscribe","subscription":"/b","clientId":"c1","id":"4"}]"#
    );
}

#[test]
fn a_command_stays_below_the_body_limit_and_the_rest_follows() {
    let mut peer = Peer::new();
    for index in 0..SUBSCRIPTIONS_MAX {
        peer.subscribe(&format!("/event/Event_number_{index}__e"), Some(-2));
    }
    let channel = "/event/One_more__e".into();
    let replay = None;
    let more = Input::Subscribe { channel, replay };
    let refused = peer.client.handle(peer.now(), more);
    assert_eq!(refused, Err(Error::SubscriptionsExceeded));

    peer.feed(Input::Start);
    peer.reply("/meta/handshake", r#""clientId":"c1","successful":true"#);
    let mut subscribed = 0;
    while subscribed < SUBSCRIPTIONS_MAX {
        let command = &peer.sent[1].1;
        assert!(command.len() < 32_768, "{}", command.len());
        subscribed += peer.reply("/meta/subscribe", r#""successful":true"#).len();
    }
    assert_eq!(peer.sent.len(), 1, "only the poll is left");
}

#[test]
fn events_come_with_their_data_to_the_letter_and_the_poll_goes_on() {
    let mut peer = Peer::subscribed();
    let heard = peer.reply_after(&event(41), "/meta/connect", r#""successful":true"#);
    let [Output::Event(event)] = &heard[..] else {
        panic!("{heard:?}");
    };
    assert_eq!(&*event.channel, CHANNEL);
    assert_eq!(
        event.data.as_str(),
        r#"{"schema":"s","payload":{"Amount":3.0},"event":{"replayId":41}}"#
    );
    let positions: Vec<_> = peer.client.positions().collect();
    assert_eq!(positions, [(CHANNEL, Some(41))]);
    assert!(peer.bodies()[0].contains("/meta/connect"));
}

#[test]
fn an_event_that_was_seen_or_not_asked_for_is_not_delivered() {
    let mut peer = Peer::subscribed();
    let foreign = event(44).replace(CHANNEL, "/data/Other");
    let events = [event(41), event(40), event(41), foreign, event(43)].concat();
    let heard = peer.reply_after(&events, "/meta/connect", r#""successful":true"#);
    assert_eq!(ids(&heard), [Some(41), Some(43)]);
}

#[test]
fn an_expired_session_is_replaced_at_once_and_goes_on_after_the_last_event() {
    let mut peer = Peer::subscribed();
    peer.reply_after(&event(41), "/meta/connect", r#""successful":true"#);
    let heard = peer.reply("/meta/connect", UNKNOWN);
    let refusal = Refusal::new("403::Unknown client");
    assert_eq!(heard, [Output::Retrying(peer.now(), Some(refusal))]);
    peer.feed(Input::Tick);
    peer.reply("/meta/handshake", r#""clientId":"c2","successful":true"#);
    let (_, body, _) = peer.take("/meta/subscribe");
    assert!(body.contains(r#""clientId":"c2""#), "{body}");
    assert!(body.contains(r#""replay":{"/data/AccountChangeEvent":41}"#));
}

#[test]
fn a_session_that_expires_again_and_again_is_replaced_ever_later() {
    let mut peer = Peer::polling();
    for wait in [0, 1, 2, 3] {
        peer.reply("/meta/connect", UNKNOWN);
        assert_eq!(peer.timeout(), Some(peer.now + wait));
        peer.now += wait;
        peer.feed(Input::Tick);
        peer.reply("/meta/handshake", r#""clientId":"c2","successful":true"#);
    }
}

#[test]
fn a_server_that_announces_its_end_before_the_connect_reply_is_left() {
    let mut peer = Peer::subscribed();
    let farewell = r#"{"channel":"/meta/disconnect","clientId":"c1","successful":true,"advice":{"reconnect":"handshake","interval":0}},"#;
    let events = event(41) + farewell;
    let heard = peer.reply_after(&events, "/meta/connect", r#""successful":true"#);
    assert_eq!(ids(&heard), [Some(41)]);
    peer.feed(Input::Tick);
    assert!(peer.bodies()[0].contains("/meta/handshake"));
}

#[test]
fn an_unknown_client_on_subscribe_ends_the_poll_as_well() {
    let mut peer = Peer::polling();
    let (poll, ..) = peer.sent[0].clone();
    peer.subscribe(CHANNEL, Some(7));
    let heard = peer.reply(
        "/meta/subscribe",
        r#""error":"403::Unknown client","successful":false"#,
    );
    assert_eq!(heard[0], Output::Cancel(poll));
    assert!(matches!(heard[1], Output::Retrying(_, Some(_))));
    peer.feed(Input::Tick);
    peer.reply("/meta/handshake", r#""clientId":"c2","successful":true"#);
    assert!(peer.take("/meta/subscribe").1.contains(CHANNEL));
}

#[test]
fn a_refused_handshake_closes_with_the_cause() {
    let mut peer = Peer::new();
    peer.feed(Input::Start);
    let heard = peer.reply(
        "/meta/handshake",
        r#""ext":{"sfdc":{"failureReason":"401::Authentication invalid"},"replay":true},"advice":{"reconnect":"none"},"error":"403::Handshake denied","successful":false"#,
    );
    let refusal = Refusal::new("403::Handshake denied").because("401::Authentication invalid");
    assert_eq!(heard, [Output::Closed(Some(refusal))]);
    assert_eq!(peer.timeout(), None);
}

#[test]
fn a_revoked_token_closes_and_a_new_start_goes_on_where_it_was() {
    let mut peer = Peer::subscribed();
    peer.reply_after(&event(41), "/meta/connect", r#""successful":true"#);
    let heard = peer.reply(
        "/meta/connect",
        r#""clientId":"c1","advice":{"reconnect":"none","interval":0},"error":"401::Authentication invalid","successful":false"#,
    );
    let refusal = Refusal::new("401::Authentication invalid");
    assert_eq!(heard, [Output::Closed(Some(refusal))]);
    assert_eq!(peer.sent.len(), 0);

    peer.feed(Input::Start);
    peer.reply("/meta/handshake", r#""clientId":"c2","successful":true"#);
    let (_, body, _) = peer.take("/meta/subscribe");
    assert!(body.contains(r#""replay":{"/data/AccountChangeEvent":41}"#));
}

#[test]
fn a_refused_subscription_is_dropped_and_the_rest_goes_on() {
    let mut peer = Peer::polling();
    peer.subscribe(CHANNEL, Some(12));
    let text = "400::The replayId {12} you provided was invalid.  Please provide a valid ID, -2 to replay all events, or -1 to replay only new events.";
    let heard = peer.reply(
        "/meta/subscribe",
        &format!(r#""error":"{text}","successful":false"#),
    );
    let refusal = Refusal::new(text);
    assert_eq!(heard, [Output::SubscribeRefused(CHANNEL.into(), refusal)]);
    assert_eq!(peer.client.positions().count(), 0);
    assert_eq!(peer.sent.len(), 1, "the poll is still held");
}

#[test]
fn a_lost_poll_sets_the_subscriptions_back_before_the_next_one() {
    let mut peer = Peer::subscribed();
    peer.reply_after(&event(41), "/meta/connect", r#""successful":true"#);
    peer.subscribe("/data/Tip", Some(-1));
    peer.reply("/meta/subscribe", r#""successful":true"#);
    let heard = peer.fail("/meta/connect");
    assert_eq!(heard, [Output::Retrying(peer.now(), None)]);
    peer.feed(Input::Tick);
    assert_eq!(peer.sent.len(), 1, "the poll waits for the command");
    let (_, body, _) = &peer.sent[0];
    let messages: Vec<serde_json::Value> = serde_json::from_str(body).unwrap();
    let channels: Vec<_> = messages.iter().map(|m| m["channel"].clone()).collect();
    assert_eq!(
        channels,
        ["/meta/connect", "/meta/unsubscribe", "/meta/subscribe"],
        "the channel without a position is left alone"
    );
    assert_eq!(messages[2]["ext"]["replay"][CHANNEL], 41);

    let heard = peer.reply_after(&event(43), "/meta/subscribe", r#""successful":true"#);
    assert_eq!(
        heard,
        [Output::Subscribed(CHANNEL.into())],
        "event 42 may have been lost"
    );
    let heard = peer.reply_after(
        &(event(42) + &event(43)),
        "/meta/connect",
        r#""successful":true"#,
    );
    assert_eq!(ids(&heard), [Some(42), Some(43)]);
}

#[test]
fn failures_in_a_row_make_the_waits_longer_up_to_a_bound() {
    let mut peer = Peer::new();
    peer.feed(Input::Start);
    for wait in (0..30).chain([30, 30, 30]) {
        peer.fail("/meta/handshake");
        assert_eq!(peer.timeout(), Some(peer.now + wait));
        peer.now += wait;
        peer.feed(Input::Tick);
    }
}

#[test]
fn a_response_without_sense_is_a_failure() {
    for nonsense in ["", "<html>", "7", "[]", r#"[{"channel":"/meta/connect"}]"#] {
        let mut peer = Peer::new();
        peer.feed(Input::Start);
        let (request, ..) = peer.take("/meta/handshake");
        let heard = peer.feed(Input::Response(request, nonsense.as_bytes()));
        assert_eq!(heard, [Output::Retrying(peer.now(), None)], "{nonsense}");
    }
}

#[test]
fn a_handshake_without_client_id_is_tried_again() {
    let mut peer = Peer::new();
    peer.feed(Input::Start);
    let heard = peer.reply("/meta/handshake", r#""successful":true"#);
    assert_eq!(heard, [Output::Retrying(peer.now(), None)]);
}

#[test]
fn a_failed_command_is_sent_again_without_disturbing_the_poll() {
    let mut peer = Peer::polling();
    peer.subscribe(CHANNEL, Some(7));
    assert_eq!(
        peer.fail("/meta/subscribe"),
        [Output::Retrying(peer.now(), None)]
    );
    assert_eq!(peer.sent.len(), 2, "the first time at once");
    peer.fail("/meta/subscribe");
    assert_eq!(peer.timeout(), Some(1));
    assert_eq!(peer.sent.len(), 1);
    peer.now = 1;
    peer.feed(Input::Tick);
    let heard = peer.reply("/meta/subscribe", r#""successful":true"#);
    assert_eq!(heard, [Output::Subscribed(CHANNEL.into())]);
    assert!(peer.bodies()[0].contains("/meta/connect"));
}

#[test]
fn the_advised_interval_is_waited() {
    let mut peer = Peer::polling();
    let advice =
        r#""advice":{"interval":2000,"timeout":50000,"reconnect":"retry"},"successful":true"#;
    peer.reply("/meta/connect", advice);
    assert_eq!(peer.timeout(), Some(2));
    assert_eq!(peer.sent.len(), 0);
    peer.now = 2;
    peer.feed(Input::Tick);
    assert_eq!(peer.take("/meta/connect").2, Duration::from_mins(1));
}

#[test]
fn unsubscribing_asks_the_server_only_if_it_knows() {
    let mut peer = Peer::subscribed();
    assert_eq!(peer.feed(Input::Unsubscribe(CHANNEL)), []);
    let events = event(41);
    let heard = peer.reply_after(&events, "/meta/connect", r#""successful":true"#);
    assert_eq!(ids(&heard), []);
    let heard = peer.reply("/meta/unsubscribe", r#""successful":true"#);
    assert_eq!(heard, [Output::Unsubscribed(CHANNEL.into())]);

    let mut peer = Peer::new();
    peer.subscribe("/a", None);
    assert_eq!(
        peer.feed(Input::Unsubscribe("/a")),
        [Output::Unsubscribed("/a".into())]
    );
    assert_eq!(peer.feed(Input::Unsubscribe("/a")), []);
}

#[test]
fn subscribing_again_starts_over() {
    let mut peer = Peer::subscribed();
    peer.reply_after(&event(41), "/meta/connect", r#""successful":true"#);
    peer.subscribe(CHANNEL, Some(-2));
    let (_, body, _) = &peer.sent[1];
    assert!(body.contains("/meta/unsubscribe"), "{body}");
    assert!(body.contains(r#""replay":{"/data/AccountChangeEvent":-2}"#));
    peer.reply("/meta/unsubscribe", r#""successful":true"#);
    let heard = peer.reply_after(&event(1), "/meta/connect", r#""successful":true"#);
    assert_eq!(ids(&heard), [Some(1)]);
}

#[test]
fn a_disconnect_says_goodbye_and_closes_whatever_the_answer() {
    for answered in [true, false] {
        let mut peer = Peer::subscribed();
        let (poll, ..) = peer.take("/meta/connect");
        assert_eq!(peer.feed(Input::Disconnect), [Output::Cancel(poll)]);
        assert_eq!(peer.feed(Input::Disconnect), []);
        let heard = if answered {
            peer.reply("/meta/disconnect", r#""successful":true"#)
        } else {
            peer.fail("/meta/disconnect")
        };
        assert_eq!(heard, [Output::Closed(None)]);
        assert_eq!(peer.timeout(), None);
    }
}

#[test]
fn a_disconnect_without_session_closes_at_once() {
    let mut peer = Peer::new();
    assert_eq!(peer.feed(Input::Disconnect), []);
    peer.feed(Input::Start);
    let (request, ..) = peer.take("/meta/handshake");
    assert_eq!(
        peer.feed(Input::Disconnect),
        [Output::Cancel(request), Output::Closed(None)]
    );
    let late = r#"[{"channel":"/meta/handshake","clientId":"c","successful":true}]"#;
    assert_eq!(peer.feed(Input::Response(request, late.as_bytes())), []);
}
