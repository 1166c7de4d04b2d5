//! Compiles the service definition without a system compiler.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=proto/pubsub_api.proto");
    let definition = protox::compile(["proto/pubsub_api.proto"], ["proto"])?;
    tonic_prost_build::configure()
        .build_client(false)
        .build_transport(false)
        .bytes(".")
        .extern_path(
            ".eventbus.v1.FetchResponse",
            "crate::fetch_response::FetchResponse",
        )
        .compile_fds(definition)?;
    Ok(())
}
