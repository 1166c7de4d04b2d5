//! The objects and fields of the org as virtual objects show them: their names, and ids that stand for them.
//!
//! The id of a custom object or field is that of its component, as the Metadata API returns it. What is shipped is no
//! component: the ids of shipped custom fields follow from their names.
//! Source: "`EntityDefinition`", "`FieldDefinition`" (Tooling API Developer Guide), `DurableId`; `Source: none` for ids that
//! follow from names.

use std::sync::Arc;

use landfall_engine::{Components, Kind, Part};
use landfall_model::{EntityDefinition, EntityName, FieldDefinition, KeyPrefix, RecordId};
use landfall_sobject::object_describe::ObjectDescribe;
use landfall_sobject::{describe_event, describe_platform_event};

use super::Source;

/// Ids of one prefix: nine digits of base 62.
const IDS: u64 = 62_u64.pow(9);

/// Gives ids to custom objects and fields.
#[derive(Clone)]
pub(crate) struct Ids {
    /// The instance characters of the org's ids.
    instance: [u8; 2],
    components: Arc<Components>,
}

impl Ids {
    pub(crate) fn of(source: &Source<'_>) -> Self {
        let org = source.engine.org().id;
        let mut instance = *b"00";
        for (slot, byte) in instance.iter_mut().zip(org.as_str().bytes().skip(3)) {
            *slot = byte;
        }
        let components = Arc::clone(source.call.definitions.components());
        Self {
            instance,
            components,
        }
    }

    /// The id of a custom object, by its name.
    pub(crate) fn object(&self, name: &str) -> RecordId {
        self.id(Kind::Object, name)
    }

    /// The id of a custom field.
    pub(crate) fn field(&self, object: &str, field: &str) -> RecordId {
        self.id(Kind::Field, &format!("{object}.{field}"))
    }

    fn id(&self, kind: Kind, name: &str) -> RecordId {
        let component = self.components.get(kind, name);
        component.map_or_else(|| self.derived(kind, name), |component| component.id)
    }

    /// The first id of a prefix.
    pub(super) fn first(&self, prefix: KeyPrefix) -> RecordId {
        RecordId::from_number(prefix, self.instance, 1)
    }

    /// A number that follows from the name (FNV-1a).
    fn derived(&self, kind: Kind, name: &str) -> RecordId {
        let number = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0000_01b3)
        });
        let prefix = KeyPrefix::parse(kind.key_prefix()).expect("three letters and digits");
        RecordId::from_number(prefix, self.instance, number % IDS)
    }
}

/// An object of the org.
pub(super) struct ObjectRow {
    pub(super) entity: Arc<EntityDefinition>,
    pub(super) key_prefix: Option<String>,
    pub(super) layoutable: bool,
    /// Of a custom object.
    pub(super) id: Option<RecordId>,
    pub(super) ids: Ids,
}

impl ObjectRow {
    fn new(entity: Arc<EntityDefinition>, describe: &ObjectDescribe<'_>, ids: &Ids) -> Self {
        let has_id = describe.custom && describe.key_prefix.is_some();
        Self {
            key_prefix: describe.key_prefix.map(str::to_owned),
            layoutable: describe.layoutable,
            id: has_id.then(|| ids.object(entity.name.as_str())),
            entity,
            ids: ids.clone(),
        }
    }

    pub(super) fn name(&self) -> &str {
        self.entity.name.as_str()
    }

    pub(super) fn durable_id(&self) -> String {
        self.id
            .map_or_else(|| self.name().to_owned(), |id| id.short().to_owned())
    }
}

/// The objects of the org, sorted by name: those with records, those of changes, and platform events.
pub(super) fn objects(source: &Source<'_>) -> Vec<Arc<ObjectRow>> {
    let ids = Ids::of(source);
    let definitions = &source.call.definitions;
    let mut row = Vec::new();
    for entity in definitions.catalog().entities() {
        row.push(ObjectRow::new(
            Arc::clone(entity),
            &ObjectDescribe::of(entity),
            &ids,
        ));
        if let Some(event) = describe_event::object(entity).map(Arc::new) {
            let describe = ObjectDescribe {
                key_prefix: None,
                layoutable: false,
                ..ObjectDescribe::of(&event)
            };
            row.push(ObjectRow::new(Arc::clone(&event), &describe, &ids));
        }
    }
    for publication in definitions.publications() {
        let event = &publication.object;
        row.push(ObjectRow::new(
            Arc::clone(event),
            &describe_platform_event::summary(event),
            &ids,
        ));
    }
    row.sort_by(|left, right| left.entity.name.cmp(&right.entity.name));
    row.into_iter().map(Arc::new).collect()
}

