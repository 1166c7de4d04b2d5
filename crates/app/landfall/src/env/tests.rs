//! Every snippet, rendered; and the page that shows them.

use std::fmt::Write as _;

use landfall_client::{AccessToken, Trust};

use super::*;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../docs/snippets.md");

const SECRET: &str = "s3cret";

/// An org that nobody connects to.
fn session(target: &str, user: bool, authority: Option<&str>) -> Session {
    let target: Target = target.parse().expect("an address");
    let (token, password) = if target.is_loopback() {
        ("TOKEN", "landfall")
    } else {
        (SECRET, SECRET)
    };
    let token = AccessToken::new(token.to_owned());
    let org = Org::with_token(target.clone(), &Trust::nobody(), token).expect("an org");
    let word = |text: &str| text.to_owned();
    Session {
        login: target.clone(),
        pubsub: PubSub::target(&org).expect("an address").authority(),
        instance: target,
        org,
        org_id: word("00D000000000001AAA"),
        user: user.then(|| Grant::Password {
            username: word("admin@landfall.test"),
            password: word(password),
            client_id: word("landfall"),
            client_secret: word(password),
        }),
        authority: authority.map(PathBuf::from),
    }
}

fn of_page(client: &Client) -> Json {
    let session = match client.transport {
        Transport::AsTarget => session("http://127.0.0.1:7443", true, None),
        Transport::Tls | Transport::VendorHosts => {
            session("https://127.0.0.1:7443", true, Some("/path/ca.pem"))
        }
    };
    snippet(client, &session)
}

/// The page, or what it should be.
fn page() -> String {
    let mut page = String::from(
        "# Snippets\n\n`landfall env --client NAME` prints these lines with the addresses and the credentials of an \
         org that runs, and `landfall env --clients` lists the names. Here they are for `landfall dev` on its default \
         port; `TOKEN` is an access token. Certificates, proxies and what else there is to know: \
         [clients.md](clients.md). This page is generated: \
         `UPDATE=1 cargo test -p landfall env::tests`.\n",
    );
    for client in clients::ALL {
        let data = of_page(client);
        let lines = shown(&data, Shell::Sh).join("\n");
        let others = client.names.get(1..).unwrap_or_default().join("`, `");
        let others = if others.is_empty() {
            others
        } else {
            format!(" (also `{others}`)")
        };
        let _ = write!(
            page,
            "\n## {}\n\n`landfall env --client {}`{others}\n\n```{}\n{lines}\n```\n",
            client.title,
            client.name(),
            client.language.name()
        );
    }
    page
}

#[test]
fn the_page_shows_every_snippet() {
    let page = page();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(PAGE, &page).expect("written");
    }
    let written = std::fs::read_to_string(PAGE).expect("docs/snippets.md");
    assert!(
        written == page,
        "docs/snippets.md is old: run with UPDATE=1"
    );
}

#[test]
fn every_snippet_renders_for_every_kind_of_org() {
    for client in clients::ALL {
        for target in ["http://127.0.0.1:1", "https://acme.my.salesforce.com"] {
            for authority in [None, Some("/ca.pem")] {
                for user in [true, false] {
                    let session = session(target, user, authority);
                    let made = possible(client, &session.login, session.user.as_ref());
                    let is_far =
                        client.transport == Transport::VendorHosts && !session.login.is_loopback();
                    assert_eq!(
                        made.is_err(),
                        is_far || !user && client.login == Login::User,
                        "{}",
                        client.name()
                    );
                    if made.is_err() {
                        continue;
                    }
                    let data = snippet(client, &session);
                    let code = data["code"].as_str().expect("code");
                    assert!(
                        !code.contains('@') || code.contains("@landfall.test"),
                        "{code}"
                    );
                    assert!(!code.is_empty());
                }
            }
        }
    }
}

#[test]
fn a_snippet_for_another_machine_has_no_secrets() {
    let session = session("https://acme.my.salesforce.com", true, None);
    for client in clients::ALL {
        if client.transport == Transport::VendorHosts {
            continue;
        }
        let data = snippet(client, &session);
        let code = data["code"].as_str().expect("code");
        assert!(!code.contains(SECRET), "{code}");
        assert!(!code.contains(".com:443"), "{code}");
    }
}

#[test]
fn names_are_unique_and_misspelt_ones_have_a_suggestion() {
    let mut names: Vec<&str> = clients::names().collect();
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all);
    assert_eq!(
        nearest("simple-salseforce", clients::names()),
        Some("simple-salesforce")
    );
    assert_eq!(nearest("xyzzy", clients::names()), None);
}

#[test]
fn exports_are_of_the_shell() {
    for (shell, line) in [
        (Shell::Sh, "export A='it'\\''s'"),
        (Shell::Fish, "set -gx A 'it\\'s'"),
        (Shell::Powershell, "$env:A = 'it''s'"),
    ] {
        assert_eq!(shell.export("A", "it's"), line);
    }
}
