//! Replay ids as the Pub/Sub API carries them.

use landfall_model::{PubSubFault, ReplayId, ReplayPreset};

use crate::proto::ReplayPreset as Preset;

/// The bytes of a position.
pub(crate) fn render(replay_id: ReplayId) -> Vec<u8> {
    replay_id.to_bytes().to_vec()
}

/// Reads a position in the forms that clients send.
///
/// # Errors
/// [`PubSubFault::ReplayIdMissing`] for none, [`PubSubFault::ReplayIdCorrupted`] for anything else.
pub(crate) fn parse(bytes: &[u8]) -> Result<ReplayId, PubSubFault> {
    if bytes.is_empty() {
        return Err(PubSubFault::ReplayIdMissing);
    }
    ReplayId::from_bytes(bytes).ok_or(PubSubFault::ReplayIdCorrupted)
}

/// Where a subscription starts; an unknown preset is the default one.
///
/// # Errors
/// As [`parse`].
pub(crate) fn preset(preset: i32, replay_id: &[u8]) -> Result<ReplayPreset, PubSubFault> {
    match Preset::try_from(preset).unwrap_or_default() {
        Preset::Latest => Ok(ReplayPreset::Latest),
        Preset::Earliest => Ok(ReplayPreset::Earliest),
        Preset::Custom => parse(replay_id).map(ReplayPreset::Custom),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_position_differs_from_an_invalid_one() {
        let id = ReplayId::new(5_642_623);
        assert_eq!(parse(&render(id)), Ok(id));
        assert_eq!(parse(&[]), Err(PubSubFault::ReplayIdMissing));
        assert_eq!(parse(&[1, 2, 3]), Err(PubSubFault::ReplayIdCorrupted));
    }
}
