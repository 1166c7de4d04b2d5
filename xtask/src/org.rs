//! The developer org over REST: log in, and write and read Accounts, telling acknowledged from refused from unknown.

use std::{io, net::SocketAddr};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::http::{Connection, Response};

const ACCOUNTS: &str = "/services/data/v59.0/sobjects/Account";

/// The outcome of one write.
#[derive(Debug)]
pub(crate) enum Write {
    /// The server said that it is done. Bears the record's id.
    Acknowledged(String),
    /// The server said that it is not.
    Refused { status: u16, body: String },
    /// No whole answer came: it may be done or not.
    Unknown,
}

/// One connection to the org, logged in.
pub(crate) struct Org {
    connection: Connection,
}

/// Logs in as the developer org's user and gives the access token.
///
/// # Errors
/// When the server does not answer or refuses.
pub(crate) fn login(address: SocketAddr) -> Result<String> {
    let (client, user) = (
        ("landfall", "landfall"),
        ("admin@landfall.test", "landfall"),
    );
    login_as(address, client, user)
}

/// Logs in with a client id and its secret, and a user name and its password.
///
/// # Errors
/// When the server does not answer or refuses.
pub(crate) fn login_as(
    address: SocketAddr,
    (client, secret): (&str, &str),
    (username, password): (&str, &str),
) -> Result<String> {
    let mut connection = Connection::open(address)?;
    let form = format!(
        "grant_type=password&client_id={client}&client_secret={secret}&username={}&password={}",
        username.replace('@', "%40"),
        password.replace(' ', "+")
    );
    let response = connection.send(
        "POST",
        "/services/oauth2/token",
        "application/x-www-form-urlencoded",
        &form,
    )?;
    ensure!(
        response.status == 200,
        "login: {} {}",
        response.status,
        response.body
    );
    let answer: Value = serde_json::from_str(&response.body)?;
    let token = answer["access_token"].as_str().context("no access_token")?;
    Ok(token.to_owned())
}

impl Org {
    pub(crate) fn connect(address: SocketAddr, token: &str) -> io::Result<Self> {
        let mut connection = Connection::open(address)?;
        connection.authorization = Some(format!("Bearer {token}"));
        Ok(Self { connection })
    }

    pub(crate) fn create(&mut self, name: &str) -> Write {
        let body = json!({ "Name": name }).to_string();
        let answer = self
            .connection
            .send("POST", ACCOUNTS, "application/json", &body);
        written(answer, 201, |response| {
            let answer: Value = serde_json::from_str(&response.body).ok()?;
            answer["id"].as_str().map(str::to_owned)
        })
    }

    pub(crate) fn rename(&mut self, id: &str, name: &str) -> Write {
        let body = json!({ "Name": name }).to_string();
        let path = format!("{ACCOUNTS}/{id}");
        let answer = self
            .connection
            .send("PATCH", &path, "application/json", &body);
        written(answer, 204, |_| Some(id.to_owned()))
    }

    pub(crate) fn delete(&mut self, id: &str) -> Write {
        let answer = self.connection.send(
            "DELETE",
            &format!("{ACCOUNTS}/{id}"),
            "application/json",
            "",
        );
        written(answer, 204, |_| Some(id.to_owned()))
    }

    /// The record's name, or `None` when it is deleted.
    ///
    /// # Errors
    /// When the server answers anything else.
    pub(crate) fn name(&mut self, id: &str) -> Result<Option<String>> {
        let response = self.connection.get(&format!("{ACCOUNTS}/{id}"))?;
        match response.status {
            200 => {
                let record: Value = serde_json::from_str(&response.body)?;
                Ok(Some(
                    record["Name"]
                        .as_str()
                        .context("a record without a name")?
                        .to_owned(),
                ))
            }
            404 => Ok(None),
            status => bail!("GET {id}: {status} {}", response.body),
        }
    }

    /// The status and the reasons of `/readyz`.
    ///
    /// # Errors
    /// When there is no answer.
    pub(crate) fn readiness(&mut self) -> Result<(u16, String)> {
        let answer = self.connection.get("/readyz")?;
        Ok((answer.status, answer.body))
    }
}

fn written(
    answer: io::Result<Response>,
    success: u16,
    id: impl FnOnce(&Response) -> Option<String>,
) -> Write {
    match answer {
        Err(_) => Write::Unknown,
        Ok(response) if response.status == success => match id(&response) {
            Some(id) => Write::Acknowledged(id),
            None => refused(response),
        },
        Ok(response) => refused(response),
    }
}

fn refused(response: Response) -> Write {
    Write::Refused {
        status: response.status,
        body: response.body,
    }
}
