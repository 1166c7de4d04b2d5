//! `landfall limits`: the allocations of an org, as its REST API reports them.

use clap::Args;
use landfall_client::Method;
use serde_json::{Map, Value};

use crate::log;
use crate::options::LogOptions;
use crate::outcome::{Coded, Ended, Exit, Failure, conclude, nearest, table};
use crate::rest::{Rest, RestOptions};

/// Log filter by default.
const FILTER_DEFAULT: &str = "warn";

#[derive(Args)]
pub(crate) struct LimitsOptions {
    /// Print these only, such as `DailyApiRequests`
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    #[command(flatten)]
    rest: RestOptions,
}

pub(crate) async fn run(options: LimitsOptions, log: &LogOptions) -> Ended {
    let (format, filter) = log.format_and_filter()?;
    log::start(format, filter.as_deref().unwrap_or(FILTER_DEFAULT))?;
    let limits = limits(&options).await;
    conclude("limits", options.rest.json, limits, lines)
}

async fn limits(options: &LimitsOptions) -> Result<Value, Coded> {
    let rest = Rest::open(&options.rest).await?;
    let all = rest.call(Method::GET, "limits", None).await?;
    if options.names.is_empty() {
        return Ok(all);
    }
    let mut chosen = Map::new();
    for name in &options.names {
        let members = all.as_object().into_iter().flatten();
        let mut known = members.filter(|(known, _)| known.eq_ignore_ascii_case(name));
        let (known, limit) = known.next().ok_or_else(|| unknown(name, &all))?;
        chosen.insert(known.clone(), limit.clone());
    }
    Ok(Value::Object(chosen))
}

fn unknown(name: &str, all: &Value) -> Failure {
    let failure = Failure::new(format!("the org has no limit {name}")).exit(Exit::Unknown);
    let names = all.as_object().into_iter().flatten();
    match nearest(name, names.map(|(name, _)| name.as_str())) {
        Some(near) => failure.hint(format!("did you mean {near}?")),
        None => failure,
    }
}

fn lines(limits: &Value) -> Vec<String> {
    let titles = ["LIMIT", "USED", "OF"].map(str::to_owned);
    let limits = limits.as_object().into_iter().flatten();
    let rows = limits.map(|(name, limit)| {
        let number = |name: &str| limit[name].as_i64();
        let used = number("Max").zip(number("Remaining"));
        let used = used.map(|(max, remaining)| (max - remaining).to_string());
        let max = number("Max").map(|max| max.to_string());
        [
            name.clone(),
            used.unwrap_or_default(),
            max.unwrap_or_default(),
        ]
    });
    let rows: Vec<[String; 3]> = std::iter::once(titles).chain(rows).collect();
    table(&rows)
}
