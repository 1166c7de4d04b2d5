//! The member `traits` of a data file: what a describe does not show.

use std::collections::BTreeMap;

use landfall_model::{CustomKind, EntityName, FieldName, ObjectTraits, SecuredBy};
use serde::Deserialize;

/// Keys of a data file; each is documented at the member of [`ObjectTraits`] that it becomes.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Traits {
    access: Access,
    granted_by_default: Granted,
    search_names: Vec<String>,
    push_topics: bool,
    push_topic_ignores: Vec<String>,
    pk_chunking: bool,
    record_type_after: Option<String>,
    not_in_create_event: Vec<String>,
    standard_value_sets: BTreeMap<String, String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
enum Access {
    ObjectPermissions,
    ControlledBy(String),
    FieldPermissions,
    Everybody,
    #[default]
    Administrators,
    Setup,
}

/// What the standard profiles grant.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
enum Granted {
    #[default]
    Work,
    Read,
}

impl From<Traits> for ObjectTraits {
    fn from(data: Traits) -> Self {
        let names = |names: Vec<String>| names.into_iter().map(FieldName::new).collect();
        let sets = data.standard_value_sets.into_iter();
        Self {
            custom_kind: CustomKind::Data,
            controlled_by: match &data.access {
                Access::ControlledBy(parent) => Some(EntityName::new(parent.as_str())),
                _ => None,
            },
            secured_by: match data.access {
                Access::ObjectPermissions => SecuredBy::ObjectPermissions,
                Access::ControlledBy(_) => SecuredBy::Parent,
                Access::FieldPermissions => SecuredBy::FieldPermissions,
                Access::Everybody => SecuredBy::Everybody,
                Access::Administrators => SecuredBy::Administrators,
                Access::Setup => SecuredBy::Setup,
            },
            read_only_by_default: matches!(data.granted_by_default, Granted::Read),
            search_names: names(data.search_names),
            history: None,
            holds: Vec::new(),
            push_topics: data.push_topics,
            push_topic_ignores: names(data.push_topic_ignores),
            pk_chunking: data.pk_chunking,
            record_type_after: data.record_type_after.map(FieldName::new),
            not_in_create_event: names(data.not_in_create_event),
            standard_value_sets: sets
                .map(|(set, field)| (set, FieldName::new(field)))
                .collect(),
        }
    }
}
