//! The pages that a person sees: plain HTML that works without script, by keyboard, and read aloud.
//!
//! Everything that comes from outside goes through [`escaped`]. No page is stored, framed, or allowed to load or run
//! anything.

use std::fmt::Write as _;

use axum::response::{Html, IntoResponse, Response};
use http::StatusCode;
use http::header::{self, HeaderName, HeaderValue};
use landfall_auth::Scopes;
use landfall_model::{Fault, LoginFault};
use tracing::debug;

use crate::answer::NOT_STORED;

/// How every page looks. Its digest stands in [`GUARDS`].
const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;color:#16181d;background:#fff;margin:0;padding:1.5rem}\
    main{max-width:26rem;margin:3rem auto}h1{font-size:1.5rem}label{display:block;font-weight:600}\
    input{font:inherit;width:100%;box-sizing:border-box;padding:.5rem;border:1px solid #5c6370;border-radius:.25rem}\
    button{font:inherit;padding:.5rem 1.25rem;margin-right:.5rem;border:1px solid #0b4f9e;border-radius:.25rem;\
    background:#fff;color:#0b4f9e;cursor:pointer}button.first{background:#0b4f9e;color:#fff}\
    input:focus-visible,button:focus-visible{outline:3px solid #c05621;outline-offset:2px}\
    .problem{border-left:.25rem solid #a51d1d;padding-left:.75rem}.word{overflow-wrap:anywhere}\
    @media(prefers-color-scheme:dark){body{color:#e8eaed;background:#16181d}button{background:#16181d;color:#9ec5fe;\
    border-color:#9ec5fe}button.first{background:#9ec5fe;color:#16181d}input{background:#22252b;color:#e8eaed}\
    .problem{border-color:#f1aeb5}}";

/// Keeps a page out of frames, its address from other sites, and everything from loading but its own style. Forms are not
/// bound to this origin: browsers would then follow no redirect to the app.
pub(crate) const GUARDS: [(HeaderName, HeaderValue); 4] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; style-src 'sha256-To/4xrJlgCde9uTViXCyqiUkTwvgSEHPRc1bjZqOQqU='; \
             base-uri 'none'; frame-ancestors 'none'",
        ),
    ),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (
        header::REFERRER_POLICY,
        HeaderValue::from_static("same-origin"),
    ),
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
];

/// Why a form comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// A field is empty.
    Incomplete,
    /// The password is not that of the user.
    Wrong,
    /// Too many wrong ones.
    Wait,
    /// The answer came too long after the login.
    Late,
    /// No device waits with this code.
    CodeUnknown,
}

impl Problem {
    /// Errors that the person can correct; all others are reported to the app.
    pub(crate) const fn of(fault: &Fault) -> Option<Self> {
        match fault {
            Fault::Login(LoginFault::AuthenticationFailed) => Some(Self::Wrong),
            Fault::Login(LoginFault::LoginRateExceeded) => Some(Self::Wait),
            _ => None,
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::Incomplete => "Type both a user name and a password.",
            Self::Wrong => "User name or password is wrong.",
            Self::Wait => "Too many logins have failed. Wait a little, then try again.",
            Self::Late => "That took too long. Log in again.",
            Self::CodeUnknown => "No device waits with this code. Look at the device again.",
        }
    }

    const fn status(self) -> StatusCode {
        match self {
            Self::Wait => StatusCode::TOO_MANY_REQUESTS,
            Self::Incomplete | Self::Wrong | Self::Late | Self::CodeUnknown => {
                StatusCode::BAD_REQUEST
            }
        }
    }
}

/// Who asks for access.
#[derive(Clone, Copy)]
pub(crate) enum Asks<'p> {
    /// An app, by its client id.
    App(&'p str),
    /// A device that shows a code.
    Device {
        /// As far as it is known.
        user_code: &'p str,
    },
}

impl Asks<'_> {
    /// A sentence for the person.
    fn sentence(self) -> String {
        match self {
            Self::App(client_id) => format!(
                "<p><strong class=\"word\">{}</strong> asks for access to this org.</p>",
                escaped(client_id)
            ),
            Self::Device { .. } => {
                "<p>A device asks for access to this org. Type the code that it shows, and log in.</p>"
                    .to_owned()
            }
        }
    }

    /// The field that belongs to it.
    fn field(self) -> String {
        match self {
            Self::App(_) => String::new(),
            Self::Device { user_code } => format!(
                "<p><label for=\"user_code\">Code</label>\n\
                 <input id=\"user_code\" name=\"user_code\" value=\"{}\" autocomplete=\"off\" \
                 autocapitalize=\"characters\" spellcheck=\"false\" required{}></p>\n",
                escaped(user_code),
                if self.begins() { " autofocus" } else { "" }
            ),
        }
    }

    /// Whether its field is the first to be filled in.
    const fn begins(self) -> bool {
        matches!(self, Self::Device { user_code } if user_code.is_empty())
    }

    /// How a login ends: with a redirect to the app, or for a device with a page.
    const fn cancel(self) -> &'static str {
        match self {
            Self::App(_) => {
                "\n<button name=\"decision\" value=\"deny\" formnovalidate>Cancel</button>"
            }
            Self::Device { .. } => "",
        }
    }
}

/// What the login page says.
pub(crate) struct Login<'p> {
    /// Where its form goes.
    pub(crate) action: &'p str,
    pub(crate) asks: Asks<'p>,
    pub(crate) username: &'p str,
    pub(crate) problem: Option<Problem>,
}

