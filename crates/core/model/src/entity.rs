//! What an object is: its fields, relationships and capabilities.

use crate::fields::Fields;
use crate::id::KeyPrefix;
use crate::name::{EntityName, FieldName};
use crate::object_traits::ObjectTraits;
use crate::record_type::RecordType;

/// The field of a record's type.
pub const RECORD_TYPE_ID: &str = "RecordTypeId";

/// Data type of a field, as describe names it.
///
/// Source: "Field Types" (Object Reference).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FieldType {
    /// The record's own id.
    Id,
    /// Id of another record.
    Reference,
    /// One line of text.
    String,
    /// Several lines of text; longer than 255 characters it is a long text area.
    TextArea,
    /// A checkbox: never null.
    Boolean,
    /// A whole number.
    Int,
    /// A number with a scale.
    Double,
    /// An amount of money.
    Currency,
    /// A percentage.
    Percent,
    /// A calendar day.
    Date,
    /// A point in time.
    DateTime,
    /// A time of day.
    Time,
    /// One value of a list.
    Picklist,
    /// Values of a list, joined with `;`.
    MultiPicklist,
    /// Free text with proposals.
    Combobox,
    /// An email address.
    Email,
    /// A phone number.
    Phone,
    /// A web address.
    Url,
    /// A whole number that can be longer than [`Self::Int`].
    Long,
    /// A value of another field, as text: what a history keeps.
    AnyType,
    /// Compound: the components are fields of their own.
    Address,
    /// Compound: latitude and longitude.
    Location,
    /// A person's name, compound: only a shape inside change events, never a described field.
    PersonName,
    /// Text kept encrypted by the vendor.
    EncryptedString,
    /// Bytes.
    Base64,
    /// Ids in a junction list.
    JunctionIdList,
    /// Members of its own, as JSON: only in objects of the Tooling API.
    Complex,
}

impl FieldType {
    /// Whether the field has no value of its own but is made of other fields.
    pub const fn is_compound(self) -> bool {
        matches!(self, Self::Address | Self::Location | Self::PersonName)
    }

    /// Whether values are text in storage and on the wire.
    pub const fn is_text(self) -> bool {
        matches!(
            self,
            Self::String
                | Self::TextArea
                | Self::Picklist
                | Self::MultiPicklist
                | Self::Combobox
                | Self::Email
                | Self::Phone
                | Self::Url
                | Self::EncryptedString
                | Self::AnyType
                | Self::Base64
                | Self::JunctionIdList
        )
    }

    /// Whether values are whole numbers.
    pub const fn is_whole(self) -> bool {
        matches!(self, Self::Int | Self::Long)
    }

    /// Whether values are numbers with a fraction.
    pub const fn is_decimal(self) -> bool {
        matches!(self, Self::Double | Self::Currency | Self::Percent)
    }
}

/// One entry of a picklist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PicklistValue {
    /// The stored value.
    pub value: String,
    /// What people see.
    pub label: String,
    /// Whether new records may use it.
    pub active: bool,
    /// Whether it is the default of the field.
    pub default: bool,
}

/// What a value of a standard picklist means beyond its text.
///
/// Source: "`StandardValue`" (Metadata API Developer Guide).
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an element of the metadata type"
)]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ValueMeaning {
    /// The stored value.
    pub value: String,
    /// A stage, a case or a task with it is closed.
    pub closed: bool,
    /// A stage with it is won.
    pub won: bool,
    /// How likely a stage is to be won. Unit: percent.
    pub probability: u32,
    /// The name of the forecast category of a stage.
    pub forecast: Option<String>,
    /// A lead with it is converted.
    pub converted: bool,
    /// A task with it is urgent.
    pub high_priority: bool,
    /// A solution with it is reviewed.
    pub reviewed: bool,
}

/// The field whose value narrows a picklist.
///
/// Source: "`ValueSet`" (Metadata API Developer Guide), `controllingField`, `valueSettings`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PicklistController {
    /// A picklist or a checkbox of the same object.
    pub field: FieldName,
    /// Values with the values of that field for which they are offered; any other value is offered for none.
    pub offered: Vec<(String, Vec<String>)>,
}

