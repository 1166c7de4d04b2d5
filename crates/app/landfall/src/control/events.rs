//! `landfall events`: the retained events of a developer org, without being one of its subscribers.

use clap::{Args, Subcommand};
use serde_json::Value;

use super::{Call, ControlOptions, Named, carry_out, follow, query, text};
use crate::colour;
use crate::complete;
use crate::options::LogOptions;
use crate::outcome::{Ended, table};

#[derive(Subcommand)]
pub(crate) enum EventsCommand {
    /// List retained events, the newest last
    ///
    /// Example: landfall events list --type UPDATE --field Industry
    List {
        #[command(flatten)]
        filter: Filter,
        /// The lowest replay id
        #[arg(long, value_name = "ID")]
        from: Option<u64>,
        /// The highest replay id
        #[arg(long, value_name = "ID")]
        to: Option<u64>,
        /// How many: the newest
        #[arg(short = 'n', long, value_name = "N", default_value = "50")]
        limit: u16,
        #[command(flatten)]
        org: ControlOptions,
    },
    /// Print an event: header, data as the Streaming API delivers it, bytes as the Pub/Sub API does
    Show {
        /// Its replay id
        #[arg(value_name = "REPLAY_ID")]
        replay_id: u64,
        #[command(flatten)]
        org: ControlOptions,
    },
    /// List for each connected subscriber what has become of an event
    Deliveries {
        /// Its replay id
        #[arg(value_name = "REPLAY_ID")]
        replay_id: u64,
        #[command(flatten)]
        org: ControlOptions,
    },
    /// Count events by time, topic and change type
    Histogram {
        #[command(flatten)]
        filter: Filter,
        /// The beginning, such as 2030-01-01T09:00:00Z [default: that of the oldest retained event]
        #[arg(long, value_name = "TIME")]
        since: Option<String>,
        /// The end [default: now]
        #[arg(long, value_name = "TIME")]
        until: Option<String>,
        /// Into how many spans of equal length the time is divided
        #[arg(long, value_name = "N", default_value = "60")]
        buckets: u16,
        #[command(flatten)]
        org: ControlOptions,
    },
    /// Print events as they are committed, one line each, until interrupted
    Follow {
        #[command(flatten)]
        filter: Filter,
        /// Begin after this replay id [default: with new events]
        #[arg(long, value_name = "ID")]
        after: Option<u64>,
        #[command(flatten)]
        org: ControlOptions,
    },
}

/// Which events: all options must match, and of several values of one any.
#[derive(Args)]
pub(crate) struct Filter {
    /// On this topic; repeatable
    #[arg(long, value_name = "TOPIC", value_delimiter = ',', add = complete::topics())]
    topic: Vec<String>,
    /// Of this change type, such as UPDATE or GAP*, or PUBLISHED for platform events; repeatable
    #[arg(long = "type", value_name = "TYPE", value_delimiter = ',')]
    change_type: Vec<String>,
    /// Of this object; repeatable
    #[arg(long, value_name = "OBJECT", value_delimiter = ',', add = complete::objects())]
    entity: Vec<String>,
    /// Of this record id; repeatable
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    record: Vec<String>,
    /// With a change of this field; repeatable
    #[arg(long, value_name = "FIELD", value_delimiter = ',')]
    field: Vec<String>,
    /// By this user id; repeatable
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    user: Vec<String>,
    /// Of the transaction with this key; repeatable
    #[arg(long, value_name = "KEY", value_delimiter = ',')]
    transaction: Vec<String>,
    /// That meet conditions: 'type:UPDATE (Amount>=100000 OR burlington)'
    #[arg(long = "filter", value_name = "FILTER")]
    expression: Option<String>,
    /// With this text anywhere in their data
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
}

impl Filter {
    fn parameters(&self) -> Vec<(&'static str, Option<String>)> {
        let lists = [
            ("topic", &self.topic),
            ("type", &self.change_type),
            ("entity", &self.entity),
            ("record", &self.record),
            ("field", &self.field),
            ("user", &self.user),
            ("transaction", &self.transaction),
        ];
        let lists = lists.into_iter();
        let lists =
            lists.map(|(name, values)| (name, (!values.is_empty()).then(|| values.join(","))));
        lists
            .chain([
                ("q", self.text.clone()),
                ("filter", self.expression.clone()),
            ])
            .collect()
    }

