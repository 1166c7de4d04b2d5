//! Paths as clients send them.

/// The path with every run of slashes made one; `None` if it is that already.
///
/// Source: none. Clients: @salesforce/core asks for `//services/...` when the stored instance address ends with a slash.
pub fn normalize_path(path: &str) -> Option<String> {
    if !path.contains("//") {
        return None;
    }
    let mut normal = String::with_capacity(path.len());
    for letter in path.chars() {
        if letter != '/' || !normal.ends_with('/') {
            normal.push(letter);
        }
    }
    Some(normal)
}

/// The values in a path that fits a pattern, in which a segment in braces is a value: `job/{id}`. Words fit in any letter
/// case.
///
/// Clients: some write `unprocessedRecords` for `unprocessedrecords`.
pub fn match_path<'p>(pattern: &str, path: &[&'p str]) -> Option<Vec<&'p str>> {
    let mut pattern = pattern.split('/').filter(|own| !own.is_empty());
    let mut values = Vec::new();
    for segment in path {
        let own = pattern.next()?;
        if own.starts_with('{') {
            values.push(*segment);
        } else if !own.eq_ignore_ascii_case(segment) {
            return None;
        }
    }
    pattern.next().is_none().then_some(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_fits_its_pattern_whole_and_in_any_letter_case() {
        let path = ["Ingest", "750", "unprocessedRecords"];
        let values = match_path("ingest/{id}/unprocessedrecords", &path);
        assert_eq!(values, Some(vec!["750"]));
        assert_eq!(match_path("", &[]), Some(Vec::new()));
        for other in [
            "ingest/{id}/failedResults",
            "ingest/{id}",
            "",
            "ingest/{id}/{part}/{more}",
        ] {
            assert_eq!(match_path(other, &path), None, "{other}");
        }
    }

    #[test]
    fn runs_of_slashes_become_one() {
        assert_eq!(normalize_path("/services/data/"), None);
        assert_eq!(
            normalize_path("//services///data//").as_deref(),
            Some("/services/data/")
        );
    }
}
