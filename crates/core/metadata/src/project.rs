//! Which files of a project are components, and of what kind.
//!
//! Source: "Salesforce DX Project Structure and Source Format" (Salesforce DX Developer Guide).

use serde_json::Value;

use crate::problem::Problem;
use crate::replacement::{Replacement, Replacements};

/// What a component is, in the words of the Metadata API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// An object or a platform event, without its fields and record types.
    Object,
    /// A field of an object or of a platform event.
    Field,
    /// A kind of records of one object.
    RecordType,
    /// The stages or states that records of one object pass.
    BusinessProcess,
    /// A condition that no record of one object may meet.
    ValidationRule,
    /// A record of a custom metadata type.
    CustomMetadata,
    /// Texts that formulas refer to by name.
    CustomLabels,
    /// Values that picklists share.
    GlobalValueSet,
    /// The values of a standard picklist.
    StandardValueSet,
    /// A custom channel.
    Channel,
    /// What is on a channel.
    ChannelMember,
    /// A subscription whose position the service keeps.
    ManagedSubscription,
    /// What owns records until a member of it takes them.
    Queue,
    /// Users by a name.
    Group,
    /// What some users may do.
    PermissionSet,
    /// What the users who have it may do.
    Profile,
    /// A client of the org.
    ConnectedApp,
    /// A website whose pages may use the APIs.
    CorsOrigin,
    /// What is switched on in the org.
    Settings,
    /// The features that the org has. No file of a project is one and no API shows them: they follow from a project or from
    /// the settings that an org is started with.
    Features,
}

/// The one component of [`Kind::Settings`] that is known here.
pub(crate) const EVENT_SETTINGS: &str = "PlatformEvent";

/// How the paths of the components of [`Kind::Features`] end.
const FEATURES: &str = "landfall-features";

/// The folder of the records of custom metadata types.
const CUSTOM_METADATA: &str = "customMetadata";

impl Kind {
    /// Every kind that projects and deployments have.
    pub const ALL: [Self; 19] = [
        Self::Object,
        Self::Field,
        Self::RecordType,
        Self::BusinessProcess,
        Self::ValidationRule,
        Self::CustomMetadata,
        Self::CustomLabels,
        Self::GlobalValueSet,
        Self::StandardValueSet,
        Self::Channel,
        Self::ChannelMember,
        Self::ManagedSubscription,
        Self::Queue,
        Self::Group,
        Self::PermissionSet,
        Self::Profile,
        Self::ConnectedApp,
        Self::CorsOrigin,
        Self::Settings,
    ];

