//! What the clients of a process did, in a few lines, when it ends.

use landfall_server::{Activity, Running};

use crate::outcome::say;

/// Kinds that are no fault of the client.
const UNSUPPORTED: &str = "unsupported";

/// Prints what was done in all orgs of a process since `before`: requests, events, and what was wrong with the requests;
/// returns how much that is. Nothing if no requests are kept.
pub(crate) fn report(running: &Running, before: &Activity) -> usize {
    let activity = running.orgs().activity();
    let Some(journal) = &activity.journal else {
        return 0;
    };
    let mistakes = &journal.mistakes;
    let unsupported = mistakes.all.iter();
    let unsupported = unsupported.filter(|mistake| mistake.finding.kind.name() == UNSUPPORTED);
    let unsupported = unsupported.count();
    let wrong = mistakes.all.len() - unsupported;
    let published = activity.published.saturating_sub(before.published);
    let delivered = activity.delivered.saturating_sub(before.delivered);
    say(&format!(
        "landfall: {}, {} ({delivered} delivered), {}, {}",
        counted(journal.requests, "request"),
        counted(published, "event"),
        counted(wrong, "client mistake"),
        counted(unsupported, "unsupported path"),
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
pub(crate) fn report_mistakes(running: &Running, before: &Activity) {
    let activity = running.orgs().activity();
    let journal = activity.journal.as_ref();
    if journal.is_some_and(|journal| !journal.mistakes.all.is_empty()) {
        report(running, before);
    }
}

fn counted(number: impl TryInto<u64>, of: &str) -> String {
    match number.try_into().unwrap_or(u64::MAX) {
        1 => format!("1 {of}"),
        number => format!("{number} {of}s"),
    }
}