/// Asks for name and password.
pub(crate) fn login(page: &Login<'_>) -> Response {
    let (mut mark, mut problem, mut described) = ("", String::new(), "");
    if let Some(found) = page.problem {
        mark = "Error: ";
        described = " aria-describedby=\"problem\"";
        let text = found.text();
        problem = format!("<p class=\"problem\" id=\"problem\" role=\"alert\">{text}</p>\n");
    }
    let (in_name, in_password) = if page.asks.begins() {
        ("", "")
    } else if page.username.is_empty() {
        (" autofocus", "")
    } else {
        ("", " autofocus")
    };
    let body = format!(
        "<h1>Log in</h1>\n\
         {sentence}\n{problem}\
         <form method=\"post\" action=\"{action}\">\n{field}\
         <p><label for=\"username\">User name</label>\n\
         <input id=\"username\" name=\"username\" value=\"{username}\" autocomplete=\"username\" autocapitalize=\"none\" \
         spellcheck=\"false\" required{described}{in_name}></p>\n\
         <p><label for=\"password\">Password</label>\n\
         <input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"current-password\" \
         required{described}{in_password}></p>\n\
         <p><button class=\"first\">Log in</button>{cancel}</p>\n\
         </form>\n",
        sentence = page.asks.sentence(),
        field = page.asks.field(),
        cancel = page.asks.cancel(),
        action = escaped(page.action),
        username = escaped(page.username),
    );
    let status = page.problem.map_or(StatusCode::OK, Problem::status);
    document(status, &format!("{mark}Log in"), &body)
}

/// What the page says that asks for consent.
pub(crate) struct Consent<'p> {
    /// Where its form goes.
    pub(crate) action: &'p str,
    pub(crate) client_id: &'p str,
    pub(crate) username: &'p str,
    pub(crate) scopes: &'p Scopes,
    /// Where the person goes on to, unless they stay.
    pub(crate) redirect_uri: Option<&'p str>,
    /// The code of the device that asks, if it is one.
    pub(crate) user_code: &'p str,
    /// Shows that the user has logged in.
    pub(crate) ticket: &'p str,
}