/// What describes say of the filter of a lookup.
///
/// Source: "`FilteredLookupInfo`" (SOAP API Developer Guide).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookupFilterInfo {
    /// The fields of the record that it depends on.
    pub controlling_fields: Vec<FieldName>,
    /// Whether saves need not meet it.
    pub optional: bool,
}

/// The formula of a field, as its definition has it.
///
/// Source: "`CustomField`" (Metadata API Developer Guide), `formula`, `formulaTreatBlanksAs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormulaDefinition {
    /// The text.
    pub text: String,
    /// Whether numbers that are missing count as zero.
    pub blanks_as_zero: bool,
    /// Whether the result is written in HTML.
    pub html: bool,
}

/// One field of an object.
///
/// Source: "`describeSObjects()`" (SOAP API Developer Guide), `Field`.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the vendor's describe consists of flags"
)]
pub struct FieldDefinition {
    /// API name.
    pub name: FieldName,
    /// What people see; the subject of error messages.
    pub label: String,
    /// Data type.
    pub field_type: FieldType,
    /// Limit of text. Unit: characters.
    pub length: u32,
    /// Limit of whole numbers. Unit: decimal digits.
    pub digits: u32,
    /// Limit of decimal numbers: all digits.
    pub precision: u32,
    /// Limit of decimal numbers: digits after the point.
    pub scale: u32,
    /// Whether null is allowed.
    pub nillable: bool,
    /// Whether a create may set it.
    pub createable: bool,
    /// Whether an update may set it.
    pub updateable: bool,
    /// Whether the service gives a value when a create does not.
    pub defaulted_on_create: bool,
    /// The default, as the definition spells it.
    pub default_value: Option<String>,
    /// The formula of a default that is computed at each create.
    pub default_formula: Option<String>,
    /// Whether no two records may share a value.
    pub unique: bool,
    /// Whether uniqueness distinguishes letter case.
    pub case_sensitive: bool,
    /// Whether it identifies records of an outside system.
    pub external_id: bool,
    /// Whether records can be addressed by it.
    pub id_lookup: bool,
    /// Display format of an auto number, such as `{00000000}`.
    pub auto_number: Option<String>,
    /// Whether it is the record's name.
    pub name_field: bool,
    /// Whether queries may filter by it.
    pub filterable: bool,
    /// Whether queries may group by it.
    pub groupable: bool,
    /// Whether queries may sort by it.
    pub sortable: bool,
    /// Whether it is computed: by a formula, which is not stored, or from details.
    pub calculated: bool,
    /// The formula that it is computed by.
    pub formula: Option<FormulaDefinition>,
    /// Whether it is computed from the details of the record and stored: a roll-up summary.
    pub summarized: bool,
    /// Whether an administrator made it.
    pub custom: bool,
    /// Whether only listed values are accepted.
    pub restricted_picklist: bool,
    /// The listed values.
    pub picklist: Vec<PicklistValue>,
    /// The field that they depend on.
    pub controller: Option<PicklistController>,
    /// What people read next to the field.
    pub inline_help_text: Option<String>,
    /// The compound field that it is a component of.
    pub compound: Option<FieldName>,
    /// Describe's finer type, such as `plaintextarea`.
    pub extra_type_info: Option<String>,
    /// Objects that a reference may point to.
    pub reference_to: Vec<EntityName>,
    /// Name of the way to the referenced record.
    pub relationship_name: Option<String>,
    /// Whether a reference may point to more than one object.
    pub polymorphic: bool,
    /// Whether what a reference points to has its name taken from several objects.
    pub name_pointing: bool,
    /// Whether change events carry it (or the compound that it belongs to).
    pub in_change_event: bool,
    /// The filter of a lookup.
    pub lookup_filter: Option<LookupFilterInfo>,
    /// The field of a person account's contact that it has the value of.
    ///
    /// Source: "Account", `IsPersonAccount` Fields (Object Reference).
    pub contact_field: Option<FieldName>,
}

