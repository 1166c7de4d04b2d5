//! The shape of a data file, and the way from there to a definition.
//!
//! A key that is absent means false, zero or empty. Whether a change event carries a field is not written down
//! at the field: it follows from the object's `changeEvent` list.

use std::collections::{HashMap, HashSet};
use std::io::Read as _;
use std::sync::LazyLock;

use flate2::read::ZlibDecoder;
use landfall_model::{
    Capabilities, ChangeEventDefinition, ChildRelationship, DeleteRule, EntityDefinition,
    EntityName, FieldDefinition, FieldName, FieldType, Fields, KeyPrefix, PicklistValue,
};
use serde::Deserialize;

use crate::Error;
use crate::features::Features;
use crate::traits::Traits;

const VALUE_SETS: &str = include_str!("../data/value-sets.json");

/// The objects that every org has without their fields.
const HEADS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/heads.bin"));
/// Their fields, one object after the other.
const FIELDS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/fields.bin"));
/// The objects that need a feature without their fields, and which fields of all objects need one.
const BY_FEATURE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/features.bin"));
/// The fields of the objects that need a feature, one object after the other.
const FEATURE_FIELDS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/feature-fields.bin"));

// `OBJECTS` and `BROUGHT`: the files of `data/objects`, sorted, each with the end of its fields in `FIELDS` or
// `FEATURE_FIELDS`.
include!(concat!(env!("OUT_DIR"), "/objects.rs"));

pub(crate) type ValueSets = HashMap<String, Vec<Entry>>;

/// The objects that every org has.
pub(crate) fn entities() -> Result<Vec<EntityDefinition>, Error> {
    let heads: Vec<Object> = read("objects", &unpacked(HEADS)?)?;
    let packed = heads.into_iter().zip(slices(OBJECTS, FIELDS));
    packed
        .map(|(head, packed)| head.shipped(packed, &Features::default()))
        .collect()
}

/// What the data files hold for features.
#[derive(Deserialize)]
pub(crate) struct ByFeature {
    objects: Vec<Object>,
    /// The fields of all objects that need a feature.
    pub(crate) fields: Vec<AddedField>,
}

/// A field that an object has with a feature.
#[derive(Deserialize)]
pub(crate) struct AddedField {
    pub(crate) entity: String,
    pub(crate) field: String,
    /// It takes one of them.
    pub(crate) features: Vec<String>,
    pub(crate) captured: bool,
    /// Fields that its change event may have it after, the nearest first.
    pub(crate) after: Vec<String>,
}

/// A relationship to an object that every org has.
pub(crate) struct AddedChild {
    pub(crate) parent: String,
    pub(crate) relationship: ChildRelationship,
}

/// An object that some features bring.
pub(crate) struct FeatureObject {
    pub(crate) entity: EntityDefinition,
    pub(crate) children: Vec<AddedChild>,
}

impl ByFeature {
    pub(crate) fn read() -> Result<Self, Error> {
        read("features", &unpacked(BY_FEATURE)?)
    }

    /// Names of the objects that need a feature, with the features that bring them.
    pub(crate) fn names(&self) -> impl Iterator<Item = (&str, &[String])> {
        let objects = self.objects.iter();
        objects.map(|object| (object.name.as_str(), object.features.as_slice()))
    }

    /// The objects of these features.
    pub(crate) fn of(self, features: &Features) -> Result<Vec<FeatureObject>, Error> {
        let absent: HashSet<String> = self
            .names()
            .filter(|(_, brought_by)| !features.any_of(brought_by))
            .map(|(name, _)| name.to_owned())
            .collect();
        let packed = self
            .objects
            .into_iter()
            .zip(slices(BROUGHT, FEATURE_FIELDS));
        let here = packed.filter(|(object, _)| !absent.contains(&object.name));
        here.map(|(mut object, packed)| {
            object
                .children
                .retain(|child| !absent.contains(&child.entity));
            let parents = std::mem::take(&mut object.parents).into_iter();
            let children = parents.map(|parent| parent.into_child(&object.name));
            Ok(FeatureObject {
                children: children.collect(),
                entity: object.shipped(packed, features)?,
            })
        })
        .collect()
    }
}

