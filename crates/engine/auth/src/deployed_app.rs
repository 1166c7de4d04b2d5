//! Connected apps that were deployed as metadata, beside those of the configuration.

use landfall_engine::ConnectedApp;
use tracing::warn;

use crate::app::{App, AppPolicy, Grant};
use crate::certificate::Certificate;
use crate::redirects;
use crate::scopes::Scopes;

/// Every grant that needs nothing but what a deployed app says of itself. The username-password flow is one, as it is for
/// the apps of an org that allows it.
const GRANTS: [Grant; 6] = [
    Grant::AuthorizationCode,
    Grant::Implicit,
    Grant::Password,
    Grant::RefreshToken,
    Grant::JwtBearer,
    Grant::Device,
];

/// The app as clients meet it. What it says of itself and cannot be used is left out, and logged.
pub(crate) fn app(deployed: &ConnectedApp) -> App {
    let name = &deployed.full_name;
    let (usable, others): (Vec<&String>, Vec<&String>) = deployed
        .callback_urls
        .iter()
        .partition(|url| redirects::is_usable(url));
    for url in others {
        warn!(app = %name, url, "a callback URL of a connected app cannot be used");
    }
    let pem = deployed.certificate.as_deref();
    let certificate = pem.and_then(|pem| Certificate::from_pem(pem.as_bytes()));
    if pem.is_some() && certificate.is_none() {
        warn!(app = %name, "the certificate of a connected app cannot be used");
    }
    App {
        client_id: deployed.consumer_key.clone(),
        secret: deployed.consumer_secret.clone().unwrap_or_default(),
        secret_required: !deployed.is_secret_optional,
        grants: GRANTS.to_vec(),
        scopes: Scopes::parse(&deployed.scopes),
        run_as: None,
        policy: AppPolicy {
            redirect_uris: usable.into_iter().cloned().collect(),
            rotates_refresh_tokens: deployed.rotates_refresh_tokens,
            requires_pkce: deployed.is_pkce_required,
            certificate,
            pre_authorized: deployed.is_admin_approved,
        },
    }
}
