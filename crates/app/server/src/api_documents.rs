//! Documents that describe this org to tools: `/asyncapi.yaml`, `/openapi.yaml`, and `/schemas/EVENT.json`.
//!
//! Made from the definitions in force whenever they are asked for. In a production node whoever asks needs a login: the
//! names of objects and fields are nobody else's business.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::request::Parts;
use http::{HeaderMap, StatusCode, header};
use landfall_apidoc::{Carries, Channel, Node, Org};
use landfall_auth::Auth;
use landfall_engine::{Definitions, Engine};
use landfall_model::Topic;
use landfall_wire::ApiVersion;

use crate::assembly::base_url;
use crate::bearer::bearer;
use crate::health::not_found;

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

/// The documents.
pub(crate) fn router(state: DocumentsState) -> Router {
    Router::new()
        .route("/asyncapi.yaml", get(asyncapi))
        .route("/openapi.yaml", get(openapi))
        .route("/schemas/{file}", get(schema))
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
    if !state.may_read(&headers) {
        return unauthorized();
    }
    let definitions = state.engine.definitions();
    let catalog = definitions.catalog();
    let schema = file.strip_suffix(".json").and_then(|event| {
        let published = definitions.publication(event);
        let changes = || {
            let entity = catalog.entity_of_change_event(event)?;
            definitions.change_event_schema(entity.name.as_str())
        };
        published
            .map(|publication| &publication.schema)
            .or_else(changes)
    });
    let Some(schema) = schema else {
        return not_found().await;
    };
    let body = landfall_apidoc::event_schema(schema).json();
    ([(header::CONTENT_TYPE, SCHEMA)], body).into_response()
}

impl DocumentsState {
    fn yaml(&self, parts: &Parts, document: fn(&Org<'_>) -> Node) -> Response {
        if !self.may_read(&parts.headers) {
            return unauthorized();
        }
        let definitions = self.engine.definitions();
        let (base_url, version) = (base_url(parts), ApiVersion::NEWEST.to_string());
        let org = Org {
            catalog: definitions.catalog(),
            channels: channels(&definitions),
            base_url: &base_url,
            version: &version,
        };
        ([(header::CONTENT_TYPE, YAML)], document(&org).yaml()).into_response()
    }

    fn may_read(&self, headers: &HeaderMap) -> bool {
        let login = |token| self.auth.authenticate(token).is_ok();
        !self.for_logins || bearer(headers).is_some_and(login)
    }
}

fn unauthorized() -> Response {
    let challenge = [(header::WWW_AUTHENTICATE, "Bearer")];
    (StatusCode::UNAUTHORIZED, challenge).into_response()
}

/// What can be subscribed to: all changes, those of each object that is captured, platform events.
fn channels(definitions: &Definitions) -> Vec<Channel<'_>> {
    let entities = definitions.catalog().entities().iter();
    let captured = entities.filter(|entity| definitions.captures(entity));
    let changes = captured.filter_map(|entity| {
        let event = entity.change_event.as_ref()?;
        let schema = definitions.change_event_schema(entity.name.as_str())?;
        Some(Channel {
            address: Topic::of_change_event(event.name.as_str()).to_string(),
            carries: Carries::Changes(schema),
        })
    });
    let changes: Vec<Channel<'_>> = changes.collect();
    let names = changes.iter().filter_map(|channel| match &channel.carries {
        Carries::Changes(schema) => Some(schema.name()),
        _ => None,
    });
    let all = Channel {
        address: Topic::CHANGE_EVENTS.to_owned(),
        carries: Carries::Several(names.collect()),
    };
    let all = (!changes.is_empty()).then_some(all);
    let events = definitions.publications().map(|publication| Channel {
        address: publication.event.topic().to_string(),
        carries: Carries::Event(&publication.event, &publication.schema),
    });
    all.into_iter().chain(changes).chain(events).collect()
}