/// Asks whether the app may have what it asks for.
pub(crate) fn consent(page: &Consent<'_>) -> Response {
    let mut scopes = String::new();
    for name in page.scopes.names() {
        let known = meaning(name).map_or_else(String::new, |text| format!("{text} "));
        // Writing to a text cannot fail.
        let _ = writeln!(scopes, "<li>{known}<code>{}</code></li>", escaped(name));
    }
    let onward = page.redirect_uri.map_or_else(String::new, |uri| {
        let uri = escaped(uri);
        format!("<p>Either way you go on to <span class=\"word\">{uri}</span>.</p>\n")
    });
    let code = if page.user_code.is_empty() {
        String::new()
    } else {
        let code = escaped(page.user_code);
        format!("<input type=\"hidden\" name=\"user_code\" value=\"{code}\">\n")
    };
    let body = format!(
        "<h1>Allow access?</h1>\n\
         <p><strong class=\"word\">{client_id}</strong> asks to act as <strong class=\"word\">{username}</strong>. \
         It could then:</p>\n<ul>\n{scopes}</ul>\n\
         {onward}\
         <form method=\"post\" action=\"{action}\">\n\
         <input type=\"hidden\" name=\"ticket\" value=\"{ticket}\">\n\
         <input type=\"hidden\" name=\"login_hint\" value=\"{username}\">\n{code}\
         <p><button class=\"first\" name=\"decision\" value=\"allow\">Allow</button>\n\
         <button name=\"decision\" value=\"deny\">Deny</button></p>\n\
         </form>\n",
        client_id = escaped(page.client_id),
        username = escaped(page.username),
        action = escaped(page.action),
        ticket = escaped(page.ticket),
    );
    document(StatusCode::OK, "Allow access?", &body)
}

/// Says that a device has its answer.
pub(crate) fn answered(client_id: &str, allowed: bool) -> Response {
    let client_id = escaped(client_id);
    let (title, text) = if allowed {
        (
            "Access allowed",
            "can act for you now. Go on at the device.",
        )
    } else {
        (
            "Access denied",
            "cannot act for you. You can close this page.",
        )
    };
    let body =
        format!("<h1>{title}</h1>\n<p><strong class=\"word\">{client_id}</strong> {text}</p>\n");
    document(StatusCode::OK, title, &body)
}

/// What a scope lets an app do. Source: "OAuth Tokens and Scopes" (Salesforce Help).
fn meaning(scope: &str) -> Option<&'static str> {
    Some(match scope {
        "api" => "read and change data by the APIs",
        "web" => "use the web pages",
        "full" => "do everything that you can do",
        "refresh_token" | "offline_access" => "go on when you are not there",
        "id" | "openid" | "profile" => "see who you are",
        "email" => "see your email address",
        "address" => "see your postal address",
        "phone" => "see your phone number",
        "streaming" => "follow events",
        _ => return None,
    })
}

/// Shows the person what cannot be reported to the app, since its address is not known.
///
/// Wire: `error=…&error_description=…` as it would stand in the app's address, so nothing in it needs escaping.
pub(crate) fn refusal(fault: &Fault) -> Response {
    let wire = landfall_wire::authorization(fault);
    let description = wire.description.as_str();
    debug!(
        error = wire.error,
        error_description = description,
        "refused"
    );
    let spelled = form_urlencoded::Serializer::new(String::new())
        .append_pair("error", wire.error)
        .append_pair("error_description", description)
        .finish();
    let body = format!(
        "<h1>This app cannot be let in</h1>\n\
         <p>It did not ask as it should: {}.</p>\n<p><code class=\"word\">{spelled}</code></p>\n",
        escaped(description)
    );
    let status = StatusCode::from_u16(wire.status).unwrap_or(StatusCode::BAD_REQUEST);
    document(status, "Error: this app cannot be let in", &body)
}

fn document(status: StatusCode, title: &str, main: &str) -> Response {
    let html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title} - Landfall</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n<main>\n{main}</main>\n</body>\n</html>\n"
    );
    (status, NOT_STORED, GUARDS, Html(html)).into_response()
}

/// A text as it may stand in an element or a quoted attribute.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn the_style_is_the_one_that_is_let_through() {
        let digest = BASE64_STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
        let [(_, policy), ..] = GUARDS;
        let policy = policy.to_str().expect("a text");
        assert!(policy.contains(&format!("'sha256-{digest}'")), "{digest}");
    }

    #[test]
    fn entries_stay_inside_the_archive() {
        assert_eq!(
            escaped("\"><script>'&"),
            "&quot;&gt;&lt;script&gt;&#39;&amp;"
        );
    }
}