    fn call(&self, command: &'static str, path: String) -> Call<'static> {
        let call = Call::get(command, path);
        match self.topic.as_slice() {
            [topic] => call.naming(Named::channel(topic)),
            _ => call,
        }
    }
}

pub(crate) async fn run(command: EventsCommand, log: &LogOptions) -> Ended {
    let number = |number: Option<u64>| number.map(|number| number.to_string());
    match command {
        EventsCommand::List {
            filter,
            from,
            to,
            limit,
            org,
        } => {
            let mut parameters = filter.parameters();
            let limit = Some(limit.to_string());
            parameters.extend([("from", number(from)), ("to", number(to)), ("limit", limit)]);
            let call = filter.call("events list", query("events", parameters));
            carry_out(&org, log, call, listed).await
        }
        EventsCommand::Show { replay_id, org } => {
            let call = Call::get("events show", format!("events/{replay_id}"));
            carry_out(&org, log, call, shown).await
        }
        EventsCommand::Deliveries { replay_id, org } => {
            let path = format!("events/{replay_id}/deliveries");
            let call = Call::get("events deliveries", path);
            carry_out(&org, log, call, deliveries).await
        }
        EventsCommand::Histogram {
            filter,
            since,
            until,
            buckets,
            org,
        } => {
            let mut parameters = filter.parameters();
            let buckets = Some(buckets.to_string());
            parameters.extend([("since", since), ("until", until), ("buckets", buckets)]);
            let call = filter.call("events histogram", query("events/histogram", parameters));
            carry_out(&org, log, call, histogram).await
        }
        EventsCommand::Follow { filter, after, org } => {
            let mut parameters = filter.parameters();
            parameters.push(("after", number(after)));
            let call = filter.call("events follow", query("stream", parameters));
            follow::run(&org, log, call, line).await
        }
    }
}

fn listed(answer: &Value) -> Vec<String> {
    let events = answer["events"].as_array().into_iter().flatten();
    let mut lines: Vec<String> = events.rev().map(line).collect();
    if let Some(next) = answer.get("next") {
        lines.push(format!(
            "older events were not looked at: go on with --to {next}"
        ));
    }
    lines
}

/// An event in one line.
fn line(event: &Value) -> String {
    let header = &event["header"];
    let change = match text(header, "changeType") {
        change if change.is_empty() => "PUBLISHED".to_owned(),
        change => change,
    };
    let list = |value: &Value| {
        let texts = value.as_array().into_iter().flatten();
        let texts: Vec<&str> = texts.filter_map(Value::as_str).collect();
        texts.join(" ")
    };
    let fields = header.pointer("/changedFields/names");
    let fields = fields.map(list).unwrap_or_default();
    let rest = match event.get("error") {
        Some(_) => text(event, "error"),
        None => [list(&header["recordIds"]), fields].join("  "),
    };
    let [id, time, topic] = ["replayId", "time", "topic"].map(|name| text(event, name));
    let change = colour::on_stdout(colour::of_change(&change), &format!("{change:<9}"));
    let line = format!("{id:>7}  {time}  {change}  {topic}  {rest}");
    line.trim_end().to_owned()
}

fn shown(event: &Value) -> Vec<String> {
    let mut lines = vec![line(event)];
    for (label, name) in [("Id", "id"), ("Schema", "schema"), ("Bytes", "size")] {
        lines.push(format!("{label:<7}  {}", text(event, name)));
    }
    for (label, name) in [("Header", "header"), ("Data", "data")] {
        if let Some(value) = event.get(name) {
            let value = format!("{value:#}");
            lines.push(format!("{label}:"));
            lines.extend(value.lines().map(str::to_owned));
        }
    }
    lines.push(format!("Payload  {}", text(event, "payload")));
    lines
}

fn deliveries(answer: &Value) -> Vec<String> {
    let all = answer["deliveries"].as_array().into_iter().flatten();
    let names = [
        "delivery",
        "protocol",
        "subscriber",
        "username",
        "channel",
        "state",
    ];
    let rows: Vec<[String; 6]> = all.map(|one| names.map(|name| text(one, name))).collect();
    if rows.is_empty() {
        return vec!["nobody is subscribed".to_owned()];
    }
    table(&rows)
}

fn histogram(answer: &Value) -> Vec<String> {
    let [since, until, events] = ["since", "until", "events"].map(|name| text(answer, name));
    let span = text(answer, "bucketMs");
    let mut lines = vec![format!(
        "{events} events from {since} to {until}, in spans of {span} ms"
    )];
    let counts = answer["counts"].as_array().into_iter().flatten();
    let rows: Vec<[String; 4]> = counts
        .map(|count| ["bucket", "events", "type", "topic"].map(|name| text(count, name)))
        .collect();
    if !rows.is_empty() {
        let titles = ["SPAN", "EVENTS", "TYPE", "TOPIC"].map(str::to_owned);
        let rows: Vec<_> = std::iter::once(titles).chain(rows).collect();
        lines.extend(table(&rows));
    }
    if let Some(next) = answer.get("next") {
        lines.push(format!("events up to {next} were not looked at"));
    }
    lines
}
