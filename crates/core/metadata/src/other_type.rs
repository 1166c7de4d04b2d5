//! Types of the Metadata API that no definitions come from.
//!
//! Source: "Metadata Types" (Metadata API Developer Guide); the suffixes: forcedotcom/source-deploy-retrieve,
//! `metadataRegistry.json`.

/// Why Landfall has no use for components of a type.
const CODE: &str = "code does not run here";
const AUTOMATION: &str = "automation does not run here";
const ACCESS: &str = "records are not shared by rules here";
const PAGES: &str = "there is no user interface here";
const REPORTS: &str = "there are no reports here";
const BY_NAME: &str = "permission sets grant them by name";
const OTHER: &str = "not imitated";

/// A type of which no definitions come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OtherType {
    /// How the names of its files end.
    pub suffix: &'static str,
    /// Its name in the Metadata API.
    pub name: &'static str,
    /// Why its components are left out.
    pub reason: &'static str,
}

const fn of(suffix: &'static str, name: &'static str, reason: &'static str) -> OtherType {
    OtherType {
        suffix,
        name,
        reason,
    }
}

const TYPES: &[OtherType] = &[
    of("app", "CustomApplication", PAGES),
    of("approvalProcess", "ApprovalProcess", AUTOMATION),
    of("asset", "ContentAsset", PAGES),
    of("assignmentRules", "AssignmentRules", AUTOMATION),
    of("audience", "Audience", PAGES),
    of("authprovider", "AuthProvider", OTHER),
    of("autoResponseRules", "AutoResponseRules", AUTOMATION),
    of("bot", "Bot", AUTOMATION),
    of("brandingSet", "BrandingSet", PAGES),
    of("businessProcess", "BusinessProcess", OTHER),
    of("cachePartition", "PlatformCachePartition", OTHER),
    of("cls", "ApexClass", CODE),
    of("cmp", "AuraDefinitionBundle", CODE),
    of(
        "communityTemplateDefinition",
        "CommunityTemplateDefinition",
        PAGES,
    ),
    of(
        "communityThemeDefinition",
        "CommunityThemeDefinition",
        PAGES,
    ),
    of("compactLayout", "CompactLayout", PAGES),
    of("component", "ApexComponent", CODE),
    of("cspTrustedSite", "CspTrustedSite", OTHER),
    of("customHelpMenuSection", "CustomHelpMenuSection", PAGES),
    of("customPermission", "CustomPermission", BY_NAME),
    of("dashboard", "Dashboard", REPORTS),
    of("dataSource", "ExternalDataSource", OTHER),
    of("digitalExperience", "DigitalExperienceBundle", PAGES),
    of("duplicateRule", "DuplicateRule", OTHER),
    of("email", "EmailTemplate", OTHER),
    of("escalationRules", "EscalationRules", AUTOMATION),
    of("evt", "AuraDefinitionBundle", CODE),
    of("externalCredential", "ExternalCredential", OTHER),
    of(
        "externalServiceRegistration",
        "ExternalServiceRegistration",
        OTHER,
    ),
    of("fieldSet", "FieldSet", PAGES),
    of("flexipage", "FlexiPage", PAGES),
    of("flow", "Flow", AUTOMATION),
    of("flowDefinition", "FlowDefinition", AUTOMATION),
    of("flowTest", "FlowTest", AUTOMATION),
    of("homePageLayout", "HomePageLayout", PAGES),
    of("index", "Index", OTHER),
    of("js", "LightningComponentBundle", CODE),
    of("layout", "Layout", PAGES),
    of("letter", "Letterhead", OTHER),
    of(
        "lightningExperienceTheme",
        "LightningExperienceTheme",
        PAGES,
    ),
    of("listView", "ListView", PAGES),
    of("managedContentType", "ManagedContentType", PAGES),
    of("matchingRule", "MatchingRules", OTHER),
    of("messageChannel", "LightningMessageChannel", PAGES),
    of("mutingpermissionset", "MutingPermissionSet", ACCESS),
    of("namedCredential", "NamedCredential", OTHER),
    of("navigationMenu", "NavigationMenu", PAGES),
    of("network", "Network", PAGES),
    of("notiftype", "CustomNotificationType", AUTOMATION),
    of("object", "CustomObject", OTHER),
    of("objectTranslation", "CustomObjectTranslation", PAGES),
    of("page", "ApexPage", CODE),
    of("pathAssistant", "PathAssistant", PAGES),
    of("permissionsetgroup", "PermissionSetGroup", ACCESS),
    of("profilePasswordPolicy", "ProfilePasswordPolicy", OTHER),
    of("profileSessionSetting", "ProfileSessionSetting", OTHER),
    of("prompt", "Prompt", PAGES),
    of("quickAction", "QuickAction", PAGES),
    of(
        "recommendationStrategy",
        "RecommendationStrategy",
        AUTOMATION,
    ),
    of("remoteSite", "RemoteSiteSetting", OTHER),
    of("report", "Report", REPORTS),
    of("reportFolder", "ReportFolder", REPORTS),
    of("reportType", "ReportType", REPORTS),
    of("resource", "StaticResource", PAGES),
    of("role", "Role", ACCESS),
    of("samlssoconfig", "SamlSsoConfig", OTHER),
    of("settings", "Settings", OTHER),
    of("sharingReason", "SharingReason", ACCESS),
    of("sharingRules", "SharingRules", ACCESS),
    of("sharingSet", "SharingSet", ACCESS),
    of("site", "CustomSite", PAGES),
    of("tab", "CustomTab", PAGES),
    of("testSuite", "ApexTestSuite", CODE),
    of("topicsForObjects", "TopicsForObjects", PAGES),
    of("translation", "Translations", PAGES),
    of("trigger", "ApexTrigger", CODE),
    of("webLink", "WebLink", PAGES),
    of("workflow", "Workflow", AUTOMATION),
];

/// Types whose components are folders without a file of their own.
const FOLDERS: &[OtherType] = &[of("", "ExperienceBundle", PAGES)];

impl OtherType {
    /// What is in an org that is not here, whatever its type.
    pub const UNKNOWN: &'static str = OTHER;

    /// The type whose files end so.
    pub fn of_suffix(suffix: &str) -> Option<&'static Self> {
        TYPES.iter().find(|known| known.suffix == suffix)
    }

    /// The type of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        let mut known = TYPES.iter().chain(FOLDERS);
        known.find(|known| known.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_found_by_suffix_and_by_name() {
        assert!(TYPES.is_sorted_by_key(|known| known.suffix.to_ascii_lowercase()));
        let class = OtherType::of_suffix("cls").expect("a type");
        assert_eq!(OtherType::named("ApexClass"), Some(class));
        assert_eq!(
            OtherType::named("CustomObject").map(|known| known.suffix),
            Some("object")
        );
        assert_eq!(OtherType::of_suffix("novelty"), None);
    }
}
