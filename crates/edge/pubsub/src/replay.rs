//! Replay ids as the Pub/Sub API carries them.

use landfall_model::{Fault, ReplayId, ReplayPreset};

use crate::proto::ReplayPreset as Preset;

/// The bytes of a position: 8 bytes big-endian and two zero bytes.
///
/// Source: captured responses. Clients: the npm client reads the first 8 bytes without looking at the length.
pub(crate) fn render(replay_id: ReplayId) -> Vec<u8> {
    let mut bytes = replay_id.get().to_be_bytes().to_vec();
    bytes.extend_from_slice(&[0, 0]);
    bytes
}

/// Reads a position in the forms that clients send: 10 bytes as received, or the first 8 of them.
///
/// # Errors
/// [`Fault::ReplayIdMissing`] for none, [`Fault::ReplayIdCorrupted`] for anything else.
pub(crate) fn parse(bytes: &[u8]) -> Result<ReplayId, Fault> {
    let number = match bytes {
        [] => return Err(Fault::ReplayIdMissing),
        [number @ .., 0, 0] if number.len() == 8 => number,
        number => number,
    };
    let number: [u8; 8] = number.try_into().map_err(|_| Fault::ReplayIdCorrupted)?;
    Ok(ReplayId::new(u64::from_be_bytes(number)))
}

/// Where a subscription starts; an unknown preset is the default one.
///
/// # Errors
/// As [`parse`].
pub(crate) fn preset(preset: i32, replay_id: &[u8]) -> Result<ReplayPreset, Fault> {
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
    fn positions_read_back_in_both_lengths() {
        let id = ReplayId::new(5_642_623);
        let bytes = render(id);
        assert_eq!(bytes, [0, 0, 0, 0, 0, 0x56, 0x19, 0x7f, 0, 0]);
        assert_eq!(parse(&bytes), Ok(id));
        assert_eq!(parse(&bytes[..8]), Ok(id));
    }

    #[test]
    fn anything_else_is_no_position() {
        assert_eq!(parse(&[]), Err(Fault::ReplayIdMissing));
        for bytes in [&[1, 2, 3][..], &[0; 9], &[1; 10], &[0; 12]] {
            assert_eq!(parse(bytes), Err(Fault::ReplayIdCorrupted), "{bytes:?}");
        }
    }
}
