//! The types that a field's definition can name, and what each asks of the definition.
//!
//! Source: "`FieldType`" and "`CustomField`" (Metadata API Developer Guide).

use landfall_model::FieldType;

/// The `<type>` of a custom field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeclaredType {
    Address,
    AutoNumber,
    Checkbox,
    Currency,
    Date,
    DateTime,
    Email,
    EncryptedText,
    ExternalLookup,
    Hierarchy,
    Html,
    IndirectLookup,
    Location,
    LongTextArea,
    Lookup,
    MasterDetail,
    MetadataRelationship,
    MultiselectPicklist,
    Number,
    Percent,
    Phone,
    Picklist,
    Summary,
    Text,
    TextArea,
    Time,
    Url,
}

/// The words for the types.
pub(crate) const TYPES: [(&str, DeclaredType); 27] = [
    ("Address", DeclaredType::Address),
    ("AutoNumber", DeclaredType::AutoNumber),
    ("Checkbox", DeclaredType::Checkbox),
    ("Currency", DeclaredType::Currency),
    ("Date", DeclaredType::Date),
    ("DateTime", DeclaredType::DateTime),
    ("Email", DeclaredType::Email),
    ("EncryptedText", DeclaredType::EncryptedText),
    ("ExternalLookup", DeclaredType::ExternalLookup),
    ("Hierarchy", DeclaredType::Hierarchy),
    ("Html", DeclaredType::Html),
    ("IndirectLookup", DeclaredType::IndirectLookup),
    ("Location", DeclaredType::Location),
    ("LongTextArea", DeclaredType::LongTextArea),
    ("Lookup", DeclaredType::Lookup),
    ("MasterDetail", DeclaredType::MasterDetail),
    ("MetadataRelationship", DeclaredType::MetadataRelationship),
    ("MultiselectPicklist", DeclaredType::MultiselectPicklist),
    ("Number", DeclaredType::Number),
    ("Percent", DeclaredType::Percent),
    ("Phone", DeclaredType::Phone),
    ("Picklist", DeclaredType::Picklist),
    ("Summary", DeclaredType::Summary),
    ("Text", DeclaredType::Text),
    ("TextArea", DeclaredType::TextArea),
    ("Time", DeclaredType::Time),
    ("Url", DeclaredType::Url),
];

impl DeclaredType {
    /// The word for it.
    pub(crate) fn as_str(self) -> &'static str {
        TYPES
            .iter()
            .find(|(_, known)| *known == self)
            .map_or("", |(word, _)| word)
    }

    /// The type in describes. A roll-up's follows from what it sums up, and is a number until that is known.
    pub(crate) const fn described(self) -> FieldType {
        match self {
            Self::Address => FieldType::Address,
            // A record elsewhere has no id here: its key is text.
            Self::AutoNumber | Self::Text | Self::ExternalLookup | Self::IndirectLookup => {
                FieldType::String
            }
            Self::Checkbox => FieldType::Boolean,
            Self::Currency => FieldType::Currency,
            Self::Date => FieldType::Date,
            Self::DateTime => FieldType::DateTime,
            Self::Email => FieldType::Email,
            Self::EncryptedText => FieldType::EncryptedString,
            Self::Hierarchy | Self::Lookup | Self::MasterDetail | Self::MetadataRelationship => {
                FieldType::Reference
            }
            Self::Html | Self::LongTextArea | Self::TextArea => FieldType::TextArea,
            Self::Location => FieldType::Location,
            Self::MultiselectPicklist => FieldType::MultiPicklist,
            Self::Number | Self::Summary => FieldType::Double,
            Self::Percent => FieldType::Percent,
            Self::Phone => FieldType::Phone,
            Self::Picklist => FieldType::Picklist,
            Self::Time => FieldType::Time,
            Self::Url => FieldType::Url,
        }
    }

    /// Whether a formula can have this type.
    pub(crate) const fn can_be_formula(self) -> bool {
        matches!(
            self,
            Self::Checkbox
                | Self::Currency
                | Self::Date
                | Self::DateTime
                | Self::Number
                | Self::Percent
                | Self::Text
                | Self::Time
        )
    }

    /// Whether a platform event can have fields of this type.
    ///
    /// Source: "Platform Event Fields" (Platform Events Developer Guide).
    pub(crate) const fn can_be_in_platform_event(self) -> bool {
        matches!(
            self,
            Self::Checkbox
                | Self::Date
                | Self::DateTime
                | Self::LongTextArea
                | Self::Number
                | Self::Text
        )
    }

    /// Whether values can be unique.
    pub(crate) const fn can_be_unique(self) -> bool {
        matches!(
            self,
            Self::Email | Self::Number | Self::Text | Self::MetadataRelationship
        )
    }

    /// Whether values can identify records of an outside system.
    pub(crate) const fn can_be_external_id(self) -> bool {
        matches!(
            self,
            Self::AutoNumber | Self::Email | Self::Number | Self::Text
        )
    }

    /// Elements that make no sense for the type, and are refused.
    pub(crate) const fn forbidden(self) -> &'static [&'static str] {
        match self {
            Self::TextArea => &["length"],
            Self::MasterDetail => &["required", "deleteConstraint"],
            _ => &[],
        }
    }
}