    /// The name of the kind.
    pub const fn root(self) -> &'static str {
        self.row().0
    }

    /// The element that a file of this kind consists of: its name, except for settings, which have one for each component.
    pub const fn element(self) -> &'static str {
        match self {
            Self::Settings => "PlatformEventSettings",
            _ => self.root(),
        }
    }

    /// The one component that there is of it, in every org; none if there can be any.
    pub const fn only(self) -> Option<&'static str> {
        match self {
            Self::Settings => Some(EVENT_SETTINGS),
            _ => None,
        }
    }

    /// The folder in which its files lie.
    pub const fn folder(self) -> &'static str {
        self.row().1
    }

    /// How the names of its files end, without `-meta.xml`.
    pub const fn suffix(self) -> &'static str {
        self.row().2
    }

    /// First characters of the ids of its components. Source: "Record Id Prefixes"; recorded answers.
    pub const fn key_prefix(self) -> &'static str {
        self.row().3
    }

    const fn row(self) -> (&'static str, &'static str, &'static str, &'static str) {
        match self {
            Self::Object => ("CustomObject", "objects", "object", "01I"),
            Self::Field => ("CustomField", "fields", "field", "00N"),
            Self::RecordType => ("RecordType", "recordTypes", "recordType", "012"),
            Self::BusinessProcess => (
                "BusinessProcess",
                "businessProcesses",
                "businessProcess",
                "019",
            ),
            Self::ValidationRule => ("ValidationRule", "validationRules", "validationRule", "03d"),
            // The ids of the records themselves.
            Self::CustomMetadata => ("CustomMetadata", CUSTOM_METADATA, "md", "m00"),
            Self::CustomLabels => ("CustomLabels", "labels", "labels", "101"),
            Self::GlobalValueSet => ("GlobalValueSet", "globalValueSets", "globalValueSet", "0Nt"),
            Self::StandardValueSet => (
                "StandardValueSet",
                "standardValueSets",
                "standardValueSet",
                "0Nu",
            ),
            Self::Channel => (
                "PlatformEventChannel",
                "platformEventChannels",
                "platformEventChannel",
                "0YL",
            ),
            Self::ChannelMember => (
                "PlatformEventChannelMember",
                "platformEventChannelMembers",
                "platformEventChannelMember",
                "0v8",
            ),
            Self::ManagedSubscription => (
                "ManagedEventSubscription",
                "managedEventSubscriptions",
                "managedEventSubscription",
                "18x",
            ),
            // Their ids are those of the records.
            Self::Queue => ("Queue", "queues", "queue", "00G"),
            Self::Group => ("Group", "groups", "group", "00G"),
            Self::PermissionSet => ("PermissionSet", "permissionsets", "permissionset", "0PS"),
            Self::Profile => ("Profile", "profiles", "profile", "00e"),
            Self::ConnectedApp => ("ConnectedApp", "connectedApps", "connectedApp", "0H4"),
            // Their ids are not published.
            Self::CorsOrigin => (
                "CorsWhitelistOrigin",
                "corsWhitelistOrigins",
                "corsWhitelistOrigin",
                "000",
            ),
            Self::Settings => ("Settings", "settings", "settings", "000"),
            Self::Features => ("Features", "features", FEATURES, "000"),
        }
    }

    /// The kind with this name.
    pub fn of_root(root: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.root() == root)
    }

    /// The kind of a stored component, by its name.
    pub fn stored_as(root: &str) -> Option<Self> {
        let features = (root == Self::Features.root()).then_some(Self::Features);
        Self::of_root(root).or(features)
    }

    /// The element of an object's file that can hold a component of this kind; none if it is no part of an object.
    pub const fn inline(self) -> Option<&'static str> {
        match self {
            Self::Field => Some("fields"),
            Self::RecordType => Some("recordTypes"),
            Self::BusinessProcess => Some("businessProcesses"),
            Self::ValidationRule => Some("validationRules"),
            Self::Object
            | Self::CustomMetadata
            | Self::CustomLabels
            | Self::GlobalValueSet
            | Self::StandardValueSet
            | Self::Channel
            | Self::ChannelMember
            | Self::ManagedSubscription
            | Self::Queue
            | Self::Group
            | Self::PermissionSet
            | Self::Profile
            | Self::ConnectedApp
            | Self::CorsOrigin
            | Self::Settings
            | Self::Features => None,
        }
    }

    /// Where the file of a component lies in a project, below a package directory.
    pub fn path(self, name: &str) -> String {
        let (folder, suffix) = (self.folder(), self.suffix());
        match (self.inline(), name.split_once('.')) {
            (Some(_), Some((object, part))) => {
                format!("objects/{object}/{folder}/{part}.{suffix}-meta.xml")
            }
            _ if self == Self::Object => format!("objects/{name}/{name}.object-meta.xml"),
            _ => format!("{folder}/{name}.{suffix}-meta.xml"),
        }
    }
}

/// A file that is a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity<'a> {
    pub(crate) kind: Kind,
    /// The file's name without its suffix, which is the component's full name.
    pub(crate) name: &'a str,
    /// The object that a field or record type belongs to; otherwise empty.
    pub(crate) object: &'a str,
}

