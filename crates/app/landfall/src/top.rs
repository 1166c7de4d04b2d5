//! `landfall top`: what goes through a server, live: rates by topic, and the subscribers that are furthest behind.
//!
//! It reads `/metrics`, which developer orgs and production nodes have. Without a terminal it prints one view.

mod metrics;

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use clap::Args;
use landfall_client::{Method, Org};
use serde_json::{Value, json};
use tokio::time::sleep;

use self::metrics::{Sample, Totals};
use crate::connection::{self, Logins};
use crate::log;
use crate::options::LogOptions;
use crate::org_options::OrgOptions;
use crate::outcome::{Coded, Ended, Exit, Failure, conclude, table};

/// Log filter by default.
const FILTER_DEFAULT: &str = "error";

const METRICS: &str = "/metrics";

/// Lines where the height of the terminal is unknown.
const LINES_DEFAULT: usize = 24;

/// The other screen without a cursor, and back. Source: "`XTerm` Control Sequences".
const ENTER: &str = "\x1b[?1049h\x1b[?25l";
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";
/// To the first line; the rest of a line; the rest of the screen.
const HOME: &str = "\x1b[H";
const CLEAR_LINE: &str = "\x1b[K";
const CLEAR_BELOW: &str = "\x1b[J";

#[derive(Args)]
pub(crate) struct TopOptions {
    /// Time between two views, which rates are of
    #[arg(
        long,
        env = "LANDFALL_INTERVAL",
        value_name = "SECONDS",
        default_value = "1",
        value_parser = clap::value_parser!(u64).range(1..=3600)
    )]
    interval: u64,
    /// Print one view and exit, as without a terminal
    #[arg(long, env = "LANDFALL_ONCE")]
    once: bool,
    /// Print one view as JSON
    #[arg(long, env = "LANDFALL_JSON")]
    json: bool,
    #[command(flatten)]
    org: OrgOptions,
}

pub(crate) async fn run(options: TopOptions, log: &LogOptions) -> Ended {
    let (format, filter) = log.format_and_filter()?;
    log::start(format, filter.as_deref().unwrap_or(FILTER_DEFAULT))?;
    let is_live = !options.once && !options.json && std::io::stdout().is_terminal();
    if is_live {
        return live(&options).await;
    }
    let view = once(&options).await.map_err(Coded::from);
    conclude("top", options.json, view, lines)
}

/// One view, after one interval.
async fn once(options: &TopOptions) -> Result<Value, Failure> {
    let mut source = Source::open(options).await?;
    let before = source.sample().await?;
    sleep(Duration::from_secs(options.interval)).await;
    let after = source.sample().await?;
    Ok(source.view(&before, &after))
}

/// A view after each interval, until it is interrupted.
async fn live(options: &TopOptions) -> Ended {
    let mut source = Source::open(options).await?;
    let mut before = source.sample().await?;
    let _screen = Screen::enter();
    let mut view = source.view(&before, &before);
    loop {
        Screen::show(&lines(&view))?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => {
                interrupted.map_err(|error| Failure::new("cannot listen for signals").caused_by(&error))?;
                return Ok(Exit::Done);
            }
            () = sleep(Duration::from_secs(options.interval)) => {}
        }
        let after = source.sample().await?;
        view = source.view(&before, &after);
        before = after;
    }
}

/// A server, and the login to it.
struct Source {
    logins: Logins,
    org: Org,
    /// Of the last sample and of the one before.
    taken: [Instant; 2],
}

impl Source {
    async fn open(options: &TopOptions) -> Result<Self, Failure> {
        let logins = Logins::new(&options.org)?;
        let org = logins.login().await?;
        let now = Instant::now();
        Ok(Self {
            logins,
            org,
            taken: [now, now],
        })
    }

    async fn sample(&mut self) -> Result<Sample, Failure> {
        let mut answer = self.read().await?;
        // The login has expired.
        if answer.0 == 401 {
            self.org = self.logins.renew().await?;
            answer = self.read().await?;
        }
        let [last, _] = self.taken;
        self.taken = [Instant::now(), last];
        let (status, text) = answer;
        let sample = Sample::parse(&text).filter(|_| status == 200);
        sample.ok_or_else(|| {
            let failure = match status {
                401 | 403 => {
                    Failure::new("the login may not read /metrics").exit(Exit::LoginRefused)
                }
                _ => Failure::new("the target has no metrics of Landfall").exit(Exit::Unknown),
            };
            failure.hint("metrics are for an administrator of a Landfall org")
        })
    }

    async fn read(&self) -> Result<(u16, String), Failure> {
        let answer = self.org.call(Method::GET, METRICS, None).await;
        let answer = answer.map_err(|error| connection::failure(&error))?;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        Ok((answer.status.as_u16(), text))
    }

    fn view(&self, before: &Sample, after: &Sample) -> Value {
        let [last, first] = self.taken;
        let target = self.logins.target().to_string();
        view(&target, before, after, last.duration_since(first))
    }
}

