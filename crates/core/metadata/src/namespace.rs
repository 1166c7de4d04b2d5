//! The namespace of a project's own components.
//!
//! Files name what is theirs without it, or with it where a package refers to itself as its subscribers do. Here all is
//! without it, so that both lead to the same.
//!
//! Source: "Link a Namespace to a Dev Hub", "Salesforce DX Project Configuration" (Salesforce DX Developer Guide).

use crate::Component;
use crate::names;

/// A namespace, such as `npsp`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespace(String);

impl Namespace {
    /// None if the text cannot be one.
    pub fn new(text: &str) -> Option<Self> {
        names::is_developer_name(text).then(|| Self(text.to_owned()))
    }

    /// A component without the namespace in every custom name in it.
    #[must_use]
    pub fn without(&self, component: Component) -> Component {
        let prefix = format!("{}__", self.0);
        if !component.content.contains(&prefix) {
            return component;
        }
        Component {
            path: component.path,
            content: without(&component.content, &prefix),
        }
    }
}

/// Takes the prefix from names with a custom suffix: `npsp__Fund__c`, `npsp__Fund__r.npsp__Code__c`.
fn without(text: &str, prefix: &str) -> String {
    let mut whole = String::with_capacity(text.len());
    let mut rest = text;
    let mut before = None;
    while let Some(at) = rest.find(prefix) {
        let (head, tail) = rest.split_at(at);
        whole.push_str(head);
        before = head.chars().next_back().or(before);
        let name = tail.get(prefix.len()..).unwrap_or_default();
        let is_begun = before.is_some_and(is_of_name);
        if is_begun || !has_suffix(name) {
            whole.push_str(prefix);
        }
        before = Some('_');
        rest = name;
    }
    whole.push_str(rest);
    whole
}

const fn is_of_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

/// Whether a text begins with a name such as `Fund__c`.
fn has_suffix(text: &str) -> bool {
    let end = text.find(|c: char| !is_of_name(c)).unwrap_or(text.len());
    let name = text.get(..end).unwrap_or_default();
    let parts = name.rsplit_once("__");
    parts.is_some_and(|(base, suffix)| !base.is_empty() && !suffix.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_project_lose_its_namespace() {
        let npsp = Namespace::new("npsp").expect("a namespace");
        let content = |text: &str| {
            let component = Component {
                path: "objects/A.object".to_owned(),
                content: text.to_owned(),
            };
            npsp.without(component).content
        };
        assert_eq!(content("<a>npsp__Fund__c</a>"), "<a>Fund__c</a>");
        assert_eq!(
            content("npsp__Fund__r.npsp__Code__c + other__X__c"),
            "Fund__r.Code__c + other__X__c"
        );
        for kept in ["xnpsp__Fund__c", "npsp__Fund", "x_npsp__A__c", "<a/>"] {
            assert_eq!(content(kept), kept);
        }
        assert_eq!(Namespace::new("n-p"), None);
    }
}
