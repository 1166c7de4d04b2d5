//! The client's requests, as text.
//!
//! Keys come in the order in which the stock clients send them.

use crate::json::{ObjectWriter, write_text};
use crate::message::{CONNECT, DISCONNECT, HANDSHAKE, LONG_POLLING, SUBSCRIBE, UNSUBSCRIBE};

pub(super) fn handshake(out: &mut Vec<u8>, id: u64) {
    let mut message = ObjectWriter::open(out);
    message.text("channel", HANDSHAKE);
    message.text("version", "1.0");
    message.text("minimumVersion", "1.0");
    let types = message.key("supportedConnectionTypes");
    types.push(b'[');
    write_text(types, LONG_POLLING);
    types.push(b']');
    write_id(&mut message, id);
    message.raw("ext", r#"{"replay":true}"#);
    message.close();
}

/// `held` false asks for an answer at once.
pub(super) fn connect(out: &mut Vec<u8>, id: u64, client_id: &str, held: bool) {
    let mut message = ObjectWriter::open(out);
    message.text("channel", CONNECT);
    message.text("connectionType", LONG_POLLING);
    write_id(&mut message, id);
    message.text("clientId", client_id);
    if !held {
        message.raw("advice", r#"{"timeout":0}"#);
    }
    message.close();
}

/// The key of the replay map is the channel without its filter.
pub(super) fn subscribe(
    out: &mut Vec<u8>,
    id: u64,
    client_id: &str,
    channel: &str,
    replay: Option<i64>,
) {
    let mut message = ObjectWriter::open(out);
    message.text("channel", SUBSCRIBE);
    message.text("subscription", channel);
    message.text("clientId", client_id);
    write_id(&mut message, id);
    if let Some(replay) = replay {
        let mut ext = ObjectWriter::open(message.key("ext"));
        let mut map = ObjectWriter::open(ext.key("replay"));
        let unfiltered = channel.split_once('?').map_or(channel, |(name, _)| name);
        map.raw(unfiltered, &replay.to_string());
        map.close();
        ext.close();
    }
    message.close();
}

pub(super) fn unsubscribe(out: &mut Vec<u8>, id: u64, client_id: &str, channel: &str) {
    let mut message = ObjectWriter::open(out);
    message.text("channel", UNSUBSCRIBE);
    message.text("subscription", channel);
    message.text("clientId", client_id);
    write_id(&mut message, id);
    message.close();
}

pub(super) fn disconnect(out: &mut Vec<u8>, id: u64, client_id: &str) {
    let mut message = ObjectWriter::open(out);
    message.text("channel", DISCONNECT);
    message.text("clientId", client_id);
    write_id(&mut message, id);
    message.close();
}

/// Ids are strings: no client that was seen sends anything else than one of the two, and most send these.
fn write_id(message: &mut ObjectWriter<'_>, id: u64) {
    message.text("id", &id.to_string());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn requests_look_like_those_of_stock_clients() {
        assert_eq!(
            written(|out| handshake(out, 1)),
            r#"{"channel":"/meta/handshake","version":"1.0","minimumVersion":"1.0","supportedConnectionTypes":["long-polling"],"id":"1","ext":{"replay":true}}"#
        );
        assert_eq!(
            written(|out| connect(out, 2, "c", false)),
            r#"{"channel":"/meta/connect","connectionType":"long-polling","id":"2","clientId":"c","advice":{"timeout":0}}"#
        );
        assert_eq!(
            written(|out| connect(out, 3, "c", true)),
            r#"{"channel":"/meta/connect","connectionType":"long-polling","id":"3","clientId":"c"}"#
        );
        assert_eq!(
            written(|out| unsubscribe(out, 9, "c", "/topic/X")),
            r#"{"channel":"/meta/unsubscribe","subscription":"/topic/X","clientId":"c","id":"9"}"#
        );
        assert_eq!(
            written(|out| disconnect(out, 10, "c")),
            r#"{"channel":"/meta/disconnect","clientId":"c","id":"10"}"#
        );
    }

    #[test]
    fn the_replay_map_names_the_channel_without_its_filter() {
        assert_eq!(
            written(|out| subscribe(out, 3, "c", "/data/AccountChangeEvent", Some(-1))),
            r#"{"channel":"/meta/subscribe","subscription":"/data/AccountChangeEvent","clientId":"c","id":"3","ext":{"replay":{"/data/AccountChangeEvent":-1}}}"#
        );
        assert_eq!(
            written(|out| subscribe(out, 3, "c", "/topic/T?A='x'", Some(7))),
            r#"{"channel":"/meta/subscribe","subscription":"/topic/T?A='x'","clientId":"c","id":"3","ext":{"replay":{"/topic/T":7}}}"#
        );
        assert_eq!(
            written(|out| subscribe(out, 3, "c", "/topic/T", None)),
            r#"{"channel":"/meta/subscribe","subscription":"/topic/T","clientId":"c","id":"3"}"#
        );
    }
}
