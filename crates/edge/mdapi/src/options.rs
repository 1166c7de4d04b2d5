//! How a deployment is to be done.
//!
//! Source: "`DeployOptions`" (`deploy()`, Metadata API Developer Guide).

use landfall_xml::Element;
use serde::{Deserialize, Serialize};

/// The options of a deployment. There is no Apex: whatever tests are asked for, none runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(clippy::struct_excessive_bools, reason = "as on the wire")]
pub struct Options {
    /// Whether the manifest may list what is not in the file.
    pub allow_missing_files: bool,
    /// Kept, and without a meaning here.
    pub auto_update_package: bool,
    /// Whether nothing is changed.
    pub check_only: bool,
    /// Whether warnings do not fail it.
    pub ignore_warnings: bool,
    /// Kept, and without a meaning here.
    pub perform_retrieve: bool,
    /// Kept, and without a meaning here.
    pub purge_on_delete: bool,
    /// Whether one failure undoes all.
    pub rollback_on_error: bool,
    /// Names of tests, of which none runs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub run_tests: Vec<String>,
    /// Whether the file is one package, without a folder for each.
    pub single_package: bool,
    /// Which tests are to run; none runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_level: Option<String>,
}

impl Options {
    /// Reads the options of a SOAP request.
    pub(crate) fn of(element: Option<&Element>) -> Self {
        let Some(element) = element else {
            return Self::default();
        };
        let flag = |name| matches!(element.value(name), Some("true" | "1"));
        let tests = element.children.iter();
        Self {
            allow_missing_files: flag("allowMissingFiles"),
            auto_update_package: flag("autoUpdatePackage"),
            check_only: flag("checkOnly"),
            ignore_warnings: flag("ignoreWarnings"),
            perform_retrieve: flag("performRetrieve"),
            purge_on_delete: flag("purgeOnDelete"),
            rollback_on_error: flag("rollbackOnError"),
            run_tests: tests
                .filter(|child| child.name == "runTests")
                .map(|test| test.text.trim().to_owned())
                .collect(),
            single_package: flag("singlePackage"),
            test_level: element.value("testLevel").map(str::to_owned),
        }
    }
}
