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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_slashes_become_one() {
        assert_eq!(normalize_path("/services/data/"), None);
        assert_eq!(
            normalize_path("//services///data//").as_deref(),
            Some("/services/data/")
        );
    }
}