/// The fields of an object that every org has, with those of some features.
pub(crate) fn fields_with(entity: &EntityDefinition, features: &Features) -> Option<Fields> {
    let mut slices = slices(OBJECTS, FIELDS);
    let name = entity.name.as_str();
    let packed = slices.find(|packed| packed.is_of(name))?;
    let captured = entity.change_event.iter();
    let captured = captured.flat_map(|event| &event.fields);
    let captured = captured.map(|field| field.as_str().to_owned()).collect();
    Some(packed.fields(name.to_owned(), captured, features.clone()))
}

/// The packed fields of one object.
#[derive(Clone, Copy)]
struct Packed {
    file: &'static str,
    bytes: &'static [u8],
}

/// The packed fields of each object.
fn slices(
    table: &'static [(&'static str, usize)],
    bytes: &'static [u8],
) -> impl Iterator<Item = Packed> {
    let mut start = 0;
    table.iter().map(move |(file, end)| Packed {
        file,
        bytes: bytes
            .get(std::mem::replace(&mut start, *end)..*end)
            .unwrap_or_default(),
    })
}

impl Packed {
    /// Whether they are of the object of this name.
    fn is_of(&self, name: &str) -> bool {
        let stem = self.file.strip_suffix(".json");
        stem.is_some_and(|stem| stem.eq_ignore_ascii_case(name))
    }

    /// The fields that the object has with these features, read when something looks at them.
    fn fields(self, entity: String, captured: HashSet<String>, features: Features) -> Fields {
        Fields::shipped(move || {
            self.read(&entity, &captured, &features)
                .expect("the tests of this crate read the fields of every object")
        })
    }

    fn read(
        self,
        entity: &str,
        captured: &HashSet<String>,
        features: &Features,
    ) -> Result<Vec<FieldDefinition>, Error> {
        static SHARED: LazyLock<ValueSets> =
            LazyLock::new(|| value_sets().expect("the tests of this crate read them"));
        let fields = read::<Vec<Field>>(self.file, &unpacked(self.bytes)?)?.into_iter();
        fields
            .filter(|field| field.features.is_empty() || features.any_of(&field.features))
            .map(|field| field.into_definition(entity, captured, &SHARED))
            .collect()
    }
}

fn unpacked(packed: &[u8]) -> Result<String, Error> {
    let mut text = String::new();
    ZlibDecoder::new(packed)
        .read_to_string(&mut text)
        .map_err(|source| Error::Packed { source })?;
    Ok(text)
}

/// The object of a data file.
pub(crate) fn entity(file: &'static str, text: &str) -> Result<EntityDefinition, Error> {
    let mut head = read::<Object>(file, text)?;
    let captured = head.captured();
    let value_sets = value_sets()?;
    let fields = std::mem::take(&mut head.fields).into_iter();
    let fields: Vec<_> = fields
        .map(|field| field.into_definition(&head.name, &captured, &value_sets))
        .collect::<Result<_, _>>()?;
    head.into_definition(fields.into())
}

fn value_sets() -> Result<ValueSets, Error> {
    read("value-sets.json", VALUE_SETS)
}

pub(crate) fn read<T: for<'de> Deserialize<'de>>(
    file: &'static str,
    text: &str,
) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|source| Error::Parse { file, source })
}

/// One object.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Object {
    name: String,
    label: String,
    label_plural: String,
    /// Absent if no ids of its records are known.
    key_prefix: Option<String>,
    /// The features that bring it; none if every org has it.
    #[serde(default)]
    features: Vec<String>,
    capabilities: Vec<Capability>,
    #[serde(default)]
    traits: Traits,
    /// Top-level fields of the change event in order; absent if changes are not captured.
    change_event: Option<Vec<String>>,
    /// Of an object that needs a feature: what its references make it a child of, of the objects that every org has.
    #[serde(default)]
    parents: Vec<Reference>,
    children: Vec<Child>,
    /// Of a data file; the packed ones are kept apart.
    #[serde(default)]
    fields: Vec<Field>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Capability {
    Createable,
    Updateable,
    Deletable,
    Undeletable,
    Mergeable,
    Queryable,
    Searchable,
    Replicateable,
    Retrieveable,
    Triggerable,
    FeedEnabled,
}

/// A reference to the object from another shipped one.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Child {
    #[serde(rename = "child")]
    entity: String,
    field: String,
    relationship_name: Option<String>,
    #[serde(default)]
    delete_rule: Rule,
}

/// A reference of the object to one that every org has.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Reference {
    parent: String,
    field: String,
    relationship_name: Option<String>,
    #[serde(default)]
    delete_rule: Rule,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
