//! Text fields of a `multipart/form-data` body. Files do not occur here: a part is read as text whatever it says.
//!
//! Source: RFC 7578.

use landfall_model::limits::OAUTH_MULTIPART_FIELDS_MAX;

/// The boundary, if the content type is `multipart/form-data`.
pub(crate) fn boundary(content_type: &str) -> Option<&str> {
    let (media_type, parameters) = content_type.split_once(';')?;
    if !media_type
        .trim()
        .eq_ignore_ascii_case("multipart/form-data")
    {
        return None;
    }
    parameter(parameters, "boundary").filter(|boundary| !boundary.is_empty())
}

/// Names and values of the fields; what is not of the expected shape is left out.
pub(crate) fn fields(body: &[u8], boundary: &str) -> Vec<(String, String)> {
    let body = String::from_utf8_lossy(body);
    let delimiter = format!("--{boundary}");
    // Text before the first delimiter is no part, nor is what follows the last one, which begins with dashes.
    let parts = body.split(delimiter.as_str()).skip(1);
    parts
        .take(OAUTH_MULTIPART_FIELDS_MAX)
        .filter_map(field)
        .collect()
}

fn field(part: &str) -> Option<(String, String)> {
    let part = part
        .strip_prefix("\r\n")
        .or_else(|| part.strip_prefix('\n'))?;
    let (head, value) = part
        .split_once("\r\n\r\n")
        .or_else(|| part.split_once("\n\n"))?;
    let value = value.strip_suffix('\n').unwrap_or(value);
    let value = value.strip_suffix('\r').unwrap_or(value);
    let disposition = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-disposition")
            .then_some(value)
    })?;
    let name = parameter(disposition, "name")?;
    Some((name.to_owned(), value.to_owned()))
}

/// The value of `name=` among parameters that are separated by semicolons, without its quotes.
fn parameter<'t>(parameters: &'t str, name: &str) -> Option<&'t str> {
    parameters.split(';').find_map(|parameter| {
        let (key, value) = parameter.split_once('=')?;
        key.trim()
            .eq_ignore_ascii_case(name)
            .then(|| value.trim().trim_matches('"'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = "--b0\r\nContent-Disposition: form-data; name=\"grant_type\"\r\n\r\npassword\r\n\
        --b0\r\ncontent-disposition: form-data; name=\"password\"\r\nContent-Type: text/plain\r\n\r\na\r\nb \r\n\
        --b0--\r\n";

    #[test]
    fn fields_are_read_with_their_line_breaks() {
        let fields = fields(BODY.as_bytes(), "b0");
        assert_eq!(
            fields,
            [
                ("grant_type".to_owned(), "password".to_owned()),
                ("password".to_owned(), "a\r\nb ".to_owned()),
            ]
        );
    }

    #[test]
    fn the_boundary_is_read_with_and_without_quotes() {
        assert_eq!(boundary("multipart/form-data; boundary=b0"), Some("b0"));
        assert_eq!(
            boundary("Multipart/Form-Data; charset=utf-8; boundary=\"b 0\""),
            Some("b 0")
        );
        assert_eq!(
            boundary("application/x-www-form-urlencoded; boundary=b0"),
            None
        );
        assert_eq!(boundary("multipart/form-data"), None);
    }

    #[test]
    fn a_broken_body_has_no_fields() {
        for body in [
            "",
            "--b0",
            "--b0\r\n\r\n",
            "--b0--",
            "--b0\r\nname: x\r\n\r\nv",
            "\u{fffd}",
        ] {
            assert!(fields(body.as_bytes(), "b0").is_empty(), "{body}");
        }
    }
}
