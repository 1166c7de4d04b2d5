//! Fields that get another type: which of them cannot.

use landfall_metadata::{Kind, Part, Problem};
use landfall_model::Catalog;
use landfall_model::conversion::TypeChange;

use crate::error::Error;

/// Refuses fields whose type cannot become what new definitions say; each is a problem of its component.
pub(crate) fn check_types(
    earlier: &Catalog,
    catalog: &Catalog,
    parts: &[Part],
) -> Result<(), Error> {
    let mut problems = Vec::new();
    for entity in catalog.entities() {
        let Some(known) = earlier.entity(entity.name.as_str()) else {
            continue;
        };
        for field in &entity.fields {
            let Some((_, before)) = known.field(field.name.as_str()) else {
                continue;
            };
            if let TypeChange::Refused(refusal) = TypeChange::between(before, field) {
                let name = format!("{}.{}", entity.name, field.name);
                problems.push(problem(&name, refusal.to_string(), parts));
            }
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid { problems })
    }
}

/// A problem of the component of a field.
pub(super) fn problem(name: &str, reason: String, parts: &[Part]) -> Problem {
    let mut fields = parts.iter().filter(|part| part.kind == Kind::Field);
    let part = fields.find(|part| part.name.eq_ignore_ascii_case(name));
    Problem {
        path: part.map_or_else(|| Kind::Field.path(name), |part| part.path.clone()),
        line: part.map_or(1, |part| part.line),
        reason,
    }
}
