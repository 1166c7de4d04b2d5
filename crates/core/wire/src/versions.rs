//! API versions and how paths name them.

use std::fmt;
use std::ops::RangeInclusive;

/// A version of the API: always `NN.0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiVersion(u16);

/// REST versions served. Source: "List Available REST API Versions"; below them "API End-of-Life Policy".
pub const REST: RangeInclusive<u16> = 31..=67;

/// REST versions that once were.
const REST_RETIRED: RangeInclusive<u16> = 20..=30;

/// Streaming API versions served. Source: "Streaming API Error Codes", which names 37.0 as the first.
pub const STREAMING: RangeInclusive<u16> = 37..=67;

/// Streaming API versions whose requests are routed to the newest.
/// Source: "API End-of-Life Policy" (Streaming API Developer Guide).
const STREAMING_RETIRED: RangeInclusive<u16> = 23..=36;

/// What a path's version names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// A version that is served.
    Served(ApiVersion),
    /// A version that is served no longer.
    Retired,
    /// No version at all, or one to come.
    Unknown,
}

impl ApiVersion {
    /// The newest version.
    pub const NEWEST: Self = Self(67);

    /// All REST versions, oldest first.
    pub fn all_rest() -> impl Iterator<Item = Self> {
        REST.map(Self)
    }

    /// Whether it has change events.
    ///
    /// Source: "`StandardObjectNameChangeEvent`" (Object Reference): available in API version 44.0 and later.
    pub const fn has_change_events(self) -> bool {
        self.0 >= 44
    }

    /// The number before the `.0`.
    pub const fn number(self) -> u16 {
        self.0
    }

    /// The release, such as `Winter '24`.
    ///
    /// Three releases a year, Spring, Summer, Winter, the last named after the next year.
    /// Source: the version list of the service; 60.0 is Spring '24.
    pub fn label(self) -> String {
        let year = self.0 / 3 + 4;
        match self.0 % 3 {
            0 => format!("Spring '{year:02}"),
            1 => format!("Summer '{year:02}"),
            _ => format!("Winter '{:02}", year + 1),
        }
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.0", self.0)
    }
}

/// Reads the version segment of a REST path.
///
/// Wire: `v59.0`, in this form only.
pub fn parse_rest(segment: &str) -> Named {
    match segment.strip_prefix('v').and_then(number) {
        Some(number) if REST.contains(&number) => Named::Served(ApiVersion(number)),
        Some(number) if REST_RETIRED.contains(&number) => Named::Retired,
        _ => Named::Unknown,
    }
}

/// Reads the version segment of a Streaming API path; a retired version is served as the newest.
///
/// Wire: `59.0`, in this form only. The caller distinguishes an absent segment from a wrong one.
pub fn parse_streaming(segment: &str) -> Option<ApiVersion> {
    let number = number(segment)?;
    if STREAMING.contains(&number) {
        Some(ApiVersion(number))
    } else {
        STREAMING_RETIRED
            .contains(&number)
            .then_some(ApiVersion::NEWEST)
    }
}

/// Reads the version segment of a SOAP path: any version, since logins are taken in every one.
///
/// Wire: `59.0` or `59`.
pub fn parse_soap(segment: &str) -> Option<ApiVersion> {
    let digits = segment.strip_suffix(".0").unwrap_or(segment);
    let well_formed =
        (1..=2).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = well_formed.then(|| digits.parse().ok())??;
    (number > 0).then_some(ApiVersion(number))
}

/// `NN` of `NN.0`.
fn number(text: &str) -> Option<u16> {
    let digits = text.strip_suffix(".0")?;
    let well_formed = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
    well_formed.then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_follow_the_seasons() {
        for (number, label) in [
            (31, "Summer '14"),
            (58, "Summer '23"),
            (59, "Winter '24"),
            (60, "Spring '24"),
            (62, "Winter '25"),
            (66, "Spring '26"),
            (67, "Summer '26"),
        ] {
            assert_eq!(ApiVersion(number).label(), label);
        }
    }

    #[test]
    fn rest_versions_are_read_in_one_form_only() {
        assert_eq!(parse_rest("v59.0"), Named::Served(ApiVersion(59)));
        assert_eq!(parse_rest("v30.0"), Named::Retired);
        for text in [
            "59.0", "v59", "v59.1", "v068.0", "v68.0", "v9.0", "V59.0", "v+9.0", "v",
        ] {
            assert_eq!(parse_rest(text), Named::Unknown, "{text}");
        }
    }

    #[test]
    fn any_soap_version_is_read() {
        for (text, number) in [("59.0", 59), ("59", 59), ("7.0", 7), ("99.0", 99)] {
            assert_eq!(parse_soap(text), Some(ApiVersion(number)));
        }
        for text in ["", "0", "v59.0", "59.1", "059.0", "+9", ".0", "00D5f"] {
            assert_eq!(parse_soap(text), None, "{text}");
        }
    }

    #[test]
    fn retired_streaming_versions_are_served_as_the_newest() {
        assert_eq!(parse_streaming("59.0"), Some(ApiVersion(59)));
        assert_eq!(parse_streaming("36.0"), Some(ApiVersion::NEWEST));
        for text in ["22.0", "68.0", "v59.0", "handshake", ""] {
            assert_eq!(parse_streaming(text), None, "{text}");
        }
    }
}
