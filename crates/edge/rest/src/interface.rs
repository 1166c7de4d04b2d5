//! Tabs, themes, menus and actions of the service's user interface. There is none here, so every list is empty; clients
//! request them all the same.
//!
//! Clients: jsforce has `tabs()` and `theme()`.
//! Source: "Tabs", "Themes", "`AppMenu` Items" and "Quick Actions" (REST API Developer Guide).

use landfall_http::{Answer, Writer};

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

fn written(write: impl FnOnce(&mut Writer)) -> Answer {
    let mut w = Writer::new();
    write(&mut w);
    Answer::json(w.finish())
}
