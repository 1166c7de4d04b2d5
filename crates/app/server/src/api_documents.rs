//! Documents that describe this org to tools: `/asyncapi.yaml`, `/openapi.yaml`, and `/schemas/EVENT.json`.
//!
//! Generated for each request from the current definitions. A production node requires a login, since the names of objects
//! and fields are confidential; a user gets the objects and fields that they may read.

mod channels;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::request::Parts;
use http::{HeaderMap, StatusCode, header};
use landfall_apidoc::{Node, Org};
use landfall_auth::Auth;
use landfall_engine::{Definitions, Engine};
use landfall_model::limits;
use landfall_wire::ApiVersion;

use crate::front::base_url::base_url;
use crate::node::bearer::bearer;
use crate::node::health::not_found;

/// Media type. Source: RFC 9512.
const YAML: &str = "application/yaml";

/// Media type. Source: "JSON Schema" 2020-12, section 14.1.
const SCHEMA: &str = "application/schema+json";

/// What is described, and to whom.
#[derive(Clone)]
pub(crate) struct DocumentsState {
    pub(crate) engine: Engine,
    pub(crate) auth: Auth,
    /// Whether a login is wanted.
    pub(crate) for_logins: bool,
}

/// The paths of the documents.
pub const API_DOCUMENTS: [&str; 3] = ["/asyncapi.yaml", "/openapi.yaml", "/schemas/{file}"];

/// The documents.
pub(crate) fn router(state: DocumentsState) -> Router {
    let [asynchronous, open, schemas] = API_DOCUMENTS;
    Router::new()
        .route(asynchronous, get(asyncapi))
        .route(open, get(openapi))
        .route(schemas, get(schema))
        .with_state(state)
}

async fn asyncapi(State(state): State<DocumentsState>, parts: Parts) -> Response {
    state.yaml(&parts, landfall_apidoc::asyncapi)
}

async fn openapi(State(state): State<DocumentsState>, parts: Parts) -> Response {
    state.yaml(&parts, landfall_apidoc::openapi)
}

async fn schema(
    State(state): State<DocumentsState>,
    Path(file): Path<String>,
    headers: HeaderMap,
) -> Response {
    let Some(definitions) = state.definitions(&headers) else {
        return unauthorized();
    };
    let catalog = definitions.catalog();
    let event = file.strip_suffix(".json").unwrap_or_default();
    let entity = catalog.entity_of_change_event(event);
    let schema = match (definitions.publication(event), entity) {
        (Some(publication), _) => Some(&publication.schema),
        (None, Some(entity)) => definitions.change_event_schema(entity.name.as_str()),
        (None, None) => None,
    };
    let Some(schema) = schema else {
        return not_found().await;
    };
    let body = landfall_apidoc::event_schema(entity.map(|entity| &**entity), schema).json();
    ([(header::CONTENT_TYPE, SCHEMA)], body).into_response()
}

impl DocumentsState {
    fn yaml(&self, parts: &Parts, document: fn(&Org<'_>) -> Node) -> Response {
        let Some(definitions) = self.definitions(&parts.headers) else {
            return unauthorized();
        };
        let topics = self.engine.push_topics();
        let generic = self.engine.generic_channels();
        let generic = generic.first_names(limits::CHANNELS_DESCRIBED_MAX);
        let (base_url, version) = (base_url(parts), ApiVersion::NEWEST.to_string());
        let resources = landfall_rest::resources();
        let org = Org {
            catalog: definitions.catalog(),
            resources: &resources,
            channels: channels::all(&definitions, &topics, generic),
            base_url: &base_url,
            version: &version,
        };
        ([(header::CONTENT_TYPE, YAML)], document(&org).yaml()).into_response()
    }

    /// The org as the caller may see it; none if a login is required.
    fn definitions(&self, headers: &HeaderMap) -> Option<Arc<Definitions>> {
        match bearer(headers).and_then(|token| self.auth.api_login(token).ok()) {
            Some(login) => Some(login.definitions()),
            None if self.for_logins => None,
            None => Some(self.engine.definitions()),
        }
    }
}

fn unauthorized() -> Response {
    let challenge = [(header::WWW_AUTHENTICATE, "Bearer")];
    (StatusCode::UNAUTHORIZED, challenge).into_response()
}
