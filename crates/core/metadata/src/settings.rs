//! Settings: what an administrator has switched on in the org.
//!
//! Source: "`PlatformEventSettings`" (Metadata API Developer Guide).

use crate::channel_file::part;
use crate::gather::Sources;
use crate::part::Part;
use crate::problem::Report;
use crate::project::{EVENT_SETTINGS, Kind};

const ENHANCED_USAGE_METRICS: &str = "enableEnhancedUsageMetrics";

/// What is switched on; nothing is, unless a component says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Whether usage is reported by event, client and time: `enableEnhancedUsageMetrics`.
    pub enhanced_usage_metrics: bool,
}

impl Settings {
    pub(crate) fn of(sources: &Sources, report: &mut Report) -> Self {
        let mut settings = Self::default();
        for source in sources.singles(Kind::Settings) {
            let flag = source.element.flag(ENHANCED_USAGE_METRICS, report);
            settings.enhanced_usage_metrics = flag.unwrap_or(false);
        }
        settings
    }

    /// The component that says so.
    pub fn part(self) -> Part {
        let enhanced = if self.enhanced_usage_metrics {
            "true"
        } else {
            "false"
        };
        let elements = [(ENHANCED_USAGE_METRICS, enhanced)];
        part(Kind::Settings, EVENT_SETTINGS, &elements, &[])
    }
}
