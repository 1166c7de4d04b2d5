//! Fields whose values are not shown: an event is shown as a subscriber without the permission to read them gets it.

use std::borrow::Cow;

use bytes::Bytes;
use landfall_engine::Event;
use landfall_schema::EventSchema;

/// What an address is made of, after what its fields begin with. Source: "Address Compound Fields" (Object Reference).
const ADDRESS: [&str; 11] = [
    "Address",
    "Street",
    "City",
    "State",
    "StateCode",
    "PostalCode",
    "Country",
    "CountryCode",
    "Latitude",
    "Longitude",
    "GeocodeAccuracy",
];

/// What a name is made of. Source: "Name" (Object Reference, "Compound Fields").
const NAME: [&str; 4] = ["Name", "FirstName", "MiddleName", "LastName"];

/// Names of fields, in any object and any event. A part of an address or of a name stands for all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mask(Vec<String>);

impl Mask {
    /// A mask over fields of these names, in upper or lower case.
    pub fn new(names: &[String]) -> Self {
        let mut all = Vec::new();
        for name in names {
            all.push(name.clone());
            all.extend(relatives(name));
        }
        all.sort_unstable();
        all.dedup();
        Self(all)
    }

    /// The names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether nothing is masked.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a field of this name is masked.
    pub fn has(&self, name: &str) -> bool {
        self.0
            .iter()
            .any(|masked| masked.eq_ignore_ascii_case(name))
    }

    /// The positions of the fields that are masked in a schema.
    fn positions(&self, schema: &EventSchema) -> Vec<usize> {
        let fields = schema.fields().iter().enumerate();
        fields
            .filter(|(_, field)| self.has(&field.name))
            .map(|(position, _)| position)
            .collect()
    }

    /// The event without the values of masked fields, and the names of these.
    pub(crate) fn applied<'e>(
        &self,
        event: &'e Event,
        schema: Option<&EventSchema>,
    ) -> (Cow<'e, Event>, Vec<String>) {
        if self.is_empty() {
            return (Cow::Borrowed(event), Vec::new());
        }
        let positions = schema.map(|schema| self.positions(schema));
        let names = |positions: &[usize]| {
            let fields = schema.into_iter().flat_map(EventSchema::fields);
            let fields = fields.enumerate();
            fields
                .filter(|(position, _)| positions.contains(position))
                .map(|(_, field)| field.name.clone())
                .collect()
        };
        let shown = match (schema, &positions) {
            (Some(_), Some(positions)) if positions.is_empty() => {
                return (Cow::Borrowed(event), Vec::new());
            }
            (Some(schema), Some(positions)) => {
                let fields = schema.fields();
                let can_be_null = |position: &usize| {
                    let field = fields.get(*position);
                    field.is_some_and(|field| field.shape.is_nullable())
                };
                let masked = schema.without(&event.payload, positions);
                masked.ok().filter(|_| positions.iter().all(can_be_null))
            }
            (None, _) | (_, None) => None,
        };
        // What cannot be taken apart is not shown at all.
        let payload = shown.map_or_else(Bytes::new, Bytes::from);
        let event = Event {
            payload,
            ..event.clone()
        };
        (Cow::Owned(event), names(&positions.unwrap_or_default()))
    }
}

/// The other fields that show the same value or a part of it.
fn relatives(name: &str) -> Vec<String> {
    // Source: "Custom Address Fields", "Geolocation Custom Field" (Object Reference): `Place__City__s` is part of `Place__c`.
    if let Some(part) = name.strip_suffix("__s")
        && let Some((whole, _)) = part.rsplit_once("__")
    {
        return vec![format!("{whole}__c")];
    }
    if NAME.contains(&name) {
        return NAME.iter().map(|part| (*part).to_owned()).collect();
    }
    let part = ADDRESS.iter().find(|part| name.ends_with(**part));
    let front = part.and_then(|part| name.strip_suffix(part));
    let all = |front: &str| {
        ADDRESS
            .iter()
            .map(|part| format!("{front}{part}"))
            .collect()
    };
    front.map(all).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_compound_field_stands_for_all_of_it() {
        let mask = |name: &str| Mask::new(&[name.to_owned()]);
        for (masked, name, is_masked) in [
            ("Phone", "phone", true),
            ("Phone", "HomePhone", false),
            ("BillingStreet", "BillingAddress", true),
            ("BillingAddress", "BillingCity", true),
            ("BillingAddress", "ShippingCity", false),
            ("LastName", "Name", true),
            ("Name", "AccountName", false),
            ("Home__City__s", "Home__c", true),
            ("Secret__c", "Secret__c", true),
        ] {
            assert_eq!(mask(masked).has(name), is_masked, "{masked}: {name}");
        }
    }
}
