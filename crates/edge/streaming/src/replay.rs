//! Where a subscription starts: the replay extension in all the forms that clients send.

use landfall_model::{Fault, ReplayId, ReplayPreset};
use serde_json::{Map, Value};

/// Reads `ext.replay` for one channel. The key is the channel without its query.
///
/// # Errors
/// [`Fault::ReplayChannelMissing`] if there is a map without the channel, [`Fault::ReplayIdInvalid`] for what is no id.
/// Source: "Message Durability" (Streaming API Developer Guide); forms as clients send them: numbers, numbers as text
/// (elastic/bayeux), null (restforce).
pub(crate) fn preset(ext: Option<&Value>, channel: &str) -> Result<ReplayPreset, Fault> {
    let Some(Value::Object(map)) = ext.and_then(|ext| ext.get("replay")) else {
        return Ok(ReplayPreset::Latest);
    };
    let channel = channel.split('?').next().unwrap_or(channel);
    let wish = map
        .get(channel)
        .ok_or_else(|| Fault::ReplayChannelMissing {
            channel: channel.to_owned(),
            map: spelled(map),
        })?;
    let number = match wish {
        Value::Null => Some(-1),
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    match number {
        Some(-1) => Ok(ReplayPreset::Latest),
        Some(-2) => Ok(ReplayPreset::Earliest),
        Some(id) if id > 0 => Ok(ReplayPreset::Custom(ReplayId::new(id.unsigned_abs()))),
        _ => Err(Fault::ReplayIdInvalid {
            replay_id: match wish {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            },
        }),
    }
}

/// A map as the service prints it: `{}`, `{/topic/A=5, /topic/B=-1}`.
fn spelled(map: &Map<String, Value>) -> String {
    let entries: Vec<String> = map
        .iter()
        .map(|(channel, wish)| format!("{channel}={wish}"))
        .collect();
    format!("{{{}}}", entries.join(", "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const CHANNEL: &str = "/data/AccountChangeEvent";

    fn read(ext: &Value) -> Result<ReplayPreset, Fault> {
        preset(Some(ext), CHANNEL)
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
        ] {
            let ext = json!({"replay": {CHANNEL: wish}});
            let refused = Fault::ReplayIdInvalid {
                replay_id: spelled.to_owned(),
            };
            assert_eq!(read(&ext), Err(refused));
        }
    }

    #[test]
    fn a_map_without_the_channel_is_refused() {
        assert_eq!(
            read(&json!({"replay": {}})),
            Err(Fault::ReplayChannelMissing {
                channel: CHANNEL.to_owned(),
                map: "{}".to_owned()
            })
        );
    }
}
