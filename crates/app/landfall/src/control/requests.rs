//! `landfall requests`: what clients have sent and got, and what they did wrong.

use clap::{Args, Subcommand};
use landfall_client::Method;
use serde_json::Value;

use super::{Call, ControlOptions, carry_out, query, text};
use crate::options::LogOptions;
use crate::outcome::Ended;

#[derive(Subcommand)]
pub(crate) enum RequestsCommand {
    /// List requests, the newest last
    List {
        #[command(flatten)]
        filter: Filter,
        #[command(flatten)]
        org: ControlOptions,
    },
    /// Show a request and its answer, with the beginnings of their bodies
    Show {
        /// Its number, as the list has it
        #[arg(value_name = "NUMBER")]
        number: u64,
        #[command(flatten)]
        org: ControlOptions,
    },
    /// Print requests as an HTTP archive (HAR 1.2), the oldest first
    ///
    /// Example: landfall requests export > requests.har
    Export {
        #[command(flatten)]
        filter: Filter,
        #[command(flatten)]
        org: ControlOptions,
    },
    /// List what clients did that no correct client does
    Mistakes {
        #[command(flatten)]
        org: ControlOptions,
    },
    /// Forget all requests and mistakes
    Clear {
        #[command(flatten)]
        org: ControlOptions,
    },
}

#[derive(Args)]
pub(crate) struct Filter {
    /// Those for an API: bulk, metadata, oauth, pubsub, rest, soap, streaming, tooling, other
    #[arg(long, env = "LANDFALL_API", value_name = "API")]
    api: Option<String>,
    /// Those with this HTTP status
    #[arg(long, env = "LANDFALL_STATUS", value_name = "STATUS")]
    status: Option<u16>,
    /// Those with this text in method and target, in the User-Agent, or in the body
    #[arg(long, env = "LANDFALL_TEXT", value_name = "TEXT")]
    text: Option<String>,
    /// Those with lower numbers
    #[arg(long, env = "LANDFALL_BEFORE", value_name = "NUMBER")]
    before: Option<u64>,
    /// Those with higher numbers
    #[arg(long, env = "LANDFALL_AFTER", value_name = "NUMBER")]
    after: Option<u64>,
    /// How many: the newest
    #[arg(
        short = 'n',
        long,
        env = "LANDFALL_LIMIT",
        value_name = "N",
        default_value = "100"
    )]
    limit: u16,
}

pub(crate) async fn run(command: RequestsCommand, log: &LogOptions) -> Ended {
    match command {
        RequestsCommand::List { filter, org } => {
            let call = call("requests list", Method::GET, path("requests", &filter));
            carry_out(&org, log, call, listed).await
        }
        RequestsCommand::Show { number, org } => {
            let call = call("requests show", Method::GET, format!("requests/{number}"));
            carry_out(&org, log, call, shown).await
        }
        RequestsCommand::Export { filter, org } => {
            let call = call("requests export", Method::GET, path("har", &filter));
            carry_out(&org, log, call, |archive| vec![archive.to_string()]).await
        }
        RequestsCommand::Mistakes { org } => {
            let call = call("requests mistakes", Method::GET, "mistakes".to_owned());
            carry_out(&org, log, call, mistakes).await
        }
        RequestsCommand::Clear { org } => {
            let call = call("requests clear", Method::DELETE, "requests".to_owned());
            carry_out(&org, log, call, |_| Vec::new()).await
        }
    }
}

const fn call(command: &str, method: Method, path: String) -> Call<'_> {
    Call {
        command,
        method,
        path,
        body: None,
        names: None,
    }
}

fn path(resource: &str, filter: &Filter) -> String {
    let number = |number: u64| number.to_string();
    let parameters = [
        ("api", filter.api.clone()),
        ("status", filter.status.map(u64::from).map(number)),
        ("text", filter.text.clone()),
        ("before", filter.before.map(number)),
        ("after", filter.after.map(number)),
        ("limit", Some(filter.limit.to_string())),
    ];
    query(resource, parameters)
}

fn listed(answer: &Value) -> Vec<String> {
    let requests = answer["requests"].as_array().into_iter().flatten();
    requests.rev().map(line).collect()
}

/// A request in one line.
fn line(request: &Value) -> String {
    let status = match (request.get("grpcStatus"), request.get("status")) {
        (Some(status), _) => format!("grpc {status}"),
        (None, Some(status)) => status.to_string(),
        (None, None) => "-".to_owned(),
    };
    let took = match request.get("ms") {
        Some(ms) => format!("{ms} ms"),
        None => "open".to_owned(),
    };
    let mut line = format!(
        "{:>5}  {}  {status:<7}  {took:>8}  {} {}",
        text(request, "number"),
        text(request, "at"),
        text(request, "method"),
        text(request, "target"),
    );
    for name in ["client", "grpcMessage", "unsupported"] {
        let value = text(request, name);
        if !value.is_empty() {
            line.push_str("  · ");
            line.push_str(&value);
        }
    }
    if request.get("cut") == Some(&Value::Bool(true)) {
        line.push_str("  · cut off");
    }
    line
}

fn shown(request: &Value) -> Vec<String> {
    let mut lines = vec![line(request)];
    for (title, name) in [("Request", "request"), ("Answer", "answer")] {
        let body = &request[name];
        let rest = match body.get("whole") {
            Some(Value::Bool(false)) => ", of which the beginning is kept",
            _ => "",
        };
        lines.push(String::new());
        lines.push(format!(
            "{title}: {} bytes{rest}  {}",
            text(body, "bytes"),
            text(body, "mediaType")
        ));
        lines.extend(text(body, "text").lines().map(str::to_owned));
    }
    lines
}

fn mistakes(answer: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    for mistake in answer["mistakes"].as_array().into_iter().flatten() {
        let times = match text(mistake, "times").as_str() {
            "1" => format!("request {}", text(mistake, "first")),
            times => format!(
                "{times} times, requests {} to {}",
                text(mistake, "first"),
                text(mistake, "last")
            ),
        };
        lines.push(format!(
            "{:<16}  {}  ({times})",
            text(mistake, "kind"),
            text(mistake, "message")
        ));
        let hint = text(mistake, "hint");
        if !hint.is_empty() {
            lines.push(format!("{:<16}  {hint}", ""));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_is_set_is_asked_for() {
        let filter = Filter {
            api: Some("rest".to_owned()),
            status: None,
            text: Some("a b".to_owned()),
            before: None,
            after: Some(3),
            limit: 100,
        };
        assert_eq!(
            path("requests", &filter),
            "requests?api=rest&text=a%20b&after=3&limit=100"
        );
    }

    #[test]
    fn a_request_in_progress_is_open() {
        let request = json!({ "number": 7, "at": "T", "method": "POST", "target": "/cometd/59.0", "cut": false });
        assert_eq!(
            line(&request),
            "    7  T  -            open  POST /cometd/59.0"
        );
    }
}