/// A field of an object.
pub(crate) struct FieldRow {
    pub(super) object: Arc<ObjectRow>,
    place: usize,
}

impl FieldRow {
    pub(super) fn field(&self) -> &FieldDefinition {
        let field = self.object.entity.fields.get(self.place);
        field.expect("the place of a field of the object")
    }

    pub(super) fn name(&self) -> &str {
        self.field().name.as_str()
    }

    /// Of a custom field.
    pub(super) fn id(&self) -> Option<RecordId> {
        let (object, field) = (&self.object, self.field());
        let has_id = field.custom && object.key_prefix.is_some();
        has_id.then(|| object.ids.field(object.name(), field.name.as_str()))
    }

    /// The component that declares it.
    pub(super) fn part(&self) -> Option<&Part> {
        let name = format!("{}.{}", self.object.name(), self.name());
        let kept = self.object.ids.components.get(Kind::Field, &name)?;
        Some(&kept.part)
    }

    pub(super) fn durable_id(&self) -> String {
        let name = self.id().map(|id| id.short().to_owned());
        let name = name.unwrap_or_else(|| self.name().to_owned());
        format!("{}.{name}", self.object.durable_id())
    }

    /// The field that people see: the compound, if it is part of one.
    pub(super) fn whole(&self) -> Self {
        let compound = self.field().compound.as_ref();
        let whole = compound.and_then(|name| self.object.entity.index_of(name.as_str()));
        Self {
            object: Arc::clone(&self.object),
            place: whole.unwrap_or(self.place),
        }
    }

    pub(super) fn is_component(&self) -> bool {
        let compound = self.field().compound.as_ref();
        compound.is_some_and(|name| *name != self.field().name)
    }

    /// Whether other fields are its parts.
    pub(super) fn is_compound(&self) -> bool {
        let mut parts = self.object.entity.components(self.name());
        self.field().field_type.is_compound() || parts.next().is_some()
    }
}

/// The fields of all objects, in the order of their describes.
pub(super) fn fields(source: &Source<'_>) -> Vec<FieldRow> {
    let objects = objects(source).into_iter();
    objects
        .flat_map(|object| {
            let fields = object.entity.fields.iter().enumerate();
            let places: Vec<usize> = fields
                .filter(|(_, field)| landfall_sobject::describe::is_described(field))
                .map(|(place, _)| place)
                .collect();
            places.into_iter().map(move |place| FieldRow {
                object: Arc::clone(&object),
                place,
            })
        })
        .collect()
}

/// A name without the suffix of its kind: `Low_Ink` of `Low_Ink__e`.
pub(super) fn developer_name(name: &str) -> String {
    let plain = name.rsplit_once("__").map_or(name, |(plain, _)| plain);
    plain.to_owned()
}

/// The names of objects as a member `referenceTo`; they are a type of their own in the Tooling API.
pub(super) fn reference_to(targets: &[EntityName]) -> String {
    let mut w = landfall_http::Writer::new();
    w.object(|w| {
        w.name("referenceTo");
        if targets.is_empty() {
            w.null();
        } else {
            w.strings(targets.iter().map(EntityName::as_str));
        }
    });
    w.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_follows_from_the_name_in_any_letter_case() {
        let ids = Ids {
            instance: *b"5f",
            components: Arc::default(),
        };
        assert_eq!(ids.object("Low_Ink__e"), ids.object("low_ink__E"));
        assert_ne!(ids.object("Low_Ink__e"), ids.object("Low_Ink__c"));
        assert!(ids.object("Low_Ink__e").as_str().starts_with("01I5f"));
        assert!(ids.field("Account", "A__c").as_str().starts_with("00N5f"));
    }

    #[test]
    fn a_developer_name_has_no_ending() {
        for (name, plain) in [
            ("Account", "Account"),
            ("Low_Ink__e", "Low_Ink"),
            ("A_b__c", "A_b"),
        ] {
            assert_eq!(developer_name(name), plain);
        }
    }
}
