//! Where a subscription starts: the replay extension in all the forms that clients send.

use std::collections::BTreeMap;

use landfall_bayeux::RawJson;
use landfall_model::{FieldType, ReplayId, ReplayPreset, StreamingFault, Value};

/// Reads `ext.replay` for one channel. The key is the channel without its query.
///
/// # Errors
/// [`StreamingFault::ReplayChannelMissing`] if there is a map without the channel, [`StreamingFault::ReplayIdInvalid`]
/// for an invalid id.
/// Source: "Message Durability" (Streaming API Developer Guide); forms as clients send them: numbers, numbers as text
/// (elastic/bayeux), null (restforce).
pub(crate) fn preset(ext: Option<&RawJson>, channel: &str) -> Result<ReplayPreset, StreamingFault> {
    let ext = ext.and_then(RawJson::members);
    let replay = ext.as_ref().and_then(|ext| ext.get("replay"));
    let Some(map) = replay.and_then(RawJson::members) else {
        return Ok(ReplayPreset::Latest);
    };
    let channel = channel.split('?').next().unwrap_or(channel);
    let wish = map
        .get(channel)
        .ok_or_else(|| StreamingFault::ReplayChannelMissing {
            channel: channel.to_owned(),
            map: spelled_map(&map),
        })?;
    let spelled = spelled(wish);
    let number = match wish.as_str() {
        "null" => Some(Value::Integer(-1)),
        // Clients: where all numbers are floating-point numbers, an id may end in `.0`.
        _ => landfall_wire::values::parse(spelled.trim(), FieldType::Int),
    };
    match number {
        Some(Value::Integer(-1)) => Ok(ReplayPreset::Latest),
        Some(Value::Integer(-2)) => Ok(ReplayPreset::Earliest),
        Some(Value::Integer(id)) if id > 0 => {
            Ok(ReplayPreset::Custom(ReplayId::new(id.unsigned_abs())))
        }
        _ => Err(StreamingFault::ReplayIdInvalid { replay_id: spelled }),
    }
}

/// A value as the service prints it: text without its quotes, all else as it came.
fn spelled(wish: &RawJson) -> String {
    wish.text().unwrap_or_else(|| wish.as_str().to_owned())
}

/// A map as the service prints it: `{}`, `{/topic/A=5, /topic/B=-1}`.
fn spelled_map(map: &BTreeMap<String, RawJson>) -> String {
    let entries: Vec<String> = map
        .iter()
        .map(|(channel, wish)| format!("{channel}={}", spelled(wish)))
        .collect();
    format!("{{{}}}", entries.join(", "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const CHANNEL: &str = "/data/AccountChangeEvent";

    fn read(ext: &serde_json::Value) -> Result<ReplayPreset, StreamingFault> {
        read_text(&ext.to_string())
    }

    fn read_text(ext: &str) -> Result<ReplayPreset, StreamingFault> {
        let ext = RawJson::parse(ext.to_owned()).expect("JSON");
        preset(Some(&ext), CHANNEL)
    }

    #[test]
    fn every_form_that_clients_send_is_read() {
        let custom = ReplayPreset::Custom(ReplayId::new(1_007));
        for (ext, expected) in [
            (json!({}), ReplayPreset::Latest),
            (json!({"replay": true}), ReplayPreset::Latest),
            (json!({"replay": {CHANNEL: null}}), ReplayPreset::Latest),
            (json!({"replay": {CHANNEL: -1}}), ReplayPreset::Latest),
            (json!({"replay": {CHANNEL: "-1"}}), ReplayPreset::Latest),
            (json!({"replay": {CHANNEL: -2}}), ReplayPreset::Earliest),
            (json!({"replay": {CHANNEL: 1007}}), custom),
            (json!({"replay": {"/topic/A": 5, CHANNEL: "1007"}}), custom),
            (json!({"replay": {CHANNEL: 1007.0}}), custom),
            (json!({"replay": {CHANNEL: -1.0}}), ReplayPreset::Latest),
            (json!({"replay": [CHANNEL]}), ReplayPreset::Latest),
            (json!("replay"), ReplayPreset::Latest),
        ] {
            assert_eq!(read(&ext), Ok(expected), "{ext}");
        }
        assert_eq!(preset(None, CHANNEL), Ok(ReplayPreset::Latest));
    }

    #[test]
    fn what_is_no_id_is_refused_as_it_was_spelled() {
        for (wish, spelled) in [
            (json!(0), "0"),
            (json!(-3), "-3"),
            (json!(1.5), "1.5"),
            (json!("abc"), "abc"),
            (json!([1]), "[1]"),
            (json!("null"), "null"),
            (json!(""), ""),
        ] {
            let ext = json!({"replay": {CHANNEL: wish}});
            let refused = StreamingFault::ReplayIdInvalid {
                replay_id: spelled.to_owned(),
            };
            assert_eq!(read(&ext), Err(refused));
        }
        let beyond = "18446744073709551616";
        let refused = StreamingFault::ReplayIdInvalid {
            replay_id: beyond.to_owned(),
        };
        let ext = format!(r#"{{"replay":{{"{CHANNEL}":{beyond}}}}}"#);
        assert_eq!(read_text(&ext), Err(refused));
    }

    #[test]
    fn a_map_without_the_channel_is_refused() {
        for (map, spelled) in [
            (json!({}), "{}"),
            (
                json!({"/topic/A": 5, "/topic/B": "-1"}),
                "{/topic/A=5, /topic/B=-1}",
            ),
        ] {
            assert_eq!(
                read(&json!({"replay": map})),
                Err(StreamingFault::ReplayChannelMissing {
                    channel: CHANNEL.to_owned(),
                    map: spelled.to_owned()
                })
            );
        }
    }
}
