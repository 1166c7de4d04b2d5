//! The files of the sample project.

macro_rules! project {
    ($($path:literal),* $(,)?) => {
        [$(($path, include_str!(concat!("../project/", $path)))),*]
    };
}

/// What `sfdx-project.json` says.
pub(crate) const PROJECT: &str = include_str!("../project/sfdx-project.json");

/// Every other file: path and content.
pub(crate) const FILES: [(&str, &str); 54] = project![
    "force-app/main/default/globalValueSets/Boat_Size.globalValueSet-meta.xml",
    "force-app/main/default/managedEventSubscriptions/Berth_Board.managedEventSubscription-meta.xml",
    "force-app/main/default/objects/Account/fields/Harbour_Member__c.field-meta.xml",
    "force-app/main/default/objects/Account/fields/Home_Berth__c.field-meta.xml",
    "force-app/main/default/objects/Account/fields/Industry.field-meta.xml",
    "force-app/main/default/objects/Account/fields/SLA__c.field-meta.xml",
    "force-app/main/default/objects/Account/recordTypes/Club.recordType-meta.xml",
    "force-app/main/default/objects/Activity/fields/Urgent__c.field-meta.xml",
    "force-app/main/default/objects/Berth_Freed__e/Berth_Freed__e.object-meta.xml",
    "force-app/main/default/objects/Berth_Freed__e/fields/Berth_Code__c.field-meta.xml",
    "force-app/main/default/objects/Berth_Freed__e/fields/Fee__c.field-meta.xml",
    "force-app/main/default/objects/Berth_Freed__e/fields/Free_Day__c.field-meta.xml",
    "force-app/main/default/objects/Berth_Freed__e/fields/Freed_At__c.field-meta.xml",
    "force-app/main/default/objects/Berth_Freed__e/fields/Report__c.field-meta.xml",
    "force-app/main/default/objects/Berth_Freed__e/fields/Urgent__c.field-meta.xml",
    "force-app/main/default/objects/Berth__c/Berth__c.object-meta.xml",
    "force-app/main/default/objects/Berth__c/fields/Certificate__c.field-meta.xml",
    "force-app/main/default/objects/Berth__c/fields/Code__c.field-meta.xml",
    "force-app/main/default/objects/Berth__c/fields/Daily_Fee__c.field-meta.xml",
    "force-app/main/default/objects/Berth__c/fields/Depth__c.field-meta.xml",
    "force-app/main/default/objects/Berth__c/fields/Discount__c.field-meta.xml",
    "force-app/main/default/objects/Berth__c/fields/Gate_Code__c.field-meta.xml",
    "force-app/main/default/objects/Berth__c/fields/Has_Power__c.field-meta.xml",
    "force-app/main/default/objects/Berth__c/fields/Income__c.field-meta.xml",
    "force-app/main/default/objects/Berth__c/fields/Inspected__c.field-meta.xml",
    "force-app/main/default/objects/Berth__c/fields/Last_Cleaned__c.field-meta.xml",
    "force-app/main/default/objects/Berth__c/fields/Next_Berth__c.field-meta.xml",
    "force-app/main/default/objects/Berth__c/fields/Notes__c.field-meta.xml",
    "force-app/main/default/objects/Berth__c/fields/Opens__c.field-meta.xml",
    "force-app/main/default/objects/Berth__c/fields/Owner_Email__c.field-meta.xml",
    "force-app/main/default/objects/Berth__c/fields/Owner_Phone__c.field-meta.xml",
    "force-app/main/default/objects/Berth__c/fields/Page__c.field-meta.xml",
    "force-app/main/default/objects/Berth__c/fields/Place__c.field-meta.xml",
    "force-app/main/default/objects/Berth__c/fields/Presentation__c.field-meta.xml",
    "force-app/main/default/objects/Berth__c/fields/Remark__c.field-meta.xml",
    "force-app/main/default/objects/Berth__c/fields/Services__c.field-meta.xml",
    "force-app/main/default/objects/Berth__c/fields/Size__c.field-meta.xml",
    "force-app/main/default/objects/Berth__c/fields/Stays__c.field-meta.xml",
    "force-app/main/default/objects/Berth__c/fields/Weekly_Fee__c.field-meta.xml",
    "force-app/main/default/objects/Stay__c/Stay__c.object-meta.xml",
    "force-app/main/default/objects/Stay__c/fields/Berth__c.field-meta.xml",
    "force-app/main/default/objects/Stay__c/fields/Fee__c.field-meta.xml",
    "force-app/main/default/objects/Stay__c/fields/Guest__c.field-meta.xml",
    "force-app/main/default/objects/Stay__c/fields/Paid__c.field-meta.xml",
    "force-app/main/default/objects/Stay__c/listViews/All.listView-meta.xml",
    "force-app/main/default/objects/Stay__c/recordTypes/Guest_Stay.recordType-meta.xml",
    "force-app/main/default/objects/User/fields/Harbour_Master__c.field-meta.xml",
    "force-app/main/default/permissionsets/Harbour_Master.permissionset-meta.xml",
    "force-app/main/default/platformEventChannelMembers/Berths_chn_Berth_Freed_e.platformEventChannelMember-meta.xml",
    "force-app/main/default/platformEventChannelMembers/ChangeEvents_AccountChangeEvent.platformEventChannelMember-meta.xml",
    "force-app/main/default/platformEventChannelMembers/Harbour_chn_Stay_ChangeEvent.platformEventChannelMember-meta.xml",
    "force-app/main/default/platformEventChannels/Berths__chn.platformEventChannel-meta.xml",
    "force-app/main/default/platformEventChannels/Harbour__chn.platformEventChannel-meta.xml",
    "force-app/main/default/standardValueSets/CaseOrigin.standardValueSet-meta.xml",
];
