//! Queues and public groups.
//!
//! Source: "Queue", "Group" (Metadata API Developer Guide).

use landfall_model::{Catalog, EntityName};

use crate::absent::{Absence, Absent};
use crate::gather::{Single, Sources};
use crate::names;
use crate::problem::Report;
use crate::project::Kind;
use crate::read::brief;

/// A queue or a public group, without its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// [`Kind::Queue`] or [`Kind::Group`].
    pub kind: Kind,
    /// Its unique name.
    pub developer_name: String,
    /// What people call it.
    pub label: String,
    /// What it is for.
    pub description: Option<String>,
    /// The address of a queue.
    pub email: Option<String>,
    /// Whether the members of a queue are notified of new records.
    pub sends_email: bool,
    /// Whether a group has those above its members in the role hierarchy.
    pub includes_bosses: bool,
    /// The objects whose records a queue can own.
    pub objects: Vec<EntityName>,
}

/// All queues and public groups.
pub(crate) fn groups(
    sources: &Sources,
    catalog: &Catalog,
    absent: &Absent,
    report: &mut Report,
) -> Vec<Group> {
    let mut groups = Vec::new();
    for kind in [Kind::Queue, Kind::Group] {
        let read = sources.singles(kind);
        let read = read.filter_map(|source| group(kind, source, catalog, absent, report));
        groups.extend(read.collect::<Vec<_>>());
    }
    groups
}

fn group(
    kind: Kind,
    source: &Single,
    catalog: &Catalog,
    absent: &Absent,
    report: &mut Report,
) -> Option<Group> {
    let element = &source.element;
    if let Some(fault) = names::fault_of_developer_name(&source.name) {
        report.inapplicable(&element.at, fault);
        return None;
    }
    // Files of public groups have none to lose: members are not deployed with them.
    if element.has("queueMembers") {
        let reason = format!("the members of the queue {} are left out", source.name);
        report.warning(&element.at, reason);
    }
    let mut objects = Vec::new();
    for served in element.all("queueSobject") {
        let Some(name) = served.text("sobjectType", report) else {
            report.inapplicable(&served.at, "Required field is missing: sobjectType");
            continue;
        };
        match catalog.entity(name) {
            Some(entity) => objects.push(entity.name.clone()),
            None if absent.object(name) == Absence::Broken => {}
            None => {
                let reason = format!(
                    "In field: queueSobject - no CustomObject named {} found",
                    brief(name)
                );
                report.inapplicable(&served.at, reason);
            }
        }
    }
    let label = element.text("name", report);
    if label.is_none() {
        report.inapplicable(&element.at, "Required field is missing: name");
    }
    let optional = |name: &str, report: &mut Report| element.text(name, report).map(str::to_owned);
    Some(Group {
        kind,
        developer_name: source.name.clone(),
        label: label.unwrap_or(&source.name).to_owned(),
        description: optional("description", report),
        email: optional("email", report),
        sends_email: element
            .flag("doesSendEmailToMembers", report)
            .unwrap_or(false),
        includes_bosses: element.flag("doesIncludeBosses", report).unwrap_or(false),
        objects,
    })
}
