//! `FieldDefinition`: fields as people see them, compounds without their parts.
//!
//! Source: "`FieldDefinition`" (Tooling API Developer Guide).

use landfall_model::RecordId;
use landfall_sobject::describe_field::length;

use super::data_type::data_type;
use super::rows::{FieldRow, developer_name, fields, reference_to};
use super::{Api, Column, Declared, VirtualObject};

/// A field of a field.
type Of = Column<FieldRow>;

const COLUMNS: &[Of] = &[
    Of::id("Id", |_| Some(RecordId::EMPTY)),
    Of::text("DurableId", |row| Some(row.durable_id())),
    Of::text("QualifiedApiName", |row| Some(row.name().to_owned())),
    Of::text("EntityDefinitionId", |row| Some(row.object.durable_id()))
        .way("EntityDefinition", "EntityDefinition"),
    Of::none("NamespacePrefix"),
    Of::text("DeveloperName", |row| Some(developer_name(row.name()))),
    Of::text("MasterLabel", |row| Some(row.field().label.clone())),
    Of::text("Label", |row| Some(row.field().label.clone())),
    Of::text("FullName", |row| {
        Some(format!("{}.{}", row.object.name(), row.name()))
    })
    .unfiltered(),
    Of::number("Length", |row| Some(length(row.field()))),
    Of::text("DataType", |row| Some(data_type(row))),
    Of::none("ServiceDataTypeId"),
    Of::none("ValueTypeId"),
    Of::text("ExtraTypeInfo", |row| row.field().extra_type_info.clone()),
    Of::none("Description"),
    Of::text("PublisherId", |row| {
        Some(super::publisher::of(row.field().custom))
    })
    .way("Publisher", "Publisher"),
    Of::none("ControllingFieldDefinitionId"),
    Of::none("BusinessOwnerId"),
    Of::none("BusinessStatus"),
    Of::none("SecurityClassification"),
    Of::none("ComplianceGroup"),
    Of::number("Precision", |row| Some(row.field().precision)),
    Of::number("Scale", |row| Some(row.field().scale)),
    Of::members("ReferenceTo", |row| reference_to(&row.field().reference_to)),
    Of::none("ReferenceTargetField"),
    Of::text("RelationshipName", |row| {
        row.field().relationship_name.clone()
    }),
    Of::none("RunningUserFieldAccessId"),
    Of::flag("IsApiFilterable", |row| {
        row.field().filterable && !row.is_compound()
    }),
    Of::flag("IsApiGroupable", |row| row.field().groupable),
    Of::flag("IsApiSortable", |row| {
        row.field().sortable && !row.is_compound()
    }),
    Of::flag("IsCalculated", |row| row.field().calculated),
    Of::flag("IsCompactLayoutable", |row| row.object.layoutable),
    Of::flag("IsCompound", FieldRow::is_compound),
    Of::flag("IsEverApiAccessible", |_| true),
    Of::never("IsFieldHistoryTracked"),
    Of::flag("IsFlsEnabled", |row| row.field().permissionable()),
    Of::never("IsHighScaleNumber"),
    Of::flag("IsHtmlFormatted", |row| {
        row.field().extra_type_info.as_deref() == Some("richtextarea")
    }),
    Of::flag("IsIndexed", |row| row.field().indexed()),
    Of::flag("IsListFilterable", |row| row.field().filterable),
    Of::flag("IsListSortable", |row| row.field().sortable),
    Of::flag("IsListVisible", |row| row.object.layoutable),
    Of::flag("IsNameField", |row| row.field().name_field),
    Of::flag("IsNillable", |row| row.field().nillable),
    Of::flag("IsPolymorphicForeignKey", |row| row.field().polymorphic),
    Of::never("IsSearchPrefilterable"),
    Of::flag("IsWorkflowFilterable", |row| row.field().filterable),
];

pub(crate) fn object() -> VirtualObject {
    let declared = Declared {
        name: "FieldDefinition",
        label: "Field Definition",
        label_plural: "Field Definitions",
        key_prefix: None,
        since: 32,
        apis: &[Api::Plain, Api::Tooling],
        changeable: false,
        children: &[
            ("Particles", "EntityParticle", "FieldDefinitionId"),
            ("RelationshipDomains", "RelationshipDomain", "FieldId"),
        ],
    };
    VirtualObject::new(declared, COLUMNS, |source| {
        let mut fields = fields(source);
        fields.retain(|field| !field.is_component());
        fields
    })
}
