//! Compiles the service definition without a system compiler.

use std::path::PathBuf;

use tonic_prost_build::FileDescriptorSet;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=proto/pubsub_api.proto");
    let mut compiler = protox::Compiler::new(["proto"])?;
    compiler
        .include_source_info(true)
        .include_imports(true)
        .open_file("pubsub_api.proto")?;
    let described = PathBuf::from(std::env::var("OUT_DIR")?).join("pubsub_api.bin");
    std::fs::write(described, compiler.encode_file_descriptor_set())?;
    let definition = compiler.file_descriptor_set();
    tonic_prost_build::configure()
        .build_client(false)
        .build_transport(false)
        .bytes(".")
        .codec_path("crate::codec::MessageCodec")
        .extern_path(
            ".eventbus.v1.FetchResponse",
            "crate::fetch_response::FetchResponse",
        )
        .extern_path(
            ".eventbus.v1.ManagedFetchResponse",
            "crate::fetch_response::ManagedFetchResponse",
        )
        .compile_fds(definition.clone())?;
    client_for_tests(definition)
}

/// Writes what the tests speak to the service with: nothing of the service's own rendering is in it.
fn client_for_tests(definition: FileDescriptorSet) -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::var("OUT_DIR")?).join("client");
    std::fs::create_dir_all(&folder)?;
    tonic_prost_build::configure()
        .build_server(false)
        .build_transport(false)
        .out_dir(folder)
        .compile_fds(definition)?;
    Ok(())
}
