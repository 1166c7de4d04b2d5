//! A JSON document as XML: members become elements in their order, null is nil.
//!
//! Source: the samples of "Identity URLs" (Salesforce Help).

use std::fmt;

use serde::Serialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, Visitor};

/// Writes a document without lists.
///
/// # Errors
/// That of a document that is no JSON, or has a list.
pub(crate) fn document(root: &str, content: &impl Serialize) -> serde_json::Result<String> {
    let json = serde_json::to_string(content)?;
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
    let namespace = " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"";
    let element = Element {
        xml: &mut xml,
        name: root,
        attributes: namespace,
    };
    element.deserialize(&mut serde_json::Deserializer::from_str(&json))?;
    Ok(xml)
}

/// A text between tags.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// Takes a value from JSON and writes it as an element.
struct Element<'x> {
    xml: &'x mut String,
    name: &'x str,
    attributes: &'x str,
}

impl Element<'_> {
    fn text(self, text: &str) {
        let Self {
            xml,
            name,
            attributes,
        } = self;
        xml.extend(["<", name, attributes, ">", &escaped(text), "</", name, ">"]);
    }
}

impl<'de> DeserializeSeed<'de> for Element<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<(), D::Error> {
        value.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Element<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value other than a list")
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.text(if value { "true" } else { "false" });
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.text(&value.to_string());
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.text(&value.to_string());
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.text(value);
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        let Self {
            xml,
            name,
            attributes,
        } = self;
        xml.extend(["<", name, attributes, " xsi:nil=\"true\"/>"]);
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let Self {
            xml,
            name,
            attributes,
        } = self;
        xml.extend(["<", name, attributes, ">"]);
        while let Some(member) = members.next_key::<String>()? {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            if !member.bytes().all(plain) {
                return Err(A::Error::custom(
                    "a member that is not a valid element name",
                ));
            }
            members.next_value_seed(Element {
                xml: &mut *xml,
                name: &member,
                attributes: "",
            })?;
        }
        xml.extend(["</", name, ">"]);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_become_elements_in_their_order() {
        let content = [("b", Some("1<2")), ("a", None)];
        let content: std::collections::BTreeMap<_, _> = content.into_iter().collect();
        let content = std::collections::BTreeMap::from([("in", content)]);
        assert_eq!(
            document("user", &content).expect("no list in it"),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
             <user xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\
             <in><a xsi:nil=\"true\"/><b>1&lt;2</b></in></user>"
        );
        assert!(document("user", &["a list"]).is_err());
    }
}
