//! Plays `tests/transcripts/*.md` against servers of its own. The format is described beside the files.

mod clock;
mod compare;
mod grpc;
mod parse;
mod play;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::parse::Document;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/transcripts");

/// Files of the folder that are about transcripts rather than transcripts.
const NOT_PLAYED: &[&str] = &["README.md"];

fn files() -> Vec<PathBuf> {
    let wanted = std::env::var("TRANSCRIPTS").unwrap_or_default();
    let mut files: Vec<PathBuf> = std::fs::read_dir(FOLDER)
        .expect("the folder of transcripts exists")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            !NOT_PLAYED.contains(&&*name) && name.contains(&wanted)
        })
        .collect();
    files.sort();
    files
}

async fn check(path: &Path) -> Result<usize, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let document = Document::parse(&text)?;
    let outcome = play::document(&document).await;
    if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
        let updated = document.updated(&text, &outcome.corrections);
        if updated != text {
            std::fs::write(path, updated).map_err(|error| error.to_string())?;
        }
    }
    if outcome.failures.is_empty() {
        Ok(outcome.played)
    } else {
        let mut report = String::new();
        for failure in &outcome.failures {
            let _ = writeln!(report, "{}:{failure}\n", path.display());
        }
        let _ = write!(
            report,
            "{} of {} cases failed",
            outcome.failures.len(),
            outcome.played
        );
        Err(report)
    }
}

#[test]
fn every_transcript_plays_as_written() {
    landfall_server::install_crypto_provider();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let mut failed = Vec::new();
    for path in files() {
        match runtime.block_on(check(&path)) {
            Ok(played) => println!("{}: {played} cases", path.display()),
            Err(report) => failed.push(report),
        }
    }
    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
}
