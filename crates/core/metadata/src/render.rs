//! Components as the Metadata API writes them: elements in the order of their names, behind the full name.
//!
//! Source: answers of `retrieve`; "`CustomObject`" (Metadata API Developer Guide).

use landfall_model::{EntityDefinition, FieldType};

use crate::Part;
use crate::problem::Problem;
use crate::xml::{self, Element, NAMESPACE};

const INDENT: &str = "    ";
const FULL_NAME: &str = "fullName";

/// Whether two components of a kind say the same, however they are written.
pub fn means_the_same(left: &Part, right: &Part) -> bool {
    if left.content == right.content {
        return true;
    }
    match (xml::parse(left), xml::parse(right)) {
        (Ok(left_root), Ok(right_root)) => {
            let text = |part, root: &Element| {
                let mut text = String::new();
                write(&mut text, "", &named(part, root));
                text
            };
            text(left, &left_root) == text(right, &right_root)
        }
        (Ok(_) | Err(_), Err(_)) | (Err(_), Ok(_)) => false,
    }
}

/// The file of a component in the format of the Metadata API; that of an object holds the components that are part of it.
///
/// # Errors
/// Which component is no document.
pub fn metadata_file(part: &Part, inner: &[&Part]) -> Result<String, Problem> {
    let mut root = named(part, &read(part)?);
    for part in inner {
        let mut element = named(part, &read(part)?);
        part.kind
            .inline()
            .unwrap_or_default()
            .clone_into(&mut element.name);
        root.children.push(element);
    }
    root.name = format!("{} xmlns=\"{NAMESPACE}\"", part.kind.element());
    Ok(document(&root))
}

/// The file of a record of a custom metadata type, whose values have the types of the fields.
///
/// Source: "`CustomMetadata`" (Metadata API Developer Guide), `CustomMetadataValue`.
///
/// # Errors
/// The component is no document.
pub fn custom_metadata_file(
    part: &Part,
    entity: Option<&EntityDefinition>,
) -> Result<String, Problem> {
    let mut root = named(part, &read(part)?);
    for values in root
        .children
        .iter_mut()
        .filter(|child| child.name == "values")
    {
        let mut named = values.children.iter();
        let named = named.find(|child| child.name == "field");
        let field = named.and_then(|name| entity?.field(name.text.trim()));
        let xsd = field.map_or("string", |(_, field)| xsd_type(field.field_type));
        for value in values
            .children
            .iter_mut()
            .filter(|child| child.name == "value")
        {
            value.name = if value.text.is_empty() {
                "value xsi:nil=\"true\"".to_owned()
            } else {
                format!("value xsi:type=\"xsd:{xsd}\"")
            };
        }
    }
    root.name =
        format!("CustomMetadata xmlns=\"{NAMESPACE}\" xmlns:xsi=\"{XSI}\" xmlns:xsd=\"{XSD}\"");
    Ok(document(&root))
}

const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
const XSD: &str = "http://www.w3.org/2001/XMLSchema";

const fn xsd_type(field_type: FieldType) -> &'static str {
    match field_type {
        FieldType::Boolean => "boolean",
        FieldType::Date => "date",
        FieldType::DateTime => "dateTime",
        FieldType::Double | FieldType::Currency | FieldType::Percent => "double",
        FieldType::Int => "int",
        _ => "string",
    }
}

fn document(root: &Element) -> String {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    write(&mut text, "", root);
    text
}

fn read(part: &Part) -> Result<Element, Problem> {
    xml::parse(part).map_err(|(at, reason)| Problem {
        path: at.path.to_string(),
        line: at.line,
        reason,
    })
}

/// A component with its name in it, if it is part of an object: a file of its own need not say it.
fn named(part: &Part, root: &Element) -> Element {
    let mut root = root.clone();
    // What lies between its elements is layout.
    root.text.clear();
    root.children.retain(|child| child.name != FULL_NAME);
    if let (Some(_), Some((_, name))) = (part.kind.inline(), part.name.split_once('.')) {
        root.children.push(Element {
            name: FULL_NAME.to_owned(),
            at: root.at.clone(),
            text: name.to_owned(),
            children: Vec::new(),
        });
    }
    root
}

fn write(out: &mut String, indent: &str, element: &Element) {
    let tag = element.name.as_str();
    let name = tag.split(' ').next().unwrap_or(tag);
    out.push_str(indent);
    if element.children.is_empty() && element.text.is_empty() {
        out.extend(["<", tag, "/>\n"]);
        return;
    }
    out.extend(["<", tag, ">"]);
    if element.children.is_empty() {
        escape(out, &element.text);
    } else {
        out.push('\n');
        let deeper = format!("{indent}{INDENT}");
        let mut children: Vec<&Element> = element.children.iter().collect();
        children.sort_by_key(|child| (child.name != FULL_NAME, child.name.as_str()));
        for child in children {
            write(out, &deeper, child);
        }
        out.push_str(indent);
    }
    out.extend(["</", name, ">\n"]);
}

pub(crate) fn escape(out: &mut String, text: &str) {
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\r' => out.push_str("&#xD;"),
            letter => out.push(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Component, parts};

    fn all(path: &str, content: &str) -> Vec<Part> {
        parts(&[Component {
            path: path.to_owned(),
            content: content.to_owned(),
        }])
    }

    #[test]
    fn an_object_holds_its_fields_in_the_order_of_all_elements() {
        let mut all = all(
            "objects/Trip__c.object",
            "<CustomObject><pluralLabel>A &amp; B</pluralLabel><fields><type>Text</type><fullName>B__c</fullName></fields>\
             <fields><fullName>A__c</fullName><label/></fields><label>'Trip'</label></CustomObject>",
        );
        let object = all.pop().expect("the object");
        let inner: Vec<&Part> = all.iter().collect();
        assert_eq!(
            metadata_file(&object, &inner).expect("a document"),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <CustomObject xmlns=\"http://soap.sforce.com/2006/04/metadata\">\n    <fields>\n        \
             <fullName>B__c</fullName>\n        <type>Text</type>\n    </fields>\n    <fields>\n        \
             <fullName>A__c</fullName>\n        <label/>\n    </fields>\n    <label>&apos;Trip&apos;</label>\n    \
             <pluralLabel>A &amp; B</pluralLabel>\n</CustomObject>\n"
        );
    }

    #[test]
    fn layout_and_order_mean_nothing_but_values_do() {
        let field = |content: &str| {
            let path = "objects/Trip__c/fields/A__c.field-meta.xml";
            let content = format!("<CustomField>{content}</CustomField>");
            all(path, &content).pop().expect("a field")
        };
        let one = field("<fullName>A__c</fullName><label>A</label><type>Text</type>");
        assert!(means_the_same(
            &one,
            &field("\n <type>Text</type>\n <label>A</label>\n")
        ));
        assert!(!means_the_same(
            &one,
            &field("<label>A</label><type>Date</type>")
        ));
        assert!(!means_the_same(&one, &field("<label>A")));
    }
}
