//! `FieldDefinition`: fields as people see them, compounds without their parts.
//!
//! Source: "`FieldDefinition`" (Tooling API Developer Guide).

use landfall_model::RecordId;

use super::data_type::data_type;
use super::shown::{ShownField, developer_name, fields, reference_to};
use super::{Api, Column, Declared, VirtualObject};
use crate::describe_field::length;

/// A field of a field.
type Of = Column<ShownField>;

const COLUMNS: &[Of] = &[
    Of::id("Id", |_| Some(RecordId::EMPTY)),
    Of::text("DurableId", |shown| Some(shown.durable_id())),
    Of::text("QualifiedApiName", |shown| Some(shown.name().to_owned())),
    Of::text("EntityDefinitionId", |shown| {
        Some(shown.object.durable_id())
    })
    .way("EntityDefinition", "EntityDefinition"),
    Of::none("NamespacePrefix"),
    Of::text("DeveloperName", |shown| Some(developer_name(shown.name()))),
    Of::text("MasterLabel", |shown| Some(shown.field().label.clone())),
    Of::text("Label", |shown| Some(shown.field().label.clone())),
    Of::text("FullName", |shown| {
        Some(format!("{}.{}", shown.object.name(), shown.name()))
    })
    .unfiltered(),
    Of::number("Length", |shown| Some(length(shown.field()))),
    Of::text("DataType", |shown| Some(data_type(shown))),
    Of::none("ServiceDataTypeId"),
    Of::none("ValueTypeId"),
    Of::text("ExtraTypeInfo", |shown| {
        shown.field().extra_type_info.clone()
    }),
    Of::none("Description"),
    Of::text("PublisherId", |shown| {
        Some(super::publisher::of(shown.field().custom))
    })
    .way("Publisher", "Publisher"),
    Of::none("ControllingFieldDefinitionId"),
    Of::none("BusinessOwnerId"),
    Of::none("BusinessStatus"),
    Of::none("SecurityClassification"),
    Of::none("ComplianceGroup"),
    Of::number("Precision", |shown| Some(shown.field().precision)),
    Of::number("Scale", |shown| Some(shown.field().scale)),
    Of::members("ReferenceTo", |shown| {
        reference_to(&shown.field().reference_to)
    }),
    Of::none("ReferenceTargetField"),
    Of::text("RelationshipName", |shown| {
        shown.field().relationship_name.clone()
    }),
    Of::none("RunningUserFieldAccessId"),
    Of::flag("IsApiFilterable", |shown| {
        shown.field().filterable && !shown.is_compound()
    }),
    Of::flag("IsApiGroupable", |shown| shown.field().groupable),
    Of::flag("IsApiSortable", |shown| {
        shown.field().sortable && !shown.is_compound()
    }),
    Of::flag("IsCalculated", |shown| shown.field().calculated),
    Of::flag("IsCompactLayoutable", |shown| shown.object.layoutable),
    Of::flag("IsCompound", ShownField::is_compound),
    Of::flag("IsEverApiAccessible", |_| true),
    Of::never("IsFieldHistoryTracked"),
    Of::flag("IsFlsEnabled", |shown| shown.field().permissionable()),
    Of::never("IsHighScaleNumber"),
    Of::flag("IsHtmlFormatted", |shown| {
        shown.field().extra_type_info.as_deref() == Some("richtextarea")
    }),
    Of::flag("IsIndexed", |shown| shown.field().indexed()),
    Of::flag("IsListFilterable", |shown| shown.field().filterable),
    Of::flag("IsListSortable", |shown| shown.field().sortable),
    Of::flag("IsListVisible", |shown| shown.object.layoutable),
    Of::flag("IsNameField", |shown| shown.field().name_field),
    Of::flag("IsNillable", |shown| shown.field().nillable),
    Of::flag("IsPolymorphicForeignKey", |shown| shown.field().polymorphic),
    Of::never("IsSearchPrefilterable"),
    Of::flag("IsWorkflowFilterable", |shown| shown.field().filterable),
];

pub(super) fn object() -> VirtualObject {
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
