//! What permission sets and profiles lose when something is removed that they speak of.
//!
//! Source: none; the service takes what is deleted out of them, and what is retrieved afterwards does not name it.

use std::collections::BTreeSet;

use crate::Part;
use crate::compile::ACTIVITIES;
use crate::project::Kind;
use crate::span::{lines, spans};

/// The elements that speak of a component, and those in them that name it.
const NAMING: [(&str, &str); 4] = [
    ("fieldPermissions", "field"),
    ("layoutAssignments", "recordType"),
    ("objectPermissions", "object"),
    ("recordTypeVisibilities", "recordType"),
];

/// Objects, fields and record types that are there no more.
#[derive(Clone, Debug, Default)]
pub struct Gone(BTreeSet<String>);

impl Gone {
    /// Adds what is not there without this component. What is shipped stays, whatever a component said of it.
    pub fn add(&mut self, part: &Part) {
        let (object, own) = part.name.split_once('.').unwrap_or(("", &part.name));
        let goes = match part.kind {
            Kind::Object | Kind::Field => own.contains("__"),
            Kind::RecordType => true,
            _ => false,
        };
        if !goes {
            return;
        }
        if object == "Activity" {
            let both = ACTIVITIES.map(|(activity, _)| format!("{activity}.{own}"));
            self.0.extend(both.map(|name| name.to_ascii_lowercase()));
        } else {
            self.0.insert(part.name.to_ascii_lowercase());
        }
    }

    /// Adds all that others have.
    pub fn append(&mut self, mut others: Self) {
        self.0.append(&mut others.0);
    }

    /// Whether nothing is gone.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Full names, in lower case.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// What a permission set or a profile says without what is gone; none if it does not speak of that. What stays keeps
    /// its lines.
    pub fn taken_from(&self, part: &Part) -> Option<String> {
        if !matches!(part.kind, Kind::PermissionSet | Kind::Profile) {
            return None;
        }
        let naming = |element: &str| {
            let mut all = NAMING.into_iter();
            all.find(|(speaking, _)| *speaking == element)
                .map(|(_, name)| ((), name))
        };
        let mut rest = String::new();
        let mut end = 0;
        for span in spans(&part.content, naming)? {
            if self.has(&span.name) {
                let text = |from: usize, to: usize| part.content.get(from..to).unwrap_or_default();
                rest.push_str(text(end, span.outer.start));
                rest.extend(std::iter::repeat_n(
                    '\n',
                    lines(text(span.outer.start, span.outer.end)),
                ));
                end = span.outer.end;
            }
        }
        rest.push_str(part.content.get(end..)?);
        (end > 0).then_some(rest)
    }

    /// Whether a component is gone, by itself or with its object.
    fn has(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        let object = name.split_once('.').map(|(object, _)| object);
        self.0.contains(&name) || object.is_some_and(|object| self.0.contains(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(kind: Kind, name: &str, content: &str) -> Part {
        Part {
            kind,
            name: name.to_owned(),
            path: kind.path(name),
            line: 1,
            position: 0,
            content: content.to_owned(),
            also: Vec::new(),
        }
    }

    fn gone(all: &[(Kind, &str)]) -> Gone {
        let mut gone = Gone::default();
        for (kind, name) in all {
            gone.add(&part(*kind, name, ""));
        }
        gone
    }

    #[test]
    fn a_set_loses_what_is_gone_and_nothing_else() {
        let set = part(
            Kind::PermissionSet,
            "Travel",
            "<PermissionSet>\n<label>T</label>\n<fieldPermissions>\n<readable>true</readable>\n<field>\n\
             trip__C.Days__c </field></fieldPermissions><!-- stays -->\n\
             <fieldPermissions><field>Trip__c.Days__c2</field></fieldPermissions>\n\
             <objectPermissions><object>Trip__c</object></objectPermissions>\n\
             <recordTypeVisibilities><recordType>Trip__c.Long</recordType></recordTypeVisibilities></PermissionSet>",
        );
        let field = gone(&[(Kind::Field, "Trip__c.Days__c")]);
        assert_eq!(
            field.taken_from(&set).expect("it names it"),
            "<PermissionSet>\n<label>T</label>\n\n\n\n<!-- stays -->\n\
             <fieldPermissions><field>Trip__c.Days__c2</field></fieldPermissions>\n\
             <objectPermissions><object>Trip__c</object></objectPermissions>\n\
             <recordTypeVisibilities><recordType>Trip__c.Long</recordType></recordTypeVisibilities></PermissionSet>"
        );
        let object = gone(&[(Kind::Object, "Trip__c")]);
        assert_eq!(
            object.taken_from(&set).expect("it names it"),
            "<PermissionSet>\n<label>T</label>\n\n\n\n<!-- stays -->\n\n\n</PermissionSet>"
        );
        for other in [
            (Kind::Object, "Trip"),
            (Kind::Field, "Trip__c.Day__c"),
            (Kind::ChannelMember, "Trip__c"),
        ] {
            assert_eq!(gone(&[other]).taken_from(&set), None, "{other:?}");
        }
    }

    #[test]
    fn what_is_shipped_is_never_gone_and_fields_of_activities_are_twice() {
        let names = |all: &[(Kind, &str)]| gone(all).names().collect::<Vec<_>>().join(" ");
        let shipped = [(Kind::Object, "Account"), (Kind::Field, "Account.Industry")];
        assert_eq!(names(&shipped), "");
        assert_eq!(
            names(&[(Kind::Field, "Activity.A__c"), (Kind::RecordType, "Task.B")]),
            "event.a__c task.a__c task.b"
        );
    }

    #[test]
    fn only_what_grants_loses_anything() {
        let content = "<A><objectPermissions><object>Trip__c</object></objectPermissions></A>";
        let object = gone(&[(Kind::Object, "Trip__c")]);
        let channel = part(Kind::Channel, "A", content);
        assert_eq!(object.taken_from(&channel), None);
        let damaged = part(Kind::Profile, "A", &content.replace("</A>", ""));
        assert_eq!(object.taken_from(&damaged), None);
    }
}
