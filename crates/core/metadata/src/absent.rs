//! Objects and events that a project speaks of although they are not here, and whether that is a mistake.

use std::collections::BTreeSet;

use crate::names;

/// Why an object or event is not here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Absence {
    /// It is part of other orgs, or of a package: what speaks of it is left out, or leads nowhere.
    Elsewhere,
    /// It is part of the project and has problems, which are reported at its own place.
    Broken,
    /// Nobody knows it: a mistake.
    Unknown,
}

/// What is known of the objects that are not here.
#[derive(Debug, Default)]
pub(crate) struct Absent {
    left_out: BTreeSet<String>,
    broken: BTreeSet<String>,
}

impl Absent {
    /// Notes that an object of the project is left out.
    pub(crate) fn leave_out(&mut self, object: &str) {
        self.left_out.insert(object.to_ascii_lowercase());
    }

    /// Notes that an object or event of the project could not be put together.
    pub(crate) fn give_up(&mut self, object: &str) {
        self.broken.insert(object.to_ascii_lowercase());
    }

    /// Why an object is not here.
    pub(crate) fn object(&self, name: &str) -> Absence {
        let key = name.to_ascii_lowercase();
        let packaged = names::custom(name).is_some_and(|parts| parts.namespace.is_some());
        if packaged || names::is_elsewhere(name) || self.left_out.contains(&key) {
            Absence::Elsewhere
        } else if self.broken.contains(&key) {
            Absence::Broken
        } else {
            Absence::Unknown
        }
    }

    /// Why an event is not here.
    pub(crate) fn event(&self, name: &str) -> Absence {
        if let Some(base) = name.strip_suffix("__ChangeEvent") {
            return self.object(&format!("{base}__c"));
        }
        match name.strip_suffix("ChangeEvent") {
            Some(object) => self.object(object),
            // Events that the vendor's services publish.
            None if name.ends_with("Event") || name.ends_with("EventStream") => Absence::Elsewhere,
            None => self.object(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_other_orgs_have_is_no_mistake() {
        let mut absent = Absent::default();
        absent.leave_out("Prefs__c");
        absent.give_up("Trip__c");
        for (name, absence) in [
            ("Quote", Absence::Elsewhere),
            ("pkg__Thing__c", Absence::Elsewhere),
            ("prefs__C", Absence::Elsewhere),
            ("Trip__c", Absence::Broken),
            ("Acount", Absence::Unknown),
            ("Thing__c", Absence::Unknown),
        ] {
            assert_eq!(absent.object(name), absence, "{name}");
        }
        for (name, absence) in [
            ("QuoteChangeEvent", Absence::Elsewhere),
            ("pkg__Thing__ChangeEvent", Absence::Elsewhere),
            ("pkg__Gone__e", Absence::Elsewhere),
            ("LoginEventStream", Absence::Elsewhere),
            ("Trip__ChangeEvent", Absence::Broken),
            ("AcountChangeEvent", Absence::Unknown),
            ("Gone__e", Absence::Unknown),
        ] {
            assert_eq!(absent.event(name), absence, "{name}");
        }
    }
}
