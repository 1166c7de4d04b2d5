//! Lists of what no org has here: tabs, themes, menus, quick actions, list views, workflow rules and approval processes.
//! Describes lead to these lists, and clients request them.
//!
//! Clients: jsforce has `tabs()`, `theme()`, `listviews()`, `approvalLayouts()`, `process.rule` and `process.approval`.
//! Source: "Tabs", "Themes", "`AppMenu` Items", "Quick Actions", "sObject Quick Actions", "List Views", "sObject
//! `ApprovalLayouts`", "Process Rules" and "Process Approvals" (REST API Developer Guide).

use landfall_http::{Answer, Writer};
use landfall_model::EntityDefinition;

use crate::call::Call;

/// Answers with an empty list.
pub(crate) fn list() -> Answer {
    written(|w| w.array(|_| ()))
}

/// Answers with the themes.
pub(crate) fn theme() -> Answer {
    written(|w| w.object(|w| w.name("themeItems").array(|_| ())))
}

/// Answers with the addresses of the menus.
pub(crate) fn menus(call: &Call) -> Answer {
    written(|w| {
        w.object(|w| {
            for menu in ["AppSwitcher", "Salesforce1"] {
                let url = format!("/services/data/v{}/appMenu/{menu}", call.version);
                w.name(menu).string(&url);
            }
        });
    })
}

/// Answers with the items of a menu.
pub(crate) fn menu() -> Answer {
    written(|w| w.object(|w| w.name("appMenuItems").array(|_| ())))
}

/// Answers with the list views of an object.
pub(crate) fn list_views(entity: &EntityDefinition) -> Answer {
    written(|w| {
        w.object(|w| {
            w.name("done").boolean(true);
            w.name("listviews").array(|_| ());
            w.name("nextRecordsUrl").null();
            w.name("size").integer(0);
            w.name("sobjectType").string(entity.name.as_str());
        });
    })
}

/// Answers with the layouts of the approval processes of an object.
pub(crate) fn approval_layouts() -> Answer {
    written(|w| w.object(|w| w.name("approvalLayouts").array(|_| ())))
}

/// Answers with the workflow rules, by object.
pub(crate) fn rules() -> Answer {
    written(|w| w.object(|w| w.name("rules").object(|_| ())))
}

/// Answers with the approval processes, by object.
pub(crate) fn approvals() -> Answer {
    written(|w| w.object(|w| w.name("approvals").object(|_| ())))
}

fn written(write: impl FnOnce(&mut Writer)) -> Answer {
    let mut w = Writer::new();
    write(&mut w);
    Answer::json(w.finish())
}
