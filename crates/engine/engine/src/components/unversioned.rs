//! Components as they were stored before version 1: a line of texts separated by tabs, what the component is now, and what
//! the project has of it if that is something else.

use landfall_metadata::{Kind, Part};
use landfall_model::{RecordId, Timestamp};

use super::{KeptComponent, Stamp};

/// What is stored of what the project has.
const NOTHING: &str = "-";
const THE_SAME: &str = "=";
const ANOTHER: &str = "+";

pub(super) fn parse(key: &str, document: &str) -> Option<KeptComponent> {
    let (root, _) = key.split_once('/')?;
    let (line, rest) = document.split_once('\n')?;
    let mut values = values(line);
    let id = RecordId::parse(&values.next()?).ok()?;
    let (created, modified) = (stamp(&mut values)?, stamp(&mut values)?);
    let (line, position) = (values.next()?.parse().ok()?, values.next()?.parse().ok()?);
    let (content, project) = rest.split_at_checked(values.next()?.parse().ok()?)?;
    let word = values.next()?;
    let part = Part {
        kind: Kind::of_root(root)?,
        name: values.next()?,
        path: values.next()?,
        line,
        position,
        content: content.to_owned(),
        also: Vec::new(),
    };
    let project = match word.as_str() {
        NOTHING if project.is_empty() => None,
        THE_SAME if project.is_empty() => Some(part.content.clone()),
        ANOTHER => Some(project.to_owned()),
        _ => return None,
    };
    values.next().is_none().then_some(KeptComponent {
        id,
        part,
        project,
        created,
        modified,
    })
}

fn stamp(values: &mut impl Iterator<Item = String>) -> Option<Stamp> {
    Some(Stamp {
        by: RecordId::parse(&values.next()?).ok()?,
        at: Timestamp::from_millis(values.next()?.parse().ok()?),
    })
}

/// The texts of a line.
fn values(line: &str) -> impl Iterator<Item = String> {
    line.split('\t').map(unescaped)
}

fn unescaped(value: &str) -> String {
    let mut letters = value.chars();
    let mut text = String::with_capacity(value.len());
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => text.extend(letters.next().map(|escaped| match escaped {
                't' => '\t',
                'n' => '\n',
                'r' => '\r',
                escaped => escaped,
            })),
            letter => text.push(letter),
        }
    }
    text
}
