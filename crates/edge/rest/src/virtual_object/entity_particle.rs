//! `EntityParticle`: fields as describes have them, the parts of compounds among them.
//!
//! Source: "`EntityParticle`" (Tooling API Developer Guide).

use landfall_model::{FieldType, RecordId};

use super::shown::{ShownField, developer_name, fields, reference_to};
use super::{Api, Column, Declared, VirtualObject};
use crate::describe_field::{byte_length, length, master_order, type_name};

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
    Of::text("FieldDefinitionId", |shown| {
        Some(shown.whole().durable_id())
    })
    .way("FieldDefinition", "FieldDefinition"),
    Of::none("NamespacePrefix"),
    Of::text("DeveloperName", |shown| Some(developer_name(shown.name()))),
    Of::text("Name", |shown| Some(shown.name().to_owned())),
    Of::text("MasterLabel", |shown| Some(shown.field().label.clone())),
    Of::text("Label", |shown| Some(shown.field().label.clone())),
    Of::text("DataType", |shown| {
        Some(type_name(shown.field().field_type).to_owned())
    }),
    Of::none("ValueTypeId"),
    Of::text("ExtraTypeInfo", |shown| {
        shown.field().extra_type_info.clone()
    }),
    Of::text("DefaultValueFormula", |shown| {
        shown.field().default_value.clone()
    }),
    Of::none("InlineHelpText"),
    Of::none("Mask"),
    Of::none("MaskType"),
    Of::number("Length", |shown| Some(length(shown.field()))),
    Of::number("ByteLength", |shown| {
        Some(byte_length(shown.field().field_type, length(shown.field())))
    }),
    Of::number("Digits", |shown| Some(shown.field().digits)),
    Of::number("Precision", |shown| Some(shown.field().precision)),
    Of::number("Scale", |shown| Some(shown.field().scale)),
    Of::members("ReferenceTo", |shown| {
        reference_to(&shown.field().reference_to)
    }),
    Of::none("ReferenceTargetField"),
    Of::text("RelationshipName", |shown| {
        shown.field().relationship_name.clone()
    }),
    Of::number("RelationshipOrder", |shown| {
        master_order(&shown.object.entity, shown.field())
    }),
    Of::flag("IsApiFilterable", |shown| {
        shown.field().filterable && !shown.is_compound()
    }),
    Of::flag("IsApiGroupable", |shown| shown.field().groupable),
    Of::flag("IsApiSortable", |shown| {
        shown.field().sortable && !shown.is_compound()
    }),
    Of::flag("IsAutoNumber", |shown| shown.field().auto_number.is_some()),
    Of::flag("IsCalculated", |shown| shown.field().calculated),
    Of::flag("IsCaseSensitive", |shown| shown.field().case_sensitive),
    Of::flag("IsCompactLayoutable", |shown| shown.object.layoutable),
    Of::flag("IsComponent", ShownField::is_component),
    Of::flag("IsCompound", ShownField::is_compound),
    Of::flag("IsCreatable", |shown| shown.field().createable),
    Of::flag("IsDefaultedOnCreate", |shown| {
        shown.field().defaulted_on_create
    }),
    Of::never("IsDependentPicklist"),
    Of::never("IsDeprecatedAndHidden"),
    Of::never("IsDisplayLocationInDecimal"),
    Of::flag("IsEncrypted", |shown| {
        matches!(shown.field().field_type, FieldType::EncryptedString)
    }),
    Of::never("IsFieldHistoryTracked"),
    Of::never("IsHighScaleNumber"),
    Of::flag("IsHtmlFormatted", |shown| {
        shown.field().extra_type_info.as_deref() == Some("richtextarea")
    }),
    Of::flag("IsIdLookup", |shown| shown.field().id_lookup),
    Of::flag("IsLayoutable", |shown| shown.object.layoutable),
    Of::flag("IsListVisible", |shown| shown.object.layoutable),
    Of::flag("IsNameField", |shown| shown.field().name_field),
    Of::flag("IsNamePointing", |shown| shown.field().name_pointing),
    Of::flag("IsNillable", |shown| shown.field().nillable),
    Of::flag("IsPermissionable", |shown| shown.field().permissionable()),
    Of::flag("IsUnique", |shown| shown.field().unique),
    Of::flag("IsUpdatable", |shown| shown.field().updateable),
    Of::flag("IsWorkflowFilterable", |shown| shown.field().filterable),
    Of::never("IsWriteRequiresMasterRead"),
];

pub(super) fn object() -> VirtualObject {
    let declared = Declared {
        name: "EntityParticle",
        label: "Entity Particle",
        label_plural: "Entity Particles",
        key_prefix: None,
        since: 34,
        apis: &[Api::Plain, Api::Tooling],
        changeable: false,
        children: &[("PicklistValues", "PicklistValueInfo", "EntityParticleId")],
    };
    VirtualObject::new(declared, COLUMNS, fields)
}
