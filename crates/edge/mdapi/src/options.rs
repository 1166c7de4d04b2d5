//! How a deployment is to be done.
//!
//! Source: "`DeployOptions`" (`deploy()`, Metadata API Developer Guide).

use landfall_xml::Element;
use serde::{Deserialize, Serialize};

/// The options of a deployment. There is no Apex: whatever tests are asked for, none runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(clippy::struct_excessive_bools, reason = "as on the wire")]
pub(crate) struct Options {
    pub(crate) allow_missing_files: bool,
    pub(crate) auto_update_package: bool,
    pub(crate) check_only: bool,
    pub(crate) ignore_warnings: bool,
    pub(crate) perform_retrieve: bool,
    pub(crate) purge_on_delete: bool,
    pub(crate) rollback_on_error: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) run_tests: Vec<String>,
    pub(crate) single_package: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) test_level: Option<String>,
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
