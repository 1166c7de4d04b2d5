//! In which order the fields and record types of an object are created.
//!
//! An org orders them by creation, and schema ids follow. Within one deployment that is the order of the object's file in
//! metadata format. In source format each has a file of its own: the vendor's tools sort them by name when they
//! put the object's file together, and so does this module. An entry of the object's file that has a full name and nothing
//! else positions a part that has a file of its own; the vendor's tools drop such entries.
//!
//! Source: "recompositionFinalizer.ts" of forcedotcom/source-deploy-retrieve (`childSorter`, `toSortedGroups`).

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use crate::part::Part;
use crate::project::Kind;
use crate::xml;

/// Compares two parts of an object by the order in which one deployment creates them.
pub fn declaration_order(left: &Part, right: &Part) -> Ordering {
    compare((left.position, &left.name), (right.position, &right.name))
}

/// The same of positions and names.
pub(crate) fn compare(left: (usize, &str), right: (usize, &str)) -> Ordering {
    let position = |position: usize| (position == 0, position);
    position(left.0)
        .cmp(&position(right.0))
        .then_with(|| compare_names(left.1, right.1))
}

/// Compares names as `localeCompare` does: underscores, digits, letters; a small letter is first where nothing else differs.
fn compare_names(left: &str, right: &str) -> Ordering {
    let primary = |name: &str| name.bytes().map(weight).collect::<Vec<_>>();
    let case = |name: &str| {
        name.bytes()
            .map(|byte| byte.is_ascii_uppercase())
            .collect::<Vec<_>>()
    };
    primary(left)
        .cmp(&primary(right))
        .then_with(|| case(left).cmp(&case(right)))
        .then_with(|| left.cmp(right))
}

const fn weight(byte: u8) -> (u8, u8) {
    let class = match byte {
        b'_' => 0,
        b'0'..=b'9' => 2,
        b'a'..=b'z' | b'A'..=b'Z' => 3,
        _ => 1,
    };
    (class, byte.to_ascii_lowercase())
}

/// Moves the positions of bare entries to the parts that they name.
pub(crate) fn apply_entries(parts: &mut Vec<Part>) {
    let own: BTreeSet<(Kind, String)> = parts
        .iter()
        .filter(|part| part.kind.inline().is_some() && part.position == 0)
        .map(key)
        .collect();
    if own.is_empty() {
        return;
    }
    let mut entries = BTreeMap::new();
    parts.retain(|part| {
        let key = key(part);
        let is_entry = part.position > 0 && own.contains(&key) && is_bare(part);
        if is_entry {
            entries.entry(key).or_insert(part.position);
        }
        !is_entry
    });
    for part in parts.iter_mut().filter(|part| part.position == 0) {
        if let Some(position) = entries.get(&key(part)) {
            part.position = *position;
        }
    }
}

fn key(part: &Part) -> (Kind, String) {
    (part.kind, part.name.to_ascii_lowercase())
}

/// Whether a part has a full name and nothing else.
fn is_bare(part: &Part) -> bool {
    let element = xml::parse(part);
    element.is_ok_and(|element| {
        let mut children = element.children.iter();
        children.all(|child| child.name == "fullName") && element.text.trim().is_empty()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_as_the_vendors_tools_compare_them() {
        // The result of `sort` with `localeCompare` in Node.js.
        let sorted = [
            "_A__c", "A__c", "a_1__c", "A_b__c", "a1__c", "A2__c", "aa__c", "aA__c", "Aa__c",
            "AB__c", "b__c",
        ];
        let mut names = sorted;
        names.reverse();
        names.sort_by(|left, right| compare_names(left, right));
        assert_eq!(names, sorted);
    }

    #[test]
    fn what_has_a_position_is_before_what_has_none() {
        assert_eq!(compare((2, "a"), (0, "A")), Ordering::Less);
        assert_eq!(compare((2, "a"), (1, "b")), Ordering::Greater);
    }
}
