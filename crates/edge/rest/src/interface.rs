//! What the service's own pages consist of: tabs, themes, menus and actions. There are no such pages here, so every list is
//! empty; clients ask all the same.
//!
//! Clients: jsforce has `tabs()` and `theme()`.
//! Source: "Tabs", "Themes", "`AppMenu` Items" and "Quick Actions" (REST API Developer Guide).

use crate::call::Call;
use crate::respond::Answer;
use crate::writer::Writer;

/// One of the lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interface {
    Tabs,
    Theme,
    Menus,
    Menu,
    QuickActions,
}

impl Interface {
    /// The list of these segments.
    pub(crate) fn named(segments: &[&str]) -> Option<Self> {
        let known: [(&[&str], Self); 6] = [
            (&["tabs"], Self::Tabs),
            (&["theme"], Self::Theme),
            (&["appMenu"], Self::Menus),
            (&["appMenu", "AppSwitcher"], Self::Menu),
            (&["appMenu", "Salesforce1"], Self::Menu),
            (&["quickActions"], Self::QuickActions),
        ];
        let same = |path: &[&str]| {
            let mut pairs = path.iter().zip(segments);
            path.len() == segments.len()
                && pairs.all(|(one, other)| one.eq_ignore_ascii_case(other))
        };
        let found = known.into_iter().find(|(path, _)| same(path));
        found.map(|(_, interface)| interface)
    }

    pub(crate) fn answer(self, call: &Call) -> Answer {
        let mut w = Writer::new();
        match self {
            Self::Tabs | Self::QuickActions => w.array(|_| ()),
            Self::Theme => w.object(|w| w.name("themeItems").array(|_| ())),
            Self::Menu => w.object(|w| w.name("appMenuItems").array(|_| ())),
            Self::Menus => w.object(|w| {
                for menu in ["AppSwitcher", "Salesforce1"] {
                    let url = format!("/services/data/v{}/appMenu/{menu}", call.version);
                    w.name(menu).string(&url);
                }
            }),
        }
        Answer::json(w.finish())
    }
}