enum Rule {
    #[default]
    Clear,
    Cascade,
    Restrict,
}

/// One field.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the vendor's describe consists of flags"
)]
pub(crate) struct Field {
    name: String,
    label: String,
    r#type: Type,
    length: u32,
    digits: u32,
    precision: u32,
    scale: u32,
    nillable: bool,
    createable: bool,
    updateable: bool,
    defaulted_on_create: bool,
    default_value: Option<String>,
    unique: bool,
    id_lookup: bool,
    auto_number: Option<String>,
    #[serde(rename = "nameField")]
    is_name: bool,
    filterable: bool,
    groupable: bool,
    sortable: bool,
    custom: bool,
    restricted_picklist: bool,
    picklist: Vec<Entry>,
    /// Name of a shared list of values, in place of `picklist`.
    value_set: Option<String>,
    compound: Option<String>,
    extra_type_info: Option<String>,
    reference_to: Vec<String>,
    relationship_name: Option<String>,
    polymorphic: bool,
    name_pointing: bool,
    /// The features that bring it; none if it comes with its object.
    features: Vec<String>,
    /// Of a field that needs a feature: whether its object's change event has it.
    captured: bool,
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Type {
    Id,
    Reference,
    #[default]
    String,
    TextArea,
    Boolean,
    Int,
    Double,
    Currency,
    Percent,
    Date,
    DateTime,
    Picklist,
    MultiPicklist,
    Combobox,
    Email,
    Phone,
    Url,
    Address,
    Location,
    JunctionIdList,
    Time,
    Long,
    #[serde(rename = "anytype")]
    Any,
    Base64,
}

/// One value of a picklist; the label is the value unless it is given.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    value: String,
    label: Option<String>,
}

impl Object {
    /// The fields that its change event has.
    fn captured(&self) -> HashSet<String> {
        self.change_event.iter().flatten().cloned().collect()
    }

    /// The object with its packed fields.
    fn shipped(self, packed: Packed, features: &Features) -> Result<EntityDefinition, Error> {
        let fields = packed.fields(self.name.clone(), self.captured(), features.clone());
        self.into_definition(fields)
    }

    fn into_definition(self, fields: Fields) -> Result<EntityDefinition, Error> {
        let key_prefix = match self.key_prefix {
            None => KeyPrefix::NONE,
            Some(prefix) => match KeyPrefix::parse(&prefix) {
                Some(key_prefix) => key_prefix,
                None => {
                    return Err(Error::KeyPrefix {
                        entity: self.name,
                        prefix,
                    });
                }
            },
        };
        let change_event = self
            .change_event
            .as_ref()
            .map(|fields| ChangeEventDefinition {
                name: EntityName::new(format!("{}ChangeEvent", self.name)),
                fields: fields
                    .iter()
                    .map(|field| FieldName::new(field.as_str()))
                    .collect(),
            });
        Ok(EntityDefinition::new(
            EntityName::new(self.name),
            (self.label, self.label_plural),
            key_prefix,
            false,
            capabilities(&self.capabilities),
            fields,
            self.children
                .into_iter()
                .map(Child::into_relationship)
                .collect(),
            change_event,
        )
        .with_traits(self.traits.into()))
    }
}

fn capabilities(listed: &[Capability]) -> Capabilities {
    let mut capabilities = Capabilities::default();
    for capability in listed {
        *match capability {
            Capability::Createable => &mut capabilities.createable,
            Capability::Updateable => &mut capabilities.updateable,
            Capability::Deletable => &mut capabilities.deletable,
            Capability::Undeletable => &mut capabilities.undeletable,
            Capability::Mergeable => &mut capabilities.mergeable,
            Capability::Queryable => &mut capabilities.queryable,
            Capability::Searchable => &mut capabilities.searchable,
            Capability::Replicateable => &mut capabilities.replicateable,
            Capability::Retrieveable => &mut capabilities.retrieveable,
            Capability::Triggerable => &mut capabilities.triggerable,
            Capability::FeedEnabled => &mut capabilities.feed_enabled,
        } = true;
    }
    capabilities
}

impl Child {
    fn into_relationship(self) -> ChildRelationship {
        ChildRelationship {
            child: EntityName::new(self.entity),
            field: FieldName::new(self.field),
            relationship_name: self.relationship_name,
            delete_rule: match self.delete_rule {
                Rule::Clear => DeleteRule::Clear,
                Rule::Cascade => DeleteRule::Cascade,
                Rule::Restrict => DeleteRule::Restrict,
            },
        }
    }
}

