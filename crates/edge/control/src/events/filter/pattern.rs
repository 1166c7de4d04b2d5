//! A text in which `*` stands for any letters.

/// A value that texts are compared with, in upper or lower case.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    /// In lower case: what is before, between and after the stars.
    parts: Vec<String>,
}

impl Pattern {
    pub(super) fn new(text: &str) -> Self {
        let lower = text.to_lowercase();
        Self {
            parts: lower.split('*').map(str::to_owned).collect(),
        }
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        let Some((first, others)) = self.parts.split_first() else {
            return false;
        };
        let Some((last, between)) = others.split_last() else {
            return text == *first;
        };
        let Some(mut rest) = text.strip_prefix(first.as_str()) else {
            return false;
        };
        for part in between {
            let Some((_, after)) = rest.split_once(part.as_str()) else {
                return false;
            };
            rest = after;
        }
        rest.ends_with(last.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_letters() {
        for (pattern, text, matches) in [
            ("gap*", "GAP_UPDATE", true),
            ("update", "UPDATE", true),
            ("GAP*", "UPDATE", false),
            ("UPDATES", "UPDATE", false),
            ("é*", "GAP", false),
            ("É*", "éclair", true),
            ("*", "", true),
            (
                "*client=loadgen",
                "com/salesforce/api/rest/59.0;client=loadgen",
                true,
            ),
            ("*client=loadgen", "client=loadgen2", false),
            ("a*b*c", "aXbYc", true),
            ("a*b*c", "ac", false),
            ("a*bc*c", "abc", false),
            ("aa*aa", "aaa", false),
        ] {
            assert_eq!(
                Pattern::new(pattern).matches(text),
                matches,
                "{pattern} {text}"
            );
        }
    }
}
