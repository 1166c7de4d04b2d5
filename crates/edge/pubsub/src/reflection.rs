//! Server reflection: tools such as grpcurl ask the service for its definition.
//!
//! Source: "GRPC Server Reflection Protocol" (gRPC). It needs no login: what it returns is public anyway.

use std::sync::OnceLock;

use axum::Router;
use tonic::service::Routes;
use tonic_reflection::server::Builder;

/// The definition of the service, its comments included.
const DEFINITION: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/pubsub_api.bin"));

/// The definition that was compiled into this crate cannot be read: a defect.
#[derive(Debug)]
pub struct ReflectionError(tonic_reflection::server::Error);

impl std::fmt::Display for ReflectionError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the definition of the Pub/Sub API cannot be read")
    }
}

impl std::error::Error for ReflectionError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

/// The routes of server reflection, as older and newer tools ask for it: the same for all orgs of a process.
///
/// # Errors
/// [`ReflectionError`].
pub fn reflection() -> Result<Router, ReflectionError> {
    static ROUTES: OnceLock<Router> = OnceLock::new();
    if let Some(routes) = ROUTES.get() {
        return Ok(routes.clone());
    }
    let routes = routes()?;
    Ok(ROUTES.get_or_init(|| routes).clone())
}

fn routes() -> Result<Router, ReflectionError> {
    let builder = || Builder::configure().register_encoded_file_descriptor_set(DEFINITION);
    let newer = builder().build_v1().map_err(ReflectionError)?;
    let older = builder().build_v1alpha().map_err(ReflectionError)?;
    let routes = Routes::new(newer).add_service(older);
    Ok(routes.into_axum_router().reset_fallback())
}
