//! `EntityDefinition`: the objects of the org as records.
//!
//! Source: "`EntityDefinition`" (Tooling API Developer Guide).

use std::sync::Arc;

use landfall_model::{FieldType, RecordId};

use super::shown::{Shown, developer_name, objects};
use super::{Api, Column, Declared, VirtualObject};
use crate::writer::Writer;

/// A field of an object.
type Of = Column<Arc<Shown>>;

const COLUMNS: &[Of] = &[
    Of::id("Id", |_| Some(RecordId::EMPTY)),
    Of::text("DurableId", |shown| Some(shown.durable_id())),
    Of::text("QualifiedApiName", |shown| Some(shown.name().to_owned())),
    Of::text("DeveloperName", |shown| Some(developer_name(shown.name()))),
    Of::none("NamespacePrefix"),
    Of::text("Label", |shown| Some(shown.entity.label.clone())),
    Of::text("MasterLabel", |shown| Some(shown.entity.label.clone())),
    Of::text("PluralLabel", |shown| {
        Some(shown.entity.label_plural.clone())
    }),
    Of::text("KeyPrefix", |shown| shown.key_prefix.clone()),
    Of::text("FullName", |shown| Some(shown.name().to_owned())).unfiltered(),
    Of::none("Description"),
    Of::text("PublisherId", |shown| {
        Some(super::publisher::of(shown.entity.custom))
    })
    .way("Publisher", "Publisher"),
    Of::text("RunningUserEntityAccessId", |shown| {
        Some(shown.durable_id())
    })
    .way("RunningUserEntityAccess", "UserEntityAccess"),
    Of::text("DeploymentStatus", |shown| {
        shown.id.map(|_| "Deployed".to_owned())
    }),
    Of::text("InternalSharingModel", |_| Some("ReadWrite".to_owned())),
    Of::text("ExternalSharingModel", |_| Some("ReadWrite".to_owned())),
    Of::text("DetailUrl", |shown| {
        shown.layoutable.then(|| "/{ID}".to_owned())
    }),
    Of::text("EditUrl", |shown| {
        shown.layoutable.then(|| "/{ID}/e".to_owned())
    }),
    Of::text("NewUrl", |shown| {
        let prefix = shown.key_prefix.as_ref().filter(|_| shown.layoutable);
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
    Of::flag("IsApexTriggerable", |shown| {
        shown.entity.capabilities.triggerable
    }),
    Of::never("IsAutoActivityCaptureEnabled"),
    Of::flag("IsCompactLayoutable", |shown| shown.layoutable),
    Of::never("IsCustomSetting"),
    Of::flag("IsCustomizable", |shown| {
        shown.layoutable || shown.entity.custom
    }),
    Of::never("IsDeprecatedAndHidden"),
    Of::flag("IsEverCreatable", |shown| {
        shown.entity.capabilities.createable
    }),
    Of::flag("IsEverDeletable", |shown| {
        shown.entity.capabilities.deletable
    }),
    Of::flag("IsEverUpdatable", |shown| {
        shown.entity.capabilities.updateable
    }),
    Of::flag("IsFeedEnabled", |shown| {
        shown.entity.capabilities.feed_enabled
    }),
    Of::never("IsFieldHistoryTracked"),
    Of::flag("IsFlsEnabled", |shown| shown.layoutable),
    Of::flag("IsIdEnabled", |shown| shown.entity.capabilities.queryable),
    Of::never("IsInterface"),
    Of::flag("IsLayoutable", |shown| shown.layoutable),
    Of::flag("IsMruEnabled", |shown| shown.layoutable),
    Of::flag("IsQueryable", |shown| shown.entity.capabilities.queryable),
    Of::flag("IsReplicateable", |shown| {
        shown.entity.capabilities.replicateable
    }),
    Of::never("IsReportingEnabled"),
    Of::flag("IsRetrieveable", |shown| {
        shown.entity.capabilities.retrieveable
    }),
    Of::flag("IsSearchLayoutable", |shown| shown.layoutable),
    Of::flag("IsSearchable", |shown| shown.entity.capabilities.searchable),
    Of::flag("IsTriggerable", |shown| {
        shown.entity.capabilities.triggerable
    }),
    Of::never("IsWorkflowEnabled"),
    Of::members("RecordTypesSupported", record_types),
];

pub(super) fn object() -> VirtualObject {
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

/// The master record type, which every object with records has.
fn record_types(shown: &Arc<Shown>) -> String {
    let has_records = shown
        .entity
        .fields
        .iter()
        .any(|field| field.field_type == FieldType::Id && shown.entity.capabilities.queryable);
    let mut w = Writer::new();
    w.object(|w| {
        w.name("recordTypeInfos").array(|w| {
            if has_records {
                w.object(|w| {
                    w.name("available").boolean(true);
                    w.name("defaultRecordTypeMapping").boolean(true);
                    w.name("developerName").string("Master");
                    w.name("master").boolean(true);
                    w.name("name").string("Master");
                    w.name("recordTypeId")
                        .string(crate::describe::MASTER_RECORD_TYPE);
                });
            }
        });
    });
    w.finish()
}
