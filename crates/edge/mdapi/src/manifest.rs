//! `package.xml` and its kin: which components a deployment or a retrieval is about.
//!
//! Source: "Sample package.xml Manifest Files", "Deleting Components from an Organization" (Metadata API Developer Guide).

use std::collections::BTreeMap;

use landfall_xml::{Element, Limits, parse};

/// The name that stands for all components of a type.
pub(crate) const ALL: &str = "*";

/// What a manifest lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Manifest {
    /// The full names by type, as they are given.
    pub(crate) types: BTreeMap<String, Vec<String>>,
    /// The version of the API.
    pub(crate) version: Option<String>,
}

impl Manifest {
    /// Reads a file.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub(crate) fn parse(content: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(content).map_err(|_| "The file is not UTF-8".to_owned())?;
        let root = parse(text, Limits::FILE).map_err(|error| error.to_string())?;
        if root.name != "Package" {
            return Err(format!("<Package> is expected here, not <{}>", root.name));
        }
        Ok(Self::of(&root))
    }

    /// Reads what an element lists.
    pub(crate) fn of(element: &Element) -> Self {
        let mut types: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let children = element.children.iter();
        for listed in children.filter(|child| child.name == "types") {
            let name = listed.value("name").unwrap_or_default().to_owned();
            let members = listed
                .children
                .iter()
                .filter(|child| child.name == "members");
            let members = members.map(|member| member.text.trim().to_owned());
            types.entry(name).or_default().extend(members);
        }
        Self {
            types,
            version: element.value("version").map(str::to_owned),
        }
    }

    /// Whether it lists a component, by name or with all others.
    pub(crate) fn lists(&self, kind: &str, name: &str) -> bool {
        let members = self.types.get(kind).map(Vec::as_slice).unwrap_or_default();
        members
            .iter()
            .any(|member| member == ALL || member.eq_ignore_ascii_case(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_may_come_in_pieces() {
        let manifest = Manifest::parse(
            b"<Package xmlns=\"http://soap.sforce.com/2006/04/metadata\"><types><members>A__c</members>\
              <name>CustomObject</name></types><types><name>CustomObject</name><members> B__c </members></types>\
              <types><members>*</members><name>Profile</name></types><version>59.0</version></Package>",
        )
        .expect("a manifest");
        assert_eq!(manifest.types["CustomObject"], ["A__c", "B__c"]);
        assert_eq!(manifest.version.as_deref(), Some("59.0"));
        assert!(manifest.lists("CustomObject", "b__C"));
        assert!(manifest.lists("Profile", "Admin"));
        assert!(!manifest.lists("CustomField", "A__c.X__c"));
    }

    #[test]
    fn what_is_no_manifest_is_refused() {
        for content in [&b""[..], b"\xff", b"<a/>", b"<Package>"] {
            assert!(Manifest::parse(content).is_err(), "{content:?}");
        }
    }
}
