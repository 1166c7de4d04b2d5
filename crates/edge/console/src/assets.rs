//! The files of the console.

/// A file.
pub(crate) struct Asset {
    pub(crate) name: &'static str,
    /// Its media type.
    pub(crate) kind: &'static str,
    pub(crate) content: &'static [u8],
}

/// The page that every address shows.
pub(crate) const PAGE: &str = include_str!("../assets/index.html");

const SCRIPT: &str = "text/javascript; charset=utf-8";
const FONT: &str = "font/woff2";

macro_rules! asset {
    ($name:literal, $kind:expr) => {
        Asset {
            name: $name,
            kind: $kind,
            content: include_bytes!(concat!("../assets/", $name)),
        }
    };
}

/// All others.
pub(crate) const ASSETS: &[Asset] = &[
    asset!("style.css", "text/css; charset=utf-8"),
    asset!("mark.svg", "image/svg+xml"),
    asset!("inter-400.woff2", FONT),
    asset!("inter-600.woff2", FONT),
    asset!("mono-400.woff2", FONT),
    asset!("FONTS-LICENSE.txt", "text/plain; charset=utf-8"),
    asset!("main.js", SCRIPT),
    asset!("shell.js", SCRIPT),
    asset!("api.js", SCRIPT),
    asset!("dom.js", SCRIPT),
    asset!("live.js", SCRIPT),
    asset!("lanes.js", SCRIPT),
    asset!("event.js", SCRIPT),
    asset!("avro.js", SCRIPT),
    asset!("subscribers.js", SCRIPT),
    asset!("records.js", SCRIPT),
    asset!("channels.js", SCRIPT),
    asset!("publish.js", SCRIPT),
    asset!("pushtopics.js", SCRIPT),
    asset!("replay.js", SCRIPT),
    asset!("schemas.js", SCRIPT),
    asset!("faults.js", SCRIPT),
    asset!("requests.js", SCRIPT),
    asset!("usage.js", SCRIPT),
    asset!("members.js", SCRIPT),
    asset!("node.js", SCRIPT),
    asset!("login.js", SCRIPT),
];
