//! `EntityParticle`: fields as describes have them, the parts of compounds among them.
//!
//! Source: "`EntityParticle`" (Tooling API Developer Guide).

use landfall_model::{FieldType, RecordId};
use landfall_sobject::describe_field::{byte_length, length, master_order, type_name};

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
    Of::text("FieldDefinitionId", |row| Some(row.whole().durable_id()))
        .way("FieldDefinition", "FieldDefinition"),
    Of::none("NamespacePrefix"),
    Of::text("DeveloperName", |row| Some(developer_name(row.name()))),
    Of::text("Name", |row| Some(row.name().to_owned())),
    Of::text("MasterLabel", |row| Some(row.field().label.clone())),
    Of::text("Label", |row| Some(row.field().label.clone())),
    Of::text("DataType", |row| {
        Some(type_name(row.field().field_type).to_owned())
    }),
    Of::none("ValueTypeId"),
    Of::text("ExtraTypeInfo", |row| row.field().extra_type_info.clone()),
    Of::text("DefaultValueFormula", |row| {
        let field = row.field();
        field
            .default_formula
            .clone()
            .or_else(|| field.default_value.clone())
    }),
    Of::none("InlineHelpText"),
    Of::none("Mask"),
    Of::none("MaskType"),
    Of::number("Length", |row| Some(length(row.field()))),
    Of::number("ByteLength", |row| {
        Some(byte_length(row.field().field_type, length(row.field())))
    }),
    Of::number("Digits", |row| Some(row.field().digits)),
    Of::number("Precision", |row| Some(row.field().precision)),
    Of::number("Scale", |row| Some(row.field().scale)),
    Of::members("ReferenceTo", |row| reference_to(&row.field().reference_to)),
    Of::none("ReferenceTargetField"),
    Of::text("RelationshipName", |row| {
        row.field().relationship_name.clone()
    }),
    Of::number("RelationshipOrder", |row| {
        master_order(&row.object.entity, row.field())
    }),
    Of::flag("IsApiFilterable", |row| {
        row.field().filterable && !row.is_compound()
    }),
    Of::flag("IsApiGroupable", |row| row.field().groupable),
    Of::flag("IsApiSortable", |row| {
        row.field().sortable && !row.is_compound()
    }),
    Of::flag("IsAutoNumber", |row| row.field().auto_number.is_some()),
    Of::flag("IsCalculated", |row| row.field().calculated),
    Of::flag("IsCaseSensitive", |row| row.field().case_sensitive),
    Of::flag("IsCompactLayoutable", |row| row.object.layoutable),
    Of::flag("IsComponent", FieldRow::is_component),
    Of::flag("IsCompound", FieldRow::is_compound),
    Of::flag("IsCreatable", |row| row.field().createable),
    Of::flag("IsDefaultedOnCreate", |row| row.field().defaulted_on_create),
    Of::never("IsDependentPicklist"),
    Of::never("IsDeprecatedAndHidden"),
    Of::never("IsDisplayLocationInDecimal"),
    Of::flag("IsEncrypted", |row| {
        matches!(row.field().field_type, FieldType::EncryptedString)
    }),
    Of::never("IsFieldHistoryTracked"),
    Of::never("IsHighScaleNumber"),
    Of::flag("IsHtmlFormatted", |row| {
        row.field().extra_type_info.as_deref() == Some("richtextarea")
    }),
    Of::flag("IsIdLookup", |row| row.field().id_lookup),
    Of::flag("IsLayoutable", |row| row.object.layoutable),
    Of::flag("IsListVisible", |row| row.object.layoutable),
    Of::flag("IsNameField", |row| row.field().name_field),
    Of::flag("IsNamePointing", |row| row.field().name_pointing),
    Of::flag("IsNillable", |row| row.field().nillable),
    Of::flag("IsPermissionable", |row| row.field().permissionable()),
    Of::flag("IsUnique", |row| row.field().unique),
    Of::flag("IsUpdatable", |row| row.field().updateable),
    Of::flag("IsWorkflowFilterable", |row| row.field().filterable),
    Of::never("IsWriteRequiresMasterRead"),
];

pub(crate) fn object() -> VirtualObject {
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