impl Reference {
    fn into_child(self, child: &str) -> AddedChild {
        let relationship = Child {
            entity: child.to_owned(),
            field: self.field,
            relationship_name: self.relationship_name,
            delete_rule: self.delete_rule,
        };
        AddedChild {
            parent: self.parent,
            relationship: relationship.into_relationship(),
        }
    }
}

/// Checkboxes of a user that its change event shows as lists of the names that are on.
const PREFERENCE_GROUPS: [&str; 3] = ["EmailPreferences", "UserPermissions", "UserPreferences"];

impl Field {
    pub(crate) fn into_definition(
        self,
        entity: &str,
        captured: &HashSet<String>,
        value_sets: &ValueSets,
    ) -> Result<FieldDefinition, Error> {
        let in_change_event = self.captured
            || captured.contains(self.name.as_str())
            || self
                .compound
                .as_deref()
                .is_some_and(|name| captured.contains(name))
            || PREFERENCE_GROUPS
                .iter()
                .any(|group| captured.contains(*group) && self.name.starts_with(group));
        let picklist = match &self.value_set {
            None => entries(&self.picklist, self.default_value.as_deref()),
            Some(name) => match value_sets.get(name) {
                Some(shared) => entries(shared, self.default_value.as_deref()),
                None => {
                    return Err(Error::ValueSet {
                        entity: entity.to_owned(),
                        field: self.name,
                        value_set: name.clone(),
                    });
                }
            },
        };
        Ok(FieldDefinition {
            lookup_filter: None,
            name: FieldName::new(self.name),
            label: self.label,
            field_type: self.r#type.into(),
            length: self.length,
            digits: self.digits,
            precision: self.precision,
            scale: self.scale,
            nillable: self.nillable,
            createable: self.createable,
            updateable: self.updateable,
            defaulted_on_create: self.defaulted_on_create,
            default_value: self.default_value,
            default_formula: None,
            unique: self.unique,
            case_sensitive: false,
            external_id: false,
            id_lookup: self.id_lookup,
            auto_number: self.auto_number,
            name_field: self.is_name,
            filterable: self.filterable,
            groupable: self.groupable,
            sortable: self.sortable,
            calculated: false,
            formula: None,
            summarized: false,
            custom: self.custom,
            restricted_picklist: self.restricted_picklist,
            picklist,
            controller: None,
            inline_help_text: None,
            compound: self.compound.map(FieldName::new),
            extra_type_info: self.extra_type_info,
            reference_to: self.reference_to.into_iter().map(EntityName::new).collect(),
            relationship_name: self.relationship_name,
            polymorphic: self.polymorphic,
            name_pointing: self.name_pointing,
            in_change_event,
            contact_field: None,
        })
    }
}

fn entries(listed: &[Entry], default: Option<&str>) -> Vec<PicklistValue> {
    listed
        .iter()
        .map(|entry| PicklistValue {
            value: entry.value.clone(),
            label: entry.label.clone().unwrap_or_else(|| entry.value.clone()),
            active: true,
            default: default == Some(entry.value.as_str()),
        })
        .collect()
}

impl From<Type> for FieldType {
    fn from(data: Type) -> Self {
        match data {
            Type::Id => Self::Id,
            Type::Reference => Self::Reference,
            Type::String => Self::String,
            Type::TextArea => Self::TextArea,
            Type::Boolean => Self::Boolean,
            Type::Int => Self::Int,
            Type::Double => Self::Double,
            Type::Currency => Self::Currency,
            Type::Percent => Self::Percent,
            Type::Date => Self::Date,
            Type::DateTime => Self::DateTime,
            Type::Picklist => Self::Picklist,
            Type::MultiPicklist => Self::MultiPicklist,
            Type::Combobox => Self::Combobox,
            Type::Email => Self::Email,
            Type::Phone => Self::Phone,
            Type::Url => Self::Url,
            Type::Address => Self::Address,
            Type::Location => Self::Location,
            Type::JunctionIdList => Self::JunctionIdList,
            Type::Time => Self::Time,
            Type::Long => Self::Long,
            Type::Any => Self::AnyType,
            Type::Base64 => Self::Base64,
        }
    }
}
