//! The content of a component without its spelling: elements by name, for callers that write it in another form than XML.

use crate::Part;
use crate::project::Kind;
use crate::render;
use crate::xml::{self, Element, NAMESPACE};

/// An element of a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its name, which is that of an XML element: letters and digits.
    pub name: String,
    /// What is in it.
    pub content: NodeContent,
}

/// What is in an element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeContent {
    /// A text.
    Text(String),
    /// Elements, in order.
    Nodes(Vec<Node>),
}

impl Node {
    fn of(element: Element) -> Self {
        let content = if element.children.is_empty() {
            NodeContent::Text(element.text)
        } else {
            NodeContent::Nodes(element.children.into_iter().map(Self::of).collect())
        };
        Self {
            name: element.name,
            content,
        }
    }

    fn write(&self, out: &mut String) {
        out.extend(["<", &self.name, ">"]);
        match &self.content {
            NodeContent::Text(text) => render::escape(out, text),
            NodeContent::Nodes(nodes) => nodes.iter().for_each(|node| node.write(out)),
        }
        out.extend(["</", &self.name, ">"]);
    }
}

impl Part {
    /// The component of a kind, by its full name, that consists of these elements.
    pub fn of_nodes(kind: Kind, name: &str, nodes: &[Node]) -> Self {
        let root = kind.element();
        let mut content = format!("<{root} xmlns=\"{NAMESPACE}\">");
        for node in nodes {
            node.write(&mut content);
        }
        content.extend(["</", root, ">"]);
        Self {
            kind,
            name: name.to_owned(),
            path: kind.path(name),
            line: 1,
            position: 0,
            content,
            also: Vec::new(),
        }
    }

    /// The elements of the component; none if it cannot be read.
    pub fn nodes(&self) -> Option<Vec<Node>> {
        let root = xml::parse(self).ok()?;
        Some(root.children.into_iter().map(Node::of).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let text = |name: &str, text: &str| Node {
            name: name.to_owned(),
            content: NodeContent::Text(text.to_owned()),
        };
        let nodes = vec![
            text("label", "A < B & \"C\""),
            Node {
                name: "valueSet".to_owned(),
                content: NodeContent::Nodes(vec![text("restricted", "true"), text("value", "")]),
            },
        ];
        let part = Part::of_nodes(Kind::Field, "Trip__c.Days__c", &nodes);
        assert_eq!(part.path, "objects/Trip__c/fields/Days__c.field-meta.xml");
        assert_eq!(part.nodes(), Some(nodes));
    }
}
