//! Paths and query strings of requests, taken apart and decoded.

use percent_encoding::percent_decode_str;

/// Whether a segment is a word, in any letter case.
pub fn is(segment: &str, word: &str) -> bool {
    segment.eq_ignore_ascii_case(word)
}

/// Splits a raw path into decoded segments; empty ones are left out.
pub fn segments(path: &str) -> Vec<String> {
    path.split('/')
        .filter(|segment| !segment.is_empty())
        .map(|segment| decode(segment, false))
        .collect()
}

/// The parameters of a query string, decoded.
pub fn parameters(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (decode(name, true), decode(value, true))
        })
        .collect()
}

/// Decodes `%XX`, and `+` in query strings; what is not UTF-8 reads as replacement characters.
fn decode(text: &str, plus_is_space: bool) -> String {
    let spaced = (plus_is_space && text.contains('+')).then(|| text.replace('+', " "));
    let text = spaced.as_deref().unwrap_or(text);
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded_once() {
        assert_eq!(
            parameters("a=b+c&x&%66ields=A%2CB&=&bad=%zz%4"),
            [
                ("a", "b c"),
                ("x", ""),
                ("fields", "A,B"),
                ("", ""),
                ("bad", "%zz%4")
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
    }

    #[test]
    fn segments_are_decoded_and_empty_ones_left_out() {
        assert_eq!(
            segments("//a/b%2Fc/d+e/%ff"),
            ["a", "b/c", "d+e", "\u{fffd}"]
        );
    }
}