/// What a file is, by its suffix and its folder; none if it is nothing that definitions come from.
pub(crate) fn identify(path: &str) -> Option<Identity<'_>> {
    let mut folders: Vec<&str> = path.split(['/', '\\']).collect();
    let file = folders.pop()?;
    if folders.iter().any(|folder| is_hidden(folder)) {
        return None;
    }
    let (stem, source_format) = match file.strip_suffix("-meta.xml") {
        Some(stem) => (stem, true),
        None => (file, false),
    };
    let (name, suffix) = stem.rsplit_once('.')?;
    let part_of = |kind, folder: &str| match folders.as_slice() {
        [.., object, last] if source_format && *last == folder => {
            Some(Identity { kind, name, object })
        }
        _ => None,
    };
    let whole = |kind| {
        Some(Identity {
            kind,
            name,
            object: "",
        })
    };
    let mut kinds = Kind::ALL.into_iter().chain([Kind::Features]);
    let kind = kinds.find(|kind| kind.suffix().eq_ignore_ascii_case(suffix))?;
    if kind.only().is_some_and(|only| only != name) {
        return None;
    }
    // Other files end in `.md`, too.
    if kind == Kind::CustomMetadata && folders.last() != Some(&CUSTOM_METADATA) {
        return None;
    }
    match kind.inline() {
        Some(_) => part_of(kind, kind.folder()),
        None => whole(kind),
    }
}

/// Folders of tools: what they hold is no part of a project.
fn is_hidden(folder: &str) -> bool {
    ["node_modules", ".git", ".sf", ".sfdx", ".localdevserver"].contains(&folder)
}

/// The files among these that definitions come from, sorted; the caller reads them and passes them to
/// [`crate::compile`].
///
/// Files of other kinds (classes, layouts and the like) are left out.
pub fn project_components<'a>(paths: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut components: Vec<&str> = paths
        .into_iter()
        .filter(|path| identify(path).is_some())
        .collect();
    components.sort_unstable();
    components
}

/// What `sfdx-project.json` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// The folders that hold components, relative to the project; none is outside of it.
    pub package_directories: Vec<String>,
    /// The namespace of what the project makes, if it has one.
    pub namespace: Option<String>,
    /// The version of the metadata API that the files are of.
    pub source_api_version: Option<String>,
    /// Texts of its files to be replaced.
    pub(crate) replacements: Vec<Replacement>,
}

impl Project {
    /// The project of a folder without a project file: the folder is its only package directory.
    pub fn of_folder() -> Self {
        Self {
            package_directories: vec![String::new()],
            namespace: None,
            source_api_version: None,
            replacements: Vec::new(),
        }
    }

    /// What is replaced in its files, by environment variables and files of the project; what cannot be replaced is a
    /// problem of the project file at `path`.
    pub fn replacements(
        &self,
        path: &str,
        variable: impl Fn(&str) -> Option<String>,
        file: impl Fn(&str) -> Option<String>,
    ) -> (Replacements, Vec<Problem>) {
        Replacements::resolve(&self.replacements, path, variable, file)
    }
}

