//! Custom labels: texts that formulas refer to by name.
//!
//! Source: "`CustomLabels`" (Metadata API Developer Guide).

use std::collections::BTreeMap;

use landfall_formula::{Constant, Datum};
use landfall_model::{FieldType, Value};

use crate::gather::Sources;
use crate::names;
use crate::problem::Report;
use crate::project::Kind;

/// The labels of all files as formulas name them: `$label.hello`.
pub(crate) fn constants(sources: &Sources, report: &mut Report) -> BTreeMap<String, Constant> {
    let mut constants = BTreeMap::new();
    for file in sources.singles(Kind::CustomLabels) {
        for label in file.element.all("labels") {
            let Some(name) = label.required("fullName", report) else {
                continue;
            };
            if let Some(fault) = names::fault_of_developer_name(name) {
                report.inapplicable(&label.at, fault);
                continue;
            }
            let text = label.one("value", report).map_or("", |value| &value.text);
            let label = Constant {
                value: Datum::of(&Value::Text(text.to_owned()), FieldType::String),
                field_type: FieldType::String,
            };
            constants.insert(format!("$label.{}", name.to_ascii_lowercase()), label);
        }
    }
    constants
}
