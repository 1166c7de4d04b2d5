//! `EntityDefinition`: the objects of the org as records.
//!
//! Source: "`EntityDefinition`" (Tooling API Developer Guide).

use std::sync::Arc;

use landfall_http::Writer;
use landfall_model::{FieldType, RecordId};
use landfall_wire::describe as wire_describe;

use super::rows::{ObjectRow, developer_name, objects};
use super::{Api, Column, Declared, VirtualObject};

/// A field of an object.
type Of = Column<Arc<ObjectRow>>;

const COLUMNS: &[Of] = &[
    Of::id("Id", |_| Some(RecordId::EMPTY)),
    Of::text("DurableId", |row| Some(row.durable_id())),
    Of::text("QualifiedApiName", |row| Some(row.name().to_owned())),
    Of::text("DeveloperName", |row| Some(developer_name(row.name()))),
    Of::none("NamespacePrefix"),
    Of::text("Label", |row| Some(row.entity.label.clone())),
    Of::text("MasterLabel", |row| Some(row.entity.label.clone())),
    Of::text("PluralLabel", |row| Some(row.entity.label_plural.clone())),
    Of::text("KeyPrefix", |row| row.key_prefix.clone()),
    Of::text("FullName", |row| Some(row.name().to_owned())).unfiltered(),
    Of::none("Description"),
    Of::text("PublisherId", |row| {
        Some(super::publisher::of(row.entity.custom))
    })
    .way("Publisher", "Publisher"),
    Of::text("RunningUserEntityAccessId", |row| Some(row.durable_id()))
        .way("RunningUserEntityAccess", "UserEntityAccess"),
    Of::text("DeploymentStatus", |row| {
        row.id.map(|_| "Deployed".to_owned())
    }),
    Of::text("InternalSharingModel", |_| Some("ReadWrite".to_owned())),
    Of::text("ExternalSharingModel", |_| Some("ReadWrite".to_owned())),
    Of::text("DetailUrl", |row| {
        row.layoutable.then(|| "/{ID}".to_owned())
    }),
    Of::text("EditUrl", |row| {
        row.layoutable.then(|| "/{ID}/e".to_owned())
    }),
    Of::text("NewUrl", |row| {
        let prefix = row.key_prefix.as_ref().filter(|_| row.layoutable);
        prefix.map(|prefix| format!("/{prefix}/e"))
    }),
    Of::none("EditDefinitionUrl"),
    Of::none("HelpSettingPageName"),
    Of::none("HelpSettingPageUrl"),
    Of::none("DefaultCompactLayoutId"),
    Of::none("DefaultImplementation"),
    Of::none("ExtendedBy"),
    Of::none("ExtendsInterfaces"),
    Of::none("ImplementedBy"),
    Of::none("ImplementsInterfaces"),
    Of::never("IsActivityTrackable"),
    Of::flag("IsApexTriggerable", |row| {
        row.entity.capabilities.triggerable
    }),
    Of::never("IsAutoActivityCaptureEnabled"),
    Of::flag("IsCompactLayoutable", |row| row.layoutable),
    Of::flag("IsCustomSetting", |row| {
        row.entity.traits.custom_kind.is_setting()
    }),
    Of::flag("IsCustomizable", |row| row.layoutable || row.entity.custom),
    Of::never("IsDeprecatedAndHidden"),
    Of::flag("IsEverCreatable", |row| row.entity.capabilities.createable),
    Of::flag("IsEverDeletable", |row| row.entity.capabilities.deletable),
    Of::flag("IsEverUpdatable", |row| row.entity.capabilities.updateable),
    Of::flag("IsFeedEnabled", |row| row.entity.capabilities.feed_enabled),
    Of::never("IsFieldHistoryTracked"),
    Of::flag("IsFlsEnabled", |row| row.layoutable),
    Of::flag("IsIdEnabled", |row| row.entity.capabilities.queryable),
    Of::never("IsInterface"),
    Of::flag("IsLayoutable", |row| row.layoutable),
    Of::flag("IsMruEnabled", |row| row.layoutable),
    Of::flag("IsQueryable", |row| row.entity.capabilities.queryable),
    Of::flag("IsReplicateable", |row| {
        row.entity.capabilities.replicateable
    }),
    Of::never("IsReportingEnabled"),
    Of::flag("IsRetrieveable", |row| row.entity.capabilities.retrieveable),
    Of::flag("IsSearchLayoutable", |row| row.layoutable),
    Of::flag("IsSearchable", |row| row.entity.capabilities.searchable),
    Of::flag("IsTriggerable", |row| row.entity.capabilities.triggerable),
    Of::never("IsWorkflowEnabled"),
    Of::members("RecordTypesSupported", record_types),
];

pub(crate) fn object() -> VirtualObject {
    let declared = Declared {
        name: "EntityDefinition",
        label: "Entity Definition",
        label_plural: "Entity Definitions",
        key_prefix: None,
        since: 32,
        apis: &[Api::Plain, Api::Tooling],
        changeable: false,
        children: &[
            ("Fields", "FieldDefinition", "EntityDefinitionId"),
            ("Particles", "EntityParticle", "EntityDefinitionId"),
            ("CustomFields", "CustomField", "EntityDefinitionId"),
            (
                "ChildRelationships",
                "RelationshipDomain",
                "ParentSobjectId",
            ),
            (
                "RelationshipDomains",
                "RelationshipDomain",
                "ChildSobjectId",
            ),
        ],
    };
    VirtualObject::new(declared, COLUMNS, objects)
}

/// The record types of an object with records.
fn record_types(row: &Arc<ObjectRow>) -> String {
    let has_records = row
        .entity
        .fields
        .iter()
        .any(|field| field.field_type == FieldType::Id && row.entity.capabilities.queryable);
    let mut w = Writer::new();
    w.object(|w| {
        w.name("recordTypeInfos").array(|w| {
            let types = wire_describe::record_types(&row.entity.record_types);
            for info in types.filter(|_| has_records) {
                w.object(|w| {
                    w.name("available").boolean(info.available);
                    w.name("defaultRecordTypeMapping").boolean(info.default);
                    w.name("developerName").string(info.developer_name);
                    w.name("master").boolean(info.master);
                    w.name("name").string(info.name);
                    w.name("recordTypeId").string(info.id);
                });
            }
        });
    });
    w.finish()
}
