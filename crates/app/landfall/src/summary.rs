//! What the clients of a developer org did, in a few lines, when it ends.

use landfall_server::Running;

use crate::outcome::say;

/// Kinds that are no fault of the client.
const UNSUPPORTED: &str = "unsupported";

/// Says how many requests there were, and what was wrong with them; returns how much that is. Nothing if no requests are
/// kept.
pub(crate) fn report(running: &Running) -> usize {
    let Some(journal) = running.journal() else {
        return 0;
    };
    let (requests, mistakes) = (journal.requests(), journal.mistakes());
    let unsupported = mistakes.all.iter();
    let unsupported = unsupported.filter(|mistake| mistake.finding.kind.name() == UNSUPPORTED);
    let unsupported = unsupported.count();
    let wrong = mistakes.all.len() - unsupported;
    say(&format!(
        "landfall: {}, {}, {}",
        counted(requests, "request"),
        counted(wrong, "client mistake"),
        counted(unsupported, "unsupported resource"),
    ));
    for mistake in &mistakes.all {
        let finding = &mistake.finding;
        let times = match mistake.times {
            1 => String::new(),
            times => format!(" ({times} times)"),
        };
        let hint = finding.hint.as_deref();
        let hint = hint.map_or_else(String::new, |hint| format!("; {hint}"));
        say(&format!(
            "  {}: {}{hint}{times}",
            finding.kind.name(),
            finding.message
        ));
    }
    if mistakes.further > 0 {
        say(&format!("  and {} more", mistakes.further));
    }
    mistakes.all.len()
}

/// The same, if anything was wrong.
pub(crate) fn report_mistakes(running: &Running) {
    let journal = running.journal();
    if journal.is_some_and(|journal| !journal.mistakes().all.is_empty()) {
        report(running);
    }
}

fn counted(number: impl TryInto<u64>, of: &str) -> String {
    match number.try_into().unwrap_or(u64::MAX) {
        1 => format!("1 {of}"),
        number => format!("{number} {of}s"),
    }
}