/// Reads `sfdx-project.json`.
///
/// Source: "Salesforce DX Project Configuration" (Salesforce DX Developer Guide).
///
/// # Errors
/// What is wrong with the text; the path in it is `path`.
pub fn sfdx_project(path: &str, text: &str) -> Result<Project, Problem> {
    let fail = |line, reason: String| Problem {
        path: path.to_owned(),
        line,
        reason,
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let json: Value = serde_json::from_str(text).map_err(|error| {
        fail(
            error.line().max(1),
            format!("the file is not JSON: {error}"),
        )
    })?;
    let listed = json.get("packageDirectories").and_then(Value::as_array);
    let mut package_directories = Vec::new();
    for entry in listed.into_iter().flatten() {
        let Some(folder) = entry.get("path").and_then(Value::as_str) else {
            return Err(fail(1, "a package directory has no path".to_owned()));
        };
        let Some(folder) = inside(folder) else {
            let reason = format!("the package directory {folder:?} is outside of the project");
            return Err(fail(1, reason));
        };
        package_directories.push(folder);
    }
    let word = |key| {
        let word = json.get(key).and_then(Value::as_str)?.trim();
        (!word.is_empty()).then(|| word.to_owned())
    };
    let replacements = json.get("replacements").and_then(Value::as_array);
    let replacements = replacements.into_iter().flatten();
    Ok(Project {
        replacements: replacements.filter_map(Replacement::read).collect(),
        package_directories,
        namespace: word("namespace"),
        source_api_version: word("sourceApiVersion"),
    })
}

/// A relative path in its plainest form; none if it leads out.
fn inside(folder: &str) -> Option<String> {
    if folder.starts_with(['/', '\\']) || folder.contains(':') {
        return None;
    }
    let mut parts = Vec::new();
    for part in folder.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => return None,
            part => parts.push(part),
        }
    }
    Some(if parts.is_empty() {
        ".".to_owned()
    } else {
        parts.join("/")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_suffix_and_folder() {
        let seen = |path| identify(path).map(|found| (found.kind, found.name, found.object));
        assert_eq!(
            seen("force-app/main/objects/Trip__c/Trip__c.object-meta.xml"),
            Some((Kind::Object, "Trip__c", ""))
        );
        assert_eq!(
            seen("a\\objects\\Trip__c\\fields\\Days__c.field-meta.xml"),
            Some((Kind::Field, "Days__c", "Trip__c"))
        );
        assert_eq!(
            seen("src/objects/Trip__c.object"),
            Some((Kind::Object, "Trip__c", ""))
        );
        assert_eq!(
            seen("objects/Trip__c/recordTypes/Long.recordType-meta.xml"),
            Some((Kind::RecordType, "Long", "Trip__c"))
        );
        assert_eq!(
            seen("settings/PlatformEvent.settings-meta.xml"),
            Some((Kind::Settings, "PlatformEvent", ""))
        );
        for other in [
            "settings/Account.settings-meta.xml",
            "objects/Trip__c/listViews/All.listView-meta.xml",
            "classes/A.cls-meta.xml",
            "fields/Days__c.field-meta.xml",
            "objects/Trip__c/fields/Days__c.field",
            ".sfdx/objects/Trip__c.object",
            "node_modules/x/objects/Trip__c.object",
            "README",
            "",
        ] {
            assert_eq!(seen(other), None, "{other}");
        }
        assert_eq!(
            project_components(["b.object", "x.txt", "a.object"]),
            ["a.object", "b.object"]
        );
        assert!(seen("/tmp/.tmp12/../objects/Trip__c.object").is_some());
    }

    #[test]
    fn a_project_file_names_its_folders() {
        let text = r#"{"packageDirectories":[{"path":"./force-app/","default":true},{"path":"."}],
                       "namespace":"","sourceApiVersion":"59.0"}"#;
        let project = sfdx_project("sfdx-project.json", text).expect("readable");
        assert_eq!(project.package_directories, ["force-app", "."]);
        assert_eq!(project.namespace, None);
        assert_eq!(project.source_api_version.as_deref(), Some("59.0"));
    }

    #[test]
    fn a_project_file_that_leads_out_or_nowhere_is_refused() {
        let reason = |text: &str| sfdx_project("p", text).expect_err("refused").reason;
        assert_eq!(sfdx_project("p", "{\n\n!").expect_err("refused").line, 3);
        assert_eq!(
            reason(r#"{"packageDirectories":[{}]}"#),
            "a package directory has no path"
        );
        for outside in ["/etc", "../x", "a/../../b", "C:/x", "\\\\host"] {
            let entry = serde_json::json!({ "packageDirectories": [{ "path": outside }] });
            assert!(reason(&entry.to_string()).ends_with("is outside of the project"));
        }
    }
}