impl FieldDefinition {
    /// A field of which only this is known: may be null, is read-only, and has no other trait.
    pub fn new(name: &str, label: &str, field_type: FieldType) -> Self {
        Self {
            name: FieldName::new(name),
            label: label.to_owned(),
            field_type,
            length: 0,
            digits: 0,
            precision: 0,
            scale: 0,
            nillable: true,
            createable: false,
            updateable: false,
            defaulted_on_create: false,
            default_value: None,
            default_formula: None,
            unique: false,
            case_sensitive: false,
            external_id: false,
            id_lookup: false,
            auto_number: None,
            name_field: false,
            filterable: false,
            groupable: false,
            sortable: false,
            calculated: false,
            formula: None,
            summarized: false,
            custom: false,
            restricted_picklist: false,
            lookup_filter: None,
            picklist: Vec::new(),
            controller: None,
            inline_help_text: None,
            compound: None,
            extra_type_info: None,
            reference_to: Vec::new(),
            relationship_name: None,
            polymorphic: false,
            name_pointing: false,
            in_change_event: true,
            contact_field: None,
        }
    }

    /// Whether the service gives no value, so that a create must.
    pub const fn required_on_create(&self) -> bool {
        self.createable && !self.nillable && !self.defaulted_on_create
    }

    /// Whether it has a column of its own.
    pub const fn stored(&self) -> bool {
        !self.field_type.is_compound() && (!self.calculated || self.summarized)
    }

    /// Whether records are found by it without looking at all of them.
    ///
    /// Source: "Make SOQL Query Selective" (Salesforce Help): ids, references, unique fields and external ids.
    pub const fn indexed(&self) -> bool {
        self.unique
            || self.external_id
            || self.id_lookup
            || matches!(self.field_type, FieldType::Id | FieldType::Reference)
    }

    /// Whether permission sets can grant the field one by one: what people fill in or an administrator computes, compounds
    /// as a whole. Any other field is visible to every user who can read the object.
    ///
    /// Source: "`describeSObjects()`" (SOAP API Developer Guide), `permissionable`.
    pub fn permissionable(&self) -> bool {
        if self.field_type.is_compound() {
            return true;
        }
        let component = self
            .compound
            .as_ref()
            .is_some_and(|whole| *whole != self.name);
        // A checkbox is never null, and is not required either.
        let optional = self.nillable || (self.custom && self.field_type == FieldType::Boolean);
        let shown = self.createable || self.updateable || (self.custom && self.calculated);
        !component && optional && !self.name_field && shown && !self.is_record_type()
    }

    /// Whether it is the field `RecordTypeId`.
    pub fn is_record_type(&self) -> bool {
        !self.custom && self.name.as_str() == RECORD_TYPE_ID
    }

    /// The name that entries of a field history have for it: of a standard reference it is that of the relationship.
    pub fn history_name(&self) -> &str {
        let name = self.name.as_str();
        let is_standard = !self.custom && self.field_type == FieldType::Reference;
        let short = name.strip_suffix("Id").filter(|_| is_standard);
        short.unwrap_or(name)
    }

    /// Whether it is text of more than 255 characters.
    pub const fn is_long_text(&self) -> bool {
        matches!(self.field_type, FieldType::TextArea) && self.length > 255
    }
}

/// What happens to a child when its parent is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeleteRule {
    /// The child's reference is set to null.
    Clear,
    /// The child is deleted too.
    Cascade,
    /// The parent cannot be deleted while a child is there.
    Restrict,
}

/// A reference seen from the object it points to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildRelationship {
    /// The object that holds the reference.
    pub child: EntityName,
    /// The field that holds it.
    pub field: FieldName,
    /// Name of the way to the children; none for change events.
    pub relationship_name: Option<String>,
    /// What deleting the parent does.
    pub delete_rule: DeleteRule,
}

/// What may be done with an object.
///
/// Source: "`describeSObjects()`" (SOAP API Developer Guide), `DescribeSObjectResult`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the vendor's describe consists of flags"
)]
pub struct Capabilities {
    /// Records can be created.
    pub createable: bool,
    /// Records can be changed.
    pub updateable: bool,
    /// Records can be deleted.
    pub deletable: bool,
    /// Deleted records can be brought back.
    pub undeletable: bool,
    /// Records can be merged.
    pub mergeable: bool,
    /// Queries may name it.
    pub queryable: bool,
    /// Searches cover it.
    pub searchable: bool,
    /// It answers for updated and deleted records of a period.
    pub replicateable: bool,
    /// Records can be read by id.
    pub retrieveable: bool,
    /// Triggers can be written for it.
    pub triggerable: bool,
    /// It has a feed.
    pub feed_enabled: bool,
}

