//! Connected apps: which clients may ask for tokens, as far as their files say it.
//!
//! Source: "`ConnectedApp`" (Metadata API Developer Guide), `ConnectedAppOauthConfig` and its scopes.

use std::collections::BTreeSet;
use std::fmt;

use landfall_model::limits::CONNECTED_APP_CALLBACKS_MAX;

use crate::gather::Single;
use crate::problem::Report;
use crate::read::brief;
use crate::xml::Element;

/// Characters of a consumer key and of a consumer secret.
const KEY_CHARS: std::ops::RangeInclusive<usize> = 8..=255;

/// A scope in a file, and in a request for a token.
const SCOPES: [(&str, &str); 27] = [
    ("Address", "address"),
    ("Api", "api"),
    ("Basic", "id"),
    ("CDPIngest", "cdp_ingest_api"),
    ("CDPProfile", "cdp_profile_api"),
    ("CDPQuery", "cdp_query_api"),
    ("CDPSegment", "cdp_segment_api"),
    ("Chatter", "chatter_api"),
    ("Content", "content"),
    ("CustomApplications", "visualforce"),
    ("CustomPermissions", "custom_permissions"),
    ("Eclair", "eclair_api"),
    ("Email", "email"),
    ("ForgotPassword", "forgot_password"),
    ("Full", "full"),
    ("Interaction", "interaction_api"),
    ("Lightning", "lightning"),
    ("OfflineAccess", "offline_access"),
    ("OpenID", "openid"),
    ("Pardot", "pardot_api"),
    ("Phone", "phone"),
    ("Profile", "profile"),
    ("RefreshToken", "refresh_token"),
    ("SFAP", "sfap_api"),
    ("UserRegistration", "user_registration_api"),
    ("Wave", "wave_api"),
    ("Web", "web"),
];

/// Parts of a connected app that change who gets in, and that are not here: an app that needs them is left out.
const REFUSED: [&str; 5] = [
    "canvasConfig",
    "ipRanges",
    "mobileAppConfig",
    "plugin",
    "samlConfig",
];

/// Ways to a token that are not here: an app that has them switched on is used without them.
const REFUSED_FLAGS: [&str; 3] = [
    "isClientCredentialEnabled",
    "isCodeCredentialEnabled",
    "isTokenExchangeEnabled",
];

/// A client that may ask for tokens.
#[derive(Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "as in the file")]
pub struct ConnectedApp {
    /// Full name, which is a developer name.
    pub full_name: String,
    /// What clients call it by: `client_id`.
    pub consumer_key: String,
    /// `client_secret`; none if it cannot show any.
    pub consumer_secret: Option<String>,
    /// Whether it may ask without its secret.
    pub is_secret_optional: bool,
    /// Where its users may be sent back to.
    pub callback_urls: Vec<String>,
    /// What it signs its assertions with, in PEM.
    pub certificate: Option<String>,
    /// What its tokens may be used for: names separated by blanks, as requests have them.
    pub scopes: String,
    /// Whether the consent page is skipped for its users.
    pub is_admin_approved: bool,
    /// Whether an authorization code requires PKCE.
    pub is_pkce_required: bool,
    /// Whether a refresh token is replaced at each use.
    pub rotates_refresh_tokens: bool,
}

impl fmt::Debug for ConnectedApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectedApp")
            .field("full_name", &self.full_name)
            .field("consumer_key", &self.consumer_key)
            .finish_non_exhaustive()
    }
}

/// Reads an app; none if it is wrong, or asks for no tokens.
pub(crate) fn connected_app(
    source: &Single,
    taken: &mut BTreeSet<String>,
    report: &mut Report,
) -> Option<ConnectedApp> {
    let element = &source.element;
    element.required("label", report);
    element.required("contactEmail", report);
    if let Some(name) = REFUSED.into_iter().find(|name| element.has(name)) {
        let app = brief(&source.name);
        let reason =
            format!("the app {app} is left out: <{name}> of connected apps is not available here");
        report.inapplicable(&element.at, reason);
        return None;
    }
    for name in ["profileName", "permissionSetName"] {
        if element.has(name) {
            let reason = format!("<{name}> has no effect: the app is open to all users");
            report.warning(&element.at, reason);
        }
    }
    let Some(config) = element.one("oauthConfig", report) else {
        report.warning(
            &element.at,
            "the app has no <oauthConfig>: it gets no tokens",
        );
        return None;
    };
    for name in REFUSED_FLAGS {
        if config.flag(name, report) == Some(true) {
            let reason = format!("<{name}> of connected apps is not available here");
            report.inapplicable(&config.at, reason);
        }
    }
    let key = config.required("consumerKey", report).map(str::to_owned);
    let secret = config.text("consumerSecret", report).map(str::to_owned);
    for (name, text) in [("consumerKey", &key), ("consumerSecret", &secret)] {
        if text.as_ref().is_some_and(|text| !is_credential(text)) {
            let (low, high) = (KEY_CHARS.start(), KEY_CHARS.end());
            let reason = format!("<{name}> is {low} to {high} letters, digits, '.', '_' and '-'");
            report.problem(&config.at, reason);
        }
    }
    let key = key?;
    if !taken.insert(key.clone()) {
        report.problem(&config.at, "Consumer Key is already taken");
    }
    let flag = |name, report: &mut Report| config.flag(name, report).unwrap_or(false);
    Some(ConnectedApp {
        full_name: source.name.clone(),
        consumer_key: key,
        consumer_secret: secret,
        is_secret_optional: flag("isConsumerSecretOptional", report),
        callback_urls: callbacks(config, report),
        certificate: config.text("certificate", report).map(str::to_owned),
        scopes: scopes(config, report),
        is_admin_approved: flag("isAdminApproved", report),
        is_pkce_required: flag("isPkceRequired", report),
        rotates_refresh_tokens: flag("isRefreshTokenRotationEnabled", report),
    })
}

fn is_credential(text: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    KEY_CHARS.contains(&text.len()) && text.bytes().all(known)
}

/// Source: `callbackUrl`: several stand on a line each.
fn callbacks(config: &Element, report: &mut Report) -> Vec<String> {
    let text = config.required("callbackUrl", report).unwrap_or_default();
    let urls: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    if urls.len() > CONNECTED_APP_CALLBACKS_MAX {
        let reason = format!("an app has at most {CONNECTED_APP_CALLBACKS_MAX} callback URLs");
        report.problem(&config.at, reason);
    }
    for url in urls.iter().filter(|url| !url.contains("://")) {
        let reason = format!("'{}' is no callback URL", brief(url));
        report.problem(&config.at, reason);
    }
    urls
}

fn scopes(config: &Element, report: &mut Report) -> String {
    let mut scopes = Vec::new();
    for listed in config.all("scopes") {
        let name = listed.text.trim();
        if let Some((_, scope)) = SCOPES.iter().find(|(known, _)| *known == name) {
            scopes.push(*scope);
        } else {
            let reason = format!("'{}' is not a value of <scopes> here", brief(name));
            report.inapplicable(&listed.at, reason);
        }
    }
    if !config.has("scopes") {
        report.problem(&config.at, "Required field is missing: scopes");
    }
    scopes.join(" ")
}
