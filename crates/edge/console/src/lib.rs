//! The console: the pages of an org, `/console`.
//!
//! It owns files and their headers and nothing else: the pages get all data from the documented control interface and from
//! the org's own APIs. Files are embedded. Their addresses contain a digest of all of them, so that a browser keeps them
//! until the next version and never mixes two. Start reading at [`router`]; the pages begin in `assets/main.js`.

mod assets;

use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderName, Method, Request, StatusCode};
use sha2::{Digest, Sha256};

use assets::{ASSETS, Asset, PAGE};

/// Where the addresses of the console begin.
pub const BASE: &str = "/console";

/// Where its files are, before the digest.
const FILES: &str = "/console/assets/";

/// What the page is replaced in.
const DIGEST_MARK: &str = "{digest}";

/// What the access is replaced in.
const ACCESS_MARK: &str = "{access}";

/// Bytes of the digest that addresses contain.
const DIGEST_BYTES: usize = 8;

/// No file of another origin, no inline script or style, no frame around it, no markup from texts.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; \
    connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'";

/// Of files that never change at their address. Unit: seconds, a year.
const FOR_EVER: &str = "max-age=31536000, immutable";

/// Digest of all files, in hexadecimal.
static DIGEST: LazyLock<String> = LazyLock::new(|| {
    let mut digest = Sha256::new();
    for asset in ASSETS {
        digest.update(asset.name);
        digest.update(asset.content);
    }
    let mut text = String::new();
    for byte in digest.finalize().iter().take(DIGEST_BYTES) {
        // Writing to memory does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
});

/// What users may do in the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everything, without a login: of a developer org.
    Full,
    /// Read, after a login: of a production node.
    ReadOnly,
}

impl Access {
    /// As the page has it.
    const fn word(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::ReadOnly => "read-only",
        }
    }
}

/// The console.
pub fn router(access: Access) -> Router {
    Router::new().fallback(answer).with_state(access)
}

/// Whether a path is of the console.
pub fn has(path: &str) -> bool {
    let rest = path.strip_prefix(BASE);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

async fn answer(State(access): State<Access>, request: Request<axum::body::Body>) -> Response {
    let path = request.uri().path();
    if request.method() != Method::GET && request.method() != Method::HEAD {
        let allowed = [(ALLOW, "GET, HEAD")];
        return (StatusCode::METHOD_NOT_ALLOWED, SECURITY, allowed).into_response();
    }
    if let Some(file) = path.strip_prefix(FILES) {
        return found(file);
    }
    if path == BASE || path == "/console/" {
        return (SECURITY, Redirect::to("/console/live")).into_response();
    }
    let page = PAGE
        .replace(DIGEST_MARK, &DIGEST)
        .replace(ACCESS_MARK, access.word());
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
    ];
    (SECURITY, headers, page).into_response()
}

/// On every answer.
const SECURITY: [(HeaderName, &str); 3] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (REFERRER_POLICY, "no-referrer"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

/// A file by its digest and name.
fn found(file: &str) -> Response {
    let name = file.strip_prefix(DIGEST.as_str());
    let name = name.and_then(|rest| rest.strip_prefix('/'));
    let asset = name.and_then(|name| ASSETS.iter().find(|asset| asset.name == name));
    let Some(Asset { kind, content, .. }) = asset else {
        return (StatusCode::NOT_FOUND, SECURITY).into_response();
    };
    let headers = [(CONTENT_TYPE, *kind), (CACHE_CONTROL, FOR_EVER)];
    (SECURITY, headers, *content).into_response()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use axum::body::Body;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;

    async fn get(path: &str) -> (StatusCode, http::HeaderMap, Vec<u8>) {
        let request = Request::get(path).body(Body::empty()).expect("a request");
        let (head, body) = router(Access::Full)
            .oneshot(request)
            .await
            .expect("an answer")
            .into_parts();
        let body = body.collect().await.expect("a body").to_bytes();
        (head.status, head.headers, body.to_vec())
    }

    #[tokio::test]
    async fn every_page_is_the_one_file_and_allows_nothing_from_elsewhere() {
        for path in ["/console/live", "/console/event/1005", "/console/nowhere"] {
            let (status, headers, body) = get(path).await;
            assert_eq!(status, StatusCode::OK);
            assert_eq!(headers[CONTENT_SECURITY_POLICY], POLICY);
            assert_eq!(headers[REFERRER_POLICY], "no-referrer");
            let page = String::from_utf8(body).expect("text");
            assert!(page.contains(&format!("{FILES}{}/main.js", *DIGEST)));
            assert!(!page.contains(DIGEST_MARK), "{path}");
        }
    }

    #[tokio::test]
    async fn the_page_says_what_users_may_do() {
        for (access, word) in [(Access::Full, "full"), (Access::ReadOnly, "read-only")] {
            let request = Request::get("/console/live").body(Body::empty());
            let request = request.expect("a request");
            let answer = router(access).oneshot(request).await.expect("an answer");
            let body = answer.into_body().collect().await.expect("a body");
            let page = String::from_utf8(body.to_bytes().to_vec()).expect("text");
            assert!(page.contains(&format!("data-access=\"{word}\"")), "{page}");
        }
    }

    #[tokio::test]
    async fn the_first_page_is_live_and_nothing_is_written() {
        let (status, headers, _) = get("/console").await;
        assert_eq!(
            (status, &headers["location"]),
            (
                StatusCode::SEE_OTHER,
                &"/console/live".parse().expect("a value")
            )
        );
        assert_eq!(headers[CONTENT_SECURITY_POLICY], POLICY);
        let request = Request::post("/console/live").body(Body::empty());
        let answer = router(Access::Full)
            .oneshot(request.expect("a request"))
            .await
            .expect("an answer");
        assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(answer.headers()[CONTENT_SECURITY_POLICY], POLICY);
    }

    #[tokio::test]
    async fn files_are_kept_for_ever_under_their_digest_alone() {
        for asset in ASSETS {
            let (status, headers, body) = get(&format!("{FILES}{}/{}", *DIGEST, asset.name)).await;
            assert_eq!(status, StatusCode::OK, "{}", asset.name);
            assert_eq!(headers[CACHE_CONTROL], FOR_EVER);
            assert_eq!(headers[CONTENT_TYPE], asset.kind);
            assert_eq!(body, asset.content);
        }
        assert_eq!(get("/console/assets/0/main.js").await.0, 404);
        assert_eq!(get("/console/assets/main.js").await.0, 404);
    }

    /// Limit: design of the console, 150 kB compressed. Fonts are compressed already.
    #[test]
    fn the_console_is_small() {
        let mut sum = 0;
        for asset in ASSETS {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
            encoder.write_all(asset.content).expect("memory");
            sum += encoder.finish().expect("memory").len();
        }
        assert!(sum < 150_000, "{sum} bytes");
    }

    #[test]
    fn no_file_makes_markup_of_texts_or_asks_another_server() {
        let page = Asset {
            name: "index.html",
            kind: "text/html",
            content: PAGE.as_bytes(),
        };
        for asset in ASSETS.iter().chain([&page]) {
            let Ok(text) = std::str::from_utf8(asset.content) else {
                continue;
            };
            for word in [
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
                "//cdn",
                "https://",
            ] {
                let is_licence = asset.name == "FONTS-LICENSE.txt";
                assert!(is_licence || !text.contains(word), "{}: {word}", asset.name);
            }
        }
    }
}
