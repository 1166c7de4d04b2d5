//! Bodies of several parts: what describes data, and the data.
//!
//! Source: RFC 2046, 5.1; RFC 7578.

use landfall_model::limits::MULTIPART_PARTS_MAX;

/// What follows the name of the media type.
const MEDIA_TYPE: &str = "multipart/form-data";

/// The boundary that a media type names; none if it is another one.
pub fn boundary(media_type: &str) -> Option<&str> {
    let (name, parameters) = media_type.split_once(';')?;
    if !name.trim().eq_ignore_ascii_case(MEDIA_TYPE) {
        return None;
    }
    let boundary = parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let is_boundary = name.trim().eq_ignore_ascii_case("boundary");
        is_boundary.then(|| value.trim().trim_matches('"'))
    });
    boundary.filter(|boundary| !boundary.is_empty())
}

/// A part of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part<'b> {
    /// Its name.
    pub name: &'b str,
    /// What is in it.
    pub data: &'b [u8],
}

/// The parts of a body; none if it is cut off or otherwise not of the form.
///
/// Clients: curl sends the examples of the documentation as an editor saved them, so lines may also end without a
/// carriage return. The first line decides for the whole body.
pub fn parts<'b>(body: &'b [u8], boundary: &str) -> Option<Vec<Part<'b>>> {
    let first = format!("--{boundary}");
    let (_, mut rest) = split(body, first.as_bytes())?;
    let end = if rest.starts_with(b"\n") {
        "\n"
    } else {
        "\r\n"
    };
    let (between, end_of_head) = (format!("{end}--{boundary}"), end.repeat(2));
    let mut parts = Vec::new();
    while !rest.starts_with(b"--") {
        let (part, following) = split(rest, between.as_bytes())?;
        let (head, data) = split(part, end_of_head.as_bytes())?;
        let name = named(head)?;
        parts.push(Part { name, data });
        if parts.len() > MULTIPART_PARTS_MAX {
            return None;
        }
        rest = following;
    }
    Some(parts)
}

/// What is before and after the first occurrence of a mark.
fn split<'b>(bytes: &'b [u8], mark: &[u8]) -> Option<(&'b [u8], &'b [u8])> {
    let place = bytes
        .windows(mark.len())
        .position(|window| window == mark)?;
    let (before, rest) = bytes.split_at_checked(place)?;
    Some((before, rest.get(mark.len()..)?))
}

/// The name of a part.
fn named(head: &[u8]) -> Option<&str> {
    let head = std::str::from_utf8(head).ok()?;
    let disposition = head.lines().find(|line| {
        let name = line.split(':').next().unwrap_or_default();
        name.trim().eq_ignore_ascii_case("Content-Disposition")
    })?;
    disposition.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let is_name = name.trim().eq_ignore_ascii_case("name");
        is_name.then(|| value.trim().trim_matches('"'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = "--B\r\nContent-Type: application/json\r\nContent-Disposition: form-data; name=\"job\"\r\n\r\n{}\r\n\
        --B\r\nContent-Type: text/csv\r\nContent-Disposition: form-data; name=\"content\"; filename=\"content\"\r\n\r\n\
        Name\r\nA\r\n\r\n--B--\r\n";

    #[test]
    fn a_job_and_its_data_are_distinguished() {
        assert_eq!(
            boundary("multipart/form-data; charset=UTF-8; boundary=\"B\""),
            Some("B")
        );
        let found = parts(BODY.as_bytes(), "B").expect("both parts");
        let found: Vec<(&str, &[u8])> = found.iter().map(|part| (part.name, part.data)).collect();
        assert_eq!(found, [("job", &b"{}"[..]), ("content", b"Name\r\nA\r\n")]);
    }

    #[test]
    fn lines_may_end_without_a_carriage_return() {
        let body = BODY.replace("\r\n", "\n");
        let found = parts(body.as_bytes(), "B").expect("both parts");
        let found: Vec<(&str, &[u8])> = found.iter().map(|part| (part.name, part.data)).collect();
        assert_eq!(found, [("job", &b"{}"[..]), ("content", b"Name\nA\n")]);
    }

    #[test]
    fn what_is_cut_off_anywhere_is_refused() {
        let end = BODY.len() - "--\r\n".len();
        for length in 0..end {
            let cut = BODY.as_bytes().get(..length).expect("shorter");
            assert_eq!(parts(cut, "B"), None, "{length}");
        }
        for kind in [
            "application/json",
            "multipart/form-data",
            "multipart/form-data; boundary=",
        ] {
            assert_eq!(boundary(kind), None, "{kind}");
        }
    }
}
