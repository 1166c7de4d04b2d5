//! Every case of a transcript names the documented behaviour that it shows.

use super::{Finding, Source};

pub(super) fn check(sources: &[Source], findings: &mut Vec<Finding>) {
    for source in sources {
        let path = source.path.to_string_lossy();
        if source.extension() != "md"
            || !path.contains("tests/transcripts/")
            || path.ends_with("README.md")
        {
            continue;
        }
        check_one(source, findings);
    }
}

fn check_one(source: &Source, findings: &mut Vec<Finding>) {
    let mut open: Option<(usize, &str)> = None;
    let mut fenced = false;
    let unsourced = |(line, heading): (usize, &str)| {
        Finding::at(
            &source.path,
            line,
            format!("the case \"{heading}\" has no `Source:` line"),
        )
    };
    for (number, line) in (1..).zip(source.text.lines()) {
        if line.starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        if let Some(heading) = line.strip_prefix("## ") {
            findings.extend(open.replace((number, heading)).map(unsourced));
        } else if line.starts_with("Source:") {
            open = None;
        }
    }
    findings.extend(open.map(unsourced));
}

#[cfg(test)]
mod tests {
    use super::{super::source, *};

    #[test]
    fn a_case_without_a_source_is_found() {
        let text = "# Replay\n## One\nSource: \"Message Durability\".\n## Two\n```http\nSource: not this\n## nor this\n```\n## Three\nSource: none\n";
        let mut findings = Vec::new();
        check(
            &[source("tests/transcripts/replay.md", text)],
            &mut findings,
        );
        let findings: Vec<String> = findings.iter().map(ToString::to_string).collect();
        assert_eq!(
            findings,
            ["tests/transcripts/replay.md:4: the case \"Two\" has no `Source:` line"]
        );
    }
}
