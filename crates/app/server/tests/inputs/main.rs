//! Hostile input over the wire: what is kept in `tests/corpus`, and mutations of it, against a whole server.
//!
//! Any bytes have to lead to an answer: no panic, no internal error, no silence, and memory within a bound. CI sends the corpus
//! and a fixed number of mutations, which a seed makes the same in every run; `cargo xtask fuzz TARGET` sends as many as asked
//! for. An input that fails is written to `target/inputs`; add it to the corpus with its repair.

mod mutate;
mod target;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use landfall_server::config::Data;
use landfall_server::{Config, Server, Settings};

use crate::mutate::Mutator;
use crate::target::{Session, TARGETS, Target};

const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/corpus");
const FAILED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../target/inputs");

/// Mutations of a target where nobody asks for more.
const MUTATIONS: usize = 60;

/// How much more memory the process may have had at its peak than before.
#[cfg(target_os = "linux")]
const MEMORY_KIB_MAX: u64 = 1024 * 1024;

static PANICS: AtomicUsize = AtomicUsize::new(0);

fn number(name: &str, default: usize) -> usize {
    let value = std::env::var(name)
        .ok()
        .and_then(|value| value.parse().ok());
    value.unwrap_or(default)
}

#[tokio::test(flavor = "multi_thread")]
async fn any_input_is_answered() {
    let shown = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        shown(panic);
    }));
    let only = std::env::var("TARGET").unwrap_or_default();
    let settings = "listen = \"127.0.0.1:0\"\nephemeral = true";
    let settings = Settings::parse(settings, Path::new("inputs")).expect("settings");
    let config = Config::dev(&settings).expect("a safe configuration");
    assert_eq!(config.data, Data::Ephemeral);
    let running = Server::start(config).await.expect("it starts");
    let session = Session::open(&running).await;
    let before = peak_kib();
    let mut failures = Vec::new();
    let targets = TARGETS.iter();
    for target in targets.filter(|target| only.is_empty() || target.name == only) {
        failures.extend(tried(&session, target).await);
    }
    drop(session);
    running.stop().await.expect("it stops");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    #[cfg(target_os = "linux")]
    assert!(
        peak_kib() - before < MEMORY_KIB_MAX,
        "{} KiB",
        peak_kib() - before
    );
}

/// Sends the corpus of a target and mutations of it; what went wrong.
async fn tried(session: &Session, target: &Target) -> Vec<String> {
    let corpus = corpus(target.name);
    assert!(!corpus.is_empty(), "{} has no corpus", target.name);
    let count = number("MUTATIONS", MUTATIONS);
    let mut mutator = Mutator::new(number("SEED", 1), target.name);
    let mutations = (0..count).map(|_| mutator.mutated(&corpus));
    let inputs: Vec<Vec<u8>> = corpus.iter().cloned().chain(mutations).collect();
    let mut failures = Vec::new();
    for (index, input) in inputs.iter().enumerate() {
        let panics = PANICS.load(Ordering::Relaxed);
        let mut failure = session.send(target, input).await.err();
        if PANICS.load(Ordering::Relaxed) != panics {
            failure = Some("a panic".to_owned());
        }
        if let Some(failure) = failure {
            let path = kept(target.name, index, input);
            failures.push(format!("{} {}: {failure}", target.name, path.display()));
        }
    }
    failures
}

/// The kept inputs of a target, in the order of their names.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = std::fs::read_dir(Path::new(CORPUS).join(target)).expect("a folder of inputs");
    let mut paths: Vec<PathBuf> = folder
        .map(|entry| entry.expect("readable").path())
        .collect();
    paths.sort();
    let read = paths
        .iter()
        .map(|path| std::fs::read(path).expect("readable"));
    read.collect()
}

fn kept(target: &str, index: usize, input: &[u8]) -> PathBuf {
    let path = Path::new(FAILED).join(format!("{target}-{index}"));
    std::fs::create_dir_all(FAILED).expect("a folder");
    std::fs::write(&path, input).expect("writable");
    path
}

/// The most memory that the process has had, where the system says it.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.unwrap_or_default()
}
