//! The requests of clients as an HTTP archive, which browsers and other tools open.
//!
//! Source: "HTTP Archive (HAR) format" (W3C, draft of the Web Performance Working Group). What the journal does not keep
//! (headers, cookies, sizes of heads) is empty, or -1 where the format has a number for it.

use http::StatusCode;
use landfall_apidoc::{Call, Kind, Member};
use landfall_http::Writer;
use landfall_http::path::parameters;
use landfall_journal::{Api, Content, Entry, Journal};
use landfall_wire::dates::render_utc;

use crate::Made;
use crate::refusal::Refusal;
use crate::requests::{FILTERS, NONE_KEPT, filtered, journal};

/// Of the format.
const VERSION: &str = "1.2";

pub(crate) const EXPORT: Call = Call {
    method: "get",
    path: "har",
    id: "exportRequests",
    summary: "The requests of clients as an HTTP archive (HAR 1.2), the oldest first",
    parameters: FILTERS,
    reads: &[],
    status: 200,
    answers: &[Member::required(
        "log",
        Kind::AnyObject,
        "The archive. Bodies are their kept beginnings, secrets are ***; calls of the Pub/Sub API are shown as JSON",
    )],
    refusals: &[NONE_KEPT],
};

pub(crate) fn export(made: &Made<'_>) -> Result<String, Refusal> {
    let journal = journal(made)?;
    let page = journal.page(&filtered(made)?);
    let mut w = Writer::new();
    w.object(|w| {
        w.name("log").object(|w| {
            w.name("version").string(VERSION);
            w.name("creator").object(|w| {
                w.name("name").string("landfall");
                w.name("version").string(env!("CARGO_PKG_VERSION"));
            });
            w.name("entries").array(|w| {
                for entry in page.entries.iter().rev() {
                    w.object(|w| write_entry(w, &made.base_url, &journal, entry));
                }
            });
        });
    });
    Ok(w.finish())
}

fn write_entry(w: &mut Writer, base_url: &str, journal: &Journal, entry: &Entry) {
    let millis = entry.outcome.millis.unwrap_or_default().to_string();
    w.name("startedDateTime").string(&render_utc(entry.at));
    w.name("time").raw(&millis);
    w.name("request").object(|w| {
        w.name("method").string(entry.method.as_str());
        w.name("url").string(&format!("{base_url}{}", entry.target));
        write_head(w, entry, entry.client.as_deref());
        w.name("queryString")
            .array(|w| write_query(w, &entry.target));
        w.name("bodySize").raw(&entry.request.length.to_string());
        if entry.request.length > 0 {
            let text = journal.request_text(entry);
            w.name("postData")
                .object(|w| write_text(w, &entry.request, text.as_deref()));
        }
    });
    w.name("response").object(|w| {
        let status = entry.outcome.status.unwrap_or_default();
        let reason = StatusCode::from_u16(status).ok();
        let reason = reason.and_then(|status| status.canonical_reason());
        w.name("status").integer(status);
        w.name("statusText").string(reason.unwrap_or_default());
        write_head(w, entry, None);
        w.name("redirectURL").string("");
        w.name("bodySize").raw(&entry.answer.length.to_string());
        let text = journal.answer_text(entry);
        w.name("content").object(|w| {
            w.name("size").raw(&entry.answer.length.to_string());
            write_text(w, &entry.answer, text.as_deref());
        });
    });
    w.name("cache").object(|_| ());
    w.name("timings").object(|w| {
        w.name("send").raw("0");
        w.name("wait").raw(&millis);
        w.name("receive").raw("0");
    });
    // Members of one's own begin with an underscore.
    w.name("_number").raw(&entry.number.to_string());
    w.name("_api").string(entry.api.name());
    w.name("_cut").boolean(entry.outcome.is_cut);
    if let Some(user) = entry.requester.username() {
        w.name("_user").string(user);
    }
    if let Some(status) = entry.outcome.grpc_status {
        w.name("_grpcStatus").integer(status);
    }
    if let Some(message) = &entry.outcome.grpc_message {
        w.name("_grpcMessage").string(message);
    }
}

/// What requests and answers have alike.
fn write_head(w: &mut Writer, entry: &Entry, client: Option<&str>) {
    let version = match entry.api {
        Api::PubSub => "HTTP/2",
        _ => "HTTP/1.1",
    };
    w.name("httpVersion").string(version);
    w.name("cookies").array(|_| ());
    w.name("headers").array(|w| {
        if let Some(client) = client {
            w.object(|w| write_pair(w, "User-Agent", client));
        }
    });
    w.name("headersSize").raw("-1");
}

fn write_query(w: &mut Writer, target: &str) {
    let Some((_, query)) = target.split_once('?') else {
        return;
    };
    for (name, value) in parameters(query) {
        w.object(|w| write_pair(w, &name, &value));
    }
}

fn write_pair(w: &mut Writer, name: &str, value: &str) {
    w.name("name").string(name);
    w.name("value").string(value);
}

fn write_text(w: &mut Writer, body: &Content, text: Option<&str>) {
    w.name("mimeType")
        .string(body.media_type().unwrap_or_default());
    if let Some(text) = text {
        w.name("text").string(text);
    }
    if !body.is_whole() {
        w.name("comment")
            .string("the beginning; the rest is not kept");
    }
}
