//! `landfall move`: an org from one store to another.
//!
//! Exit codes: 0 both hold the same, 1 they differ or it failed, 130 interrupted.

use std::convert::Infallible;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use landfall_server::Error;
use landfall_server::moving::{self, Compared, Ended as Moved, Part, Place, Stage};
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use crate::log;
use crate::options::LogOptions;
use crate::outcome::{Coded, Ended, Exit, Failure, conclude, conclude_check, say, table};
use crate::progress::Progress;
use crate::run::{Signals, keep_files_private};

/// Log filter by default.
const FILTER_DEFAULT: &str = "warn";

/// The name of the command in its output.
const COMMAND: &str = "move";

#[derive(Args)]
pub(crate) struct MoveOptions {
    /// Data folder, or URL of a PostgreSQL database, that holds the org
    #[arg(
        long,
        env = "LANDFALL_FROM",
        value_name = "DIR|URL",
        value_parser = place,
        hide_env_values = true,
        value_hint = clap::ValueHint::DirPath
    )]
    from: Place,
    /// Data folder, or URL of a PostgreSQL database, that gets the org
    #[arg(
        long,
        env = "LANDFALL_TO",
        value_name = "DIR|URL",
        value_parser = place,
        hide_env_values = true,
        value_hint = clap::ValueHint::DirPath
    )]
    to: Place,
    /// Move nothing: compare what both hold
    #[arg(long, env = "LANDFALL_CHECK")]
    check: bool,
    /// Print JSON
    #[arg(long, env = "LANDFALL_JSON")]
    json: bool,
}

fn place(text: &str) -> Result<Place, Infallible> {
    text.parse()
}

pub(crate) async fn run(options: MoveOptions, log: &LogOptions) -> Ended {
    let (format, filter) = log.format_and_filter()?;
    log::start(format, filter.as_deref().unwrap_or(FILTER_DEFAULT))?;
    keep_files_private();
    let json = options.json;
    if options.from == options.to {
        let failure = Failure::new("the source and the destination are the same").exit(Exit::Usage);
        return conclude(COMMAND, json, Err(failure.into()), |_| Vec::new());
    }
    let mut signals = Signals::listen()?;
    let is_interrupted = Arc::new(AtomicBool::new(false));
    let (from, to) = (options.from.to_string(), options.to.to_string());
    let (began, watched) = (Instant::now(), Arc::clone(&is_interrupted));
    let mut moving = spawn_blocking(move || moved(&options, &watched));
    let ended = loop {
        tokio::select! {
            ended = &mut moving => break ended,
            _ = signals.next() => {
                if is_interrupted.swap(true, Ordering::Relaxed) {
                    // Whatever is under way is kept as a whole or not at all.
                    std::process::exit(130);
                }
                say("stopping after this batch");
            }
        }
    };
    let ended = ended.map_err(|_| Failure::from(Error::Ended("the move")))?;
    match ended {
        Ok(Moved::Compared(parts)) => shown((&from, &to), &parts, began.elapsed(), json),
        Ok(Moved::Interrupted) => {
            say("interrupted: run the same command again, and it goes on where it was");
            Ok(Exit::Interrupted)
        }
        Err(failure) => conclude(COMMAND, json, Err(failure.into()), |_| Vec::new()),
    }
}

/// Moves, or only compares.
fn moved(options: &MoveOptions, is_interrupted: &AtomicBool) -> Result<Moved, Failure> {
    let mut shown: Option<(Stage, Progress)> = None;
    let mut watch = |now: moving::Progress| {
        if shown.as_ref().is_none_or(|(stage, _)| *stage != now.stage) {
            // What was shown is removed first.
            shown = None;
            let what = match now.stage {
                Stage::Copying => "copying",
                Stage::CheckingSource => "reading the source again",
                Stage::CheckingDestination => "reading the destination",
            };
            shown = Some((now.stage, Progress::counted(what, now.total)));
        }
        if let Some((_, progress)) = &shown {
            progress.set(now.done);
        }
        if is_interrupted.load(Ordering::Relaxed) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let move_or_check = if options.check {
        moving::check
    } else {
        moving::run
    };
    let moved = move_or_check(&options.from, &options.to, &mut watch);
    moved.map_err(Failure::from)
}

fn shown((from, to): (&str, &str), parts: &[Compared], took: Duration, json: bool) -> Ended {
    let different = parts.iter().filter(|part| !part.is_equal()).count();
    let wrong = (different > 0).then(|| Coded {
        code: "different".to_owned(),
        failure: Failure::new(format!("{different} parts of {to} are not those of {from}")),
    });
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let data = json!({
        "from": from,
        "to": to,
        "equal": different == 0,
        "millis": millis,
        "parts": parts.iter().map(in_json).collect::<Vec<_>>(),
    });
    let ended = conclude_check(COMMAND, json, &data, wrong, || lines(parts).join("\n"))?;
    if ended == Exit::Done && !json {
        say(&format!(
            "{to} holds what {from} holds; {from} is unchanged: do not serve both"
        ));
    }
    Ok(ended)
}

fn in_json(part: &Compared) -> Value {
    let side = |sum: &moving::Sum| json!({ "items": sum.items, "checksum": format!("{:032x}", sum.checksum) });
    json!({
        "part": part.part.to_string(),
        "equal": part.is_equal(),
        "source": side(&part.source),
        "destination": side(&part.destination),
    })
}

fn lines(parts: &[Compared]) -> Vec<String> {
    let titles = ["PART", "SOURCE", "DESTINATION", "CHECKSUM", ""].map(str::to_owned);
    let rows = parts.iter().map(|part| {
        let items = |sum: &moving::Sum| match part.part {
            Part::Position => format!("event {}", sum.items),
            _ => sum.items.to_string(),
        };
        // Enough to tell two moves apart; JSON has all of it.
        let checksum = format!("{:032x}", part.source.checksum);
        let checksum = checksum.get(..16).unwrap_or_default().to_owned();
        let verdict = if part.is_equal() {
            "equal"
        } else {
            "DIFFERENT"
        };
        [
            part.part.to_string(),
            items(&part.source),
            items(&part.destination),
            checksum,
            verdict.to_owned(),
        ]
    });
    let rows: Vec<[String; 5]> = std::iter::once(titles).chain(rows).collect();
    table(&rows)
}