/// The change event object of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeEventDefinition {
    /// `AccountChangeEvent`, `Employee__ChangeEvent`.
    pub name: EntityName,
    /// Top-level fields after `ChangeEventHeader`, in the order of the event schema; a compound represents its components.
    pub fields: Vec<FieldName>,
}

/// An object: the fields in describe order, and all else that its behaviour is derived from.
#[derive(Clone, Debug)]
pub struct EntityDefinition {
    /// API name.
    pub name: EntityName,
    /// What people see.
    pub label: String,
    /// The same for several records.
    pub label_plural: String,
    /// First characters of its record ids; [`KeyPrefix::NONE`] if none are known.
    pub key_prefix: KeyPrefix,
    /// Whether an administrator made it.
    pub custom: bool,
    /// What may be done with it.
    pub capabilities: Capabilities,
    /// Fields in describe order. A [`crate::Row`] has one value for each.
    pub fields: Fields,
    /// References to it.
    pub children: Vec<ChildRelationship>,
    /// Its change event object, if its changes can be captured.
    pub change_event: Option<ChangeEventDefinition>,
    /// Of a standard object, what its describe does not show.
    pub traits: ObjectTraits,
    /// Its record types, without the master type that every object has.
    pub record_types: Vec<RecordType>,
    /// What values of its picklists mean, where a project says so.
    pub meanings: Vec<(FieldName, ValueMeaning)>,
}

impl EntityDefinition {
    /// Puts a definition together; field names must differ in more than letter case.
    #[expect(
        clippy::too_many_arguments,
        reason = "the parts of a definition, each of its own type"
    )]
    pub fn new(
        name: EntityName,
        labels: (String, String),
        key_prefix: KeyPrefix,
        custom: bool,
        capabilities: Capabilities,
        fields: impl Into<Fields>,
        children: Vec<ChildRelationship>,
        change_event: Option<ChangeEventDefinition>,
    ) -> Self {
        let (label, label_plural) = labels;
        Self {
            name,
            label,
            label_plural,
            key_prefix,
            custom,
            capabilities,
            fields: fields.into(),
            children,
            change_event,
            traits: ObjectTraits::default(),
            record_types: Vec::new(),
            meanings: Vec::new(),
        }
    }

    /// What a value of a picklist means, if a project says so.
    pub fn meaning(&self, field: &str, value: &str) -> Option<&ValueMeaning> {
        let mut meanings = self.meanings.iter();
        let found = meanings.find(|(of, meaning)| of.as_str() == field && meaning.value == value);
        found.map(|(_, meaning)| meaning)
    }

    /// The definition with these traits.
    #[must_use]
    pub fn with_traits(mut self, traits: ObjectTraits) -> Self {
        self.traits = traits;
        self
    }

    /// The definition with these record types.
    #[must_use]
    pub fn with_record_types(mut self, record_types: Vec<RecordType>) -> Self {
        self.record_types = record_types;
        self
    }

    /// First characters of its record ids, as describes have them.
    pub fn described_prefix(&self) -> Option<&str> {
        (self.key_prefix != KeyPrefix::NONE).then(|| self.key_prefix.as_str())
    }

    /// A field and its index, by name in any letter case.
    pub fn field(&self, name: &str) -> Option<(usize, &FieldDefinition)> {
        let index = self.fields.index_of(name)?;
        self.fields.get(index).map(|field| (index, field))
    }

    /// The index of a field in a [`crate::Row`], by name in any letter case.
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.field(name).map(|(index, _)| index)
    }

    /// The index of the field that identifies a record: its id, or `DurableId` where records have no id.
    ///
    /// Source: "`EntityDefinition`" (Tooling API Developer Guide), `DurableId`.
    pub fn identity(&self) -> usize {
        let place = self.index_of("DurableId").or_else(|| self.index_of("Id"));
        place.unwrap_or(0)
    }

    /// The components of a compound field with their indexes, in describe order.
    pub fn components<'a>(
        &'a self,
        compound: &'a str,
    ) -> impl Iterator<Item = (usize, &'a FieldDefinition)> + 'a {
        self.fields.iter().enumerate().filter(move |(_, field)| {
            field.name.as_str() != compound
                && field
                    .compound
                    .as_ref()
                    .is_some_and(|name| name.as_str() == compound)
        })
    }
}