/// What has changed from one sample to the next.
fn view(target: &str, before: &Sample, after: &Sample, elapsed: Duration) -> Value {
    let rate = |before: u64, after: u64| {
        let seconds = elapsed.as_secs_f64();
        // After a restart counters begin again.
        let grown = f64::from(u32::try_from(after.saturating_sub(before)).unwrap_or(u32::MAX));
        let rate = if seconds > 0.0 { grown / seconds } else { 0.0 };
        (rate * 10.0).round() / 10.0
    };
    let mut sums = (Totals::default(), Totals::default());
    let topics = after.topics.iter().map(|(topic, now)| {
        let then = before.topics.get(topic).copied().unwrap_or_default();
        sums.0.published += then.published;
        sums.0.delivered += then.delivered;
        sums.1.published += now.published;
        sums.1.delivered += now.delivered;
        json!({
            "topic": topic,
            "published": now.published,
            "delivered": now.delivered,
            "publishedPerSecond": rate(then.published, now.published),
            "deliveredPerSecond": rate(then.delivered, now.delivered),
        })
    });
    let topics: Vec<Value> = topics.collect();
    let (then, now) = sums;
    let subscriptions = after.subscriptions.iter().map(|one| {
        json!({
            "client": one.client,
            "protocol": one.protocol,
            "topic": one.topic,
            "position": one.position,
            "lag": one.lag,
            "lagSeconds": one.lag_seconds,
        })
    });
    json!({
        "target": target,
        "oldest": after.oldest,
        "newest": after.newest,
        "commitsPerSecond": rate(before.commits, after.commits),
        "publishedPerSecond": rate(then.published, now.published),
        "deliveredPerSecond": rate(then.delivered, now.delivered),
        "open": after.open,
        "topics": topics,
        "subscriptions": subscriptions.collect::<Vec<_>>(),
    })
}

fn lines(view: &Value) -> Vec<String> {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => "none".to_owned(),
        other => other.to_string(),
    };
    let of = |name: &str| text(&view[name]);
    let mut lines = vec![
        format!(
            "{}   log {} to {}",
            of("target"),
            of("oldest"),
            of("newest")
        ),
        format!(
            "{} commits/s   {} events/s   {} deliveries/s   {} subscriptions",
            of("commitsPerSecond"),
            of("publishedPerSecond"),
            of("deliveredPerSecond"),
            of("open")
        ),
    ];
    let mut section = |titles: [&str; 5], list: &str, members: [&str; 5]| {
        let rows = view[list].as_array().into_iter().flatten();
        let rows = rows.map(|row| members.map(|name| text(&row[name])));
        let rows: Vec<[String; 5]> = std::iter::once(titles.map(str::to_owned))
            .chain(rows)
            .collect();
        if rows.len() > 1 {
            lines.push(String::new());
            lines.extend(table(&rows));
        }
    };
    section(
        ["TOPIC", "EVENTS/S", "DELIVERIES/S", "EVENTS", "DELIVERIES"],
        "topics",
        [
            "topic",
            "publishedPerSecond",
            "deliveredPerSecond",
            "published",
            "delivered",
        ],
    );
    section(
        ["SUBSCRIBER", "TOPIC", "POSITION", "LAG", "SECONDS"],
        "subscriptions",
        ["client", "topic", "position", "lag", "lagSeconds"],
    );
    lines
}

/// The other screen of a terminal, left when this is dropped.
struct Screen;

impl Screen {
    fn enter() -> Self {
        // What cannot be shown is reported by the first view.
        let _ = write(ENTER);
        Self
    }

    fn show(lines: &[String]) -> Result<(), Failure> {
        let mut frame = HOME.to_owned();
        for line in lines.iter().take(height().saturating_sub(1)) {
            frame.push_str(line);
            frame.push_str(CLEAR_LINE);
            frame.push_str("\r\n");
        }
        frame.push_str(CLEAR_BELOW);
        write(&frame).map_err(|error| Failure::new("cannot write to stdout").caused_by(&error))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = write(LEAVE);
    }
}

fn write(text: &str) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// Lines of the terminal.
fn height() -> usize {
    #[cfg(unix)]
    if let Ok(size) = rustix::termios::tcgetwinsize(std::io::stdout())
        && size.ws_row > 0
    {
        return usize::from(size.ws_row);
    }
    LINES_DEFAULT
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(published: u64) -> Sample {
        let mut sample = Sample {
            newest: published,
            open: 1,
            ..Sample::default()
        };
        let totals = Totals {
            published,
            delivered: 2 * published,
        };
        sample.topics.insert("/data/A".to_owned(), totals);
        sample
    }

    #[test]
    fn rates_are_of_the_time_between_two_samples() {
        let view = view("here", &sample(10), &sample(30), Duration::from_secs(2));
        assert_eq!(view["publishedPerSecond"], 10.0);
        assert_eq!(view["topics"][0]["deliveredPerSecond"], 20.0);
        let lines = lines(&view);
        assert_eq!(
            lines.first().map(String::as_str),
            Some("here   log none to 30")
        );
        let row = "/data/A  10.0      20.0          30      60";
        assert!(lines.iter().any(|line| line == row), "{lines:?}");
    }

    #[test]
    fn counters_that_begin_again_are_no_rate() {
        let view = view("here", &sample(30), &sample(10), Duration::from_secs(1));
        assert_eq!(view["publishedPerSecond"], 0.0);
    }
}
