//! `landfall org`: isolated orgs in the process of a developer org.

use clap::Subcommand;
use landfall_client::Method;
use serde_json::{Value, json};

use super::{Call, ControlOptions, carry_out, segment, text};
use crate::complete;
use crate::options::LogOptions;
use crate::outcome::Ended;

#[derive(Subcommand)]
pub(crate) enum OrgCommand {
    /// Open an org and print its credentials
    Open {
        #[command(flatten)]
        process: ControlOptions,
    },
    /// List the open orgs
    List {
        #[command(flatten)]
        process: ControlOptions,
    },
    /// Log in as the administrator of an org, without a password, and print the credentials
    Login {
        /// Its id [default: the first org of the process]
        #[arg(value_name = "ID", add = complete::orgs())]
        id: Option<String>,
        #[command(flatten)]
        process: ControlOptions,
    },
    /// Close an org and remove it
    Close {
        /// Its id
        #[arg(value_name = "ID", add = complete::orgs())]
        id: String,
        #[command(flatten)]
        process: ControlOptions,
    },
}

pub(crate) async fn run(command: OrgCommand, log: &LogOptions) -> Ended {
    let orgs = || "orgs".to_owned();
    let (name, method, path, process, show): (_, _, _, _, fn(&Value) -> Vec<String>) = match command
    {
        OrgCommand::Open { process } => ("org open", Method::POST, orgs(), process, opened),
        OrgCommand::List { process } => ("org list", Method::GET, orgs(), process, listed),
        OrgCommand::Login { id, process } => {
            let call = Call {
                command: "org login",
                method: Method::POST,
                path: "logins".to_owned(),
                body: Some(id.map_or_else(|| json!({}), |id| json!({ "org": id }))),
                names: None,
            };
            return carry_out(&process, log, call, opened).await;
        }
        OrgCommand::Close { id, process } => {
            let path = format!("orgs/{}", segment(&id));
            ("org close", Method::DELETE, path, process, |_| Vec::new())
        }
    };
    let call = Call {
        command: name,
        method,
        path,
        body: None,
        names: None,
    };
    carry_out(&process, log, call, show).await
}

fn opened(org: &Value) -> Vec<String> {
    let lines = [
        ("Org", "id"),
        ("Target", "instanceUrl"),
        ("User name", "username"),
        ("Password", "password"),
        ("Client id", "clientId"),
        ("Client secret", "clientSecret"),
        ("Access token", "accessToken"),
    ];
    let lines = lines.map(|(label, name)| format!("{label:<13}  {}", text(org, name)));
    lines.into()
}

fn listed(answer: &Value) -> Vec<String> {
    let orgs = answer["orgs"].as_array().into_iter().flatten();
    let lines = orgs.map(|org| {
        let [id, username, client] = ["id", "username", "clientId"].map(|name| text(org, name));
        format!("{id}  {username}  {client}")
    });
    lines.collect()
}
