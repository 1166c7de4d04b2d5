//! `cargo xtask fuzz`: many mutations of the kept inputs of one target, against a whole server.
//!
//! The test `inputs` of the server does it; CI sends fewer of them. The seed is printed: with the count it repeats a run.

use anyhow::{Result, bail};

use crate::random::fresh_seed;
use crate::workspace::{cargo, check, root};

/// Mutations where nobody asks for another number: a few minutes of most targets.
pub(crate) const MUTATIONS: u64 = 20_000;

/// Inputs that are kept, a folder for each target.
const CORPUS: &str = "tests/corpus";

/// Sends mutations of a target.
///
/// # Errors
/// If there is no such target, or an input fails.
pub(crate) fn run(target: &str, count: u64, seed: Option<u64>) -> Result<()> {
    if !root().join(CORPUS).join(target).is_dir() {
        bail!("{target} has no folder in {CORPUS}");
    }
    let seed = seed.unwrap_or_else(|| fresh_seed() >> 12);
    println!("cargo xtask fuzz {target} {count} {seed}");
    let mut test = cargo(&["test", "--locked", "--workspace", "--test", "inputs"]);
    test.env("TARGET", target)
        .env("MUTATIONS", count.to_string())
        .env("SEED", seed.to_string());
    check(&mut test)
}
